#!/usr/bin/env python3
"""Connections of SIP, over TCP and over TLS: lost, dead, deaf, and new."""
import os
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import certs  # noqa: E402
import flow  # noqa: E402
import tlsserver  # noqa: E402
from pysip import Message  # noqa: E402
from sipdialer_ct import Engine, Refused  # noqa: E402
from sipserver import registered, response  # noqa: E402

flow.program("openssl", "openssl")


class Lost:
    """Over one transport; see Tcp and Tls."""

    transport = None

    def setUp(self):
        super().setUp()
        self.other = flow.address(1)
        self.ctx = None
        if self.transport == "tls":
            self.ca = certs.Authority(self.dir)
            self.ctx = tlsserver.context(*self.ca.issue(
                "pbx", "IP:%s,IP:%s" % (self.ip, self.other)))

    def server(self, answer=None, ip=None, raw=None):
        return self.enter(tlsserver.Server(ip or self.ip, self.ctx, answer,
                                           raw=raw))

    def engine(self, server, **options):
        o = {"sip.transport": self.transport, "sip.server": server.ip,
             "sip.port": server.port, "sip.user": "alice",
             "sip.local_address": self.ip, "dial.ring_timeout": 60}
        if self.ctx:
            o["sip.tls_ca_file"] = self.ca.cert
        o.update({k.replace("__", "."): v for k, v in options.items()})
        d = self.enter(Engine(flow.LIBRARY, o))
        d.start()
        if o.get("sip.register") != "no":
            d.wait("registration", status="registered")
        return d

    # conformance: RFC 3261 18.2.2 | a call that rings when its connection is lost is cancelled by a new one, and ends | own server over TCP and TLS
    def test_ringing_call_ends(self):
        def answer(msg):
            if msg.method == "INVITE":
                return response(msg, 180)
            if msg.method == "CANCEL":
                return response(msg, 200)
            return registered(msg, 600)

        s = self.server(answer)
        d = self.engine(s)
        d.call("100")
        d.wait("call_ringing")
        began = time.monotonic()
        s.cut()
        end = d.wait("call_ended")
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(end["disposition"], "failed", end)
        self.assertIn("connection to", end["reason"])
        self.assertIn("was lost", end["reason"])
        s.wait("CANCEL")
        d.wait("registration", status="registered")
        self.assertEqual(s.connections, 2)

    # conformance: RFC 3261 13.3.1.4 | a 2xx that comes by another connection after the loss gets ACK and BYE | own server over TCP and TLS
    def test_late_answer_by_the_new_connection(self):
        invites = []

        def answer(msg):
            if msg.method == "INVITE":
                invites.append(msg)
                return response(msg, 180)
            if msg.method == "CANCEL":
                return response(msg, 200) + response(
                    invites[0], 200, ["Contact: <sip:100@%s:%d>" % (
                        s.ip, s.port)])
            if msg.method == "BYE":
                return response(msg, 200)
            return registered(msg, 600)

        s = self.server(answer)
        d = self.engine(s)
        d.call("100")
        d.wait("call_ringing")
        s.cut()
        d.wait("call_ended")
        s.wait("ACK")
        s.wait("BYE")

    # conformance: RFC 3261 17.1.2 | a BYE whose connection is lost before its answer goes out once more by a new one | own server over TCP and TLS
    def test_bye_is_sent_again(self):
        byes = []

        def answer(msg):
            if msg.method == "INVITE":
                return answered(msg, s)
            if msg.method == "BYE":
                byes.append(msg)
                if len(byes) == 1:
                    s.cut()
                    return None
            return registered(msg, 600) if msg.method == "REGISTER" else \
                response(msg, 200)

        s = self.server(answer)
        d = self.engine(s)
        call = d.call("100")
        d.wait("call_answered")
        d.hangup(call)
        s.wait("BYE", 2)
        self.assertEqual(len({m.get("call-id") for m in byes}), 1)

    # conformance: RFC 5626 4.2 | a connection that is open but dead is given up when a REGISTER on it has no answer, and made anew | own server over TCP and TLS
    def test_dead_connection_is_replaced(self):
        first = []

        def answer(msg):
            if not first:
                first.append(msg.addr)
                return registered(msg, 10)
            return None if msg.addr == first[0] else registered(msg, 600)

        s = self.server(answer)
        d = self.engine(s)
        d.wait("registration", status="failed", seconds=60)
        d.wait("registration", status="registered", seconds=60)
        self.assertEqual(s.connections, 2)

    # conformance: RFC 3261 18.1 | a server that does not read: the connection is closed, with a reason, and made anew | own server over TCP and TLS
    def test_server_that_does_not_read(self):
        deaf = threading.Event()

        def serve(s, server):
            if server.connections > 1:
                deaf.clear()
            t = self.ctx.wrap_socket(s, server_side=True) if self.ctx else s
            t.settimeout(0.1)
            rest = b""
            while not server.over:
                if deaf.is_set():
                    time.sleep(0.05)
                    continue
                try:
                    data = t.recv(65536)
                except socket.timeout:
                    continue
                if not data:
                    return
                texts, rest = tlsserver.split(rest + data)
                for text in texts:
                    msg = Message(text, t.getpeername())
                    server.got.append(msg)
                    if msg.method == "REGISTER" and not msg.status:
                        t.sendall(registered(msg, 600))
                        if server.connections == 1:
                            deaf.set()

        s = self.server(raw=serve)
        s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        d = self.engine(s, dial__max_calls=5000)
        headers = ["sip.header=X-Big%d: %s" % (i, "x" * 900)
                   for i in range(4)]
        for _ in range(2000):
            try:
                d.call("100", *headers)
            except Refused:
                break                # the first that finds no place

        def all_of(name):
            while d.event(0):
                pass
            return d.all(name)

        flow.until(lambda: any("does not read" in e["reason"]
                               for e in all_of("call_ended")), 20,
                   "the reason")
        flow.until(lambda: [e["status"] for e in all_of("registration")][-3:]
                   == ["failed", "connecting", "registered"], 20,
                   "registered again")
        self.assertGreater(s.connections, 1)


    # conformance: RFC 3261 18.3 | messages come in pieces and several at once; one of 55,000 bytes is answered, a longer one ends its connection | own server over TCP and TLS
    def test_long_messages(self):
        s = self.server(lambda m: registered(m, 600) if m.method ==
                        "REGISTER" else None)
        d = self.engine(s, log__level="info")
        t = s.open[0]

        def asks(name, size):
            return ("OPTIONS sip:alice@{ip} SIP/2.0\r\n"
                    "Via: SIP/2.0/{tp} {ip}:{port};branch=z9hG4bK{name}\r\n"
                    "Max-Forwards: 70\r\nFrom: <sip:bob@{ip}>;tag=o\r\n"
                    "To: <sip:alice@{ip}>\r\nCall-ID: {name}\r\n"
                    "CSeq: 1 OPTIONS\r\nContent-Type: text/plain\r\n"
                    "Content-Length: {size}\r\n\r\n".format(
                        ip=s.ip, tp=self.transport.upper(), port=s.port,
                        name=name, size=size) + "x" * size).encode()

        def answered_to(name):
            flow.until(lambda: [m for m in s.got if m.status == 200 and
                                m.get("call-id") == name], what=name)

        long = asks("long", 55000)
        for i in range(0, len(long), 900):
            t.sendall(long[i:i + 900])
        answered_to("long")
        byte = asks("bytes", 300)
        for i in range(len(byte)):
            t.sendall(byte[i:i + 1])
        answered_to("bytes")
        t.sendall(asks("one", 0) + asks("two", 7) + b"\r\n" +
                  asks("three", 3000))
        for name in ("one", "two", "three"):
            answered_to(name)
        t.sendall(asks("toolong", 60000)[:2000])
        lost = d.wait("registration", status="failed")
        self.assertIn("lost", lost["reason"])
        self.assertTrue([e for e in d.all("log") if "more than 57344 bytes"
                         in e["text"]], d.all("log"))
        d.wait("registration", status="registered")


    def connected(self, s, port):
        """A connection of the server to us, read by its thread."""
        x = socket.create_connection((self.ip, port), 5,
                                     source_address=(s.ip, 0))
        if self.ctx:
            ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            ctx.check_hostname = False
            ctx.load_verify_locations(self.ca.cert)
            ctx.load_cert_chain(*self.ca.issue("pbx%d" % x.fileno(),
                                               "IP:" + s.ip))
            x = ctx.wrap_socket(x)
        x.settimeout(0.1)
        t = threading.Thread(target=s.talk, args=(x,))
        s.threads.append(t)
        t.start()
        return x

    # conformance: RFC 5923 5 | a BYE of a call that came in by a connection of the server goes over it, and if it is gone to the Contact | own server over TCP and TLS
    def test_bye_of_a_call_that_came_in(self):
        s = self.server(lambda m: registered(m, 600) if m.method ==
                        "REGISTER" else response(m, 200))
        files = {}
        if self.ctx:
            cert, key = self.ca.issue("alice", "DNS:alice.example")
            files = {"sip__tls_cert_file": cert, "sip__tls_key_file": key}
        d = self.engine(s, incoming__accept="server", **files)
        ours = s.open[0].getpeername()[1]
        port = d.port()
        to = s.all("REGISTER")[0].get("contact").strip("<").split(">")[0]
        for name in ("stays", "goes"):
            with self.subTest(connection=name):
                x = self.connected(s, port)
                there = x.getsockname()[1]
                x.sendall(invite(to, s, self.transport, name))
                d.answer(d.wait("call_incoming")["call"])
                ok = flow.until(lambda: [
                    m for m in s.got if m.status == 200 and m.method ==
                    "INVITE" and m.get("call-id") == name], what="200")[0]
                x.sendall(ack(ok, to, s, self.transport))
                call = d.wait("call_answered")["call"]
                if name == "goes":
                    x.shutdown(socket.SHUT_RDWR)
                    self.gone(port, there)
                before = len(s.all("BYE"))
                d.hangup(call)
                bye = s.wait("BYE", before + 1)[-1]
                self.assertEqual(bye.get("call-id"), name)
                # msg.addr: the other end of the connection it came by
                self.assertEqual(bye.addr[1],
                                 port if name == "stays" else ours)

    def gone(self, port, other):
        """Our end of the connection from there is closed."""
        want = ":%04X" % port, ":%04X" % other

        def closed():
            with open("/proc/net/tcp", encoding="ascii") as f:
                return not any(line.split()[1].endswith(want[0]) and
                               line.split()[2].endswith(want[1]) and
                               line.split()[3] in ("01", "08")
                               for line in f)
        flow.until(closed, what="closed")


