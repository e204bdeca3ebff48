// The client engine of one store: events in, effects out. engine.d.ts documents it.
// Keeps true: nothing is decided here; the clock and random bytes are added, which the core has none of.

import { CoreError, randomHex, textOf } from "./text.js";

/** @typedef {import("./engine.d.ts").Engine} Engine */

/** @implements {Engine} */
export class LoadedEngine {
	#bridge;
	#random;
	#handle;

	/**
	 * @param {import("./bridge.js").Bridge} bridge
	 * @param {Crypto} random
	 * @param {import("./engine.d.ts").EngineConfig} [config]
	 */
	constructor(bridge, random, config = {}) {
		const { code, text, engine } = bridge.callEngine(0, "engine_new", JSON.stringify(config));
		if (code !== 0)
			throw new CoreError(JSON.parse(text));
		this.#bridge = bridge;
		this.#random = random;
		this.#handle = engine;
	}

	/**
	 * @param {string} name
	 * @param {...(string | Uint8Array)} texts
	 */
	#call(name, ...texts) {
		if (this.#handle === 0)
			throw new Error("the engine is disposed of");
		const { code, text } = this.#bridge.callEngine(this.#handle, name, ...texts);
		if (code !== 0)
			throw new CoreError(JSON.parse(text));
		return JSON.parse(text);
	}

	/** @param {import("./engine.d.ts").EngineEvent} event */
	handle(event) {
		return this.#call("engine_handle", textOf({ now: Date.now(), random: randomHex(this.#random), ...event }));
	}

	rows() {
		return this.#call("engine_rows");
	}

	document() {
		return this.#call("engine_document");
	}

	conflicts() {
		return this.#call("engine_kept", "conflicts");
	}

	quarantine() {
		return this.#call("engine_kept", "quarantine");
	}

	dispose() {
		this.#bridge.freeEngine(this.#handle);
		this.#handle = 0;
	}
}
