// Slatesync's core for JavaScript: the same C as on the server, in WebAssembly. core.d.ts documents it.
// Keeps true: nothing is decided here; values become texts, texts become values, problems become errors.

import { Bridge } from "./bridge.js";
import { LoadedEngine } from "./engine.js";
import { CoreError, randomHex, textOf } from "./text.js";

export { CoreError };

/** @typedef {import("./core.d.ts").Input} Input */
/** @typedef {import("./core.d.ts").Form} Form */

/** @implements {import("./core.d.ts").Core} */
class LoadedCore {
	#bridge;
	#random;

	/**
	 * @param {Bridge} bridge
	 * @param {Crypto} random
	 */
	constructor(bridge, random) {
		this.#bridge = bridge;
		this.#random = random;
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
	 * @param {Input} base
	 * @param {Input} mine
	 * @param {Input} theirs
	 * @param {Form} [form]
	 */
	merge(base, mine, theirs, form = "document") {
		return JSON.parse(this.call("merge", textOf(base), textOf(mine), textOf(theirs), form));
	}

	/**
	 * @param {string} base
	 * @param {string} mine
	 * @param {string} theirs
	 */
	mergeText(base, mine, theirs) {
		return JSON.parse(this.call("text", base, mine, theirs));
	}

	/** @param {string} body */
	journalEntry(body) {
		return JSON.parse(this.call("journal_entry", body));
	}

	/**
	 * @param {string} body
	 * @param {object} rows
	 */
	journalBack(body, rows) {
		return JSON.parse(this.call("journal_back", body, textOf(rows)));
	}

	newId() {
		return JSON.parse(this.call("new_id", randomHex(this.#random)));
	}

	/** @param {import("./engine.d.ts").EngineConfig} [config] */
	engine(config) {
		return new LoadedEngine(this.#bridge, this.#random, config);
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
 * A module of Node's own, which bundlers are not to look for.
 * @param {string} name
 */
function ofNode(name) {
	return import(/* webpackIgnore: true */ /* @vite-ignore */ name);
}

/** @returns {Promise<Crypto>} Node 18 has it, but not everywhere. */
async function findCrypto() {
	return globalThis.crypto ?? (await ofNode("node:crypto")).webcrypto;
}

/** @param {URL} url */
async function fetchBytes(url) {
	if (url.protocol === "file:") // which fetch doesn't know
		return (await ofNode("node:fs/promises")).readFile(url);
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
	const random = await findCrypto();
	const [seed] = random.getRandomValues(new Uint32Array(1));
	return new LoadedCore(new Bridge(await WebAssembly.instantiate(await compile(source), {}), seed), random);
}
