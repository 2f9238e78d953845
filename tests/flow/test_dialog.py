#!/usr/bin/env python3
"""Inside the dialog, against sipp on both sides: session timers, offers that
cross, what ends a call and why."""
import os
import sys
from xml.sax.saxutils import escape

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import flow  # noqa: E402
from flow import run  # noqa: E402
import test_incoming  # noqa: E402
from sippcall import (BRANCH, NO_SDP, OK, SDP, pause, recv, request,  # noqa: E402
                      send)
from test_incoming import BYE_IN  # noqa: E402
from test_sipp_uas import Telephone  # noqa: E402

DESCRIPTION = SDP % (1, "sendrecv")

ANSWER = """<send retrans="500"><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]sipp[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
%s""" + DESCRIPTION + """
]]></send>
"""

# A request of the called side, with its own CSeq.
REQUEST = """<send retrans="500"><![CDATA[

%s [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: [$mine];tag=[pid]sipp[call_number]
To: [$theirs]
Call-ID: [call_id]
CSeq: %d %s
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
%s
]]></send>
"""

INVITED = """<recv request="INVITE" crlf="true" rrs="true"><action>
<ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="theirs"/>
<ereg regexp="[^ ].*" search_in="hdr" header="To:" assign_to="mine"/>
%s</action></recv>
"""
END = '<Reference variables="theirs,mine%s"/>'
NONE = NO_SDP


def has(header, regexp):
    """An action: the message received has it."""
    return '<ereg regexp="%s" search_in="hdr" header="%s" check_it="true" ' \
        'assign_to="x"/>' % (escape(regexp), header)


def took(method, *actions):
    return '<recv request="%s"><action>%s</action></recv>\n' % (
        method, "".join(actions)) if actions else request(method)


def answer(status="200 OK", headers="", body=NONE):
    """To the request that came last."""
    return OK.replace("SIP/2.0 200 OK", "SIP/2.0 " + status).replace(
        "Content-Length: 0\n", headers + body)


def ask(method, cseq, headers="", body=NONE):
    text = REQUEST % (method, cseq, method, headers + body)
    return text.replace('retrans="500"', "") if method == "ACK" else text


