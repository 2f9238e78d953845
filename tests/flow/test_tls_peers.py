#!/usr/bin/env python3
"""SIP over TLS with other people's programs: kamailio as proxy, baresip as
telephone, openssl s_server, and the certificates of the corpus."""
import csv
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import certs  # noqa: E402
import flow  # noqa: E402
import test_baresip  # noqa: E402
import test_kamailio  # noqa: E402
import tlsserver  # noqa: E402
from flow import run  # noqa: E402

flow.program("openssl", "openssl")
HOST = "pbx.localhost"
DATA = os.path.join(os.environ.get("SHARED_DATA", ""), "corpus")


def has_module(name):
    return any(os.path.exists(os.path.join(folder, "kamailio/modules", name))
               for folder in ("/usr/lib/x86_64-linux-gnu",
                              "/usr/lib/aarch64-linux-gnu", "/usr/lib",
                              "/usr/lib64"))


class OverTls:
    """A kamailio that listens for TLS, too."""

    transports = ("tls",)

    def more(self):
        self.ca = certs.Authority(self.dir)
        cert, key = self.ca.issue("proxy", "DNS:%s,IP:%s" % (HOST, self.ip))
        self.tls_port = flow.free_port(self.ip)
        return """enable_tls=yes
listen=tls:%s:%d
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "%s")
modparam("tls", "private_key", "%s")
""" % (self.ip, self.tls_port, cert, key)

    def options(self):
        return {"transport": "tls", "server": self.ip, "port": self.tls_port,
                "tls_ca_file": self.ca.cert}


@unittest.skipUnless(has_module("tls.so"), "no kamailio-tls-modules")
class Kamailio(OverTls, test_kamailio.Proxy):
    """All that is done by UDP and TCP, over TLS."""


@unittest.skipUnless(has_module("tls.so"), "no kamailio-tls-modules")
class KamailioAsks(OverTls, test_kamailio.Base):
    """It takes those only who show a certificate of its authority."""

    def more(self):
        return super().more() + """modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 1)
modparam("tls", "ca_list", "%s")
""" % self.ca.cert

    def shows(self, authority, name):
        cert, key = authority.issue(name, "URI:sip:alice@" + HOST)
        return ["-o", "sip.tls_cert_file=" + cert,
                "-o", "sip.tls_key_file=" + key]

    # conformance: RFC 8446 4.4.2 | a proxy that asks for client certificates takes ours: registered, called, hung up | kamailio
    def test_our_certificate_is_taken(self):
        r = self.call("+4930123400", options=[
            *self.right, *self.shows(self.ca, "alice")])
        self.assertEqual((r.status, r.last["disposition"]),
                         (0, "answered"), r)
        self.assertEqual(len(self.seen("register")), 2)
        self.assertEqual(self.seen("loose BYE"), ["loose BYE"])

    # conformance: RFC 8446 4.4.2.4 | without a certificate, or with one of another authority, such a proxy sees no SIP, and the reason is told | kamailio
    def test_without_a_certificate_and_with_a_wrong_one(self):
        other = certs.Authority(self.dir, "other")
        for shown, words in (([], "client certificate"),
                             (self.shows(other, "mallory"),
                              "our certificate")):
            with self.subTest(words=words):
                r = self.call("+4930123400", options=[*self.right, *shown])
                self.one_line(r, 3, "SIPDIALER_ENET", "TLS", words)
        self.assertEqual(self.seen(""), [])
        self.assertEqual(self.net.events("invite"), [])


class Baresip(test_baresip.Baresip):
    """The telephone itself speaks TLS, on the port after the usual one."""

    def setUp(self):
        self.ca = None
        super().setUp()

    def configure(self):
        super().configure()
        if not self.ca:
            self.ca = certs.Authority(self.dir)
            self.both = certs.chained(
                self.path("both.pem"),
                *self.ca.issue("phone", "IP:" + self.ip))
        with open(os.path.join(self.home, "config"), "a",
                  encoding="utf-8") as f:
            f.write("sip_certificate %s\n" % self.both)

    def start(self, *args):
        super().start(*args)
        flow.until(lambda: flow.listens("tcp", self.ip, self.port + 1), 10,
                   "baresip listens for TLS")

    def call(self, *args, options=()):
        r = run("-o", "sip.local_address=" + self.ip, *options,
                "-o", "sip.transport=tls", "-o", "sip.server=" + self.ip,
                "-o", "sip.port=%d" % (self.port + 1),
                "-o", "sip.tls_ca_file=" + self.ca.cert, "--json",
                "call", "phone", "--ring-timeout", 5, "--max-duration", 8,
                *args)
        self.assertEqual((r.status, r.last["disposition"]),
                         (0, "answered"), "%r\n%s" % (r, self.text()))
        return r

    def prompt_is_heard(self, codec):
        """What the audio is like is told by UDP; here, that it flows."""
        r = self.call("--play", flow.write_wav(self.path("p.wav"),
                                               flow.voice(1)),
                      options=("-o", "media.codecs=" + codec))
        self.assertEqual(r.last["codec"], codec.upper())
        self.assertGreater(r.last["rtp"]["rx"], 30, r)

    def test_its_call_is_answered(self):
        self.skipTest("it calls by UDP")

    def test_it_calls_serve(self):
        self.skipTest("it calls by UDP")


def corpus():
    """(name, expected) of each server's certificate that the corpus has."""
    try:
        with open(os.path.join(DATA, "manifest.tsv"), encoding="utf-8") as f:
            rows = [(r["path"][4:-4], r["expected"]) for r in csv.DictReader(
                f, delimiter="\t", quoting=csv.QUOTE_NONE)
                    if r["path"].startswith("tls/") and
                    r["path"].endswith(".crt")]
    except FileNotFoundError:
        raise unittest.SkipTest("no corpus in SHARED_DATA") from None
    return [r for r in rows if r[0] not in ("ca", "otherca")]


