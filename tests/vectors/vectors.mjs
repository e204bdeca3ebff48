// What the runners in Node and in the page share: the cases of a vector file, and the comparison with JavaScript's own
// idea of canonical JSON. See README.md. Nothing here needs a file system, so that a page can load it.

import { random } from "./random.mjs";

/** @typedef {{ name: string, passed: boolean, code: number, answer: string, expected?: string }} Result */

const encoder = new TextEncoder();

/** @param {any} argument */
function bytesOf(argument) {
	if (typeof argument?.hex === "string")
		return Uint8Array.from(argument.hex.match(/../g) ?? [], (/** @type {string} */ byte) => parseInt(byte, 16));
	return encoder.encode(typeof argument === "string" ? argument : JSON.stringify(argument));
}

/** @param {any} item */
function expectationOf(item) {
	const told = ["gives", "text", "fails"].filter((member) => member in item);
	if (told.length !== 1)
		return undefined;
	return told[0] === "text" ? item.text : JSON.stringify(item[told[0]]);
}

/**
 * Runs the cases of one file.
 * @param {import("../../src/web/lib/bridge.js").Bridge} bridge
 * @param {string} file its name
 * @param {string} text its content
 * @returns {Generator<Result>}
 */
export function* runFile(bridge, file, text) {
	for (const item of JSON.parse(text).cases) {
		const { code, text: answer } = bridge.call(item.do, ...(item.with ?? []).map(bytesOf));
		const expected = expectationOf(item);
		const passed = answer === expected && "fails" in item === (code !== 0);
		yield { name: `${file}: ${item.name}`, passed, code, answer, expected };
	}
}

/**
 * RFC 8785 as JavaScript has it: JSON.stringify, keys sorted by code units.
 * @param {any} value
 * @returns {string}
 */
export function canonical(value) {
	if (Array.isArray(value))
		return `[${value.map(canonical).join(",")}]`;
	if (typeof value !== "object" || value === null)
		return JSON.stringify(value);
	return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

/** @param {() => number} next @param {number} count */
function randomDoubles(next, count) {
	const bits = new Uint32Array(2);
	const double = new Float64Array(bits.buffer);
	const numbers = [];
	while (numbers.length < count) {
		bits[0] = next();
		bits[1] = next();
		if (Number.isFinite(double[0]))
			numbers.push(double[0]);
	}
	return numbers;
}

/** Decimal texts of any number of digits. @param {() => number} next */
function randomDecimal(next) {
	let digits = String(next() % 10);
	for (let left = next() % 40; left > 0; left--)
		digits += next() % 10;
	return `${next() % 9 + 1}.${digits}e${next() % 620 - 310}`;
}

/**
 * Canonical texts against JavaScript's own.
 * @param {import("../../src/web/lib/bridge.js").Bridge} bridge
 * @param {Record<string, string>} files vector files by name
 * @returns {Generator<Result>}
 */
export function* compareWithJavaScript(bridge, files) {
	/** @param {string} name @param {string} text */
	const compare = (name, text) => {
		const { code, text: answer } = bridge.call("canon", text);
		const expected = canonical(JSON.parse(text));
		return { name: `as JavaScript: ${name}`, passed: code === 0 && answer === expected, code, answer, expected };
	};
	const next = random(8785);
	yield compare("100,000 random doubles", JSON.stringify(randomDoubles(next, 100000)));
	const decimals = Array.from({ length: 20000 }, () => randomDecimal(next)).filter((text) => Number.isFinite(+text));
	yield compare("20,000 random decimals", `[${decimals}]`);
	for (const file of Object.keys(files))
		yield compare(file, files[file]);
}
