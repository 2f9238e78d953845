"""The rules of Asterisk's app_amd with its defaults, to compare with.

Written from its documentation: frames of 20 ms, silent if the mean of
|sample| is under 256.
"""
import array
import wave

TOTAL, INITIAL, GREETING, AFTER = 5000, 2500, 1500, 800
WORD, BETWEEN, WORDS, LONGEST = 100, 50, 2, 5000
SILENT = 256


def verdict(samples):
    """(verdict, ms, cause) of 8 kHz samples."""
    t = voice = run = quiet = words = 0
    in_word, began = False, False
    at = 0
    while True:
        t += 20
        if t >= TOTAL:
            return 'unknown', t, 'too long'
        f = samples[at:at + 160]
        at += 160
        if sum(map(abs, f)) // 160 < SILENT:
            quiet += 20
            if quiet >= BETWEEN:
                in_word, run = False, 0
            if not began and quiet >= INITIAL:
                return 'machine', t, 'initial silence'
            if began and quiet >= AFTER:
                return 'human', t, 'human'
            continue
        quiet = 0
        run += 20
        voice += 20
        if run >= WORD and not in_word:
            words += 1
            in_word = True
        if run >= LONGEST:
            return 'machine', t, 'long word'
        if words > WORDS:
            return 'machine', t, 'many words'
        if began and voice >= GREETING:
            return 'machine', t, 'long greeting'
        began = began or run >= WORD


def of_file(path):
    with wave.open(path) as w:
        x = array.array('h', w.readframes(w.getnframes()))
    return verdict(x)
