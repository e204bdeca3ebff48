"""A tiny TAP runner for tests against real programs (Test Anything Protocol, version 13).

A test is a function marked with @tap.test; its name, with blanks for underscores, is the test's name. It fails by raising
(assert does). tap.skip(reason) skips it. tap.main() runs all, or those whose name contains one of the arguments.
"""
import sys
import time
import traceback

_tests = []


class Skip(Exception):
    pass


def test(function):
    _tests.append(function)
    return function


def skip(reason):
    raise Skip(reason)


def note(text):
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def equal(got, wanted, what=""):
    assert got == wanted, f"{f'{what}: ' if what else ''}got {got!r}, wanted {wanted!r}"


def contains(text, part):
    assert part in text, f"{part!r} is missing in {text!r}"


def _run(number, function, arguments):
    name = function.__name__.replace("_", " ")
    begun = time.monotonic()
    try:
        function(*arguments)
    except Skip as reason:
        print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        return True
    except BaseException as fault:
        print(f"not ok {number} - {name}", flush=True)
        note(traceback.format_exc())
        if isinstance(fault, KeyboardInterrupt):
            raise
        return False
    print(f"ok {number} - {name} # {time.monotonic() - begun:.2f} s", flush=True)
    return True


def main(*arguments):
    """Runs the tests, each with `arguments`, and returns the exit status."""
    wanted = sys.argv[1:]
    chosen = [f for f in _tests if not wanted or any(w in f.__name__ for w in wanted)]
    print(f"TAP version 13\n1..{len(chosen)}", flush=True)
    failed = [f for i, f in enumerate(chosen, 1) if not _run(i, f, arguments)]
    if failed:
        note(f"{len(failed)} of {len(chosen)} failed")
    return 1 if failed or not chosen else 0
