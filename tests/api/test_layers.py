#!/usr/bin/env python3
"""The rules of layers.py hold, and each check complains about a planted breach. Needs a compiler, no server."""
import atexit
import collections
import concurrent.futures
import os
import shlex
import shutil
import subprocess
import tempfile

import layers
import tap

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.path.abspath(os.environ.get("SLATESYNC_BUILD", "."))
PACKAGES = ("jansson", "libmariadb", "libxxhash", "libzstd", "libsodium", "libargon2", "fcgi")


class Plant:
    """A copy of the sources, in which something is wrong until the end of a `with`. One copy serves all tests."""

    root = None

    def __init__(self):
        self.before = {}
        if not Plant.root:
            Plant.root = tempfile.mkdtemp(prefix="slatesync-layers-")
            atexit.register(shutil.rmtree, Plant.root)
            for folder in ("src", "sql", "tests"):
                shutil.copytree(os.path.join(ROOT, folder), os.path.join(Plant.root, folder),
                                ignore=shutil.ignore_patterns("__pycache__", "*.o"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for path, text in self.before.items():
            if text is None:
                os.remove(path)
            else:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)

    def add(self, path, text, first=False):
        """Adds text at the end of a file, which may be new, or at its start; returns the number of its first line."""
        path = os.path.join(self.root, path)
        old = layers.read(path) if os.path.exists(path) else None
        self.before.setdefault(path, old)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n" + (old or "") if first else (old or "") + text + "\n")
        return 1 if first else (old or "").count("\n") + 1


def breach(check, path, text, word):
    """Plants one breach; the check must complain about it, where it is, and about nothing else."""
    with Plant() as plant:
        line = plant.add(path, text)
        found = check(plant.root)
    assert all(fault.startswith(f"{path}:{line}: ") for fault in found), (path, text, found)
    assert any(word in fault for fault in found), (path, text, found)


@tap.test
def the_sources_keep_the_rules():
    assert len(layers.sources(ROOT)) > 80
    for check in layers.CHECKS:
        found = check(ROOT)
        assert not found, "\n".join([check.__name__] + found)


@tap.test
def includes_across_layers_are_noticed():
    for path, text, word in (
            ("src/core/base/rank.c", "#include <mysql.h>", "the core includes"),
        ("src/core/base/rank.h", "#include <time.h>", "the core includes"),
            ("src/core/base/rank.h", '#include "server/log.h"', "the core includes"),
        ("src/core/base/rank.c", "# include <unistd.h>", "the core includes"),
            ("src/server/log.c", "#include <mysql.h>", "for the database rooms"),
        ("src/server/push.c", "#include <errmsg.h>", "for the database"),
            ("src/server/db.c", "#include <fcgiapp.h>", "for the http rooms"),
        ("src/server/worker.h", "#include <fcgiapp.h>", "for the http rooms"),
            ("src/server/http.c", '#include "server/db.h"', "an http room"),
        ("src/server/stmt.c", '#include "server/http.h"', "a database or store"),
            ("src/server/history.c", '#include "server/api.h"', "a database or store"),
        ("src/server/log.h", '#include "db.h"', "without its layer")):
        breach(layers.check_includes, path, text, word)
    with Plant() as plant:
        plant.add("src/server/clock.h", '#include "server/stmt.h"')
        found = layers.check_includes(plant.root)
    assert any("api_project.c" in line and "reaches mysql.h" in line for line in found), found


@tap.test
def comments_and_literals_are_no_breaches():
    with Plant() as plant:
        plant.add("src/core/base/rank.c",
                  '/*\n#include <mysql.h>\nstrcpy(a, b);\n*/ // sprintf(x)\n'
                  'static const char *const words[] = { "gets(x)" };')
        plant.add("src/server/log.c",
                  '/* "SELECT a FROM b" */ static const char *const text = "select a language, set it where you like";')
        found = [line for check in layers.CHECKS for line in check(plant.root)]
    tap.equal(found, [])


@tap.test
def rooms_of_the_core_include_only_rooms_before_them():
    for path, other in (
            ("base/rank.c", "json/write.h"), ("base/rank.h", "rows/row.h"), ("json/parse.c", "schema/schema.h"),
            ("schema/faults.h", "rows/row.h"), ("rows/row.h", "delta/delta.h"), ("rows/digest.c", "text/merge.h"),
            ("delta/apply.c", "merge/merge.h"), ("delta/delta.h", "commit/commit.h"), ("text/merge.c", "json/parse.h"),
            ("text/tokens.h", "rows/row.h"), ("merge/list.c", "engine/engine.h"), ("merge/rules.h", "commit/store.h"),
            ("commit/judge.c", "merge/merge.h"), ("commit/store.h", "engine/engine.h"),
            ("commit/commit.h", "text/merge.h"), ("engine/step.c", "commit/commit.h")):
        breach(layers.check_core_rooms, f"src/core/{path}", f'#include "core/{other}"',
               f"{path.split('/')[0]} includes {other.split('/')[0]}")
    breach(layers.check_core_rooms, "src/core/attic/planted.c", "#include <string.h>", "nobody said what attic may")


@tap.test
def circles_are_noticed():
    for what, path, text, circle in (
            ("headers", "src/core/base/slice.h", '#include "core/rows/rowset.h"', ("base/slice.h", "rows/rowset.h")),
            ("headers", "src/server/clock.h", '#include "server/db.h"', ("server/clock.h", "server/db.h")),
            ("files", "src/core/base/buf.c", '#include "core/base/planted.h"', ("core/base/buf", "core/base/planted")),
            ("folders", "src/core/base/utf8.c", '#include "core/json/number.h"', ("core/base", "core/json"))):
        with Plant() as plant:
            plant.add("src/core/base/planted.h", '#include "core/base/buf.h"')
            plant.add("src/server/db.h", '#include "server/clock.h"')
            tap.equal(layers.check_cycles(plant.root), [])
            plant.add(path, text)
            found = layers.check_cycles(plant.root)
        assert any(f"a circle of {what}: " in fault and all(f"{name} → " in fault for name in circle)
                   for fault in found), (circle, found)


@tap.test
def unsorted_includes_and_names_of_no_file_are_noticed():
    with Plant() as plant:
        plant.add("src/core/base/planted.c", '#include <string.h>\n#include <stdlib.h>')
        plant.add("src/core/base/rank.c", '#include "core/base/arena.h"\n', first=True)
        plant.add("src/core/base/buf.h", '#include "core/base/utf8.h"\n#include "core/base/error.h"')
        found = layers.check_include_order(plant.root)
    tap.equal([os.path.basename(fault) for fault in found],
              ["buf.h:77: includes aren't sorted", "planted.c:1: includes aren't sorted",
               "rank.h doesn't come first, alone"], found)
    breach(layers.check_names, "src/core/base/rank.c", "/* see core/base/planted.h and rank.h */", "no core/base/planted.h")


@tap.test
def banned_calls_are_noticed():
    breach(layers.check_calls, "src/server/log.c", "static void planted(void) { sprintf (0); }", "sprintf is banned")
    with Plant() as plant:
        for name in layers.BANNED + layers.BANNED_IN_CORE:
            plant.add("src/core/base/rank.c", f"static void planted_{name}(void) {{ {name}(0); }}")
        plant.add("src/core/base/rank.c",
                  "static void fine(void) { snprintf(0); my_strcpy(0); a.system(0); a->time(0); strcpy_s(0); }")
        plant.add("src/server/log.c", "static void fine(void) { printf(0); fopen(0); }")
        found = layers.check_calls(plant.root)
    tap.equal(len(found), len(layers.BANNED + layers.BANNED_IN_CORE), found)


@tap.test
def state_of_the_core_is_noticed():
    for text in ("static int counter;", "static struct sl_arena *last = NULL;", "int shared = 5;",
                 "static char text[20];", "static unsigned long long n, m;",
                 "struct sl_buf kept = { 0 };"):
        breach(layers.check_globals, "src/core/base/rank.c", text, "a variable at file scope")
    with Plant() as plant:
        plant.add("src/core/base/rank.c",
                  "static const int table[] = { 1 };\nstatic const struct sl_str none = { 0 };\n"
                  "static int helper(int x);\nstruct later;\nint fine(void) { int local = 1; return local; }")
        tap.equal(layers.check_globals(plant.root), [])


@tap.test
def statements_in_literals_are_noticed():
    for text in ("SELECT 1", "INSERT INTO t VALUES (1)", "UPDATE t SET a = ?", "DELETE FROM t", "delete from t",
                 "select a from b", "DROP TABLE users", " WHERE id = ",
                 "CREATE TABLE x (y INT)", "insert into t values (1)", "update t set a = 1", "SET NAMES utf8"):
        breach(layers.check_sql, "src/server/push.c", f'static const char *const planted = "{text}";',
               "SQL in a literal")
    for path in ("connection", "db", "migrate", "tx"):
        breach(layers.check_sql, f"src/server/{path}.c", 'static const char *const planted = "SELECT %s FROM users";',
               "SQL in a literal")


@tap.test
def unused_statements_and_unlisted_files_are_noticed():
    breach(layers.check_statements, "sql/statements/users.sql", "-- name: planted\nSELECT 1;", "nothing runs planted")
    breach(layers.check_statements, "sql/statements/rows.sql", "-- name: shots_planted\nSELECT 1;",
           "nothing runs shots_planted")
    for path in ("src/core/base/planted.c", "src/core/base/planted.h", "src/server/planted.def", "tests/api/test_planted.py",
                 "tests/unit/base/test_planted.c"):
        breach(layers.check_lists, path, "", "stands in no files.am")
    breach(layers.check_sizes, "src/core/base/planted.c", "\n" * 501, "lines")


def compile_text(text, root=ROOT, compilers=("gcc", "clang")):
    """What the compilers that are there say to a file of C that is given as text."""
    done = [subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                            "-I" + os.path.join(root, "src"), *flags(), "-x", "c", "-"], input=text, text=True,
                           capture_output=True, check=False) for compiler in compilers if shutil.which(compiler)]
    return [result.stderr for result in done if result.returncode != 0] if done else ["no compiler"]


