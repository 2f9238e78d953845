#!/usr/bin/env python3
"""Hold and transfers, against sipp as the far end."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import flow  # noqa: E402
from sipdialer_ct import Engine, Refused  # noqa: E402
from test_dialog import (ANSWER, END, INVITED, ask, answer, has,  # noqa: E402
                         took)
from sippcall import OK, SDP, pause, recv, request  # noqa: E402
from test_sipp_uas import Telephone  # noqa: E402

FRAGMENT = "Content-Type: message/sipfrag;version=2.0\n" \
    "Content-Length: [len]\n\nSIP/2.0 %s\n"
ACTIVE = "Event: refer\nSubscription-State: active;expires=60\n"
OVER = "Event: refer\nSubscription-State: terminated;reason=noresource\n"


def notify(cseq, state, text):
    return ask("NOTIFY", cseq, state, FRAGMENT % text) + recv(200)


def holds(regexp):
    """An action: the message received has it somewhere."""
    return has("", regexp).replace('search_in="hdr" header=""',
                                   'search_in="msg"')


class Transfer(flow.Case):
    def telephone(self, *steps, checks="", before="", seconds=20):
        """sipp, that is called and goes through the steps."""
        name = "far%d" % len(os.listdir(self.dir))
        path = self.path(name + ".xml")
        text = INVITED % checks + before + ANSWER % "" + request("ACK") + \
            "".join(steps)
        with open(path, "w", encoding="utf-8") as f:
            f.write('<?xml version="1.0"?>\n<scenario name="s">\n' + text +
                    END % (",x" if '"x"' in text else "") + "</scenario>\n")
        return Telephone(self, os.path.splitext(path)[0], "-rtp_echo",
                         "-timeout", "%ds" % seconds)

    def engine(self, tel, **options):
        d = self.enter(Engine(flow.LIBRARY, {
            "sip.server": tel.ip, "sip.port": tel.port, "sip.user": "alice",
            "sip.register": "no", "sip.local_address": tel.ip,
            **{k.replace("_", ".", 1): v for k, v in options.items()}}))
        d.start()
        d.wait("started")
        return d

    def up(self, d, *options, to="4930100"):
        call = d.call(to, *options)
        d.wait("call_answered", call=call)
        return call

    # conformance: RFC 3264 8.4 | we hold with music, and go on | sipp
    def test_hold_with_music(self):
        music = flow.write_wav(self.path("m.wav"), flow.voice(0.5))
        tel = self.telephone(
            took("INVITE", holds("a=sendonly")),
            ANSWER.replace(";tag=[pid]sipp[call_number]", "").replace(
                "a=sendrecv", "a=recvonly") % "", request("ACK"),
            took("INVITE", holds("a=sendrecv")),
            ANSWER.replace(";tag=[pid]sipp[call_number]", "") % "",
            request("ACK"), request("BYE"), OK)
        d = self.engine(tel)
        call = self.up(d, "call.hold_play=" + music)
        d.verb("call_hold", d.p, call, 1)
        self.assertEqual(d.wait("call_held")["status"], "on_hold")
        d.verb("call_hold", d.p, call, 0)
        e = d.wait("call_held")
        self.assertEqual((e["status"], e["error"]), ("off_hold", None))
        # the music was cut off
        self.assertEqual(d.wait("call_played")["text"], music)
        d.hangup(call)
        self.assertEqual(d.wait("call_ended")["disposition"], "answered")
        tel.wait(self)

    # conformance: RFC 3515 2.4.5 | a blind transfer completes, and the call ends | sipp
    def test_blind(self):
        tel = self.telephone(
            took("REFER", has("Refer-To:", "sip:200@")),
            answer("202 Accepted"), notify(1, ACTIVE, "100 Trying"),
            notify(2, ACTIVE, "180 Ringing"), notify(3, OVER, "200 OK"),
            request("BYE"), OK)
        d = self.engine(tel)
        call = self.up(d)
        d.verb("call_transfer", d.p, call, b"200")
        seen = []
        while "completed" not in seen:
            seen.append(d.wait("call_transfer")["status"])
        self.assertEqual(seen[0], "trying")
        self.assertIn("ringing", seen)
        e = d.wait("call_ended")
        self.assertEqual((e["disposition"], e["reason"]),
                         ("answered", "transferred"))
        tel.wait(self)

    # conformance: RFC 3515 2.4.5 | a transfer that fails: off hold, the call goes on, the reason is told | sipp
    def test_blind_fails(self):
        held = ANSWER.replace(";tag=[pid]sipp[call_number]", "")
        tel = self.telephone(
            request("INVITE"), held.replace("a=sendrecv", "a=recvonly") % "",
            request("ACK"), request("REFER"), answer("202 Accepted"),
            notify(1, OVER, "486 Busy Here"),
            took("INVITE", holds("a=sendrecv")), held % "",
            request("ACK"), request("BYE"), OK)
        d = self.engine(tel)
        call = self.up(d)
        d.verb("call_hold", d.p, call, 1)
        d.wait("call_held", status="on_hold")
        d.verb("call_transfer", d.p, call, b"200")
        e = d.wait("call_transfer", status="failed")
        self.assertEqual((e["sip_status"], e["reason"]), (486, "Busy Here"))
        d.wait("call_held", status="off_hold")
        d.hangup(call)
        d.wait("call_ended")
        tel.wait(self)

    def command(self, tel, *args):
        """`sipdialer call`, to its end: status and events."""
        done = subprocess.run(
            [flow.EXE, "--json", "-o", "sip.server=" + tel.ip, "-o",
             "sip.port=%d" % tel.port, "-o", "sip.local_address=" + tel.ip,
             "call", "4930100", *args], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True, timeout=60)
        return done.returncode, [json.loads(line)
                                 for line in done.stdout.splitlines()]

    def test_command_transfers_after_the_prompt(self):
        play = flow.write_wav(self.path("p.wav"), flow.tone(0.2, 440))
        tel = self.telephone(
            took("REFER", has("Refer-To:", "sip:200@")),
            answer("202 Accepted"), notify(1, OVER, "200 OK"),
            request("BYE"), OK)
        status, events = self.command(tel, "--play", play, "--transfer",
                                      "200")
        self.assertEqual(status, 0, events)
        names = [e["event"] for e in events]
        self.assertLess(names.index("call_played"),
                        names.index("call_transfer"))
        self.assertEqual(events[-1]["reason"], "transferred")
        tel.wait(self)

    def test_command_tells_that_a_transfer_failed(self):
        tel = self.telephone(request("REFER"), answer("603 Decline"),
                             request("BYE"), OK)
        status, events = self.command(tel, "--transfer", "200")
        self.assertEqual(status, 1, events)
        self.assertEqual(events[-1]["disposition"], "answered")
        tel.wait(self)

    # conformance: RFC 3891 3, 5589 7 | an attended transfer: Refer-To with Replaces of the other dialog | sipp
    def test_attended(self):
        other = self.telephone(request("BYE"), OK)
        tel = self.telephone(
            took("REFER", has("Refer-To:",
                              "sip:.*Replaces=.*%3Bto-tag%3D.*sipp1"
                              "%3Bfrom-tag%3D")),
            answer("202 Accepted"), notify(1, OVER, "200 OK"),
            request("BYE"), OK)
        d = self.engine(tel)
        call = self.up(d)
        second = self.up(d, to="sip:200@%s:%d" % (other.ip, other.port))
        d.verb("call_transfer_attended", d.p, call, second)
        d.wait("call_transfer", status="completed")
        d.wait("call_ended", call=call)
        d.hangup(second)
        d.wait("call_ended", call=second)
        tel.wait(self)
        other.wait(self)

    # conformance: RFC 3515 2.4.4, 3891 4 | a REFER received: the host accepts, the INVITE has Referred-By and Replaces, NOTIFYs go back | sipp
    def test_asked_to_transfer(self):
        other = self.telephone(
            request("BYE"), OK,
            checks=has("Replaces:", "^ abc;to-tag=t;from-tag=f$") +
            has("Referred-By:", "sip:boss@"))
        refer = "Refer-To: <sip:300@%s:%d?Replaces=abc%%%%3Bto-tag%%%%3Dt" \
            "%%%%3Bfrom-tag%%%%3Df>\nReferred-By: <sip:boss@[local_ip]>\n" % (
                other.ip, other.port)
        tel = self.telephone(
            ask("REFER", 1, refer.replace("%%", "%")), recv(202),
            took("NOTIFY", holds("SIP/2.0 100")), OK,
            took("NOTIFY", holds("SIP/2.0 200")), OK,
            ask("BYE", 2), recv(200))
        d = self.engine(tel, call_refer="ask")
        call = self.up(d)
        e = d.wait("call_referred")
        self.assertEqual(e["text"], "sip:boss@" + tel.ip)
        new = d.refer_accept(call)
        self.assertEqual(d.wait("call_replaced")["other"], new)
        d.wait("call_ended", call=call)
        d.hangup(new)
        d.wait("call_ended", call=new)
        tel.wait(self)
        other.wait(self)
        with self.assertRaises(Refused) as wrong:
            d.refer_accept(call)
        self.assertEqual(wrong.exception.name, "SIPDIALER_ENOENT")

    # conformance: RFC 3515 2.4.4 | a REFER received that the host refuses: NOTIFY tells the status, the call goes on | sipp
    def test_asked_and_refused(self):
        tel = self.telephone(
            ask("REFER", 1, "Refer-To: <sip:300@[local_ip]>\n"), recv(202),
            took("NOTIFY", holds("SIP/2.0 100")), OK,
            took("NOTIFY", holds("SIP/2.0 404")), OK,
            request("BYE"), OK)
        d = self.engine(tel, call_refer="ask")
        call = self.up(d)
        d.wait("call_referred")
        d.verb("call_refer_reject", d.p, call, 404)
        with self.assertRaises(Refused) as wrong:
            d.verb("call_refer_reject", d.p, call, 404)
        self.assertEqual(wrong.exception.name, "SIPDIALER_ESTATE")
        flow.until(lambda: d.event(0.05) or True, 1, "events")
        d.hangup(call)
        d.wait("call_ended")
        tel.wait(self)

    # conformance: RFC 3515 2.4.4 | a call that a REFER asked for may ring for long; a REFER that nobody decides on is told 603 after 20 s | sipp
    def test_asked_and_slow(self):
        other = self.telephone(
            request("BYE"), OK, before=answer("180 Ringing").replace(
                "[last_To:]", "[last_To:];tag=[pid]sipp[call_number]") +
            pause(21000), seconds=40)
        tel = self.telephone(
            ask("REFER", 1, "Refer-To: <sip:300@%s:%d>\n" % (
                other.ip, other.port)), recv(202),
            took("NOTIFY", holds("SIP/2.0 100")), OK,
            took("NOTIFY", holds("SIP/2.0 180")), OK,
            took("NOTIFY", holds("SIP/2.0 200")), OK,
            ask("BYE", 2), recv(200), seconds=40)
        left = self.telephone(
            ask("REFER", 1, "Refer-To: <sip:300@[local_ip]>\n"), recv(202),
            took("NOTIFY", holds("SIP/2.0 100")), OK,
            took("NOTIFY", holds("SIP/2.0 603")), OK,
            request("BYE"), OK, seconds=40)
        d = self.engine(tel, call_refer="ask")
        call = self.up(d)
        d.wait("call_referred", call=call)
        undecided = self.up(d, to="sip:200@%s:%d" % (left.ip, left.port))
        d.wait("call_referred", call=undecided)
        new = d.refer_accept(call)
        self.assertEqual(d.wait("call_replaced", 30)["other"], new)
        d.wait("call_ended", call=call)
        with self.assertRaises(Refused) as wrong:
            d.refer_accept(undecided)
        self.assertEqual(wrong.exception.name, "SIPDIALER_ESTATE")
        for one in (undecided, new):
            d.hangup(one)
            d.wait("call_ended", call=one)
        for one in (tel, other, left):
            one.wait(self)

    # conformance: RFC 3515 2.4.6, 6665 4.1.3 | a REFER after one whose NOTIFY was refused: each is told of its own call only | sipp
    def test_asked_again(self):
        ringing = answer("180 Ringing").replace(
            "[last_To:]", "[last_To:];tag=[pid]sipp[call_number]")
        first = self.telephone(request("BYE"), OK,
                               before=ringing + pause(1500))
        second = self.telephone(request("BYE"), OK,
                                before=ringing + pause(3000))
        refer = "Refer-To: <sip:300@%s:%d>\n"
        tel = self.telephone(
            ask("REFER", 1, refer % (first.ip, first.port)), recv(202),
            took("NOTIFY", holds("SIP/2.0 100")),
            answer("481 Subscription Does Not Exist"),
            pause(300),
            ask("REFER", 2, refer % (second.ip, second.port)), recv(202),
            took("NOTIFY", holds("SIP/2.0 100")), OK,
            took("NOTIFY", holds("SIP/2.0 180")), OK,
            took("NOTIFY", holds("SIP/2.0 200")), OK,
            ask("BYE", 3), recv(200))
        d = self.engine(tel, call_refer="ask")
        call = self.up(d)
        d.wait("call_referred", to="sip:300@%s:%d" % (first.ip, first.port))
        one = d.refer_accept(call)
        d.wait("call_referred", to="sip:300@%s:%d" % (second.ip,
                                                      second.port))
        two = d.refer_accept(call)
        d.wait("call_answered", call=one)
        self.assertEqual(d.wait("call_replaced")["other"], two)
        d.wait("call_ended", call=call)
        for new in (one, two):
            d.hangup(new)
            d.wait("call_ended", call=new)
        for one in (tel, first, second):
            one.wait(self)

    # conformance: RFC 3515 2.4.2 | a REFER is refused unless it is asked for | sipp
    def test_not_asked(self):
        tel = self.telephone(
            ask("REFER", 1, "Refer-To: <sip:300@[local_ip]>\n"), recv(603),
            ask("BYE", 2), recv(200))
        d = self.engine(tel)
        self.up(d)
        d.wait("call_ended")
        tel.wait(self)


class Listening(flow.Case):
    """`call --amd --transfer`: machines are not transferred. The network
    refuses transfers, that is enough to see when they are asked for."""

    def setUp(self):
        super().setUp()
        self.net = self.network("--answer-delay", "100")

    def one(self, *args, status):
        r = flow.run(*self.net.options, "--json", "call", *args, "--amd",
                     "--transfer", "200", timeout=60)
        self.assertEqual(r.status, status, r)
        return r, [e["event"] + ":" + str(e.get("text")) for e in r.events]

    def test_a_human_is_transferred_behind_the_verdict(self):
        r, told = self.one("+493010051", status=1)
        self.assertLess(told.index("call_amd:final"),
                        told.index("call_transfer:None"), r)
        self.assertEqual(r.last["disposition"], "answered_human", r)

    def test_a_prompt_that_is_over_before_the_verdict(self):
        play = flow.write_wav(self.path("p.wav"), flow.tone(0.2, 440))
        r, told = self.one("+493010011", "--play", play, status=0)
        # it began with a provisional verdict, and then it was a machine
        self.assertLess(told.index("call_played:" + play),
                        told.index("call_amd:final"), r)
        self.assertNotIn("call_transfer:None", told, r)
        self.assertEqual(r.last["disposition"], "answered_machine", r)


if __name__ == "__main__":
    flow.main()
