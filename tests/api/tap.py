"""A tiny test runner that prints TAP: tests are functions, each registered with @test, run in order by main()."""
import sys
import time
import traceback

_tests = []


class Skip(Exception):
    """Raised by a test that can't run here; says why."""


def test(function):
    """Registers a test; its docstring or name is what the result line says."""
    _tests.append(function)
    return function


def name_of(function):
    return function.__name__.replace("_", " ")


def wait_for(condition, what, seconds=10.0):
    """Calls `condition` until it returns something true, which is returned; fails when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.005)


def equal(found, expected, what="value"):
    assert found == expected, f"{what}: found {found!r}, expected {expected!r}"


def main():
    wanted = sys.argv[1:]
    chosen = [t for t in _tests if not wanted or any(w in t.__name__ for w in wanted)]
    failures = 0
    print(f"1..{len(chosen)}", flush=True)
    for number, function in enumerate(chosen, 1):
        try:
            function()
            print(f"ok {number} - {name_of(function)}", flush=True)
        except Skip as why:
            print(f"ok {number} - {name_of(function)} # SKIP {why}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failures += 1
            print(f"not ok {number} - {name_of(function)}", flush=True)
            for line in traceback.format_exc().rstrip().splitlines():
                print(f"# {line}", flush=True)
    sys.exit(1 if failures else 0)
