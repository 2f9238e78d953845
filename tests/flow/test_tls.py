#!/usr/bin/env python3
"""SIP over TLS: which servers are believed, and what is said of the others."""
import ctypes
import os
import socket
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
from flow import run  # noqa: E402
import certs  # noqa: E402
import tlsserver  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402
from pysip import Message  # noqa: E402
from sipserver import registered, response  # noqa: E402

flow.program("openssl", "openssl")
HOST = "pbx.localhost"               # resolves to 127.0.0.1. RFC 6761 6.3
HERE = "127.0.0.1"
GOOD = "DNS:" + HOST
INVITE = """INVITE {to} SIP/2.0
Via: SIP/2.0/TLS {host}:5061;branch=z9hG4bKincoming
Max-Forwards: 70
From: <sip:bob@{host}>;tag=b
To: <sip:alice@{host}>
Call-ID: comes-in
CSeq: 1 INVITE
Contact: <sip:bob@{host}:5061;transport=tls>
Content-Length: 0

"""
SDP = b"""v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio 40000 RTP/AVP 0\r
"""

OPTIONS = """OPTIONS sip:alice@{host} SIP/2.0
Via: SIP/2.0/TLS {host}:5061;branch=z9hG4bKasks
Max-Forwards: 70
From: <sip:bob@{host}>;tag=o
To: <sip:alice@{host}>
Call-ID: asks
CSeq: 1 OPTIONS
Content-Length: 0

"""


class Tls(flow.Case):
    def setUp(self):
        super().setUp()
        self.ca = certs.Authority(self.dir)

    def server(self, cert=None, key=None, answer=None, raw=None, **options):
        if not cert:
            cert, key = self.ca.issue("good", GOOD)
        return self.enter(tlsserver.Server(
            HERE, tlsserver.context(cert, key, **options), answer, raw=raw))

    def options(self, server, host=HOST, ca=None, **more):
        o = {"sip.transport": "tls", "sip.server": host,
             "sip.port": server.port, "sip.user": "alice",
             "sip.password": "hidden-word", "sip.local_address": HERE,
             "sip.tls_ca_file": ca or self.ca.cert, **more}
        return [a for k, v in o.items() for a in
                ("-o", "%s=%s" % (k.replace("__", "."), v))]

    def call(self, server, *args, number="100", **options):
        return run(*self.options(server, **options), "--json", "call", number,
                   "--ring-timeout", 5, "--max-duration", 1, *args)

    def accepted(self, server, **options):
        r = self.call(server, **options)
        self.assertEqual((r.status, r.last["disposition"]), (1, "busy"), r)
        self.assertEqual([e["status"] for e in r.all("registration")],
                         ["connecting", "registered"], r)
        return r

    def refused(self, server, *words, sip=False, **options):
        """Not registered, in one line with these words; and no SIP."""
        r = self.call(server, **options)
        line = self.one_line(r, 3, "SIPDIALER_ENET", "TLS", *words)
        reason = r.all("registration")[-1]["reason"]
        self.assertIn(words[0], reason)
        if not sip:
            self.assertEqual((server.sip_bytes, server.got), (0, []), r)
        self.assertNotIn("hidden-word", r.out + r.err)
        return line


