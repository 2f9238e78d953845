#!/usr/bin/env python3
"""Digest by SHA-2, at kamailio and at a server of our own."""
import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import sipserver  # noqa: E402
import test_kamailio  # noqa: E402
from flow import run  # noqa: E402


class Sha256(test_kamailio.Proxy):
    """All that goes through kamailio with MD5 goes with SHA-256, too."""
    auth = 'modparam("auth", "algorithm", "SHA-256")'
    transports = ("udp",)

    # conformance: RFC 8760 2 | REGISTER and INVITE by SHA-256 | kamailio
    def test_sha256_is_asked_for_and_given(self):
        r = self.call("+4930123400", options=[*self.right, "-o",
                                              "sip.digest=sha-256"])
        self.assertEqual((r.status, r.last["disposition"]),
                         (0, "answered"), r)
        self.assertEqual(len(self.seen("register")), 2)


class Md5(test_kamailio.Base):
    # conformance: RFC 8760 2.4 | sip.digest=sha-256 refuses MD5 | kamailio
    def test_md5_is_refused_by_policy(self):
        r = self.call("+4930123400", options=[*self.right, "-o",
                                              "sip.digest=sha-256"])
        self.one_line(r, 3, "SIPDIALER_EAUTH", "sip.digest")
        self.assertEqual(len(self.seen("challenge")), 1)


def sha512_256(text):
    return hashlib.new("sha512_256", text.encode()).hexdigest()


class Sha512(flow.Case):
    """No SIP server of Debian asks for it: the hash is OpenSSL's, told by
    Python."""

    def answer(self, msg):
        if msg.method != "REGISTER":
            return sipserver.response(msg, 486)
        got = msg.get("authorization") or ""
        p = {k: a or b for k, a, b in
             re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', got)}
        if not p:
            return sipserver.response(msg, 401, [
                'WWW-Authenticate: Digest realm="r", nonce="%s", '
                'qop="auth", algorithm=%s' % (n, a) for n, a in
                (("m", "MD5"), ("s", self.algorithm), ("o", "SHA-256"))])
        self.seen.append(p)
        a1 = sha512_256("alice:r:secret")
        if self.algorithm.endswith("-sess"):
            a1 = sha512_256(":".join((a1, p["nonce"], p["cnonce"])))
        want = sha512_256(":".join((a1, p["nonce"], p["nc"], p["cnonce"],
                                    "auth", sha512_256("REGISTER:" +
                                                       p["uri"]))))
        if p["response"] != want or p["nonce"] != "s":
            return sipserver.response(msg, 403)
        return sipserver.registered(msg, 60)

    # conformance: RFC 8760 2 | SHA-512-256, -sess: the strongest | own server
    def test_sha512_256_registers(self):
        for self.algorithm in ("SHA-512-256", "SHA-512-256-sess"):
            with self.subTest(algorithm=self.algorithm):
                self.seen = []
                server = self.enter(sipserver.Server(self.ip, self.answer))
                r = run("-o", "sip.server=" + server.ip, "-o",
                        "sip.port=%d" % server.port, "-o",
                        "sip.local_address=" + self.ip, "-o",
                        "sip.user=alice", "-o", "sip.password=secret",
                        "--json", "call", "+4930123456",
                        "--ring-timeout", 5)
                self.assertIn("registered", [e["status"] for e in
                                             r.all("registration")], r)
                self.assertEqual([p["nc"] for p in self.seen[:2]],
                                 ["00000001", "00000002"])
                self.assertEqual({p["algorithm"] for p in self.seen},
                                 {self.algorithm})


if __name__ == "__main__":
    flow.main()
