#!/usr/bin/env python3
"""How well beeps are found: over a folder with manifest.csv, and over a sweep of made beeps.

beep_eval.py TOOL [--data FOLDER] [--sweep] [--seed N]

TOOL is tone_dump of the build folder: WAV files in, a line for each signal heard out.  A beep is found if its times are
within 40 ms and it was told within 150 ms of its end.  Needs numpy; sox for the GSM column.
"""
import argparse
import collections
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import wave

import numpy

RATE = 8000
TIMES_MS, LATE_MS = 40, 150


def hear(tool, paths, spoken=False):
    """{file name: [(from, to, told) of each beep]}, and seconds listened to."""
    found, seconds = collections.defaultdict(list), 0
    for at in range(0, len(paths), 500):
        done = subprocess.run([tool] + ['-s'] * spoken + paths[at:at + 500], check=True, capture_output=True, text=True)
        for line in csv.reader(done.stdout.splitlines()):
            if line[1] == 'beep':
                found[line[0]].append(tuple(int(x) for x in line[3:6]))
    for path in paths:
        with wave.open(path) as file:
            seconds += file.getnframes() / file.getframerate()
    return found, seconds


def is_found(heard, start, end):
    return abs(heard[0] - start) <= TIMES_MS and abs(heard[1] - end) <= TIMES_MS and heard[2] <= end + LATE_MS


def of_folder(tool, folder):
    """Beeps of a manifest: found of all, and files without a beep where one was heard."""
    with open(os.path.join(folder, 'manifest.csv'), newline='') as file:
        rows = list(csv.DictReader(file))
    found, seconds = hear(tool, [os.path.join(folder, r['file']) for r in rows])
    good = beeps = silent = wrong = extra = 0
    late, edges = [], []
    for row in rows:
        heard = found[row['file']]
        if not row['beep_start_ms']:
            silent += 1
            wrong += bool(heard)
            if heard:
                print(f'  false: {row["file"]}: {heard}')
            continue
        beeps += 1
        start, end = int(row['beep_start_ms']), int(row['beep_end_ms'])
        right = [h for h in heard if is_found(h, start, end)]
        good += bool(right)
        extra += len(heard) > len(right)
        if not right or len(heard) > 1:
            print(f'  {"missed" if not right else "more"}: {row["file"]}: {start}-{end}, heard {heard}')
        for h in right:
            late.append(h[2] - end)
            edges += [abs(h[0] - start), abs(h[1] - end)]
    print(f'{folder}: {good} of {beeps} beeps found ({100 * good / max(beeps, 1):.1f} %), false in {wrong} of {silent} '
          f'files without a beep, one too many in {extra} with one; {seconds / 60:.0f} minutes')
    if late:
        print(f'  told after its end: median {numpy.median(late):.0f} ms, at most {max(late)} ms; '
              f'its times are wrong by {numpy.mean(edges):.0f} ms, at most {max(edges)} ms')


