#!/usr/bin/env python3
"""What an account brings to its calls, those that come in and those that go
out: encryption, codecs, keys."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import sippcall  # noqa: E402
import sipserver  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402
from sippcall import SDP, ack, bye_in, recv, send  # noqa: E402

CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40
SECURE = SDP.replace("RTP/AVP", "RTP/SAVP").replace(
    "a=rtpmap:0", CRYPTO + "\na=rtpmap:0")
BOTH_CODECS = SDP.replace("RTP/AVP 0 101", "RTP/AVP 0 8 101").replace(
    "a=rtpmap:0", "a=rtpmap:8 PCMA/8000\na=rtpmap:0")


def invite(sdp):
    return send("INVITE", 1, sdp % (1, "sendrecv"), first=True) + \
        recv(100, optional="true")


def refused(sdp, status, check=None):
    return invite(sdp) + recv(180, optional="true") + \
        recv(status, check=check) + ack(first=True)


def answered(sdp, check=None):
    return invite(sdp) + recv(180) + \
        recv(200, check=check, rrs="true") + ack() + bye_in()


class In(sippcall.Case):
    """sipp calls by the account `trunk`; the engine's own takes no calls."""

    def trunk(self, account, **engine):
        port = flow.free_port(self.ip)
        d = self.enter(Engine(flow.LIBRARY, {
            "sip.local_address": self.ip,
            **{k.replace("__", "."): v for k, v in engine.items()}}))
        d.account_add("trunk", {
            "sip.server": self.ip, "sip.user": "alice", "sip.register": "no",
            "sip.local_port": port, "incoming.accept": "server", **account})
        d.start()
        d.wait("started")
        self.port = port
        return d

    def answer(self, d, scenario, *options):
        """One call, answered with these options; events of both."""
        child = self.sipp(scenario)
        try:
            e = d.wait("call_incoming")
            self.assertEqual(e["account"], "trunk")
            d.answer(e["call"], *options)
            up = d.wait("call_answered", call=e["call"])
            d.hangup(e["call"])
            d.wait("call_ended", call=e["call"])
        finally:
            self.sipp_ended(child, d)
        return up

    def refuse(self, d, scenario):
        """One call that the host does not hear of."""
        self.sipp_ended(self.sipp(scenario), d)
        while d.event(0):
            pass
        self.assertEqual(d.all("call_incoming"), [])

    # conformance: RFC 4568 7.1.2, RFC 3261 21.4.26 | an account that requires SRTP refuses a plain offer by 488 with the reason, before anybody is told | sipp
    def test_required_refuses_plain_at_arrival(self):
        d = self.trunk({"media.srtp": "required"}, media__srtp="off")
        self.refuse(d, refused(SDP, 488, "Warning: 399.*media.srtp is "
                                         "required"))
        up = self.answer(d, answered(SECURE, CRYPTO[:-45]))
        self.assertEqual(up["srtp"], "AES_CM_128_HMAC_SHA1_80")

    # conformance: RFC 5763 5 | an account with media.srtp=dtls refuses keys in the SDP by 488 | sipp
    def test_dtls_refuses_keys_at_arrival(self):
        self.refuse(self.trunk({"media.srtp": "dtls"}),
                    refused(SECURE, 488, "media.srtp is dtls"))

    def test_the_engines_required_holds_for_accounts_that_say_nothing(self):
        self.refuse(self.trunk({}, media__srtp="required"),
                    refused(SDP, 488, "media.srtp is required"))

    # conformance: RFC 4568 5.1 | media.srtp of an account answers its calls, the engine's does not | sipp
    def test_an_accounts_own_stands_before_the_engines(self):
        d = self.trunk({"media.srtp": "optional"}, media__srtp="required")
        self.assertIsNone(self.answer(d, answered(SDP))["srtp"])
        d = self.trunk({"media.srtp": "off"}, media__srtp="required")
        self.assertIsNone(self.answer(d, answered(SDP))["srtp"])

    def test_off_may_be_more_by_the_answer(self):
        """Only what nobody can allow any more is refused at once."""
        d = self.trunk({})
        up = self.answer(d, answered(SECURE, CRYPTO[:-45]),
                         "media.srtp=optional")
        self.assertEqual(up["srtp"], "AES_CM_128_HMAC_SHA1_80")
        child = self.sipp(refused(SECURE, 488, "media.srtp is off"))
        d.answer(d.wait("call_incoming")["call"])
        self.sipp_ended(child, d)

    # conformance: RFC 3264 6.1 | codecs of an account answer its calls, unless the answer says otherwise | sipp
    def test_codecs_of_the_account(self):
        d = self.trunk({"media.codecs": "pcma"}, media__codecs="pcmu")
        self.assertEqual(self.answer(d, answered(
            BOTH_CODECS, "RTP/AVP 8"))["codec"], "PCMA")
        self.assertEqual(self.answer(d, answered(
            BOTH_CODECS, "RTP/AVP 0"), "media.codecs=pcmu")["codec"], "PCMU")

    def test_early_audio_is_the_accounts_too(self):
        d = self.trunk({"media.codecs": "pcma"}, media__codecs="pcmu")
        child = self.sipp(invite(BOTH_CODECS) + recv(180) +
                          recv(183, check="RTP/AVP 8") +
                          recv(200, rrs="true") + ack() + bye_in())
        e = d.wait("call_incoming")
        d.early(e["call"])
        d.answer(e["call"])
        self.assertEqual(d.wait("call_answered")["codec"], "PCMA")
        d.hangup(e["call"])
        d.wait("call_ended")
        self.sipp_ended(child, d)

    def test_calls_that_nobody_decides_are_the_accounts_too(self):
        d = self.trunk({"media.codecs": "pcma"}, media__codecs="pcmu",
                       incoming__default="answer", incoming__timeout="1")
        child = self.sipp(answered(BOTH_CODECS, "RTP/AVP 8"))
        e = d.wait("call_answered")
        self.assertEqual(e["codec"], "PCMA")
        d.hangup(e["call"])
        d.wait("call_ended")
        self.sipp_ended(child, d)

    # conformance: RFC 5761 5.1.1 | media.rtcp_mux of an account takes the offer of it | sipp
    def test_rtcp_mux_of_the_account(self):
        mux = SDP.replace("a=rtpmap:0", "a=rtcp-mux\na=rtpmap:0")
        d = self.trunk({"media.rtcp_mux": "yes"})
        self.answer(d, answered(mux, "a=rtcp-mux"))

    # conformance: RFC 4733 | media.dtmf=inband of an account: its answer has no telephone-event | sipp
    def test_keys_of_the_account(self):
        d = self.trunk({"media.dtmf": "inband"})
        self.answer(d, answered(SDP, "RTP/AVP 0\r"))


