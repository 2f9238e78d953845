#!/usr/bin/env python3
"""Who answers: humans, machines, fax, the network; what is done about them, and
messages that are heard whole."""
import array
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
from flow import run  # noqa: E402

# last digits: disposition, message
ANSWERS = {
    "01": ("busy", None),
    "10": ("answered_machine", "left"),       # voicemail
    "30": ("fax", None),
    "31": ("failed", None),                   # false answer, SIT of no class
    "43": ("invalid_number", None),           # false answer, vacant code
    "44": ("invalid_number", None),           # SIT in early media, then 480
    "45": ("fax", None),
    "46": ("busy", None),                     # busy tone behind a 200
    "48": ("answered_machine", "left"),       # no beep
    "49": ("answered_machine", "left"),       # two beeps
    "50": ("invalid_number", None),           # SIT, then a 200 and a human
    "51": ("answered_human", None),
}
RECORDERS = ("10", "48", "49")


def lines(result):
    return [json.loads(line) for line in result.out.splitlines()]


class Answering(flow.Case):
    def setUp(self):
        super().setUp()
        self.prompt = flow.voice(1.0, seed=5)
        self.message = flow.voice(1.5, seed=6)
        self.play = flow.write_wav(self.path("play.wav"), self.prompt)
        self.leave = flow.write_wav(self.path("leave.wav"), self.message)
        self.heard = self.path("heard")
        os.mkdir(self.heard)
        self.net = self.network("--record", self.heard,
                                "--answer-delay", "100")

    def recordings(self, digits=None):
        """What the telephones heard; of a number by its last digits."""
        files = os.listdir(self.heard)
        if digits:
            calls = {e["call_id"] for e in self.net.events("invite")
                     if e["number"].endswith(digits)}
            files = [f for f in files
                     if any(c in f or c.split("@")[0] in f for c in calls)]
        return [flow.read_wav(os.path.join(self.heard, f))[1] for f in files]

    def is_whole(self, heard, said):
        """The place where it begins, in ms."""
        match, at = flow.best_match(heard, flow.through_ulaw(said))
        self.assertGreater(match, 0.95)
        return at / 8

    def one(self, number, *args, status=0):
        r = run(*self.net.options, "-o", "log.level=warning", "--json",
                "call", number, *args, timeout=60)
        self.assertEqual(r.status, status, r)
        return r

    def test_a_campaign_calls_all_that_may_answer(self):
        store, csv = self.path("store.db"), self.path("list.csv")
        results = self.path("results.csv")
        numbers = ["+4930200" + d for d in ANSWERS]
        flow.contacts(csv, numbers)
        r = run(*self.net.options, "-o", "store.path=" + store, "--json",
                "campaign", "run", "--contacts", csv, "--results", results,
                "--play", self.play, "--amd", "--voicemail", self.leave,
                "--cps", 50, "--retries", 0, timeout=60)
        self.assertEqual(r.status, 0, r)
        got = {row["number"][-2:]: row for row in flow.rows(results)}
        for digits, (disposition, message) in ANSWERS.items():
            row = got[digits]
            self.assertEqual((row["last_disposition"], row["message"]),
                             (disposition, message or ""), (row, r))
        self.assertEqual([got[d]["amd"] for d in ("01", "10", "30", "51")],
                         ["not_used", "machine", "fax", "human"])
        self.assertEqual([got[d]["sit"] for d in ("43", "44", "31", "51")],
                         ["vacant", "vacant", "itu", ""])
        r = run("-o", "store.path=" + store, "--json", "campaign", "list")
        counts = r.all("campaign_status")[-1]["by_disposition"]
        self.assertEqual((counts["answered_machine"], counts["fax"]), (3, 2))
        for digits in RECORDERS:
            heard, = self.recordings("200" + digits)
            self.is_whole(heard, self.message)

    def test_a_message_is_left_behind_the_beep(self):
        r = self.one("+493010010", "--amd", "--machine-play", self.leave)
        verdict = [e for e in r.all("call_amd") if e["text"] == "final"][0]
        self.assertEqual(verdict["status"], "machine", r)
        self.assertEqual([e["text"] for e in r.all("call_message")],
                         ["waiting", "playing", "left"], r)
        beep, = [e for e in r.all("call_tone") if e["text"] == "beep"]
        self.assertAlmostEqual(beep["hz"], 1000, delta=15)
        end = r.last
        self.assertEqual((end["disposition"], end["message"], end["reason"]),
                         ("answered_machine", "left", "message left"), r)
        self.assertEqual(end["amd"]["verdict"], "machine", r)
        self.assertEqual(end["amd"]["at_ms"],
                         verdict["at_ms"] - verdict["duration_ms"], r)
        self.assertAlmostEqual(end["amd"]["beep_at_ms"],
                               beep["at_ms"] + beep["duration_ms"], delta=1)
        heard, = self.recordings()
        began = self.is_whole(heard, self.message)
        # late enough for a recorder that opens 80 ms behind the beep
        self.assertIn(began, flow.Span(80, 600))

    def test_a_second_beep_begins_it_anew(self):
        r = self.one("+493010049", "--amd", "--machine-play", self.leave)
        self.assertEqual(r.last["message"], "left", r)
        heard, = self.recordings()
        self.is_whole(heard, self.message)

    def test_a_human_hears_the_prompt_behind_the_verdict(self):
        r = self.one("+493010051", "--amd", "--play", self.play)
        names = [e["event"] + ":" + (e.get("text") or "")
                 for e in r.events]
        self.assertLess(names.index("call_amd:provisional"),
                        names.index("call_played:" + self.play), r)
        self.assertIn("call_amd:final", names, r)
        self.assertEqual((r.last["disposition"], r.last["message"]),
                         ("answered_human", None), r)
        heard, = self.recordings()
        self.is_whole(heard[int(r.last["amd"]["at_ms"] * 8) - 4000:],
                      self.prompt)

    def test_a_prompt_stops_when_its_verdict_is_taken_back(self):
        long = flow.write_wav(self.path("long.wav"), flow.voice(9.0, seed=7))
        r = self.one("+493010011", "--amd", "--play", long)
        told = [(e["text"], e["status"]) for e in r.all("call_amd")]
        self.assertEqual((told[0], told[-1]), (("provisional", "human"),
                                               ("final", "machine")), r)
        played, = r.all("call_played")
        self.assertEqual((played["text"], played["error"]),
                         (long, "SIPDIALER_ECANCELLED"), r)
        self.assertEqual((r.last["disposition"], r.last["reason"]),
                         ("answered_machine", "a machine answered"), r)

    def test_a_prompt_may_wait_for_the_final_verdict(self):
        r = run(*self.net.options, "-o", "amd.early=no", "--json", "call",
                "+493010011", "--amd", "--play", self.play, timeout=60)
        self.assertEqual(r.all("call_played"), [], r)
        self.assertEqual(r.last["disposition"], "answered_machine", r)

    def test_who_picks_up_during_the_greeting_is_a_human(self):
        r = self.one("+493010047", "--amd", "--machine-play", self.leave,
                     "--play", self.play)
        finals = [(e["status"], e["reason"]) for e in r.all("call_amd")
                  if e["text"] == "final"]
        self.assertEqual(finals[0][0], "machine", r)
        self.assertEqual(finals[-1], ("human", "picked_up"), r)
        self.assertEqual([e["text"] for e in r.all("call_message")],
                         ["waiting", "skipped"], r)
        self.assertEqual(r.last["disposition"], "answered_human", r)
        self.assertTrue(r.all("call_played"), r)

    def test_tones_of_the_network_are_no_human(self):
        r = self.one("+493010043", "--amd", "--play", self.play, status=1)
        self.assertEqual((r.last["disposition"], r.last["sit"]),
                         ("invalid_number", "vacant"), r)
        self.assertNotEqual(r.last["amd"]["verdict"], "human")
        self.assertFalse(r.all("call_played"), r)
        sit, = [e for e in r.all("call_tone") if e["text"] == "sit"]
        self.assertEqual(sit["reason"], "vacant", r)

    def test_no_beep_and_no_end(self):
        r = run(*self.net.options, "-o", "amd.beep_timeout=2", "--json",
                "call", "+493010011", "--machine-play", self.leave,
                timeout=60)
        told = r.all("call_message")
        self.assertEqual([e["text"] for e in told], ["waiting", "skipped"],
                         r)
        self.assertIn("within 2 s", told[-1]["reason"])
        self.assertEqual((r.last["message"], r.last["disposition"]),
                         ("skipped", "answered_machine"), r)

    def test_a_far_end_that_holds_hears_the_prompt_later(self):
        # held from 1.2 s to 2.2 s on, the verdict falls in between
        r = run(*self.net.options, "-o", "amd.timeout=1500", "--json", "call",
                "+493010025", "--amd", "--play", self.play, timeout=60)
        names = [(e["event"], e.get("status")) for e in r.events]
        self.assertLess(names.index(("call_held", "held")),
                        names.index(("call_amd", "unknown")), r)
        played, = r.all("call_played")
        self.assertIsNone(played["error"], r)
        heard, = self.recordings()
        self.is_whole(heard[12000:], self.prompt)

    def test_without_any_audio_the_call_fails(self):
        net = self.network("--no-media", name="mute")
        r = run(*net.options, "-o", "media.rtp_timeout=1", "--json", "call",
                "+493010039", "--amd", "--machine-play", self.leave,
                timeout=60)
        self.assertEqual((r.last["disposition"], r.last["reason"],
                          r.last["amd"]["verdict"]),
                         ("failed", "no RTP received", "unknown"), r)

    def test_actions_that_lack_something_are_refused(self):
        for option, needs in (("amd.machine=message", "amd.message"),
                              ("amd.human=transfer", "amd.transfer")):
            r = run(*self.net.options, "-o", option, "call", "+493010051",
                    "--amd")
            self.one_line(r, 2, option, needs)
        self.assertEqual(self.net.events("invite"), [])

    def test_what_may_be_done_besides(self):
        for option, disposition, reason in (
                ("amd.human=hangup", "answered_human", "a human answered"),
                ("amd.human=transfer", "answered_human",
                 "the transfer failed")):
            r = run(*self.net.options, "-o", option, "-o",
                    "amd.transfer=+493010000", "--json", "call",
                    "+493010051", "--amd", "--play", self.play, timeout=60)
            self.assertEqual((r.last["disposition"], r.last["reason"]),
                             (disposition, reason), r)
            self.assertFalse(r.all("call_played"), r)


