#!/usr/bin/env python3
"""A call that takes the place of another: the target of an attended
transfer.  Calls of our own telephone, the one that replaces is sipp's."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import sippcall  # noqa: E402
from caller import Caller  # noqa: E402
from sippcall import SDP, ack, bye_out, pause, recv, send  # noqa: E402


def invite(value):
    return send("INVITE", 1, SDP % (1, "sendrecv"), first=True,
                extra="Require: replaces\nReplaces: %s\n" % value) + \
        recv(100, optional="true")


TAKES = recv(180) + recv(200, rrs="true") + ack() + pause(800) + bye_out(2)


class Replaces(sippcall.Case):
    def up(self, d, *options):
        """A call of our telephone that is answered; and its id."""
        c = Caller((self.ip, self.port), self.ip)
        self.addCleanup(c.close)
        c.invite()
        c.until("SIP/2.0 180")
        call = d.wait("call_incoming")["call"]
        d.answer(call, *options)
        ok = c.until("SIP/2.0 200")
        c.send("ACK", 1)
        d.wait("call_answered", call=call)
        c.value = "%s;to-tag=%s;from-tag=%s" % (
            c.callid, re.search(r"^To:.*tag=([^;\s]+)", ok, re.M).group(1),
            c.from_tag)
        return c, call

    # conformance: RFC 3891 3 | an INVITE with Replaces is answered at once, the call it names gets BYE, the bridge and host audio go on with the new one | sipp
    def test_takes_its_place_in_the_bridge(self):
        d = self.engine()
        a, first = self.up(d, "call.audio=16000")
        b, second = self.up(d)
        d.verb("call_bridge", d.p, first, second)
        d.wait("call_bridged", call=first)
        child = self.sipp(invite(a.value) + TAKES)
        e = d.wait("call_replaced", call=first)
        new = e["other"]
        d.wait("call_bridged", call=new, other=second)
        a.answer(a.until("BYE "))
        e = d.wait("call_ended", call=first)
        self.assertEqual((e["disposition"], e["reason"]),
                         ("answered", "replaced by call %d" % new), e)
        e = d.wait("call_ended", call=new)
        self.assertEqual((e["disposition"], e["direction"], e["from"]),
                         ("answered", "inbound", "+4930999"), e)
        self.assertTrue([x for x in d.all("call_audio")
                         if x["call"] == new], d.seen)
        self.sipp_ended(child, d)
        self.assertEqual(len(d.all("call_incoming")), 2)
        d.hangup(second)
        b.answer(b.until("BYE "))
        d.wait("call_ended", call=second)

    def test_its_place_is_free_at_the_limit(self):
        d = self.engine(incoming__max_calls=1)
        a, first = self.up(d)
        child = self.sipp(invite(a.value) + TAKES)
        new = d.wait("call_replaced", call=first)["other"]
        a.answer(a.until("BYE "))
        d.wait("call_ended", call=first)
        d.wait("call_ended", call=new)
        self.sipp_ended(child, d)

    # conformance: RFC 3891 3 | Replaces of no call gets 481, and the calls that are up go on | sipp
    def test_no_such_call(self):
        d = self.engine()
        a, call = self.up(d)
        self.sipp_ended(self.sipp(
            invite(a.value + "x") + recv(481) + ack(first=True)), d)
        a.send("BYE", 2)
        a.until("SIP/2.0 200")
        self.assertEqual(d.wait("call_ended")["call"], call)

    def wants(self, value):
        """Another telephone that asks for the place."""
        c = Caller((self.ip, self.port), self.ip)
        self.addCleanup(c.close)
        c.invite(extra="Replaces: %s\r\nRequire: replaces\r\n" % value)
        return c

    # conformance: RFC 3891 3 | two INVITEs that name the same call: the second gets 481, once the first is answered or not | own caller
    def test_two_want_its_place(self):
        d = self.engine()
        a, first = self.up(d)
        one, two = self.wants(a.value), self.wants(a.value)
        one.until("SIP/2.0 200")
        for late in two, self.wants(a.value):
            late.until("SIP/2.0 481")
            late.send("ACK", 1, branch=late.branch)
        one.send("ACK", 1)
        new = d.wait("call_replaced", call=first)["other"]
        a.answer(a.until("BYE "))
        d.wait("call_ended", call=first)
        one.send("BYE", 2)
        self.assertEqual(d.wait("call_ended")["call"], new)

    def test_an_offer_that_does_not_suit_changes_nothing(self):
        d = self.engine()
        a, call = self.up(d)
        self.sipp_ended(self.sipp(
            invite(a.value).replace("RTP/AVP 0 101", "RTP/AVP 96 101")
            .replace("a=rtpmap:0 PCMU/8000", "a=rtpmap:96 iLBC/8000") +
            recv(488) + ack(first=True)), d)
        a.send("BYE", 2)
        a.until("SIP/2.0 200")
        self.assertEqual(d.wait("call_ended")["call"], call)


if __name__ == "__main__":
    flow.main()
