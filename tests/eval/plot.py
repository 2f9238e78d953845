"""Pictures for docs/amd.md: what is heard, and what is made of it.

plot.py SIPDIALER FOLDER: three calls of a synthetic voice (espeak-ng), each
as an SVG: the sound, P(human), P(machine), P(beep), the verdicts.
"""
import json
import os
import subprocess
import sys
import tempfile
import wave

import numpy as np

import noise
from noise import RATE, gain
from sources import at_rate, trim

WIDTH, LEFT, TOP, SOUND, CURVE = 760, 46, 26, 90, 110
COLOURS = (('P(human)', '#1a7f37'), ('P(machine)', '#b35900'),
           ('P(beep)', '#6639ba'))


def say(text, voice):
    with tempfile.NamedTemporaryFile(suffix='.wav') as f:
        subprocess.run(['espeak-ng', '-v', voice, '-w', f.name, text],
                       check=True)
        with wave.open(f.name) as w:
            x = np.frombuffer(w.readframes(w.getnframes()), '<i2')
            x = trim(at_rate(x / 32768, w.getframerate()))
    return x * gain(-20) / noise.rms(x)


def call(rng, parts, ms, floor):
    x = np.zeros(ms * RATE // 1000)
    for at, y in parts:
        at = at * RATE // 1000
        y = y[:len(x) - at]
        x[at:at + len(y)] += y
    return noise.ulaw(x + gain(floor) * noise.coloured(rng, len(x), 2))


def calls():
    rng = np.random.default_rng(5)
    hello = say('Hello?', 'en-us+m3')
    greeting = say('Hi, this is Bob. I cannot come to the phone right now. '
                   'Please leave a message after the tone.', 'en-gb+f2')
    sorry = say('The number you have dialed is not in service.', 'en-us+f4')
    sit = np.concatenate([gain(-20) * noise.tone([f], 330)
                          for f in (950, 1400, 1800)])
    end = 600 + len(greeting) * 1000 // RATE
    return {
        'human': ('A person: "Hello?", and waits',
                  call(rng, [(700, hello)], 4000, -52)),
        'voicemail': ('A voicemail: greeting, beep',
                      call(rng, [(600, greeting), (end + 500, gain(-18) *
                                                   noise.tone([1000], 400))],
                           end + 2200, -66)),
        'announcement': ('The network: information tones, announcement',
                         call(rng, [(200, sit), (1500, sorry)], 5000, -66)),
    }


def judged(program, x):
    with tempfile.NamedTemporaryFile(suffix='.wav') as f:
        with wave.open(f.name, 'wb') as w:
            w.setparams((1, 2, RATE, 0, 'NONE', ''))
            w.writeframes((np.clip(x, -1, 1) * 32767).astype('<i2')
                          .tobytes())
        out = subprocess.run([program, 'amd', '--curve', f.name],
                             capture_output=True, check=True).stdout
    return json.loads(out)


def text(x, y, what, more=''):
    return ('<text x="%.0f" y="%.0f" %s>%s</text>' %
            (x, y, more, what.replace('&', '&amp;').replace('<', '&lt;')))


def marks(j, at):
    """Lines where something was said of the call."""
    out = []
    rows = 0
    for e in j['events']:
        word = e['text']
        if e['event'] == 'call_amd':
            word = '%s: %s' % ('final' if word == 'final' else 'it seems',
                               e['status'])
        x = at(e['at_ms'])
        y = TOP + SOUND + CURVE
        out.append('<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#888" '
                   'stroke-dasharray="3 3"/>' % (x, TOP, x, y + 14))
        rows += 1
        right = x > WIDTH * 0.7
        out.append(text(x + (-4 if right else 4), y + 14 + 13 * (rows % 3),
                        '%s, %d ms' % (word, e['at_ms']),
                        'text-anchor="end"' if right else ''))
    return out


def picture(title, x, j):
    ms = len(x) * 1000 / RATE
    at = lambda t: LEFT + t / ms * (WIDTH - LEFT - 10)
    middle = TOP + SOUND / 2
    n = 500
    step = len(x) // n
    peaks = np.abs(x[:n * step].reshape(n, step)).max(1)
    peaks = np.minimum(np.sqrt(peaks) * SOUND / 2, SOUND / 2)
    up = ['%.1f,%.1f' % (at(i * ms / n), middle - p)
          for i, p in enumerate(peaks)]
    down = ['%.1f,%.1f' % (at(i * ms / n), middle + p)
            for i, p in reversed(list(enumerate(peaks)))]
    base = TOP + SOUND + CURVE
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'font-family="sans-serif" font-size="11">' % (WIDTH, base + 62),
           '<rect width="100%" height="100%" fill="#fff"/>',
           text(LEFT, 16, title, 'font-weight="bold"'),
           '<polygon fill="#9ab" points="%s"/>' % ' '.join(up + down)]
    for p in (0, 0.5, 1):
        y = base - p * (CURVE - 10)
        out += ['<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" '
                'stroke="#ddd"/>' % (LEFT, y, WIDTH - 10, y),
                text(LEFT - 6, y + 4, '%g' % p, 'text-anchor="end"')]
    for k, (name, colour) in enumerate(COLOURS):
        line = ['%.1f,%.1f' % (at(c[0]), base - c[k + 1] * (CURVE - 10))
                for c in j['curve'][::2] if c[0] <= ms]
        out += ['<polyline fill="none" stroke="%s" stroke-width="1.6" '
                'points="%s"/>' % (colour, ' '.join(line)),
                text(WIDTH - 230 + 76 * k, 16, name, 'fill="%s"' % colour)]
    for s in range(int(ms / 1000) + 1):
        out.append(text(at(s * 1000), TOP + SOUND + 8, '%d s' % s,
                        'fill="#666" text-anchor="middle"'))
    return '\n'.join(out + marks(j, at) + ['</svg>', ''])


def main():
    program, folder = sys.argv[1:3]
    for name, (title, x) in calls().items():
        with open(os.path.join(folder, 'amd-%s.svg' % name), 'w') as f:
            f.write(picture(title, x, judged(program, x)))


if __name__ == '__main__':
    main()
