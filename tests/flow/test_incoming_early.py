#!/usr/bin/env python3
"""What becomes of a call that came in before its answer: audio, reliable
answers, another number, the default.  sipp calls."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import sippcall  # noqa: E402
from sippcall import (NO_SDP, SDP, ack, bye_in, bye_out,  # noqa: E402
                      pause, recv, send)

REQUIRE = "Require: 100rel\n"
SUPPORTED = "Supported: 100rel\n"


def rel(status, sdp=""):
    """A reliable answer; its RSeq is kept."""
    return recv(status, check=sdp, rseq=True, rrs="true")


def prack(cseq, body=NO_SDP):
    return send("PRACK", cseq, body, extra="RAck: [$rseq] 1 INVITE\n") + \
        recv(200)


def invite(extra="", body=SDP % (1, "sendrecv")):
    return send("INVITE", 1, body, first=True, extra=extra) + \
        recv(100, optional="true")


class Early(sippcall.Case):
    # conformance: RFC 3960 3 | the caller hears a prompt before the answer, then the answer's; both in its recording | sipp
    def test_prompts_before_and_with_the_answer(self):
        early, late = flow.voice(1.0, seed=3), flow.voice(1.0, seed=4)
        flow.write_wav(self.path("early.wav"), early)
        flow.write_wav(self.path("late.wav"), late)

        def host(d, call):
            d.early(call, "call.play=" + self.path("early.wav"))
            e = d.wait("call_early_media", call=call)
            self.assertEqual((e["sip_status"], e["codec"]), (183, "PCMU"))
            e = d.wait("call_played", call=call)
            self.assertIsNone(e["error"], e)
            d.answer(call, "call.play=" + self.path("late.wav"),
                     "call.record=" + self.path("r.wav"),
                     "call.record_stereo=yes", "call.hangup_after_play=yes")

        e = self.goes(invite() + recv(180) + recv(183, check="m=audio") +
                      recv(200, rrs="true") + ack() + bye_in(), host)
        self.assertEqual(e["disposition"], "answered", e)
        self.assertGreater(e["rtp"]["tx"], 95, e)
        # sipp's echo of the prompt of the answer, not of that before it
        left = flow.read_wav(self.path("r.wav"), 0)[1]
        self.assertGreater(
            flow.best_match(left, flow.through_ulaw(late))[0], 0.95)

    def test_early_prompt_goes_on_over_the_answer(self):
        flow.write_wav(self.path("early.wav"), flow.voice(1.5))

        def host(d, call):
            hold = "call.hold_play=" + self.path("early.wav")
            d.early(call, "call.play=" + self.path("early.wav"), hold)
            d.wait("call_early_media", call=call)
            d.answer(call, "call.hangup_after_play=yes", hold)
            self.assertIsNone(d.wait("call_played", call=call)["error"])

        e = self.goes(invite() + recv(180) + recv(183) +
                      recv(200, rrs="true") + ack() + bye_in(), host)
        self.assertEqual(e["reason"], "prompt played", e)
        self.assertGreater(e["rtp"]["tx"], 70, e)

    def test_audio_of_the_host_before_the_answer(self):
        def host(d, call):
            d.early(call, "call.audio=8000")
            d.wait("call_early_media", call=call)
            d.wait("call_audio", call=call)
            self.refused("ESTATE", d.early, call)
            d.answer(call, "call.audio=8000")
            d.wait("call_answered", call=call)
            d.hangup(call)

        self.goes(invite() + recv(180) + recv(183) + recv(200, rrs="true") +
                  ack() + bye_in(), host)

    # conformance: RFC 3960 4 | early media, then refused by the host | sipp
    def test_announcement_then_refused(self):
        flow.write_wav(self.path("gone.wav"), flow.voice(0.5))

        def host(d, call):
            d.early(call, "call.play=" + self.path("gone.wav"))
            d.wait("call_played", call=call)
            d.reject(call, 404)

        e = self.goes(invite() + recv(180) + recv(183) + recv(404) +
                      ack(first=True), host)
        self.assertEqual((e["disposition"], e["sip_status"]),
                         ("invalid_number", 404), e)

    def test_early_for_too_long_is_480(self):
        def host(d, call):
            d.early(call, "incoming.early_timeout=1")

        e = self.goes(invite() + recv(180) + recv(183) + recv(480) +
                      ack(first=True), host)
        self.assertEqual(e["sip_status"], 480, e)

    # ---- reliable

    # conformance: RFC 3262 3, 4 | a caller that requires 100rel gets reliable 180 and 183, acknowledges them by PRACK, then the 200 | sipp
    def test_required_100rel(self):
        def host(d, call):
            d.early(call)
            d.wait("call_early_media", call=call)
            d.answer(call)

        e = self.goes(invite(REQUIRE) + rel(180) + prack(2) +
                      rel(183, "m=audio") + prack(3) +
                      recv(200, rrs="true") + ack() + pause(200) +
                      bye_out(4), host)
        self.assertEqual(e["disposition"], "answered", e)

    # conformance: RFC 3262 5 | late offer: ours in a reliable 183, the answer in the PRACK | sipp
    def test_offer_in_183_answer_in_prack(self):
        def host(d, call):
            d.early(call)
            d.wait("call_early_media", call=call)
            d.answer(call)

        e = self.goes(invite(SUPPORTED, NO_SDP) + recv(180) +
                      rel(183, "m=audio") + prack(2, SDP % (1, "sendrecv")) +
                      recv(200, rrs="true") + ack() + pause(200) +
                      bye_out(4), host)
        self.assertEqual((e["disposition"], e["codec"]),
                         ("answered", "PCMU"), e)

    # conformance: RFC 3262 3 | a reliable answer is sent again until the PRACK, which may be late | sipp
    def test_prack_is_late(self):
        e = self.goes(invite(REQUIRE) + rel(180) + pause(1800) +
                      prack(2) + recv(200, rrs="true") + ack() +
                      bye_out(4), lambda d, call: d.answer(call),
                      copies=3)
        self.assertEqual(e["disposition"], "answered", e)

    # conformance: RFC 3311 5.2 | UPDATE before the answer changes the session that a reliable 183 agreed | sipp
    def test_update_before_the_answer(self):
        def host(d, call):
            d.early(call)
            d.wait("call_early_media", call=call)
            d.wait("call_dtmf", call=call)
            d.answer(call)

        info = "Content-Type: application/dtmf-relay\n" \
            "Content-Length: [len]\n\nSignal=1\nDuration=100\n"
        e = self.goes(invite(REQUIRE) + rel(180) + prack(2) + rel(183) +
                      prack(3) + send("UPDATE", 4, SDP % (2, "sendonly")) +
                      recv(200, check="a=recvonly") +
                      send("INFO", 5, info) + recv(200) +
                      recv(200, rrs="true") + ack() + bye_out(6), host)
        self.assertEqual(e["disposition"], "answered", e)

    # conformance: RFC 3262 3 | sip.100rel=no: an INVITE that requires it gets 420 | sipp
    def test_100rel_off_is_420(self):
        self.unheard(invite(REQUIRE) +
                     recv(420, check="Unsupported: 100rel") +
                     ack(first=True), sip__100rel="no")

    # ---- elsewhere, and nobody

    # conformance: RFC 3261 21.3.3 | 302 with the Contact the host names, to a caller that goes there | sipp
    def test_redirect(self):
        def host(d, call):
            self.refused("EINVAL", d.redirect, call, "sip:a b@c")
            self.refused("EINVAL", d.redirect, call,
                         "sip:a@192.0.2.1?Replaces=x")
            d.redirect(call, "sip:desk@192.0.2.7")

        e = self.goes(invite() + recv(180) +
                      recv(302, check="Contact: &lt;sip:desk@192.0.2.7&gt;") +
                      ack(first=True), host)
        self.assertEqual((e["disposition"], e["sip_status"], e["reason"]),
                         ("rejected", 302, "sent on to sip:desk@192.0.2.7"),
                         e)

    def test_default_is_to_answer(self):
        flow.write_wav(self.path("p.wav"), flow.voice(0.6))
        os.mkdir(self.path("calls"))
        e = self.goes(invite() + recv(180) + recv(200, rrs="true") + ack() +
                      bye_in(), lambda d, call: None, incoming__timeout="1",
                      incoming__default="answer",
                      incoming__play=self.path("p.wav"),
                      call__record=self.path("calls"))
        self.assertEqual((e["disposition"], e["reason"]),
                         ("answered", "prompt played"), e)
        self.assertEqual(e["recording"], self.path(
            "calls/call-%d.wav" % e["call"]))
        self.assertGreater(len(flow.read_wav(e["recording"])[1]), 4000)

    def test_default_is_to_refuse(self):
        e = self.goes(invite() + recv(180) + recv(480) + ack(first=True),
                      lambda d, call: None, incoming__timeout="1")
        self.assertEqual(e["sip_status"], 480, e)


if __name__ == "__main__":
    flow.main()
