#!/usr/bin/env python3
"""Compares the text merge with GNU diff3 over random three-way edits of a script.

usage: diff3_compare.py [--cases N] [--first S] [--jobs N] [--differences FILE] DRIVER PROJECT.json

DRIVER is tests/text/text_driver (make tests/text/text_driver). Case S is the same in every run. Three of four cases
edit an excerpt of 150 lines, so that edits often meet; the fourth edits the whole script. Typed words and lines are
taken from the script itself, which makes alignments ambiguous on purpose.

Counted by verdict: who merged cleanly, and whether to the same bytes. Where only ours is clean, also by reason: diff3
knows lines, we know words. All other differences are listed one by one with the reason, an excerpt, and whether that
reason was found in the case or not ("unexplained"). In every case each word that a side typed and the base doesn't have
must be in our result or in a hunk, and each word of our result must be in one of the three texts.

Exit status 1 if two clean results hold different lines, a word is lost or invented, or a difference is unexplained.
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
UNEXPLAINED = 'unexplained'
LOST = 'a word is lost'
INVENTED = 'a word is invented'
REASONS = {
    'twin clash': """what a side inserted beside a line begins or ends with the same line, so that it could stand before
  or behind it. diff3 has it at the last such place, we at the last one behind an empty line, where the other side
  changed something, too. The hunk has both.""",
    'swap clash': """a side swapped two neighbouring passages; either may be the one that moved, at the same cost. For
  diff3 it is the one, for us the other, in which the other side wrote. The hunk has what it wrote.""",
    'twin order': """a side doubled some lines, and the other inserted behind them: ours behind the one, diff3's behind its
  twin. Both results have the same lines.""",
    'insertion order': """both sides inserted beside a line that could also be one of those which a side inserted. For us
  that is one place, where the server's lines come first, for diff3 there are two. Both results have the same lines.""",
    UNEXPLAINED: 'to be read.',
    LOST: 'never to happen.',
    INVENTED: 'never to happen.',
}


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


def stands_elsewhere(lines, part, whole):
    """Whether a side that has `part` in place of `lines` has those it lacks together at another place."""
    rest = [line for line in lines if line not in part]
    return bool(rest) and ''.join(rest) in ''.join(whole)


def could_slide(lines, side):
    """Whether the inserted lines, where they stand in a side, begin or end like what stands beside them."""
    for at in range(len(side) - len(lines) + 1):
        if side[at:at + len(lines)] == lines:
            before, behind = side[at - 1:at], side[at + len(lines):at + len(lines) + 1]
            if before == lines[-1:] or behind == lines[:1]:
                return True
    return False


def clash_reason(texts, hunks):
    """Why a clean merge of diff3 has hunks for us: what all hunks show, if they show the same."""
    found = set()
    for hunk in hunks:
        parts = {name: part.splitlines(keepends=True) for name, part in hunk.items()}
        sides = ('mine', 'theirs')
        if not hunk['base'] and any(could_slide(parts[side], texts[side]) for side in sides):
            found.add('twin clash')
        elif any(stands_elsewhere(parts['base'], parts[side], texts[side]) for side in sides):
            found.add('swap clash')
        else:
            found.add(UNEXPLAINED)
    return found.pop() if len(found) == 1 else UNEXPLAINED


def is_inserted(lines, texts):
    """Whether a side has the lines, one behind the other, among those that it inserted somewhere."""
    part = ''.join(lines)
    for side in ('mine', 'theirs'):
        matcher = difflib.SequenceMatcher(None, texts['base'], texts[side], autojunk=False)
        if any(tag in ('insert', 'replace') and part in ''.join(texts[side][at:end])
                for tag, _, _, at, end in matcher.get_opcodes()):
            return True
    return False


def order_reason(texts, ours, theirs):
    """Why two clean results have the same lines in another order, and the lines that stand elsewhere."""
    moves = collections.defaultdict(list)
    for tag, low, high, at, end in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        for text, first, behind in ((ours, low, high), (theirs, at, end)):
            if tag != 'equal' and first < behind:
                lines = text[first:behind]
                moves[tuple(lines)].append(text[max(0, first - len(lines)):first])
    twins = all(len(befores) == 2 and list(lines) in befores for lines, befores in moves.items())
    kind = 'twin order' if twins else 'insertion order' if all(is_inserted(lines, texts) for lines in moves) else UNEXPLAINED
    return kind, ''.join(line for lines in moves for line in lines)


def words_of(parts):
    return set(WORD.findall('\n'.join(parts)))


def lost_words(texts, our_text, hunks):
    """Words that a side typed, that the base doesn't have, and that are neither in the result nor in a hunk."""
    base = set(texts['base'])
    typed = words_of(set(texts['mine']) - base) | words_of(set(texts['theirs']) - base)
    kept = words_of(set(our_text.splitlines(keepends=True)) - base) | words_of(hunk['mine'] for hunk in hunks)
    lost = typed - kept
    return sorted(lost - words_of(base)) if lost else []


def invented_words(texts, our_text):
    """Words of the result that are in none of the texts."""
    fresh = words_of(set(our_text.splitlines(keepends=True)).difference(*texts.values()))
    return sorted(fresh.difference(*(words_of(text) for text in texts.values()))) if fresh else []


