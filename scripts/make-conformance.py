#!/usr/bin/env python3
"""Make docs/conformance.md: behaviour, test, peer, result.

usage: make-conformance.py BUILD     rows from the marks, results from BUILD's
                                     last `meson test` of all suites
       make-conformance.py --check   fail if a mark has no row, or a row no mark

A mark stands right above a test function, in a comment of its language:

    conformance: RFC 3262 4 | a reliable 18x gets a PRACK | sipp

source with section | behaviour | peer.  The result is what the test itself
printed: a name that it did not print has none.
"""
import json
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
PAGE = TOP / 'docs' / 'conformance.md'
MARK = re.compile(r'conformance: *([^|\n]+?) *\| *([^|\n]+?) *\| *([^|\n*]+?) *(?:\*/)?$')
NAMES = {
    '.c': re.compile(r'^(?:static )?void (test_\w+|\w+)\(void \*\*'),
    '.py': re.compile(r'^\s*def (test_\w+)\('),
    '.mjs': re.compile(r"^\s*test\('((?:[^'\\]|\\.)+)'"),
}
TOLD = re.compile(r'^\[ +(OK|FAILED|SKIPPED) +\] (\w+)$|'
                  r'^(ok|FAIL) +[\d.]+ s +__main__\.\w+\.(\w+) *(skipped)?', re.M)
# Nobody on the other side: the code alone, with bytes from here.
ALONE = {'own', 'pure', 'unit', 'unit test', 'own bytes', 'vectors'}
ROW = re.compile(r'^\| (.+?) \| (.+?) \| `([^`]+)` `([^`]+)` \| (.+?) \| (.+?) \|$')
HEAD = """# Conformance

Made by `scripts/make-conformance.py` from marks in the tests; change those.
Each row is a behaviour of the wire, the document that asks for it, the test
that shows it, the other side of the line in that test, and what came out when
all tests were run last, {when}.  What is not there yet says the page of each
subject.

*own telephone*: a scripted SIP peer inside the unit test, message by message.
*own server, own name server, own caller ...*: the same as a program beside it.
*none*: the code alone.  *phonenet*: our simulated telephone network ([README](../tests/phonenet/README.md)).
All others are programs of other people, from Debian 12.

{count}

| source | behaviour | test | peer | result |
| --- | --- | --- | --- | --- |
"""


def marks():
    """(source, behaviour, file, test, peer), in the order of the sources."""
    found, bad = [], []
    for path in sorted(TOP.glob('tests/**/*')):
        name = NAMES.get(path.suffix)
        if not name:
            continue
        waiting = []
        where = str(path.relative_to(TOP / 'tests'))
        for line in path.read_text(encoding='utf-8').split('\n'):
            m = MARK.search(line.rstrip())
            if m:
                source, behaviour, peer = m.groups()
                waiting.append((source, behaviour,
                                'none' if peer in ALONE else peer))
            elif 'conformance: RFC' in line:
                bad.append('%s: "%s" is no mark' % (where, line.strip()))
            m = name.match(line)
            if m:
                found += [(s, b, where, m[1], p) for s, b, p in waiting]
                waiting = []
        bad += ['%s: no test follows "%s"' % (where, b) for _, b, _ in waiting]
    if bad:
        sys.exit('\n'.join(bad))
    return sorted(found, key=order)


def order(row):
    """RFC 3261 8 before RFC 3261 14 before RFC 3262."""
    return [(0, int(w), '') if w.isdigit() else (1, 0, w)
            for w in re.findall(r'\d+|[^\d\s.]+', row[0])], row[2:], row[1]


def results(build):
    """{(file, test): result} of the last run."""
    def introspect(what):
        return json.loads(subprocess.run(
            ['meson', 'introspect', str(build), '--' + what], check=True,
            capture_output=True).stdout)
    sources = {}
    for target in introspect('targets'):
        for exe in target.get('filename', []):
            sources[exe] = [f for part in target.get('target_sources', [])
                            for f in part.get('sources', [])]
    out = {}
    with open(build / 'meson-logs' / 'testlog.json', encoding='utf-8') as f:
        for line in f:
            test = json.loads(line)
            files = [f for part in test['command']
                     for f in [part] + sources.get(part, [])]
            files = [str(pathlib.Path(f).resolve()) for f in files]
            where = [f.split('/tests/', 1)[1] for f in files if '/tests/' in f]
            told = TOLD.findall(test.get('stdout', '') + '\n' +
                                test.get('stderr', ''))
            whole = {'OK': 'passed', 'SKIP': 'skipped'}.get(
                test['result'], 'failed')
            for w in where:
                out[w, None] = whole
                for c, cname, p, pname, skipped in told:
                    out[w, cname or pname] = 'skipped' if skipped or \
                        c == 'SKIPPED' else 'passed' if c == 'OK' or \
                        p == 'ok' else 'failed'
    return out


def result(found, row):
    where, test = row[2], row[3]
    if (where, test) in found:
        return found[where, test]
    whole = found.get((where, None), 'not run')
    # node:test is quiet about what passes; a skipped file names no test
    return whole if where.endswith('.mjs') or whole != 'passed' else 'not run'


def cell(text):
    return text.replace('|', '\\|')


def write(build):
    found, rows, count = results(build), [], {}
    for row in marks():
        r = result(found, row)
        count[r] = count.get(r, 0) + 1
        rows.append('| %s | %s | `%s` `%s` | %s | %s |' % (
            cell(row[0]), cell(row[1]), row[2], row[3], cell(row[4]), r))
    commit = subprocess.run(['git', '-C', str(TOP), 'log', '-1', '--format=%cs'],
                            check=True, capture_output=True,
                            text=True).stdout.strip()
    words = '%d behaviours: %s.' % (len(rows), ', '.join(
        '%d %s' % (n, r) for r, n in sorted(count.items(), key=lambda i: -i[1])))
    PAGE.write_text(HEAD.format(when=commit, count=words) +
                    '\n'.join(rows) + '\n', encoding='utf-8')
    print(words)
    return 1 if set(count) - {'passed', 'skipped'} else 0


def check():
    there = {m.groups()[:5] for m in map(ROW.match, PAGE.read_text(
        encoding='utf-8').split('\n')) if m}
    want = {(cell(s), cell(b), w, t, cell(p)) for s, b, w, t, p in marks()}
    for row in sorted(want - there):
        print('docs/conformance.md lacks: %s' % ' | '.join(row))
    for row in sorted(there - want):
        print('docs/conformance.md has, and no test: %s' % ' | '.join(row))
    if want != there:
        print('run scripts/make-conformance.py BUILD')
    return 1 if want != there else 0


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(check() if sys.argv[1] == '--check'
             else write(pathlib.Path(sys.argv[1]).resolve()))
