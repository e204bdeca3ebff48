// Runs the vectors in WebAssembly in Chromium, in a page under a strict Content-Security-Policy: see README.md.
// Usage: node browser.mjs [--print] LIB MODULES FILE… Prints TAP, or with --print the answers.
// LIB: src/web/package of a build; MODULES: where tests/web's packages are installed. CHROMIUM names another browser.

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { basename, join, resolve as absolute } from "node:path";
import { fileURLToPath } from "node:url";

import { report } from "./report.mjs";

const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'none'";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync"];
const PAGE = '<!doctype html><meta charset="utf-8"><title>vectors</title>' +
	'<script type="module" src="page.mjs"></script>';
const TYPES = {
	".mjs": "text/javascript",
	".js": "text/javascript",
	".json": "application/json",
	".wasm": "application/wasm",
};
const PATIENCE_MS = 120000;

const print = process.argv[2] === "--print";
const [lib, modules, ...paths] = process.argv.slice(print ? 3 : 2);
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** What the server gives: by path, a file or a text. */
function makeSite() {
	const here = fileURLToPath(new URL(".", import.meta.url));
	const site = new Map([
		["/tests/vectors/", { text: PAGE, type: "text/html" }],
		["/tests/vectors/list", { text: JSON.stringify(paths.map((path) => basename(path))), type: TYPES[".json"] }],
	]);
	const add = (path, file) => site.set(path, { file, type: TYPES[/\.\w+$/.exec(file)[0]] });
	for (const name of ["page.mjs", "vectors.mjs", "random.mjs"])
		add(`/tests/vectors/${name}`, join(here, name));
	for (const name of ["core.js", "engine.js", "text.js", "bridge.js", "slatesync-core.wasm"])
		add(`/src/web/lib/${name}`, join(lib, name));
	for (const path of paths)
		add(`/tests/vectors/files/${basename(path)}`, path);
	return site;
}

/** @param {import("node:http").IncomingMessage} request */
async function readBody(request) {
	const chunks = [];
	for await (const chunk of request)
		chunks.push(chunk);
	return Buffer.concat(chunks).toString();
}

/** A server on loopback, and a promise of what the page posts. */
async function serve() {
	const site = makeSite();
	let arrived;
	const results = new Promise((resolve) => (arrived = resolve));
	const server = createServer(async (request, response) => {
		const found = site.get(request.url);
		response.setHeader("Content-Security-Policy", POLICY);
		response.setHeader("X-Content-Type-Options", "nosniff");
		if (request.method === "POST") {
			arrived(JSON.parse(await readBody(request)));
			response.writeHead(204).end();
		} else if (found) {
			response.writeHead(200, { "Content-Type": found.type }).end(found.text ?? readFileSync(found.file));
		} else {
			response.writeHead(404).end();
		}
	});
	await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
	return { server, results, url: `http://127.0.0.1:${server.address().port}/tests/vectors/` };
}

/** Opens the page in a fresh profile and gives what it posts. */
async function runInChromium() {
	const { chromium: launcher } = createRequire(join(absolute(modules), "any.js"))("playwright-core");
	const { server, results, url } = await serve();
	const browser = await launcher.launch({ executablePath: chromium, headless: true, args: FLAGS });
	const complaints = [];
	try {
		const page = await browser.newPage();
		page.on("pageerror", (error) => complaints.push(String(error)));
		page.on("console", (message) => complaints.push(message.text()));
		await page.goto(url);
		const nothing = { error: "the page posted nothing" };
		const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, nothing).unref());
		return { results: [], checks: [], ...await Promise.race([results, late]), complaints };
	} finally {
		await browser.close();
		server.close();
	}
}

if (!existsSync(chromium)) {
	process.stdout.write(print ? "" : `ok 1 - Chromium # SKIP ${chromium} isn't installed\n1..1\n`);
} else {
	const { results, checks, error, complaints } = await runInChromium();
	if (print) {
		for (const { name, code, answer } of results)
			process.stdout.write(`${name}\t${code}\t${answer}\n`);
	} else {
		const answer = error ? [error, ...complaints].join("; ") : "ran";
		report([{ name: "the page ran", passed: !error, answer, expected: "ran" }, ...checks, ...results]);
	}
	process.exitCode ||= error ? 1 : 0;
}