def tone(rng, kind, hz, n):
    t = numpy.arange(n) / RATE
    if kind == 'two sines':
        # some countries' pairs are closer than the detector's resolution
        return (numpy.sin(2 * numpy.pi * hz * t) + numpy.sin(2 * numpy.pi * hz * rng.uniform(1.09, 1.6) * t + 1)) / 2
    if kind == 'rising':
        return numpy.sin(2 * numpy.pi * (hz * t + hz * .3 * t * t / (2 * n / RATE)))
    if kind == 'dying away':
        return numpy.sin(2 * numpy.pi * hz * t) * numpy.exp(-t / (n / RATE) * 2)
    if kind == 'two steps':
        f = numpy.where(numpy.arange(n) < n // 2, hz, hz * 1.25)
        return numpy.sin(2 * numpy.pi * numpy.cumsum(f) / RATE)
    return numpy.sin(2 * numpy.pi * hz * t + rng.uniform(0, 6))


def noise(rng, n, colour):
    spectrum = numpy.fft.rfft(rng.standard_normal(n))
    if colour == 'room':
        spectrum /= numpy.sqrt(numpy.maximum(numpy.arange(len(spectrum)) * RATE / n, 200) / 200)
    x = numpy.fft.irfft(spectrum, n)
    return x / numpy.sqrt(numpy.mean(x * x))


def ulaw(x):
    """There and back again, ITU-T G.711."""
    x = numpy.clip(numpy.round(x * 32768), -32635, 32635)
    m = numpy.abs(x) + 132
    e = numpy.maximum(numpy.floor(numpy.log2(m)).astype(int) - 7, 0)
    step = 2.0 ** (e + 3)
    return numpy.sign(x) * ((numpy.floor(m / step) + .5) * step - 132) / 32768


def write(path, x):
    with wave.open(path, 'wb') as file:
        file.setparams((1, 2, RATE, 0, 'NONE', ''))
        file.writeframes(numpy.clip(numpy.round(x * 32768), -32768, 32767).astype('<i2').tobytes())


def through(codec, x, path, rng):
    if codec != 'none':
        x = ulaw(x)
    if codec == '5 % lost':
        for at in range(0, len(x), RATE // 50):
            if rng.random() < .05:
                x[at:at + RATE // 50] = 0
    write(path, x)
    if codec == 'gsm':
        subprocess.run(['sox', path, path + '.gsm'], check=True)
        subprocess.run(['sox', path + '.gsm', '-e', 'signed', '-b', '16', path], check=True)
        os.unlink(path + '.gsm')


def order(key):
    """all, kinds, codecs, then what has a number, by it."""
    words = key.replace('SNR ', 'SNR').split()
    number = words[0].replace('SNR', '')
    return (key not in ('all', 'usual line'), 'codec' in key or 'lost' in key, words[-1] if number.lstrip('-').isdigit() else '',
            int(number) if number.lstrip('-').isdigit() else 0)


def kind_of(keys):
    """The beeps of a usual line: steady, at least 120 ms, G.711, noise 20 dB below or less."""
    kind, codec, length, _, snr = keys
    if kind in ('one sine', 'two sines') and codec == 'codec ulaw' and length != '80 ms' and snr != 'SNR 10 dB':
        return 'usual line'
    return None


def sweep(tool, seed):
    rng = numpy.random.default_rng(seed)
    kinds = ['one sine', 'two sines', 'rising', 'dying away', 'two steps']
    codecs = ['none', 'ulaw', '5 % lost'] + (['gsm'] if shutil.which('sox') else [])
    lengths, levels, snrs = [80, 120, 200, 400, 1000, 2000], [-35, -20, -6], [10, 20, 40]
    score = collections.defaultdict(lambda: [0, 0])
    extra = files = 0
    with tempfile.TemporaryDirectory() as folder:
        wanted = {}
        for kind in kinds:
            for codec in codecs:
                for length in lengths if kind in ('one sine', 'two sines') else lengths[2:]:
                    for level in levels:
                        for snr in snrs:
                            for _ in range(3):
                                n = length * RATE // 1000
                                x = tone(rng, kind, rng.uniform(350, 2100 / (1.6 if kind == 'two sines' else 1.3)), n)
                                # the level is a sine's; the noise is of the beep as it begins
                                x *= 10 ** ((level + 3) / 20)
                                all_n = n + RATE * 2
                                at = int(rng.uniform(.8, 1.2) * RATE)
                                power = numpy.sqrt(numpy.mean(x[:640] ** 2))
                                y = noise(rng, all_n, rng.choice(['white', 'room'])) * power * 10 ** (-snr / 20)
                                y[at:at + n] += x
                                name = f'{files}.wav'
                                files += 1
                                through(codec, y, os.path.join(folder, name), rng)
                                wanted[name] = (at // 8, (at + n) // 8,
                                                (kind, codec if 'lost' in codec else f'codec {codec}', f'{length} ms', f'{level} dBFS', f'SNR {snr} dB'))
        found, _ = hear(tool, [os.path.join(folder, name) for name in wanted], spoken=True)
        for name, (start, end, keys) in wanted.items():
            # what dies away has no end that could be agreed on
            if keys[0] == 'dying away':
                good = any(abs(h[0] - start) <= TIMES_MS and h[2] <= end + LATE_MS for h in found[name])
            else:
                good = any(is_found(h, start, end) for h in found[name])
            extra += len(found[name]) > good
            plain = kind_of(keys)
            for key in keys + ('all',) + ((plain,) if plain else ()):
                score[key][0] += good
                score[key][1] += 1
            if os.environ.get('MISSED') and not good:
                print('  missed', start, end, keys, found[name])
    for key, (good, of) in sorted(score.items(), key=lambda s: order(s[0])):
        print(f'{key:12s} {good:5d} of {of:5d}  {100 * good / of:5.1f} %')
    print(f'heard more, or at other times: {extra} of {files}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('tool')
    parser.add_argument('--data')
    parser.add_argument('--sweep', action='store_true')
    parser.add_argument('--seed', type=int, default=1)
    o = parser.parse_args()
    if o.data:
        of_folder(o.tool, o.data)
    if o.sweep:
        sweep(o.tool, o.seed)
    if not o.data and not o.sweep:
        sys.exit('beep_eval.py: nothing to do: --data FOLDER or --sweep')


main()