class Tcp(Lost, flow.Case):
    transport = "tcp"

    # conformance: RFC 3261 18.4 | the loss of one connection ends what went over it, and nothing else | own server over TCP
    def test_only_what_went_there_ends(self):
        def answer(msg):
            if msg.method == "INVITE":
                return response(msg, 180)
            return registered(msg, 600) if msg.method == "REGISTER" else \
                response(msg, 200)

        a = self.server(answer)
        b = self.server(answer, ip=self.other)
        d = self.engine(a)
        here = d.call("100")
        there = d.call("sip:200@%s:%d;transport=tcp" % (b.ip, b.port))
        quiet = d.call("101")
        for _ in range(3):
            d.wait("call_ringing")
        b.cut()
        self.assertEqual(d.wait("call_ended")["call"], there)
        b.wait("CANCEL")
        self.assertEqual([e["status"] for e in d.all("registration")],
                         ["connecting", "registered"])
        for call in (here, quiet):
            d.hangup(call)
        a.wait("CANCEL", 2)

    def test_strangers_have_half_of_the_places(self):
        """A stranger's connections leave room for those of the server."""
        s = self.server()
        d = self.engine(s, incoming__accept="server")
        port = d.port()
        stranger, taken = flow.address(1), []
        for _ in range(200):
            x = socket.create_connection((self.ip, port), 5,
                                         source_address=(stranger, 0))
            self.addCleanup(x.close)
            x.sendall(b"\r\n\r\n")
            try:
                if x.recv(2) == b"\r\n":
                    taken.append(x)
            except ConnectionError:
                pass
        self.assertEqual(len(taken), 128)
        with socket.create_connection((self.ip, port), 5,
                                      source_address=(self.ip, 0)) as x:
            x.sendall(b"\r\n\r\n")
            self.assertEqual(x.recv(2), b"\r\n")


