/**
 * A host of Slatesync's client engine in JavaScript: all that src/core/engine/engine.h ("The host's part") and engine.d.ts ask of
 * an app, but for its screen. It runs in browsers and in Node.
 *
 *     const host = await Host.open({ load: () => load(), store: new MapStore(new Map()), fetch, base: "/api", show: redraw });
 *     await host.online();
 *     const { rows, revision } = host.rows();
 *     await host.edit({ characters: [{ id: core.newId(), name: "Ann" }] }, revision);
 *
 * One host is one account and project, and the only one on its store: a page takes a lock first (navigator.locks). Events wait for
 * each other in a queue, since stores of browsers are asynchronous: an event comes when all effects of the one before it are carried
 * out.
 */

const LONGEST_TIMER_MS = 2 ** 31 - 1; // of setTimeout

const isJournal = (key) => key.startsWith("journal/") || key.startsWith("head/");

/** A store over a Map, or over anything that can do as much: what it needs of a database. */
export class MapStore {
	constructor(map) {
		this.map = map;
	}

	/** All pairs that START takes. */
	async pairs() {
		return [...this.map].filter(([key]) => !isJournal(key));
	}

	/** All or nothing, and durable when the promise is kept. */
	async write(writes) {
		for (const [key, value] of writes)
			if (value === undefined) this.map.delete(key);
			else this.map.set(key, value);
	}

	/** Pairs whose keys are the prefix and a number in the range, those of the highest numbers first. */
	async page(prefix, first, last, most) {
		const found = [...this.map.keys()]
			.filter((key) => key.startsWith(prefix))
			.map((key) => [Number(key.slice(prefix.length)), key])
			.filter(([number]) => number >= first && number <= last)
			.sort(([a], [b]) => b - a);
		return { pairs: found.slice(0, most).map(([, key]) => [key, this.map.get(key)]), complete: found.length <= most };
	}
}

export class Host {
	#options;
	#core;
	#engine;
	#isOnline = false;
	#queue = Promise.resolve();
	#timer;
	#closed = false;

