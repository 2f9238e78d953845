"""Was what was said heard?

A telephone that did not get the processor in time puts silence in, and says
the rest later: all is there, in order, and nothing was lost.  So silence
between is passed over; what is missing or another sound is not.
"""
import math

FRAME = 160             # samples; telephones put in whole frames
LATER = [n * FRAME for n in range(1, 26)]
PIECE = 400


def correlation(a, b):
    n = min(len(a), len(b))
    dot = sum(x * y for x, y in zip(a, b))
    norm = math.sqrt(sum(x * x for x in a[:n]) * sum(y * y for y in b[:n]))
    return dot / norm if norm else 0


def found(heard, said, begin):
    """(correlation, offset) of the best place of a piece of what was said."""
    piece = said[begin:begin + PIECE]
    energy = math.sqrt(sum(x * x for x in piece))
    best, at = -1.0, 0
    for off in range(0, max(1, min(16000, len(heard) - begin - PIECE))):
        part = heard[off + begin:off + begin + PIECE]
        norm = math.sqrt(sum(x * x for x in part)) * energy
        c = sum(x * y for x, y in zip(part, piece)) / norm if norm else 0
        if c > best:
            best, at = c, off
        if best > 0.999:
            break
    return best, at


def passed(heard, said, k, at):
    """The offset from frame k of `said` on, which is not at `at`."""
    now = correlation(heard[at + k + FRAME:][:5 * FRAME],
                      said[k + FRAME:][:5 * FRAME])
    best, where = max((correlation(heard[at + n + k + FRAME:][:5 * FRAME],
                                   said[k + FRAME:][:5 * FRAME]), -n)
                      for n in LATER)
    return at - where if best > max(0.8, now + 0.2) else at


def best_match(heard, said):
    """(correlation, offset) of the place where `said` is in `heard`: found
    by a piece over a change of tone (see flow.voice()), then frame by
    frame."""
    for begin in range(600, max(601, min(len(said) - PIECE, 5400)), 1600):
        best, at = found(heard, said, begin)
        if best > 0.9:
            break
    first = at = max(0, min(
        [at] + [at - n for n in LATER if n <= at and correlation(
            heard[at - n:][:PIECE], said[:PIECE]) > 0.9]))
    got = said[:0]
    for k in range(0, len(said), FRAME):
        want, here = said[k:k + FRAME], heard[at + k:at + k + FRAME]
        if correlation(here, want) < 0.9:
            at = passed(heard, said, k, at)
            here = max(here, heard[at + k:at + k + FRAME],
                       key=lambda h, w=want: correlation(h, w))
        got.extend(here)
        got.extend([0] * (len(want) - len(here)))
    return correlation(got, said), first
