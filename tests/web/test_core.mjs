// The JavaScript side of the core: how values and texts get in and out, and what is thrown. What the core decides is
// tested by tests/vectors. Usage: node --test-reporter=tap test_core.mjs; CORE_LIB names src/web/package of a build.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";

const lib = process.env.CORE_LIB;
const { load, CoreError } = await import(pathToFileURL(join(lib, "core.js")));
const { Bridge } = await import(pathToFileURL(join(lib, "bridge.js")));
const bytes = readFileSync(join(lib, "slatesync-core.wasm"));
const core = await load(bytes);

test("load takes bytes, a URL, a compiled module, or finds the file beside itself", async () => {
	const url = pathToFileURL(join(lib, "slatesync-core.wasm"));
	for (const source of [bytes, url, url.href, await WebAssembly.compile(bytes), undefined])
		assert.equal((await load(source)).canon([1]), "[1]");
});

test("load refuses what is no module", async () => {
	await assert.rejects(load(new Uint8Array([1, 2, 3])), WebAssembly.CompileError);
});

test("lone surrogates in values and names become U+FFFD", () => {
	const value = { "a\udc00": "x\ud800y", b: ["\ud83d\ud83d\ude00"] };
	assert.equal(core.canon(value), '{"a\ufffd":"x\ufffdy","b":["\ufffd😀"]}');
});

test("a backslash before ud800 is no surrogate", () => {
	assert.equal(core.canon(["\\ud800", "\\\\udfff", "\\\ud800"]), '["\\\\ud800","\\\\\\\\udfff","\\\\\ufffd"]');
});

test("texts are taken strictly", () => {
	assert.throws(() => core.canon('"\\ud800"'), { name: "CoreError", error: "malformed" });
	assert.throws(() => core.canon(Uint8Array.of(0x22, 0xff, 0x22)), { error: "malformed", path: "" });
});

test("a lone surrogate in a text becomes U+FFFD as in any UTF-8", () => {
	assert.equal(core.canon('"\ud800"'), '"\ufffd"');
});

test("values that JSON can't hold are refused", () => {
	assert.throws(() => core.canon(undefined), TypeError);
	assert.throws(() => core.canon(() => 1), TypeError);
	assert.throws(() => core.canon({ a: 1n }), TypeError);
});

test("an error tells word, place and faults", () => {
	assert.throws(() => core.digest({ episodes: [{}, {}] }), (error) => {
		assert.ok(error instanceof CoreError && error instanceof Error);
		assert.equal(error.error, "invalid");
		assert.equal(error.path, "/episodes/0/id");
		assert.equal(error.message, "is required");
		assert.deepEqual(error.faults.map(({ path }) => path), ["/episodes/0/id", "/episodes/1/id"]);
		return true;
	});
});

test("validate tells faults and throws only for what isn't JSON", () => {
	assert.deepEqual(core.validate({ episodes: [] }, "document"), { faults: [], total: 0 });
	assert.equal(core.validate({ episodes: [], rawScript: "abc" }, "document", { rowBytes: 4 }).total, 1);
	assert.throws(() => core.validate("{", "delta"), { error: "malformed" });
});

test("the schema knows every collection", () => {
	const { $defs } = core.schema();
	for (const name of ["episodes", "scenes", "shots", "characters", "locations"])
		assert.ok($defs.delta.properties[name], name);
	assert.ok($defs.projectData.properties.rawScript);
});

test("apply takes diff back to the document, rows and digest agree", () => {
	const before = { episodes: [{ id: 1, scenes: [{ id: "a" }, { id: "b" }], shots: [] }], rawScript: "x" };
	const after = { episodes: [{ id: 1, scenes: [{ id: "b", title: "B" }, { id: "c" }], shots: [] }] };
	const delta = core.diff(before, after);
	assert.deepEqual(core.apply(before, delta).episodes, after.episodes);
	const stored = core.rows(before);
	const changed = core.apply(stored, delta, "rows");
	assert.deepEqual(core.document(changed).episodes, after.episodes);
	assert.equal(core.digest(changed, "rows"), core.digest(core.rows(after, stored), "rows"));
	const undone = core.apply(changed, core.invert(delta, stored), "rows");
	assert.equal(core.digest(undone, "rows"), core.digest(stored, "rows"));
	const none = core.compose(delta, core.invert(delta, stored));
	assert.equal(core.digest(core.apply(stored, none, "rows"), "rows"), core.digest(stored, "rows"));
});

test("names from the outside reach no prototype", () => {
	const delta = core.diff('{"episodes":[]}', '{"episodes":[],"__proto__":{"polluted":1}}');
	assert.ok(Object.hasOwn(delta.meta, "__proto__"));
	assert.equal({}.polluted, undefined);
});

test("unknown operations and too many texts are refused", () => {
	assert.throws(() => core.call("allocate_everything"), TypeError);
	assert.throws(() => core.call("canon", "1", "2", "3", "4", "5"), TypeError);
});

test("calls leave no memory behind, whether they succeed or fail", async () => {
	const { instance } = await WebAssembly.instantiate(bytes, {});
	const bridge = new Bridge(instance);
	const text = JSON.stringify({ episodes: [{ id: 1, title: "x".repeat(100000) }] });
	const round = () => {
		for (const operation of ["canon", "digest", "rows", "document", "compose"])
			bridge.call(operation, text, "document");
		bridge.call("canon", text.slice(0, -1));
	};
	round();
	const { byteLength } = instance.exports.memory.buffer;
	for (let i = 0; i < 500; i++)
		round();
	assert.equal(instance.exports.memory.buffer.byteLength, byteLength);
});