	/**
	 * `load` gives a core; `store` is as MapStore; `fetch` as in browsers; `base` is the mount point; `headers()` gives
	 * Authorization and so on; `show(effect)` is called with all that is to be shown, and with { type: "restarted" } when
	 * everything is to be shown anew. `config` is the engine's. Tests bring a clock of their own: `now`, `setTimeout`,
	 * `clearTimeout`, `random`.
	 */
	static async open(options) {
		const host = new Host();
		host.#options = { base: "/api", headers: () => ({}), show: () => {}, config: {}, now: Date.now,
			setTimeout: (call, ms) => setTimeout(call, ms), clearTimeout: (timer) => clearTimeout(timer), ...options };
		await host.#start();
		return host;
	}

	/** What the user sees, and of which revision; the engine's decisions and refused rows. */
	rows() { return this.#engine.rows(); }
	document() { return this.#engine.document(); }
	conflicts() { return this.#engine.conflicts(); }
	quarantine() { return this.#engine.quarantine(); }

	/** The network, once there are credentials. */
	online() { this.#isOnline = true; return this.#post({ type: "online" }); }
	offline() { this.#isOnline = false; return this.#post({ type: "offline" }); }
	signIn(account) { return this.#post({ type: "signIn", account }); }
	signOut() { return this.#post({ type: "signOut" }); }
	syncNow() { return this.#post({ type: "syncNow" }); }

	/**
	 * What the user does, on rows of a revision. Promises are kept when it is stored, and broken when it is refused, or when it is
	 * unknown whether it is stored: then the rows tell.
	 */
	edit(delta, revision) { return this.#post({ type: "edit", delta, revision }); }
	replace(document, revision) { return this.#post({ type: "replace", document, revision }); }
	undo(entry, note) { return this.#post({ type: "undo", entry, ...(note && { note }) }); }
	resolve(conflict, choice, { hunk, own } = {}) {
		return this.#post({ type: "resolve", conflict, choice, ...(hunk && { hunk }), ...(choice === "own" && { own }) });
	}

	/** The screen has the rows of this revision. */
	shown(revision) { return this.#post({ type: "shown", revision }); }

	/**
	 * What was, newest first: calls `visit` with each entry of the journal and all rows as they were before it, until it returns
	 * true.
	 */
	history(visit) {
		return this.#inTurn(async () => {
			let { rows } = this.#engine.rows();
			const { pairs } = await this.#options.store.page("journal/", 1, Number.MAX_SAFE_INTEGER, Infinity);
			for (const [key, body] of pairs) {
				rows = this.#core.apply(rows, this.#core.journalBack(body, rows), "rows");
				if (visit(Number(key.slice("journal/".length)), this.#core.journalEntry(body), rows)) return;
			}
		});
	}

	close() {
		this.#closed = true;
		this.#options.clearTimeout(this.#timer);
		this.#engine?.dispose();
		this.#engine = undefined;
	}

	#inTurn(call) {
		const turn = this.#queue.then(async () => {
			if (this.#closed) throw new Error("the host is closed");
			if (!this.#engine) await this.#restart();
			return call();
		});
		this.#queue = turn.catch(() => {});
		return turn;
	}

	/** An event of the world, or of the user; with it go the pages of the journal that it asks for. */
	#post(event) {
		return this.#inTurn(async () => {
			try {
				await this.#handle(event);
			} catch (error) {
				if (!isRefusal(error)) await this.#restart();
				throw error;
			}
		});
	}

	async #handle(event) {
		let result;
		for (const events = [event]; events.length > 0 && !this.#closed;) {
			const now = this.#options.now();
			const random = this.#options.random?.();
			for (const effect of this.#engine.handle({ ...events.shift(), now, ...(random && { random }) })) {
				if (effect.type === "load") events.push(await this.#load(effect));
				else await this.#carryOut(effect, now);
				if (effect.type === "result" && effect.about === event.type) result = effect;
				if (this.#closed) return;
			}
		}
		if (result?.error) throw Object.assign(new Error(result.detail), { error: result.error });
	}

	async #load({ id, prefix, first, last, most }) {
		const page = await this.#options.store.page(prefix, first, last, most).catch(() => ({ pairs: [], complete: false }));
		return { type: "loaded", id, ...page };
	}

	async #carryOut(effect, now) {
		if (effect.type === "store") await this.#options.store.write(effect.writes).catch(fail);
		else if (effect.type === "send") this.#send(effect);
		else if (effect.type === "wake") this.#wake(effect.at - now);
		else this.#options.show(effect);
	}

	#wake(afterMs) {
		this.#options.clearTimeout(this.#timer);
		this.#timer = this.#options.setTimeout(() => this.#report({ type: "tick" }),
			Math.min(Math.max(afterMs, 0), LONGEST_TIMER_MS));
	}

	async #send({ id, method, path, headers, body }) {
		let event;
		try {
			const response = await this.#options.fetch(this.#options.base + path,
				{ method, headers: { ...headers, ...this.#options.headers() }, body });
			const header = (name) => response.headers.get(name) ?? "";
			event = { type: "answer", request: id, status: response.status, body: await response.text(),
				retryAfter: header("Retry-After"), backoff: header("Backoff"), traceId: header("X-Trace-Id") };
		} catch (error) {
			event = { type: "failed", request: id, reason: String(error?.message ?? error) };
		}
		this.#report(event);
	}

	/** What nobody waits for: if it fails, the engine has been started again. */
	#report(event) {
		if (!this.#closed) this.#post(event).catch(() => {});
	}

	/** A new engine, in a new core, from the store. */
	async #start() {
		this.#core = await this.#options.load();
		const engine = this.#core.engine(this.#options.config);
		this.#engine = engine;
		try {
			await this.#handle({ type: "start", pairs: await this.#options.store.pairs() });
			if (this.#isOnline) await this.#handle({ type: "online" });
		} catch (error) {
			engine.dispose();
			this.#engine = undefined;
			throw error;
		}
	}

	async #restart() {
		this.#engine = undefined;
		await this.#start();
		this.#options.show({ type: "restarted" });
	}
}

/** Whether the engine goes on as if nothing had happened. Other errors are the store's, want of memory, or bugs. */
function isRefusal(error) {
	return typeof error?.error === "string" && error.error !== "internal" && error.error !== "unavailable";
}

/** An error of the store is no refusal, whatever it looks like. */
function fail(cause) {
	throw new Error("the store can't be written", { cause });
}
