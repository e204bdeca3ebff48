/**
 * The client engine: it decides what a device does about sync; the host stores, sends, wakes and draws.
 *
 *     const engine = core.engine();
 *     carryOut(engine.handle({ type: "start", pairs: everythingInTheStore }));
 *     carryOut(engine.handle({ type: "signIn", account: "7" }));
 *     carryOut(engine.handle({ type: "online" }));
 *
 * What it promises, and what a host has to do: src/core/engine.h, "The host's part".
 */

import type { Delta, Json, Project } from "./core.js";

/** Numbers that are absent or 0 stand for the defaults; see struct sl_engine_config in src/core/engine.h. */
export interface EngineConfig {
	debounceMs?: number;
	debounceMostMs?: number;
	/** Less than 0: never. */
	pollMs?: number;
	timeoutMs?: number;
	backoffMs?: number;
	backoffMostMs?: number;
	pushBytes?: number;
	rowBytes?: number;
	receiptsKept?: number;
	backupsKept?: number;
}

/** What happened. `now` (milliseconds) and `random` (32 hex digits) are filled in; tests and traces give their own. */
export type EngineEvent = { now?: number; random?: string } & (
	| { type: "start"; pairs: [key: string, value: string][] }
	| { type: "online" | "offline" | "tick" | "syncNow" | "clear" | "signOut" }
	| { type: "edit"; delta: Delta; before?: Delta }
	| { type: "replace"; document: Project; revision?: number }
	| { type: "answer"; request: number; status: number; body?: string; retryAfter?: string; backoff?: string }
	| { type: "failed"; request: number; reason?: string }
	| { type: "hint"; version?: number }
	| { type: "resolve"; conflict: number; choice: "mine" | "theirs" }
	| { type: "resolve"; conflict: number; choice: "value"; value: Json }
	| { type: "reverse"; receipt: number }
	| { type: "restore"; version: number }
	| { type: "restoreBackup"; backup: number }
	| { type: "signIn"; account?: string }
);

export type StatusWord = "Synced" | "Syncing" | "Offline" | "Conflict" | "Error" | "Disabled";

/** What to do, in this order. A batch of `store` must be durable before anything behind it is carried out. */
export type Effect =
	| { type: "store"; writes: ([key: string, value: string] | [removed: string])[] }
	| { type: "send"; id: number; method: string; path: string; headers: Record<string, string>; body?: string }
	| { type: "wake"; at: number }
	| {
		type: "status";
		word: StatusWord;
		pending: number;
		quarantined: number;
		conflicts: number;
		lastSync: number;
		version: number;
		error: string;
		detail: string;
	}
	| { type: "changed"; revision: number; delta: Delta }
	| { type: "conflict"; id: number; opened: boolean }
	| { type: "backup"; id: number; reason: string };

/** A row's key as in `deleted` of a delta; for a project-level field its name. */
export type RowKey = string | number | { episodeId: number; sceneId: string } | { episodeId: number; shotId: string };

/** What became of a field, or of a row (`path` ""), that both sides changed. An absent value was absent. */
export interface Receipt {
	entity: string;
	key: RowKey;
	path: string;
	base?: Json;
	mine?: Json;
	theirs?: Json;
	result?: Json;
	moved: boolean;
	conflict: boolean;
	parked: boolean;
}

export type KeptReceipt = Receipt & { id: number; version: number };

/** Methods throw CoreError; after "internal" or "unavailable" start again with a new engine from the store. */
export interface Engine {
	/** Takes one event. A refusal ("invalid", "not_found", "conflict", …) changes nothing. */
	handle(event: EngineEvent): Effect[];

	/** What the user sees. */
	rows(): { revision: number; rows: Delta };
	document(): { revision: number; document: Project };

	/** Oldest first. */
	conflicts(): KeptReceipt[];
	receipts(): KeptReceipt[];
	backups(): { id: number; version: number; reason: string; delta: Delta }[];
	quarantine(): { entity: string; key: RowKey; reason: string }[];

	/** Gives its memory back. Nothing is lost: all that counts is in the store. */
	dispose(): void;
}
