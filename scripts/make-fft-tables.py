#!/usr/bin/env python3
"""Make lib/core/media/detect/fft_table.h: window and factors of the FFT.

usage: make-fft-tables.py > lib/core/media/detect/fft_table.h
"""
import cmath
import math

REAL = 256
N = REAL // 2


def table(name, comment, values):
    print(f'/* {comment} */')
    print(f'static const float {name}[{len(values)}] = {{')
    for i in range(0, len(values), 5):
        print('\t' + ', '.join(f'{v:+.8f}F' for v in values[i:i + 5]) + ',')
    print('};\n')


def factors(name, comment, size, powers):
    """exp(-2 pi i p k / size) of p < size / 4 and k = 1, 2, 3."""
    for k in powers:
        w = [cmath.exp(-2j * math.pi * p * k / size) for p in range(size // 4)]
        table(f'{name}{k}r', f'{comment}, k = {k}', [v.real for v in w])
        table(f'{name}{k}i', 'the same, imaginary', [v.imag for v in w])


def main():
    print('''/**
 * @file core/media/detect/fft_table.h  Window and factors of the FFT
 *
 * Made by scripts/make-fft-tables.py.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_FFT_TABLE_H
#define SIPD_CORE_MEDIA_DETECT_FFT_TABLE_H

/* clang-format off */''')
    table('hann', f'Hann, {REAL} samples',
          [(0.5 - 0.5 * math.cos(2 * math.pi * i / REAL)) for i in range(REAL)])
    factors('a', f'exp(-2 pi i p k / {N})', N, (1, 2, 3))
    factors('b', f'exp(-2 pi i p k / {N // 4})', N // 4, (1, 2, 3))
    w = [cmath.exp(-2j * math.pi * k / REAL) for k in range(N // 2)]
    table('splitr', f'exp(-2 pi i k / {REAL})', [v.real for v in w])
    table('spliti', 'the same, imaginary', [v.imag for v in w])
    print('/* clang-format on */\n\n#endif')


main()
