/**
 * The client engine: it decides what a device does about sync; the host stores, sends, wakes and draws.
 *
 *     const engine = core.engine();
 *     carryOut(engine.handle({ type: "start", pairs: everythingInTheStore }));
 *     if (credentialsAreNew) carryOut(engine.handle({ type: "signIn", account: "7" }));
 *     carryOut(engine.handle({ type: "online" }));
 *
 * What it promises, and what a host has to do: src/core/engine.h, "The host's part".
 */

import type { Delta, Json, Project } from "./core.js";

/** Numbers that are absent or 0 stand for the defaults; see struct sl_engine_config in src/core/engine.h. */
export interface EngineConfig {
	/** Of the project behind the mount point: "/projects/ID"; "/project" by default. */
	path?: string;
	/** What X-Device-Id says; without it there is no handshake. */
	device?: string;
	/** A name of its own for a tab that does not hold the store's lock: see "Followers" in engine.h. */
	follower?: string;
	/** Less than 0: never. */
	handshakeMs?: number;
	debounceMs?: number;
	debounceMostMs?: number;
	/** Less than 0: never. */
	pollMs?: number;
	timeoutMs?: number;
	backoffMs?: number;
	backoffMostMs?: number;
	pushBytes?: number;
	rowBytes?: number;
	/** What the journal may take before its oldest end goes. */
	journalBytes?: number;
	/** For how long entries with words set aside stay as they are. */
	journalMs?: number;
	/** Others become one for each such time once they are as old. */
	thinMs?: number;
}

/** What happened. `now` (milliseconds) and `random` (32 hex digits) are filled in; tests and traces give their own. */
export type EngineEvent = { now?: number; random?: string } & (
	| { type: "start"; pairs: [key: string, value: string][] }
	| { type: "online" | "offline" | "tick" | "syncNow" | "clear" | "signOut" }
	/** What the edit was made on is compulsory: rows as the app had them, or a revision. */
	| { type: "edit"; delta: Delta; before: Delta; revision?: number }
	| { type: "edit"; delta: Delta; revision: number }
	| { type: "replace"; document: Project; revision: number; exact?: boolean }
	/** Edits that followers stored below "inbox/", for the holder. */
	| { type: "handed"; pairs: [key: string, value: string][] }
	/** A batch of the holder, for followers. */
	| { type: "follow"; writes: Write[] }
	| {
		type: "answer";
		request: number;
		status: number;
		body?: string;
		retryAfter?: string;
		backoff?: string;
		traceId?: string;
	}
	/** Answers the effect "load", always. */
	| { type: "loaded"; id: number; pairs: [key: string, value: string][]; complete: boolean }
	/** After every redraw and after "start": edits on revisions that were not told may be merged as if made before them. */
	| { type: "shown"; revision: number }
	| { type: "failed"; request: number; reason?: string }
	| { type: "hint"; version?: number }
	/** `hunk` counts from 1; without it the choice is for all of them. */
	| { type: "resolve"; conflict: number; hunk?: number; choice: "mine" | "theirs" | "both" }
	| { type: "resolve"; conflict: number; hunk?: number; choice: "own"; own: string }
	| { type: "restore"; version: number; preview?: boolean }
	/** Takes back an entry of the journal, or, with `note` (from 1), what it did with one value. "result" tells how it ended. */
	| { type: "undo"; entry: number; note?: number }
	| { type: "signIn"; account?: string }
);

export type StatusWord = "Synced" | "Syncing" | "Offline" | "Conflict" | "Error" | "Disabled";

/** A change of the store. */
export type Write = [key: string, value: string] | [removed: string];

