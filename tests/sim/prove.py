"""The proof of the simulator: plants known faults and shows which seed catches each, and by which invariant.

A fault is a patch under faults/, whose first line says what it is. Each is applied to a copy of the sources; what it touches
is compiled with the flags of the build and linked before the core and the rooms of the simulator, so the product has no line
for it. A patch that doesn't fit exactly any more (but for moved lines), doesn't compile, or isn't caught, is a failure.

`make` writes the script `prove` beside `run`, which calls this with the build's commands in its environment.
"""

import argparse
import concurrent.futures
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

SEEDS = 2000  # a fault that none of so many catches is not caught
SKEWS = 4     # as `run` has it by default: every so many seeds run again with other clocks
SECONDS = 900 # that no fault's seeds may take
COPIED = ("src/core", "tests/sim", "tests/unit/commit")
SOURCE = os.environ["SIM_SOURCE"]
BUILD = os.environ["SIM_BUILD"]
FAULTS = f"{SOURCE}/tests/sim/faults"


class Unproven(Exception):
    """Why a fault proves nothing."""


def call(command, **options):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                              timeout=SECONDS, check=False, **options)
    except subprocess.TimeoutExpired:
        raise Unproven(f"takes more than {SECONDS} s") from None


def copy_sources(folder):
    """The copies can be written even where the sources can't."""
    for top in COPIED:
        for path in glob.glob(f"{SOURCE}/{top}/**/*.[chd]*", recursive=True):
            copy = f"{folder}/{os.path.relpath(path, SOURCE)}"
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copyfile(path, copy)


def apply(patch, folder):
    """Returns the files that the patch touches."""
    done = call(["patch", "--strip=1", "--fuzz=0", "--forward", "--batch", "--no-backup-if-mismatch", "-d", folder, "-i", patch])
    if done.returncode:
        raise Unproven("does not apply: " + done.stdout.strip().replace("\n", "; "))
    with open(patch, encoding="utf-8") as file:
        return re.findall(r"^\+\+\+ b/(\S+)", file.read(), re.MULTILINE)


def compile_one(path, folder):
    made = f"{folder}/{path}.o"
    command = shlex.split(os.environ["SIM_CC"]) + [f"-I{folder}/src", f"-I{folder}/tests"]
    done = call(command + shlex.split(os.environ["SIM_FLAGS"]) + ["-c", f"{folder}/{path}", "-o", made], cwd=BUILD)
    if done.returncode:
        raise Unproven(f"{path} does not compile: {done.stdout.strip()}")
    return made


def build(patch, folder):
    """The simulator with the fault in it. A header concerns every file that may include it."""
    copy_sources(folder)
    touched = apply(patch, folder)
    sources = {path for path in touched if path.endswith(".c")}
    if len(sources) < len(touched):
        copies = glob.glob(f"{folder}/src/core/**/*.c", recursive=True) + glob.glob(f"{folder}/tests/sim/*.c")
        sources = {os.path.relpath(path, folder) for path in copies}
    objects = [compile_one(path, folder) for path in sorted(sources | {"tests/sim/run.c"})]
    program = f"{folder}/run"
    libraries = ["tests/sim/libsim.a", "src/core/libcore.a"] + shlex.split(os.environ["SIM_LIBS"])
    done = call(shlex.split(os.environ["SIM_LINK"]) + ["-o", program] + objects + libraries, cwd=BUILD)
    if done.returncode:
        raise Unproven(f"does not link: {done.stdout.strip()}")
    return program


def run_seeds(program, first, count):
    """The first seed that breaks something, and the invariant; None: all hold."""
    done = call([program, "--first", str(first), "--seeds", str(count), "--skews", str(SKEWS), "--jobs", "1", "--whole"])
    found = re.search(r"^seed (\d+) breaks ([\w-]+)", done.stdout, re.MULTILINE)
    if found:
        return int(found[1]), found[2]
    if done.returncode:
        raise Unproven(f"exit status {done.returncode}: {done.stdout.strip()[-300:]}")
    return None


def catch(patch):
    """The first seed that breaks something, and holds without the fault."""
    with tempfile.TemporaryDirectory(prefix="slatesync-fault-") as folder:
        program = build(patch, folder)
        first = 1
        while first <= SEEDS and (found := run_seeds(program, first, SEEDS + 1 - first)):
            if not run_seeds(f"{BUILD}/tests/sim/run", found[0], 1):
                return found
            first = found[0] + 1
    raise Unproven(f"is caught by none of {SEEDS} seeds")


def prove(name):
    try:
        seed, invariant = catch(f"{FAULTS}/{name}.patch")
        return True, f"caught {name} at seed {seed} by {invariant}"
    except Unproven as reason:
        return False, f"{name} {reason}"


def read_arguments():
    parser = argparse.ArgumentParser(prog="run --prove", description="Plants known faults, one after the other, and shows which "
                                     "seed of the simulator catches each, and by which invariant.")
    parser.add_argument("--prove", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--jobs", type=int, default=2, metavar="J", help="in this many processes (2)")
    parser.add_argument("--tap", action="store_true", help="prints TAP")
    parser.add_argument("name", nargs="*", help="of a fault, as in tests/sim/faults/NAME.patch; none: all of them")
    options = parser.parse_args()
    known = sorted(os.path.basename(path)[:-len(".patch")] for path in glob.glob(f"{FAULTS}/*.patch"))
    unknown = [name for name in options.name if name not in known]
    if unknown or not known:
        parser.error(f"no such fault: {' '.join(unknown)}" if unknown else f"no faults in {FAULTS}")
    options.name = options.name or known
    return options


def main():
    options = read_arguments()
    caught = 0
    if options.tap:
        print(f"1..{len(options.name)}")
    with concurrent.futures.ThreadPoolExecutor(max(options.jobs, 1)) as pool:
        for number, (good, line) in enumerate(pool.map(prove, options.name), 1):
            caught += good
            shown = line.replace("\n", "\n# ") if options.tap else line
            print(f"{'ok' if good else 'not ok'} {number} - {shown}" if options.tap else shown, flush=True)
    if not options.tap:
        print(f"{caught} of {len(options.name)} planted faults are caught")
    return 0 if caught == len(options.name) else 1


if __name__ == "__main__":
    sys.exit(main())