def compile_headers(names, root=ROOT, compilers=("gcc", "clang")):
    text = "".join(f'#include "{name}"\n' for name in names)
    return [f"{names[0]}: {fault}" for fault in compile_text(text, root, compilers)]


_flags = None


def flags():
    global _flags  # pylint: disable=global-statement
    if _flags is None:
        found = subprocess.run(["pkg-config", "--cflags", *PACKAGES], capture_output=True, text=True, check=False)
        if found.returncode != 0:  # some packages have no .pc file everywhere
            found = subprocess.run(["pkg-config", "--cflags", *PACKAGES[:5]], capture_output=True, text=True,
                                   check=True)
        _flags = ["-D_GNU_SOURCE", '-DSL_VERSION=""', '-DSL_SYSCONFDIR=""', '-DSL_RUNSTATEDIR=""',
                  "-I" + os.path.join(BUILD, "src"), "-I" + BUILD, *shlex.split(found.stdout)]
    return _flags


def headers_of(root):
    return [os.path.relpath(path, f"{root}/src") for path in layers.sources(root) if path.endswith(".h")]


class Orders:
    """The orders of includes in which the texts of any two headers follow each other both ways, as far as the headers
    that they include themselves allow."""

    def __init__(self, root):
        self.inner = {name: [other for _, other, quoted in layers.includes_of(f"{root}/src/{name}") if quoted]
                      for name in headers_of(root)}
        self.reached = {name: layers.reached(root, f"{root}/src/{name}") for name in self.inner}

    def texts(self, names):
        """What a compiler that includes these headers reads, in order; each header once, its own includes first."""
        seen = {}

        def visit(name):
            if name in self.inner and name not in seen:
                seen[name] = None
                for other in self.inner[name]:
                    visit(other)
                seen[name] = len(order)
                order.append(name)
        order = []
        for name in names:
            visit(name)
        return order

    def all(self):
        names, orders = sorted(self.inner), []
        missing = {(a, b) for a in names for b in names if a != b and b not in self.reached[a]}
        while missing:
            behind = collections.Counter(first for first, _ in missing)
            orders.append(sorted(names, key=lambda name: (-behind[name], name)))
            texts = self.texts(orders[-1])
            found = {(a, b) for i, a in enumerate(texts) for b in texts[i + 1:]} & missing
            assert found, "no order brings " + " before ".join(min(missing))
            missing -= found
        return orders


