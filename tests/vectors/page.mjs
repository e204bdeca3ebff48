// Runs the vectors in a page and posts the results: the half of browser.mjs that runs in the browser.

import { load } from "../../src/web/lib/core.js";
import { Bridge } from "../../src/web/lib/bridge.js";
import { compareWithJavaScript, runFile } from "./vectors.mjs";

/** The policy forbids eval; a run without it would prove little. */
function evalIsForbidden() {
	let answer = "forbidden";
	try {
		answer = String((0, eval)("6 * 7"));
	} catch (error) {
		if (!(error instanceof EvalError))
			answer = String(error);
	}
	return { name: "the page can't eval", passed: answer === "forbidden", code: 0, answer, expected: "forbidden" };
}

async function loadsFromBesideItself() {
	const answer = (await load()).canon({ b: "\ud800", a: 1 });
	const expected = '{"a":1,"b":"\ufffd"}';
	return { name: "load() finds the module", passed: answer === expected, code: 0, answer, expected };
}

async function run() {
	/** @type {string[]} */
	const names = await (await fetch("list")).json();
	/** @type {Record<string, string>} */
	const files = {};
	for (const name of names)
		files[name] = await (await fetch(`files/${name}`)).text();
	const module = await WebAssembly.compileStreaming(fetch("/src/web/lib/slatesync-core.wasm"));
	const bridge = new Bridge(await WebAssembly.instantiate(module, {}));
	const results = Object.entries(files).flatMap(([name, text]) => [...runFile(bridge, name, text)]);
	const checks = [evalIsForbidden(), await loadsFromBesideItself(), ...compareWithJavaScript(bridge, files)];
	return { results, checks };
}

try {
	await fetch("results", { method: "POST", body: JSON.stringify(await run()) });
} catch (error) {
	await fetch("results", { method: "POST", body: JSON.stringify({ error: String(error), results: [], checks: [] }) });
}
