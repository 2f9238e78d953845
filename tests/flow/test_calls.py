#!/usr/bin/env python3
"""One call by the command, to each number of the simulated network."""
import datetime
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
from flow import parallel, run  # noqa: E402

LATE = 3000             # ms more, where other programs have the processor

# last digits: disposition, sip status, q850, ring ms, talk ms, arguments
OUTCOMES = {
    "00": ("answered", 200, 0, range(180, 600), range(950, 1500), ()),
    "01": ("busy", 486, 17, range(0, 500), range(0, 1), ()),
    "02": ("no_answer", 487, 0, range(4900, 5600), range(0, 1), ()),
    "03": ("invalid_number", 404, 1, range(0, 500), range(0, 1), ()),
    "04": ("no_answer", 480, 0, range(0, 500), range(0, 1), ()),
    "05": ("congestion", 503, 0, range(0, 500), range(0, 1), ()),
    "06": ("rejected", 603, 0, range(0, 500), range(0, 1), ()),
    "07": ("answered", 200, 0, range(1950, 2600), range(950, 1500), ()),
    "08": ("invalid_number", 404, 1, range(1000, 5000), range(0, 1),
           ("--ring-timeout", 10)),
    "09": ("answered", 200, 0, range(2950, 3600), range(950, 1500), ()),
    "10": ("answered", 200, 0, range(180, 600), range(950, 1500), ()),
    "11": ("answered", 200, 0, range(180, 600), range(950, 1500), ()),
    "12": ("answered", 200, 0, range(180, 600), range(0, 500), ()),
    "16": ("no_answer", None, 0, range(4900, 5600), range(0, 1), ()),
    "18": ("answered", 200, 0, range(180, 600), range(950, 1500), ()),
    "19": ("failed", 302, 0, range(0, 500), range(0, 1), ()),
    "20": ("answered", 200, 0, range(300, 800), range(950, 1500), ()),
    "21": ("congestion", 500, 0, range(0, 500), range(0, 1), ()),
    "22": ("failed", 488, 0, range(0, 500), range(0, 1), ()),
    "24": ("answered", 200, 0, range(180, 600), range(2900, 3600),
           ("--max-duration", 3)),
    "26": ("answered", 200, 0, range(180, 600), range(950, 1500), ()),
    "27": ("busy", 486, 17, range(1950, 2600), range(0, 1), ()),
    "28": ("blocked", 607, 0, range(250, 800), range(0, 1), ()),
    "29": ("answered", 200, 0, range(550, 1100), range(950, 1500), ()),
    "30": ("answered", 200, 0, range(280, 800), range(950, 1500), ()),
    "31": ("answered", 200, 0, range(280, 800), range(950, 4500),
           ("--max-duration", 4)),
    "32": ("blocked", 608, 0, range(0, 500), range(0, 1), ()),
    "33": ("invalid_number", 410, 22, range(0, 500), range(0, 1), ()),
    "34": ("invalid_number", 484, 28, range(0, 500), range(0, 1), ()),
    "35": ("no_answer", 408, 0, range(0, 500), range(0, 1), ()),
    "36": ("congestion", 502, 38, range(0, 500), range(0, 1), ()),
    "37": ("busy", 600, 0, range(0, 500), range(0, 1), ()),
    "38": ("invalid_number", 604, 0, range(0, 500), range(0, 1), ()),
    "39": ("answered", 200, 0, range(180, 600), range(950, 1500), ()),
}

FIELDS = {"event", "call", "direction", "to", "disposition", "sip_status",
          "reason", "q850", "ring_ms", "talk_ms", "codec", "dtmf", "rtp",
          "recording"}


