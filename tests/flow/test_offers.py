#!/usr/bin/env python3
"""Codecs that a sipp offers, and changes in the call."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import sippcall  # noqa: E402
from sippcall import ack, bye_out, pause, recv, send  # noqa: E402

OPUS = "a=rtpmap:111 opus/48000/2\na=fmtp:111 useinbandfec=1\n"


def offer(formats, lines="", version=1):
    return """Content-Type: application/sdp
Content-Length: [len]

v=0
o=sipp 1 %d IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP %s
%sa=sendrecv
""" % (version, formats, lines)


class Offers(sippcall.Case):
    def asked(self, codecs, formats, lines, answer, codec):
        """One call: the offer, what the answer has to say, the codec."""
        d = self.engine(media__codecs=codecs)
        child = self.sipp(
            send("INVITE", 1, offer(formats, lines), first=True) +
            recv(100, optional="true") + recv(180) +
            recv(200, check=answer, rrs="true") + ack() + pause(300) + bye_out(2))
        d.answer(d.wait("call_incoming")["call"])
        self.assertEqual(d.wait("call_answered")["codec"], codec)
        self.sipp_ended(child, d)
        self.assertEqual(d.wait("call_ended")["codec"], codec)

    # conformance: RFC 3264 6.1 | an offer is answered with one codec, the first of ours | sipp
    def test_our_order_counts(self):
        self.asked("g722,pcma,pcmu", "0 8 9 97",
                   "a=rtpmap:97 telephone-event/8000\n",
                   "m=audio [0-9]+ RTP/AVP 9 97.*G722/8000", "G722")

    # conformance: RFC 3264 6.1 | codecs that nobody knows are left out | sipp
    def test_unknown_codecs_ignored(self):
        self.asked("pcma,pcmu", "18 3 98 8 0",
                   "a=rtpmap:98 iLBC/8000\n",
                   "m=audio [0-9]+ RTP/AVP 8[^0-9].*PCMA/8000", "PCMA")

    # conformance: RFC 7587 7 | Opus and keys at 48 kHz under the offer's payload types | sipp
    def test_opus_with_its_numbers(self):
        self.asked("opus,pcmu", "0 111 110", OPUS +
                   "a=rtpmap:110 telephone-event/48000\n",
                   "m=audio [0-9]+ RTP/AVP 111 110.*opus/48000/2.*"
                   "telephone-event/48000", "opus")

    # conformance: RFC 3551 4.5.11 | L16 by a dynamic payload type, ptime as asked | sipp
    def test_l16_with_ptime(self):
        self.asked("l16", "96", "a=rtpmap:96 L16/16000/1\na=ptime:10\n",
                   "m=audio [0-9]+ RTP/AVP 96.*L16/16000.*a=ptime:10",
                   "L16")

    # conformance: RFC 3261 21.4.26 | nothing in common is answered by 488 | sipp
    def test_nothing_in_common(self):
        self.engine(media__codecs="pcmu")
        child = self.sipp(
            send("INVITE", 1, offer("18 3"), first=True) +
            recv(100, optional="true") + recv(488) + ack(first=True))
        self.sipp_ended(child)


class Changes(sippcall.Case):
    """re-INVITEs while a tone is played, echoed and recorded."""

    def changed(self, codecs, steps):
        d = self.engine(media__codecs=codecs, call__record_stereo="yes")
        scenario = send("INVITE", 1, offer(*steps[0][:2]), first=True) + \
            recv(100, optional="true") + recv(180) + \
            recv(200, check=steps[0][2], rrs="true") + ack() + pause(1000)
        for n, (formats, lines, answer) in enumerate(steps[1:], 2):
            scenario += send("INVITE", n, offer(formats, lines, n)) + \
                recv(100, optional="true") + recv(200, check=answer, rrs="true") + \
                ack().replace("CSeq: 1 ", "CSeq: %d " % n) + pause(1000)
        child = self.sipp(scenario + bye_out(len(steps) + 1))
        tone = flow.write_wav(self.path("p.wav"), flow.tone(9, 500))
        heard = self.path("heard.wav")
        d.answer(d.wait("call_incoming")["call"], "call.play=" + tone,
                 "call.record=" + heard)
        self.sipp_ended(child, d)
        e = d.wait("call_ended")
        self.assertEqual(e["rtp"]["lost"], 0, e)
        self.one_tone(heard, len(steps))
        return e

    def one_tone(self, path, steps):
        """What came back, on the left: 500 Hz from its begin to its end, but
        for the moments of change."""
        rate, left, _ = flow.read_wav(path)
        self.assertGreater(len(left), rate * (steps - 0.5))
        # the echo takes a moment, and the end is not to the frame
        pieces = [left[i:i + 800] for i in range(rate // 2,
                                                 len(left) - 1600, 800)]
        good = sum(flow.share(p, 500) > 0.8 and flow.level(p) > 2000
                   for p in pieces)
        self.assertGreater(good / len(pieces), 0.8, "%d of %d" % (
            good, len(pieces)))

    # conformance: RFC 3264 8.3.2 | re-INVITEs change the codec; the recording goes on at one pitch | sipp
    def test_wide_and_narrow(self):
        e = self.changed("g722,l16,pcma", (
            ("8", "", "AVP 8"), ("9", "", "AVP 9"),
            ("96", "a=rtpmap:96 L16/16000\n", "AVP 96"),
            ("8", "", "AVP 8")))
        self.assertEqual(e["codec"], "PCMA")

    # conformance: RFC 3264 8.3.2 | re-INVITEs change between clocks of 8 and 48 kHz | sipp
    def test_opus_and_back(self):
        self.changed("opus,pcmu", (
            ("0", "", "AVP 0"), ("111", OPUS, "AVP 111"),
            ("0", "", "AVP 0")))

    # conformance: RFC 3264 8.3.2 | re-INVITEs change the law of G.711 | sipp
    def test_law(self):
        self.changed("pcmu,pcma", (
            ("0", "", "AVP 0"), ("8", "", "AVP 8"), ("0", "", "AVP 0")))


if __name__ == "__main__":
    if not sippcall.SIPP:
        flow.skip("no sipp")
    flow.main()
