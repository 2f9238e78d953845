#!/usr/bin/env python3
"""How well speech is found in labelled recordings.

usage: vad_eval.py EAR_DUMP FOLDER [--files]

FOLDER has manifest.csv (file, label, subtype, ...) and vad.csv (file,
start_ms, end_ms: the stretches of speech).  Printed: how late the first
onset and the last end are told, frames missed in speech, frames of speech
told where none is (100 ms after each stretch are nobody's: hang-over).
"""
import argparse
import csv
import subprocess
from collections import defaultdict
from pathlib import Path

FRAME = 20
AFTER = 200


def rows(path):
    with open(path, newline='', encoding='utf-8') as f:
        return list(csv.DictReader(f))


def percentile(values, share):
    if not values:
        return float('nan')
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def heard(tool, path):
    text = subprocess.run([tool, path], check=True, capture_output=True, text=True).stdout
    return list(csv.DictReader(text.splitlines()))


class Figures:
    def __init__(self):
        self.onset, self.end, self.missed, self.voice = [], [], 0, 0
        self.false, self.pause, self.none = 0, 0, 0

    def add(self, frames, stretches):
        first = min((s for s, _ in stretches), default=None)
        last = max((e for _, e in stretches), default=None)
        told_on = told_off = None
        for f in frames:
            start, on = int(f['ms']), f['speech'] == '1'
            end = start + FRAME
            inside = any(start >= s and end <= e for s, e in stretches)
            near = any(end > s - FRAME and start < e + AFTER for s, e in stretches)
            self.voice += inside
            self.missed += inside and not on
            self.pause += not near
            self.false += not near and on
            if first is not None and on and end > first - 100 and told_on is None:
                told_on = end
            if last is not None and on and start < last + 500:
                told_off = end
        if first is None:
            return
        if told_on is None or told_on > last + AFTER:
            self.none += 1
        else:
            self.onset.append(told_on - first)
            self.end.append(told_off - last)

    def line(self, name, files):
        def both(v):
            return f'{percentile(v, 0.5):5.0f} {percentile(v, 0.95):5.0f}' if v else '    -     -'
        print(f'{name:26} {files:5} {both(self.onset)}  {both(self.end)}  {self.none:4}'
              f'  {100 * self.missed / max(1, self.voice):6.1f}  {100 * self.false / max(1, self.pause):6.1f}')


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('tool')
    ap.add_argument('folder', type=Path)
    ap.add_argument('--files', action='store_true')
    args = ap.parse_args()
    stretches = defaultdict(list)
    for r in rows(args.folder / 'vad.csv'):
        stretches[r['file']].append((int(r['start_ms']), int(r['end_ms'])))
    figures, counts = defaultdict(Figures), defaultdict(int)
    for r in rows(args.folder / 'manifest.csv'):
        frames = heard(args.tool, args.folder / r['file'])
        names = [r['label'], f"{r['label']}/{r['subtype']}"]
        for name in names + ([f"{names[1]} {r['file']}"] if args.files else []):
            figures[name].add(frames, stretches[r['file']])
            counts[name] += 1
    print(f'{"":26} {"files":>5} {"onset ms":>11}  {"end ms":>11}  none  missed%  false%')
    print(f'{"":26} {"":5} {"p50":>5} {"p95":>5}  {"p50":>5} {"p95":>5}')
    for name in sorted(figures):
        figures[name].line(name, counts[name])


main()