class Out(flow.Case):
    """What the server of the account is offered."""

    def offers(self, account, *lists, **engine):
        server = self.enter(sipserver.Server(
            flow.address(1), lambda m: sipserver.response(m, 486)
            if m.get("cseq").endswith("INVITE") else None))
        d = self.enter(Engine(flow.LIBRARY, {
            "sip.local_address": self.ip,
            **{k.replace("__", "."): v for k, v in engine.items()}}))
        d.account_add("trunk", {"sip.server": server.ip,
                                "sip.port": server.port, **account})
        d.start()
        for options in lists:
            call = d.call("+4930123400", "call.account=trunk", *options)
            d.wait("call_ended", call=call)
        return [raw.decode() for raw in server.raw
                if raw.startswith(b"INVITE")]

    # conformance: RFC 4568, RFC 3264 5 | an account's encryption and codecs are offered in its calls, those of one call before them | own server
    def test_calls_offer_what_the_account_says(self):
        first, second = self.offers(
            {"media.srtp": "required", "media.codecs": "pcma",
             "media.rtcp_mux": "yes", "media.dtmf": "info"},
            [], ["media.srtp=off", "media.codecs=pcmu", "media.rtcp_mux=no",
                 "media.dtmf=rfc4733"])
        self.assertIn("RTP/SAVP 8\r", first)
        for line in ("a=crypto:", "a=rtcp-mux"):
            self.assertIn(line, first)
            self.assertNotIn(line, second)
        self.assertIn("RTP/AVP 0 ", second)
        self.assertIn("telephone-event", second)


if __name__ == "__main__":
    flow.main(6)