def all_pairs(root, compilers=("gcc", "clang")):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [fault for found in pool.map(lambda order: compile_headers(order, root, compilers), Orders(root).all())
                for fault in found]


@tap.test
def headers_compile_alone_and_twice():
    headers = headers_of(ROOT)
    flags()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for found in pool.map(lambda name: compile_headers([name, name]), headers) for fault in found]
    assert len(headers) > 40 and not faults, "\n".join(faults)[:4000]


@tap.test
def case_31_any_two_headers_compile_together_in_both_orders():
    orders = Orders(ROOT).all()
    tap.note(f"{len(orders)} orders of {len(orders[0])} headers")
    faults = all_pairs(ROOT)
    assert not faults, "\n".join(faults)[:4000]


@tap.test
def headers_that_clash_are_noticed():
    for header, text, word in (("src/core/base/planted.h", "struct sl_place { int x; };", "sl_place"),
                               ("src/core/base/aaaa.h", "#define sl_rowset_next(set) NULL", "sl_rowset_next"),
                               ("src/server/zzzz.h", "#define sl_rowset_next(set) NULL", "sl_rowset_next")):
        with Plant() as plant:
            plant.add(header, f"#ifndef PLANTED\n#define PLANTED\n{text}\n#endif")
            faults = all_pairs(plant.root, ("gcc",))
        assert faults and all(word in fault for fault in faults), (header, faults)


if __name__ == "__main__":
    raise SystemExit(tap.main())
