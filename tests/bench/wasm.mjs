// How much slower the core is in WebAssembly than natively, on a large project: processor time, best of several rounds,
// both in this run; text in and text out of the linear memory included.
// Usage: node wasm.mjs BUILD PROJECT [--rounds N] [--most RATIO]
// BUILD: a build directory after `make wasm tests/bench/core`; PROJECT: a project document, .json or .json.gz.
// Prints one line an operation; exit status 1 when one is more than --most times slower (default: 3).

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";

import { Bridge } from "../../src/web/lib/bridge.js";

const { values, positionals: [build, project] } = parseArgs({
	allowPositionals: true,
	options: { rounds: { type: "string", default: "5" }, most: { type: "string", default: "3" } },
});
if (!project) {
	console.error("Usage: node wasm.mjs BUILD PROJECT [--rounds N] [--most RATIO]");
	process.exit(2);
}
const rounds = Number(values.rounds);
const bytes = readFileSync(join(build, "src/web/lib/slatesync-core.wasm"));
const { instance } = await WebAssembly.instantiate(bytes, {});
const bridge = new Bridge(instance);
const directory = mkdtempSync(join(tmpdir(), "slatesync-bench-"));

/** A text in a file, for both sides. */
function keep(name, text) {
	const path = join(directory, name);
	writeFileSync(path, text);
	return { path, bytes: readFileSync(path) };
}

function inWasm(operation, texts) {
	let best = Infinity;
	let length = 0;
	for (let i = 0; i < rounds; i++) {
		const start = process.cpuUsage();
		const { code, text } = bridge.call(operation, ...texts.map((text) => text.bytes ?? text));
		const { user, system } = process.cpuUsage(start); // so that other work on the machine doesn't count
		best = Math.min(best, (user + system) / 1e3);
		if (code !== 0)
			throw new Error(text);
		length = Buffer.byteLength(text);
	}
	return { best, length };
}

function natively(operation, texts) {
	const core = join(build, "tests/bench/core");
	const words = texts.map((text) => (text.path ? `@${text.path}` : text));
	const [best, length] = execFileSync(core, [values.rounds, operation, ...words], { encoding: "utf8" }).split(" ");
	return { best: Number(best), length: Number(length) };
}

function compare(operation, ...texts) {
	const native = natively(operation, texts);
	const wasm = inWasm(operation, texts);
	const ratio = wasm.best / native.best;
	const slow = ratio > Number(values.most) ? "  TOO SLOW" : "";
	const verdict = native.length !== wasm.length ? "  DIFFERENT ANSWERS" : slow;
	console.log(`${operation.padEnd(12)} native ${native.best.toFixed(1).padStart(8)} ms   wasm ` +
		`${wasm.best.toFixed(1).padStart(8)} ms   ratio ${ratio.toFixed(2)}${verdict}`);
	if (verdict)
		process.exitCode = 1;
}

/** Two sides that changed a hundred shots each, ten of them the same. */
function mergeStates(project, base) {
	const shots = (side) => side.episodes.flatMap(({ shots }) => shots ?? []);
	const edited = (step, words) => {
		const side = structuredClone(project);
		const all = shots(side);
		for (let i = 0; i < 100; i++) {
			const shot = all[(i * step) % all.length];
			shot.description = `${shot.description} ${words}`;
		}
		return side;
	};
	compare("merge", base, keep("mine.json", JSON.stringify(edited(10, "Mine."))),
		keep("theirs.json", JSON.stringify(edited(100, "Theirs."))), "document");
}

/** A script of a megabyte, two edits a side. */
function mergeTexts(project) {
	const script = project.episodes.map(({ content }) => content).join("\n").slice(0, 1e6);
	const at = (part) => Math.floor(script.length * part);
	const edited = (first, second, words) => script.slice(0, at(first)) + words + script.slice(at(first), at(second)) + words +
		script.slice(at(second));
	compare("text", keep("script.txt", script), keep("script-mine.txt", edited(0.2, 0.6, " mine ")),
		keep("script-theirs.txt", edited(0.4, 0.8, " theirs ")));
}

try {
	const text = project.endsWith(".gz") ? gunzipSync(readFileSync(project)) : readFileSync(project);
	const value = JSON.parse(text);
	value.episodes.at(-1).shots.at(-1).description += " Changed.";
	const before = keep("before.json", text);
	const after = keep("after.json", JSON.stringify(value));
	console.log(`${(text.length / 1e6).toFixed(1)} MB, best of ${rounds} rounds`);
	compare("canon", before);
	compare("validate", before, "document");
	compare("digest", before, "document");
	compare("rows", before);
	compare("difference", before, after, "document");
	mergeStates(value, before);
	mergeTexts(value);
	console.log(`memory of the instance: ${(instance.exports.memory.buffer.byteLength / 1e6).toFixed(0)} MB`);
} finally {
	rmSync(directory, { recursive: true });
}
