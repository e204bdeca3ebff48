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

const RANKS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const rank = () => some(5, () => pick(RANKS)).join("");

const MAKERS = [
	() => ["canon", [anything(4)]],
	() => ["validate", makeDocument(), "document", pick(["", "64"])],
	() => ["digest", makeDocument(), "document"],
	() => ["rows", makeDocument()],
	() => {
		const before = makeDocument();
		return ["difference", before, change(before), "document"];
	},
	() => ["rank_between", rank(), rank(), String(1 + below(40))],
	() => ["rank_assign", some(9, (index) => [pick([rank, () => ""])(), `i${index}`])],
];

const cases = Array.from({ length: count }, (_, index) => {
	const [operation, ...arguments_] = MAKERS[index % MAKERS.length]();
	return { name: `random ${seed}/${index}`, do: operation, with: arguments_ };
});
console.log(JSON.stringify({ about: "random cases", cases }));
