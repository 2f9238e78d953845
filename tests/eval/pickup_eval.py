"""People who pick up during a greeting: how many are heard.

pickup_eval.py SIPDIALER FOLDER: of a folder with a manifest.csv.  Greetings
are cut at 5.5 s; a click and a call of a person follow.  Told are those whose
verdict is human for that cause, by how much louder the line becomes, and how
often it is told of the greetings as they are.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile
import wave

import numpy as np

CUT = 5500 * 8
WORDS = ('hello_single', 'hello_repeat', 'noisy', 'tts_short', 'quiet',
         'pickup_click', 'tv_background')


def read(path):
    with wave.open(path) as w:
        return np.frombuffer(w.readframes(w.getnframes()), '<i2')


def quietest(x):
    """dBFS of the 5 % of 20 ms that have least."""
    n = len(x) // 160
    e = (x[:n * 160].reshape(n, -1).astype(float) ** 2).mean(1)
    return 10 * np.log10(np.percentile(e, 5) / 32768 ** 2 + 1e-8)


def picked_up(program, path):
    out = subprocess.run([program, 'amd', path], capture_output=True,
                         check=True).stdout
    return any(e.get('reason') == 'picked_up'
               for e in json.loads(out)['events'])


def main():
    program, folder = sys.argv[1:3]
    with open(os.path.join(folder, 'manifest.csv'), newline='') as f:
        rows = list(csv.DictReader(f))
    path = lambda r: os.path.join(folder, r['file'])
    machines = [r for r in rows if r['label'] == 'machine']
    long = [r for r in machines if r['speech_end_ms'] and
            int(r['speech_end_ms']) > 6500 and
            int(r['speech_start_ms']) < 2000]
    people = [r for r in rows if r['label'] == 'human' and
              r['subtype'] in WORDS]
    rng = np.random.default_rng(1)
    counts = {}
    for i, p in enumerate(people):
        greeting = read(path(long[i % len(long)]))[:CUT]
        word = read(path(p))
        word = word[max(int(p['speech_start_ms']) - 500, 0) * 8:]
        click = (rng.standard_normal(80) * 4000 *
                 np.exp(-np.arange(80) / 20)).astype('<i2')
        step = quietest(word) - quietest(greeting)
        kind = ('6 dB and more' if step >= 6 else
                'less than 6 dB' if step > -6 else 'quieter')
        with tempfile.NamedTemporaryFile(suffix='.wav') as f:
            with wave.open(f.name, 'wb') as w:
                w.setparams((1, 2, 8000, 0, 'NONE', ''))
                w.writeframes(np.concatenate([greeting, click,
                                              word]).tobytes())
            found = picked_up(program, f.name)
        n = counts.setdefault(kind, [0, 0])
        n[0] += found
        n[1] += 1
    for kind, (n, of) in sorted(counts.items()):
        print('line louder by %-16s heard %d of %d' % (kind, n, of))
    print('told of a greeting as it is: %d of %d' %
          (sum(picked_up(program, path(r)) for r in machines),
           len(machines)))


if __name__ == '__main__':
    main()
