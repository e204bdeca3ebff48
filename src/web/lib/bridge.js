// The linear memory of one instance of slatesync-core.wasm: texts go in, one text comes out. See ../wasm/bridge.h.
// Keeps true: every buffer of a call is released, whatever its end. An instance that trapped is not used again.

// struct sl_web_call: pointer and length of the result, then of each argument, then the engine
const ARGUMENTS = 4;
const ENGINE_PLACE = 8 + 8 * ARGUMENTS;
const CALL_BYTES = ENGINE_PLACE + 4;

const encoder = new TextEncoder(); // lone surrogates become U+FFFD
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class Bridge {
	/** @type {Record<string, (...values: number[]) => number>} */
	#functions;
	/** @type {WebAssembly.Memory} */
	#memory;
	#call;
	#trapped = false;

	/**
	 * @param {WebAssembly.Instance} instance
	 * @param {number} [seed] any number that can't be guessed, for hash tables: no result depends on it
	 */
	constructor(instance, seed = 0) {
		const { memory, ...functions } = instance.exports;
		this.#memory = /** @type {WebAssembly.Memory} */ (memory);
		this.#functions = /** @type {any} */ (functions);
		this.#functions._initialize?.();
		this.#functions.sl_web_seed(seed);
		this.#call = this.#allocate(CALL_BYTES);
	}

	/** @param {number} size */
	#allocate(size) {
		const pointer = this.#functions.sl_web_allocate(size) >>> 0;
		if (pointer === 0)
			throw new RangeError("out of memory");
		return pointer;
	}

	/**
	 * Runs an operation of exports.def.
	 * @param {string} name
	 * @param {...(string | Uint8Array | undefined)} texts an empty or missing one counts as not given
	 * @returns {{ code: number, text: string }} code 0 and the answer, or a negative code and the problem as JSON
	 */
	call(name, ...texts) {
		return this.callEngine(0, name, ...texts);
	}

	/**
	 * The same for an operation on an engine, by the number that engine_new gave.
	 * @param {number} engine
	 * @param {string} name
	 * @param {...(string | Uint8Array | undefined)} texts
	 * @returns {{ code: number, text: string, engine: number }}
	 */
	callEngine(engine, name, ...texts) {
		const operation = this.#functions[`sl_web_${name}`];
		if (!operation || texts.length > ARGUMENTS)
			throw new TypeError(`no operation ${name} of ${texts.length} texts`);
		if (this.#trapped)
			throw new Error("the core has failed before: load it again");
		/** @type {number[]} */
		const buffers = [];
		try {
			for (let i = 0; i < ARGUMENTS; i++)
				this.#write(i, texts[i], buffers);
			this.#view().setUint32(this.#call + ENGINE_PLACE, engine, true);
			const code = this.#run(operation);
			engine = this.#view().getUint32(this.#call + ENGINE_PLACE, true);
			const text = this.#result(buffers);
			if (code !== 0 && text === "")
				throw new RangeError("out of memory");
			return { code, text, engine };
		} finally {
			if (!this.#trapped)
				for (const pointer of buffers)
					this.#functions.sl_web_release(pointer);
		}
	}

	/** @param {number} engine */
	freeEngine(engine) {
		if (!this.#trapped)
			this.#functions.sl_web_engine_free(engine);
	}

	/** A new one each time: memory that grows moves. */
	#view() {
		return new DataView(this.#memory.buffer);
	}

	/** @param {(call: number) => number} operation */
	#run(operation) {
		try {
			return operation(this.#call);
		} catch (error) {
			this.#trapped = true;
			throw error;
		}
	}

	/**
	 * @param {number} index
	 * @param {string | Uint8Array | undefined} text
	 * @param {number[]} buffers
	 */
	#write(index, text, buffers) {
		const bytes = typeof text === "string" ? encoder.encode(text) : text ?? new Uint8Array();
		const pointer = this.#allocate(bytes.length);
		buffers.push(pointer);
		new Uint8Array(this.#memory.buffer).set(bytes, pointer);
		const place = this.#call + 8 + 8 * index;
		this.#view().setUint32(place, pointer, true);
		this.#view().setUint32(place + 4, bytes.length, true);
	}

	/** @param {number[]} buffers */
	#result(buffers) {
		const pointer = this.#view().getUint32(this.#call, true);
		const length = this.#view().getUint32(this.#call + 4, true);
		buffers.push(pointer);
		return decoder.decode(new Uint8Array(this.#memory.buffer, pointer, length));
	}
}
