#!/usr/bin/env python3
"""Everything by IPv6, and messages that are long."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import certs  # noqa: E402
import flow  # noqa: E402
import sipserver  # noqa: E402
import tlsserver  # noqa: E402
from flow import run  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402
from sipserver import registered, response  # noqa: E402

SIPP = flow.program("sipp", "sip-tester")
SIX = "::1"


def listens(kind, port):
    with open("/proc/net/%s6" % kind, encoding="ascii") as f:
        return any(line.split()[1].endswith(":%04X" % port) for line in f
                   if ":" in line.split()[0])


@unittest.skipUnless(os.path.exists("/proc/net/if_inet6"), "no IPv6")
class Ipv6(flow.Case):
    def sipp(self, *args, kind="udp"):
        """The uas scenario for one call; its port."""
        port, log = flow.free_port(SIX), open(self.path("sipp.out"), "wb")
        self.addCleanup(log.close)
        child = subprocess.Popen(
            [SIPP, "-sn", "uas", "-i", SIX, "-p", str(port), "-mi", SIX,
             "-mp", str(flow.media_port("127.0.0.1")), "-m", "1", "-nostdin",
             "-timeout", "20s", "-timeout_error", *args],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir)
        self.addCleanup(lambda: (child.kill(), child.wait()))
        flow.until(lambda: listens(kind, port) or child.poll() is not None,
                   what="sipp listens")
        return port, child

    # conformance: RFC 3261 19.1.1 | a call by IPv6, over UDP and over TCP; the address with and without brackets | sipp
    # conformance: RFC 4566 5.7 | IP6 in the description | sipp
    def test_calls_to_sipp(self):
        for kind, host, args in (("udp", "::1", ()), ("tcp", "[::1]",
                                                      ("-t", "t1"))):
            with self.subTest(transport=kind, server=host):
                port, child = self.sipp(*args, kind=kind)
                r = run("-o", "sip.server=" + host, "-o", "sip.port=%d" %
                        port, "-o", "sip.transport=" + kind, "-o",
                        "sip.register=no", "-o", "sip.local_address=::1",
                        "--json", "call", "100", "--max-duration", 1)
                self.assertEqual((r.status, r.last["disposition"]),
                                 (0, "answered"), r)
                self.assertEqual(child.wait(10), 0)

    def check(self, s, kind, r):
        """What it was sent names the address as it should be."""
        self.assertEqual([e["status"] for e in r.all("registration")],
                         ["connecting", "registered"], r)
        for m in s.got:
            if m.status:
                continue
            self.assertRegex(m.get("via"), r"^SIP/2\.0/%s \[::1\]:\d+;" %
                             kind.upper())
            if m.get("contact"):
                self.assertRegex(m.get("contact"), r"^<sip:alice@\[::1\]:\d")
        invite = s.all("INVITE")[0]
        self.assertRegex(invite.first, r"sip:100@\[::1\](:\d+)? ")
        self.assertIn(b"c=IN IP6 ::1\r\n", invite.body)
        self.assertRegex(invite.body, rb"o=\S+ \d+ \d+ IN IP6 ::1\r\n")

    # conformance: RFC 3261 18.1.1 | registration and call by IPv6 over UDP, TCP and TLS | own server
    def test_registers_and_calls(self):
        def answer(m):
            return registered(m, 60) if m.method == "REGISTER" else \
                response(m, 486)

        ca = certs.Authority(self.dir)
        ctx = tlsserver.context(*ca.issue("six", "IP:::1"))
        for kind in ("udp", "tcp", "tls"):
            for host in ("::1", "[::1]"):
                with self.subTest(transport=kind, server=host):
                    s = self.enter(sipserver.Server(SIX, answer)) if kind == "udp" else \
                        self.enter(tlsserver.Server(
                            SIX, ctx if kind == "tls" else None, answer))
                    r = run("-o", "sip.server=" + host, "-o", "sip.port=%d" %
                            s.port, "-o", "sip.transport=" + kind, "-o",
                            "sip.user=alice", "-o", "sip.tls_ca_file=" +
                            ca.cert, "--json", "call", "100")
                    self.assertEqual(r.last["disposition"], "busy", r)
                    self.check(s, kind, r)


class Long(flow.Case):
    # conformance: RFC 3261 18.1.1 | requests of more than 1,300 bytes go by UDP all the same, whole, with a warning | own server
    def test_long_requests_by_udp(self):
        s = self.enter(sipserver.Server(self.ip, lambda m: registered(m, 60)
                                        if m.method == "REGISTER"
                                        else response(m, 486)))
        d = self.enter(Engine(flow.LIBRARY, {
            "sip.server": s.ip, "sip.port": s.port, "sip.user": "alice",
            "sip.local_address": self.ip}))
        d.start()
        d.wait("registration", status="registered")
        for _ in range(2):
            d.call("100", *["sip.header=X-Long-%d: %s" % (i, "y" * 980)
                            for i in range(4)])
            self.assertEqual(d.wait("call_ended")["disposition"], "busy")
        self.assertEqual(len(s.all("INVITE")[0].get("x-long-3")), 980)
        self.assertGreater(len(s.raw[1]), 4000)
        warned = [e for e in d.all("log") if "1300" in e["text"]]
        self.assertEqual(len(warned), 1, d.all("log"))

    # conformance: RFC 3261 18.1.1 | a request of 8,000 bytes by UDP is answered | own server
    def test_long_requests_to_us(self):
        s = self.enter(sipserver.Server(self.ip, lambda m: registered(m, 60)))
        d = self.enter(Engine(flow.LIBRARY, {
            "sip.server": s.ip, "sip.port": s.port, "sip.user": "alice",
            "sip.local_address": self.ip}))
        d.start()
        d.wait("registration", status="registered")
        port = d.port()
        head = ("OPTIONS sip:alice@{0} SIP/2.0\r\nVia: SIP/2.0/UDP {0}:{1};"
                "branch=z9hG4bKlong\r\nMax-Forwards: 70\r\nFrom: <sip:b@{0}>"
                ";tag=o\r\nTo: <sip:alice@{0}>\r\nCall-ID: long\r\nCSeq: 1 "
                "OPTIONS\r\nContent-Length: {2:05}\r\n\r\n")
        size = 8000 - len(head.format(s.ip, s.port, 0))
        text = (head.format(s.ip, s.port, size) + "x" * size).encode()
        self.assertEqual(len(text), 8000)
        s.socket.sendto(text, (self.ip, port))
        flow.until(lambda: [m for m in s.got if m.status == 200 and
                            m.get("call-id") == "long"], what="200")


if __name__ == "__main__":
    flow.main()
