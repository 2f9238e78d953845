#!/usr/bin/env python3
"""`sipdialer serve`: calls of sipp, baresip and the simulated network are
taken, campaigns go on, and a signal ends it all in time."""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import sippcall  # noqa: E402
from flow import run  # noqa: E402
from sippcall import (SDP, ack, bye_in, bye_out, pause,  # noqa: E402
                      recv, send)

CALL = send("INVITE", 1, SDP % (1, "sendrecv"), first=True) + \
    recv(100, optional="true") + recv(180) + recv(200, rrs="true") + ack()


class Served:
    """The command, its output in a file."""

    def __init__(self, case, *args, options=(), json_lines=True):
        self.out = open(case.path("served"), "w+", encoding="utf-8")
        self.err = open(case.path("errors"), "w+", encoding="utf-8")
        self.child = subprocess.Popen(
            [flow.EXE, "-o", "sip.local_address=" + case.ip, *options,
             *(["--json"] if json_lines else []), "serve",
             *[str(a) for a in args]],
            stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err)
        case.addCleanup(self.close)

    def text(self):
        with open(self.out.name, encoding="utf-8") as f:
            return f.read()

    def errors(self):
        with open(self.err.name, encoding="utf-8") as f:
            return f.read()

    def events(self, name):
        return [e for e in map(json.loads, self.text().split("\n")[:-1])
                if e["event"] == name]

    def port(self):
        return int(flow.until(lambda: self.events("started"), 10, "start")
                   [0]["text"].rsplit(":", 1)[1])

    def end(self, sig=signal.SIGTERM):
        """Exit status, and the summary."""
        at = time.monotonic()
        self.child.send_signal(sig)
        status = self.child.wait(10)
        self.seconds = time.monotonic() - at
        return status, json.loads(self.text().split("\n")[-2])

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self.out.close()
        self.err.close()


