#!/usr/bin/env python3
"""Who connects to us over TLS, and what is said of whom when it fails."""
import os
import socket
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import test_tls  # noqa: E402
from test_tls import GOOD, HERE, HOST, OPTIONS  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402

SIP_DOMAIN = "1.3.6.1.5.5.7.3.20"    # RFC 5924 4.1


def taken(sock, port):
    """Could it not be bound? A connection of before may still hold it."""
    try:
        sock.bind((HERE, port))
    except OSError:
        return True
    return False


class Inbound(test_tls.Tls):
    """The server connects to us: our certificate is asked for, and its."""

    def listening(self, **more):
        """Our port; an engine that registers at a server of HERE."""
        cert, key = self.ca.issue("alice", "DNS:alice.example")
        args = self.options(self.server(), sip__tls_cert_file=cert,
                            sip__tls_key_file=key, **more)[1::2]
        self.d = self.enter(Engine(flow.LIBRARY,
                                   dict(a.split("=", 1) for a in args)))
        self.d.start()
        port = int(self.d.wait("started")["text"].split(":")[-1])
        self.d.wait("registration", status="registered")
        return port

    def context(self, cert, key, version=None):
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname = False
        ctx.load_verify_locations(self.ca.cert)
        ctx.load_cert_chain(cert, key)
        if version:
            ctx.minimum_version = ctx.maximum_version = version
        return ctx

    def asks(self, port, ctx, session=None, source=""):
        """(answer to OPTIONS, session, was one taken up again)"""
        try:
            with socket.create_connection((HERE, port), 5,
                                          (source, 0)) as s, \
                    ctx.wrap_socket(s, session=session) as t:
                t.sendall(OPTIONS.replace("\n", "\r\n").format(
                    host=HERE).encode())
                return t.recv(65536), t.session, t.session_reused
        except (ssl.SSLError, ConnectionError):
            return b"", None, None

    # conformance: RFC 5922 4 | the certificate of a server that connects to us may be one of servers, clients or SIP domains | own TLS client
    def test_certificates_of_servers_and_clients(self):
        port = self.listening()
        usages = [("serverAuth", True), ("clientAuth", True),
                  ("serverAuth,clientAuth", True), (SIP_DOMAIN, True),
                  ("emailProtection", False), ("codeSigning", False)]
        for i, (usage, taken) in enumerate(usages):
            with self.subTest(usage=usage):
                cert, key = self.ca.issue(
                    "pbx%d" % i, GOOD,
                    extensions=["extendedKeyUsage=" + usage])
                got = self.asks(port, self.context(cert, key))[0]
                self.assertEqual(b"SIP/2.0 200 OK" in got, taken, got)

    # conformance: RFC 5922 4 | a trunk that connects to us shows a certificate of its own name or address, from its address | own TLS client
    def test_trunks_have_certificates_of_their_own(self):
        address, net = "127.0.0.61", "127.0.0.62"
        port = self.listening(incoming__trunks="trunk.localhost, %s, "
                              "127.0.0.62/31" % address)
        for i, (name, source, taken) in enumerate((
                ("DNS:trunk.localhost", HERE, True),
                ("DNS:trunk.localhost", address, True),
                ("IP:" + address, address, True),
                ("DNS:other.localhost", address, False),
                ("IP:" + net, net, False),
                ("DNS:trunk.localhost", net, True),
                ("DNS:trunk.localhost", "127.0.0.99", False))):
            with self.subTest(name=name, source=source):
                cert, key = self.ca.issue("trunk%d" % i, name)
                got = self.asks(port, self.context(cert, key),
                                source=source)[0]
                self.assertEqual(b"SIP/2.0 200 OK" in got, taken, got)

    # conformance: RFC 8446 2.2 | a peer that comes with a session of before gets a whole handshake | own TLS client
    def test_sessions_are_not_taken_up_again(self):
        port = self.listening()
        cert, key = self.ca.issue("pbx", GOOD)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version.name):
                ctx = self.context(cert, key, version)
                session = None
                for _ in range(3):
                    got, session, again = self.asks(port, ctx, session)
                    self.assertIn(b"SIP/2.0 200 OK", got)
                    self.assertFalse(again)


class Outbound(test_tls.Tls):
    # conformance: RFC 5924 4 | a certificate for SIP domains is one of a server | own TLS server
    def test_certificate_of_a_sip_domain(self):
        s = self.server(*self.ca.issue(
            "domain", GOOD, extensions=["extendedKeyUsage=" + SIP_DOMAIN]))
        self.accepted(s)
        s = self.server(*self.ca.issue(
            "mail", GOOD, extensions=["extendedKeyUsage=emailProtection"]))
        self.refused(s, "not one of a server")
        s = self.server(*self.ca.issue(
            "sign", GOOD, extensions=["extendedKeyUsage=" + SIP_DOMAIN,
                                      "keyUsage=keyCertSign"]))
        self.refused(s, "TLS")

    # conformance: RFC 6066 3 | a name with a final dot connects; SNI has no dot | own TLS server
    def test_final_dot(self):
        s = self.server()
        r = self.accepted(s, host=HOST + ".")
        self.assertEqual(s.names, [HOST], r)

    def test_reason_of_before_is_not_told_again(self):
        """First a bad certificate, then a host that takes no connection."""
        bad, key = self.ca.issue("bad", GOOD, end="20210101000000Z")
        s = self.server(bad, key)
        port = s.port
        args = self.options(s)[1::2]
        d = self.enter(Engine(flow.LIBRARY,
                              dict(a.split("=", 1) for a in args)))
        d.start()
        first = d.wait("registration", status="failed")
        self.assertIn("expired", first["reason"])
        s.close()
        with socket.socket() as full:
            full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            flow.until(lambda: not taken(full, port), 10, "the port")
            full.listen(0)
            fill = [socket.socket() for _ in range(4)]
            for x in fill:
                x.setblocking(False)
                x.connect_ex((HERE, port))
            while d.event(0):
                pass
            reason = "refused"       # a try before the port was taken
            while "refused" in reason:
                reason = d.wait("registration", status="failed",
                                seconds=45)["reason"]
            for x in fill:
                x.close()
        self.assertRegex(reason, "not answer|timed out")


if __name__ == "__main__":
    flow.main()
