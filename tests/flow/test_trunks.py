#!/usr/bin/env python3
"""Whose calls come in: the server, trunks, and nobody else."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import called  # noqa: E402
import flow  # noqa: E402
from called import DNS  # noqa: E402
from dns_one import Dns  # noqa: E402
from sipdialer_ct import Refused  # noqa: E402

NAME = "trunk.example"


class Trunks(called.Case):
    accept = "both"

    def rings(self, d, ip):
        c = self.caller(ip)
        c.invite()
        c.until("SIP/2.0 180")
        call = d.wait("call_incoming")["call"]
        d.reject(call, 486)
        c.until("SIP/2.0 486")
        c.send("ACK", 1, branch=c.branch)
        d.wait("call_ended", call=call)

    def silent(self, d, ip, method="INVITE"):
        """It gets nothing, while a trunk or the server is answered."""
        before = d.stats()["sip"]["strangers"]
        c = self.caller(ip)
        c.send(method, 1, c.sdp() if method == "INVITE" else "")
        flow.until(lambda: d.stats()["sip"]["strangers"] > before)
        self.assertIsNone(c.receive(0.3), c.seen)

    # conformance: RFC 3261 26.3.1.2 | calls of the server and of trunks come in, a stranger gets no answer | own telephone
    def test_server_and_trunks_call_and_nobody_else(self):
        trunk, stranger = flow.address(1), "127.0.0.99"
        d = self.engine(incoming__trunks="192.0.2.1, %s" % trunk)
        self.rings(d, self.ip)
        self.rings(d, trunk)
        self.silent(d, stranger)
        self.silent(d, stranger, "OPTIONS")
        c = self.caller(trunk)
        c.send("OPTIONS", 1)
        c.until("SIP/2.0 200")

    def test_network_of_trunks(self):
        trunk = flow.address(1)
        net = trunk.rsplit(".", 1)[0] + ".0/24"
        d = self.engine(incoming__trunks=net, incoming__accept="trunks")
        self.rings(d, trunk)
        # the server is known, but its calls do not come in
        c = self.caller(self.ip)
        c.invite()
        c.until("SIP/2.0 480")
        self.silent(d, "127.0.0.99")

    def test_trunks_do_not_call_where_the_server_only_may(self):
        trunk = flow.address(1)
        d = self.engine(incoming__trunks=trunk, incoming__accept="server")
        c = self.caller(trunk)
        c.invite()
        c.until("SIP/2.0 480")
        self.rings(d, self.ip)

    # conformance: RFC 3261 17.2 | who repeats the INVITE or CANCEL of a call from elsewhere gets no answer, before or after its end | own telephone
    def test_stranger_with_all_ids_of_a_call(self):
        d = self.engine(incoming__trunks=flow.address(1))
        c = self.caller(self.ip)
        c.invite()
        c.until("SIP/2.0 180")
        call = d.wait("call_incoming")["call"]
        other = self.caller("127.0.0.99")
        for name in ("callid", "from_tag", "branch", "ip", "port"):
            setattr(other, name, getattr(c, name))
        for rejected in (False, True):
            for branch in (c.branch, "z9hG4bKother"):
                for method in ("INVITE", "CANCEL", "BYE"):
                    before = d.stats()["sip"]["strangers"]
                    other.send(method, 1, c.sdp(), branch=branch, tag=False)
                    flow.until(
                        lambda: d.stats()["sip"]["strangers"] > before)
            if not rejected:
                d.reject(call, 486)
                c.until("SIP/2.0 486")
                d.wait("call_ended")
        self.assertIsNone(other.receive(0.3), other.seen)

    def test_names_are_looked_up(self):
        """The child has a resolv.conf of its own."""
        if DNS in os.environ:
            trunk = flow.address(1)
            dns = Dns(os.environ[DNS], trunk)
            self.addCleanup(dns.close)
            d = self.engine(incoming__trunks=NAME,
                            incoming__accept="trunks")
            # an OPTIONS is answered as soon as the name is known
            c = self.caller(trunk)
            flow.until(lambda: c.send("OPTIONS", 1) and c.receive(0.2))
            self.rings(d, trunk)
            return
        self.with_name_server("127.0.%d.53" % (os.getpid() % 250 + 1))

    def test_what_is_no_list_of_trunks(self):
        for bad, word in (("192.0.2.0/33", "1 to 32"),
                          ("2001:db8::/129", "1 to 128"),
                          ("192.0.2.0/0", "1 to 32"),
                          ("pbx.example/24", "before the"),
                          ("a b", "not an address"),
                          ("300.1.1.1", "not an address"),
                          ("192.0.2.1;evil", "not an address"),
                          (",".join("192.0.2.%d" % i for i in range(65)),
                           "more than 64")):
            with self.subTest(bad), self.assertRaises(Refused) as e:
                self.engine(incoming__trunks=bad)
            self.assertIn(word, e.exception.text)
        with self.assertRaises(Refused) as e:
            self.engine(incoming__accept="trunks")
        self.assertIn("incoming.trunks", e.exception.text)

    # conformance: RFC 3261 21.4.24 | 486 when incoming.max_calls calls that came in are up | own telephone
    def test_most_calls_that_came_in(self):
        d = self.engine(incoming__max_calls="1", incoming__accept="server")
        first = self.caller(self.ip)
        first.invite()
        first.until("SIP/2.0 180")
        call = d.wait("call_incoming")["call"]
        second = self.caller(self.ip)
        second.invite()
        second.until("SIP/2.0 486")
        d.reject(call, 480)
        d.wait("call_ended")
        self.rings(d, self.ip)

    # conformance: RFC 7315 4.2 | the number called is that of P-Called-Party-ID where the request-URI is our Contact | own telephone
    def test_number_called(self):
        party = "P-Called-Party-ID: <sip:+4930222@192.0.2.1>\r\n"
        for did, uri, extra, want in (
                ("auto", "alice", "", "+4930100"),
                ("auto", "alice", party, "+4930222"),
                ("auto", "+4930333", party, "+4930333"),
                ("uri", "alice", party, "alice"),
                ("to", "+4930333", party, "+4930100")):
            with self.subTest((did, uri)):
                d = self.engine(incoming__did=did, incoming__accept="server")
                c = self.caller(self.ip)
                c.invite(extra=extra, uri=uri, to="+4930100")
                c.until("SIP/2.0 180")
                self.assertEqual(d.wait("call_incoming")["to"], want)
                d.destroy()


if __name__ == "__main__":
    flow.main()
