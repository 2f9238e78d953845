#!/usr/bin/env python3
"""Recordings listened to from Python, and what a host hears of who answers."""
import array

from pycommon import WAIT, Case, flow, main, sipdialer


class Amd(Case):
    def beep(self):
        """Silence, a beep of half a second, silence."""
        quiet = array.array("h", [0] * 8000)
        return flow.write_wav(self.path("beep.wav"),
                              quiet + flow.tone(0.5, 1000) + quiet)

    def test_a_recording_is_listened_to(self):
        d = self.dialer(start=False)
        heard = d.amd_file(self.beep())
        beep, = [e for e in heard if e.name == "call_tone"]
        self.assertEqual((beep.text, beep.call, round(beep.hz, -1)), ("beep", None, 1000))
        self.assertAlmostEqual(beep.at_ms, 1000, delta=40)
        self.assertAlmostEqual(beep.duration_ms, 500, delta=40)
        final = [e for e in heard if e.name == "call_amd" and e.text == "final"]
        self.assertIn(final[0].status, set(sipdialer.Amd) - {sipdialer.Amd.HUMAN})

    def test_chances_come_at_the_interval(self):
        d = self.dialer(start=False, amd_interval=100)
        told = [e for e in d.amd_file(self.beep()) if e.text == "listening"]
        self.assertEqual([e.at_ms for e in told][:3], [100, 200, 300])
        for e in told:
            self.assertTrue(0 <= e.p_human <= 1 and 0 <= e.p_machine <= 1 and 0 <= e.p_beep <= 1)
        self.assertGreater(max(e.p_beep for e in told), 0.5)

    def test_what_cannot_be_read_is_an_error(self):
        d = self.dialer(start=False)
        with self.assertRaisesRegex(sipdialer.NotFoundError, "nowhere.wav"):
            d.amd_file(self.path("nowhere.wav"))
        with self.assertRaises(sipdialer.FormatError):
            d.amd_file(__file__)
        with self.assertRaises(sipdialer.InvalidError):
            d.amd_file("")

    def test_a_call_tells_who_answered(self):
        d = self.dialer(self.network("--answer-delay", "100"), amd_timeout=600)
        call = d.call("4930123439", amd_enabled=True, amd_unknown="host")   # says nothing
        verdict = next(e for e in d.events(timeout=WAIT)
                       if e.name == "call_amd" and e.text == "final")
        self.assertEqual((verdict.status, verdict.call), (sipdialer.Amd.UNKNOWN, call))
        call.hangup()
        ended = call.ended().wait(WAIT)
        self.assertEqual(ended.amd["verdict"], sipdialer.Amd.UNKNOWN)
        self.assertEqual(ended.disposition, sipdialer.Disposition.ANSWERED)

    def one(self, number, **options):
        """A call that is listened to, and its events."""
        d = self.dialer(self.network("--answer-delay", "100"), amd_enabled=True, **options)
        events = d.events(timeout=WAIT)
        return d.call(number, amd_enabled=True), events

    def wait(self, events, name, text=None):
        return next(e for e in events if e.name == name and text in (None, e.text))

    def sound(self, seconds):
        return flow.write_wav(self.path("%g.wav" % seconds), flow.voice(seconds))

    def test_what_the_host_asks_for_before_the_verdict_counts(self):
        prompt = self.sound(0.5)
        call, events = self.one("4930123451", amd_human="hangup")
        self.wait(events, "call_answered")
        call.play(prompt)
        self.assertEqual(self.wait(events, "call_amd", "final").status, "human")
        call.play(prompt)
        self.assertIsNone(self.wait(events, "call_played", prompt).error)
        self.assertFalse(call.ended().done())
        call.hangup()
        ended = call.ended().wait(WAIT)
        self.assertEqual((ended.disposition, ended.reason),
                         ("answered_human", "hung up by the host"))

    def ends(self, verb, told, text, reason):
        """The message is `told`, then the host does something else."""
        message = self.sound(3)
        call, events = self.one("4930123410", amd_machine="message", amd_message=message)
        self.wait(events, "call_message", told)
        verb(call, message)
        end = self.wait(events, "call_message")
        self.assertEqual((end.text, end.reason), (text, reason))
        if reason != "the call ended":
            call.hangup()
        self.assertEqual(call.ended().wait(WAIT).message, text)

    def test_a_call_that_is_held_leaves_no_message(self):
        self.ends(lambda call, _: call.hold(), "waiting", "skipped", "the host holds the call")

    def test_another_prompt_cuts_a_message_off(self):
        self.ends(lambda call, file: call.play(file), "playing", "cut",
                  "the host plays something else")

    def test_a_call_that_ends_cuts_a_message_off(self):
        self.ends(lambda call, _: call.hangup(), "playing", "cut", "the call ended")

    def test_options_that_lack_something_are_refused(self):
        d = self.dialer(self.network())
        with self.assertRaisesRegex(sipdialer.InvalidError, "amd.fax=message needs amd.message"):
            d.call("100", amd_enabled=True, amd_fax="message")
        self.assertTrue(d.call("101", amd_fax="message"))    # nobody listens


if __name__ == "__main__":
    main()
