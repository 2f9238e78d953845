#!/usr/bin/env python3
"""Codecs against baresip, which plays back what it hears: G.722, Opus, L16."""
import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import baresip  # noqa: E402
import flow  # noqa: E402


def level(samples, rate, freq):
    """Amplitude of a tone, the most in any 40 ms."""
    n = rate // 25
    best = 0.0
    for at in range(0, len(samples) - n, n):
        c = sum(x * math.cos(2 * math.pi * freq * i / rate)
                for i, x in enumerate(samples[at:at + n]))
        s = sum(x * math.sin(2 * math.pi * freq * i / rate)
                for i, x in enumerate(samples[at:at + n]))
        best = max(best, 2 * math.hypot(c, s) / n)
    return best


def syllables(heard, said):
    """The share of its syllables (100 ms each, see flow.voice()) that are
    there, in order.  A busy machine that lets baresip wait moves some."""
    found = total = shift = 0
    for k in range(800, len(said) - 1600, 800):
        piece = said[k + 200:k + 500]
        first = k + 200 + shift
        span = range(first - 200, first + 1600) if found else \
            range(first, first + 8000)
        best, at = max((flow.correlation(heard[off:off + 300], piece), off)
                       for off in span if 0 <= off <= len(heard) - 300)
        total += 1
        if best > 0.9:
            found += 1
            shift = at - k - 200
    return found / total


class Wide(baresip.Phone):
    more_modules = ("g722", "opus", "l16")
    codec, rate, channels = "G722/16000/1", 16000, 1

    def configure(self):
        super().configure()
        for name, changes in (
                ("config", (("_srate 8000", "_srate %d" % self.rate),
                            ("_channels 1", "_channels %d" % self.channels))),
                ("accounts", (("PCMU/8000/1,PCMA/8000/1", self.codec),))):
            path = os.path.join(self.home, name)
            with open(path, encoding="utf-8") as f:
                text = f.read()
            for old, new in changes:
                text = text.replace(old, new)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)

    def prompt_is_heard(self, codecs, name):
        """Out, back from there, and into the left of our recording."""
        said = flow.voice(2)
        prompt = flow.write_wav(self.path("p.wav"), said)
        ours = self.path("ours.wav")
        r = self.call("--play", prompt, "--record", ours, options=(
            "-o", "media.codecs=" + codecs, "-o", "call.record_stereo=yes"))
        self.assertEqual(r.last["codec"], name)
        self.assertGreater(r.last["rtp"]["rx"], 80, r)
        _, heard, _ = flow.read_wav(ours)
        self.assertGreater(syllables(heard, said), 0.7)

    def whole_band_is_heard(self, codecs):
        """5.2 kHz, which no telephone of 8 kHz has."""
        said = flow.tone(2, 5200, 16000)
        prompt = flow.write_wav(self.path("p.wav"), said, 16000)
        self.call("--play", prompt, options=("-o", "media.codecs=" + codecs))
        self.end()
        rate, heard, _ = self.heard()
        self.assertEqual(rate, self.rate)
        self.assertGreater(level(heard, rate, 5200), 4000)

    def its_call_is_answered(self, codecs, name):
        prompt = flow.write_wav(self.path("p.wav"), flow.voice(2))
        e, answered = self.its_call(prompt, "media.codecs=" + codecs)
        self.assertEqual((e["disposition"], e["codec"]), ("answered", name),
                         self.text())
        self.assertGreater(e["rtp"]["rx"], 80, self.text())


class G722(Wide):
    # conformance: RFC 3551 4.5.2 | a prompt goes out and comes back in G.722 | baresip
    def test_prompt_and_echo(self):
        self.prompt_is_heard("g722", "G722")

    # conformance: ITU-T G.722 | 5.2 kHz of a prompt are heard at the far end | baresip
    def test_whole_band(self):
        self.whole_band_is_heard("g722")

    # conformance: RFC 3264 6.1 | what the far end does not have is left out | baresip
    def test_preferred_of_ours_that_it_has(self):
        self.prompt_is_heard("opus,l16,g722,pcmu", "G722")

    # conformance: RFC 3551 4.5.2 | a call that comes in is answered with G.722 | baresip
    def test_its_call(self):
        self.its_call_is_answered("pcmu,g722", "G722")


class Opus(Wide):
    codec, rate, channels = "opus/48000/2", 48000, 2

    # conformance: RFC 7587 4 | a prompt goes out and comes back in Opus | baresip
    def test_prompt_and_echo(self):
        self.prompt_is_heard("opus,pcmu", "opus")

    # conformance: RFC 7587 3.1.1 | 5.2 kHz of a prompt are heard at the far end | baresip
    def test_whole_band(self):
        self.whole_band_is_heard("opus")

    # conformance: RFC 7587 7 | a call that comes in is answered with Opus | baresip
    def test_its_call(self):
        self.its_call_is_answered("opus", "opus")


class L16(Wide):
    codec = "L16/16000/1"

    # conformance: RFC 3551 4.5.11 | a prompt goes out and comes back in L16 at 16 kHz | baresip
    def test_prompt_and_echo(self):
        self.prompt_is_heard("l16", "L16")

    # conformance: RFC 3551 4.5.11 | a call that comes in is answered with L16 | baresip
    def test_its_call(self):
        self.its_call_is_answered("l16,pcmu", "L16")


class L16Narrow(Wide):
    codec, rate = "L16/8000/1", 8000

    # conformance: RFC 3551 4.5.11 | a prompt goes out and comes back in L16 at 8 kHz | baresip
    def test_prompt_and_echo(self):
        self.prompt_is_heard("l16", "L16")


if __name__ == "__main__":
    baresip.main()