def wanted(name, expected):
    """As docs/tls.md says, where the manifest leaves it to us."""
    return {"cnonly": True, "wildcard": True}.get(
        name, expected.startswith("ACCEPT"))


def made_for(name):
    """The server that a certificate of the corpus is for: one is of an
    address, the others of a domain."""
    return {"sip.server": "127.0.0.1"} if name == "good_ip" else \
        {"sip.server": "sip.localhost", "sip.domain": "pbx.dev.test"}


class Openssl(flow.Case):
    """s_server prints what it gets: credentials, or nothing."""

    def served(self, cert, key, ca, *args, host=None):
        port = flow.free_port("127.0.0.1")
        out = self.path("s_server.%d" % port)
        with open(out, "wb") as f:
            child = subprocess.Popen(
                ["openssl", "s_server", "-accept", "127.0.0.1:%d" % port,
                 "-cert", cert, "-key", key, "-quiet", "-naccept", "1", *args],
                stdin=subprocess.PIPE, stdout=f, stderr=subprocess.STDOUT)
        try:
            flow.until(lambda: flow.listens("tcp", "127.0.0.1", port))
            o = {"sip.transport": "tls", "sip.port": port,
                 "sip.user": "alice", "sip.local_address": "127.0.0.1",
                 "sip.tls_ca_file": ca, **(host or {"sip.server": HOST})}
            c = self.command(*[a for k, v in o.items()
                               for a in ("-o", "%s=%s" % (k, v))],
                             "--json", "call", "100")

            def text():
                with open(out, "rb") as f:
                    return f.read()
            flow.until(lambda: b"REGISTER" in text() or
                       c.child.poll() is not None, what="REGISTER or the end")
            c.signal()
            return text(), c.wait()
        finally:
            child.kill()
            child.communicate()

    # conformance: RFC 5922 7.2 | a server of another name gets no byte of SIP | openssl
    def test_only_the_right_server_gets_sip(self):
        ca = certs.Authority(self.dir)
        text, _ = self.served(*ca.issue("good", "DNS:" + HOST), ca.cert)
        self.assertIn(b"REGISTER sip:%s" % HOST.encode(), text)
        text, r = self.served(*ca.issue("bad", "DNS:other.example"), ca.cert)
        self.assertNotIn(b"SIP/2.0", text)
        self.one_line(r, 3, "wrong name", "other.example")

    # conformance: RFC 8446 9.1 | TLS 1.2 and 1.3, with one cipher suite each | openssl
    def test_ciphers_and_versions(self):
        ca = certs.Authority(self.dir)
        cert, key = ca.issue("good", "DNS:" + HOST)
        for args in (("-tls1_2", "-cipher", "ECDHE+CHACHA20"),
                     ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
                     ("-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256")):
            with self.subTest(args=args):
                text, _ = self.served(cert, key, ca.cert, *args)
                self.assertIn(b"REGISTER", text)

    # why those of the corpus are refused
    REASONS = {
        "clientonly": "not one of a server", "expired": "has expired",
        "notyet": "not yet valid", "nulname": "wrong name",
        "selfsigned": "self-signed", "sha1": "refused",
        "suffix": "wrong name", "unknownca": "unknown authority",
        "weak1024": "refused", "wronghost": "wrong name"}

    # conformance: RFC 5922 7 | certificates of another hand, good and bad: those taken get REGISTER, those refused no byte of SIP, with the reason | openssl
    def test_certificates_of_the_corpus(self):
        rows, folder = corpus(), os.path.join(DATA, "tls")
        for name, expected in rows:
            with self.subTest(name=name, expected=expected):
                cert = os.path.join(folder, name)
                text, r = self.served(
                    cert + ".crt", cert + ".key",
                    os.path.join(folder, "ca.crt"), "-cipher",
                    "ALL:@SECLEVEL=0", host=made_for(name))
                if wanted(name, expected):
                    self.assertIn(b"REGISTER sip:", text, r)
                else:
                    self.assertNotIn(b"SIP/2.0", text)
                    self.one_line(r, 3, "SIPDIALER_ENET", "TLS",
                                  self.REASONS[name])
        self.assertEqual({n for n, e in rows if not wanted(n, e)},
                         set(self.REASONS))


class Corpus(flow.Case):
    """Certificates made elsewhere, with what should become of them."""

    # conformance: RFC 5922 7 | certificates good and bad are taken and refused, with a reason, before SIP is sent | own TLS server
    def test_as_the_manifest_says(self):
        rows = corpus()
        for name, expected in rows:
            with self.subTest(name=name, expected=expected):
                self.one(os.path.join(DATA, "tls"), name,
                         wanted(name, expected))
        self.assertGreater(len(rows), 10)

    def one(self, folder, name, want):
        cert = os.path.join(folder, name + ".crt")
        s = self.enter(tlsserver.Server("127.0.0.1", tlsserver.context(
            cert, cert[:-4] + ".key", ciphers="ALL:@SECLEVEL=0")))
        o = {"sip.transport": "tls", "sip.port": s.port, "sip.user": "alice",
             "sip.password": "hidden-word",
             "sip.tls_ca_file": os.path.join(folder, "ca.crt"),
             **made_for(name)}
        r = run(*[a for k, v in o.items() for a in ("-o", "%s=%s" % (k, v))],
                "--json", "call", "100", "--ring-timeout", 5)
        if want:
            self.assertEqual(r.last.get("disposition"), "busy", r)
        else:
            self.one_line(r, 3, "SIPDIALER_ENET", "TLS")
            self.assertEqual((s.sip_bytes, s.got), (0, []), r)


if __name__ == "__main__":
    flow.main()