class Certificates(Tls):
    def issued(self, names, **how):
        self.count = getattr(self, "count", 0) + 1
        return self.server(*self.ca.issue("s%d" % self.count, names, **how))

    # conformance: RFC 5922 7.1 | server names: DNS, address, wildcard, SIP URI | own TLS server
    def test_name_address_wildcard_uri(self):
        wide = certs.Authority(self.dir, "wide")
        good = [(GOOD, HOST), ("IP:" + HERE, HERE),
                ("DNS:*.example.localhost", "a.example.localhost"),
                ("URI:sip:" + HOST, HOST),
                ("DNS:other.example,DNS:PBX.localhost", HOST)]
        for i, (names, host) in enumerate(good):
            with self.subTest(names=names):
                s = self.server(*wide.issue("s%d" % i, names))
                self.accepted(s, host=host, ca=wide.cert)
                self.assertEqual(s.names, [None if host == HERE else host])
                self.assertEqual(s.connections, 1)

    def test_wrong_names(self):
        bad = [("DNS:other.example", HOST), ("IP:127.0.0.2", HERE),
               ("DNS:" + HERE, HERE), ("DNS:*.localhost", "a.b.localhost"),
               ("DNS:p*.localhost", HOST), ("URI:sip:alice@" + HOST, HOST),
               ("URI:sips:" + HOST, HOST), ("URI:https:" + HOST, HOST),
               ("DNS:%s.evil.example" % HOST, HOST)]
        for i, (names, host) in enumerate(bad):
            with self.subTest(names=names):
                s = self.server(*self.ca.issue("s%d" % i, names))
                self.refused(s, "wrong name", host, host=host)

    def test_common_name_only_without_alternatives(self):
        s = self.issued("", cn=HOST)
        self.accepted(s)
        s = self.issued("DNS:other.example", cn=HOST)
        self.refused(s, "wrong name", "other.example")

    def test_domain_is_an_identity_too(self):
        s = self.issued("DNS:voice.example")
        self.accepted(s, sip__domain="voice.example")
        s = self.issued("DNS:voice.example")
        self.refused(s, "wrong name", sip__domain="voice.example.org")

    def test_expired(self):
        s = self.issued(GOOD, begin="20200101000000Z", end="20210101000000Z")
        self.refused(s, "expired", "2021-01-01")

    def test_not_yet_valid(self):
        s = self.issued(GOOD, begin="20900101000000Z", end="20910101000000Z")
        self.refused(s, "not yet valid", "2090-01-01")

    def test_self_signed(self):
        cert, key = self.ca.self_signed("self", ["subjectAltName=" + GOOD])
        self.refused(self.server(cert, key), "unknown authority",
                     "self-signed")
        self.accepted(self.server(cert, key), ca=cert)

    def test_unknown_authority(self):
        other = certs.Authority(self.dir, "other")
        s = self.server(*other.issue("server", GOOD))
        self.refused(s, "unknown authority", "sip.tls_ca_file")
        r = run(*self.options(s), "-o", "sip.tls_ca_file=", "--json", "call",
                "100")
        self.one_line(r, 3, "unknown authority", "the system")

    def test_intermediate(self):
        middle = certs.Authority(self.dir, "middle", parent=self.ca)
        cert, key = middle.issue("leaf", GOOD)
        self.refused(self.server(cert, key), "unknown authority")
        chain = certs.chained(self.path("chain.pem"), cert, middle.cert)
        self.accepted(self.server(chain, key))

    def test_certificate_of_a_client(self):
        s = self.issued(GOOD, extensions=["extendedKeyUsage=clientAuth"])
        self.refused(s, "not one of a server")

    def test_leaf_is_no_authority(self):
        leaf = certs.Authority(self.dir, "leaf")
        leaf.cert, leaf.key = self.ca.issue(
            "leaf", GOOD, extensions=["basicConstraints=critical,CA:FALSE"])
        cert, key = leaf.issue("forged", GOOD)
        chain = certs.chained(self.path("chain.pem"), cert, leaf.cert)
        self.refused(self.server(chain, key), "TLS")

    def test_no_verification_only_when_asked_for(self):
        s = self.issued("DNS:other.example", end="20210101000000Z")
        r = self.accepted(s, sip__tls_verify="no")
        self.assertEqual(r.err.count("warning: sip: sip.tls_verify = no"), 1)


