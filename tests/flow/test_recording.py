#!/usr/bin/env python3
"""Recordings by policy: which files there are after calls and campaigns."""
import csv
import os
import re
import signal
import sqlite3
import sys
import time
import wave

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
from flow import run, until  # noqa: E402
from sipdialer_ct import Engine, Refused  # noqa: E402


def tree(folder):
    """Files below, without our lists."""
    return sorted(os.path.relpath(os.path.join(at, name), folder)
                  for at, _, names in os.walk(folder) for name in names
                  if name != ".sipdialer")


class Recording(flow.Case):
    def setUp(self):
        super().setUp()
        self.net = self.network("--answer-delay", "100", "--talk-time",
                                "1500")
        self.folder = os.path.join(self.dir, "rec")

    def engine(self, **options):
        d = Engine(flow.LIBRARY, dict(
            o.split("=", 1) for o in self.net.options if "=" in o))
        self.addCleanup(d.close)
        d.set("record.folder", self.folder)
        for name, value in options.items():
            d.set(name.replace("_", ".", 1), value)
        return d

    def whole(self, path, channels=1, least=0.8):
        with wave.open(path) as w:
            self.assertEqual((w.getframerate(), w.getnchannels()),
                             (8000, channels))
            self.assertGreaterEqual(w.getnframes(), least * 8000, path)
            size = w.getnframes() * 2 * channels + 44
        self.assertEqual(os.path.getsize(path), size)

    def test_all_calls_of_a_campaign(self):
        contacts = os.path.join(self.dir, "c.csv")
        numbers = ["+493010002%02d00" % n for n in range(5)]
        with open(contacts, "w", encoding="ascii") as f:
            f.write("number\n" + "".join(n + "\n" for n in numbers) +
                    "+4930100029901\n")
        r = run(*self.net.options, "-o", "store.path=" + self.dir + "/s.db",
                "-o", "record.folder=" + self.folder,
                "-o", "record.name={date}/{campaign}/{to}_{call}.wav",
                "-o", "call.record_stereo=yes",
                "-o", "call.hangup_after_play=no", "--json", "campaign", "run",
                "--contacts", contacts, "--record", "all", "--retries", 0,
                "--results", self.path("r.csv"))
        ends = [e for e in r.all("call_ended")
                if e["disposition"] == "answered"]
        self.assertEqual(len(ends), 5, r)
        with sqlite3.connect(self.path("s.db")) as db:
            kept, = db.execute("SELECT options FROM campaigns").fetchone()
        for option in ("record.name", "call.record_stereo", "amd.early"):
            self.assertIn(option, kept)
        names = tree(self.folder)
        self.assertEqual(len(names), 5, names)
        for e in ends:
            want = "%s/%d/%s_%d.wav" % (time.strftime("%Y-%m-%d"),
                                        e["campaign"], e["to"], e["call"])
            self.assertEqual(e["recording"], self.folder + "/" + want)
            self.assertIn(want, names)
            self.whole(e["recording"], 2)
        with open(self.path("r.csv"), encoding="utf-8") as f:
            rows = [row["recording"] for row in csv.DictReader(f)]
        self.assertEqual(sorted(rows),
                         sorted([""] + [e["recording"] for e in ends]))

    def test_never_means_the_verb_and_the_option_too(self):
        file = os.path.join(self.dir, "x.wav")
        with self.engine(record_policy="never", call_record=file) as d:
            d.start()
            call = d.call("+4930100000")
            e = d.wait("call_recording", call=call)
            self.assertEqual((e["text"], e["reason"]),
                             ("refused", "record.policy is never"))
            d.record(call, file)
            e = d.wait("call_recording", call=call)
            self.assertEqual(e["text"], "refused")
            e = d.wait("call_ended", call=call)
            self.assertIsNone(e["recording"])
        self.assertFalse(os.path.exists(file))
        self.assertEqual(tree(self.folder), [])

    def test_human_needs_somebody_who_listens(self):
        r = run(*self.net.options, "-o", "record.policy=human", "call",
                "+4930100000")
        self.one_line(r, 2, "record.policy=human", "amd.enabled")
        contacts = self.path("c.csv")
        flow.contacts(contacts, ["+4930100000"])
        r = run(*self.net.options, "-o", "store.path=" + self.path("s.db"),
                "campaign", "run", "--contacts", contacts, "--record",
                "human")
        self.one_line(r, 2, "record.policy=human", "amd.enabled")
        with self.engine(record_policy="human") as d:
            d.start()
            with self.assertRaises(Refused) as refused:
                d.call("+4930100000")
            self.assertIn("amd.enabled", refused.exception.text)

    def test_a_file_that_cannot_be_is_refused_before_anybody_is_called(self):
        for options, file, words in (
                (("-o", "record.policy=never"), self.path("x.wav"),
                 ("x.wav", "record.policy is never")),
                ((), self.path("none/x.wav"), ("x.wav", "No such file"))):
            r = run(*self.net.options, *options, "call", "+4930100000",
                    "--record", file)
            self.one_line(r, 2, *words)
        self.assertEqual(self.net.events("invite"), [])

    def test_the_verb_takes_the_place_of_the_policy(self):
        file = os.path.join(self.dir, "mine.wav")
        with self.engine(record_policy="all",
                         record_name="{time}_{call}.wav") as d:
            d.start()
            call = d.call("+4930100000")
            first = d.wait("call_recording", call=call)
            self.assertTrue(re.fullmatch(r"\d{6}_\d+\.wav", os.path.basename(
                first["recording"])), first)
            d.record(call, file, True)
            e = d.wait("call_ended", call=call)
            self.assertEqual(e["recording"], file)
        self.whole(file, 2, 0.3)
        self.assertEqual(len(tree(self.folder)), 1)

    def test_who_is_called_leads_nowhere_else(self):
        """An address from outside in the name of the file."""
        host = "%s:%d" % (self.net.ip, self.net.port)
        with self.engine(record_policy="all",
                         record_name="{to}/{from}/{call}.wav",
                         sip_caller_id="sip:../../etc@a.example") as d:
            d.start()
            for user in ("../../x00", "%2e%2e%2f" + "x" * 170 + "00"):
                call = d.call("sip:%s@%s" % (user, host))
                d.wait("call_ended", call=call)
        names = tree(self.folder)
        self.assertEqual(len(names), 2, names)
        for name in names:
            self.assertRegex(name, r"^[-+_@.A-Za-z0-9]{1,48}/"
                                   r"sip_\.\._\.\._etc@a\.example/\d+\.wav$")
        self.assertEqual(tree(self.dir), sorted(
            ["journal"] + ["rec/" + n for n in names]))

    def test_a_limit_ends_it_whole(self):
        with self.engine(record_policy="all", record_max_duration="1") as d:
            d.start()
            call = d.call("+4930100000", "dial.max_duration=3")
            d.wait("call_recording", call=call)
            e = d.wait("call_recording", call=call)
            self.assertEqual(
                (e["text"], e["duration_ms"], e["reason"]),
                ("ended", 1000, "record.max_duration reached"))
            path = e["recording"]
            e = d.wait("call_ended", call=call)
            self.assertEqual(e["recording"], path)
        self.whole(path)
        self.assertEqual(os.path.getsize(path), 44 + 16000)

    def test_killed_it_leaves_a_good_file(self):
        c = self.command(*self.net.options, "-o", "record.policy=all",
                         "-o", "record.folder=" + self.folder, "--json",
                         "call", "+4930100000", "--max-duration", 30)
        path = until(lambda: tree(self.folder), 15, "a file")[0]
        path = os.path.join(self.folder, path)
        until(lambda: os.path.getsize(path) > 12000, 15, "audio")
        c.signal(signal.SIGKILL)
        c.wait(10)
        self.whole(path, 1, 0.5)

    def test_bad_options_are_refused(self):
        for option, words in (
                ("record.name={date}/{to}.wav", "{call}"),
                ("record.name=../{call}.wav", "folder"),
                ("record.name={calls}-{call}.wav", "{calls}"),
                ("record.policy=some", "never"),
                ("record.folder=", "record.folder: not to be empty"),
                ("record.name=", "record.name: not to be empty"),
                ("record.max_size=4096", "2047")):
            with self.subTest(option=option):
                r = run(*self.net.options, "-o", option, "call", "100")
                self.assertEqual(r.status, 2, r)
                self.assertIn(words, r.err, r)


