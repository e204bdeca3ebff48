#!/usr/bin/env python3
"""Merges random edits of scripts in Chinese, Japanese and Thai, which put no blanks between words.

usage: unspaced.py [--cases N] [--first S] [--jobs N] [--faults FILE] [--language NAME] DRIVER

DRIVER is tests/text/text_driver (make tests/text/text_driver). The scripts are made of the words below, so that it is known
where a word ends, which the merge can't know. Many words share letters: half of one and half of another are no word. Case S is the same
in every run. Both writers replace words, type and delete words and sentences, and insert, delete and move lines.

Counted by language: clean merges, merges with hunks, and hunks. In every case, clean or not:

- every word that a side typed is in the result, or in a hunk;
- every run of letters of the result is made of whole words, whichever side's the hunks hold: of half a word and half of another would
  be one that nobody wrote;
- swapping the sides swaps the hunks, and changes nothing else but the order of two insertions.

Exit status 1 if one of them doesn't hold.
"""
import argparse
import collections
import json
import multiprocessing
import os
import random
import re
import subprocess
import sys
import tempfile

LANGUAGES = {
    'Chinese': {
        'words': """北京 南京 北海 上海 南方 北方 东方 西方 东京 西安 安全 全家 家人 大家 人们 张三 李四 张五 李六 王五 王七
            火车 汽车 车站 火山 山水 水果 果园 公园 园丁 老师 老人 学生 学校 先生 医生 生活 活动 动物 植物 电影 电话 电视
            说话 话剧 剧本 书本 图书 地图 土地 月亮 明亮 光明 阳光 太阳 昨天 今天 明天 天空 空气 气球 足球 手机 飞机 机会
            开会 打开 开始 喜欢 欢迎 高兴 高山 音乐 快乐 快车 朋友 友好 美好 美丽""",
        'little': '我 你 他 她 的 了 在 是 把 和 又 也 很 不 去 来',
        'ends': '。 。 ！ ？ ……', 'comma': '，', 'cast': '张三 李四 王五 老师', 'place': '内景 外景',
    },
    'Japanese': {
        'words': """東京 京都 北京 東北 北海道 南口 北口 入口 人口 人間 時間 時計 計画 映画 画家 家族 家庭 庭園 学校 学生 先生
            先週 来週 来年 去年 今年 今日 毎日 日本 本屋 部屋 電車 電話 電気 天気 元気 会社 社会 会話 話題 問題 質問 食事
            食堂 仕事 大事 大学 大人 友人 水曜 金曜 土地 地図 図書 ネコ イヌ トリ ドア テレビ ラジオ カメラ コーヒー ビール
            サクラ アメリカ メロン レモン""",
        'little': 'は が を に で と の も へ から まで です ます ました でした ください',
        'ends': '。 。 ！ ？ ……', 'comma': '、', 'cast': '太郎 花子 次郎 先生', 'place': '屋内 屋外',
    },
    'Thai': {
        'words': """ไปบ้าน กลับบ้าน ในบ้าน นอกบ้าน ร้านค้า ร้านอาหาร อาหารเช้า อาหารเย็น ตอนเช้า ตอนเย็น ตอนบ่าย น้ำแข็ง น้ำตา
            น้ำตก ดวงตา ตาบอด ดวงจันทร์ วันจันทร์ วันศุกร์ วันนี้ พรุ่งนี้ โรงเรียน โรงหนัง นักเรียน นักร้อง ร้องเพลง
            ร้องไห้ เพลงเก่า หนังสือ หนังเก่า ลายมือ มือถือ รถไฟ รถยนต์ ไฟฟ้า ท้องฟ้า ท้องทะเล ชายทะเล ผู้ชาย ผู้หญิง แม่น้ำ
            แม่ครัว พ่อครัว ห้องครัว ห้องนอน ห้องน้ำ เพื่อนบ้าน เพื่อนสนิท หัวใจ ดีใจ เสียใจ เข้าใจ ตกใจ ตลาด สะพาน กรุงเทพ""",
        'little': 'ฉัน เขา เธอ มัน และ กับ ที่ แต่ ก็ จะ ได้ ไม่ อยู่ คือ',
        'ends': '  !  ?  ...', 'comma': ' ', 'cast': 'สมชาย สมศรี มานะ ครูใหญ่', 'place': 'ภายใน ภายนอก',
    },
}
LETTERS = re.compile('[\u0e01-\u0e3a\u0e40-\u0e4e\u3041-\u30fa\u30fc\u4e00-\u9fff]+')


class Language:
    def __init__(self, name):
        lists = LANGUAGES[name]
        self.name = name
        self.words = lists['words'].split()
        self.little = lists['little'].split()
        self.cast = lists['cast'].split()
        self.places = lists['place'].split()
        self.ends = lists['ends'].split('  ') if name == 'Thai' else lists['ends'].split()
        self.comma = lists['comma']
        self.known = set(self.words) | set(self.little) | set(self.cast) | set(self.places)
        self.longest = max(map(len, self.known))

    def clause(self, chance):
        words = []
        for _ in range(chance.randint(1, 4)):
            if chance.random() < 0.5:
                words.append(chance.choice(self.little))
            words.append(chance.choice(self.words))
        return words

    def sentence(self, chance):
        words = self.clause(chance)
        for _ in range(chance.randint(0, 2)):
            words += [self.comma] + self.clause(chance)
        return words + [chance.choice(self.ends)]

    def paragraph(self, chance):
        return [word for _ in range(chance.randint(1, 4)) for word in self.sentence(chance)]

    def script(self, chance, lines):
        """Lines, each a list of words and signs."""
        script = []
        while len(script) < lines:
            if chance.random() < 0.2:
                script += [[chance.choice(self.places), ' - ', chance.choice(self.words)], []]
            elif chance.random() < 0.5:
                script += [[chance.choice(self.cast)], self.paragraph(chance), []]
            else:
                script += [self.paragraph(chance), []]
        return script

    def is_made_of_words(self, run):
        """Whether a run of letters can be cut into whole words."""
        reached = {0}
        for end in range(1, len(run) + 1):
            if any(start in reached and run[start:end] in self.known for start in range(max(0, end - self.longest), end)):
                reached.add(end)
        return len(run) in reached


