#!/usr/bin/env python3
"""The INVITE as it stands on the wire: caller, extra headers, and nothing
that a name or a header could smuggle in."""
import os
import re
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import sipserver  # noqa: E402
from flow import run  # noqa: E402
from sipdialer_ct import Engine, Refused  # noqa: E402


def busy(msg):
    return sipserver.response(msg, 486)


class Wire(flow.Case):
    def setUp(self):
        super().setUp()
        self.server = self.enter(sipserver.Server(self.ip, busy))
        self.base = ["-o", "sip.server=%s" % self.ip, "-o", "sip.port=%d" %
                     self.server.port, "-o", "sip.local_address=%s" %
                     self.ip]

    def invite(self, *args, options=(), to="+4930123456"):
        before = len(self.server.all("INVITE"))
        r = run(*self.base, *options, "--json", "call", to, *args)
        self.assertEqual((r.status, r.last["disposition"]), (1, "busy"), r)
        # one INVITE, and its ACK
        self.assertEqual(len(self.server.all("INVITE")), before + 1)
        flow.until(lambda: len(self.server.all("ACK")) == before + 1)
        return self.server.all("INVITE")[-1]

    def test_what_every_invite_has(self):
        m = self.invite()
        self.assertEqual(m.first, "INVITE sip:+4930123456@%s:%d SIP/2.0" % (
            self.ip, self.server.port))
        for name in ("via", "from", "to", "call-id", "cseq", "contact",
                     "max-forwards", "content-type", "content-length",
                     "user-agent", "allow"):
            self.assertEqual(len(m.all(name)), 1, name)
        self.assertEqual(int(m.get("content-length")), len(m.body))
        self.assertTrue(m.branch.startswith("z9hG4bK"))
        self.assertIn("rport", m.get("via"))
        self.assertIn("tag=", m.get("from"))
        self.assertNotIn("tag=", m.get("to"))
        self.assertIn(self.ip, m.get("contact"))
        self.assertEqual(m.rtp()[0], self.ip)
        self.assertIn(b"a=rtpmap:101 telephone-event/8000", m.body)

    def test_call_ids_and_tags_are_never_the_same(self):
        got = [self.invite() for _ in range(3)]
        for name in ("call-id", "from", "via"):
            self.assertEqual(len({m.get(name) for m in got}), 3, name)

    def test_strangers_are_counted_and_not_answered(self):
        with self.enter(Engine(flow.LIBRARY, {
                "sip.server": self.ip, "sip.port": self.server.port,
                "sip.register": "no", "sip.local_address": self.ip,
        })) as d, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            d.start()
            host, port = d.wait("started")["text"][4:].split(":")
            s.bind((flow.address(1), 0))
            me = "%s:%d" % s.getsockname()
            s.sendto(("OPTIONS sip:us@%s SIP/2.0\r\n"
                      "Via: SIP/2.0/UDP %s;branch=z9hG4bKx\r\n"
                      "From: <sip:x@%s>;tag=x\r\nTo: <sip:us@%s>\r\n"
                      "Call-ID: x\r\nCSeq: 1 OPTIONS\r\n"
                      "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n" % (
                          host, me, me, host)).encode(), (host, int(port)))
            flow.until(lambda: d.stats()["sip"]["strangers"] == 1)
            s.setblocking(False)
            self.assertRaises(BlockingIOError, s.recv, 1)

    def test_caller_and_extra_headers(self):
        m = self.invite("--caller-id", "+49301000", "--caller-name",
                        "Dr. \"Who\" \\ Müller", options=(
                            "-o", "sip.header=X-Campaign: spring",
                            "-o", "sip.header=X-Lead: 7; a=b"))
        self.assertRegex(m.get("from"), r'^"Dr\. \\"Who\\" \\\\ Müller" '
                         r"<sip:\+49301000@")
        self.assertEqual((m.get("x-campaign"), m.get("x-lead")),
                         ("spring", "7; a=b"))

    def test_codec_order_and_external_address(self):
        m = self.invite(options=("-o", "media.codecs=pcma,pcmu", "-o",
                                 "sip.external_address=198.51.100.7"))
        self.assertRegex(m.body.decode(), r"m=audio \d+ RTP/AVP 8 0 101")
        self.assertEqual(m.rtp()[0], "198.51.100.7")
        self.assertIn("198.51.100.7", m.get("contact"))

    def test_injection_is_refused_and_nothing_sent(self):
        bad = [
            ("sip.caller_id=1>\r\nEvil: x", "caller"),
            ("sip.caller_name=a\r\nEvil: x", "caller"),
            ("sip.caller_name=a\nb", "caller"),
            ("sip.header=X-A: b\r\nEvil: x", "header"),
            ("sip.header=Via: SIP/2.0/UDP evil", "Via"),
            ("sip.header=Contact: <sip:evil>", "Contact"),
            ("sip.header=no colon", "header"),
            ("sip.header=Bad Name: x", "header"),
            ("sip.user_agent=x\r\nEvil: y", "user_agent"),
        ]
        for option, word in bad:
            with self.subTest(option=option):
                r = run(*self.base, "-o", option, "call", "+4930123456")
                self.assertIn(r.status, (2, 3), r)
                self.assertIn(word, self.one_line(r, r.status))
        for to in ("1\r\nEvil: x", "sip:1@%s;x=\r\ny" % self.ip,
                   "sip:1@%s?Evil=x" % self.ip, "1 2", "1>", "\x7f1"):
            with self.subTest(to=to):
                self.one_line(run(*self.base, "call", to), 2)
        self.assertEqual(self.server.raw, [])

    def test_injection_through_the_library(self):
        with Engine(flow.LIBRARY, {
                "sip.server": self.ip, "sip.port": self.server.port,
                "sip.local_address": self.ip}) as d:
            d.start()
            for to, option in (("1\r\nEvil: x", None),
                               ("1", "sip.header=A: b\r\nEvil: x"),
                               ("1", "sip.caller_id=1\r\nEvil: x"),
                               ("1", "sip.caller_name=\r\nEvil: x")):
                with self.assertRaises(Refused) as e:
                    d.call(to, *([option] if option else []))
                self.assertEqual(e.exception.name, "SIPDIALER_EINVAL")
                self.assertTrue(e.exception.text)
            # a good one goes out; calls end with one event each
            call = d.call("4930123456")
            e = d.wait("call_ended", call=call)
            self.assertEqual(e["disposition"], "busy")
            d.stop()
        self.assertEqual(len(self.server.all("INVITE")), 1)
        self.assertNotIn(b"Evil", b"".join(self.server.raw))

    def test_evil_contact_of_a_list_stays_a_row_error(self):
        csv = self.path("c.csv")
        with open(csv, "w", encoding="utf-8", newline="") as f:
            f.write('number,name\n"1\r\nEvil: x",A\n+4930123456,"B\r\n'
                    'Evil: y"\n')
        r = run(*self.base, "-o", "store.path=" + self.path("s.db"),
                "campaign", "run", "--contacts", csv, "--retries", 0)
        self.assertEqual(r.status, 1, r)
        self.assertIn("line 2", r.err)
        self.assertEqual(len(self.server.all("INVITE")), 1)
        self.assertNotIn(b"Evil", b"".join(self.server.raw))

    def test_strange_answers_end_the_call(self):
        def answers(msg):
            ok = sipserver.response(msg, 486)
            return {
                "1": ok.replace(b"486", b"999"),
                "2": ok.replace(b"Cseq: ", b"Cseq: 9"),
                "3": b"SIP/2.0 486 Busy\r\n\r\n",
                "4": [ok.replace(b"486 Busy Here", b"180 Ringing")] * 3 +
                     [ok],
            }[re.search(r"sip:\+49\d*(\d)@", msg.first).group(1)]

        self.server.answer = answers
        results = flow.parallel([lambda n=n: run(
            *self.base, "--json", "call", "+493012345%d" % n,
            "--ring-timeout", 5) for n in (1, 2, 3, 4)])
        for r in results:
            self.assertEqual(r.status, 1, r)
            self.assertEqual(r.last["event"], "call_ended", r)
            self.assertLess(r.seconds, 12, r)
        self.assertEqual(results[3].last["disposition"], "busy")
        for r in results[:3]:
            self.assertIn(r.last["disposition"], ("failed", "no_answer"), r)


if __name__ == "__main__":
    flow.main()
