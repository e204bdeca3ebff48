#!/usr/bin/env python3
"""Compares the text merge with GNU diff3 over random three-way edits of a script.

usage: diff3_compare.py [--cases N] [--first S] [--jobs N] [--differences FILE] DRIVER PROJECT.json

DRIVER is tests/text/text_driver (make tests/text/text_driver). Case S is the same in every run. Three of four cases
edit an excerpt of 150 lines, so that edits often meet; the fourth edits the whole script. Typed words and lines are
taken from the script itself, which makes alignments ambiguous on purpose.

Both clean: the results must be the same; those that aren't are listed. They may hold the same lines in another order,
where an insertion stands beside a line and its twin, and could be before the one or behind the other. Only one clean:
counted by reason, listed if it is diff3. Exit status 1 if two clean results hold different lines.
"""
import argparse
import collections
import difflib
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile

WORD = re.compile(r"[A-Za-z']+")
BOTH_CLEAN = ('both clean, other lines', 'both clean, same lines in another order')


def edit_line(line, chance, words):
    """One word of a line replaced, removed, or given company."""
    places = list(WORD.finditer(line))
    if not places:
        return line
    place = chance.choice(places)
    act = chance.randrange(4)
    word = chance.choice(words)
    if act == 0:
        return line[:place.start()] + line[place.end():].lstrip(' ')
    if act == 1:
        return line[:place.start()] + word + ' ' + line[place.start():]
    return line[:place.start()] + word + line[place.end():]


def edit(lines, chance, words, script):
    """What a writer makes of some lines."""
    result = list(lines)
    for _ in range(chance.randint(1, 8 if len(lines) < 1000 else 40)):
        at = chance.randrange(len(result)) if result else 0
        act = chance.randrange(10)
        if act < 5 and result:
            result[at] = edit_line(result[at], chance, words)
        elif act < 7:
            fresh = [' '.join(chance.choices(words, k=chance.randint(1, 9))) + '\n'
                for _ in range(chance.randint(1, 3))]
            result[at:at] = fresh + (['\n'] if chance.random() < 0.5 else [])
        elif act == 7:
            del result[at:at + chance.randint(1, 6)]
        elif act == 8:
            start = chance.randrange(len(script))
            result[at:at] = script[start:start + chance.randint(1, 5)]
        else:
            count = chance.randint(1, 5)
            moved = result[at:at + count]
            del result[at:at + count]
            to = chance.randrange(len(result) + 1)
            result[to:to] = moved
    return result


def changed_lines(base, side):
    """The base lines that a side took away, and the gaps in which it inserted."""
    taken, gaps = set(), set()
    for tag, low, high, _, _ in difflib.SequenceMatcher(None, base, side, autojunk=False).get_opcodes():
        if tag in ('replace', 'delete'):
            taken.update(range(low, high))
        elif tag == 'insert':
            gaps.add(low)
    return taken, gaps


def is_subsequence(part, whole):
    rest = iter(whole)
    return all(line in rest for line in part)


def reason(base, mine, theirs):
    """Why a passage that is a conflict for diff3 is none by word."""
    taken_mine, gaps_mine = changed_lines(base, mine)
    taken_theirs, gaps_theirs = changed_lines(base, theirs)
    if is_subsequence(mine, base) and is_subsequence(theirs, base):
        return 'both sides only deleted lines'
    if not taken_mine & taken_theirs and not gaps_mine & gaps_theirs:
        return 'edits of neighbouring lines'
    if gaps_mine & gaps_theirs and not taken_mine & taken_theirs:
        return 'one side inserted what the other did and more, or next to it'
    return 'edits of different words of a line, or the same edit among others'


def conflicts(marked):
    """The passages (mine, base, theirs) between the markers of diff3 -m."""
    parts, found, part = None, [], None
    for line in marked:
        if line.startswith('<<<<<<< '):
            parts = {'mine': [], 'base': [], 'theirs': []}
            part = 'mine'
        elif parts is not None and line.startswith('||||||| '):
            part = 'base'
        elif parts is not None and line.startswith('======='):
            part = 'theirs'
        elif parts is not None and line.startswith('>>>>>>> '):
            found.append((parts['base'], parts['mine'], parts['theirs']))
            parts = None
        elif parts is not None:
            parts[part].append(line)
    return found