class Serve(sippcall.Case):
    def serve(self, *args, options=(), **more):
        s = Served(self, *args, options=[
            "-o", "sip.server=" + self.ip, "-o", "sip.register=no",
            "-o", "sip.user=alice", *options], **more)
        if more.get("json_lines", True):
            self.port = s.port()
        return s

    # conformance: RFC 3261 15 | SIGTERM in the middle of 40 calls: each gets its BYE, the command ends within 5 s | sipp
    def test_many_calls_and_sigterm(self):
        prompt = flow.write_wav(self.path("p.wav"), flow.voice(30))
        os.mkdir(self.path("calls"))
        s = self.serve("--play", prompt, "--record", self.path("calls"))
        child = self.sipp(CALL + bye_in(), "-r", "40", "-l", "100",
                          count=40)
        flow.until(lambda: len(s.events("call_answered")) == 40, 20,
                   "40 answers")
        status, last = s.end()
        self.sipp_ended(child)
        self.assertEqual(status, 0, s.errors())
        self.assertLess(s.seconds, 5.5)
        self.assertEqual((last["event"], last["calls"], last["answered"],
                          last["by_disposition"]),
                         ("served", 40, 40, {"answered": 40}))
        for e in s.events("call_ended"):
            self.assertEqual(e["recording"], self.path(
                "calls/call-%d.wav" % e["call"]))
            flow.read_wav(e["recording"])

    def test_calls_come_and_go(self):
        prompt = flow.write_wav(self.path("p.wav"), flow.voice(0.4))
        s = self.serve("--play", prompt)
        child = self.sipp(CALL + bye_in(), "-r", "50", "-l", "200",
                          count=100)
        self.sipp_ended(child)
        flow.until(lambda: len(s.events("call_ended")) == 100, 10)
        status, last = s.end(signal.SIGINT)
        self.assertEqual((status, last["answered"]), (0, 100), s.errors())
        self.assertEqual({e["reason"] for e in s.events("call_ended")},
                         {"prompt played"})

    # conformance: RFC 3261 21.4.24 | --max-calls: the call beyond gets 486 | sipp
    def test_most_calls(self):
        s = self.serve("--max-calls", 1)
        first = self.sipp(CALL + pause(1500) + bye_out(2))
        flow.until(lambda: s.events("call_answered"), 10)
        second = self.sipp(
            send("INVITE", 1, SDP % (1, "sendrecv"), first=True) +
            recv(486) + ack(first=True), name="second")
        self.sipp_ended(second, name="second")
        self.sipp_ended(first)
        s.end()

    def test_calls_that_come_in_are_recorded_by_policy(self):
        folder = self.path("rec")
        s = self.serve(options=[
            "-o", "record.policy=all", "-o", "record.folder=" + folder,
            "-o", "record.name={from}/{to}-{call}.wav"])
        self.sipp_ended(self.sipp(CALL + pause(600) + bye_out(2)))
        end, = flow.until(lambda: s.events("call_ended"), 5)
        self.assertEqual(end["recording"],
                         folder + "/+4930999/+4930100-1.wav")
        self.assertTrue(os.path.exists(end["recording"]))
        self.assertEqual([e["text"] for e in s.events("call_recording")],
                         ["begun", "ended"])
        s.end()

    def test_trunks_without_a_server(self):
        s = Served(self, "--trunks", self.ip, options=[
            "-o", "sip.user=alice"])
        self.port = s.port()
        self.sipp_ended(self.sipp(CALL + bye_out(2)))
        status, last = s.end()
        self.assertEqual((status, last["calls"]), (0, 1), s.errors())

    def test_lines_for_people(self):
        port = flow.free_port(self.ip)
        s = self.serve(options=["-o", "sip.local_port=%d" % port],
                       json_lines=False)
        flow.until(lambda: flow.listens("udp", self.ip, port), 10)
        self.port = port
        self.sipp_ended(self.sipp(CALL + bye_out(2)))
        flow.until(lambda: "hung up by the peer" in s.text(), 5)
        s.child.send_signal(signal.SIGTERM)
        self.assertEqual(s.child.wait(10), 0)
        text = s.text()
        for line in ("listening at udp:" + self.ip,
                     "call 1: +4930999 (Sipp) calls +4930100",
                     "call 1: answered (PCMU)",
                     "call 1: +4930999 to +4930100, answered "
                     "(hung up by the peer)",
                     "1 calls came in, 1 answered, in "):
            self.assertIn(line, text)

    def test_wrong_usage(self):
        wrong = self.path("w.txt")
        with open(wrong, "w", encoding="ascii") as f:
            f.write("no sound")
        for args, word in ((("--play", wrong), "not a WAV"),
                           (("--record", wrong), "not a folder"),
                           (("--max-calls", "x"), "incoming.max_calls"),
                           (("--accept", "all"), "incoming.accept"),
                           (("--trunks", "192.0.2.0/99"), "1 to 32"),
                           (("now",), "too many"),
                           ((), "sip.server")):
            with self.subTest(args):
                self.one_line(run("serve", *args), 2, word)

    def test_not_registered(self):
        net = self.network("--user", "1001:secret")
        r = run(*net.options, "-o", "sip.user=1001", "-o",
                "sip.password=wrong", "serve")
        self.one_line(r, 3, "not registered")


class Registered(flow.Case):
    # conformance: RFC 3261 10.2 | serve registers, takes calls to its Contact while it dials a campaign, un-registers at SIGTERM | phonenet
    def test_calls_while_a_campaign_is_dialed(self):
        net = self.network("--answer-delay", "50")
        store = self.path("s.db")
        prompt = flow.write_wav(self.path("p.wav"), flow.voice(0.5))
        options = [*net.options, "-o", "sip.user=1001", "-o",
                   "store.path=" + store]
        # numbers that refuse, and call back
        csv = flow.contacts(self.path("c.csv"),
                            ["+493012340%d40" % i for i in range(5)])
        new = run(*options, "--json", "campaign", "new", "c")
        campaign = new.last["campaign"]
        self.assertEqual(run(*options, "campaign", "load", campaign,
                             csv).status, 0)
        s = Served(self, "--play", prompt, options=options)
        flow.until(lambda: [e for e in s.events("registration")
                            if e["status"] == "registered"], 10)
        started = self.command(*options, "campaign", "start", campaign)
        flow.until(lambda: [e for e in s.events("call_ended")
                            if e["direction"] == "inbound"], 20,
                   "a call that came in")
        status, last = s.end()
        started.close()
        self.assertEqual(status, 0, s.errors())
        self.assertLess(s.seconds, 5.5)
        self.assertGreaterEqual(last["answered"], 1)
        self.assertTrue([e for e in s.events("call_ended") if e["campaign"]])
        self.assertEqual(s.events("registration")[-1]["status"],
                         "disconnected")


if __name__ == "__main__":
    flow.main()
