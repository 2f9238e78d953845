#!/usr/bin/env python3
"""Behind a NAT: which address goes into Contact, and when it is told anew."""
import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import test_kamailio  # noqa: E402
from nat import Nat  # noqa: E402
from pysip import Message  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402
from sipserver import Server, asked, registered, response  # noqa: E402


def seen_at(text, ip, port):
    """A response whose top Via says where the request came from."""
    return re.sub(rb"(Via: [^\r]*);rport(?=[;\r])",
                  lambda m: m.group(1) + b";received=%s;rport=%s" % (
                      str(ip).encode(), str(port).encode()), text, count=1)


class Behind(flow.Case):
    def server(self, where=None):
        """A registrar; where(msg): the address it says it sees."""
        def answer(msg):
            ip, port = where(msg) if where else msg.addr
            out = registered(msg, 600) if msg.method == "REGISTER" else \
                response(msg, 486)
            return seen_at(out, ip, port)
        return self.enter(Server(flow.address(1), answer))

    def engine(self, addr, **options):
        words = {"sip.server": addr[0], "sip.port": addr[1],
                 "sip.user": "alice", "sip.local_address": self.ip,
                 "log.level": "info"}
        words.update((k.replace("__", "."), v) for k, v in options.items())
        d = Engine(flow.LIBRARY, words)
        self.addCleanup(d.destroy)
        d.start()
        # either may come first
        flow.until(lambda: d.event(0.1) and d.all("started") and any(
            e["status"] == "registered" for e in d.all("registration")), 10,
            "registered")
        self.local = ":".join(d.all("started")[0]["text"].split(":")[1:])
        return d

    def contacts(self, server, method="REGISTER"):
        return [re.search(r"@([^;>]+)", m.get("contact")).group(1)
                for m in server.all(method)]

    def busy(self, d):
        call = d.call("+4930123")
        self.assertEqual(d.wait("call_ended", call=call)["disposition"],
                         "busy")

    # conformance: RFC 3581 4 | received and rport of an answer are our address in Contact | own server behind a NAT
    # conformance: RFC 3261 10.2.2 | the binding that is of no use is removed with the new one | own server behind a NAT
    def test_contact_is_what_the_registrar_sees(self):
        s = self.server()
        nat = self.enter(Nat((s.ip, s.port), self.ip, s.ip))
        d = self.engine(nat.addr)
        two = s.wait("REGISTER", 2)
        self.assertEqual(self.contacts(s), [self.local, nat.outer])
        self.assertEqual([re.search(r"@([^;>]+)", c).group(1)
                          for c in two[1].all("contact")],
                         [nat.outer, self.local])
        self.assertIn("expires=0", two[1].all("contact")[1])
        self.busy(d)
        self.assertEqual(self.contacts(s, "INVITE"), [nat.outer])
        self.assertEqual(len(s.all("REGISTER")), 2)

    # conformance: RFC 5626 4.4 | another mapping of the NAT: registered anew at once | own server behind a NAT
    def test_mapping_changes(self):
        s = self.server()
        nat = self.enter(Nat((s.ip, s.port), self.ip, s.ip))
        d = self.engine(nat.addr)
        s.wait("REGISTER", 2)
        old = nat.outer
        nat.move()
        self.busy(d)
        last = s.wait("REGISTER", 3)[2]
        self.assertEqual(self.contacts(s)[2], nat.outer)
        self.assertIn(old, last.all("contact")[1])
        self.assertIn("expires=0", last.all("contact")[1])

    def test_without_registration(self):
        s = self.server()
        nat = self.enter(Nat((s.ip, s.port), self.ip, s.ip))
        d = Engine(flow.LIBRARY, {
            "sip.server": nat.addr[0], "sip.port": nat.addr[1],
            "sip.local_address": self.ip, "sip.register": "no"})
        self.addCleanup(d.destroy)
        d.start()
        local = ":".join(d.wait("started")["text"].split(":")[1:])
        self.busy(d)
        self.busy(d)
        got = [re.search(r"sip:([^;>]+)", m.get("contact")).group(1)
               for m in s.all("INVITE")]
        self.assertEqual(got, [local, nat.outer])

    def test_options_that_keep_it(self):
        s = self.server()
        for options, want in (({"sip__contact_rewrite": "no"}, None),
                              ({"sip__external_address": "192.0.2.7"},
                               "192.0.2.7")):
            with self.subTest(options):
                nat = self.enter(Nat((s.ip, s.port), self.ip, s.ip))
                before = len(s.got)
                d = self.engine(nat.addr, **options)
                self.busy(d)
                d.stop()
                want = "%s:%s" % (want, self.local.split(":")[1]) \
                    if want else self.local
                got = {re.search(r"@([^;>]+)", m.get("contact")).group(1)
                       for m in s.got[before:] if m.get("contact")}
                self.assertEqual(got, {want})

    def test_nonsense_is_not_taken(self):
        for ip, port in (("239.1.1.1", 5060), ("0.0.0.0", 5060),
                         ("255.255.255.255", 5060), ("0.1.2.3", 5060),
                         ("240.0.0.1", 5060), ("::1", 5060),
                         ("169.254.1.1", 5060), ("x.example", 5060),
                         ("192.0.2.1", 0), ("192.0.2.1", 99999),
                         ("192.0.2.1", -1), ("192.0.2.1", "5060x")):
            with self.subTest(ip=ip, port=port):
                s = self.server(lambda msg, a=(ip, port): a)
                d = self.engine((s.ip, s.port))
                self.busy(d)
                got = set(self.contacts(s) + self.contacts(s, "INVITE"))
                self.assertEqual(got, {self.local})
                d.stop()
                s.close()

    def test_ever_new_addresses_end(self):
        """A server, or a NAT, that says another one each time."""
        count = iter(range(1, 1000))
        s = self.server(lambda msg: ("192.0.2.%d" % next(count), 5060))
        d = self.engine((s.ip, s.port))
        for _ in range(4):
            self.busy(d)
        self.assertEqual(len(set(self.contacts(s))), 5)
        self.assertEqual(len(s.all("REGISTER")), 5)
        flow.until(lambda: d.event() or any(
            "sip.external_address" in e["text"] for e in d.all("log")), 5,
            "it is told of")


    def test_ever_new_ports_over_tcp_end(self):
        """What a NAT has changed once, it changes each time."""
        got = []
        listener = self.enter(socket.create_server((flow.address(1), 0)))

        def serve():
            conn, _ = listener.accept()
            with conn, conn.makefile("rb") as f:
                data = b""
                for line in f:
                    data += line
                    if line.strip() or not data.strip():
                        continue
                    msg = Message(data, conn.getpeername())
                    data = b""
                    got.append(msg)
                    conn.sendall(seen_at(registered(msg, 600), "192.0.2.1",
                                         20000 + len(got)))

        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(thread.join)
        d = self.engine(listener.getsockname(), sip__transport="tcp")
        flow.until(lambda: d.event() or sum(
            e["status"] == "registered" for e in d.all("registration")) == 5)
        d.stop()
        self.assertEqual([asked(m) for m in got].index(0), 5)


