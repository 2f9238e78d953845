"""Weights of the AMD: from folders of calls to lib/.../amd_table.h.

train.py AMD_DUMP FOLDER... [--table FILE] [--test FOLDER] [--epochs N]

One hidden layer over what amd_sense.c gives, for each frame since the voice
began; trained to tell P(human) at that moment.  Folders are those of calls.py
(a manifest.csv and its WAVs).  Needs numpy only.
"""
import argparse
import csv
import os
import subprocess
import tempfile

import numpy as np

SENSES = 20
HIDDEN = 32
STEP = 3       # frames: every 60 ms is a sample
UPTO = 250     # frames of a call, 5 s
OTHER = 0.5    # weight of what is no answer at all


def senses(dump, folder):
    """(rows of the manifest, what was sensed in each: frames x SENSES)"""
    with open(os.path.join(folder, 'manifest.csv'), newline='') as f:
        rows = list(csv.DictReader(f))
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, 'senses')
        names = ''.join(os.path.join(folder, r['file']) + '\n' for r in rows)
        subprocess.run([dump, out], input=names.encode(), check=True)
        with open(out, 'rb') as f:
            data = f.read()
    found, at = [], 0
    for _ in rows:
        n = int(np.frombuffer(data, '<u4', 1, at)[0])
        x = np.frombuffer(data, '<f4', n * SENSES, at + 4)
        found.append(x.reshape(n, SENSES))
        at += 4 + n * SENSES * 4
    return rows, found


def samples(rows, found):
    """(senses, is human, weight) of frames since the voice began, until the
    beep."""
    xs, ys, ws = [], [], []
    for r, x in zip(rows, found):
        end = min(len(x), UPTO)
        if r['beep_start_ms']:
            end = min(end, int(r['beep_start_ms']) // 20)
        k = np.arange(5, end, STEP)
        k = k[x[k, 1] > 0]
        xs.append(x[k])
        ys.append(np.full(len(k), r['label'] == 'human', np.float32))
        ws.append(np.full(len(k), OTHER if r['label'] == 'other' else 1,
                          np.float32))
    return np.concatenate(xs), np.concatenate(ys), np.concatenate(ws)


def run(w, x):
    h = np.maximum(x @ w[0] + w[1], 0)
    return h, 1 / (1 + np.exp(-np.clip(h @ w[2] + w[3], -20, 20)))


def train(x, y, weight, epochs, seed=1, decay=1e-3):
    """Adam on the cross entropy."""
    rng = np.random.default_rng(seed)
    mean, dev = x.mean(0), x.std(0) + 1e-2
    x = ((x - mean) / dev).astype(np.float32)
    w = [rng.normal(0, SENSES ** -0.5, (SENSES, HIDDEN)), np.zeros(HIDDEN),
         rng.normal(0, HIDDEN ** -0.5, HIDDEN), np.zeros(1)]
    w = [a.astype(np.float32) for a in w]
    m = [np.zeros_like(a) for a in w]
    v = [np.zeros_like(a) for a in w]
    t = 0
    for epoch in range(epochs):
        order = rng.permutation(len(x))
        rate = 4e-3 * 0.5 * (1 + np.cos(np.pi * epoch / epochs)) + 1e-4
        for at in range(0, len(order), 512):
            k = order[at:at + 512]
            h, p = run(w, x[k])
            d = (p - y[k]) * weight[k] / len(k)
            dh = np.outer(d, w[2]) * (h > 0)
            g = [x[k].T @ dh + decay * w[0], dh.sum(0), h.T @ d +
                 decay * w[2], d.sum(keepdims=True)]
            t += 1
            for i in range(4):
                m[i] += 0.1 * (g[i] - m[i])
                v[i] += 0.001 * (g[i] ** 2 - v[i])
                w[i] -= (rate * m[i] / (1 - 0.9 ** t) /
                         (np.sqrt(v[i] / (1 - 0.999 ** t)) + 1e-8))
    # the scaling goes into the weights
    return [w[0] / dev[:, None], w[1] - (mean / dev) @ w[0], w[2], w[3]]


def loss(w, x, y, weight):
    _, p = run(w, x)
    e = -np.log(np.where(y > 0, p, 1 - p) + 1e-6)
    return (e * weight).sum() / weight.sum(), ((p > 0.5) == (y > 0)).mean()


def numbers(a, tabs):
    lines, line = [], tabs
    for v in a:
        word = '%.4fF, ' % v
        if len((line + word).replace('\t', ' ' * 8).rstrip()) > 79:
            lines.append(line.rstrip())
            line = tabs
        line += word
    return '\n'.join(lines + [line.rstrip()])


TABLE = '''/**
 * @file core/media/detect/amd_table.h  Weights of the AMD
 *
 * Made by tests/eval/train.py; not to be edited.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_AMD_TABLE_H
#define SIPD_CORE_MEDIA_DETECT_AMD_TABLE_H

#include "core/media/detect/amd_sense.h"

enum { SIPD_AMD_HIDDEN = %d };

/* clang-format off */
static const float sipd_amd_in[SIPD_AMD_SENSES][SIPD_AMD_HIDDEN] = {
%s
};

static const float sipd_amd_bias[SIPD_AMD_HIDDEN] = {
%s
};

static const float sipd_amd_out[SIPD_AMD_HIDDEN] = {
%s
};
/* clang-format on */

static const float sipd_amd_odds = %.4fF;

#endif
'''


def table(w):
    rows = '\n'.join('\t{\n%s\n\t},' % numbers(r, '\t\t') for r in w[0])
    return TABLE % (HIDDEN, rows, numbers(w[1], '\t'), numbers(w[2], '\t'),
                    w[3][0])


def main():
    a = argparse.ArgumentParser()
    a.add_argument('dump')
    a.add_argument('folder', nargs='+')
    a.add_argument('--table')
    a.add_argument('--test', action='append', default=[])
    a.add_argument('--epochs', type=int, default=12)
    a = a.parse_args()
    parts = [samples(*senses(a.dump, f)) for f in a.folder]
    x, y, weight = (np.concatenate(p) for p in zip(*parts))
    w = train(x, y, weight, a.epochs)
    print('%d samples, loss %.3f, right %.3f' % ((len(x),) +
                                                 loss(w, x, y, weight)))
    for f in a.test:
        print(f, 'loss %.3f, right %.3f' %
              loss(w, *samples(*senses(a.dump, f))))
    if a.table:
        with open(a.table, 'w') as f:
            f.write(table(w))


if __name__ == '__main__':
    main()