class Tls(Lost, flow.Case):
    transport = "tls"

    # conformance: RFC 5923 3 | a TLS connection of an address we do not know is closed before its handshake | own server over TLS
    def test_strangers_get_no_handshake(self):
        cert, key = self.ca.issue("alice", "DNS:alice.example")
        s = self.server()
        d = self.engine(s, sip__tls_cert_file=cert, sip__tls_key_file=key)
        port = d.port()
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname = False
        ctx.load_verify_locations(self.ca.cert)
        ctx.load_cert_chain(*self.ca.issue("again", "IP:" + self.ip))
        for source, taken in ((self.other, False), (self.ip, True)):
            with self.subTest(source=source), socket.create_connection(
                    (self.ip, port), 5, source_address=(source, 0)) as x:
                try:
                    with ctx.wrap_socket(x) as t:
                        got = t.version()
                except (ssl.SSLError, ConnectionError):
                    got = None
                self.assertEqual(bool(got), taken)
        d.wait("log", level="warning")
        self.assertTrue(any(self.other in e["text"]
                            for e in d.all("log")), d.all("log"))


def description(s):
    return ("v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n"
            "m=audio 40000 RTP/AVP 0\r\n").format(s.ip).encode()


def with_body(head, body):
    return head.replace(b"Content-Length: 0", b"Content-Type: application/"
                        b"sdp\r\nContent-Length: %d" % len(body)) + body


def answered(msg, s):
    return with_body(response(msg, 200, ["Contact: <sip:100@%s:%d>" % (
        s.ip, s.port)]), description(s))


def invite(to, s, transport, name):
    return with_body("""INVITE {to} SIP/2.0
Via: SIP/2.0/{tp} {ip}:{port};branch=z9hG4bKin{name}
Max-Forwards: 70
From: <sip:bob@{ip}>;tag=b
To: <sip:alice@{ip}>
Call-ID: {name}
CSeq: 1 INVITE
Contact: <sip:bob@{ip}:{port};transport={tp}>
Content-Length: 0

""".replace("\n", "\r\n").format(to=to, ip=s.ip, port=s.port, name=name,
                                 tp=transport.upper()).encode(),
                     description(s))


def ack(ok, to, s, transport):
    return """ACK {to} SIP/2.0
Via: SIP/2.0/{tp} {ip}:{port};branch=z9hG4bKack{id}
Max-Forwards: 70
From: {f}
To: {t}
Call-ID: {id}
CSeq: 1 ACK
Content-Length: 0

""".replace("\n", "\r\n").format(
        to=to, tp=transport.upper(), ip=s.ip, port=s.port, f=ok.get("from"),
        t=ok.get("to"), id=ok.get("call-id")).encode()


if __name__ == "__main__":
    flow.main()