class Called(flow.Case):
    """sipp is called."""

    def through(self, *steps, options=(), seconds=2, checks=""):
        scenario = self.path("scenario.xml")
        text = INVITED % checks + "".join(steps)
        with open(scenario, "w", encoding="utf-8") as f:
            f.write('<?xml version="1.0"?>\n<scenario name="s">\n' + text +
                    END % (",x" if '"x"' in text else "") +
                    "</scenario>\n")
        tel = Telephone(self, os.path.splitext(scenario)[0], "-rtp_echo")
        r = run("-o", "sip.server=" + tel.ip, "-o", "sip.port=%d" % tel.port,
                "-o", "sip.local_address=" + tel.ip, *options, "--json",
                "call", "+4930123456", "--max-duration", seconds)
        tel.wait(self)
        return r.last

    # conformance: RFC 4028 7.1 | the INVITE has Session-Expires, Min-SE where it is set and Supported: timer | sipp
    def test_timer_is_asked_for(self):
        e = self.through(ANSWER % "", request("ACK"), request("BYE"), OK,
                         checks=has("Session-Expires:", "^ 600;refresher=uac") +
                         has("Min-SE:", "^ 120$") + has("Supported:", "timer"),
                         options=("-o", "sip.session_expires=600", "-o",
                                  "sip.session_min=120", "-o",
                                  "sip.session_refresher=local"), seconds=1)
        self.assertEqual(e["disposition"], "answered", e)

    # conformance: RFC 3323 4.1.1.3, 3325 9.1 | identities and privacy of an INVITE to the server | sipp
    def test_identities_of_an_invite(self):
        e = self.through(
            ANSWER % "", request("ACK"), request("BYE"), OK,
            checks=has("From:", "^ .Anonymous. "
                       "<sip:anonymous@anonymous.invalid>;tag=") +
            has("Privacy:", "^ id$") +
            has("P-Asserted-Identity:", "^ .Us. <sip:[+]493012345@") +
            has("Diversion:", "^ <tel:[+]493099>;reason=unconditional$"),
            options=("-o", "sip.privacy=id", "-o",
                     "sip.asserted_identity=+493012345", "-o",
                     "sip.caller_name=Us", "-o", "sip.diversion=tel:+493099"),
            seconds=1)
        self.assertEqual(e["disposition"], "answered", e)

    # conformance: RFC 4028 7.3 | after 422 the INVITE comes again with the Min-SE asked for | sipp
    def test_422_is_followed(self):
        refusal = answer("422 Session Interval Too Small", "Min-SE: 3600\n")
        e = self.through(
            refusal.replace("[last_To:]", "[last_To:];tag=422"),
            request("ACK"),
            took("INVITE", has("Session-Expires:", "^ 3600"),
                 has("Min-SE:", "^ 3600$")),
            ANSWER % "Require: timer\nSession-Expires: 3600;refresher=uas\n",
            request("ACK"), request("BYE"), OK, seconds=1)
        self.assertEqual((e["disposition"], e["sip_status"]),
                         ("answered", 200), e)

    # conformance: RFC 4028 8.1, 9 | UPDATE and re-INVITE refresh a call; the answer repeats the timer, 422 refuses too small a one | sipp
    def test_refreshed_by_the_called(self):
        timer = "Supported: timer\nSession-Expires: %d;refresher=uac\n"
        e = self.through(
            ANSWER % "Require: timer\nSession-Expires: 1800;refresher=uas\n",
            request("ACK"),
            ask("UPDATE", 1, timer % 1800),
            recv(200, "Session-Expires: 1800;refresher=uac"),
            ask("INVITE", 2, timer % 1800, DESCRIPTION),
            recv(100, optional="true"),
            recv(200, "Session-Expires: 1800;refresher=uac"), ask("ACK", 2),
            ask("UPDATE", 3, timer % 60), recv(422, "Min-SE: 90"),
            request("BYE"), OK, seconds=1)
        self.assertEqual((e["disposition"], e["error"]), ("answered", None),
                         e)

    # conformance: RFC 3261 8.2 | 415, 420, 469, 405, 489 in the dialog, the call goes on | sipp
    def test_refusals_in_the_dialog(self):
        text = "Content-Type: text/plain\nContent-Length: [len]\n\nhello\n"
        e = self.through(
            ANSWER % "", request("ACK"),
            ask("UPDATE", 21, "Require: nonsense\n"),
            recv(420, "Unsupported: nonsense"),
            ask("INFO", 22, body=text), recv(415, "Accept: "),
            ask("INFO", 23, "Info-Package: foo\n"), recv(469, "Recv-Info:"),
            ask("MESSAGE", 24, body=text), recv(405, "Allow: "),
            ask("SUBSCRIBE", 25, "Event: presence\n"), recv(405, "Allow: "),
            ask("NOTIFY", 26, "Event: x\nSubscription-State: active\n"),
            recv(489),
            ask("PUBLISH", 27, "Event: presence\n"), recv(405),
            ask("OPTIONS", 28), recv(200, "Allow: "),
            request("BYE"), OK, seconds=2)
        self.assertEqual((e["disposition"], e["error"]), ("answered", None),
                         e)

    # conformance: RFC 3311 5.2 | an UPDATE with an offer changes codec and hold in a confirmed dialog | sipp
    def test_update_changes_the_media(self):
        alaw = SDP.replace("RTP/AVP 0 101", "RTP/AVP 8 101").replace(
            "0 PCMU", "8 PCMA")
        e = self.through(
            ANSWER % "", request("ACK"), pause(200),
            ask("UPDATE", 1, body=alaw % (2, "sendrecv")),
            recv(200, "RTP/AVP 8 101"), pause(200),
            ask("UPDATE", 2, body=alaw % (3, "sendonly")),
            recv(200, "a=recvonly"), request("BYE"), OK, seconds=2)
        self.assertEqual((e["disposition"], e["codec"]),
                         ("answered", "PCMA"), e)

    # conformance: RFC 3261 22.2 | a challenge to BYE is answered, in the CSeq after it | sipp
    def test_bye_is_challenged(self):
        e = self.through(
            ANSWER % "", request("ACK"), request("BYE"),
            answer("401 Unauthorized", 'WWW-Authenticate: Digest '
                   'realm="sipp", nonce="n1", algorithm=MD5, qop="auth"\n'),
            took("BYE", has("Authorization:", 'response='),
                 has("Authorization:", 'username=.alice')), OK,
            options=("-o", "sip.user=alice", "-o", "sip.password=secret",
                     "-o", "sip.register=no"), seconds=1)
        self.assertEqual((e["disposition"], e["error"]), ("answered", None),
                         e)

    # conformance: RFC 3326 2 | our BYE has Q.850 cause 16 and why | sipp
    def test_bye_says_why(self):
        e = self.through(
            ANSWER % "", request("ACK"),
            took("BYE", has("Reason:", "^ Q.850;cause=16;"
                            "text=.longest duration reached.$")), OK,
            seconds=1)
        self.assertEqual(e["reason"], "longest duration reached", e)

    # conformance: RFC 3326 2 | the CANCEL after dial.ring_timeout has Q.850 cause 19 | sipp
    def test_cancel_says_why(self):
        ringing = answer("180 Ringing").replace("[last_To:]",
                                                "[last_To:];tag=1")
        e = self.through(
            ringing, took("CANCEL", has("Reason:", "^ Q.850;cause=19;")),
            answer(), answer("487 Request Terminated").replace(
                "[last_To:]", "[last_To:];tag=1").replace(
                    "[last_CSeq:]", "CSeq: [$number] INVITE"), request("ACK"),
            checks='<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" '
            'assign_to="number"/>', options=("-o", "dial.ring_timeout=5"),
            seconds=1)
        self.assertEqual(e["disposition"], "no_answer", e)

    # conformance: RFC 3326 2 | cause and words of the BYE's Reason come with CALL_ENDED | sipp
    def test_reason_of_the_far_end(self):
        e = self.through(
            ANSWER % "", request("ACK"), pause(200),
            ask("BYE", 1, 'Reason: Q.850;cause=31;text="Normal, '
                'unspecified"\n'), recv(200), seconds=20)
        self.assertEqual((e["q850"], e["reason"]),
                         (31, "Normal, unspecified"), e)

    # conformance: RFC 3261 12.2.1.2 | 481 to our BYE ends the dialog | sipp
    def test_481_to_bye(self):
        e = self.through(ANSWER % "", request("ACK"), request("BYE"),
                         answer("481 Call Does Not Exist"), seconds=1)
        self.assertEqual((e["disposition"], e["error"]), ("answered", None),
                         e)


