"""How well it is told who answers: `sipdialer amd` over a folder of calls.

amd_eval.py SIPDIALER FOLDER [--timeout MS] [--json FILE] [--wrong]

FOLDER has WAVs and a manifest.csv (columns file, label, subtype,
speech_start_ms, speech_end_ms, beep_start_ms, beep_end_ms, notes).  What
counts is the first final verdict and its time, from the beginning of the
file.  Beside it: the last verdict and since when it stood, the first that
was told, and the rules of Asterisk's app_amd with its defaults.
"""
import argparse
import collections
import csv
import json
import os
import subprocess
import sys

import rules

BEEP_LATE = 150  # ms after its end


def judged(program, folder, rows, timeout):
    """Of each file: what the program says."""
    out = []
    for at in range(0, len(rows), 200):
        files = [os.path.join(folder, r['file']) for r in rows[at:at + 200]]
        cmd = [program, 'amd', '--curve'] + files
        if timeout:
            cmd[2:2] = ['--set', 'amd.timeout=%d' % timeout]
        done = subprocess.run(cmd, capture_output=True, check=False)
        if done.stderr:
            sys.exit(done.stderr.decode())
        out += [json.loads(line) for line in done.stdout.splitlines()]
    return out


def first_final(j):
    for e in j['events']:
        if e['event'] == 'call_amd' and e['text'] == 'final':
            return e['status'], e['at_ms'], e['reason']
    return j['verdict'], j['at_ms'], j['cause']


def said(j):
    return [e for e in j['events'] if e['event'] == 'call_amd']


def first_said(j):
    """The first that was told, provisional or final."""
    for e in said(j):
        return e['status'], e['at_ms'], e['reason']
    return j['verdict'], j['at_ms'], j['cause']


def standing(j):
    """The last final verdict, and since when it was told without another
    in between: at first as a provisional one."""
    out = None
    for e in said(j):
        if out is None or e['status'] != out[0]:
            out = (e['status'], e['at_ms'], e['reason'])
    return out or (j['verdict'], j['at_ms'], j['cause'])


def percentile(values, q):
    v = sorted(values)
    if not v:
        return -1
    at = (len(v) - 1) * q / 100
    low = int(at)
    high = min(low + 1, len(v) - 1)
    return int(v[low] + (v[high] - v[low]) * (at - low))


def share(n, of):
    return '%d/%d %5.1f %%' % (n, of, 100 * n / of if of else 0)


def accuracy(rows, verdicts, name):
    print('\n%s' % name)
    right = total = 0
    for label in ('human', 'machine'):
        k = [i for i, r in enumerate(rows) if r['label'] == label]
        n = sum(verdicts[i][0] == label for i in k)
        right, total = right + n, total + len(k)
        print('  %-8s right %s' % (label, share(n, len(k))))
    print('  together right %s' % share(right, total))
    times = [verdicts[i][1] for i, r in enumerate(rows)
             if r['label'] == 'human' and verdicts[i][0] == 'human']
    print('  humans told: p50 %d, p90 %d, p95 %d, latest %d ms' %
          (percentile(times, 50), percentile(times, 90),
           percentile(times, 95), max(times, default=-1)))


def confusion(rows, verdicts):
    print('\n%-26s %5s %8s %8s %8s %5s' % ('label / subtype', 'human',
                                          'machine', 'unknown', 'fax', 'n'))
    groups = collections.OrderedDict()
    for r, v in zip(rows, verdicts):
        key = (r['label'], r['subtype'])
        groups.setdefault(key, collections.Counter())[v[0]] += 1
    for (label, subtype), c in groups.items():
        print('%-26s %5d %8d %8d %8d %5d' %
              (label + ' / ' + subtype, c['human'], c['machine'],
               c['unknown'], c['fax'], sum(c.values())))


def beeps(rows, results):
    """Found within 150 ms of its end, and what is none."""
    found = there = late = false = calls = 0
    for r, j in zip(rows, results):
        told = [e for e in j['events']
                if e['event'] == 'call_tone' and e['text'] == 'beep']
        if r['beep_end_ms']:
            there += 1
            a, b = int(r['beep_start_ms']), int(r['beep_end_ms'])
            hit = [e for e in told
                   if a - 100 <= e['at_ms'] <= b + BEEP_LATE]
            found += bool(hit)
            false += len(told) > len(hit)
        else:
            calls += 1
            false += bool(told)
            late += bool(told)
    print('\nbeeps: found %s; calls with a false one %s, without any beep in '
          'them %s' % (share(found, there), share(false, len(rows)),
                       share(late, calls)))


def curve(rows, results):
    """What another threshold would give: P(human) of each 20 ms."""
    print('\nverdict human as soon as P(human) is over the threshold for '
          '40 ms, else machine')
    print('%9s %8s %9s %9s %7s %7s' % ('threshold', 'humans', 'machines',
                                       'together', 'p50', 'p95'))
    for t in (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.97, 0.99):
        hit = collections.Counter()
        n = collections.Counter()
        times = []
        for r, j in zip(rows, results):
            if r['label'] == 'other':
                continue
            before = 0
            when = None
            for ms, now, _, _ in j['curve']:
                if min(before, now) > t:
                    when = ms
                    break
                before = now
            n[r['label']] += 1
            hit[r['label']] += (when is not None) == (r['label'] == 'human')
            if r['label'] == 'human' and when is not None:
                times.append(when)
        print('%9.2f %7.1f%% %8.1f%% %8.1f%% %7d %7d' % (
            t, 100 * hit['human'] / max(n['human'], 1),
            100 * hit['machine'] / max(n['machine'], 1),
            100 * sum(hit.values()) / max(sum(n.values()), 1),
            percentile(times, 50), percentile(times, 95)))


def main():
    a = argparse.ArgumentParser()
    a.add_argument('program')
    a.add_argument('folder')
    a.add_argument('--timeout', type=int)
    a.add_argument('--json')
    a.add_argument('--wrong', action='store_true')
    a = a.parse_args()
    with open(os.path.join(a.folder, 'manifest.csv'), newline='') as f:
        rows = list(csv.DictReader(f))
    results = judged(a.program, a.folder, rows, a.timeout)
    verdicts = [first_final(j) for j in results]
    print('%d files, %s' % (len(rows), a.folder))
    accuracy(rows, [rules.of_file(os.path.join(a.folder, r['file']))
                    for r in rows], "rules of Asterisk's app_amd")
    accuracy(rows, verdicts, 'sipdialer')
    clear = [i for i, r in enumerate(rows) if 'AMBIGUOUS' not in r['notes']]
    if len(clear) < len(rows):
        accuracy([rows[i] for i in clear], [verdicts[i] for i in clear],
                 'sipdialer, without what the manifest calls ambiguous')
    accuracy(rows, [standing(j) for j in results],
             'sipdialer, the last verdict; times: since when it had been told, '
             'provisionally')
    accuracy(rows, [first_said(j) for j in results],
             'sipdialer, the first that was told, provisional or final')
    confusion(rows, verdicts)
    beeps(rows, results)
    if all('curve' in j for j in results):
        curve(rows, results)
    if a.wrong:
        for r, v in zip(rows, verdicts):
            if r['label'] != 'other' and v[0] != r['label']:
                print(r['file'], v, r['notes'][:60])
    if a.json:
        with open(a.json, 'w') as f:
            json.dump([{'file': r['file'], 'verdict': v[0], 'at_ms': v[1],
                        'cause': v[2]} for r, v in zip(rows, verdicts)], f)


if __name__ == '__main__':
    main()