class Recordings(flow.Case):
    """`sipdialer amd`: recordings of answered calls."""

    def beep(self, name, rate=8000, channels=1):
        """A second of silence, a beep of half a second, half a second."""
        samples = array.array("h")
        for v in (flow.tone(1, 0, rate) + flow.tone(0.5, 1000, rate) +
                  flow.tone(0.5, 0, rate)):
            samples.extend([v] + [0] * (channels - 1))
        return flow.write_wav(self.path(name), samples, rate, channels)

    def test_each_has_a_line(self):
        for rate, channels in ((8000, 1), (16000, 1), (44100, 2), (48000, 1)):
            path = self.beep("%d.wav" % rate, rate, channels)
            r = run("amd", path)
            self.assertEqual(r.status, 0, r)
            line, = lines(r)
            self.assertEqual(line["file"], path)
            self.assertAlmostEqual(line["beep_at_ms"], 1500, delta=40)
            self.assertEqual(line.get("channel"), 1 if channels > 1 else None)
            self.assertNotEqual(line["verdict"], "human")
            tone = [e for e in line["events"] if e["event"] == "call_tone"]
            self.assertEqual([e["text"] for e in tone], ["beep"], r)
            self.assertAlmostEqual(tone[0]["hz"], 1000, delta=10)

    def test_a_beep_that_ends_the_file_is_told(self):
        path = flow.write_wav(self.path("a.wav"), flow.tone(6, 0) +
                              flow.tone(0.5, 1000))
        line, = lines(run("amd", path))
        self.assertAlmostEqual(line["beep_at_ms"], 6500, delta=40)

    def test_only_the_first_channel_is_heard(self):
        quiet, loud = flow.tone(2, 0), flow.tone(2, 700)
        both = array.array("h", [v for pair in zip(quiet, loud)
                                 for v in pair])
        path = flow.write_wav(self.path("two.wav"), both, 8000, 2)
        line, = lines(run("amd", path))
        self.assertEqual((line["beep_at_ms"], line["channel"]), (None, 1))

    def test_a_curve_has_a_point_each_20_ms(self):
        line, = lines(run("amd", "--curve", self.beep("a.wav")))
        points = line["curve"]
        self.assertEqual([p[0] for p in points[:100]],
                         list(range(20, 2020, 20)))
        self.assertTrue(all(0 <= p <= 1 for row in points for p in row[1:]))
        self.assertGreater(max(row[3] for row in points), 0.5)

    def test_what_cannot_be_read_says_why_and_the_others_go_on(self):
        good = self.beep("good.wav")
        r = run("amd", self.path("none.wav"), __file__, good)
        self.assertEqual(r.status, 1, r)
        none, bad, line = lines(r)
        self.assertEqual((none["error"], bad["error"]),
                         ("SIPDIALER_ENOENT", "SIPDIALER_EFORMAT"))
        self.assertIn("No such file", none["reason"])
        self.assertEqual(line["file"], good)
        self.assertEqual(len(r.err.splitlines()), 2, r)
        self.one_line(run("amd"), 2, "which files")
        self.one_line(run("amd", "--curve=3", good), 2, "takes no value")


if __name__ == "__main__":
    flow.main()
