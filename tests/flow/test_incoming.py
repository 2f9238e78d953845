#!/usr/bin/env python3
"""Calls that come in from other people's programs, sipp and baresip, to
examples/incoming.c, which answers each, plays a prompt and hangs up."""
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402
import sippcall  # noqa: E402
from sippcall import (OK, SDP, ack, pause, recv, request, send)  # noqa: E402

INCOMING = os.path.join(os.environ.get("SIPDIALER_EXAMPLES", ""), "incoming")

RING = send("INVITE", 1, SDP % (1, "sendrecv"), first=True) + \
    recv(100, optional="true") + recv(180)
TAKEN = RING + recv(200, rrs="true") + send("ACK", 1)
BYE_OUT = send("BYE", 9) + recv(200)
BYE_IN = request("BYE") + OK


class Incoming(sippcall.Case):
    def answering(self, *options, prompt=1.2, server=None):
        """The program, ready for calls; its port."""
        prompt = flow.write_wav(self.path("p.wav"), flow.voice(prompt))
        self.store = self.path("calls.db")
        self.out = open(self.path("events"), "w+", encoding="utf-8")
        self.addCleanup(self.out.close)
        self.child = subprocess.Popen(
            [INCOMING, prompt, "sip.server=" + (server or self.ip),
             "sip.user=alice", "sip.register=no",
             "sip.local_address=" + self.ip, "log.level=warning",
             "store.path=" + self.store, *options],
            stdin=subprocess.DEVNULL, stdout=self.out)
        self.addCleanup(self.end)
        started = flow.until(lambda: self.all("started"), 10, "start")
        return int(started[0]["text"].rsplit(":", 1)[1])

    def end(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()

    def events(self):
        with open(self.out.name, encoding="utf-8") as f:
            lines = f.read().split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def all(self, name):
        return [e for e in self.events() if e["event"] == name]

    def finished(self):
        """Ends the program as Ctrl-C does; the only CALL_ENDED."""
        ended = flow.until(lambda: self.all("call_ended"), 15, "end of call")
        self.child.send_signal(signal.SIGINT)
        self.assertEqual(self.child.wait(10), 0)
        self.assertEqual(self.events()[-1]["event"], "stopped")
        self.assertEqual(len(self.all("call_ended")), 1)
        self.assertEqual(ended[0]["direction"], "inbound")
        self.row(ended[0])
        return ended[0]

    def row(self, ended):
        with sqlite3.connect("file:%s?mode=ro" % self.store, uri=True) as db:
            rows = db.execute("SELECT id, direction, number, caller, "
                              "disposition, sip_status FROM calls").fetchall()
        self.assertEqual(rows, [(ended["call"], "in", ended["to"],
                                 ended["from"], ended["disposition"],
                                 ended["sip_status"])])

    def caller(self, scenario, port, *more):
        """sipp goes through the scenario as the server that calls."""
        self.port = port
        self.sipp_ended(self.sipp(scenario, *more))

    def answered(self):
        e = self.finished()
        self.assertEqual((e["disposition"], e["sip_status"], e["codec"],
                          e["from"], e["to"], e["error"]),
                         ("answered", 200, "PCMU", "+4930999", "+4930100",
                          None), e)
        incoming = self.all("call_incoming")[0]
        self.assertEqual((incoming["text"], incoming["from"],
                          incoming["to"]), ("Sipp", "+4930999", "+4930100"))
        return e

    # conformance: RFC 3261 13.3.1.4 | a call that comes in is answered, hears a prompt, gets our BYE | sipp
    def test_prompt_is_played_and_we_hang_up(self):
        record = self.path("r.wav")
        port = self.answering("call.record=" + record,
                              "call.record_stereo=yes")
        self.caller(TAKEN + BYE_IN, port)
        e = self.answered()
        self.assertGreater(e["rtp"]["rx"], 40, e)
        left = flow.read_wav(record, 0)[1]       # sipp's echo of the prompt
        want = flow.through_ulaw(flow.voice(1.2))
        self.assertGreater(flow.best_match(left, want)[0], 0.95)

    # conformance: RFC 3261 18 | a call that comes in over TCP | sipp
    def test_over_tcp(self):
        port = self.answering("sip.transport=tcp")
        self.caller(TAKEN + pause(300) + BYE_OUT, port, "-t", "t1")
        self.answered()

    def test_caller_hangs_up(self):
        port = self.answering(prompt=8)
        self.caller(TAKEN + pause(500) + BYE_OUT, port)
        e = self.answered()
        self.assertEqual(e["reason"], "hung up by the peer")

    # conformance: RFC 3264 8.4 | the caller holds and resumes by re-INVITE | sipp
    def test_hold_and_resume(self):
        port = self.answering(prompt=8)
        self.caller(TAKEN + pause(300) +
                    send("INVITE", 2, SDP % (2, "sendonly")) +
                    recv(100, optional="true") +
                    recv(200, "a=recvonly") + send("ACK", 2) + pause(300) +
                    send("INVITE", 3, SDP % (3, "sendrecv")) +
                    recv(100, optional="true") +
                    recv(200, "a=sendrecv") + send("ACK", 3) + pause(300) +
                    BYE_OUT, port)
        self.answered()
        self.assertEqual([e["status"] for e in self.all("call_held")],
                         ["held", "resumed"])

    # conformance: RFC 3261 13.2.1 | late offer, its answer in the ACK | sipp
    def test_offer_comes_in_the_ack(self):
        port = self.answering(prompt=8)
        self.caller(send("INVITE", 1, first=True) +
                    recv(100, optional="true") + recv(180) +
                    recv(200, "m=audio", rrs="true") +
                    send("ACK", 1, SDP % (1, "sendrecv")) + pause(500) +
                    BYE_OUT, port)
        self.assertGreater(self.answered()["rtp"]["tx"], 10)

    # conformance: RFC 3261 13.3.1.4 | a 200 is sent again until its ACK comes | sipp
    def test_ack_is_late(self):
        port = self.answering(prompt=8)
        self.caller(RING + recv(200, rrs="true") + pause(1800) +
                    send("ACK", 1) + pause(500) + BYE_OUT, port)
        self.answered()

    # conformance: RFC 3261 9.2 | CANCEL while it rings: 200 and 487 | sipp
    def test_caller_gives_up(self):
        with Engine(flow.LIBRARY, {
                "sip.server": self.ip, "sip.user": "alice",
                "sip.register": "no", "sip.local_address": self.ip,
                "incoming.accept": "server"}) as d:
            d.start()
            started = d.wait("started")
            self.caller(RING + pause(300) + send("CANCEL", 1, first=True) +
                        recv(200) + recv(487) + ack(first=True),
                        int(started["text"].rsplit(":", 1)[1]))
            e = d.wait("call_ended")
        self.assertEqual((e["direction"], e["disposition"], e["sip_status"],
                          e["talk_ms"]), ("inbound", "no_answer", 487, 0), e)

    # conformance: RFC 3261 26.3.1.2 | a stranger that calls gets no answer | sipp
    def test_stranger_is_not_heard(self):
        port = self.answering(server="127.0.0.77")
        with self.assertRaises(AssertionError):
            self.caller(TAKEN, port, "-timeout", "2s")
        self.assertEqual(self.all("call_incoming"), [])


if __name__ == "__main__":
    if not (os.path.exists(INCOMING) or shutil.which(INCOMING)):
        flow.skip("examples/incoming is not built")
    flow.main()
