"""Calls with all that answers, made of voices and noise, with a manifest.

calls.py FOLDER [--n 3000] [--seed 1] [--store DIR] [--seen]: WAVs and
manifest.csv as in data/amd.  Without --seen no voice of data/amd is used.
"""
import argparse
import csv
import os

import numpy as np
import soundfile as sf

import noise
import sources
from noise import RATE, gain


# Greetings that begin with a word of their own ("Hi."), then pause.
HI = 0.25


class Bank:
    """All voices, by what they can say."""

    def __init__(self, store, seen):
        self.store = store
        self.syllables = sources.klettres(store, seen)
        acted = sources.fillets(store, seen)
        self.lines = [a for a in acted if len(a[1]) < 4 * RATE]
        self.words = sources.words(acted)
        self.prompts = sources.prompts(store, seen)
        self.tts = [v for v in sources.voices(seen)]
        self.music = sources.music()
        self.clips = [x for _, x in acted if len(x) > RATE]
        self.by_voice = {}
        for who, x in self.lines:
            self.by_voice.setdefault(who, []).append(x)

    def line(self, rng, low, high):
        """An acted line of so many seconds: (voice, samples)."""
        while True:
            who, x = self.lines[rng.integers(len(self.lines))]
            if low * RATE <= len(x) <= high * RATE:
                return who, x

    def lines_of(self, rng, who, n):
        xs = self.by_voice[who]
        return [xs[i] for i in rng.choice(len(xs), n)]

    def say(self, rng, texts):
        """A text of a kind by a synthetic voice."""
        while True:
            v = self.tts[rng.integers(len(self.tts))]
            if v[1] not in texts:
                continue
            t = texts[v[1]][rng.integers(len(texts[v[1]]))]
            parts = (t,) if isinstance(t, str) else t
            xs = [sources.said(self.store, v, p) for p in parts]
            if all(x is not None for x in xs):
                return v[0], xs


class Call:
    def __init__(self, rng, label, subtype):
        self.rng, self.label, self.subtype = rng, label, subtype
        self.x = np.zeros(0)
        self.first = self.last = None
        self.beep = None
        self.who = ''
        self.synthetic = 0
        self.noted = []

    def put(self, x, at, speech=True):
        end = at + len(x)
        if end > len(self.x):
            self.x = np.pad(self.x, (0, end - len(self.x)))
        self.x[at:end] += x
        if speech:
            self.first = at if self.first is None else self.first
            self.last = end
        return end

    def ms(self, low, high):
        return int(self.rng.uniform(low, high) * RATE / 1000)


def onset(c, human):
    u = c.rng.random()
    if human:
        return c.ms(150, 1000) if u < 0.8 else c.ms(900, 2000)
    return c.ms(100, 1400)


def speak(c, xs, at, gaps, db, change=True):
    """Pieces of one voice one after the other, at one level."""
    if change:
        seed = c.rng.integers(1 << 31)
        xs = [noise.voice(np.random.default_rng(seed), x) for x in xs]
    g = gain(db - sources.level(np.concatenate(xs)))
    for i, x in enumerate(xs):
        at = c.put(x * g, at) + (c.ms(*gaps) if i + 1 < len(xs) else 0)
    return at


def line_noise(c, human, noisy):
    """The line's own, and the room's of a live microphone."""
    n = len(c.x)
    rng = c.rng
    floor = rng.uniform(-72, -52)
    c.x += gain(floor) * noise.coloured(rng, n, rng.uniform(-1, 3))
    if human and noisy is None and rng.random() < 0.18:
        noisy = rng.uniform(-50, -38)
    if not human or noisy is None:
        return
    kind = rng.integers(4)
    x = (noise.office(rng, n) if kind == 0 else
         noise.babble(rng, n, c.bank.clips) if kind == 1 else
         noise.hum(rng, n) if kind == 2 and rng.random() < 0.3 else
         noise.coloured(rng, n, rng.uniform(1, 5)))
    c.x += gain(noisy) * x


def greeting_noise(c, chance):
    """The recording's own background: begins and ends with it."""
    if c.rng.random() > chance:
        return
    a = max(c.first - c.ms(60, 500), 0)
    b = c.last + c.ms(0, 400)
    n = b - a
    c.put(gain(c.rng.uniform(-55, -38)) *
          noise.coloured(c.rng, n, c.rng.uniform(0, 5)), a, False)


def add_beep(c):
    at = c.last + c.ms(280, 2300)
    ms = c.rng.choice([120, 150, 200, 250, 300, 400, 500, 700, 1000, 1500])
    f = c.rng.choice([440, 480, 620, 800, 850, 900, 1000, 1004, 1200, 1400,
                      1633, 2000])
    f *= c.rng.uniform(0.95, 1.05)
    fs = [f] if c.rng.random() < 0.85 else [f, f * 1.3]
    end = c.put(gain(c.rng.uniform(-28, -10)) * noise.tone(fs, ms), at,
                False)
    c.beep = (at, end)


