// Runs the vectors in WebAssembly under Node: see README.md.
// Usage: node run.mjs [--print] CORE.wasm FILE… Prints TAP, or with --print the answers.

import { readFileSync } from "node:fs";
import { basename } from "node:path";

import { Bridge } from "../../src/web/lib/bridge.js";
import { compareWithJavaScript, runFile } from "./vectors.mjs";
import { report } from "./report.mjs";

const [print, core, ...paths] = process.argv[2] === "--print" ? process.argv.slice(2) : ["", ...process.argv.slice(2)];
const module = await WebAssembly.compile(readFileSync(core));
const bridge = new Bridge(await WebAssembly.instantiate(module, {}));
const files = Object.fromEntries(paths.map((path) => [basename(path), readFileSync(path, "utf8")]));

function* all() {
	for (const [name, text] of Object.entries(files))
		yield* runFile(bridge, name, text);
}

if (print) {
	for (const { name, code, answer } of all())
		process.stdout.write(`${name}\t${code}\t${answer}\n`);
} else {
	const imports = WebAssembly.Module.imports(module).map(({ name }) => name).join(" ");
	report([
		{ name: "the module imports nothing", passed: imports === "", answer: imports, expected: "" },
		...all(),
		...compareWithJavaScript(bridge, files),
	]);
}
