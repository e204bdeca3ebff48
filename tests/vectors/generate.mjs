// Prints a vector file of random cases without expectations, for comparing builds: node generate.mjs SEED COUNT.
// Documents grow, change and shrink; most are valid, and some of what is handed in is not. Same seed, same cases.

import { random } from "./random.mjs";

const [seed, count] = process.argv.slice(2).map(Number);
const next = random(seed);
const below = (limit) => next() % limit;
const pick = (list) => list[below(list.length)];
const some = (most, make) => Array.from({ length: below(most + 1) }, (_, index) => make(index));

const PIECES = ["a", "Z", "0", " ", "\n", "ä", "漢", "字", "😀", "\u{1f469}\u200d\u{1f680}", "e\u0301", "\"", "\\", "/",
	"\u007f", "\u2028", "\ue000", "\u0001"];
const STATUS = ["pending", "generating", "completed", "error", "no such status"];

const text = () => some(12, () => pick(PIECES)).join("");
const number = () => pick([
	() => below(100),
	() => -below(1e9),
	() => below(1e9) / 2 ** below(40),
	() => below(1e9) * 10 ** (below(40) - 30),
	() => 9007199254740991 - below(3),
])();
const anything = (depth) => pick([
	text,
	number,
	() => pick([true, false, null]),
	() => (depth ? some(3, () => anything(depth - 1)) : 0),
	() => (depth ? Object.fromEntries(some(3, () => [text() || "k", anything(depth - 1)])) : ""),
])();
const extra = () => Object.fromEntries(some(2, () => [`x${text()}`, anything(2)]));

/** Rows of distinct ids. */
const id = (index) => `${pick(PIECES.slice(0, 3))}${index}`;
const rows = (most, make) => some(most, (index) => ({ id: id(index), ...make(), ...extra() }));
const flag = () => below(2) === 0;
const scene = () => ({ title: text(), content: text() });
const shot = () => ({ description: text(), difficulty: below(11), isApproved: flag(), videoParams: anything(2) });
const form = (index) => ({ formName: `f${index}` });

function episode(id) {
	const status = STATUS[below(40) ? below(4) : 4];
	return { id, title: text(), status, scenes: rows(4, scene), shots: rows(4, shot), ...extra() };
}

function makeDocument() {
	return {
		fileName: text(),
		rawScript: text(),
		contextUsage: { promptTokens: below(1000) },
		context: {
			projectSummary: text(),
			characters: rows(4, () => ({ name: text(), isMain: flag(), forms: some(2, form) })),
			locations: rows(3, () => ({ name: text(), type: pick(["core", "secondary"]) })),
		},
		episodes: some(3, (index) => episode(index + 1)),
	};
}

/** Moves, changes, adds and removes elements of a list. */
function shake(list, make) {
	for (let left = below(4); left > 0; left--) {
		const at = below(list.length + 1);
		const taken = list.splice(at, below(2));
		pick([() => list.splice(below(list.length + 1), 0, ...taken), () => {}, () => list.push(make())])();
	}
}

function change(document) {
	const after = structuredClone(document);
	after.rawScript = pick([after.rawScript, text(), ""]);
	let fresh = 100;
	for (const { scenes, shots } of after.episodes) {
		shake(scenes, () => ({ id: `n${fresh++}`, ...scene() }));
		shake(shots, () => ({ id: `n${fresh++}`, ...shot() }));
	}
	shake(after.context.characters, () => ({ id: `n${fresh++}` }));
	shake(after.episodes, () => episode(fresh++));
	return after;
}

/** Replaces, inserts and deletes passages. */
function rewrite(before) {
	let after = before;
	for (let left = below(4); left > 0; left--) {
		const units = [...after];
		units.splice(below(units.length + 1), below(6), text());
		after = units.join("");
	}
	return after;
}

const ANSWERS = [200, 404, 409, 413, 422, 429, 500, 503];

/** Events as they come, in an order that no host would give them. */
function event(now) {
	const bytes = Array.from({ length: 4 }, () => next().toString(16).padStart(8, "0")).join("");
	return { now, random: bytes, ...pick([
		() => ({ type: pick(["online", "offline", "tick", "syncNow", "clear", "signOut", "signIn"]) }),
		() => ({ type: "edit", before: {}, delta: { characters: rows(2, () => ({ name: text() })) } }),
		() => ({ type: "replace", revision: 1 + below(3), document: makeDocument() }),
		() => ({ type: "hint", version: below(1e6) }),
		() => ({ type: "failed", request: 1 + below(8), reason: text() }),
		() => ({ type: "answer", request: 1 + below(8), status: pick(ANSWERS), body: "{}" }),
		() => ({ type: "answer", request: 1, status: 404, body: '{"error":"no_project"}' }),
	])() };
}

function trace() {
	const events = [{ ...event(0), type: "start", pairs: [] }, { ...event(0), type: "online" }];
	return events.concat(Array.from({ length: below(20) }, (_, index) => event(1000 * index)));
}

const RANKS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const rank = () => some(5, () => pick(RANKS)).join("");
const prefix = () => pick(["", "Qm7aB", "00001", "zzzzz"]);

const MAKERS = [
	() => ["canon", [anything(4)]],
	() => ["validate", makeDocument(), "document", pick(["", "64"])],
	() => ["digest", makeDocument(), "document"],
	() => ["rows", makeDocument()],
	() => {
		const before = makeDocument();
		return ["difference", before, change(before), "document"];
	},
	() => {
		const base = makeDocument();
		return ["merge", base, change(base), change(base), "document"];
	},
	() => {
		const base = text() + text() + text();
		return ["text", base, rewrite(base), rewrite(base)];
	},
	() => ["engine_trace", trace()],
	() => ["rank_between", rank(), rank(), String(1 + below(40)), prefix()],
	() => ["rank_assign", some(9, (index) => [pick([rank, () => ""])(), `i${index}`]), prefix()],
];

const cases = Array.from({ length: count }, (_, index) => {
	const [operation, ...arguments_] = MAKERS[index % MAKERS.length]();
	return { name: `random ${seed}/${index}`, do: operation, with: arguments_ };
});
console.log(JSON.stringify({ about: "random cases", cases }));
