"""What a project is, told once more in Python: an empty one, deltas applied to a document, and what the tables hold.

Written from the protocol, not from the server's code, so that both can be compared.
"""
import copy

USAGE = {"promptTokens": 0, "responseTokens": 0, "totalTokens": 0}
TALLY = {"total": 0, "success": 0, "error": 0}
TEXTS = ("fileName", "rawScript", "shotGuide", "soraGuide", "dramaGuide", "globalStyleGuide")
PHASES = ("projectSummary", "episodeSummaries", "charList", "charDeepDive", "locList", "locDeepDive")
ROW_TABLES = ("meta_fields", "episodes", "scenes", "shots", "characters", "locations")
TABLES = tuple("user_project_" + name for name in (*ROW_TABLES, "tombstones", "snapshots")) + ("user_sync_ops",)
NO_DIGEST = "0" * 32


def empty():
    """How a project that holds nothing reads."""
    return {
        **{name: "" for name in TEXTS},
        "context": {"projectSummary": "", "episodeSummaries": [], "characters": [], "locations": []},
        **{name: dict(USAGE) for name in ("contextUsage", "phase4Usage", "phase5Usage")},
        "phase1Usage": {name: dict(USAGE) for name in PHASES},
        "stats": {name: dict(TALLY) for name in ("context", "shotGen", "soraGen")},
        "episodes": [],
    }


def read(document):
    """A document as it reads back: absent project-level fields are filled in, episodes have their lists."""
    wanted = empty()
    context = document.get("context", {})
    wanted.update({k: copy.deepcopy(v) for k, v in document.items() if k != "context"})
    wanted["context"].update(copy.deepcopy(context))
    for episode in wanted["episodes"]:
        episode.setdefault("scenes", [])
        episode.setdefault("shots", [])
    return wanted


def _put(rows, row):
    for i, old in enumerate(rows):
        if old["id"] == row["id"]:
            kept = {name: old[name] for name in ("scenes", "shots") if name in old}
            rows[i] = {**row, **kept}
            return
    rows.append(row)


def _remove(rows, row_id):
    rows[:] = [row for row in rows if row["id"] != row_id]


def _apply_meta(level, blank, fields):
    for name, value in fields.items():
        if value is not None:
            level[name] = copy.deepcopy(value)
        elif name in blank:
            level[name] = blank[name]
        else:
            level.pop(name, None)


def apply(document, delta):
    """The document after a delta without ranks: changed rows stay in their places, new ones go last."""
    result, blank = copy.deepcopy(document), empty()
    meta = dict(delta.get("meta", {}))
    _apply_meta(result["context"], blank["context"], meta.pop("context", {}))
    _apply_meta(result, blank, meta)
    episodes, deleted = result["episodes"], delta.get("deleted", {})
    for row_id in deleted.get("episodes", []):
        _remove(episodes, row_id)
    for row in delta.get("episodes", []):
        _put(episodes, {**copy.deepcopy(row)})
        episodes[-1].setdefault("scenes", [])
        episodes[-1].setdefault("shots", [])
    by_id = {episode["id"]: episode for episode in episodes}
    for name, key in (("scenes", "sceneId"), ("shots", "shotId")):
        for row in deleted.get(name, []):
            if row["episodeId"] in by_id:
                _remove(by_id[row["episodeId"]][name], row[key])
        for row in delta.get(name, []):
            _put(by_id[row["episodeId"]][name], {k: copy.deepcopy(v) for k, v in row.items() if k != "episodeId"})
    for name in ("characters", "locations"):
        for row_id in deleted.get(name, []):
            _remove(result["context"][name], row_id)
        for row in delta.get(name, []):
            _put(result["context"][name], copy.deepcopy(row))
    return result


def small(episodes=2, scenes=2, shots=3):
    """A project with something in each collection."""
    return {
        "fileName": "small.txt", "rawScript": "INT. HOUSE - DAY\n\nNobody.", "shotGuide": "wide",
        "context": {"projectSummary": "A house.", "episodeSummaries": [{"episodeId": 1, "summary": "Nobody."}],
                    "characters": [{"id": "c1", "name": "ANN", "isMain": True, "forms": [{"formName": "young"}]},
                                   {"id": "c2", "name": "BOB"}],
                    "locations": [{"id": "l1", "name": "House", "type": "core"}, {"id": "l2", "name": "Quay"}]},
        "contextUsage": {"promptTokens": 1, "responseTokens": 2, "totalTokens": 3},
        "episodes": [{"id": e, "title": f"Episode {e}", "content": "…", "status": "pending",
                      "scenes": [{"id": f"{e}-{s}", "title": f"Scene {s}", "content": "Text."}
                                 for s in range(1, scenes + 1)],
                      "shots": [{"id": f"{e}-1-{s}", "duration": "3s", "description": f"Shot {s}", "difficulty": s % 11}
                                for s in range(1, shots + 1)]} for e in range(1, episodes + 1)],
    }


SHOT = {"episodeId": 1, "id": "1-1-1", "duration": "9s"}  # a shot of small(), changed


class Tables:
    """What the database holds of one account's project."""

    def __init__(self, account):
        self.database = account.stack.database
        self.project = int(self.database.value("SELECT project_id FROM user_project_meta JOIN users USING (user_id) "
                                               f"WHERE email = '{account.email}'"))

    def sql(self, statement):
        """`{p}` in the statement is the condition on the project."""
        return self.database.sql(statement.replace("{p}", f"project_id = {self.project}"))

    def value(self, statement):
        return self.sql(statement)[0][0]

    def counts(self):
        """Rows of each table, by its name."""
        query = " UNION ALL ".join(f"SELECT '{table}', COUNT(*) FROM {table} WHERE {{p}}" for table in TABLES)
        return {table: int(count) for table, count in self.sql(query)}

    def state(self):
        """All that a refused request must leave alone: the counts, and the head row with version, digest and totals."""
        return self.counts(), self.sql(
            "SELECT updated_at, HEX(digest), meta_rows, episode_rows, scene_rows, shot_rows, character_rows, "
            "location_rows, data_bytes, tombstones_from, history_rows FROM user_project_meta WHERE {p}")

    def versions(self):
        """(table, key) → (rank, updated_at) of every row."""
        keys = {"meta_fields": "field", "episodes": "episode_id", "scenes": "CONCAT(episode_id, '/', scene_id)",
                "shots": "CONCAT(episode_id, '/', shot_id)", "characters": "character_id", "locations": "location_id"}
        query = " UNION ALL ".join(
            f"SELECT '{name}', {key}, {repr('') if name == 'meta_fields' else '`rank`'}, updated_at "
            f"FROM user_project_{name} WHERE {{p}}" for name, key in keys.items())
        return {(row[0], row[1]): (row[2], int(row[3])) for row in self.sql(query)}


def first_difference(found, expected, path=""):
    """Where two JSON values differ, and how; None where they don't."""
    if type(found) is type(expected) and isinstance(found, (dict, list)):
        keys = sorted({*found, *expected}, key=str) if isinstance(found,
                                                                  dict) else range(max(len(found), len(expected)))
        for key in keys:
            sides = [value.get(key, "absent") if isinstance(value, dict) else (*value[key:key + 1], "absent")[0]
                     for value in (found, expected)]
            difference = first_difference(*sides, f"{path}/{key}")
            if difference:
                return difference
    return None if found == expected else f"at {path}: found {str(found)[:300]!r}, expected {str(expected)[:300]!r}"


def same(found, expected, what="document"):
    """Fails with the first difference: whole projects are too much to read."""
    assert found == expected, f"{what} {first_difference(found, expected)}"
