#!/usr/bin/env python3
"""Pushes that concern many groups of siblings: the SQL store looks them up as lists, and order comes out as in memory."""
import time

import stack
import tap

LAST_RANK = "z" * 64


def order(document, kind, episode):
    found = [e for e in document["episodes"] if e["id"] == episode]
    return [row["id"] for row in found[0][kind]]


def project(episodes, shots=1):
    return {"fileName": "f", "episodes": [
        {"id": e, "scenes": [{"id": "a"}], "shots": [{"id": f"s{i}"} for i in range(shots)]} for e in range(episodes)]}


@tap.test
def new_rows_without_rank_go_last_in_each_of_their_groups():
    device = stack.shared().account().device()
    base = device.push(base=0, projectData=project(3, 2)).expect(200)["updatedAt"]
    device.push(base=base, delta={
        "shots": [{"episodeId": e, "id": i} for e in (2, 0, 7) for i in ("z", "b")],
        "scenes": [{"episodeId": 1, "id": "0"}], "episodes": [{"id": 7}], "characters": [{"id": "c"}],
    }).expect(200)
    document = device.document()
    tap.equal(order(document, "shots", 0), ["s0", "s1", "z", "b"])
    tap.equal(order(document, "shots", 1), ["s0", "s1"])
    tap.equal(order(document, "shots", 2), ["s0", "s1", "z", "b"])
    tap.equal(order(document, "shots", 7), ["z", "b"])
    tap.equal(order(document, "scenes", 1), ["a", "0"])
    tap.equal([e["id"] for e in document["episodes"]], [0, 1, 2, 7])


@tap.test
def full_groups_are_respaced_and_the_sender_is_told():
    device = stack.shared().account().device()
    base = device.push(base=0, projectData=project(2, 2)).expect(200)["updatedAt"]
    rows = [{"episodeId": e, "id": "full", "rank": LAST_RANK} for e in (0, 1)] + [{"id": "c", "rank": LAST_RANK}]
    base = device.push(base=base, delta={"shots": rows[:2], "locations": rows[2:]}).expect(200)["updatedAt"]
    answer = device.push(base=base, delta={
        "shots": [{"episodeId": e, "id": "new"} for e in (1, 0)], "locations": [{"id": "d"}]}).expect(200)
    document = device.document()
    for episode in (0, 1):
        tap.equal(order(document, "shots", episode), ["s0", "s1", "full", "new"])
    tap.equal([row["id"] for row in document["context"]["locations"]], ["c", "d"])
    tap.equal(len(answer["changes"]["shots"]), 8)
    tap.equal(len(answer["changes"]["locations"]), 2)
    assert all(len(row["rank"]) < 4 for row in answer["changes"]["shots"]), answer


@tap.test
def orphans_are_named_and_deleted_episodes_conflict_once():
    device = stack.shared().account().device()
    base = device.push(base=0, projectData=project(3)).expect(200)["updatedAt"]
    shots = [{"episodeId": e, "id": "new"} for e in (0, 50, 1, 51)]
    faults = device.push(base=base, delta={"shots": shots}).expect(422, "invalid")["faults"]
    tap.equal([fault["path"] for fault in faults], ["/delta/shots/1/episodeId", "/delta/shots/3/episodeId"])
    device.push(base=base, delta={"deleted": {"episodes": [1]}}).expect(200)
    late = [{"episodeId": e, "id": i} for e in (0, 1) for i in ("x", "y")]
    answer = device.push(base=base, onStale="rebase", delta={"shots": late}).expect(409, "conflict")
    tap.equal([(c["entity"], c["key"], c["deleted"]) for c in answer["conflicts"]], [("episodes", 1, True)])


@tap.test
def ten_thousand_groups_cost_a_few_statements():
    count = 10000
    device = stack.shared().account().device()
    base = device.push(base=0, projectData=project(count)).expect(200)["updatedAt"]
    begun = time.monotonic()
    base = device.push(base=base, delta={
        "shots": [{"episodeId": e, "id": "new"} for e in range(count)]}).expect(200)["updatedAt"]
    tap.note(f"a new shot in each of {count} episodes: {time.monotonic() - begun:.2f} s")
    begun = time.monotonic()
    device.push(base=base, delta={"deleted": {"episodes": list(range(1, count))}}).expect(200)
    tap.note(f"{count - 1} episodes deleted: {time.monotonic() - begun:.2f} s")
    document = device.document()
    tap.equal(len(document["episodes"]), 1)
    tap.equal(order(document, "shots", 0), ["s0", "new"])


if __name__ == "__main__":
    raise SystemExit(tap.main())
