#!/usr/bin/env python3
"""The rules of layers.py hold, and each check complains about a planted breach. Needs a compiler, no server."""
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
    """A copy of the sources in which something is wrong."""

    def __enter__(self):
        self.root = tempfile.mkdtemp(prefix="slatesync-layers-")
        for folder in ("src", "sql", "tests"):
            shutil.copytree(os.path.join(ROOT, folder), os.path.join(self.root, folder),
                            ignore=shutil.ignore_patterns("__pycache__", "*.o"))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def add(self, path, text):
        """Appends text to a file, which may be new; returns the number of the first line that was added."""
        path = os.path.join(self.root, path)
        line = layers.read(path).count("\n") + 1 if os.path.exists(path) else 1
        with open(path, "a", encoding="utf-8") as file:
            file.write(text + "\n")
        return line


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
def circles_of_headers_are_noticed():
    with Plant() as plant:
        plant.add("src/core/base/slice.h", '#include "core/rows/rowset.h"')
        found = layers.check_cycles(plant.root)
    assert found and "core/base/slice.h → core/rows/rowset.h" in " ".join(found).replace("src/", ""), found


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


def compile_alone(header):
    """Twice in one file, before anything else."""
    layer = os.path.relpath(header, os.path.join(ROOT, "src"))
    text = f'#include "{layer}"\n#include "{layer}"\n'
    done = []
    for compiler in filter(shutil.which, ("gcc", "clang")):
        done.append(subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *flags(),
                                    "-x", "c", "-"], input=text, text=True,
                                   capture_output=True, check=False))
    return [f"{layer}: {result.stderr}" for result in done if result.returncode != 0] if done else ["no compiler"]


_flags = None


def flags():
    global _flags  # pylint: disable=global-statement
    if _flags is None:
        found = subprocess.run(["pkg-config", "--cflags", *PACKAGES], capture_output=True, text=True, check=False)
        if found.returncode != 0:  # some packages have no .pc file everywhere
            found = subprocess.run(["pkg-config", "--cflags", *PACKAGES[:5]], capture_output=True, text=True,
                                   check=True)
        _flags = ["-D_GNU_SOURCE", '-DSL_VERSION=""', '-DSL_SYSCONFDIR=""', '-DSL_RUNSTATEDIR=""',
                  "-I" + os.path.join(ROOT, "src"),
                  "-I" + os.path.join(BUILD, "src"), "-I" + BUILD, *shlex.split(found.stdout)]
    return _flags


@tap.test
def headers_compile_alone_and_twice():
    headers = [path for path in layers.sources(ROOT) if path.endswith(".h")]
    flags()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for found in pool.map(compile_alone, headers) for fault in found]
    assert len(headers) > 40 and not faults, "\n".join(faults)[:4000]


if __name__ == "__main__":
    raise SystemExit(tap.main())
