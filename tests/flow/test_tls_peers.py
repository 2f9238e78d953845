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


@unittest.skipUnless(has_module("tls.so"), "no kamailio-tls-modules")
class Kamailio(test_kamailio.Proxy):
    """All that is done by UDP and TCP, over TLS."""

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


class Baresip(test_baresip.Baresip):
    """The telephone itself speaks TLS, on the port after the usual one."""

    def start(self, *args):
        self.ca = certs.Authority(self.dir)
        cert, key = self.ca.issue("phone", "IP:" + self.ip)
        both = certs.chained(self.path("both.pem"), cert, key)
        with open(os.path.join(self.home, "config"), "a",
                  encoding="utf-8") as f:
            f.write("sip_certificate %s\n" % both)
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


class Openssl(flow.Case):
    """s_server prints what it gets: credentials, or nothing."""

    def served(self, cert, key, ca, *args):
        port = flow.free_port("127.0.0.1")
        out = self.path("s_server.%d" % port)
        with open(out, "wb") as f:
            child = subprocess.Popen(
                ["openssl", "s_server", "-accept", "127.0.0.1:%d" % port,
                 "-cert", cert, "-key", key, "-quiet", "-naccept", "1", *args],
                stdin=subprocess.PIPE, stdout=f, stderr=subprocess.STDOUT)
        try:
            flow.until(lambda: flow.listens("tcp", "127.0.0.1", port))
            c = self.command(
                "-o", "sip.transport=tls", "-o", "sip.server=" + HOST, "-o",
                "sip.port=%d" % port, "-o", "sip.user=alice", "-o",
                "sip.local_address=127.0.0.1", "-o", "sip.tls_ca_file=" + ca,
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


class Corpus(flow.Case):
    """Certificates made elsewhere, with what should become of them."""

    # conformance: RFC 5922 7 | certificates good and bad are taken and refused, with a reason, before SIP is sent | certificates of the corpus
    def test_as_the_manifest_says(self):
        folder = os.path.join(DATA, "tls")
        try:
            with open(os.path.join(DATA, "manifest.tsv"),
                      encoding="utf-8") as f:
                rows = [r for r in csv.DictReader(f, delimiter="\t",
                                                  quoting=csv.QUOTE_NONE)
                        if r["path"].startswith("tls/") and
                        r["path"].endswith(".crt")]
        except FileNotFoundError:
            self.skipTest("no corpus in SHARED_DATA")
        # as docs/tls.md says, where the manifest leaves it to us
        ours = {"cnonly": True, "wildcard": True}
        tried = 0
        for row in rows:
            name = row["path"][4:-4]
            want = ours.get(name, row["expected"].startswith("ACCEPT"))
            if name in ("ca", "otherca"):
                continue
            with self.subTest(name=name, expected=row["expected"]):
                self.one(folder, name, want)
                tried += 1
        self.assertGreater(tried, 10)

    def one(self, folder, name, want):
        cert = os.path.join(folder, name + ".crt")
        s = self.enter(tlsserver.Server("127.0.0.1", tlsserver.context(
            cert, cert[:-4] + ".key", ciphers="ALL:@SECLEVEL=0")))
        # an address as server; its name is the domain
        host = {"sip.server": "127.0.0.1"} if name == "good_ip" else \
            {"sip.server": "sip.localhost", "sip.domain": "pbx.dev.test"}
        o = {"sip.transport": "tls", "sip.port": s.port, "sip.user": "alice",
             "sip.password": "hidden-word",
             "sip.tls_ca_file": os.path.join(folder, "ca.crt"), **host}
        r = run(*[a for k, v in o.items() for a in ("-o", "%s=%s" % (k, v))],
                "--json", "call", "100", "--ring-timeout", 5)
        if want:
            self.assertEqual(r.last.get("disposition"), "busy", r)
        else:
            self.one_line(r, 3, "SIPDIALER_ENET", "TLS")
            self.assertEqual((s.sip_bytes, s.got), (0, []), r)


if __name__ == "__main__":
    flow.main()