class Handshake(Tls):
    # conformance: RFC 8446 D.5 | nothing older than TLS 1.2 is spoken | own TLS server
    def test_versions(self):
        v = ssl.TLSVersion
        s = self.server(most=v.TLSv1_2)
        self.accepted(s)
        self.assertEqual(s.versions, ["TLSv1.2"])
        self.refused(s, "no version of TLS", sip=True,
                     sip__tls_min_version="tlsv1.3")
        s = self.server()
        self.accepted(s, sip__tls_min_version="tlsv1.3")
        self.assertEqual(s.versions, ["TLSv1.3"])

    def test_old_versions(self):
        for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with self.subTest(version=old.name):
                s = self.server(least=old, most=old,
                                ciphers="ALL:@SECLEVEL=0")
                self.refused(s, "no version of TLS")

    # conformance: RFC 8446 4.4.2 | a client certificate for a server that asks for one; its refusal is told | own TLS server
    def test_client_certificate(self):
        cert, key = self.ca.issue("alice", "URI:sip:alice@" + HOST)
        both = certs.chained(self.path("both.pem"), cert, key)
        os.chmod(both, 0o600)
        other = certs.Authority(self.dir, "other")
        bad, bad_key = other.issue("mallory", "DNS:mallory.example")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version.name):
                s = self.server(least=version, most=version,
                                clients=self.ca.cert)
                self.accepted(s, sip__tls_cert_file=cert,
                              sip__tls_key_file=key)
                self.accepted(s, sip__tls_cert_file=both)
                self.refused(s, "client certificate", sip=True)
                self.refused(s, "our certificate", sip=True,
                             sip__tls_cert_file=bad,
                             sip__tls_key_file=bad_key)

    def test_stalled(self):
        def stall(s, server):
            while not server.over:
                try:
                    if not s.recv(4096):
                        return
                except socket.timeout:
                    pass

        s = self.server(raw=stall)
        r = self.refused_soon(s, "no handshake", "within 10 s")
        self.assertLess(r.seconds, 15)

    def refused_soon(self, s, *words):
        r = self.call(s)
        self.one_line(r, 3, "SIPDIALER_ENET", *words)
        return r

    def test_closed_in_the_middle(self):
        def close(s, _server):
            s.settimeout(5)
            s.recv(64)

        self.refused_soon(self.server(raw=close), "TLS", "closed")

    def test_no_tls_there(self):
        def garbage(s, _server):
            s.settimeout(5)
            s.recv(4096)
            s.sendall(b"SIP/2.0 400 This is no TLS\r\n\r\n")
            try:
                s.recv(4096)
            except socket.timeout:
                pass

        self.refused_soon(self.server(raw=garbage), "does not speak TLS")

    def test_nobody_there(self):
        s = self.server()
        s.close()
        self.refused_soon(s, "Connection refused")


