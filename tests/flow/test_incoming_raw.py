#!/usr/bin/env python3
"""Calls that come in, by the message: what telephones seldom do."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import called  # noqa: E402
import flow  # noqa: E402
from called import DNS  # noqa: E402
from caller import Caller  # noqa: E402
from dns_one import Dns  # noqa: E402


NAME = "pbx.example"


class IncomingRaw(called.Case):
    def rings(self, d, **more):
        """A call that rings, and the caller."""
        c = self.caller()
        c.invite(**more)
        c.until("SIP/2.0 180")
        return c, d.wait("call_incoming")["call"]

    def test_host_speaks_before_the_answer_to_our_offer(self):
        d = self.engine()
        c, call = self.rings(d, body="")
        settings, host = self.path("settings.wav"), self.path("host.wav")
        d.answer(call, "call.record=" + settings)
        c.until("SIP/2.0 200")
        d.record(call, host)
        d.dtmf(call, "7")
        c.send("INFO", 2, "Signal=5\r\nDuration=160\r\n",
               ctype="application/dtmf-relay")
        c.until("SIP/2.0 200")
        self.assertEqual(d.wait("call_dtmf")["text"], "5")
        c.send("ACK", 1, c.sdp())
        d.wait("call_answered")
        c.send("BYE", 3)
        e = d.wait("call_ended")
        self.assertEqual((e["recording"], e["disposition"], e["dtmf"]),
                         (host, "answered", "5"), e)
        self.assertFalse(os.path.exists(settings))

    def test_what_ends_before_the_ack_with_the_answer(self):
        ends = {
            "hangup": (lambda d, c, call: d.hangup(call), "cancelled"),
            "bye": (lambda d, c, call: c.send("BYE", 2), "failed"),
            "ack": (lambda d, c, call: c.send("ACK", 1), "failed"),
        }
        d = self.engine()
        for name, (end, disposition) in ends.items():
            with self.subTest(name):
                c, call = self.rings(d, body="")
                d.answer(call)
                c.until("SIP/2.0 200")
                end(d, c, call)
                e = d.wait("call_ended")
                self.assertEqual((e["disposition"], e["sip_status"]),
                                 (disposition, 200), e)
                if name == "hangup":
                    c.send("ACK", 1, c.sdp())
                if name != "bye":
                    c.answer(c.until("BYE "))

    def test_offer_on_hold(self):
        d = self.engine()
        c = self.caller()
        c.invite(c.sdp(direction="sendonly"))
        c.until("SIP/2.0 180")
        d.answer(d.wait("call_incoming")["call"])
        c.until("SIP/2.0 200")
        c.send("ACK", 1)
        self.assertEqual(d.wait("call_held")["status"], "held")
        self.assertEqual([e["event"] for e in d.seen][-2:],
                         ["call_answered", "call_held"])
        c.send("BYE", 2)
        d.wait("call_ended")

    def located(self, **options):
        """A server calls before any call of ours has gone out."""
        server = Caller(None, self.ip)
        self.addCleanup(server.close)
        d = self.engine(**{k: v % server.port if "%" in v else v
                           for k, v in options.items()})
        server.engine = self.address
        server.answer(server.until("OPTIONS "), "404 Not Found")
        server.invite()
        server.until("SIP/2.0 180")
        d.wait("call_incoming")

    def test_server_or_proxy_by_name(self):
        """The child has a resolv.conf of its own."""
        if DNS in os.environ:
            dns = Dns(os.environ[DNS], self.ip)
            self.addCleanup(dns.close)
            self.located(sip__server=NAME, sip__port="%d")
            self.located(sip__server="192.0.2.7",
                         sip__outbound_proxy=NAME + ":%d")
            return
        self.with_name_server(flow.address(1))

    def test_stranger_is_told_of_once(self):
        d = self.engine(sip__server="127.0.0.9")
        c = self.caller()
        for _ in range(3):
            c.invite()
        e = d.wait("log")
        self.assertIn("INVITE of " + self.ip, e["text"])
        self.assertEqual(d.stop()["event"], "stopped")
        self.assertEqual(len(d.all("log")), 1, d.seen)


if __name__ == "__main__":
    flow.main()
