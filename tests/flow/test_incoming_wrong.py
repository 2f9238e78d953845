#!/usr/bin/env python3
"""What sipp's INVITE gets that the host does not hear of, and the rest of the
letter of RFC 3261 8.2: loops, extensions, bodies, offers; and IPv6."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import sippcall  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402
from sippcall import (NO_SDP, SDP, ack, bye_out, pause,  # noqa: E402
                      recv, send)

OFFER = SDP % (1, "sendrecv")


def invite(body=OFFER, extra="", uri=None):
    return send("INVITE", 1, body, first=True, extra=extra, uri=uri) + \
        recv(100, optional="true")


def refused(status, check=None):
    return recv(status, check=check) + ack(first=True)


class Wrong(sippcall.Case):
    # conformance: RFC 3261 8.2.2.3 | an extension that is not ours: 420, Unsupported names it | sipp
    def test_unknown_extension(self):
        self.unheard(invite(extra="Require: timer, foo\n") +
                     refused(420, "Unsupported: foo"))

    # conformance: RFC 3261 8.2.3 | a body that is no SDP: 415 with Accept | sipp
    def test_foreign_body(self):
        self.unheard(invite("Content-Type: text/plain\n"
                            "Content-Length: [len]\n\nhello\n") +
                     refused(415, "Accept: application/sdp"))

    # conformance: RFC 3261 8.2.3 | a body that is encoded: 415 with Accept-Encoding | sipp
    def test_encoded_body(self):
        self.unheard(invite(extra="Content-Encoding: gzip\n") +
                     refused(415, "Accept-Encoding: identity"))

    # conformance: RFC 3261 8.2.2.1 | a tel: Request-URI: 416 | sipp
    def test_other_scheme(self):
        self.unheard(invite(uri="tel:+4930100") + refused(416))

    # conformance: RFC 3261 13.3.1.3 | no codec in common: 488 with Warning | sipp
    def test_no_common_codec(self):
        body = OFFER.replace("RTP/AVP 0 101", "RTP/AVP 96 101").replace(
            "a=rtpmap:0 PCMU/8000", "a=rtpmap:96 iLBC/8000")
        self.unheard(invite(body) + refused(488, "Warning: 399"))

    # conformance: RFC 4028 9 | Session-Expires below Min-SE: 422 | sipp
    def test_session_too_short(self):
        self.unheard(invite(
            extra="Supported: timer\nSession-Expires: 30\n") +
            refused(422, "Min-SE: 90"))

    # conformance: RFC 3261 8.2.2.2 | the same request by another way, merged: 482, and the call goes on | sipp
    def test_merged_request(self):
        other = send("INVITE", 1, OFFER, first=True).replace(
            "-first;", "-second;")
        ack2 = ack(first=True).replace("-first;", "-second;")
        e = self.goes(
            invite() + recv(180) + other + recv(482) + ack2 + pause(500) +
            recv(200, rrs="true") + ack() + bye_out(2),
            lambda d, call: d.answer(call), copies=1)
        self.assertEqual(e["disposition"], "answered", e)

    # conformance: RFC 3261 21.4 | what the host says: 404, 480, 486, 603 | sipp
    def test_statuses_of_the_host(self):
        for status, disposition in ((404, "invalid_number"),
                                    (480, "no_answer"), (486, "busy"),
                                    (603, "rejected")):
            with self.subTest(status):
                e = self.goes(invite() + recv(180) + refused(status),
                              lambda d, call, s=status: d.reject(call, s))
                self.assertEqual((e["disposition"], e["sip_status"]),
                                 (disposition, status), e)

    # conformance: RFC 3261 13.2.1 | INVITE without an offer: ours in the 200, the answer in the ACK | sipp
    def test_late_offer(self):
        e = self.goes(invite(NO_SDP) + recv(180) +
                      recv(200, check="m=audio", rrs="true") + ack(OFFER) +
                      pause(300) + bye_out(2),
                      lambda d, call: d.answer(call))
        self.assertEqual((e["disposition"], e["codec"]),
                         ("answered", "PCMU"), e)


class V6(flow.Case):
    # conformance: RFC 5118 4 | a call that comes in over IPv6: SDP with IN IP6, the way of its RTP | sipp
    def test_over_ipv6(self):
        with Engine(flow.LIBRARY, {
                "sip.server": "::1", "sip.register": "no",
                "sip.user": "alice", "sip.local_address": "::1",
                "incoming.accept": "server"}) as d:
            d.start()
            port = int(d.wait("started")["text"].rsplit(":", 1)[1])
            path = self.path("v6.xml")
            with open(path, "w", encoding="utf-8") as f:
                f.write('<?xml version="1.0"?>\n<scenario name="v6">\n%s'
                        '<Reference variables="x"/></scenario>\n' % (
                            invite() + recv(180) +
                            recv(200, check="c=IN IP6 ::1", rrs="true") +
                            ack() + pause(500) + bye_out(2)).replace(
                                "sip:alice@[remote_ip]", "sip:alice@[[remote_ip]]"))
            child = subprocess.Popen(
                [sippcall.SIPP, "[::1]:%d" % port, "-sf", path, "-i", "::1",
                 "-m", "1", "-nostdin", "-timeout", "20s", "-timeout_error",
                 "-trace_err", "-error_file", self.path("err")],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, cwd=self.dir)
            try:
                call = d.wait("call_incoming")["call"]
                d.answer(call)
                e = d.wait("call_ended")
            finally:
                out = child.communicate(timeout=30)[0].decode()
            self.assertEqual(child.returncode, 0, out[-2000:])
            self.assertEqual(e["disposition"], "answered", e)
            self.assertGreater(e["rtp"]["tx"], 10, e)


if __name__ == "__main__":
    flow.main()
