#!/usr/bin/env python3
"""Two calls of ours to the simulated network, joined."""
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
from sipdialer_ct import Engine, Refused  # noqa: E402


class Bridge(flow.Case):
    def engine(self, *network):
        self.net = self.network(*network)
        d = self.enter(Engine(flow.LIBRARY, {
            "sip.server": self.net.ip, "sip.port": self.net.port,
            "sip.register": "no", "sip.user": "alice",
            "sip.local_address": "127.0.0.1"}))
        d.start()
        d.wait("started")
        return d

    def size(self, name):
        """Of a recording, that begins some time after the answer."""
        path = self.path(name)
        return os.path.getsize(path) if os.path.exists(path) else 0

    def heard(self, directory, number):
        paths = glob.glob(os.path.join(directory, "*%s-*.wav" % number))
        self.assertEqual(len(paths), 1, os.listdir(directory))
        return flow.read_wav(paths[0])[1]

    # conformance: RFC 3550 2.4 | two calls joined: each hears the other, PCMU on one side and PCMA on the other | phonenet
    def test_each_hears_the_other(self):
        rooms = self.path("heard")
        os.mkdir(rooms)
        d = self.engine("--record", rooms, "--answer-delay", "100")
        talks = d.call("49301511", "media.codecs=pcmu",
                       "call.record=" + self.path("talks.wav"),
                       "call.record_stereo=yes")
        greets = d.call("49301611", "media.codecs=pcma",
                        "call.record=" + self.path("greets.wav"),
                        "call.record_stereo=yes")
        d.verb("call_bridge", d.p, talks, greets)
        for call, other in ((talks, greets), (greets, talks)):
            e = d.wait("call_bridged", call=call)
            self.assertEqual(e["other"], other)
        d.wait("call_answered")
        d.wait("call_answered")
        for path in ("talks.wav", "greets.wav"):     # 5 s are on the disk
            flow.until(lambda: self.size(path) > 5 * 4 * 8000, 15,
                       "recording")
        d.verb("call_hangup", d.p, talks)
        self.assertEqual(d.wait("call_unbridged", call=greets)["reason"],
                         "a call has ended")
        self.assertEqual(d.wait("call_ended", call=talks)["disposition"],
                         "answered")
        d.verb("call_hangup", d.p, greets)
        d.wait("call_ended", call=greets)
        self.net.stop()
        for ours, number in (("talks", "49301611"), ("greets", "49301511")):
            said = flow.read_wav(self.path(ours + ".wav"), 0)[1]
            heard = self.heard(rooms, number)
            # two seconds of what came in here: they went out there
            piece = said[4000:20000]
            self.assertGreater(flow.best_match(heard, piece)[0], 0.9, ours)

    # conformance: RFC 4733 2.5 | keys of one call are sent on to the call it is joined with | phonenet
    def test_keys_go_through(self):
        d = self.engine("--answer-delay", "100")
        sends, reads = d.call("49301715"), d.call("49301814")
        d.verb("call_bridge", d.p, sends, reads)
        d.wait("call_answered")
        d.wait("call_answered")
        flow.until(lambda: "".join(
            e["digit"] for e in self.net.events("dtmf", "49301814"))
            == "1234#", 10, "keys at the other telephone")

    def test_parted_and_joined_anew(self):
        d = self.engine()
        a, b, c = (d.call("4930190%d" % n) for n in (0, 0, 0))
        for _ in range(3):
            d.wait("call_answered")
        d.verb("call_bridge", d.p, a, b)
        d.wait("call_bridged", call=b)
        d.verb("call_bridge", d.p, c, a)
        self.assertEqual(d.wait("call_unbridged", call=b)["reason"],
                         "bridged to another call")
        self.assertEqual(d.wait("call_bridged", call=c)["other"], a)
        d.verb("call_unbridge", d.p, a)
        self.assertEqual(d.wait("call_unbridged", call=c)["other"], a)
        with self.assertRaises(Refused) as wrong:
            d.verb("call_bridge", d.p, a, a)
        self.assertEqual(wrong.exception.name, "SIPDIALER_EINVAL")
        with self.assertRaises(Refused) as wrong:
            d.verb("call_bridge", d.p, a, 12345)
        self.assertEqual(wrong.exception.name, "SIPDIALER_ENOENT")


if __name__ == "__main__":
    flow.main()
