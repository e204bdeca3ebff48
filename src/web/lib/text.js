// Values as texts for the core, and its problems as errors.

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
 * @param {import("./core.d.ts").Input} input
 */
export function textOf(input) {
	if (typeof input === "string" || input instanceof Uint8Array)
		return input;
	const text = JSON.stringify(input);
	if (text === undefined)
		throw new TypeError("a JSON value was expected");
	if (!text.includes("\\ud"))
		return text;
	return text.replace(/\\(ud[89a-f][0-9a-f]{2}|.)/g, (escape, rest) => (rest.length > 1 ? "\ufffd" : escape));
}

/**
 * 16 random bytes as hex digits.
 * @param {Crypto} random
 */
export function randomHex(random) {
	const bytes = random.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