def run_diff3(flags, names):
    done = subprocess.run(['diff3', *flags, names['mine'], names['base'], names['theirs']], capture_output=True)
    if done.returncode > 1:
        raise RuntimeError(done.stderr.decode())
    return done.returncode == 0, done.stdout.decode()


class Worker:
    def __init__(self, driver, script):
        self.script = script.splitlines(keepends=True)
        self.words = sorted(set(WORD.findall(script)))
        self.folder = tempfile.TemporaryDirectory()
        self.names = {name: os.path.join(self.folder.name, name) for name in ('base', 'mine', 'theirs', 'result')}
        self.driver = subprocess.Popen([driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def case(self, number):
        chance = random.Random(number)
        lines = self.script
        if number % 4:
            at = chance.randrange(len(lines) - 150)
            lines = lines[at:at + 150]
        texts = {'base': lines}
        for side in ('mine', 'theirs'):
            texts[side] = edit(lines, chance, self.words, self.script)
        for name, content in texts.items():
            with open(self.names[name], 'w', newline='') as file:
                file.writelines(content)
        return texts

    def ours(self):
        self.driver.stdin.write('\t'.join(self.names[name] for name in ('base', 'mine', 'theirs', 'result')) + '\n')
        self.driver.stdin.flush()
        hunks = int(self.driver.stdout.readline())
        with open(self.names['result'], newline='') as file:
            return hunks == 0, file.read()

    def run(self, number):
        """(verdict, detail) of one case."""
        texts = self.case(number)
        our_clean, our_text = self.ours()
        their_clean, their_text = run_diff3(['-m', '-E'], self.names)
        if our_clean and their_clean:
            if our_text == their_text:
                return 'both clean, same result', None
            same_lines = sorted(our_text.splitlines()) == sorted(their_text.splitlines())
            return BOTH_CLEAN[same_lines], explain(texts, our_text, their_text, number)
        if our_clean:
            _, marked = run_diff3(['-m', '-A'], self.names)
            reasons = {reason(*passage) for passage in conflicts(marked.splitlines(keepends=True))
                if passage[1] != passage[2]}
            return 'only ours is clean', ' + '.join(sorted(reasons)) or 'unknown'
        if their_clean:
            return 'only diff3 is clean', explain(texts, our_text, their_text, number)
        return 'neither is clean', None


def explain(texts, our_text, their_text, number):
    """A title and what differs, for people."""
    ours, theirs = our_text.splitlines(keepends=True), their_text.splitlines(keepends=True)
    shown = ''.join(difflib.unified_diff(theirs, ours, 'diff3', 'ours', n=2))
    sides = ''.join(''.join(difflib.unified_diff(texts['base'], texts[side], 'base', side, n=2))
        for side in ('mine', 'theirs'))
    return f'case {number}', shown + '\n' + sides


worker = None


def start(driver, script):
    global worker
    worker = Worker(driver, script)


def run(number):
    return number, worker.run(number)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cases', type=int, default=20000)
    parser.add_argument('--first', type=int, default=1)
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('--differences', help='file to write the differing cases to')
    parser.add_argument('driver')
    parser.add_argument('project')
    options = parser.parse_args()
    with open(options.project) as file:
        script = json.load(file)['rawScript']
    verdicts, reasons, listed = collections.Counter(), collections.Counter(), []
    with multiprocessing.Pool(options.jobs, start, (options.driver, script)) as pool:
        numbers = range(options.first, options.first + options.cases)
        for number, (verdict, detail) in pool.imap_unordered(run, numbers, chunksize=20):
            verdicts[verdict] += 1
            if verdict == 'only ours is clean':
                reasons[detail] += 1
            elif detail:
                listed.append((number, verdict, detail))
    for verdict, count in verdicts.most_common():
        print(f'{count:6d}  {verdict}')
        if verdict == 'only ours is clean':
            for detail, part in reasons.most_common():
                print(f'        {part:6d}  {detail}')
    for number, verdict, (kind, _) in sorted(listed):
        print(f'{verdict}: {kind}')
    if options.differences:
        with open(options.differences, 'w') as file:
            for number, verdict, (kind, shown) in sorted(listed):
                file.write(f'=== {verdict}: {kind}\n{shown}\n')
    return 1 if verdicts[BOTH_CLEAN[False]] else 0


if __name__ == '__main__':
    sys.exit(main())