class Calls(flow.Case):
    def setUp(self):
        super().setUp()
        self.net = self.network("--answer-delay", "200", "--late-delay",
                                "3000", "--record", self.dir)

    def call(self, number, *args, options=()):
        return run(*self.net.options, *options, "--json", "call", number,
                   "--ring-timeout", 5, "--max-duration", 1, *args)

    def kinds(self, r):
        return [e["event"] for e in r.events]

    def test_each_number_has_its_outcome(self):
        names = list(OUTCOMES)
        results = parallel([lambda n=n: self.call(
            "+49301000" + n, *OUTCOMES[n][5]) for n in names])
        for n, r in zip(names, results):
            with self.subTest(number=n):
                self.check(n, r)
        # each was dialed once, nobody else was, and all calls are over
        invites = self.net.events("invite")
        self.assertEqual(sorted(e["number"] for e in invites),
                         sorted("+49301000" + n for n in names))
        stats = self.net.stop()
        self.assertEqual((stats["duplicates"], stats["active"],
                          stats["unacked"], stats["bad_messages"]),
                         (0, 0, 0, 0))

    def check(self, n, r):
        disposition, sip, q850, ring, talk, _ = OUTCOMES[n]
        e = r.last
        self.assertEqual(e["event"], "call_ended", r)
        self.assertLessEqual(FIELDS, set(e), r)
        self.assertEqual(e["disposition"], disposition, r)
        if sip is not None:
            self.assertEqual(e["sip_status"], sip, r)
        self.assertEqual(e["q850"], q850, r)
        self.assertIn(e["ring_ms"], range(ring.start, ring.stop + LATE), r)
        self.assertIn(e["talk_ms"], range(talk.start, talk.stop + LATE)
                      if talk.stop > 1 else talk, r)
        self.assertEqual(e["to"], "+49301000" + n)
        answered = disposition == "answered"
        self.assertEqual(r.status, 0 if answered else 1, r)
        self.assertEqual(self.kinds(r).count("call_answered"),
                         1 if answered else 0, r)
        self.assertEqual(r.err, "", r)
        if n in ("07", "08", "20", "29"):
            self.assertIn("call_early_media", self.kinds(r), r)
        if n in ("00", "02", "18", "27"):
            self.assertIn("call_ringing", self.kinds(r), r)
        if answered and n != "12":
            self.assertGreaterEqual(e["rtp"]["tx"], 10, r)
            self.assertEqual(e["codec"], "PCMU", r)
        if n == "00":
            self.assertGreaterEqual(e["rtp"]["rx"], 10, r)
            self.assertGreater(e["rtp"]["mos"], 4, r)
        if n == "24":
            self.assertGreater(e["rtp"]["lost"], 0, r)
            self.assertLess(e["rtp"]["mos"], 4.3, r)

    def test_lost_byes_are_sent_again(self):
        number = "+4930100018"
        r = self.call(number)
        self.assertEqual(r.last["disposition"], "answered", r)
        self.assertLess(r.seconds, 7, r)
        byes = flow.until(lambda: [
            b for b in self.net.events("bye", number)
            if not b.get("lost")], 3, "the BYE that was heard")
        self.assertEqual(len(byes), 1)
        self.assertEqual(len(self.net.events("bye", number)), 3)

    def test_redirection_is_not_followed(self):
        r = self.call("+4930100019")
        self.assertEqual((r.last["disposition"], r.last["sip_status"]),
                         ("failed", 302), r)
        self.assertEqual([e["number"] for e in self.net.events("invite")],
                         ["+4930100019"])

    def test_both_forks_are_answered_and_one_kept(self):
        number = "+4930100020"
        r = self.call(number, "--max-duration", 2)
        self.assertEqual(r.last["disposition"], "answered", r)
        self.assertEqual(self.kinds(r).count("call_answered"), 1, r)
        byes = self.net.events("bye", number)
        self.assertEqual([b["dir"] for b in byes], ["rx", "rx"])
        answers = self.net.events("answer", number)
        self.assertEqual(len({a["tag"] for a in answers}), 2)
        # the second was hung up at once, not at the end
        self.assertGreater(byes[1]["t_ms"] - byes[0]["t_ms"], 1000)
        self.assertEqual(self.net.stop()["unacked"], 0)

    def test_answer_that_crosses_cancel_is_hung_up(self):
        number = "+4930100016"
        r = self.call(number)
        self.assertEqual(r.status, 1, r)
        self.assertEqual(r.last["disposition"], "no_answer", r)
        self.assertNotIn("call_answered", self.kinds(r))
        self.assertEqual(r.last["talk_ms"], 0)
        end = flow.until(lambda: self.net.events("end", number))
        self.assertEqual(end[0]["by"], "caller")
        self.assertEqual(self.net.stop()["unacked"], 0)

    def test_silent_server_ends_in_time(self):
        short, long = parallel([
            lambda: self.call("+4930100017"),
            lambda: self.call("+4930200017", "--ring-timeout", 60)])
        for r in (short, long):
            self.assertEqual(r.status, 1, r)
            self.assertIn(r.last["disposition"], ("no_answer", "failed"), r)
            self.assertNotIn("call_answered", self.kinds(r))
        # CANCEL waits a while for a sign of life: RFC 3261 9.1
        self.assertIn(short.last["ring_ms"], range(4900, 10000), short)
        self.assertIn(long.last["ring_ms"], range(31000, 33000), long)
        self.assertLess(long.seconds, 40, long)

    def test_hold_stops_our_audio_and_resume_brings_it_back(self):
        number = "+4930100025"
        r = self.call(number, "--max-duration", 4)
        held = r.all("call_held")
        self.assertEqual([e["status"] for e in held], ["held", "resumed"], r)
        self.assertEqual([e["status"] for e in
                          self.net.events("reinvite", number)], [200, 200])
        # 1 s of 4 without RTP; before it are 50 packets
        begin, end = (datetime.datetime.fromisoformat(e["time"][:-1])
                      for e in held)
        heard = r.last["talk_ms"] - (end - begin).total_seconds() * 1000
        self.assertIn(r.last["rtp"]["tx"],
                      flow.Span(90, min(heard / 20 + 15, 180)), r)

    def test_repeated_200_is_acked_and_one_answer(self):
        number = "+4930100026"
        r = self.call(number)
        self.assertEqual(self.kinds(r).count("call_answered"), 1, r)
        self.assertEqual(self.net.stop()["unacked"], 0)

    def test_keys_both_ways(self):
        sent, heard = parallel([
            lambda: self.call("+4930100014", "--dtmf", "12,90*#D",
                              "--max-duration", 4),
            lambda: self.call("+4930100015", "--max-duration", 3)])
        self.assertEqual(sent.last["disposition"], "answered", sent)
        keys = self.net.events("dtmf", "+4930100014")
        self.assertEqual("".join(k["digit"] for k in keys), "1290*#D")
        for k in keys:
            self.assertIn(k["ms"], range(80, 121))
        # the comma is a pause of half a second
        gaps = [b["t_ms"] - a["t_ms"] for a, b in zip(keys, keys[1:])]
        usual = sorted(gaps[:1] + gaps[2:])[2]
        self.assertLess(usual, 300)
        self.assertGreater(gaps[1], usual + 300)
        self.assertEqual(heard.last["dtmf"], "1234#", heard)
        events = heard.all("call_dtmf")
        self.assertEqual("".join(e["text"] for e in events), "1234#")
        for e in events:
            self.assertIn(e["duration_ms"], range(80, 121))

    def heard(self, number):
        """What the telephone recorded."""
        name = flow.until(lambda: [
            f for f in os.listdir(self.dir)
            if f.startswith(number + "-") and f.endswith(".wav")], 5,
            "a recording of " + number)[0]
        return flow.read_wav(self.path(name))[1]

    def test_prompt_arrives_sample_by_sample(self):
        said = flow.voice(1.6)
        prompt = flow.write_wav(self.path("prompt.wav"), said)
        r = self.call("+4930100039", "--play", prompt, "--max-duration", 10)
        self.assertEqual(r.last["disposition"], "answered", r)
        self.assertEqual([(e["text"], e["error"]) for e in
                          r.all("call_played")], [(prompt, None)])
        # hung up when the prompt was over
        self.assertIn(r.last["talk_ms"], range(1550, 2300 + LATE), r)
        heard = list(self.heard("+4930100039"))
        want = flow.through_ulaw(said)
        _, at = flow.best_match(heard, want)
        heard = heard[at:at + len(want)]
        self.assertEqual(len(heard), len(want))
        # the nearest level, everywhere; G.711 leaves ties open
        wrong = [(i, a, b) for i, (a, b) in enumerate(zip(heard, said))
                 if abs(a - b) > abs(b - want[i]) + 1]
        self.assertEqual(wrong[:5], [])

    def test_prompts_of_other_kinds_sound_the_same(self):
        said = flow.voice(1.5)
        want = flow.through_ulaw(said)
        stereo = flow.array.array("h", [v for s in flow.voice(1.5, 44100)
                                        for v in (s, s)])
        files = [
            ("+4930100039", flow.write_wav(self.path("16.wav"),
                                           flow.voice(1.5, 16000), 16000)),
            ("+4930200039", flow.write_wav(self.path("44.wav"), stereo,
                                           44100, 2)),
            ("+4930300039", flow.write_wav(self.path("8.wav"), said))]
        results = parallel([lambda n=n, f=f: self.call(
            n, "--play", f, "--max-duration", 10,
            options=("-o", "media.codecs=pcma"))
            for n, f in files])
        for (number, _), r in zip(files, results):
            self.assertEqual(r.last["codec"], "PCMA", r)
            c, _ = flow.best_match(self.heard(number), want)
            self.assertGreater(c, 0.97, number)

    def test_hang_up_within_prompt_is_noticed(self):
        prompt = flow.write_wav(self.path("long.wav"), flow.voice(12))
        r = self.call("+4930100013", "--play", prompt, "--max-duration", 30)
        self.assertEqual((r.status, r.last["disposition"]), (0, "answered"),
                         r)
        self.assertIn(r.last["talk_ms"], range(2900, 3600 + LATE), r)
        self.assertLess(r.seconds, 10, r)

    def test_late_answer_beyond_ring_timeout_is_no_answer(self):
        self.net.stop()
        self.net = self.network("--late-delay", "5300", name="late")
        r = self.call("+4930100009")
        self.assertEqual(r.last["disposition"], "no_answer", r)
        self.assertEqual(self.net.events("answer"), [])

    def test_recordings_have_the_right_sides(self):
        prompt = flow.write_wav(self.path("tone.wav"), flow.tone(4, 440))
        both, mono = self.path("stereo.wav"), self.path("mono.wav")
        ours, echo = parallel([
            lambda: self.call("+4930100011", "--play", prompt, "--record",
                              both, "--max-duration", 3, options=(
                                  "-o", "call.record_stereo=yes")),
            lambda: self.call("+4930200011", "--play", prompt, "--record",
                              mono, "--max-duration", 3)])
        self.assertEqual(ours.last["recording"], both, ours)
        self.assertEqual(echo.last["recording"], mono, echo)
        rate, left, channels = flow.read_wav(both, 0)
        right = flow.read_wav(both, 1)[1]
        self.assertEqual((rate, channels), (8000, 2))
        self.assertIn(len(left), range(23000, 25500))
        # we are right: the tone and nothing else; the far end left
        self.assertGreater(flow.share(right[4000:20000], 440), 0.95)
        self.assertLess(flow.share(left[4000:20000], 440), 0.2)
        self.assertGreater(flow.level(left[4000:20000]), 200)
        rate, mixed, channels = flow.read_wav(mono)
        self.assertEqual((rate, channels), (8000, 1))
        self.assertIn(len(mixed), range(23000, 25500))
        s = flow.share(mixed[4000:20000], 440)
        self.assertGreater(s, 0.2)
        self.assertLess(s, 0.98)


if __name__ == "__main__":
    flow.main()
