#!/usr/bin/env python3
"""The programs in examples/ do what their first lines say, and the table in
examples/README.md names each of them."""
import glob
import json
import os
import re
import signal
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

import flow

BUILT = os.environ["SIPDIALER_EXAMPLES"]
EXAMPLES = os.path.join(ROOT, "examples")


def lines(name):
    with open(os.path.join(EXAMPLES, name), encoding="utf-8") as f:
        return f.read().splitlines()


class Example(flow.Case):
    def example(self, name, *args):
        return self.command(*args, exe=os.path.join(BUILT, name),
                            cwd=self.dir)

    def prompt(self):
        return flow.write_wav(self.path("prompt.wav"), flow.tone(0.2, 440))


class Hello(Example):
    def test_short(self):
        self.assertLess(len(lines("hello.c")), 60)

    def test_plays_and_says_how_it_came_out(self):
        net = self.network("--answer-delay", "0")
        got = self.example("hello", "sip:100@%s:%d" % (net.ip, net.port),
                           self.prompt()).wait()
        self.assertEqual(got.status, 0, got)
        ended = json.loads(got.out.splitlines()[-2])
        self.assertEqual(ended["disposition"], "answered")
        self.assertGreater(ended["rtp"]["tx"], 5)
        self.assertIn("call_played", got.out)

    def test_wrong_usage_and_wrong_number(self):
        self.assertEqual(self.example("hello").wait().status, 2)
        got = self.example("hello", "100", "none").wait()
        self.assertEqual(got.status, 1)
        self.assertIn("sip.server", got.err)


class Campaign(Example):
    def setUp(self):
        super().setUp()
        self.prompt()
        self.numbers = ["49%06d00" % i for i in range(12)]
        flow.contacts(self.path("contacts.csv"),
                      self.numbers + ["4901", "none"])
        self.net = self.network("--answer-delay", "0", "--no-fsync")
        self.args = ["contacts.csv", "prompt.wav",
                     "sip.server=%s" % self.net.ip,
                     "sip.port=%d" % self.net.port, "dial.retries=0"]

    def rows(self):
        return flow.rows(self.path("results.csv"))

    def test_short(self):
        self.assertLess(len(lines("campaign.c")), 150)

    def test_runs_once(self):
        args = [*self.args, "dial.calls_per_second=0"]
        got = self.example("campaign", *args).wait()
        self.assertEqual(got.status, 0, got)
        self.assertIn("line 15: number", got.out)
        self.assertIn("4901: busy", got.out)
        self.assertEqual([r["status"] for r in self.rows()],
                         ["completed"] * 12 + ["failed"])
        # again: the results once more, and no call
        os.unlink(self.path("results.csv"))
        got = self.example("campaign", *args).wait()
        self.assertEqual(got.status, 0, got)
        self.assertEqual(len(self.rows()), 13)
        self.assertEqual(len(self.net.events("invite")), 13)

    def resumes(self, sig):
        run = self.example("campaign", *self.args, "dial.calls_per_second=4")
        flow.until(lambda: self.net.events("end"), what="end of a call")
        run.signal(sig)
        run.wait()
        self.assertNotEqual(run.child.returncode, 0)
        self.assertFalse(os.path.exists(self.path("results.csv")))
        got = self.example("campaign", *self.args,
                           "dial.calls_per_second=0").wait()
        self.assertEqual(got.status, 0, got)
        return self.rows()

    def test_resumes_after_kill(self):
        rows = self.resumes(signal.SIGKILL)
        self.assertLessEqual({r["status"] for r in rows},
                             {"completed", "failed", "interrupted"})
        self.assertEqual(len(rows), 13)
        called = [e["number"] for e in self.net.events("invite")]
        self.assertEqual(len(called), len(set(called)))

    def test_resumes_after_interrupt(self):
        rows = self.resumes(signal.SIGINT)
        self.assertEqual(len(rows), 13)
        self.assertLessEqual({r["status"] for r in rows},
                             {"completed", "failed"})


