"""A tiny test runner: runs a module's test_* functions in order and prints TAP.

A test fails by raising (assert, or anything else); it calls skip(reason) when it can't run here. What a test prints
while it runs becomes comment lines. Arguments are parts of names: only tests whose name contains one of them run.
"""
import contextlib
import io
import sys
import traceback


class Skip(Exception):
    pass


def skip(reason):
    raise Skip(reason)


def comment(text):
    for line in text.splitlines():
        print("#", line)


def run_one(number, name, function):
    printed = io.StringIO()
    verdict, note = "ok", ""
    try:
        with contextlib.redirect_stdout(printed):
            function()
    except Skip as reason:
        note = f" # SKIP {reason}"
    except Exception:  # a failing test must not end the others
        verdict = "not ok"
        printed.write(traceback.format_exc())
    print(f"{verdict} {number} - {name}{note}")
    comment(printed.getvalue())
    sys.stdout.flush()
    return verdict == "ok"


def run(names, tear_down=None):
    """Runs the test_* functions of `names` (a module's globals()) and ends the program: 1 if any failed."""
    wanted = sys.argv[1:]
    tests = [(name[len("test_"):], value) for name, value in names.items() if name.startswith("test_")]
    if wanted:
        tests = [test for test in tests if any(part in test[0] for part in wanted)]
    print(f"1..{len(tests)}", flush=True)
    try:
        passed = [run_one(number, *test) for number, test in enumerate(tests, 1)]
    finally:
        if tear_down:
            tear_down()
    sys.exit(0 if all(passed) else 1)
