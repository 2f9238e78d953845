#!/usr/bin/env python3
"""phonenet against a foreign SIP program (sipp, sipsak).

usage: test_sipp.py PROGRAM
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

from flow import media_port  # noqa: E402
from pysip import Phonenet  # noqa: E402

PROGRAM = None


class Sipp(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="phonenet-")

    def tearDown(self):
        shutil.rmtree(self.dir)

    def run_sipp(self, net, scenario, number, calls, *more):
        r = subprocess.run(
            ["sipp", "-sf", os.path.join(HERE, scenario), "-s", number,
             "-i", "127.0.0.1", "-mp", str(media_port("127.0.0.1")), "-m", str(calls), "-r", "50", "-nostdin",
             "-timeout", "30", *more, "%s:%d" % net.addr],
            cwd=self.dir, capture_output=True, timeout=60, text=True)
        self.assertEqual(r.returncode, 0, r.stdout[-2000:] + r.stderr)

    def test_calls_udp_and_tcp(self):
        for more in ([], ["-t", "t1"]):
            net = Phonenet(PROGRAM, "--answer-delay", "50", "--no-media")
            try:
                self.run_sipp(net, "caller.xml", "493012300", 50, *more)
            finally:
                s = net.stop()
            self.assertEqual((s["invites"], s["answered"], s["bye_rx"],
                              s["unacked"], s["active"]),
                             (50, 50, 50, 0, 0))

    def test_cancelled(self):
        net = Phonenet(PROGRAM, "--journal",
                       os.path.join(self.dir, "journal"))
        try:
            self.run_sipp(net, "canceller.xml", "493012302", 50)
        finally:
            s = net.stop()
        self.assertEqual((s["invites"], s["cancelled"], s["unacked"]),
                         (50, 50, 0))

    @unittest.skipUnless(shutil.which("sipsak"), "sipsak is not installed")
    def test_sipsak_registers(self):
        net = Phonenet(PROGRAM, "--user", "bob:pw", "--algorithm", "md5")
        try:
            r = subprocess.run(
                ["sipsak", "-U", "-u", "bob", "-C", "sip:bob@127.0.0.1:5999", "-x", "120",
                 "-a", "pw", "-s", "sip:bob@%s:%d" % net.addr],
                capture_output=True, timeout=30, text=True)
        finally:
            s = net.stop()
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
        self.assertEqual((s["bindings"], s["auth_failures"]), (1, 0))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    if not shutil.which("sipp"):
        print("skipped: sipp is not installed")
        sys.exit(77)
    unittest.main(verbosity=2)
