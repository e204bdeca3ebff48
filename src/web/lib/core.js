// Slatesync's core for JavaScript: the same C as on the server, in WebAssembly. core.d.ts documents it.
// Keeps true: nothing is decided here; values become texts, texts become values, problems become errors.

import { Bridge } from "./bridge.js";

/** @typedef {import("./core.d.ts").Input} Input */
/** @typedef {import("./core.d.ts").Form} Form */

export class CoreError extends Error {
	/** @param {{ error: string, message: string, path?: string, faults?: import("./core.d.ts").Fault[] }} problem */
	constructor(problem) {
		super(problem.message);
		this.name = "CoreError";
		this.error = problem.error;
		this.path = problem.path ?? "";
		this.faults = problem.faults ?? [];
	}
}

/**
 * The JSON text of a value. JSON.stringify writes a lone surrogate as an escape (\ud83d), and nothing else so: it
 * becomes U+FFFD, as by String.prototype.toWellFormed.
 * @param {Input} input
 */
function textOf(input) {
	if (typeof input === "string" || input instanceof Uint8Array)
		return input;
	const text = JSON.stringify(input);
	if (text === undefined)
		throw new TypeError("a JSON value was expected");
	if (!text.includes("\\ud"))
		return text;
	return text.replace(/\\(ud[89a-f][0-9a-f]{2}|.)/g, (escape, rest) => (rest.length > 1 ? "\ufffd" : escape));
}

/** @implements {import("./core.d.ts").Core} */
class LoadedCore {
	#bridge;

	/** @param {Bridge} bridge */
	constructor(bridge) {
		this.#bridge = bridge;
	}

	/**
	 * @param {string} name
	 * @param {...(string | Uint8Array | undefined)} texts
	 */
	call(name, ...texts) {
		const { code, text } = this.#bridge.call(name, ...texts);
		if (code !== 0)
			throw new CoreError(JSON.parse(text));
		return text;
	}

	/** @param {Input} json */
	canon(json) {
		return this.call("canon", textOf(json));
	}

	/**
	 * @param {Input} json
	 * @param {"document" | "delta"} kind
	 * @param {{ rowBytes?: number }} [limits]
	 */
	validate(json, kind, limits = {}) {
		return JSON.parse(this.call("validate", textOf(json), kind, limits.rowBytes?.toString()));
	}

	schema() {
		return JSON.parse(this.call("schema"));
	}

	/**
	 * @param {Input} document
	 * @param {Input} [stored]
	 */
	rows(document, stored) {
		return JSON.parse(this.call("rows", textOf(document), stored === undefined ? undefined : textOf(stored)));
	}

	/** @param {Input} rows */
	document(rows) {
		return JSON.parse(this.call("document", textOf(rows)));
	}

	/**
	 * @param {Input} state
	 * @param {Form} [form]
	 */
	digest(state, form = "document") {
		return JSON.parse(this.call("digest", textOf(state), form));
	}

	/**
	 * @param {Input} before
	 * @param {Input} after
	 * @param {Form} [form]
	 */
	diff(before, after, form = "document") {
		return JSON.parse(this.call("difference", textOf(before), textOf(after), form));
	}

	/**
	 * @param {Input} state
	 * @param {Input} delta
	 * @param {Form} [form]
	 */
	apply(state, delta, form = "document") {
		return JSON.parse(this.call("apply", textOf(state), textOf(delta), form));
	}

	/**
	 * @param {Input} first
	 * @param {Input} second
	 */
	compose(first, second) {
		return JSON.parse(this.call("compose", textOf(first), textOf(second)));
	}

	/**
	 * @param {Input} delta
	 * @param {Input} rows
	 */
	invert(delta, rows) {
		return JSON.parse(this.call("invert", textOf(delta), textOf(rows)));
	}
}

/**
 * Reads a file: URL, which fetch doesn't know; the name of Node's module is none for bundlers to follow.
 * @param {URL} url
 */
async function readFile(url) {
	const module = "node:fs/promises";
	const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ module);
	return readFile(url);
}

/** @param {URL} url */
async function fetchBytes(url) {
	if (url.protocol === "file:")
		return readFile(url);
	const response = await fetch(url);
	if (!response.ok)
		throw new Error(`${url} answered ${response.status}`);
	return response.arrayBuffer();
}

/** @param {string | URL | BufferSource | WebAssembly.Module} source */
async function compile(source) {
	if (source instanceof WebAssembly.Module)
		return source;
	if (typeof source === "string" || source instanceof URL)
		return WebAssembly.compile(await fetchBytes(new URL(source, globalThis.location?.href)));
	return WebAssembly.compile(source);
}

/**
 * @param {string | URL | BufferSource | WebAssembly.Module} [source]
 * @returns {Promise<import("./core.d.ts").Core>}
 */
export async function load(source = new URL("slatesync-core.wasm", import.meta.url)) {
	return new LoadedCore(new Bridge(await WebAssembly.instantiate(await compile(source), {})));
}