class Kamailio(test_kamailio.Proxy):
    for name in dir(test_kamailio.Proxy):
        if name.startswith("test_"):
            locals()[name] = None
    del name

    # conformance: RFC 3581 4 | calls come in by the mapping that kamailio saw | kamailio behind a NAT
    def test_calls_come_in_through_the_nat(self):
        nat = self.enter(Nat((self.ip, self.port), self.ip,
                             flow.address(1)))
        with Engine(flow.LIBRARY, {
                "sip.server": nat.addr[0], "sip.port": nat.addr[1],
                "sip.domain": self.ip, "sip.local_address": self.ip,
                "sip.user": "alice", "sip.password": "secret",
                "incoming.accept": "server"}) as d:
            d.start()
            d.wait("registration", status="registered")
            # who calls is not behind it
            r = self.command(*self.right, "-o", "sip.register=no", "--json",
                             "call", "alice", "--max-duration", 1)
            call = d.wait("call_incoming")["call"]
            d.answer(call)
            d.wait("call_answered", call=call)
            r = r.wait()
            self.assertEqual(r.last["disposition"], "answered", r)
            d.wait("call_ended", call=call)
        self.assertEqual(len([x for x in nat.came_in
                              if x.startswith(b"INVITE ")]), 1)


if __name__ == "__main__":
    flow.main()
