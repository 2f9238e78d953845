#!/usr/bin/env python3
"""examples/*.py do what they say."""
import os
import subprocess
import sys

from pycommon import PACKAGE, ROOT, Case, flow, main


class Examples(Case):
    def run_(self, name, *args, status=0):
        done = subprocess.run(
            [sys.executable, os.path.join(ROOT, "examples", name), *args], cwd=self.dir,
            capture_output=True, text=True, timeout=60, check=False,
            env=dict(os.environ, PYTHONPATH=PACKAGE))
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_hello(self):
        net = self.network()
        said = self.run_("hello.py", "sip:101@%s:%d" % (net.ip, net.port))
        self.assertTrue(said.endswith("call_ended busy\n"), said)
        with open(os.path.join(ROOT, "examples", "hello.py"), encoding="utf-8") as f:
            self.assertLessEqual(len(f.readlines()), 20)

    def test_agent_echo(self):
        net = self.network("--answer-delay", "0")
        said = self.run_("agent_echo.py", "sip:113@%s:%d" % (net.ip, net.port))
        self.assertRegex(said, r"heard [23]\.\d s\nanswered ")

    def test_campaign_and_again(self):
        net = self.network("--answer-delay", "0")
        server = "%s:%d" % (net.ip, net.port)
        flow.contacts(self.path("c.csv"), ["+4930123400", "+4930123403", "nobody"])
        flow.write_wav(self.path("p.wav"), flow.tone(0.2, 440))
        for _ in range(2):
            said = self.run_("campaign.py", server, "c.csv", "p.wav", "r.csv")
            self.assertIn("completed {'answered': 1, 'invalid_number': 1}", said)
            self.assertIn("2 rows in r.csv", said)
        self.assertEqual(len(flow.rows(self.path("r.csv"))), 2)
        self.assertEqual(len(net.events("invite")), 2)

    def test_usage(self):
        self.assertIn("campaign.py SERVER", self.run_("campaign.py", status=1))
        self.assertIn("NUMBER-OR-URI", self.run_("agent_echo.py", status=1))
        self.assertIn("agent_echo.py: ", self.run_("agent_echo.py", "no number", status=1))


if __name__ == "__main__":
    main()
