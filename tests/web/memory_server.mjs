// A server in memory, as the protocol has it: GET /project?since=, PUT /project with its conflicts, rebase and replays. It keeps every
// state, so that changes since any version are a difference of two.

const EPOCH = "first";
const ENTITIES = ["episodes", "scenes", "shots", "characters", "locations"];

const keyOf = {
	episodes: (row) => row.id,
	scenes: (row) => ({ episodeId: row.episodeId, sceneId: row.id }),
	shots: (row) => ({ episodeId: row.episodeId, shotId: row.id }),
	characters: (row) => row.id,
	locations: (row) => row.id,
};

/** The keys that a delta writes or deletes, as texts "entity key". */
function touched(delta) {
	const keys = Object.keys(delta.meta ?? {}).map((name) => `meta ${name}`);
	for (const entity of ENTITIES) {
		for (const row of delta[entity] ?? []) keys.push(`${entity} ${JSON.stringify(keyOf[entity](row))}`);
		for (const key of delta.deleted?.[entity] ?? []) keys.push(`${entity} ${JSON.stringify(key)}`);
	}
	return keys;
}

export class MemoryServer {
	#core;
	#states = [{}];          // by version
	#versions = new Map();   // of the last change of a row, deletions too
	#operations = new Map(); // id: the body and the answer that it got first
	#pulled = new Set();
	#deleted = new Map();    // keys of rows that are gone, by their texts

	constructor(core) {
		this.#core = core;
	}

	get version() { return this.#states.length - 1; }
	get rows() { return this.#states.at(-1); }
	get digest() { return this.#core.digest(this.rows, "rows"); }

	/** Answers a request of a device: { status, body }. */
	answer(device, method, url, body) {
		const { pathname, searchParams } = new URL(url, "http://server");
		const [status, answer] = pathname !== "/api/project" ? problem(404, "not_found")
			: method === "GET" ? this.#get(device, Number(searchParams.get("since") ?? -1))
			: method === "PUT" ? this.#put(device, body) : problem(405, "method_not_allowed");
		return { status, body: JSON.stringify(answer) };
	}

	#head() {
		return { updatedAt: this.version, digest: this.digest, epoch: EPOCH };
	}

	#get(device, since) {
		this.#pulled.add(device);
		if (this.version === 0) return problem(404, "no_project", { epoch: EPOCH });
		if (since < 0) return [200, { ...this.#head(), projectData: this.#core.document(this.rows) }];
		if (since > 0 && since <= this.version) return [200, { since, ...this.#head(), changes: this.#since(since) }];
		return [200, { since, ...this.#head(), full: true, changes: { ...this.rows, deleted: this.#tombstones() } }];
	}

	#since(version) {
		return this.#core.diff(this.#states[version], this.rows, "rows");
	}

	#tombstones() {
		const deleted = {};
		for (const [entity, key] of this.#deleted.values()) (deleted[entity] ??= []).push(key);
		return deleted;
	}

	#put(device, text) {
		const push = JSON.parse(text);
		const known = this.#operations.get(push.opId);
		if (known && known.text !== text) return problem(422, "op_reused");
		if (known) return [200, { ...known.answer, replayed: true }];
		if (!this.#pulled.has(device)) return problem(428, "pull_required");
		if (push.epoch !== undefined && push.epoch !== EPOCH) return this.#conflict("epoch");
		if (push.baseVersion === undefined) return this.#conflict("missing_version");
		const answer = this.#judge(push);
		if (answer[0] === 200) this.#operations.set(push.opId, { text, answer: answer[1] });
		return answer;
	}

	#judge(push) {
		const { baseVersion: base, delta } = push;
		const { faults } = this.#core.validate(delta, "delta");
		if (faults.length > 0) return problem(422, "invalid", { faults });
		const isStale = base !== this.version;
		if (isStale && push.onStale !== "rebase") return this.#conflict("version_mismatch", base);
		if (this.#hasOrphans(delta)) return isStale ? this.#conflict("row_conflict", base) : problem(422, "invalid");
		const after = this.#core.apply(this.rows, delta, "rows");
		const written = this.#core.diff(this.rows, after, "rows");
		const nothing = touched(written).length === 0;
		if (isStale && (nothing ? this.#isCounted(delta, base) : this.#isOvertaken(delta, written, base)))
			return this.#conflict("row_conflict", base);
		const mine = isStale ? this.#core.apply(this.#states[base], delta, "rows") : after;
		if (!nothing) this.#commit(after, written);
		return [200, { ok: true, ...this.#head(), opId: push.opId, replayed: false, rebased: isStale,
			...(isStale && { changes: this.#core.diff(mine, after, "rows") }) }];
	}

	/** Whether it writes scenes or shots of no episode. */
	#hasOrphans(delta) {
		const episodes = new Set([...(this.rows.episodes ?? []), ...(delta.episodes ?? [])].map(({ id }) => id));
		for (const id of delta.deleted?.episodes ?? []) episodes.delete(id);
		return [...(delta.scenes ?? []), ...(delta.shots ?? [])].some(({ episodeId }) => !episodes.has(episodeId));
	}

	/** Whether a row that the push touches, or that goes with an episode, moved on. */
	#isOvertaken(delta, written, base) {
		return [...touched(delta), ...touched(written)].some((key) => this.#versions.get(key) > base);
	}

	/** Equal values of what is counted are two counts. */
	#isCounted(delta, base) {
		return touched(delta).some((key) => key === "meta phase4Usage" && this.#versions.get(key) > base);
	}

	#commit(after, written) {
		this.#states.push(after);
		for (const key of touched(written)) {
			this.#versions.set(key, this.version);
			this.#deleted.delete(key);
		}
		for (const entity of ENTITIES)
			for (const key of written.deleted?.[entity] ?? []) this.#deleted.set(`${entity} ${JSON.stringify(key)}`, [entity, key]);
	}

	#conflict(reason, base) {
		const changes = base !== undefined && base <= this.version ? { changes: this.#since(base) } : {};
		return problem(409, "conflict", { reason, ...this.#head(), conflicts: [], ...changes });
	}
}

function problem(status, error, more = {}) {
	return [status, { type: "about:blank", title: error, status, detail: error, error, ...more }];
}