def excerpt(text):
    """The beginning of a text on one line."""
    line = ' / '.join(text.splitlines())
    return repr(line if len(line) <= 60 else line[:57] + '...')


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
        self.names = {name: os.path.join(self.folder.name, name) for name in ('base', 'mine', 'theirs', 'result', 'hunks')}
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
        """The result of our merge and its hunks."""
        self.driver.stdin.write('\t'.join(self.names.values()) + '\n')
        self.driver.stdin.flush()
        count = int(self.driver.stdout.readline())
        hunks = []
        with open(self.names['hunks'], 'rb') as file:
            for _ in range(count):
                sizes = [int(size) for size in file.readline().split()]
                hunks.append({name: file.read(size).decode() for name, size in zip(('base', 'mine', 'theirs'), sizes)})
        with open(self.names['result'], newline='') as file:
            return file.read(), hunks

    def run(self, number):
        """(verdict, reason or None, excerpt or None, detail or None) of one case."""
        texts = self.case(number)
        our_text, hunks = self.ours()
        their_clean, their_text = run_diff3(['-m', '-E'], self.names)
        lost = lost_words(texts, our_text, hunks)
        if lost:
            return LOST, LOST, ' '.join(lost), explain(texts, our_text, their_text)
        invented = invented_words(texts, our_text)
        if invented:
            return INVENTED, INVENTED, ' '.join(invented), explain(texts, our_text, their_text)
        if not hunks and their_clean:
            return both_clean(texts, our_text, their_text)
        if not hunks:
            _, marked = run_diff3(['-m', '-A'], self.names)
            reasons = {reason(*passage) for passage in conflicts(marked.splitlines(keepends=True))
                if passage[1] != passage[2]}
            return 'only ours is clean', ' + '.join(sorted(reasons)) or 'unknown', None, None
        if their_clean:
            shown = '; '.join(', '.join(f'{name} {excerpt(part)}' for name, part in hunk.items()) for hunk in hunks)
            return 'only diff3 is clean', clash_reason(texts, hunks), shown, explain(texts, our_text, their_text)
        return 'neither is clean', None, None, None


def both_clean(texts, our_text, their_text):
    """Worker.run's answer where both merged cleanly."""
    if our_text == their_text:
        return 'both clean, same result', None, None, None
    detail = explain(texts, our_text, their_text)
    ours, theirs = our_text.splitlines(keepends=True), their_text.splitlines(keepends=True)
    if sorted(ours) != sorted(theirs):
        return BOTH_CLEAN[False], UNEXPLAINED, excerpt(detail), detail
    why, moved = order_reason(texts, ours, theirs)
    return BOTH_CLEAN[True], why, f'elsewhere {excerpt(moved)}', detail


def explain(texts, our_text, their_text):
    """What differs, for people."""
    ours, theirs = our_text.splitlines(keepends=True), their_text.splitlines(keepends=True)
    shown = ''.join(difflib.unified_diff(theirs, ours, 'diff3', 'ours', n=2))
    sides = ''.join(''.join(difflib.unified_diff(texts['base'], texts[side], 'base', side, n=2))
        for side in ('mine', 'theirs'))
    return shown + '\n' + sides


worker = None


def start(driver, script):
    global worker
    worker = Worker(driver, script)


def run(number):
    return number, worker.run(number)


def count(options, script):
    """Runs all cases: how many of each verdict, the reasons why only ours is clean, and the other differences."""
    verdicts, reasons, listed = collections.Counter(), collections.Counter(), []
    with multiprocessing.Pool(options.jobs, start, (options.driver, script)) as pool:
        numbers = range(options.first, options.first + options.cases)
        for number, (verdict, why, shown, detail) in pool.imap_unordered(run, numbers, chunksize=20):
            verdicts[verdict] += 1
            if detail:
                listed.append((number, verdict, why, shown, detail))
            elif why:
                reasons[why] += 1
    return verdicts, reasons, sorted(listed)


def report(verdicts, reasons, listed):
    for verdict, number in verdicts.most_common():
        print(f'{number:6d}  {verdict}')
        if verdict == 'only ours is clean':
            for why, part in reasons.most_common():
                print(f'        {part:6d}  {why}')
    for kind in REASONS:
        cases = [case for case in listed if case[2] == kind]
        if cases:
            print(f'\n{kind}: {REASONS[kind]}')
        for number, verdict, _, shown, _ in cases:
            print(f'    case {number}, {verdict}: {shown}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS)
    parser.add_argument('--cases', type=int, default=20000, metavar='N', help='how many (20000)')
    parser.add_argument('--first', type=int, default=1, metavar='S', help='the first of them (1)')
    parser.add_argument('--jobs', type=int, default=2, metavar='N', help='processes at a time (2)')
    parser.add_argument('--differences', metavar='FILE', help='write the listed cases to a file, whole')
    parser.add_argument('driver', metavar='DRIVER')
    parser.add_argument('project', metavar='PROJECT.json')
    options = parser.parse_args()
    with open(options.project) as file:
        script = json.load(file)['rawScript']
    verdicts, reasons, listed = count(options, script)
    report(verdicts, reasons, listed)
    if options.differences:
        with open(options.differences, 'w') as file:
            for number, verdict, why, shown, detail in listed:
                file.write(f'=== case {number}, {verdict}: {why}: {shown}\n{detail}\n')
    return 1 if any(why in (UNEXPLAINED, LOST, INVENTED) for _, _, why, _, _ in listed) else 0


if __name__ == '__main__':
    sys.exit(main())
