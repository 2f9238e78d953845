"""What the flow tests share: the command, the network, files, deadlines.

The environment says where things are: SIPDIALER (the command),
SIPDIALER_PHONENET (the simulated network), SIPDIALER_LIBRARY (the shared
library).  Every test has addresses of its own, made from its process id, so
that tests run side by side.
"""
import array
import concurrent.futures
import csv
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import wave

from match import best_match, correlation  # noqa: F401
from ports import free_port, media_port  # noqa: F401
from pysip import Phonenet, journal, ulaw_decode

EXE = os.environ.get("SIPDIALER", "sipdialer")
PHONENET = os.environ.get("SIPDIALER_PHONENET", "sipdialer-phonenet")
LIBRARY = os.environ.get("SIPDIALER_LIBRARY", "libsipdialer.so.0")
SKIPPED = 77


def skip(why):
    """Ends the process as skipped, for meson."""
    print("skipped: " + why)
    sys.exit(SKIPPED)


def program(name, package):
    path = shutil.which(name, path=os.environ.get("PATH", "") +
                        ":/usr/sbin:/usr/local/sbin")
    return path or skip("%s is not installed (package %s)" % (name, package))


def address(n=0):
    """A loopback address that no other test process has; n: 0 to 1."""
    pid = os.getpid()
    return "127.%d.%d.%d" % (64 + 64 * n + (pid >> 16 & 63), pid >> 8 & 255,
                             pid & 255)


class Nobody:
    """An address where no one listens, whatever else runs."""

    def __init__(self, ip):
        self.ip, self.port = ip, free_port(ip)
        self.text = "%s:%d" % (self.ip, self.port)


def listens(kind, ip, port):
    """Is the port bound, without touching it?"""
    want = "%s:%04X" % ("".join("%02X" % int(b) for b in
                                reversed(ip.split("."))), port)
    with open("/proc/net/" + kind, encoding="ascii") as f:
        return any(line.split()[1] == want for line in f
                   if ":" in line.split()[0])


def until(condition, seconds=10, what="condition"):
    """Waits for condition() to hold and returns what it gave."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError("not within %g s: %s" % (seconds, what))
        time.sleep(0.02)


class Span:
    """Numbers from low to high, for assertIn."""

    def __init__(self, low, high):
        self.low, self.high = low, high

    def __contains__(self, x):
        return self.low <= x <= self.high

    def __repr__(self):
        return "%g to %g" % (self.low, self.high)


class Result:
    """How a run of the command ended."""

    def __init__(self, args, status, out, err, seconds):
        self.args, self.status, self.seconds = args, status, seconds
        self.out, self.err = out, err

    @property
    def events(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def all(self, name):
        return [e for e in self.events if e["event"] == name]

    @property
    def last(self):
        return self.events[-1]

    def __repr__(self):
        return "%s\nexit status %s after %.1f s\n%s%s" % (
            " ".join(self.args), self.status, self.seconds, self.out,
            self.err)


class Command:
    """The command as a child."""

    def __init__(self, *args, exe=None, **popen):
        self.args = [exe or EXE, *[str(a) for a in args]]
        self.began = time.monotonic()
        self.child = subprocess.Popen(
            self.args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **popen)

    def wait(self, timeout=45):
        try:
            out, err = self.child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.child.kill()
            out, err = self.child.communicate()
            raise AssertionError("still running after %g s: %s\n%s%s" % (
                timeout, " ".join(self.args), out, err)) from None
        return Result(self.args, self.child.returncode, out, err,
                      time.monotonic() - self.began)

    def signal(self, sig=signal.SIGINT):
        self.child.send_signal(sig)

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.communicate()


def run(*args, timeout=45, **popen):
    c = Command(*args, **popen)
    try:
        return c.wait(timeout)
    finally:
        c.close()


def parallel(calls, workers=24):
    """Runs functions side by side; their results in the same order."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return [f.result() for f in [pool.submit(c) for c in calls]]


class Case(unittest.TestCase):
    """A folder, an address, and what is closed at the end."""

    maxDiff = None

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="sipdialer-flow-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.ip = address()

    def path(self, name):
        return os.path.join(self.dir, name)

    def network(self, *args, name="journal", listen=None):
        """A simulated telephone network that ends with the test."""
        return self.enter(Network(self, *args, name=name, listen=listen))

    def enter(self, thing):
        self.addCleanup(thing.close)
        return thing

    def command(self, *args, **popen):
        return self.enter(Command(*args, **popen))

    def one_line(self, result, status, *words):
        """Exit status and exactly one line on stderr, which says why."""
        self.assertEqual(result.status, status, result)
        lines = result.err.splitlines()
        self.assertEqual(len(lines), 1, result)
        self.assertTrue(lines[0].startswith("sipdialer: "), result)
        self.assertLess(len(lines[0]), 400, result)
        for word in words:
            self.assertIn(word, lines[0], result)
        return lines[0]