class Connection(Tls):
    """One connection, kept and made again."""

    def start(self, server, **options):
        args = self.options(server, **options)[1::2]
        d = self.enter(Engine(flow.LIBRARY,
                              dict(a.split("=", 1) for a in args)))
        d.start()
        return d

    def test_one_connection_for_everything(self):
        s = self.server()
        r = self.accepted(s)
        self.assertEqual(s.connections, 1, r)
        self.assertEqual([m.method for m in s.got],
                         ["REGISTER", "INVITE", "ACK", "REGISTER"])
        for m in s.got:
            self.assertIn("SIP/2.0/TLS", m.get("via"))
        contact = s.all("REGISTER")[0].get("contact")
        self.assertIn(";transport=tls", contact)

    def test_ends_of_a_chain_of_trust_are_not_followed_elsewhere(self):
        """Nothing leads to another transport or server."""
        s = self.server()
        for to, words in ((HERE + ";transport=udp", "transport is not tls"),
                          (HERE + ";transport=tcp", "transport is not tls"),
                          ("other.localhost", "sip.server only")):
            r = self.call(s, number="sip:100@" + to)
            self.assertIn(words, r.err + r.out, r)
        self.assertEqual(s.all("INVITE"), [])
        r = self.call(s, number="sips:100@" + HOST)
        self.assertIn("sips: is not supported", r.err + r.out, r)
        r = self.call(s, number="sip:100@%s;transport=tls" % HOST)
        self.assertEqual(r.last["disposition"], "busy", r)

    def test_port_5061_unless_said(self):
        cert, key = self.ca.issue("mine", "IP:" + self.ip)
        s = self.enter(tlsserver.Server(
            self.ip, tlsserver.context(cert, key), port=5061))
        r = run("-o", "sip.transport=tls", "-o", "sip.server=" + self.ip,
                "-o", "sip.user=alice", "-o", "sip.tls_ca_file=" +
                self.ca.cert, "--json", "call", "100", "--ring-timeout", 5)
        self.assertEqual(r.last["disposition"], "busy", r)
        self.assertTrue(s.all("INVITE")[0].first.startswith(
            "INVITE sip:100@%s SIP/2.0" % self.ip), s.all("INVITE"))

    def test_outbound_proxy_is_who_is_checked(self):
        s = self.server()
        proxy = "%s:%d" % (HOST, s.port)
        r = self.accepted(s, host="voice.example",
                          sip__outbound_proxy=proxy)
        self.assertEqual(s.names, [HOST])
        self.assertIn(";transport=tls;lr", s.all("INVITE")[0].get("route"), r)
        s = self.server(*self.ca.issue("far", "DNS:voice.example"))
        self.refused(s, "wrong name", HOST, host="voice.example",
                     sip__outbound_proxy="%s:%d" % (HOST, s.port))
        r = self.call(s, sip__outbound_proxy="sip:%s;transport=tcp" % proxy)
        self.one_line(r, 2, "SIPDIALER_EINVAL", "sip.outbound_proxy")

    def test_bye_finds_a_new_connection(self):
        def answer(msg):
            if msg.method == "INVITE":
                # a Contact that leads elsewhere is not followed
                text = response(msg, 200, [
                    "Contact: <sip:100@192.0.2.1:5060;transport=udp>",
                    "Content-Type: application/sdp"]).decode()
                return text.replace("Content-Length: 0", "Content-Length: %d"
                                    % len(SDP)).encode() + SDP
            return registered(msg, 60) if msg.method == "REGISTER" else \
                response(msg, 200)

        s = self.server(answer=answer)
        d = self.start(s)
        d.wait("registration", status="registered")
        call = d.call("100")
        d.wait("call_answered")
        s.wait("ACK")
        s.cut()
        d.wait("registration", status="failed")
        d.hangup(call)
        bye = s.wait("BYE")[0]
        self.assertIn("sip:100@192.0.2.1", bye.first)
        self.assertEqual(s.connections, 2)

    def test_redial_after_loss(self):
        s = self.server()
        d = self.start(s, sip__keepalive_interval=1)
        d.wait("registration", status="registered")
        flow.until(lambda: s.pings, what="keep-alive")
        s.cut()
        lost = d.wait("registration", status="failed")
        self.assertIn("connection to the server was lost", lost["reason"])
        d.wait("registration", status="registered")
        self.assertEqual((s.connections, len(s.all("REGISTER"))), (2, 2))
        d.stop()
        self.assertEqual(d.all("registration")[-1]["status"], "disconnected")

    def test_server_that_hangs_up_is_asked_ever_less(self):
        def serve(s, server):
            with server.ctx.wrap_socket(s, server_side=True) as t:
                texts, _ = tlsserver.split(t.recv(65536))
                t.sendall(registered(Message(texts[0], None), 60))

        d = self.start(self.server(raw=serve))
        waits = [d.wait("registration", status="failed")["retry_ms"]
                 for _ in range(3)]
        for wait, low in zip(waits, (750, 1500, 3000)):
            self.assertIn(wait, flow.Span(low, low / 3 * 5 + 1), waits)

    def test_ipv6(self):
        if not socket.has_ipv6 or not os.path.exists("/proc/net/if_inet6"):
            self.skipTest("no IPv6")
        cert, key = self.ca.issue("six", "IP:::1")
        try:
            s = self.enter(tlsserver.Server("::1", tlsserver.context(cert,
                                                                     key)))
        except OSError:
            self.skipTest("no IPv6 on loopback")
        self.accepted(s, host="::1", sip__local_address="::1")
        self.assertEqual((s.names, s.connections), ([None], 1))

    def test_calls_come_in_over_the_same_connection(self):
        s = self.server()
        d = self.start(s, incoming__accept="server")
        d.wait("registration", status="registered")
        to = s.all("REGISTER")[0].get("contact").strip("<").split(">")[0]
        s.open[0].sendall(INVITE.replace("\n", "\r\n").format(
            to=to, host=HERE).encode())
        e = d.wait("call_incoming")
        self.assertEqual((e["from"], e["direction"]), ("bob", "inbound"))
        d.verb("call_reject", d.p, ctypes.c_uint64(e["call"]), 486)
        flow.until(lambda: [m for m in s.got if m.status == 486], what="486")
        self.assertEqual(s.connections, 1)

    def asks(self, port, ctx):
        """What comes back for an OPTIONS sent to our own port."""
        try:
            with socket.create_connection((HERE, port), 5) as s, \
                    ctx.wrap_socket(s) as t:
                t.sendall(OPTIONS.replace("\n", "\r\n").format(
                    host=HERE).encode())
                return t.recv(65536)
        except (ssl.SSLError, ConnectionError):
            return b""

    def test_who_connects_to_us_shows_a_certificate_of_the_server(self):
        cert, key = self.ca.issue("alice", "DNS:alice.example")
        mine, mine_key = self.ca.issue("pbx", GOOD)
        other, other_key = self.ca.issue("other", "DNS:other.example")
        s = self.server()
        d = self.start(s, sip__tls_cert_file=cert, sip__tls_key_file=key)
        port = int(d.wait("started")["text"].split(":")[-1])
        d.wait("registration", status="registered")
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname = False
        ctx.load_verify_locations(self.ca.cert)
        self.assertEqual(self.asks(port, ctx), b"")
        ctx.load_cert_chain(other, other_key)
        self.assertEqual(self.asks(port, ctx), b"")
        ctx.load_cert_chain(mine, mine_key)
        self.assertIn(b"SIP/2.0 200 OK", self.asks(port, ctx))
        # and none of them is mistaken for the end of our own connection
        d.stop()
        self.assertEqual([e["status"] for e in d.all("registration")],
                         ["connecting", "registered", "disconnected"])

    def test_loss_before_the_answer(self):
        """A call is not left hanging for 32 s."""
        def answer(msg):
            if msg.method == "INVITE":
                s.cut()
                return None
            return registered(msg, 60)

        s = self.server(answer=answer)
        r = self.call(s)
        self.assertEqual(r.last["disposition"], "failed", r)
        self.assertLess(r.seconds, 8)

    def test_comes_back_with_a_better_certificate(self):
        bad, key = self.ca.issue("bad", GOOD, end="20210101000000Z")
        s = self.server(bad, key)
        d = self.start(s)
        self.assertIn("expired", d.wait("registration",
                                        status="failed")["reason"])
        s.ctx.load_cert_chain(*self.ca.issue("better", GOOD))
        d.wait("registration", status="registered")
        self.assertEqual(len(s.all("REGISTER")), 1)


