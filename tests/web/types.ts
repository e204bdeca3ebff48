// Compiles only if the declarations of the core are what its users rely on. Never run.

import { CoreError, load } from "../../src/web/lib/core.js";
import type { Core, Delta, Effect, Engine, Fault, Project, Note } from "../../src/web/lib/core.js";

export async function use(bytes: Uint8Array<ArrayBuffer>, module: WebAssembly.Module): Promise<void> {
	const core: Core = await load();
	await load("/slatesync-core.wasm");
	await load(new URL("https://example.org/slatesync-core.wasm"));
	await load(bytes);
	await load(module);
	const text: string = core.canon("{}");
	const faults: Fault[] = core.validate(bytes, "document", { rowBytes: 1 }).faults;
	const delta: Delta = core.diff({ episodes: [] }, text);
	const after: Project = core.apply({ episodes: [] }, delta);
	const rows: Delta = core.apply(core.rows(after), delta, "rows");
	const digest: string = core.digest(rows, "rows");
	const notes: Note[] = core.merge(after, text, bytes).notes;
	const engine: Engine = core.engine({ pollMs: -1 });
	const effects: Effect[] = engine.handle({ type: "edit", delta: engine.rows().rows, revision: engine.rows().revision });
	for (const effect of effects)
		if (effect.type === "send")
			engine.handle({ type: "failed", request: effect.id, reason: effect.body });
	// @ts-expect-error an edit needs a delta
	engine.handle({ type: "edit" });
	// @ts-expect-error an edit says what it was made on
	engine.handle({ type: "edit", delta });
	// @ts-expect-error a value needs one
	engine.handle({ type: "resolve", conflict: 1, choice: "value" });
	// @ts-expect-error a project is no delta
	core.validate(after, "project");
	// @ts-expect-error there is no such form
	core.digest(after, "delta");
	// @ts-expect-error rows don't come back as a document
	const wrong: Project = core.apply(rows, delta, "rows");
	throw new CoreError({ error: "invalid", message: [digest, wrong, notes, ...faults].join() });
}