class Network:
    def __init__(self, case, *args, name="journal", listen=None):
        self.file = case.path(name)
        self.stats = None
        self.net = Phonenet(PHONENET, "--listen",
                            listen or case.ip + ":0",
                            "--journal", self.file, *args)
        self.ip, self.port = self.net.addr
        self.options = ["-o", "sip.server=%s" % self.ip,
                        "-o", "sip.port=%d" % self.port,
                        "-o", "sip.local_address=%s" % case.ip]

    def events(self, name=None, number=None):
        try:
            events = journal(self.file)
        except ValueError:           # the last line is being written
            time.sleep(0.05)
            events = journal(self.file)
        return [e for e in events if (not name or e["event"] == name) and
                (not number or e.get("number") == number)]

    def stop(self):
        """Ends it; its counters."""
        if not self.stats:
            self.stats = self.net.stop()
        return self.stats

    def kill(self):
        self.net.child.kill()
        self.net.child.communicate()
        self.stats = {}

    def close(self):
        if self.net.child.poll() is None:
            self.net.child.kill()
            self.net.child.communicate()


# ---- sounds ------------------------------------------------------------------

def voice(seconds, rate=8000, seed=1):
    """Something like speech: gliding tones with a syllable's rhythm, no
    stretch of which is like another."""
    rnd = random.Random(seed)
    out, phase, f = array.array("h"), 0.0, 300.0
    for i in range(int(seconds * rate)):
        if i % (rate // 10) == 0:
            f = rnd.uniform(150, 900)
            level = rnd.uniform(2000, 12000)
        phase += 2 * math.pi * f / rate
        out.append(int(level * math.sin(phase)))
    return out


def tone(seconds, freq, rate=8000, level=8000):
    return array.array("h", [int(level * math.sin(2 * math.pi * freq * i /
                                                  rate))
                             for i in range(int(seconds * rate))])


def write_wav(path, samples, rate=8000, channels=1):
    with wave.open(path, "wb") as w:
        w.setnchannels(channels)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(samples.tobytes())
    return path


def read_wav(path, channel=0):
    """(rate, samples of one channel, number of channels)"""
    with wave.open(path) as w:
        if w.getsampwidth() != 2:
            raise AssertionError("%s: not 16 bit" % path)
        data = array.array("h", w.readframes(w.getnframes()))
        n = w.getnchannels()
        return w.getframerate(), data[channel::n], n


def ulaw_byte(v):
    """G.711 µ-law of one sample, by the Recommendation's table."""
    sign = 0x80 if v < 0 else 0
    v = min(abs(v), 32635) + 132
    e = max(0, v.bit_length() - 8)
    return ~(sign | e << 4 | (v >> (e + 3) & 15)) & 255


def through_ulaw(samples):
    """What is left of a signal after µ-law."""
    return ulaw_decode(bytes(ulaw_byte(s) for s in samples))


def level(samples):
    return math.sqrt(sum(s * s for s in samples) / max(1, len(samples)))


def share(samples, freq, rate=8000):
    """The share of the energy at one frequency, 0 to 1 (Goertzel)."""
    c = 2 * math.cos(2 * math.pi * freq / rate)
    a = b = 0.0
    for s in samples:
        a, b = s + c * a - b, a
    power = a * a + b * b - c * a * b
    energy = sum(s * s for s in samples)
    return 2 * power / (energy * len(samples)) if energy else 0


# ---- files -------------------------------------------------------------------

def contacts(path, numbers):
    with open(path, "w", encoding="utf-8", newline="") as f:
        w = csv.writer(f)
        w.writerow(["number", "name"])
        for i, n in enumerate(numbers):
            w.writerow([n, "Contact %d" % i])
    return path


def rows(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def tests_of(suite):
    for t in suite:
        if isinstance(t, unittest.TestSuite):
            yield from tests_of(t)
        else:
            yield t


def one(test):
    """Runs a test; (name, seconds, text of what was wrong or skipped)."""
    result = unittest.TestResult()
    began = time.monotonic()
    test.run(result)
    bad = [text for _, text in result.errors + result.failures]
    note = ["skipped: " + why for _, why in result.skipped]
    return test.id(), time.monotonic() - began, "\n".join(bad), note


def main(workers=6):
    """Runs the tests of the module side by side: they wait for telephones
    most of the time."""
    signal.alarm(170)                # a test never outlives its timeout
    for path in (EXE, PHONENET):
        if not (os.path.exists(path) or shutil.which(path)):
            skip("%s is not there" % path)
    loader, module = unittest.defaultTestLoader, sys.modules["__main__"]
    suite = loader.loadTestsFromNames(sys.argv[1:], module) \
        if sys.argv[1:] else loader.loadTestsFromModule(module)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for f in concurrent.futures.as_completed(
                [pool.submit(one, t) for t in tests_of(suite)]):
            name, seconds, bad, note = f.result()
            failed += bool(bad)
            print("%-4s %5.1f s  %s %s" % ("FAIL" if bad else "ok", seconds,
                                           name, " ".join(note)))
            if bad:
                print(bad[:6000])
            sys.stdout.flush()
    sys.exit(1 if failed else 0)