class Files(Tls):
    def start_error(self, *words, **options):
        s = self.server()
        r = self.call(s, **options)
        self.one_line(r, 2 if "SIPDIALER_EINVAL" in words else 3, *words)
        self.assertEqual(s.connections, 0)

    def test_wrong_files(self):
        cert, key = self.ca.issue("alice", "DNS:alice.example")
        _, other = self.ca.issue("bob", "DNS:bob.example")
        text = self.path("text.pem")
        with open(text, "w", encoding="ascii") as f:
            f.write("not a certificate\n")
        locked = self.path("locked.key")
        certs.openssl("pkey", "-in", key, "-aes128", "-passout", "pass:x",
                      "-out", locked)
        none = self.path("none.pem")
        wrong = [
            (("SIPDIALER_EIO", "sip.tls_ca_file", "No such file"),
             {"ca": none}),
            (("SIPDIALER_EFORMAT", "sip.tls_ca_file"), {"ca": text}),
            (("SIPDIALER_EIO", "sip.tls_cert_file", "No such file"),
             {"sip__tls_cert_file": none}),
            (("SIPDIALER_EFORMAT", "sip.tls_cert_file", "not a PEM file"),
             {"sip__tls_cert_file": text}),
            (("SIPDIALER_EINVAL", "sip.tls_key_file", "not the key"),
             {"sip__tls_cert_file": cert, "sip__tls_key_file": other}),
            (("SIPDIALER_EFORMAT", "sip.tls_key_file", "pass phrase"),
             {"sip__tls_cert_file": cert, "sip__tls_key_file": locked}),
            (("SIPDIALER_EFORMAT", "sip.tls_cert_file"),
             {"sip__tls_cert_file": cert}),
            (("SIPDIALER_EINVAL", "sip.tls_key_file needs"),
             {"sip__tls_key_file": key}),
        ]
        for words, options in wrong:
            with self.subTest(words=words):
                self.start_error(*words, **options)

    def test_open_key_is_warned_of(self):
        cert, key = self.ca.issue("alice", "DNS:alice.example")
        for mode, warned in ((0o644, True), (0o640, False), (0o600, False)):
            os.chmod(key, mode)
            r = self.accepted(self.server(), sip__tls_cert_file=cert,
                              sip__tls_key_file=key)
            self.assertEqual("open to others" in r.err, warned, r)

    def test_server_is_needed(self):
        r = run("-o", "sip.transport=tls", "--json", "call",
                "sip:100@pbx.localhost")
        self.one_line(r, 2, "SIPDIALER_EINVAL", "sip.server")


if __name__ == "__main__":
    flow.main()