/** What to do, in this order. A batch of `store` must be durable before anything behind it is carried out. */
export type Effect =
	| { type: "store"; writes: Write[] }
	/** Read the pairs whose keys are `prefix` and a number of `first` to `last`, highest first, at most `most`. */
	| { type: "load"; id: number; prefix: string; first: number; last: number; most: number }
	/** How what `handle` only began ended: "restore", "undo", and "edit" and "replace" where they take pages; "": well. */
	| { type: "result"; about: EngineEvent["type"]; id: number; error: string; detail: string; delta?: Delta }
	| { type: "send"; id: number; method: string; path: string; headers: Record<string, string>; body?: string }
	/** A "tick" at this time of the clock `now`: Date.now() where it was filled in. */
	| { type: "wake"; at: number }
	| {
		type: "status";
		word: StatusWord;
		pending: number;
		quarantined: number;
		conflicts: number;
		lastSync: number;
		version: number;
		/** Rows that were pushed, of those that were to be since all was in sync; 0 of 0: it is. */
		done: number;
		total: number;
		/** When the next request goes out after a failure; 0: nothing waits for its time. */
		nextTry: number;
		readOnly: boolean;
		error: string;
		detail: string;
		traceId: string;
	}
	| {
		type: "changed";
		revision: number;
		delta: Delta;
		/** Rows of this device that have another key now. */
		renamed?: { entity: string; from: RowKey; to: RowKey }[];
	}
	| { type: "conflict"; id: number; opened: boolean }
	/**
	 * An entry was made of something else than the user's own edits; or, `going`, what this one and older ones have set aside goes
	 * when the journal is next made smaller.
	 */
	| { type: "journal"; id: number; going: boolean; head: JournalHead };

/** What a list of entries shows. Times are milliseconds; `from` and `to` revisions. */
export interface JournalHead {
	cause: "edit" | "pull" | "merge" | "replace" | "clear" | "restore" | "decision" | "undo" | "repair" | "several";
	time: number;
	age: number;
	version: number;
	bytes: number;
	from: number;
	to: number;
	rows: number;
	notes: number;
	open: number;
	/** A person's words that are not in the row are in its notes. */
	setsAside: boolean;
	removes: boolean;
	/** How many devices the entry names, if any. */
	authors?: number;
}

/**
 * A device that wrote rows which an entry took in, as the server names it. `version` is the newest by which it wrote a row of the
 * entry, `at` the server's time of that in milliseconds (0: not told). Ids that are not told are empty.
 */
export interface JournalAuthor {
	userId: string;
	deviceId: string;
	deviceName: string;
	version: number;
	at: number;
}

/** What an entry did. Long values of its notes are left out: they are in the rows before and behind it. */
export interface JournalEntry {
	cause: JournalHead["cause"];
	version: number;
	from: number;
	to: number;
	/**
	 * `author`: the place in `authors` of who last wrote the row on the server, from 0; of a note, of who had written the other
	 * side, or removed it. None: not known.
	 */
	rows: { entity: string; key: RowKey; added: boolean; removed: boolean; author?: number }[];
	notes: (Note & { author?: number })[];
	authors?: JournalAuthor[];
}

/** A row's key as in `deleted` of a delta; for a project-level field its name. */
export type RowKey = string | number | { episodeId: number; sceneId: string } | { episodeId: number; shotId: string };

/** A passage that both sides changed: plain text of a text, else JSON. `at` is its place in the result, in bytes of UTF-8. */
/** `before`, `after`: some of the words around it. */
export type Hunk = { base: string; mine: string; theirs: string; at: number; before?: string; after?: string };

/**
 * What became of a field, or of a row (`path` ""), that both sides changed. An absent value was absent. An open note is for a
 * person to decide, hunk by hunk.
 */
export interface Note {
	entity: string;
	key: RowKey;
	path: string;
	base?: Json;
	mine?: Json;
	theirs?: Json;
	result?: Json;
	kind: "value" | "both" | "moved" | "kept" | "renamed";
	conflict: boolean;
	open: boolean;
	hunks?: Hunk[];
}

/** `entry`: of the journal. */
export type Decision = Note & { id: number; version: number; entry: number };

/** Methods throw CoreError; after "internal" or "unavailable" start again with a new engine from the store. */
export interface Engine {
	/** Takes one event. A refusal ("invalid", "malformed", "too_large", "not_found", "forbidden") changes nothing. */
	handle(event: EngineEvent): Effect[];

	/** What the user sees. */
	rows(): { revision: number; rows: Delta };
	document(): { revision: number; document: Project };

	/** Oldest first. */
	conflicts(): Decision[];
	quarantine(): { entity: string; key: RowKey; reason: string }[];

	/** Gives its memory back. Nothing is lost: all that counts is in the store. */
	dispose(): void;
}