def short_word(c, bank):
    k = c.rng.random()
    if k < 0.4:
        c.who, x = bank.syllables[c.rng.integers(len(bank.syllables))]
    elif k < 0.75:
        c.who, x = bank.words[c.rng.integers(len(bank.words))]
    else:
        c.who, (x,) = bank.say(c.rng, sources.SHORT)
        c.synthetic = 1
    return x


def word_ms(c):
    return c.rng.uniform(-28, -14)


def human(c, bank):
    s = c.subtype
    db, at = word_ms(c), onset(c, True)
    noisy = None
    if s in ('sentence', 'long_business', 'hold_on', 'recorded'):
        noisy = human_long(c, bank, s, at, db)
    else:
        x = short_word(c, bank)
        db = c.rng.uniform(-36, -31) if s == 'quiet' else db
        if s == 'late_answer':
            at = c.ms(2000, 3300)
        if s == 'false_answer':
            us = c.rng.random() < 0.5
            end = c.put(gain(-20) * noise.tone([440, 480] if us else [425],
                                               c.ms(300, 1400) / 8), 0, False)
            at = end + c.ms(200, 1000)
        if s == 'pickup_click':
            c.put(gain(c.rng.uniform(-25, -12)) * noise.click(c.rng),
                  max(at - c.ms(150, 700), 0), False)
            x = noise.room(c.rng, x)
        end = speak(c, [x], at, (0, 1), db)
        if s == 'hello_repeat':
            speak(c, [x], end + c.ms(900, 2600), (0, 1), db)
        if s == 'noisy':
            noisy = c.rng.uniform(-47, -34)
    c.x = np.pad(c.x, (0, c.ms(2500, 4500)))
    if s == 'tv_background':
        television(c, bank)
    if s in ('clipped', 'machine_clipped'):
        c.x = np.clip(c.x * gain(c.rng.uniform(6, 14)), -0.35, 0.35)
    line_noise(c, True, noisy)


def human_long(c, bank, s, at, db):
    r = c.rng
    if s == 'sentence':
        c.who, x = bank.line(r, 0.9, 1.9)
        speak(c, [x], at, (0, 1), db)
    elif s == 'recorded':
        c.who, x = bank.line(r, 0.5, 2.5)
        speak(c, [noise.room(r, x)], at, (0, 1), db)
    elif s == 'long_business':
        if r.random() < 0.5:
            c.who, x = bank.line(r, 2.3, 3.6)
            xs = [x]
        else:
            c.who, xs = bank.say(r, sources.BUSINESS)
            c.synthetic = 1
        speak(c, xs, at, (0, 1), db)
    elif r.random() < 0.5:
        c.who, x = bank.line(r, 0.7, 2.2)
        y = [y for y in bank.lines_of(r, c.who, 8)
             if len(y) < 2.5 * RATE][:1]
        speak(c, [x] + y, at, (1800, 3500), db)
    else:
        c.who, xs = bank.say(r, sources.HOLD)
        c.synthetic = 1
        speak(c, xs, at, (1800, 3000), db)
    return r.uniform(-48, -38) if r.random() < 0.35 else None


def television(c, bank):
    n = len(c.x)
    x = np.zeros(n)
    at = 0
    while at < n:
        y = bank.clips[c.rng.integers(len(bank.clips))]
        m = min(len(y), n - at)
        x[at:at + m] = y[:m] / noise.rms(y)
        at += m + c.ms(0, 500)
    m = bank.music[c.rng.integers(len(bank.music))]
    k = c.rng.integers(max(len(m) - n, 1))
    m = np.resize(m[k:k + n], n)
    x += m / noise.rms(m) * c.rng.uniform(0.2, 1)
    c.x += gain(c.rng.uniform(-42, -33)) * x / noise.rms(x)