def edit_words(line, chance, language):
    """One or some words of a line replaced, deleted, or given company."""
    places = [at for at, word in enumerate(line) if word in language.known]
    if not places:
        return line + language.clause(chance)
    at = chance.choice(places)
    act = chance.randrange(5)
    if act == 0:
        return line[:at] + line[at + 1:]
    if act == 1:
        return line[:at] + [chance.choice(language.words)] + line[at:]
    if act == 2:
        return line + language.sentence(chance)
    if act == 3:
        return line[:at] + language.clause(chance) + line[at + chance.randint(1, 3):]
    return line[:at] + [chance.choice(language.words)] + line[at + 1:]


def edit(lines, chance, language):
    """What a writer makes of some lines."""
    result = list(lines)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(result)) if result else 0
        act = chance.randrange(10)
        if act < 6 and result:
            result[at] = edit_words(result[at], chance, language)
        elif act < 8:
            result[at:at] = [language.paragraph(chance)] + ([[]] if chance.random() < 0.5 else [])
        elif act == 8:
            del result[at:at + chance.randint(1, 4)]
        else:
            moved = result[at:at + chance.randint(1, 3)]
            del result[at:at + len(moved)]
            to = chance.randrange(len(result) + 1)
            result[to:to] = moved
    return result


def text_of(lines):
    return ''.join(''.join(line) + '\n' for line in lines)


def words_of(lines):
    return collections.Counter(word for line in lines for word in line)


class Worker:
    def __init__(self, driver):
        self.languages = {name: Language(name) for name in LANGUAGES}
        self.folder = tempfile.TemporaryDirectory()
        self.names = {name: os.path.join(self.folder.name, name) for name in ('base', 'mine', 'theirs', 'result', 'hunks')}
        self.driver = subprocess.Popen([driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def merge(self, texts):
        """The result and its hunks."""
        for name, text in texts.items():
            with open(self.names[name], 'w', newline='', encoding='utf-8') as file:
                file.write(text)
        self.driver.stdin.write('\t'.join(self.names.values()) + '\n')
        self.driver.stdin.flush()
        count = int(self.driver.stdout.readline())
        hunks = []
        with open(self.names['hunks'], 'rb') as file:
            for _ in range(count):
                sizes = [int(size) for size in file.readline().split()]
                hunks.append(tuple(file.read(size).decode() for size in sizes))
        with open(self.names['result'], newline='', encoding='utf-8') as file:
            return file.read(), hunks

    def run(self, name, number):
        """(hunks, faults, texts) of one case."""
        chance = random.Random(f'{name} {number}')
        language = self.languages[name]
        base = language.script(chance, chance.randint(1, 40))
        mine, theirs = edit(base, chance, language), edit(base, chance, language)
        texts = {'base': text_of(base), 'mine': text_of(mine), 'theirs': text_of(theirs)}
        result, hunks = self.merge(texts)
        swapped, swapped_hunks = self.merge(dict(texts, mine=texts['theirs'], theirs=texts['mine']))
        faults = []
        if hunks != [(old, right, left) for old, left, right in swapped_hunks]:
            faults.append('swapping sides makes other hunks')
        for text in {result, swapped}:  # the hunks hold theirs in one, mine in the other
            faults += [f'invented: {run}' for run in LETTERS.findall(text) if not language.is_made_of_words(run)]
        for word in (words_of(mine) | words_of(theirs)) - words_of(base):
            if word not in result and word not in swapped:
                faults.append(f'lost: {word}')
        return len(hunks), faults, dict(texts, result=result, swapped=swapped)


worker = None


def start(driver):
    global worker
    worker = Worker(driver)


def run(case):
    return case, worker.run(*case)


def count(options, name, faults):
    """Runs all cases of a language, prints its figures, and adds what is wrong to `faults`."""
    clean = hunks = 0
    with multiprocessing.Pool(options.jobs, start, (options.driver,)) as pool:
        cases = [(name, number) for number in range(options.first, options.first + options.cases)]
        for case, (found, wrong, texts) in pool.imap_unordered(run, cases, chunksize=20):
            clean += found == 0
            hunks += found
            if wrong:
                faults.append((case, wrong, texts))
    print(f'{name:9} {options.cases:6d} merges, {clean:6d} clean, {options.cases - clean:6d} with {hunks} hunks')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS)
    parser.add_argument('--cases', type=int, default=20000, metavar='N', help='how many of each language (20000)')
    parser.add_argument('--first', type=int, default=1, metavar='S', help='the first of them (1)')
    parser.add_argument('--jobs', type=int, default=2, metavar='N', help='processes at a time (2)')
    parser.add_argument('--language', choices=LANGUAGES, help='only this one')
    parser.add_argument('--faults', metavar='FILE', help='write the cases that are wrong to a file, whole, as JSON')
    parser.add_argument('driver', metavar='DRIVER')
    options = parser.parse_args()
    faults = []
    for name in [options.language] if options.language else LANGUAGES:
        count(options, name, faults)
    for (name, number), wrong, _ in sorted(faults, key=lambda fault: fault[0]):
        print(f'{name} {number}: {"; ".join(wrong)}')
    if options.faults:
        with open(options.faults, 'w', encoding='utf-8') as file:
            json.dump(faults, file, ensure_ascii=False, indent=1)
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