class AgentEcho(Example):
    def test_short(self):
        self.assertLess(len(lines("agent_echo.c")), 120)

    def test_telephone_hears_itself(self):
        os.mkdir(self.path("heard"))
        net = self.network("--answer-delay", "0", "--talk-time", "3000",
                           "--record", self.path("heard"))
        got = self.example("agent_echo",
                           "sip:100@%s:%d" % (net.ip, net.port)).wait()
        self.assertEqual(got.status, 0, got)
        seconds = re.search(r"answered: heard (\d+\.\d) s, 0 samples lost",
                            got.out)
        self.assertTrue(seconds, got)
        self.assertGreater(float(seconds.group(1)), 1.0, got)
        net.stop()
        path, = glob.glob(self.path("heard/*.wav"))
        _, heard, _ = flow.read_wav(path)
        # "hello" begins 0.3 s after the answer, its echo 0.2 s later
        self.assertLess(flow.level(heard[:8000 * 4 // 10]), 100)
        self.assertGreater(flow.level(heard), 300)

    def test_what_is_wrong_is_said(self):
        self.assertEqual(self.example("agent_echo").wait().status, 2)
        got = self.example("agent_echo", "100").wait()
        self.assertEqual(got.status, 1)
        self.assertIn("sip.server", got.err)

    def test_nobody_answers(self):
        net = self.network("--answer-delay", "0")
        got = self.example("agent_echo",
                           "sip:101@%s:%d" % (net.ip, net.port)).wait()
        self.assertEqual(got.status, 1)
        self.assertIn("busy: heard 0.0 s", got.out)


class Incoming(Example):
    def test_short(self):
        self.assertLess(len(lines("incoming.c")), 100)

    def test_answers_plays_and_hangs_up(self):
        net = self.network("--answer-delay", "0")
        account = ["sip.server=%s" % net.ip, "sip.port=%d" % net.port,
                   "sip.user=alice"]
        with open(self.path("out"), "w", encoding="utf-8") as out:
            child = subprocess.Popen([os.path.join(BUILT, "incoming"),
                                      self.prompt(), *account], stdout=out)
        self.addCleanup(lambda: child.poll() is None and child.kill())

        def events(word):
            with open(self.path("out"), encoding="utf-8") as f:
                return [json.loads(line) for line in f
                        if line.endswith("}\n") and word in line]
        flow.until(lambda: events('"registered"'), what="registration")
        # somebody with its name calls a number that calls back
        flow.run(*[a for o in (*account, "sip.register=no")
                   for a in ("-o", o)], "call", "4930140")
        ended = flow.until(lambda: events("call_ended"), what="call")[0]
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(10), 0)
        self.assertEqual((ended["direction"], ended["from"],
                          ended["disposition"], ended["reason"]),
                         ("inbound", "4930140", "answered", "prompt played"))
        self.assertGreater(ended["rtp"]["rx"], 5)

    def test_wrong_usage(self):
        self.assertEqual(self.example("incoming").wait().status, 2)
        got = self.example("incoming", "a.wav", "sip.user=alice").wait()
        self.assertEqual(got.status, 3)
        self.assertIn("sip.server", got.err)


class Table(flow.Case):
    def test_every_example_is_in_the_table(self):
        there = subprocess.run(
            ["git", "-C", EXAMPLES, "ls-files", "."], capture_output=True,
            text=True, check=False).stdout.splitlines() or \
            os.listdir(EXAMPLES)
        there = {n.split("/")[0] for n in there} - {"meson.build",
                                                    "README.md"}
        named = set(re.findall(r"^\| \[`([^`]+?)/?`\]\(([^)]+)\)",
                               "\n".join(lines("README.md")), re.M))
        self.assertEqual({name for name, _ in named}, there)
        for _, link in named:
            self.assertTrue(os.path.exists(os.path.join(EXAMPLES, link)))


if __name__ == "__main__":
    flow.main()