def prompt_call(c, bank, s, at, db):
    who = sorted(bank.prompts)[c.rng.integers(len(bank.prompts))]
    p, c.who, r = bank.prompts[who], who, c.rng
    names = sorted(p)
    digits = [n for n in names if n.startswith('digits/')] or names
    if s == 'carrier' or s == 'two_voices':
        seq = [n for n in ('vm-theperson',) if n in p]
        seq += [digits[r.integers(len(digits))]
                for _ in range(r.integers(3, 6))]
        seq += [n for n in ('vm-isunavail', 'vm-intro') if n in p]
        if r.random() < 0.5 and 'vm-nobodyavail' in p:
            seq = ['vm-nobodyavail', 'vm-intro']
    elif s in ('short_greeting', 'screening'):
        low, high = (0.7, 2.6) if s == 'short_greeting' else (1.7, 4)
        fit = [n for n in names if low * RATE < len(p[n]) < high * RATE]
        seq = [fit[r.integers(len(fit))]]
    elif s == 'ivr_menu':
        fit = sorted(names, key=lambda n: -len(p[n]))[:30]
        seq = [fit[r.integers(len(fit))]]
    else:
        fit = [n for n in names if len(p[n]) > RATE]
        seq = [fit[r.integers(len(fit))], fit[r.integers(len(fit))]]
    xs = [p[n] for n in seq if n in p]
    if s == 'two_voices' and len(xs) > 2:
        y = bank.syllables[r.integers(len(bank.syllables))][1]
        xs[1] = y * gain(sources.level(xs[0]) - sources.level(y))
    c.noted.append(' '.join(seq))
    speak(c, xs, at, (0, 250) if r.random() > HI else (100, 600), db,
          r.random() < 0.7)


def acted_call(c, bank, s, at, db):
    r = c.rng
    if s == 'short_greeting':
        c.who, x = bank.line(r, 0.6, 1.6)
        speak(c, [x], at, (0, 1), db)
        return
    if s == 'paused_greeting':
        c.who, x = bank.line(r, 0.5, 1.7)
        at = speak(c, [x], at, (0, 1), db) + c.ms(800, 1700)
        speak(c, bank.lines_of(r, c.who, r.integers(1, 4)), at, (100, 500),
              db)
        return
    c.who, x = bank.line(r, 0.5, 4)
    if r.random() < HI:
        y = [y for who, y in bank.words if who == c.who]
        at = speak(c, [y[r.integers(len(y))]], at, (0, 1), db)
        at += c.ms(150, 600)
    speak(c, [x] + bank.lines_of(r, c.who, r.integers(1, 4)), at,
          (50, 550), db)


def machine(c, bank):
    s, r = c.subtype, c.rng
    db, at = word_ms(c), onset(c, False)
    if s == 'beep_only':
        c.put(np.zeros(1), c.ms(500, 3000))
    else:
        if s == 'late_start':
            at = c.ms(1800, 3000)
        if s == 'quiet':
            db = r.uniform(-36, -31)
        tts = {'tts_greeting': sources.GREETING,
               'tts_short_greeting': sources.BRIEF,
               'tts_paused_greeting': sources.TEASE, 'tts_ivr': sources.MENU,
               'tts_screening': sources.SCREEN,
               'music_greeting': sources.GREETING}
        if s in tts:
            c.who, xs = bank.say(r, tts[s])
            c.synthetic = 1
            gaps = (800, 1600)
            if r.random() < HI and s != 'tts_paused_greeting':
                _, x = bank.say(r, sources.SHORT)
                xs, gaps = x + xs, (150, 600)
            speak(c, xs, at, gaps, db)
        elif s in ('carrier', 'no_beep', 'ivr_menu', 'screening',
                   'two_voices') or (s == 'short_greeting' and
                                     r.random() < 0.5):
            prompt_call(c, bank, s, at, db)
        else:
            acted_call(c, bank, s, at, db)
    if s == 'music_greeting':
        m = bank.music[r.integers(len(bank.music))]
        a = max(c.first - c.ms(100, 700), 0)
        m = np.resize(m, c.last - a)
        c.put(m / noise.rms(m) * gain(db - r.uniform(10, 18)), a, False)
    if s == 'clipped':
        c.x = np.clip(c.x * gain(r.uniform(6, 14)), -0.35, 0.35)
    if s != 'beep_only':
        greeting_noise(c, 1 if s == 'noisy' else 0.25)
    if s not in ('no_beep', 'ivr_menu', 'tts_ivr'):
        if c.last is None:
            c.last = len(c.x)
        add_beep(c)
        if s == 'beep_only':
            c.first = c.last = None
    c.x = np.pad(c.x, (0, c.ms(1800, 3200)))
    line_noise(c, False, None)


