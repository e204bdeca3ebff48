/**
 * Slatesync's core: the same decisions, byte for byte, as on the server and on every other device.
 *
 *     const core = await load();
 *     const delta = core.diff(before, after);
 *
 * Needs `script-src 'wasm-unsafe-eval'` under a Content-Security-Policy, nothing more. All calls are synchronous: a
 * project of 20 MB takes up to a second, so do large work in a worker. Memory that a large project took is kept for the
 * next call; drop the core to give it back.
 */

import type { Engine, EngineConfig, Hunk, JournalEntry, Note } from "./engine.js";

export type * from "./engine.js";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/**
 * A JSON text (as a string, or as UTF-8 bytes), or an object or array to be made one. Texts are taken as strictly as
 * on the server: no duplicate keys, no lone surrogates, at most 32 levels. Objects are repaired: a lone surrogate
 * becomes U+FFFD.
 */
export type Input = string | Uint8Array | object;

/** A project document, `projectData` of the protocol. */
export type Project = { episodes: { id: number; [name: string]: Json }[]; [name: string]: Json };

/** Rows that change and keys that go, DELTA of the protocol; also a state, as the delta that makes it of nothing. */
export type Delta = {
	meta?: { [name: string]: Json };
	episodes?: { id: number; rank?: string; [name: string]: Json | undefined }[];
	scenes?: { episodeId: number; id: string; rank?: string; [name: string]: Json | undefined }[];
	shots?: { episodeId: number; id: string; rank?: string; [name: string]: Json | undefined }[];
	characters?: { id: string; rank?: string; [name: string]: Json | undefined }[];
	locations?: { id: string; rank?: string; [name: string]: Json | undefined }[];
	deleted?: {
		episodes?: number[];
		scenes?: { episodeId: number; sceneId: string }[];
		shots?: { episodeId: number; shotId: string }[];
		characters?: string[];
		locations?: string[];
	};
};

/**
 * How a state is given: as a "document", whose rows get ranks of their own, or as "rows" (a Delta), exact with ranks.
 * Only rows have the digest that the server tells, and only they can take deltas from the server.
 */
export type Form = "document" | "rows";

/** Something wrong at a place, a JSON Pointer. */
export type Fault = { path: string; reason: string };

export interface Merge<State> {
	merged: State;
	push: Delta;
	adopt: Delta;
	notes: Note[];
}

/** A refusal: `error` is the protocol's word ("malformed", "invalid", "too_large", "unavailable", "internal"). */
export class CoreError extends Error {
	constructor(problem: { error: string; message: string; path?: string; faults?: Fault[] });
	readonly error: string;
	/** JSON Pointer to what is at fault, or "". */
	readonly path: string;
	/** Every fault of an invalid argument, up to 50. */
	readonly faults: Fault[];
}

/** All methods throw CoreError; RangeError when no memory is left; WebAssembly.RuntimeError only by a bug. */
export interface Core {
	/** The canonical text (RFC 8785). */
	canon(json: Input): string;

	/** Every fault, up to 50 of `total`. Throws only for what isn't JSON. `rowBytes`: the server's limit of a row. */
	validate(
		json: Input,
		kind: "document" | "delta",
		limits?: { rowBytes?: number },
	): { faults: Fault[]; total: number };

	/** JSON Schema 2020-12; `#/$defs/projectData` and `#/$defs/delta`. */
	schema(): { [name: string]: Json };

	/** A document's rows. Siblings that stand in the same order in `stored` keep their ranks. */
	rows(document: Input, stored?: Input): Delta;

	/** The document that rows make. */
	document(rows: Input): Project;

	/** 32 hex digits; see "Digest" in the protocol. */
	digest(state: Input, form?: Form): string;

	/** What turns one state into another. */
	diff(before: Input, after: Input, form?: Form): Delta;

	/** The state after a delta, in the same form. */
	apply(state: Input, delta: Input, form: "rows"): Delta;
	apply(state: Input, delta: Input, form?: "document"): Project;
	apply(state: Input, delta: Input, form?: Form): Delta | Project;

	/**
	 * Three-way merge: what a device does when it and the server changed the same base. `push` leads from `theirs` to
	 * `merged`, `adopt` from `mine`.
	 */
	merge(base: Input, mine: Input, theirs: Input, form: "rows"): Merge<Delta>;
	merge(base: Input, mine: Input, theirs: Input, form?: "document"): Merge<Project>;
	merge(base: Input, mine: Input, theirs: Input, form?: Form): Merge<Delta | Project>;

	/**
	 * Three-way merge of plain texts. Where they clash, `text` has theirs, at `at` (as JavaScript counts). `both` are two
	 * insertions at one place, which stand there one behind the other.
	 */
	mergeText(
		base: string,
		mine: string,
		theirs: string,
	): { text: string; hunks: Hunk[]; both: { theirs: string; mine: string; at: number }[] };

	/** What an entry of a journal did: the value of a pair "journal/N" of a store. */
	journalEntry(body: string): JournalEntry;

	/**
	 * What takes an entry out of rows again: a delta to apply to them. Begun with the rows as they are and the newest entry, and so
	 * on downwards, it tells what each row was like at any time. Of rows that are not given only those come that the entry removed.
	 */
	journalBack(body: string, rows: Delta): Delta;

	/** An id for a new row or project that nothing else has, on any device: 22 characters. */
	newId(): string;

	/** A client engine, for one account and project. Several can be used at once. */
	engine(config?: EngineConfig): Engine;

	/** One delta with the effect of both, which list the scenes and shots of the episodes they delete, as diff does. */
	compose(first: Input, second: Input): Delta;

	/** What takes a delta back; `rows`: the state that it applies to. */
	invert(delta: Input, rows: Input): Delta;

	/** Any operation of the module, texts in, text out, nothing parsed or repaired. */
	call(name: string, ...texts: (string | Uint8Array | undefined)[]): string;
}

/**
 * Loads the core: from the file beside this module, or from another place, from bytes, or from a compiled module (which
 * can be posted to workers).
 */
export function load(source?: string | URL | BufferSource | WebAssembly.Module): Promise<Core>;
