"""What lines and rooms add: noise, tones, codecs, lost packets."""
import subprocess

import numpy as np
from scipy.signal import fftconvolve, lfilter

RATE = 8000


def gain(db):
    return 10 ** (db / 20)


def rms(x):
    return np.sqrt((x ** 2).mean() + 1e-12)


def coloured(rng, n, tilt):
    """Noise of 0 dB, its spectrum falling by `tilt` dB an octave."""
    f = np.fft.rfftfreq(n, 1 / RATE)
    s = np.fft.rfft(rng.standard_normal(n))
    s *= (np.maximum(f, 60) / 1000) ** (-tilt / 6.02)
    x = np.fft.irfft(s, n)
    return x / rms(x)


def hum(rng, n):
    t = np.arange(n) / RATE
    f = rng.choice([50, 60])
    x = sum(rng.uniform(0.1, 1) / k *
            np.sin(2 * np.pi * f * k * t + rng.uniform(0, 6.3))
            for k in range(2, 9))
    return x / rms(x)


def office(rng, n):
    """A floor of noise, and taps and rustle over it."""
    x = coloured(rng, n, rng.uniform(2, 5))
    for _ in range(rng.poisson(n / RATE * 2)):
        at = rng.integers(0, n - 1)
        m = min(int(rng.uniform(0.01, 0.25) * RATE), n - at)
        x[at:at + m] += (gain(rng.uniform(0, 14)) *
                         coloured(rng, m + 8, rng.uniform(-2, 4))[:m] *
                         np.exp(-np.arange(m) / m * 4))
    return x / rms(x)


def babble(rng, n, clips):
    x = np.zeros(n)
    for _ in range(6):
        at = 0
        while at < n:
            c = clips[rng.integers(len(clips))]
            m = min(len(c), n - at)
            x[at:at + m] += c[:m] / rms(c)
            at += m + rng.integers(0, 4000)
    return x / rms(x)


def room(rng, x):
    """A small room's echo."""
    n = int(rng.uniform(0.05, 0.35) * RATE)
    ir = rng.standard_normal(n) * np.exp(-np.arange(n) / n * 6.9)
    ir *= rng.uniform(0.1, 0.5) / np.sqrt((ir ** 2).sum())
    ir[0] += 1
    return fftconvolve(x, ir)


def voice(rng, x):
    """Another speaker of it: speed, colour, band."""
    speed = rng.uniform(0.9, 1.12)
    at = np.arange(0, len(x) - 1, speed)
    x = np.interp(at, np.arange(len(x)), x)
    x = lfilter([1, -rng.uniform(-0.35, 0.35)], [1], x)
    if rng.random() < 0.5:
        a = np.exp(-2 * np.pi * rng.uniform(60, 300) / RATE)
        x = lfilter([1, -1], [1, -a], x)
    return x


def click(rng):
    n = int(rng.uniform(0.004, 0.03) * RATE)
    return rng.standard_normal(n) * np.exp(-np.arange(n) / n * 4)


def tone(hz, ms, fade=3):
    n = int(ms * RATE / 1000)
    t = np.arange(n) / RATE
    x = sum(np.sin(2 * np.pi * f * t) for f in hz) / len(hz)
    m = min(int(fade * RATE / 1000), n // 2)
    if m:
        x[:m] *= np.arange(m) / m
        x[-m:] *= np.arange(m)[::-1] / m
    return x * np.sqrt(2)


def ulaw(x):
    """Through G.711 mu-law and back: 8 bits, logarithmic."""
    s = np.clip(np.round(x * 8159), -8158, 8158)
    a = np.abs(s) + 33
    e = np.floor(np.log2(a)).astype(int) - 5
    m = np.floor(a / 2.0 ** (e + 1)).astype(int) - 16
    y = (2 * m + 33) * 2.0 ** e - 33
    return np.sign(s) * y / 8159


def alaw(x):
    s = np.clip(np.round(x * 4096), -4095, 4095)
    a = np.abs(s)
    e = np.maximum(np.floor(np.log2(np.maximum(a, 1))).astype(int) - 5, 0)
    step = 2.0 ** np.maximum(e, 1)
    y = (np.floor(a / step) + 0.5) * step
    return np.where(s < 0, -y, y) / 4096


def gsm(x):
    raw = (np.clip(x, -1, 1) * 32767).astype('<i2').tobytes()
    pcm = ['-t', 's16', '-r', '8000', '-c', '1', '-']
    there = subprocess.run(['sox'] + pcm + ['-t', 'gsm', '-'], input=raw,
                           capture_output=True, check=True).stdout
    back = subprocess.run(['sox', '-t', 'gsm', '-'] + pcm, input=there,
                          capture_output=True, check=True).stdout
    y = np.frombuffer(back, '<i2') / 32768
    return np.pad(y, (0, max(len(x) - len(y), 0)))[:len(x)]


def codec(rng, x):
    """(samples, name)"""
    k = rng.random()
    if k < 0.15:
        return gsm(x), 'gsm'
    return (ulaw(x), 'ulaw') if k < 0.6 else (alaw(x), 'alaw')