def other(c, bank):
    s, r = c.subtype, c.rng
    n = 8 * RATE
    c.x = np.zeros(n)
    cadence = {'busy': ([480, 620], 500, 500), 'reorder': ([425], 250, 250),
               'ringback': ([425], 1000, 4000), 'ringback2': ([440, 480], 2000,
                                                             4000)}
    if s in cadence:
        f, on, off = cadence[s]
        at = c.ms(0, 1500)
        while at < n - on * 8:
            at = c.put(gain(-20) * noise.tone(f, on), at, False) + off * 8
    elif s == 'music_on_hold':
        m = bank.music[r.integers(len(bank.music))]
        k = r.integers(max(len(m) - n, 1))
        m = np.resize(m[k:k + n], n)
        c.put(m / noise.rms(m) * gain(r.uniform(-26, -15)), 0, False)
    elif s == 'noise':
        kind = r.integers(3)
        x = (noise.office(r, n) if kind == 0 else noise.hum(r, n)
             if kind == 1 else noise.coloured(r, n, r.uniform(0, 6)))
        c.x += gain(r.uniform(-50, -30)) * x
    elif s == 'sit_announcement':
        at = c.ms(0, 300)
        for f in (950, 1400, 1800):
            at = c.put(gain(-20) * noise.tone([f], 330), at, False)
        who = sorted(bank.prompts)[r.integers(len(bank.prompts))]
        p = bank.prompts[who]
        names = sorted(p)
        speak(c, [p[names[r.integers(len(names))]]], at + c.ms(100, 400),
              (0, 1), -20)
        c.x = np.pad(c.x, (0, n // 2))
    line_noise(c, False, None)


HUMAN = {'hello_single': 14, 'hello_repeat': 8, 'late_answer': 4, 'noisy': 8,
         'tv_background': 4, 'quiet': 4, 'clipped': 3, 'pickup_click': 3,
         'lossy': 3, 'dtx': 3, 'sentence': 7, 'long_business': 10,
         'hold_on': 5, 'false_answer': 2, 'tts_short': 4, 'recorded': 4}
MACHINE = {'carrier': 10, 'no_beep': 4, 'ivr_menu': 4, 'screening': 2,
           'short_greeting': 5, 'two_voices': 3, 'personal': 10,
           'paused_greeting': 3, 'tts_greeting': 7, 'tts_short_greeting': 3,
           'tts_paused_greeting': 2, 'tts_screening': 2, 'tts_ivr': 2,
           'music_greeting': 2, 'beep_only': 2, 'late_start': 2, 'quiet': 2,
           'noisy': 2, 'clipped': 2}
OTHER = {'busy': 2, 'reorder': 2, 'ringback': 2, 'ringback2': 1,
         'music_on_hold': 2, 'noise': 3, 'silence': 2, 'sit_announcement': 3}


def finish(c):
    r, x = c.rng, c.x[:20 * RATE]
    if c.subtype == 'dtx' and c.label == 'human':
        keep = np.zeros(len(x), bool)
        keep[c.first:c.last] = True
        x = np.where(keep, x, 0)
    x, name = noise.codec(r, np.clip(x, -1, 1))
    c.noted.append('codec ' + name)
    if c.subtype == 'lossy' or r.random() < 0.04:
        for i in np.flatnonzero(r.random(len(x) // 160) <
                                r.uniform(0.02, 0.1)):
            x[i * 160:(i + 1) * 160] = 0
    c.x = x


def make(bank, seed):
    r = np.random.default_rng(seed)
    k = r.random()
    label, kinds = (('human', HUMAN) if k < 0.5 else ('machine', MACHINE)
                    if k < 0.92 else ('other', OTHER))
    names = list(kinds)
    p = np.array([kinds[n] for n in names], float)
    c = Call(r, label, names[r.choice(len(names), p=p / p.sum())])
    c.bank = bank
    {'human': human, 'machine': machine, 'other': other}[label](c, bank)
    finish(c)
    return c


def row(name, c):
    ms = lambda v: '' if v is None else v * 1000 // RATE
    return [name, c.label, c.subtype, c.who, '', c.synthetic, ms(c.first),
            ms(c.last), ms(c.beep[0]) if c.beep else '',
            ms(c.beep[1]) if c.beep else '', len(c.x) * 1000 // RATE, '',
            '; '.join(c.noted)]


def main():
    a = argparse.ArgumentParser()
    a.add_argument('folder')
    a.add_argument('--n', type=int, default=3000)
    a.add_argument('--seed', type=int, default=1)
    a.add_argument('--store', default=os.path.expanduser('~/.cache/amd'))
    a.add_argument('--seen', action='store_true')
    a = a.parse_args()
    bank = Bank(sources.Store(a.store), a.seen)
    os.makedirs(a.folder, exist_ok=True)
    with open(os.path.join(a.folder, 'manifest.csv'), 'w', newline='') as f:
        w = csv.writer(f)
        w.writerow('file label subtype source licence synthetic '
                   'speech_start_ms speech_end_ms beep_start_ms beep_end_ms '
                   'duration_ms language notes'.split())
        for i in range(a.n):
            c = make(bank, a.seed * 1000003 + i)
            name = '%s_%s_%05d.wav' % (c.label, c.subtype, i)
            sf.write(os.path.join(a.folder, name), c.x, RATE,
                     subtype='PCM_16')
            w.writerow(row(name, c))


if __name__ == '__main__':
    main()
