#!/usr/bin/env python3
"""Voicemail of other people's SIP programs: the greeting and the beep come from
them, and the message is heard there whole."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import baresip  # noqa: E402
import flow  # noqa: E402
from flow import run  # noqa: E402

SIPP = flow.program("sipp", "sip-tester")


def sounds(case):
    """What the telephones of the simulated network say, as files."""
    folder = case.path("sounds")
    os.mkdir(folder)
    subprocess.run([flow.PHONENET, "--write-sounds", folder], check=True)
    return folder


def left_behind_a_beep(case, r):
    case.assertEqual([e["text"] for e in r.all("call_message")],
                     ["waiting", "playing", "left"], r)
    case.assertEqual((r.last["disposition"], r.last["message"],
                      r.last["amd"]["verdict"]),
                     ("answered_machine", "left", "machine"), r)
    case.assertIsNotNone(r.last["amd"]["beep_at_ms"], r)


class Baresip(baresip.Phone):
    """It plays a file, greeting and beep, and keeps what it hears."""

    more_modules = ("aufile",)

    def configure(self):
        super().configure()
        # a pause behind the beep: at the end of its file it hangs up
        _, said, _ = flow.read_wav(os.path.join(sounds(self), "voicemail.wav"))
        greeting = flow.write_wav(self.path("greeting.wav"),
                                  said + flow.tone(20, 0))
        config = os.path.join(self.home, "config")
        with open(config, encoding="utf-8") as f:
            text = f.read()
        with open(config, "w", encoding="utf-8") as f:
            f.write(text.replace("audio_source aubridge,line",
                                 "audio_source aufile," + greeting))

    def test_message_is_left_and_heard_whole(self):
        message = flow.voice(1.5)
        r = run("-o", "sip.local_address=" + self.ip, "--json", "call",
                "sip:phone@%s:%d" % (self.ip, self.port), "--machine-play",
                flow.write_wav(self.path("m.wav"), message), timeout=40)
        self.assertEqual(r.status, 0, "%r\n%s" % (r, self.text()))
        left_behind_a_beep(self, r)
        self.end()
        _, heard, _ = self.heard()
        # from the end of the greeting on
        at = r.last["amd"]["beep_at_ms"] * 8 - 4000
        match, _ = flow.best_match(heard[max(0, at):],
                                   flow.through_ulaw(message))
        self.assertGreater(match, 0.95, self.text())


class Sipp(flow.Case):
    """It sends the greeting as a stream of RTP."""

    def test_message_is_left(self):
        _, said, _ = flow.read_wav(os.path.join(sounds(self), "voicemail.wav"))
        raw = self.path("voicemail.ulaw")
        with open(raw, "wb") as f:
            f.write(bytes(flow.ulaw_byte(v) for v in
                          list(said) + [0] * 160000))
        with open(os.path.join(HERE, "sipp", "answer.xml"),
                  encoding="utf-8") as f:
            text = f.read()
        ack = '<recv request="ACK" crlf="true"></recv>'
        scenario = self.path("voicemail.xml")
        with open(scenario, "w", encoding="utf-8") as f:
            f.write(text.replace(ack, ack + '<nop><action><exec rtp_stream='
                                 '"%s,1,0"/></action></nop>' % raw)
                    .replace("[media_port]", "[rtpstream_audio_port]"))
        port = flow.free_port(self.ip)
        errors = self.path("errors")
        with open(self.path("out"), "w", encoding="utf-8") as out:
            sipp = subprocess.Popen(
                [SIPP, "-sf", scenario, "-i", self.ip, "-p", str(port),
                 "-mi", self.ip, "-mp",
                 str(flow.media_port(self.ip)), "-m", "1", "-nostdin",
                 "-timeout", "30s", "-timeout_error", "-trace_err",
                 "-error_file", errors],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                cwd=self.dir)
        self.addCleanup(sipp.wait)
        self.addCleanup(sipp.kill)
        flow.until(lambda: sipp.poll() is not None or
                   flow.listens("udp", self.ip, port), 10, "sipp listens")
        r = run("-o", "sip.local_address=" + self.ip, "-o",
                "media.codecs=pcmu", "--json", "call", "sip:vm@%s:%d" % (
                    self.ip, port), "--machine-play",
                flow.write_wav(self.path("m.wav"), flow.voice(1)), timeout=40)
        left_behind_a_beep(self, r)
        self.assertEqual(sipp.wait(20), 0)


if __name__ == "__main__":
    flow.main()