test("without memory a call fails, and the next one works", async () => {
	const { instance } = await WebAssembly.instantiate(bytes, {});
	const bridge = new Bridge(instance);
	const { memory, sl_web_allocate: allocate, sl_web_release: release } = instance.exports;
	const text = JSON.stringify(Array.from({ length: 50000 }, (_, index) => index));
	const reserve = allocate(3 * text.length);
	const taken = [];
	for (let size = 1 << 30; size >= 1 << 12; size >>= 1)
		for (let pointer; (pointer = allocate(size)) !== 0;)
			taken.push(pointer);
	assert.throws(() => bridge.call("canon", text), RangeError, "no room for the text");
	release(reserve);
	const { code, text: problem } = bridge.call("canon", text);
	assert.ok(code < 0, "room for the text, but not for its values");
	assert.equal(JSON.parse(problem).error, "unavailable");
	taken.forEach(release);
	assert.equal(bridge.call("canon", text).text, text);
	assert.ok(memory.buffer.byteLength <= 2 ** 31);
});

test("an instance that trapped isn't used again", () => {
	const exports = {
		memory: new WebAssembly.Memory({ initial: 1 }),
		sl_web_seed: () => 0,
		sl_web_allocate: () => 8,
		sl_web_release: () => assert.fail("used"),
		sl_web_canon: () => {
			throw new WebAssembly.RuntimeError("unreachable");
		},
	};
	const bridge = new Bridge({ exports });
	assert.throws(() => bridge.call("canon", "1"), WebAssembly.RuntimeError);
	assert.throws(() => bridge.call("canon", "1"), /load it again/);
});

test("an engine takes events, gives effects, and fills in clock and chance", () => {
	const engine = core.engine({ debounceMs: 5000 });
	const [stored, status] = engine.handle({ type: "start", pairs: [] });
	assert.equal(stored.type, "store");
	assert.equal(status.word, "Offline");
	const { revision } = engine.rows();
	engine.handle({ type: "edit", revision, delta: { characters: [{ id: "a", name: "\ud800" }] } });
	const { revision: next, rows } = engine.rows();
	assert.equal(next, revision + 1);
	assert.deepEqual(rows, { characters: [{ id: "a", rank: rows.characters[0].rank, name: "\ufffd" }] });
	assert.match(rows.characters[0].rank, /^V[0-9A-Za-z]{4}[1-9A-Za-z]V$/);
	assert.deepEqual(engine.document().document.context.characters, [{ id: "a", name: "\ufffd" }]);
	const [sent] = engine.handle({ type: "online" });
	assert.equal(sent.path, "/project?since=0");
	engine.handle({ type: "answer", request: sent.id, status: 404, body: '{"error":"no_project"}' });
	const push = engine.handle({ type: "tick", now: Date.now() + 6000 }).find(({ type }) => type === "send");
	assert.match(JSON.parse(push.body).opId, /^[0-9a-f]{32}-/);
	assert.doesNotMatch(push.body, /"opId":"0{32}/);
	engine.dispose();
	assert.throws(() => engine.rows(), /disposed/);
	engine.dispose();
});

test("what an engine stored makes another one that knows the same", () => {
	const first = core.engine();
	const store = new Map();
	const take = (effects) => {
		for (const { type, writes } of effects)
			for (const [key, value] of type === "store" ? writes : [])
				value === undefined ? store.delete(key) : store.set(key, value);
	};
	take(first.handle({ type: "start", pairs: [] }));
	const document = { episodes: [{ id: 1, scenes: [{ id: "a" }] }], rawScript: "FADE IN" };
	take(first.handle({ type: "replace", document, revision: first.rows().revision }));
	const second = core.engine();
	second.handle({ type: "start", pairs: [...store] });
	assert.deepEqual(second.rows().rows, first.rows().rows);
	for (const list of ["conflicts", "quarantine"])
		assert.deepEqual(second[list](), first[list]());
	first.dispose();
	assert.equal(second.document().document.rawScript, "FADE IN");
	second.dispose();
});

test("an engine refuses wrong settings and wrong events, and goes on", () => {
	assert.throws(() => core.engine({ debounceMs: "soon" }), { error: "invalid" });
	assert.throws(() => core.engine({ debounce: 1 }), { error: "invalid" });
	const engine = core.engine();
	engine.handle({ type: "start", pairs: [] });
	assert.throws(() => engine.handle({ type: "dance" }), { error: "invalid", path: "/type" });
	assert.throws(() => engine.handle({ type: "edit", delta: { shots: 1 }, before: {} }), CoreError);
	assert.throws(() => engine.handle({ type: "edit", delta: {} }), { error: "invalid" });
	assert.throws(() => core.engine({ path: 7 }), { error: "invalid" });
	assert.throws(() => core.engine({ path: "project" }), { error: "invalid" });
	assert.throws(() => engine.handle({ type: "resolve", conflict: 1, choice: "mine" }), { error: "not_found" });
	assert.equal(engine.handle({ type: "online" })[0].type, "send");
	engine.dispose();
});

test("ids are new each time", () => {
	assert.match(core.newId(), /^[0-9A-Za-z]{22}$/);
	assert.notEqual(core.newId(), core.newId());
});

test("merging documents and texts", () => {
	const document = (title, content) => ({ episodes: [{ id: 1, title, content, scenes: [], shots: [] }] });
	const { merged, notes } = core.merge(document("A", "x y"), document("B", "x y"), document("A", "x z"));
	assert.deepEqual(merged.episodes, document("B", "x z").episodes);
	assert.deepEqual(notes, []);
	const { text, hunks } = core.mergeText("😀 old", "😀 mine", "😀 theirs");
	assert.deepEqual(hunks, [{ base: "old", mine: "mine", theirs: "theirs", at: 3 }]);
	assert.equal(text.slice(hunks[0].at), "theirs");
});
