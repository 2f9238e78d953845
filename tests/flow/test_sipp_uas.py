#!/usr/bin/env python3
"""Calls to sipp with scenarios of our own: a SIP program of others, which
takes every deviation for an error."""
import hashlib
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import flow  # noqa: E402
from flow import run  # noqa: E402

SIPP = flow.program("sipp", "sip-tester")


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def parameters(digest):
    """Of an Authorization header."""
    return {k: a or b for k, a, b in
            re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', digest)}


def digest_of(hashed, method, p, user="alice", password="secret"):
    """The response that the parameters should have."""
    return hashed(":".join((
        hashed(":".join((user, p["realm"], password))), p["nonce"], p["nc"],
        p["cnonce"], p["qop"], hashed(method + ":" + p["uri"]))))


class Telephone:
    """sipp as called side for one call."""

    def __init__(self, case, scenario, *args, tcp=False, words=()):
        self.ip, self.port = case.ip, flow.free_port(case.ip)
        name = "%s-%d" % (scenario, self.port)
        self.errors = case.path(name + ".err")
        self.log = open(case.path(name + ".out"), "w", encoding="utf-8")
        source = ["-sn", "uas"] if scenario == "uas" else \
            ["-sf", self.scenario(case, scenario, name, words)]
        self.child = subprocess.Popen(
            [SIPP, *source, "-i", self.ip, "-p", str(self.port), "-mi",
             self.ip, "-mp", str(flow.media_port(self.ip)),
             "-m", "1", "-nostdin", "-timeout", "20s",
             "-timeout_error", "-trace_err", "-error_file", self.errors,
             *(["-t", "t1"] if tcp else []), *args],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            cwd=case.dir)
        case.addCleanup(self.close)
        flow.until(lambda: self.child.poll() is not None or
                   flow.listens("tcp" if tcp else "udp", self.ip, self.port), 10,
                   "sipp listens")

    @staticmethod
    def scenario(case, scenario, name, words):
        """The file, with words put in."""
        path = os.path.join(HERE, "sipp", scenario + ".xml")
        if not words:
            return path
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for word, value in words:
            text = text.replace(word, value)
        path = case.path(name + ".xml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def wait(self, case):
        """The scenario must have gone through to its end."""
        try:
            status = self.child.wait(25)
        finally:
            self.close()
        if status:
            text = ""
            for path in (self.errors, self.log.name):
                if os.path.exists(path):
                    with open(path, encoding="utf-8",
                              errors="replace") as f:
                        text += f.read()[-3000:]
            case.fail("sipp ended with %d\n%s" % (status, text))

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self.log.close()


class Sipp(flow.Case):
    def call(self, scenario, *sipp, args=(), options=(), tcp=False,
             words=()):
        tel = Telephone(self, scenario, *sipp, tcp=tcp, words=words)
        r = run("-o", "sip.server=" + tel.ip, "-o", "sip.port=%d" %
                tel.port, "-o", "sip.local_address=" + tel.ip, "-o",
                "sip.transport=" + ("tcp" if tcp else "udp"), *options,
                "--json", "call", "+4930123456", "--ring-timeout", 10,
                "--max-duration", 2, *args)
        tel.wait(self)
        return r

    def answered(self, r):
        self.assertEqual((r.status, r.last["disposition"],
                          r.last["sip_status"]), (0, "answered", 200), r)
        self.assertEqual(len(r.all("call_answered")), 1, r)
        return r.last

    def test_answer_with_echo(self):
        prompt = flow.write_wav(self.path("p.wav"), flow.voice(1.2))
        heard = self.path("heard.wav")
        r = self.call("answer", "-rtp_echo", args=(
            "--play", prompt, "--record", heard), options=(
                "-o", "call.record_stereo=yes",
                "-o", "call.hangup_after_play=no"))
        e = self.answered(r)
        self.assertEqual(e["codec"], "PCMU")
        self.assertIn(e["ring_ms"], flow.Span(290, 1200), r)
        self.assertGreater(e["rtp"]["rx"], 50, r)
        # what we said came back, and is recorded left
        left = flow.read_wav(heard, 0)[1]
        want = flow.through_ulaw(flow.voice(1.2))
        self.assertGreater(flow.best_match(left, want)[0], 0.95)

    def test_answer_over_tcp(self):
        self.answered(self.call("answer", "-rtp_echo", tcp=True))

    def test_stock_uas(self):
        self.answered(self.call("uas", "-rtp_echo"))

    # conformance: RFC 3261 13.2.1 | audio of a 183 is heard before the answer | sipp
    def test_early_audio_then_answer(self):
        r = self.call("early", "-rtp_echo")
        e = self.answered(r)
        self.assertEqual(r.all("call_early_media")[0]["sip_status"], 183, r)
        self.assertGreaterEqual(e["ring_ms"], 690, r)

    def test_slow_answer_without_ringing(self):
        e = self.answered(self.call("slow", "-rtp_echo"))
        self.assertIn(e["ring_ms"], flow.Span(3900, 5500))

    # conformance: RFC 3261 13.2.2.4 | each copy of a 2xx gets an ACK | sipp
    def test_200_again_and_again(self):
        self.answered(self.call("repeat200", "-rtp_echo"))

    def test_hold_and_resume(self):
        r = self.call("hold", "-rtp_echo")
        self.answered(r)
        self.assertEqual([e["status"] for e in r.all("call_held")],
                         ["held", "resumed"], r)

    # conformance: RFC 3261 15.1.2 | a BYE of the called one ends the call | sipp
    def test_far_end_hangs_up(self):
        r = self.call("bye", "-rtp_echo", args=("--max-duration", 20))
        e = self.answered(r)
        self.assertIn(e["talk_ms"], flow.Span(450, 1500), r)

    # conformance: RFC 3261 22.3 | a 407 is answered by digest, qop auth | sipp
    def test_challenged_invite(self):
        account = ("-o", "sip.user=alice", "-o", "sip.register=no", "-o",
                   "sip.password=secret")
        log = self.path("digest")
        r = self.call("challenge", "-rtp_echo", "-trace_logs", "-log_file",
                      log, options=account)
        self.answered(r)
        with open(log, encoding="utf-8") as f:
            got = f.read().strip()
        p = parameters(got)
        self.assertEqual((p["username"], p["realm"], p["nc"], p["qop"]),
                         ("alice", "sipp", "00000001", "auth"))
        self.assertNotIn('qop="', got)       # RFC 7616 3.4: no quotes
        self.assertEqual(p["response"], digest_of(md5, "INVITE", p))

    # conformance: RFC 3261 22.3 | 407, then 401: INVITE with both | sipp
    # conformance: RFC 3261 13.2.2.4 | ACK has the INVITE's digests | sipp
    # conformance: RFC 8760 2.4 | of MD5 and SHA-256 the latter | sipp
    def test_challenged_by_proxy_and_server(self):
        account = ("-o", "sip.user=alice", "-o", "sip.register=no", "-o",
                   "sip.password=secret")
        log = self.path("digests")
        r = self.call("challenge_both", "-rtp_echo", "-trace_logs",
                      "-log_file", log, options=account)
        self.answered(r)
        with open(log, encoding="utf-8") as f:
            got = dict(re.findall(r"([A-Z]+) \[?(Digest [^\]\n]*)", f.read()))
        server, proxy = parameters(got["INVITE"]), parameters(got["PROXY"])
        self.assertEqual((server["algorithm"], server["nc"]),
                         ("SHA-256", "00000001"), got)
        self.assertEqual(server["response"],
                         digest_of(sha256, "INVITE", server))
        self.assertEqual((proxy["algorithm"], proxy["nc"]),
                         ("MD5", "00000002"), got)
        self.assertEqual(proxy["response"], digest_of(md5, "INVITE", proxy))
        self.assertEqual((got["ACK"], got["PROXYACK"]),
                         (got["INVITE"], got["PROXY"]))

    # conformance: RFC 8760 2.4 | sip.digest=sha-256 refuses MD5 alone | sipp
    def test_md5_forbidden(self):
        r = self.call("challenge_refused", options=(
            "-o", "sip.user=alice", "-o", "sip.register=no", "-o",
            "sip.password=secret", "-o", "sip.digest=sha-256"))
        self.assertEqual((r.status, r.last["disposition"]), (1, "failed"), r)
        self.assertIn("sip.digest", r.last["reason"])

    def refused(self, *table):
        for status, header, want in table:
            with self.subTest(status=status, header=header):
                r = self.call("refuse", words=(("STATUS", str(status)),
                                               ("HEADER", header)))
                self.assertEqual((r.status, r.last["disposition"],
                                  r.last["sip_status"]), (1, want, status),
                                 r)
                self.assertLess(r.seconds, 5, r)

    # conformance: RFC 3261 21 | a final answer above 299 is acknowledged and ends the call, as its status says | sipp
    def test_refusals(self):
        self.refused(
            (404, "X-A: b", "invalid_number"), (480, "X-A: b", "no_answer"),
            (486, "Reason: Q.850;cause=17", "busy"),
            (491, "X-A: b", "failed"),
            (503, "Retry-After: 5", "congestion"),
            (420, "Unsupported: 100rel", "failed"),
            (422, "Min-SE: 1800", "failed"),
            (603, "X-A: b", "rejected"), (699, "X-A: b", "failed"))

    # conformance: RFC 8224 6.2.2 | 428, 436, 437, 438: the call is blocked | sipp
    # conformance: RFC 8688 4 | 607 and 608: the call is blocked | sipp
    # conformance: RFC 5079 4 | 433: the call is blocked | sipp
    def test_blocked(self):
        self.refused(*[(status, "X-A: b", "blocked") for status in
                       (428, 433, 436, 437, 438, 607, 608)],
                     (603, 'Reason: SIP;cause=603;text="v=analytics1;url=x"',
                      "blocked"))

    # conformance: RFC 3398 8.2.6.1 | the Q.850 cause counts where the status says nothing | sipp
    def test_causes_of_the_network(self):
        self.refused(*[(488, "Reason: Q.850;cause=%d" % cause, want)
                       for cause, want in (
                           (3, "invalid_number"), (31, "no_answer"),
                           (47, "congestion"), (57, "rejected"),
                           (127, "congestion"), (16, "failed"))],
                     (486, "Reason: Q.850;cause=1", "busy"))


if __name__ == "__main__":
    flow.main()
