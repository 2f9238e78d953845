#!/usr/bin/env python3
"""A call that kamailio forks to two telephones, which are sipp."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import flow  # noqa: E402
import test_kamailio  # noqa: E402
from test_early import (OK, Early, ereg, invited, pause, prack,  # noqa: E402
                        recv, reliable, say)
from test_kamailio import Base  # noqa: E402

telephone = Early.telephone
del Early                            # its tests are run elsewhere

ONE = '''$du = "sip:%(to)s:%(to_port)d";'''



RR = ereg("Record-Route:", "[^ ].*", "rr")
# of two processes of kamailio one may overtake the other
MAYBE_ACK = '<recv request="ACK" optional="true"></recv>'
VIA2 = ereg("Via:", "[^ ].*", "via2").replace(
    "search_in", 'occurrence="2" search_in')


def routed(step):
    """With Record-Route and the caller's Via in each response to the
    INVITE."""
    if "[$mine]" in step:
        return step.replace("Contact:", "Record-Route: [$rr]\nContact:") \
            .replace("Via: [$via]", "Via: [$via]\nVia: [$via2]")
    return step.replace("</action>", RR + VIA2 + "</action>") \
        if 'request="INVITE"' in step else step


class Forking(Base):
    def more(self):
        return 'loadmodule "corex.so"'

    def setUp(self):
        flow.Case.setUp(self)

    def fork(self, *steps):
        """A kamailio that forks to telephones with these scenarios."""
        self.phones = [telephone(self, "phone%d" % i, *map(routed, s),
                                 '<Reference variables="rr,via2"/>')
                       for i, s in enumerate(steps)]
        uris = ["sip:+4930%d@%s:%d" % (i, p.ip, p.port)
                for i, p in enumerate(self.phones)]
        self.config = test_kamailio.CONFIG.replace(
            ONE, '$ru = "%s";' % uris[0] + "".join(
                '\n\tappend_branch("%s");' % u for u in uris[1:]))
        Base.setUp(self)

    def rings(self):
        for p in self.phones:
            p.wait(self)

    # conformance: RFC 3261 16.7 | two telephones ring behind a forking proxy, one answers | kamailio
    def test_one_of_two_answers(self):
        self.fork((invited(), say("180 Ringing", "a"), pause(400),
                   say("200 OK", "a", sdp="sendrecv"), recv("ACK"),
                   recv("BYE"), OK),
                  (invited(), say("180 Ringing", "b"), recv("CANCEL"), OK,
                   say("487 Request Terminated", "b"), recv("ACK")))
        r = self.call("+4930123456", "--ring-timeout", 15)
        self.assertEqual((r.status, r.last["disposition"]), (0, "answered"),
                         r)
        self.rings()

    # conformance: RFC 3261 13.2.2.4 | both telephones behind a forking proxy answer: the second is hung up through the proxy | kamailio
    def test_both_answer(self):
        self.fork((invited(), say("180 Ringing", "a"), pause(300),
                   say("200 OK", "a", sdp="sendrecv"), recv("ACK"),
                   recv("BYE"), OK),
                  (invited(), say("180 Ringing", "b"), recv("CANCEL"), OK,
                   say("200 OK", "b", sdp="sendrecv"), MAYBE_ACK,
                   recv("BYE"), OK))
        r = self.call("+4930123456", "--max-duration", 2,
                      "--ring-timeout", 15)
        self.assertEqual((r.status, r.last["disposition"]), (0, "answered"),
                         r)
        self.assertEqual(len(r.all("call_answered")), 1, r)
        self.rings()
        self.assertEqual((len(self.seen("loose ACK")),
                          len(self.seen("loose BYE"))), (2, 2), self.text())

    # conformance: RFC 3262 4 | PRACKs of two forks go to each by its own route through a proxy | kamailio
    def test_reliable_responses_of_both(self):
        self.fork((invited(),
                   reliable("183 Session Progress", 3, "a", "sendrecv"),
                   prack(3, "a"), recv("CANCEL"), OK,
                   say("487 Request Terminated", "a"), recv("ACK")),
                  (invited(), reliable("180 Ringing", 70, "b"),
                   prack(70, "b"), pause(400),
                   say("200 OK", "b", sdp="sendrecv"), recv("ACK"),
                   recv("BYE"), OK))
        r = self.call("+4930123456", "--ring-timeout", 15)
        self.assertEqual((r.status, r.last["disposition"]), (0, "answered"),
                         r)
        self.rings()
        self.assertEqual(len(self.seen("loose PRACK")), 2, self.text())

    # conformance: RFC 3261 9.1 | our CANCEL ends both telephones behind a forking proxy | kamailio
    def test_cancel_ends_both(self):
        steps = [(invited(), say("180 Ringing", tag), recv("CANCEL"), OK,
                  say("487 Request Terminated", tag), recv("ACK"))
                 for tag in "ab"]
        self.fork(*steps)
        r = self.call("+4930123456")
        self.assertEqual((r.last["disposition"], r.last["sip_status"]),
                         ("no_answer", 487), r)
        self.rings()


if __name__ == "__main__":
    flow.main()