class Caller(test_incoming.Incoming):
    """sipp calls.  The tests of the class it is made of run elsewhere."""

    for name in dir(test_incoming.Incoming):
        if name.startswith("test_"):
            locals()[name] = None

    def invite(self, headers, cseq=1):
        return send("INVITE", cseq, headers + DESCRIPTION,
                    first=True).replace(BRANCH, "%s%d" % (BRANCH, cseq))

    # conformance: RFC 4028 9 | called: too small an interval gets 422, then interval and refresher are agreed | sipp
    def test_timer_of_a_caller(self):
        port = self.answering(prompt=1)
        small = self.invite("Supported: timer\nSession-Expires: 60\n")
        ack = send("ACK", 1, first=True).replace(BRANCH, BRANCH + "1")
        self.caller(
            small + recv(100, optional="true") + recv(422, "Min-SE: 90") +
            ack + self.invite("Supported: timer\nSession-Expires: 900\n"
                              "Min-SE: 90\n", 2) +
            recv(100, optional="true") + recv(180) +
            recv(200, "Session-Expires: 900;refresher=uac", rrs="true") +
            send("ACK", 2) +
            send("UPDATE", 3, "Supported: timer\nSession-Expires: 900;"
                 "refresher=uac\n" + NONE) +
            recv(200, "Session-Expires: 900;refresher=uac") + BYE_IN, port)
        self.answered()

    # conformance: RFC 4028 9 | called by one that knows timers but asks for none: ours, and we refresh | sipp
    def test_timer_is_ours_for_a_caller_that_can(self):
        port = self.answering("sip.session_expires=240", prompt=1)
        self.caller(
            self.invite("Supported: timer\n") + recv(100, optional="true") +
            recv(180) +
            recv(200, "Session-Expires: 240;refresher=uas", rrs="true") +
            send("ACK", 1) + BYE_IN, port)
        self.answered()

    # conformance: RFC 3325 9.1, 5806 6, 8224 4 | called: asserted identity, diversion, verstat and headers reach the host | sipp
    def test_identity_of_a_caller(self):
        port = self.answering(prompt=1)
        self.caller(
            self.invite("P-Asserted-Identity: <sip:+4930777;verstat="
                        "TN-Validation-Passed@[local_ip]>\n"
                        "Diversion: <sip:200@[local_ip]>;reason=user-busy\n"
                        "Identity: eyJ.x.y;info=<https://x>\n"
                        "X-Tenant: 7\n") +
            recv(100, optional="true") + recv(180) + recv(200, rrs="true") +
            send("ACK", 1) + BYE_IN, port)
        self.answered()
        e = self.all("call_incoming")[0]
        self.assertEqual((e["asserted"], e["diverted"], e["verstat"]),
                         ("+4930777", "200", "TN-Validation-Passed"), e)
        self.assertIn("Identity: eyJ.x.y;info=<https://x>\nX-Tenant: 7\n",
                      e["headers"])

    # conformance: RFC 3261 8.2.1, 12.2.2, RFC 6665 4.1 | outside of calls: 405 with Allow, 489, 481; a request of another dialog: 481 | sipp
    def test_requests_outside_of_calls(self):
        port = self.answering(prompt=1)
        tagged = "To: <sip:+4930100@[local_ip]>;tag=none"

        def single(method, number, status, headers="", to=None, check=None):
            text = send(method, number, headers + NO_SDP,
                        first=True).replace(BRANCH, "[branch]")
            if to:
                text = text.replace("To: <sip:+4930100@[local_ip]>", to)
            return text + recv(status, check)
        self.caller(
            single("MESSAGE", 1, 405, check="Allow: ") +
            single("SUBSCRIBE", 2, 489, "Event: presence\n") +
            single("NOTIFY", 3, 489, "Event: presence\n"
                   "Subscription-State: active\n") +
            single("PUBLISH", 4, 489, "Event: presence\n") +
            single("REFER", 5, 405, "Refer-To: <sip:1@[local_ip]>\n") +
            single("INFO", 6, 481, to=tagged) +
            single("UPDATE", 7, 481, to=tagged) +
            single("BYE", 8, 481, to=tagged) +
            single("OPTIONS", 9, 200, check="Allow: "), port)
        self.assertEqual(self.all("call_incoming"), [])

    # conformance: RFC 3261 14.2 | called: a re-INVITE before the ACK of the last 200 gets 500 and Retry-After | sipp
    def test_second_reinvite_has_to_wait(self):
        port = self.answering(prompt=8)
        offer = SDP % (2, "sendonly")
        self.caller(
            self.invite("") + recv(100, optional="true") + recv(180) +
            recv(200, rrs="true") + send("ACK", 1) + pause(200) +
            send("INVITE", 2, offer) + recv(100, optional="true") +
            recv(200) + send("INVITE", 3, offer) +
            recv(100, optional="true") + recv(200, optional="true") +
            recv(500, "Retry-After: ") + send("ACK", 3) + send("ACK", 2) +
            send("BYE", 9) + recv(200), port)
        self.answered()


if __name__ == "__main__":
    flow.main()
