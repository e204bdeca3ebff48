#!/usr/bin/env python3
"""sql/generate.awk: what it makes of statements and migrations, and what it refuses. Runs each installed awk."""
import os
import shutil
import subprocess
import tempfile

import tap

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "sql", "generate.awk")
AWKS = [awk.split() for awk in ("awk", "gawk --posix", "mawk", "original-awk", "busybox awk")
        if shutil.which(awk.split()[0])]


def generate(mode, *files):
    """Runs the generator over (name, text) pairs; returns its status, output and error, the same with each awk."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in files:
            with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
                out.write(text)
        command = ["-f", SCRIPT, "mode=" + mode, *[name for name, _ in files]]
        runs = [subprocess.run([*awk, *command], cwd=directory, capture_output=True, text=True, check=False)
                for awk in AWKS]
    results = [(run.returncode, run.stdout, run.stderr) for run in runs]
    for awk, result in zip(AWKS, results):
        tap.equal(result, results[0], " ".join(awk))
    return results[0]


@tap.test
def statements_keep_their_order_over_files():
    status, out, _ = generate("enum", ("b.sql", "-- name: second\nSELECT 1;\n-- name: first\nSELECT 2;\n"),
                              ("a.sql", "-- about\n\n-- name: third\nSELECT 3"))
    tap.equal(status, 0)
    names = [line.strip() for line in out.splitlines() if "SL_SQL_" in line]
    tap.equal(names, ["SL_SQL_SECOND,", "SL_SQL_FIRST,", "SL_SQL_THIRD,", "SL_SQL_COUNT"])


@tap.test
def text_is_escaped_and_comments_are_stripped():
    text = "-- name: a\n-- why\nSELECT \"x\\y\", '??/',\n\t-- here too\n\n\t? FROM `t`;\n"
    status, out, _ = generate("table", ("a.sql", text))
    tap.equal(status, 0)
    tap.contains(out, '{ "a",\n\t"SELECT \\"x\\\\y\\", \'\\?\\?/\', "\n\t" \\? FROM `t`" },\n')
    assert "why" not in out and "here too" not in out


@tap.test
def faulty_statements_are_refused_with_their_place():
    for text, reason in [("SELECT 1;\n", "a.sql:1: text before"), ("-- name: a\n-- name: b\nSELECT 1;\n", "a is empty"),
                         ("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n", "a.sql:3: statement a is defined twice"),
                         ("-- name: Bad\nSELECT 1;\n", "a.sql:1"), ("-- name:\nSELECT 1;\n", "a.sql:1"),
                         ("-- name: a b\nSELECT 1;\n", "a.sql:1"), ("-- name: a\n", "a is empty"),
                         ("-- name: a\nSELECT 1;\nSELECT 2;\n", "a.sql:3: statement a goes on")]:
        for mode in ["enum", "table"]:
            status, _, err = generate(mode, ("a.sql", text))
            tap.equal(status, 1, text)
            tap.contains(err, reason)


@tap.test
def migrations_become_steps():
    status, out, _ = generate("steps", ("0001_one.sql", "-- a\nA (\n\tb\n);\nC;\n"), ("0002_two_more.sql", "D;\n"))
    tap.equal(status, 0)
    tap.contains(out, '{ 1, "one",\n\t"A (\\n"\n\t" b\\n"\n\t")" },\n{ 1, "one",\n\t"C" },\n'
                 '{ 2, "two_more",\n\t"D" },\n')


@tap.test
def faulty_migrations_are_refused():
    for files in [[("0001_a.sql", "A\n")], [("0002_a.sql", "A;\n")], [("0001_a.sql", "A;\n"), ("0003_c.sql", "C;\n")],
                  [("1_a.sql", "A;\n")], [("0001_a.sql", "A\n"), ("0002_b.sql", "B;\n")]]:
        status, _, err = generate("steps", *files)
        tap.equal(status, 1, str(files))
        assert err


if __name__ == "__main__":
    tap.main()
