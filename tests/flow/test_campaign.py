#!/usr/bin/env python3
"""Campaigns by the command: every contact accounted for, limits and delays
as the network saw them, and nobody called twice."""
import collections
import os
import signal
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
from flow import run  # noqa: E402

# last digits: last disposition, calls with one retry, status
EXPECTED = {
    "00": ("answered", 1, "completed"), "01": ("busy", 2, "failed"),
    "02": ("no_answer", 2, "failed"), "03": ("invalid_number", 1, "failed"),
    "04": ("no_answer", 2, "failed"), "05": ("congestion", 2, "failed"),
    "06": ("rejected", 1, "failed"), "12": ("answered", 1, "completed"),
    "14": ("answered", 1, "completed"), "19": ("failed", 1, "failed"),
    "21": ("congestion", 2, "failed"), "22": ("failed", 1, "failed"),
    "28": ("blocked", 1, "failed"), "33": ("invalid_number", 1, "failed"),
    "35": ("no_answer", 2, "failed"), "37": ("busy", 2, "failed"),
    "38": ("invalid_number", 1, "failed"),
}


class Campaign(flow.Case):
    def start(self, *args):
        self.net = self.network("--answer-delay", "100", *args)
        self.store = self.path("store.db")
        self.csv = self.path("list.csv")
        self.results = self.path("results.csv")
        self.base = [*self.net.options, "-o", "store.path=" + self.store]

    def dial(self, *args):
        """The command line of a campaign."""
        return [*self.base, "campaign", "run", "--contacts", self.csv,
                "--results", self.results, "--ring-timeout", 5,
                "--max-duration", 1, *args]

    def invited(self):
        return collections.Counter(e["number"] for e in
                                   self.net.events("invite"))

    def numbers(self, n, digits="00"):
        return ["+493010%03d%s" % (i, digits) for i in range(n)]

    def verb(self, *args, status=0):
        r = run(*self.base, "campaign", *args)
        self.assertEqual(r.status, status, r)
        return r

    def finished(self, numbers, status="completed"):
        """All rows of the results, by number; no more and no less."""
        got = flow.rows(self.results)
        self.assertEqual(sorted(r["number"] for r in got), sorted(numbers))
        if status:
            self.assertEqual({r["status"] for r in got}, {status})
        return {r["number"]: r for r in got}

    def test_300_mixed_contacts(self):
        digits = list(EXPECTED)
        self.start()
        numbers = ["+493020%03d%s" % (i, digits[i % len(digits)])
                   for i in range(300)]
        flow.contacts(self.csv, numbers)
        r = run(*self.dial("--cps", 60, "--max-calls", 25, "--retries", 1,
                           "--retry-delay", 1), timeout=60)
        self.assertEqual(r.status, 0, r)
        got = self.finished(numbers, None)
        invited = self.invited()
        for n in numbers:
            want = EXPECTED[n[-2:]]
            row = got[n]
            self.assertEqual((row["last_disposition"], int(row["attempts"]),
                              row["status"]), want, row)
            self.assertEqual(invited[n], want[1], "%s\n%s\n%s" % (
                row, self.net.events(number=n), r.err))
        self.assertEqual(set(invited), set(numbers))
        # a retry comes after its delay; 503 said 2 s
        at, ends = {}, {}
        for e in self.net.events():
            n = e.get("number")
            if e["event"] == "end":
                ends[n] = e["t_ms"]
            elif e["event"] == "invite" and n in ends:
                at[n] = e["t_ms"] - ends[n]
        self.assertEqual(len(at), sum(v - 1 for v in invited.values()))
        for n, gap in at.items():
            self.assertGreaterEqual(gap, 1990 if n[-2:] == "05" else 990, n)
            self.assertLess(gap, 20000, n)
        stats = self.net.stop()
        self.assertLessEqual(stats["max_active"], 25)
        # one more where jitter pulls both ends of a second into it
        self.assertLessEqual(stats["max_per_second"], 61)
        # and the limits were made use of
        self.assertGreater(stats["max_per_second"], 20)
        self.assertEqual((stats["unacked"], stats["active"]), (0, 0))

        # the same command again: all is done, nobody is called
        net = self.network(name="again", listen="%s:%d" % (self.net.ip,
                                                           self.net.port))
        before = flow.rows(self.results)
        os.unlink(self.results)
        r = run(*self.dial())
        self.assertEqual(r.status, 0, r)
        self.assertIn("complete", r.out)
        self.assertEqual(flow.rows(self.results), before)
        self.assertEqual(net.stop()["invites"], 0)

    def test_cps_is_not_exceeded(self):
        self.start("--no-media")
        numbers = self.numbers(24, "01")
        flow.contacts(self.csv, numbers)
        r = run(*self.dial("--cps", 5, "--retries", 0))
        self.assertEqual(r.status, 0, r)
        self.finished(numbers, "failed")
        # 24 calls at 5 a second, the first at once
        self.assertIn(r.seconds, flow.Span(4.4, 7), r)
        self.assertIn(self.net.stop()["max_per_second"], (4, 5, 6))
        at = sorted(e["t_ms"] for e in self.net.events("invite"))
        for a, b in zip(at, at[5:]):
            # the network's clock may see two of them some ms nearer
            self.assertGreaterEqual(b - a, 970)

    def test_one_call_at_a_time(self):
        self.start()
        numbers = self.numbers(6)
        flow.contacts(self.csv, numbers)
        prompt = flow.write_wav(self.path("p.wav"), flow.voice(0.3))
        r = run(*self.dial("--max-calls", 1, "--cps", 0, "--play", prompt))
        self.assertEqual(r.status, 0, r)
        self.finished(numbers)
        self.assertEqual(self.net.stop()["max_active"], 1)

    def test_number_put_on_dnc_after_import_is_not_dialed(self):
        self.start()
        numbers = self.numbers(10)
        flow.contacts(self.csv, numbers)
        c = self.command(*self.dial("--cps", 2))
        flow.until(lambda: self.net.events("invite"), 10, "first call")
        r = run(*self.base, "dnc", "add", numbers[-1])
        self.assertEqual(r.status, 0, r)
        r = c.wait()
        self.assertEqual(r.status, 0, r)
        got = self.finished(numbers, None)
        self.assertEqual(got[numbers[-1]]["status"], "dnc")
        self.assertEqual(got[numbers[-1]]["attempts"], "0")
        self.assertEqual({got[n]["status"] for n in numbers[:-1]},
                         {"completed"})
        self.assertEqual(self.invited(), collections.Counter(numbers[:-1]))

    def test_pause_and_resume_from_another_process(self):
        self.start()
        numbers = self.numbers(20)
        flow.contacts(self.csv, numbers)
        c = self.command(*self.dial("--cps", 4))
        flow.until(lambda: len(self.net.events("invite")) >= 3, 10)
        self.verb("pause", 1)
        r = c.wait(15)
        self.assertEqual(r.status, 1, r)
        self.assertIn("paused", r.err)
        done = len(self.net.events("invite"))
        self.assertLess(done, 15)
        self.assertIn("paused", self.verb("status", 1).out)
        r = self.verb("resume", 1)
        self.assertIn("completed", r.out)
        self.verb("results", 1, self.results)
        self.finished(numbers)
        self.assertEqual(self.invited(), collections.Counter(numbers))

    def test_cancel_from_another_process(self):
        self.start()
        numbers = self.numbers(20)
        flow.contacts(self.csv, numbers)
        c = self.command(*self.dial("--cps", 4))
        flow.until(lambda: len(self.net.events("invite")) >= 3, 10)
        self.verb("cancel", 1)
        r = c.wait(15)
        self.assertEqual(r.status, 1, r)
        self.assertIn("cancelled", r.err)
        got = self.finished(numbers, None)
        count = collections.Counter(r["status"] for r in got.values())
        self.assertEqual(set(count) - {"completed", "skipped"}, set(), count)
        self.assertGreater(count["skipped"], 5)
        # for ever: neither start nor the same command dials again
        invited = self.invited()
        self.verb("start", 1, status=1)
        self.assertEqual(run(*self.dial()).status, 1)
        self.assertEqual(self.invited(), invited)

    def test_verbs_of_the_store(self):
        self.start()
        first, second = self.numbers(3), self.numbers(2, "01")
        self.assertEqual(self.verb("new", "spring").out.strip(), "1")
        flow.contacts(self.csv, first + ["call me", first[0]])
        r = self.verb("load", 1, self.csv, status=1)
        self.assertIn("3 contacts taken of 5 rows, 2 refused", r.out)
        self.assertEqual([line.split(":")[1].strip() for line in
                          r.err.splitlines()], ["line 5", "line 6"])
        self.assertEqual(self.verb("new", "summer").out.strip(), "2")
        flow.contacts(self.csv, second)
        self.verb("load", 2, self.csv)
        lines = self.verb("list").out.splitlines()
        self.assertEqual([line.split()[:3] for line in lines],
                         [["1", "draft", "spring"], ["2", "draft",
                                                     "summer"]])
        self.assertEqual(self.net.events("invite"), [])
        self.assertIn("completed", self.verb("start", 1).out)
        self.assertEqual(self.invited(), collections.Counter(first))
        self.assertIn("completed", self.verb("status", 1).out)
        self.assertIn("draft", self.verb("status", 2).out)
        r = self.verb("results", 1, self.results)
        self.assertIn("3 contacts", r.out)
        self.finished(first)
        r = run(*self.base, "--json", "campaign", "list")
        self.assertEqual([(e["campaign"], e["text"], e["status"], e["total"])
                          for e in r.events if e["event"] ==
                          "campaign_status"],
                         [(1, "spring", "completed", 3),
                          (2, "summer", "draft", 2)], r)

    def calls_stored(self):
        """0 as well while the store is being made."""
        try:
            with sqlite3.connect("file:%s?mode=ro" % self.store,
                                 uri=True) as db:
                return db.execute("SELECT count(*) FROM calls").fetchone()[0]
        except sqlite3.OperationalError:
            return 0

    def test_server_that_is_away_does_not_use_up_contacts(self):
        self.start()
        address = "%s:%d" % (self.net.ip, self.net.port)
        self.net.stop()
        numbers = self.numbers(40)
        flow.contacts(self.csv, numbers)
        c = self.command("-o", "sip.transport=tcp",
                         *self.dial("--cps", 50, "--retries", 5,
                                    "--retry-delay", 1))
        flow.until(lambda: self.calls_stored() >= 4, 10)
        self.assertLess(self.calls_stored(), 20)
        net = self.network("--answer-delay", "100", name="back",
                           listen=address)
        r = c.wait()
        self.assertEqual(r.status, 0, r)
        self.assertIn("campaigns wait", r.err)
        self.assertIn("campaigns go on", r.err)
        self.finished(numbers)
        self.assertEqual(collections.Counter(
            e["number"] for e in net.events("invite")),
            {n: 1 for n in numbers})

    def test_interrupted_by_ctrl_c_goes_on(self):
        self.start("--talk-time", "600")
        numbers = self.numbers(24)
        flow.contacts(self.csv, numbers)
        prompt = flow.write_wav(self.path("p.wav"), flow.voice(1))
        c = self.command(*self.dial("--cps", 6, "--play", prompt,
                                    "--retry-delay", 1))
        flow.until(lambda: len(self.net.events("invite")) >= 5, 10)
        c.signal(signal.SIGINT)
        r = c.wait(6)
        self.assertEqual(r.status, 1, r)
        self.assertIn("same command", r.err)
        # no telephone is left ringing or talking
        flow.until(lambda: len(self.net.events("end")) ==
                   len(self.net.events("invite")), 3, "all calls over")
        answered = {e["number"] for e in self.net.events("answer")}
        self.assertLess(len(self.invited()), 20)
        r = run(*self.dial("--cps", 20, "--play", prompt))
        self.assertEqual(r.status, 0, r)
        self.finished(numbers)
        invited = self.invited()
        self.assertEqual(set(invited), set(numbers))
        for n in answered:
            self.assertEqual(invited[n], 1, n)

    def test_killed_dials_nobody_twice(self):
        self.start()
        numbers = self.numbers(30)
        flow.contacts(self.csv, numbers)
        prompt = flow.write_wav(self.path("p.wav"), flow.voice(1))
        c = self.command(*self.dial("--cps", 8, "--play", prompt))
        flow.until(lambda: len(self.net.events("invite")) >= 8, 10)
        c.signal(signal.SIGKILL)
        c.wait()
        r = run(*self.dial("--cps", 20, "--play", prompt))
        self.assertEqual(r.status, 0, r)
        got = self.finished(numbers, None)
        count = collections.Counter(row["status"] for row in got.values())
        self.assertEqual(set(count), {"completed", "interrupted"})
        self.assertLessEqual(count["interrupted"], 15)
        for n, times in self.invited().items():
            self.assertEqual(times, 1, n)
        for n, row in got.items():
            if row["status"] == "completed":
                self.assertEqual(self.invited()[n], 1, n)

    def test_two_processes_cannot_dial_one_store(self):
        self.start()
        flow.contacts(self.csv, self.numbers(8))
        c = self.command(*self.dial("--cps", 2))
        flow.until(lambda: self.net.events("invite"), 10)
        r = run(*self.dial())
        self.one_line(r, 3, "SIPDIALER_EBUSY")
        self.assertEqual(c.wait().status, 0)
        self.assertEqual(set(self.invited().values()), {1})

    def test_json_progress_and_summary(self):
        self.start()
        numbers = self.numbers(4) + self.numbers(3, "01")
        flow.contacts(self.csv, numbers)
        args = self.dial("--cps", 10, "--retries", 0)
        r = run("--json", *args)
        self.assertEqual(r.status, 0, r)
        summary = r.last
        self.assertEqual(summary["event"], "summary")
        self.assertEqual(summary["status"], "completed")
        self.assertEqual((summary["contacts"], summary["completed"],
                          summary["failed"], summary["other"]), (7, 4, 3, 0))
        self.assertEqual(summary["outcomes"], {"answered": 4, "busy": 3})
        self.assertEqual(len(r.all("call_ended")), 7)
        for e in r.all("campaign_progress"):
            # one may be between two states: durable, but no call yet
            self.assertLessEqual(e["pending"] + e["active"] +
                                 e["completed"] + e["failed"] + e["other"],
                                 e["total"] + 1, e)


if __name__ == "__main__":
    flow.main()
