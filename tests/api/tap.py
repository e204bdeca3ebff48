"""A tiny test runner that prints TAP: tests are functions, each registered with @test, run in order by main().

A test's name, with blanks for underscores, is what its line says. It fails by raising (assert does). Arguments of the
command line choose the tests whose name contains one of them.
"""
import sys
import time
import traceback

_tests = []


class Skip(Exception):
    """Raised by a test that can't run here; says why."""


def test(function):
    """Registers a test."""
    _tests.append(function)
    return function


def skip(reason):
    raise Skip(reason)


def note(text):
    """A comment in the output."""
    for line in str(text).rstrip().splitlines():
        print("# " + line, flush=True)


def equal(found, expected, what="value"):
    assert found == expected, f"{what}: found {found!r}, expected {expected!r}"


def contains(text, part):
    assert part in text, f"{part!r} is missing in {text!r}"


def wait_for(condition, what, seconds=10.0):
    """Calls `condition` until it returns something true, which is returned; fails when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.005)


def _run(number, function, arguments):
    name = function.__name__.replace("_", " ")
    begun = time.monotonic()
    try:
        function(*arguments)
    except Skip as reason:
        print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        return True
    except Exception:  # pylint: disable=broad-except
        print(f"not ok {number} - {name}", flush=True)
        note(traceback.format_exc())
        return False
    print(f"ok {number} - {name}", flush=True)
    note(f"{time.monotonic() - begun:.2f} s")
    return True


def main(*arguments):
    """Runs the chosen tests, each with `arguments`, and ends the program: status 0 when all passed."""
    wanted = sys.argv[1:]
    chosen = [t for t in _tests if not wanted or any(w in t.__name__ for w in wanted)]
    print(f"1..{len(chosen)}", flush=True)
    passed = [_run(number, t, arguments) for number, t in enumerate(chosen, 1)]
    sys.exit(0 if chosen and all(passed) else 1)
