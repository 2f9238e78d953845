#!/usr/bin/env python3
"""Keys by RFC 4733, by INFO and as tones, both ways: sipp, baresip, the
simulated network, and a caller that sends a key in two ways."""
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import baresip  # noqa: E402
import flow  # noqa: E402
from caller import Caller  # noqa: E402
from flow import run  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402
from test_sipp_uas import SIPP, Telephone  # noqa: E402

OK = """<send><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""
PLAIN = """<recv request="INFO">
  <action>
    <ereg regexp="application/dtmf$" search_in="hdr" header="Content-Type:" check_it="true" assign_to="t1"/>
    <ereg regexp="^1" search_in="body" check_it="true" assign_to="k1"/>
  </action>
</recv>
""" + OK


class Info(flow.Case):
    def keys(self, words, *options):
        tel = Telephone(self, "keys_info", words=words)
        r = run("-o", "sip.server=" + tel.ip, "-o", "sip.port=%d" % tel.port,
                "-o", "sip.local_address=" + tel.ip, *options, "--json",
                "call", "+4930123456", "--dtmf", "1#D", "--max-duration", 3)
        tel.wait(self)
        self.assertEqual(r.last["disposition"], "answered", r)

    # conformance: RFC 6086 | keys go by INFO (application/dtmf-relay), one after the other | sipp
    def test_keys_are_sent(self):
        self.keys((("FIRST", "200 OK"), ("AGAIN", ""), ("KEY2", "Signal=#"),
                   ("KEY3", "Signal=D")), "-o", "media.dtmf=info")

    # conformance: RFC 6086 | who refuses dtmf-relay by 415 gets application/dtmf | sipp
    def test_plain_after_415(self):
        self.keys((("FIRST", "415 Unsupported Media Type"), ("AGAIN", PLAIN),
                   ("KEY2", "^#"), ("KEY3", "^D")), "-o", "media.dtmf=info")


class Tones(flow.Case):
    def call(self, *options):
        net = self.network("--answer-delay", "200")
        return run(*net.options, *options, "--json", "call", "+4930100015",
                   "--max-duration", 3)

    # conformance: ITU-T Q.23 | keys of a far end without telephone-event are heard as tones | phonenet
    def test_network_sends_tones(self):
        for codec in ("pcmu", "pcma"):
            r = self.call("-o", "media.dtmf=inband", "-o",
                          "media.codecs=" + codec)
            self.assertEqual(r.last["dtmf"], "1234#", r)
            for e in r.all("call_dtmf"):
                self.assertIn(e["duration_ms"], range(60, 141))

    def test_not_listened_for(self):
        r = self.call("-o", "media.dtmf=info")
        self.assertEqual(r.last["dtmf"], "", r)


class Echo(baresip.Phone):
    """What we say comes back, and is heard."""
    more_modules = ("g722",)
    codec, rate = "PCMU/8000/1", 8000

    def configure(self):
        super().configure()
        for name, old, new in (
                ("accounts", "PCMU/8000/1,PCMA/8000/1", self.codec),
                ("config", "_srate 8000", "_srate %d" % self.rate)):
            path = os.path.join(self.home, name)
            with open(path, encoding="utf-8") as f:
                text = f.read()
            with open(path, "w", encoding="utf-8") as f:
                f.write(text.replace(old, new))

    # conformance: ITU-T Q.23 | keys said as tones come back as they were | baresip
    def test_tones_said_are_heard(self):
        # the first frames of an echo are late: a pause goes before
        r = self.call("--dtmf", ",,1593#", options=(
            "-o", "media.dtmf=inband", "-o", "media.codecs=pcmu,pcma,g722"))
        self.assertEqual(r.last["dtmf"], "1593#", r)


class EchoG722(Echo):
    codec, rate = "G722/16000/1", 16000


class Ways(flow.Case):
    """One caller, a key in several ways."""

    def setUp(self):
        super().setUp()
        self.d = Engine(flow.LIBRARY, {
            "sip.server": self.ip, "sip.user": "alice",
            "sip.register": "no", "sip.local_address": self.ip,
            "incoming.accept": "server"})
        self.addCleanup(self.d.destroy)
        self.d.start()
        host, port = self.d.wait("started")["text"].split(":")[1:]
        self.c = Caller((host, int(port)), self.ip)
        self.addCleanup(self.c.close)
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.rtp.close)
        self.rtp.bind((self.ip, 0))
        self.rtp.settimeout(10)
        self.seq = 1

    def answered(self, *options):
        body = self.c.sdp().replace(
            "40000", str(self.rtp.getsockname()[1]))
        self.c.invite(body)
        self.c.until("SIP/2.0 180")
        call = self.d.wait("call_incoming")["call"]
        self.d.answer(call, *options)
        text = self.c.until("SIP/2.0 200")
        self.c.send("ACK", 1)
        self.d.wait("call_answered")
        port = [line for line in text.split("\r\n")
                if line.startswith("m=audio")][0].split()[1]
        self.far = (self.ip, int(port))
        self.rtp.recv(2000)          # from then on it listens, too
        return call

    def event(self, code, ts):
        """A key of 100 ms by RFC 4733."""
        for duration, end in ((160, 0), (480, 0), (800, 128), (800, 128)):
            self.rtp.sendto(struct.pack(
                "!BBHIIBBH", 0x80, 101, self.seq, ts, 7, code, end | 10,
                duration), self.far)
            self.seq += 1

    def info(self, cseq, key):
        self.c.send("INFO", cseq, "Signal=%s\r\nDuration=100\r\n" % key,
                    ctype="application/dtmf-relay")
        self.c.until("SIP/2.0 200")

    def ended(self, cseq):
        self.c.send("BYE", cseq)
        return self.d.wait("call_ended")["dtmf"]

    # conformance: RFC 4733 1.2 | a key by RFC 4733 and by INFO is told once | own caller
    def test_a_press_in_two_ways_is_told_once(self):
        self.answered()
        self.event(5, 1000)
        self.assertEqual(self.d.wait("call_dtmf")["text"], "5")
        self.info(2, "5")
        self.info(3, "6")
        self.assertEqual(self.d.wait("call_dtmf")["text"], "6")
        self.event(6, 9000)
        self.event(5, 17000)        # pressed again
        self.assertEqual(self.d.wait("call_dtmf")["text"], "5")
        self.info(4, "7")
        self.assertEqual(self.d.wait("call_dtmf")["text"], "7")
        self.assertEqual(self.ended(5), "5657")

    def test_same_way_twice_is_two_presses(self):
        self.answered()
        self.info(2, "1")
        self.info(3, "1")
        self.assertEqual(self.ended(4), "11")

    def test_only_what_the_option_says(self):
        self.answered("media.dtmf=rfc4733")
        self.info(2, "1")
        self.event(2, 1000)
        self.assertEqual(self.d.wait("call_dtmf")["text"], "2")
        self.assertEqual(self.ended(3), "2")

    # conformance: RFC 6086 | a key by INFO while the call rings is told | own caller
    def test_key_while_it_rings(self):
        self.c.invite()
        self.c.until("SIP/2.0 180")
        call = self.d.wait("call_incoming")["call"]
        self.info(2, "9")
        e = self.d.wait("call_dtmf")
        self.assertEqual((e["call"], e["text"]), (call, "9"))
        self.d.reject(call, 486)
        self.c.until("SIP/2.0 486")
        self.assertEqual(self.d.wait("call_ended")["dtmf"], "9")


if __name__ == "__main__":
    if not SIPP or not baresip.MODULES:
        flow.skip("no sipp, or no baresip")
    flow.main()