class Humans(flow.Case):
    """Kept is what a human was heard in."""

    def setUp(self):
        super().setUp()
        self.net = self.network("--answer-delay", "100")
        self.folder = self.path("rec")
        self.play = flow.write_wav(self.path("play.wav"),
                                   flow.voice(1.0, seed=5))
        self.options = [*self.net.options,
                        "-o", "record.folder=" + self.folder,
                        "-o", "record.policy=human",
                        "-o", "record.name={to}-{call}.wav",
                        "-o", "call.record_stereo=yes"]

    def test_of_a_campaign_only_humans_stay(self):
        contacts = self.path("c.csv")
        numbers = ["+4930200" + n for n in ("01", "10", "30", "46", "51")]
        flow.contacts(contacts, numbers)
        r = run(*self.options, "-o", "store.path=" + self.path("s.db"),
                "--json", "campaign", "run", "--contacts", contacts, "--amd",
                "--play", self.play, "--retries", 0, timeout=60)
        ends = {e["to"][-2:]: e for e in r.all("call_ended")}
        self.assertEqual({n: e["recording"] for n, e in ends.items()
                          if e["recording"]},
                         {"51": "%s/+493020051-%d.wav" %
                          (self.folder, ends["51"]["call"])}, r)
        self.assertEqual(tree(self.folder), [os.path.basename(
            ends["51"]["recording"])])
        # from the answer on: the human at once, then our prompt
        verdict = int(ends["51"]["amd"]["at_ms"] * 8)
        _, left, n = flow.read_wav(ends["51"]["recording"], 0)
        _, right, _ = flow.read_wav(ends["51"]["recording"], 1)
        self.assertEqual(n, 2)
        self.assertGreater(flow.level(left[:verdict]), 300)
        self.assertLess(flow.level(right[:verdict - 800]), 1)
        match, _ = flow.best_match(right[verdict - 800:],
                                   flow.read_wav(self.play)[1])
        self.assertGreater(match, 0.95)


if __name__ == "__main__":
    flow.main()
