#!/usr/bin/env python3
"""baresip as the called telephone: it answers by itself, sends back what it
hears, and keeps it in a file: it must be our prompt."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import baresip  # noqa: E402
import flow  # noqa: E402


class Baresip(baresip.Phone):
    def prompt_is_heard(self, codec):
        said = flow.voice(2)
        prompt = flow.write_wav(self.path("p.wav"), said)
        ours = self.path("ours.wav")
        r = self.call("--play", prompt, "--record", ours, options=(
            "-o", "media.codecs=" + codec, "-o", "call.record_stereo=yes"))
        self.assertEqual(r.last["codec"], codec.upper())
        self.assertGreater(r.last["rtp"]["rx"], 80, r)
        rate, heard, _ = flow.read_wav(ours)
        # and came back to us, on the left
        self.assertGreater(flow.best_match(heard, said)[0], 0.9)
        self.end()
        rate, heard, _ = self.heard()
        self.assertEqual(rate, 8000)
        match, _ = flow.best_match(heard, said)
        self.assertGreater(match, 0.95, "%d samples\n%s" % (len(heard),
                                                            self.text()))

    def test_prompt_is_heard_in_ulaw(self):
        self.prompt_is_heard("pcmu")

    def test_prompt_is_heard_in_alaw(self):
        self.prompt_is_heard("pcma")

    def test_its_call_is_answered(self):
        said = flow.voice(2)
        e, _ = self.its_call(flow.write_wav(self.path("p.wav"), said))
        self.assertEqual((e["direction"], e["disposition"], e["from"]),
                         ("inbound", "answered", "phone"), self.text())
        self.assertGreater(e["rtp"]["rx"], 80, self.text())
        self.end()
        match, _ = flow.best_match(self.heard()[1], said)
        self.assertGreater(match, 0.95, self.text())

    # conformance: RFC 3261 13.3 | baresip calls `sipdialer serve`, hears the prompt, and is recorded | baresip
    def test_it_calls_serve(self):
        said = flow.voice(2)
        prompt = flow.write_wav(self.path("p.wav"), said)
        self.end()                       # it is to begin with a call
        port = flow.free_port(self.ip)
        s = self.command(
            "-o", "sip.server=" + self.ip, "-o", "sip.register=no", "-o",
            "sip.user=alice", "-o", "sip.local_address=" + self.ip, "-o",
            "sip.local_port=%d" % port, "-o", "call.record_stereo=yes",
            "--json", "serve", "--play", prompt, "--record", self.dir)
        flow.until(lambda: flow.listens("udp", self.ip, port), 10, "start")
        self.start("-e", "/dial sip:alice@%s:%d" % (self.ip, port))
        record = self.path("call-1.wav")
        flow.until(lambda: "session closed" in self.text().lower(), 15,
                   "end of the call")
        s.signal()
        r = s.wait(8)
        self.assertEqual((r.status, r.last["answered"]), (0, 1), r)
        self.assertEqual(r.all("call_ended")[0]["recording"], record, r)
        self.assertGreater(
            flow.best_match(flow.read_wav(record)[1], said)[0], 0.9)
        self.end()
        self.assertGreater(flow.best_match(self.heard()[1], said)[0], 0.95)

    def test_keys_are_understood(self):
        self.call("--dtmf", "159#", "--max-duration", 3)
        text = self.text()
        for key in "159#":
            self.assertIn("'%s'" % key, text)


if __name__ == "__main__":
    baresip.main()
