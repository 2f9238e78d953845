#!/usr/bin/env python3
"""Between our INVITE and its answer, against sipp: forks, reliable responses,
UPDATE, redirections, answers that cross a CANCEL."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import flow  # noqa: E402
from flow import run  # noqa: E402
from test_sipp_uas import Telephone  # noqa: E402

SDP = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=sipp 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=%s
"""
NONE = "Content-Length: 0\n"

# To the INVITE, whatever came since.
RESPONSE = """<send><![CDATA[

SIP/2.0 %s
Via: [$via]
From: [$theirs]
To: [$mine];tag=%s
Call-ID: [call_id]
CSeq: [$seq] INVITE
Contact: <sip:%s@[local_ip]:[local_port];transport=[transport]>
%s
]]></send>
"""
# To the request that came last.
OK = """<send><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
Content-Length: 0

]]></send>
"""
UPDATE = """<send retrans="500"><![CDATA[

UPDATE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: [$mine];tag=%s
To: [$theirs]
Call-ID: [call_id]
CSeq: %d UPDATE
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
%s
]]></send>
"""
RELIABLE = "Require: 100rel\nRSeq: %d\n"


def ereg(header, regexp, variable, check=False):
    return '<ereg regexp="%s" search_in="hdr" header="%s" assign_to="%s"%s/>' \
        % (regexp, header, variable, ' check_it="true"' if check else "")


def has(header, regexp):
    return ereg(header, regexp, "x", True)


def recv(method, *checks):
    return '<recv request="%s"><action>%s</action></recv>\n' % (
        method, "".join(checks) or ereg("CSeq:", ".*", "x"))


def invited(*checks):
    return '<recv request="INVITE" crlf="true" rrs="true"><action>%s' \
        "</action></recv>\n" % "".join(
            (ereg("Via:", "[^ ].*", "via"), ereg("From:", "[^ ].*", "theirs"),
             ereg("To:", "[^ ].*", "mine"), ereg("CSeq:", "[0-9]+", "seq"),
             *checks))


def say(status, tag="a", headers="", sdp=None):
    return RESPONSE % (status, tag, tag,
                       headers + (SDP % sdp if sdp else NONE))


def reliable(status, rseq, tag="a", sdp=None):
    return say(status, tag, RELIABLE % rseq, sdp)


def prack(rseq, tag="a"):
    """It comes, with the right RAck, in the right dialog; and its 200."""
    return recv("PRACK", has("RAck:", "^ %d [0-9]+ INVITE$" % rseq),
                has("To:", "tag=%s$" % tag)) + OK


def answer(code):
    return '<recv response="%d"></recv>\n' % code


def pause(ms):
    return '<pause milliseconds="%d"/>\n' % ms


def tagged(method, tag):
    return recv(method, has("To:", "tag=%s$" % tag))


class Early(flow.Case):
    def telephone(self, name, *steps, where=None, tcp=False):
        path = self.path(name + ".xml")
        text = "".join(steps)
        with open(path, "w", encoding="utf-8") as f:
            f.write('<?xml version="1.0"?>\n<scenario name="s">\n' + text +
                    '<Reference variables="via,theirs,mine,seq%s"/>\n'
                    "</scenario>\n" % (",x" if '"x"' in text else ""))
        here, self.ip = self.ip, where or self.ip
        try:
            return Telephone(self, os.path.splitext(path)[0], "-rtp_echo",
                             tcp=tcp)
        finally:
            self.ip = here

    def call(self, tel, *args, options=(), seconds=1):
        return run("-o", "sip.server=" + tel.ip, "-o", "sip.port=%d" %
                   tel.port, "-o", "sip.local_address=" + self.ip, *options,
                   "--json", "call", "+4930123456", "--max-duration", seconds,
                   *args)

    def through(self, *steps, options=(), seconds=1, args=(), tcp=False):
        tel = self.telephone("s", *steps, tcp=tcp)
        if tcp:
            options = ("-o", "sip.transport=tcp", *options)
        r = self.call(tel, *args, options=options, seconds=seconds)
        tel.wait(self)
        return r

    def answered(self, r):
        self.assertEqual((r.status, r.last["disposition"],
                          r.last["sip_status"]), (0, "answered", 200), r)

    # conformance: RFC 3261 13.2.2.4 | two forks ring, both answer: the first 2xx is the call, the other gets ACK and BYE | sipp
    def test_second_fork_is_hung_up(self):
        self.answered(self.through(
            invited(), say("180 Ringing", "a"), say("180 Ringing", "b"),
            pause(200), say("200 OK", "b", sdp="sendrecv"),
            tagged("ACK", "b"), say("200 OK", "a", sdp="sendrecv"),
            tagged("ACK", "a"), tagged("BYE", "a"), OK,
            tagged("BYE", "b"), OK, seconds=2))

    # conformance: RFC 3261 13.2.2.4 | a fork answers after the call is over: ACK, BYE, its copy ACK | sipp
    def test_fork_after_the_end_is_hung_up(self):
        tel = self.telephone(
            "s", invited(), say("200 OK", "a", sdp="sendrecv"),
            tagged("ACK", "a"), tagged("BYE", "a"), OK, pause(300),
            say("200 OK", "b", sdp="sendrecv"), tagged("ACK", "b"),
            tagged("BYE", "b"), OK, say("200 OK", "b", sdp="sendrecv"),
            tagged("ACK", "b"))
        # a second call keeps the engine there until the first is forgotten
        other = self.telephone("o", invited(),
                               say("200 OK", "c", sdp="sendrecv"),
                               recv("ACK"), recv("BYE"), OK,
                               where=flow.address(1))
        from sipdialer_ct import Engine
        with Engine(flow.LIBRARY, {
                "sip.server": tel.ip, "sip.port": tel.port,
                "sip.local_address": self.ip}) as d:
            d.start()
            first = d.call("+4930123456")
            d.wait("call_answered", call=first)
            second = d.call("sip:1@%s:%d" % (other.ip, other.port))
            d.wait("call_answered", call=second)
            d.hangup(first)
            d.wait("call_ended", call=first)
            tel.wait(self)
            d.hangup(second)
            d.wait("call_ended", call=second)
        other.wait(self)

    # conformance: RFC 3262 4 | reliable 183 and 180 get their PRACKs; the answer of the 183 holds for a 2xx without SDP | sipp
    def test_reliable_responses(self):
        r = self.through(
            invited(has("Supported:", "100rel")),
            reliable("183 Session Progress", 7, sdp="sendrecv"), prack(7),
            reliable("180 Ringing", 8), prack(8), pause(300),
            say("200 OK"), tagged("ACK", "a"), tagged("BYE", "a"), OK)
        self.answered(r)
        self.assertEqual(len(r.all("call_early_media")), 1, r)
        self.assertGreater(r.last["rtp"]["tx"], 20, r)

    # conformance: RFC 3262 4 | PRACK and UPDATE over TCP | sipp
    def test_reliable_responses_over_tcp(self):
        self.answered(self.through(
            invited(), reliable("183 Session Progress", 7, sdp="sendrecv"),
            prack(7), UPDATE % ("a", 1, SDP % "sendrecv"), answer(200),
            say("200 OK"), tagged("ACK", "a"), tagged("BYE", "a"), OK,
            tcp=True))

    # conformance: RFC 3262 4 | sip.100rel=required: Require in the INVITE; a refusal by 420 says why | sipp
    def test_reliable_responses_required(self):
        options = ("-o", "sip.100rel=required")
        self.answered(self.through(
            invited(has("Require:", "100rel")), reliable("180 Ringing", 1),
            prack(1), say("200 OK", sdp="sendrecv"), recv("ACK"),
            recv("BYE"), OK, options=options))
        r = self.through(invited(), say("420 Bad Extension", "a",
                                        "Unsupported: 100rel\n"),
                         recv("ACK"), options=options)
        self.assertEqual((r.last["disposition"], r.last["sip_status"]),
                         ("failed", 420), r)
        self.assertIn("sip.100rel", r.last["reason"])

    # conformance: RFC 3262 4 | RSeq of each fork counts for itself, and one out of order gets no PRACK | sipp
    def test_reliable_responses_of_two_forks(self):
        self.answered(self.through(
            invited(), reliable("180 Ringing", 5, "a"), prack(5, "a"),
            reliable("183 Session Progress", 900, "b", "sendrecv"),
            prack(900, "b"), reliable("180 Ringing", 7, "a"), pause(400),
            reliable("180 Ringing", 6, "a"), prack(6, "a"),
            say("200 OK", "b"), tagged("ACK", "b"), tagged("BYE", "b"), OK))

    # conformance: RFC 3262 4 | a 2xx that crosses the PRACK is taken | sipp
    def test_answer_crosses_the_prack(self):
        self.answered(self.through(
            invited(), reliable("183 Session Progress", 1, sdp="sendrecv"),
            recv("PRACK", ereg("Via:", "[^ ].*", "via2"),
                 ereg("CSeq:", "[^ ].*", "seq2")),
            say("200 OK"), recv("ACK"),
            say("481 Gone").replace("$via", "$via2").replace(
                "[$seq] INVITE", "[$seq2]"), recv("BYE"), OK,
            '<Reference variables="via2,seq2"/>'))

    # conformance: RFC 3262 4 | a PRACK that is refused ends the call | sipp
    def test_refused_prack(self):
        r = self.through(
            invited(), reliable("180 Ringing", 1), recv("PRACK"),
            OK.replace("200 OK", "481 Gone"), recv("CANCEL"), OK,
            say("487 Request Terminated"), recv("ACK"))
        self.assertEqual((r.last["disposition"], r.last["sip_status"]),
                         ("failed", 487), r)
        self.assertIn("PRACK is refused by 481", r.last["reason"])

    # conformance: RFC 3311 5.2 | UPDATE before the answer: an offer is answered after a reliable answer, and media goes on | sipp
    def test_update_before_the_answer(self):
        r = self.through(
            invited(has("Allow:", "UPDATE")),
            reliable("183 Session Progress", 1, sdp="sendrecv"), prack(1),
            UPDATE % ("a", 1, SDP % "sendrecv"), answer(200),
            UPDATE % ("a", 2, NONE), answer(200),
            say("200 OK"), recv("ACK"), recv("BYE"), OK)
        self.answered(r)

    # conformance: RFC 3311 5.2 | UPDATE with an offer before ours is answered: 491; of a dialog that is not there: 481 | sipp
    def test_update_too_soon(self):
        self.answered(self.through(
            invited(), say("180 Ringing"), pause(100),
            UPDATE % ("a", 1, SDP % "sendrecv"), answer(491),
            UPDATE % ("z", 1, SDP % "sendrecv"), answer(481),
            say("200 OK", sdp="sendrecv"), recv("ACK"), recv("BYE"), OK))

    # conformance: RFC 3261 9.1 | a 2xx that crosses our CANCEL gets ACK and BYE, and is no answer | sipp
    def test_answer_crosses_the_cancel(self):
        r = self.through(
            invited(), say("180 Ringing"), recv("CANCEL"), OK,
            say("200 OK", sdp="sendrecv"), recv("ACK"), recv("BYE"), OK,
            args=("--ring-timeout", 5))
        self.assertEqual((r.last["disposition"], len(r.all("call_answered"))),
                         ("no_answer", 0), r)

    # conformance: RFC 3261 13.2.1 | a 2xx without any SDP: ACK and BYE, failed with the reason | sipp
    def test_answer_without_sdp(self):
        r = self.through(invited(), say("180 Ringing"), say("200 OK"),
                         recv("ACK"), recv("BYE"), OK)
        self.assertEqual((r.last["disposition"], r.last["reason"]),
                         ("failed", "answered without SDP"), r)

    # conformance: RFC 5009 8 | early media that the network holds back is told when it is let through | sipp
    def test_early_media_held_back(self):
        r = self.through(
            invited(has("P-Early-Media:", "supported")),
            say("183 Session Progress", "a", "P-Early-Media: inactive\n",
                "sendrecv"), pause(200),
            say("183 Session Progress", "a", "P-Early-Media: sendonly\n"),
            pause(200), say("200 OK", sdp="sendrecv"), recv("ACK"),
            recv("BYE"), OK)
        self.answered(r)
        self.assertEqual([e["text"] for e in r.all("call_early_media")],
                         ["sendonly"], r)

    # conformance: RFC 6228 4 | 199 ends one of two forks, the other answers | sipp
    def test_199(self):
        self.answered(self.through(
            invited(has("Supported:", "199")),
            say("183 Session Progress", "a", sdp="sendrecv"),
            say("183 Session Progress", "b", sdp="sendrecv"),
            say("199 Early Dialog Terminated", "b"), pause(200),
            say("200 OK", "a"), tagged("ACK", "a"), tagged("BYE", "a"), OK))

    # ---- redirections ------------------------------------------------------

    def moved(self, contact):
        """A 302 with another Contact."""
        step = say("302 Moved Temporarily")
        at = step.index("Contact: ")
        return step[:at] + contact + step[step.index("\n", at):]

    def redirected(self, allow, contact, *there):
        """The result, and whether the other telephone was called."""
        where = flow.address(1)
        other = self.telephone("there", *(there or (invited(),)), where=where)
        tel = self.telephone(
            "here", invited(),
            self.moved(contact % {"ip": where, "port": other.port}),
            recv("ACK"))
        r = self.call(tel, options=("-o", "sip.redirect_allow=" +
                                    allow % {"ip": where}))
        tel.wait(self)
        if there:
            other.wait(self)
        else:
            self.assertIsNone(other.child.poll(), "the other one was called")
            other.close()
        return r

    # conformance: RFC 3261 8.1.3.4 | a 302 to an allowed host and number is followed once | sipp
    def test_302_followed(self):
        for allow in "%(ip)s", "+49*@%(ip)s, +1*@pbx.example":
            with self.subTest(allow=allow):
                r = self.redirected(
                    allow, "Contact: <sip:+49301@%(ip)s:%(port)d>",
                    invited(has("To:", "4930123456"),
                            has("From:", "tag=")),
                    say("180 Ringing"), say("200 OK", sdp="sendrecv"),
                    recv("ACK"), recv("BYE"), OK)
                self.answered(r)
                self.assertIn("sip:+49301@",
                              r.all("call_answered")[0]["text"])

    # conformance: RFC 3261 12.2.2 | requests of the one that a 302 led to are taken: UPDATE, then its BYE | sipp
    def test_302_far_end_hangs_up(self):
        update = UPDATE % ("a", 1, NONE)
        r = self.redirected(
            "%(ip)s", "Contact: <sip:+49301@%(ip)s:%(port)d>", invited(),
            say("200 OK", sdp="sendrecv"), recv("ACK"), pause(200), update,
            answer(200), update.replace("UPDATE", "BYE").replace(" 1 ", " 2 "),
            answer(200))
        self.answered(r)
        self.assertLess(r.last["talk_ms"], 900, r)

    # conformance: RFC 3261 8.1.3.4 | a 302 is not followed by default, nor to a host or number that is not allowed | sipp
    def test_302_not_followed(self):
        to = "Contact: <sip:+49301@%(ip)s:%(port)d>"
        for allow, contact in (("", to), ("pbx.example", to),
                               ("+1*@%(ip)s", to),
                               ("%(ip)s", "Contact: <sip:+49301@%(ip)s:"
                                "%(port)d?Replaces=x>")):
            with self.subTest(allow=allow, contact=contact):
                r = self.redirected(allow, contact)
                self.assertEqual((r.last["disposition"],
                                  r.last["sip_status"]), ("failed", 302), r)
                if allow:
                    self.assertIn("not followed", r.last["reason"])

    # conformance: RFC 3261 8.1.3.4 | a loop of 302 ends with the second | sipp
    def test_302_in_a_loop(self):
        r = self.redirected(
            "%(ip)s", "Contact: <sip:+49301@%(ip)s:%(port)d>", invited(),
            self.moved("Contact: <sip:+49302@[local_ip]:[local_port]>"),
            recv("ACK"))
        self.assertEqual((r.last["disposition"], r.last["sip_status"]),
                         ("failed", 302), r)
        self.assertIn("second time", r.last["reason"])


if __name__ == "__main__":
    flow.main()
