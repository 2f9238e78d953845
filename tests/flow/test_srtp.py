#!/usr/bin/env python3
"""Encrypted audio with baresip, both ways and in both directions, and the
descriptions that sipp answers with."""
import hashlib
import os
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import baresip  # noqa: E402
import flow  # noqa: E402
from flow import run  # noqa: E402
from test_sipp_uas import Telephone  # noqa: E402

OPENSSL = flow.program("openssl", "openssl")
CM80 = "AES_CM_128_HMAC_SHA1_80"
GCM = "AEAD_AES_256_GCM"


class Phone(baresip.Phone):
    more_modules = ("srtp", "dtls_srtp")

    def is_ours(self, heard):
        """The prompt's slow tones and not the noise that a wrong key makes
        of them; whatever a busy machine has cut out of it."""
        energy = sum(x * x for x in heard)
        self.assertGreater(flow.level(heard), 500, self.text())
        self.assertGreater(sum(a * b for a, b in zip(heard, heard[1:])) /
                           energy, 0.8, self.text())

    def two_ways(self, mode, *options):
        """A call in which each side hears the other; its last event."""
        said = flow.voice(2)
        prompt = flow.write_wav(self.path("p.wav"), said)
        ours = self.path("ours.wav")
        r = self.call("--play", prompt, "--record", ours, options=(
            "-o", "media.codecs=pcmu", "-o", "call.record_stereo=yes", "-o",
            "media.srtp=" + mode, *options))
        self.assertGreater(r.last["rtp"]["rx"], 80, r)
        self.is_ours(flow.read_wav(ours)[1])
        self.end()
        self.is_ours(self.heard()[1])
        return r

    def its_call_is_heard(self, mode, *options):
        said = flow.voice(2)
        e, answered = self.its_call(
            flow.write_wav(self.path("p.wav"), said), "media.srtp=" + mode,
            *options)
        self.assertEqual((e["direction"], e["disposition"]),
                         ("inbound", "answered"), (e, self.text()))
        self.assertGreater(e["rtp"]["rx"], 80, self.text())
        self.end()
        self.is_ours(self.heard()[1])
        return e, answered[0]


class Keys(Phone):
    account = ";mediaenc=srtp"

    # conformance: RFC 4568, 7714 | keys over RTP/AVP are answered, audio both ways | baresip
    def test_optional(self):
        r = self.two_ways("optional")
        self.assertEqual((r.last["srtp"], r.all("call_answered")[0]["srtp"]),
                         (GCM, GCM))

    # conformance: RFC 4568 | its keys are answered by ours, audio both ways | baresip
    def test_its_call(self):
        e, answered = self.its_call_is_heard("optional")
        self.assertEqual((e["srtp"], answered["srtp"]), (CM80, CM80))

    # conformance: RFC 3711 4.1 | with media.srtp=off its keys are not answered, and the call is plain | baresip
    def test_off(self):
        self.assertIsNone(self.two_ways("off").last["srtp"])


class Mandatory(Phone):
    account = ";mediaenc=srtp-mand"

    # conformance: RFC 4568, 3711 | RTP/SAVP is answered, audio both ways, RTCP on the same port | baresip
    def test_required(self):
        r = self.two_ways("required", "-o", "media.rtcp_mux=yes")
        self.assertEqual(r.last["srtp"], GCM)

    # conformance: RFC 4568 5.1.2 | RTP/SAVP with keys is answered, audio both ways | baresip
    def test_its_call(self):
        e, _ = self.its_call_is_heard("required")
        self.assertEqual(e["srtp"], CM80)


class Handshake(Phone):
    account = ";mediaenc=dtls_srtp"

    # conformance: RFC 5763, 5764 | the handshake over the RTP port, the fingerprint checked, audio both ways | baresip
    def test_dtls(self):
        r = self.two_ways("dtls")
        self.assertIn(r.last["srtp"], ("dtls:" + GCM, "dtls:" + CM80,
                                       "dtls:AEAD_AES_128_GCM"), r)
        self.assertTrue(r.all("call_answered")[0]["srtp"].startswith("dtls"))

    # conformance: RFC 5763 5 | its offer of UDP/TLS/RTP/SAVP is answered, we say hello, audio both ways | baresip
    def test_its_call(self):
        e, _ = self.its_call_is_heard("dtls")
        self.assertTrue(e["srtp"].startswith("dtls:A"), e)

    # conformance: RFC 5763 5 | an offer of DTLS is taken as well if keys in the SDP are asked for | baresip
    def test_its_call_by_required(self):
        e, _ = self.its_call_is_heard("required")
        self.assertTrue(e["srtp"].startswith("dtls:A"), e)


class MandatoryFeedback(Phone):
    account = ";mediaenc=srtp-mandf"

    # conformance: RFC 5124 | RTP/SAVPF is answered, audio both ways | baresip
    def test_its_call(self):
        e, _ = self.its_call_is_heard("required")
        self.assertEqual(e["srtp"], CM80)


class Plain(Phone):
    # conformance: RFC 4568 | who knows no SRTP takes the offer of `optional` as a plain one | baresip
    def test_optional(self):
        self.assertIsNone(self.two_ways("optional").last["srtp"])

    # conformance: RFC 4568 7.1.2 | a call without encryption ends if it is required | baresip
    def test_required(self):
        r = run("-o", "sip.local_address=" + self.ip, "-o",
                "media.srtp=required", "--json", "call",
                "sip:phone@%s:%d" % (self.ip, self.port), "--ring-timeout", 5)
        self.assertNotEqual(r.status, 0, r)
        self.assertNotEqual(r.last["disposition"], "answered", r)
        self.assertEqual((r.last["srtp"], r.last["rtp"]["tx"]), (None, 0), r)


class Sipp(flow.Case):
    def call(self, scenario, words, mode, *options):
        tel = Telephone(self, scenario, words=words)
        r = run("-o", "sip.server=" + tel.ip, "-o", "sip.port=%d" % tel.port,
                "-o", "sip.local_address=" + tel.ip, "-o",
                "media.srtp=" + mode, *options, "--json", "call",
                "+4930123456", "--ring-timeout", 10, "--max-duration", 1)
        tel.wait(self)
        return r

    def answered_by(self, proto, attributes, mode):
        return self.call("srtp_answer", (
            ("RTP/AVP", proto), ("a=sendrecv", "a=sendrecv" + "".join(
                "\n" + a for a in attributes))), mode)

    # conformance: RFC 4568 5.1.3 | an answer without encryption, or with a key that is none, ends the call with the reason | sipp
    def test_answers_refused(self):
        crypto = "a=crypto:4 %s inline:%s"
        key = "A" * 40
        for proto, attributes, mode, why in (
                ("RTP/AVP", (), "required", "media.srtp is required"),
                ("RTP/SAVP", (), "required", "no a=crypto"),
                ("RTP/SAVP", (crypto % (CM80, "A" * 39),), "required",
                 "wrong length"),
                ("RTP/SAVP", (crypto % (CM80, key + " UNENCRYPTED_SRTP"),),
                 "required", "session parameters"),
                ("RTP/SAVP", (crypto.replace("4", "9") % (CM80, key),),
                 "required", "not a line of our offer"),
                ("RTP/SAVP", (crypto % (CM80, key),), "off",
                 "media.srtp is off")):
            with self.subTest(why=why):
                r = self.answered_by(proto, attributes, mode)
                self.assertIn(why, r.last["reason"], r)
                self.assertNotEqual(r.status, 0, r)
                self.assertEqual(r.last["rtp"]["tx"], 0, r)

    # conformance: RFC 4568 6.1 | lifetime and MKI in an answer are tolerated | sipp
    def test_answers_taken(self):
        for proto, attributes, mode, srtp in (
                ("RTP/SAVP", ("a=crypto:4 %s inline:%s|2^20|1:4" % (
                    CM80, "A" * 40),), "required", CM80),
                ("RTP/SAVP", ("a=crypto:5 AES_CM_128_HMAC_SHA1_32 inline:%s" %
                              ("A" * 40),), "optional",
                 "AES_CM_128_HMAC_SHA1_32"),
                ("RTP/AVP", ("a=crypto:1 AEAD_AES_256_GCM inline:%s=" %
                             ("A" * 59),), "optional", "AEAD_AES_256_GCM"),
                ("RTP/AVP", (), "optional", None)):
            with self.subTest(attributes=attributes):
                r = self.answered_by(proto, attributes, mode)
                self.assertEqual((r.status, r.last["disposition"],
                                  r.last["srtp"]), (0, "answered", srtp), r)
                self.assertGreater(r.last["rtp"]["tx"], 20, r)

    def dtls(self, right):
        """sipp answers, and openssl has the certificate at its port."""
        cert, key = self.path("cert.pem"), self.path("key.pem")
        subprocess.run(
            [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x", "-days",
             "1", "-keyout", key, "-out", cert], check=True,
            capture_output=True)
        with open(cert, encoding="ascii") as f:
            der = ssl.PEM_cert_to_DER_cert(f.read())
        digest = hashlib.sha256(der).digest()
        if not right:
            digest = digest[:-1] + bytes([digest[-1] ^ 1])
        port = flow.free_port(self.ip)
        with open(self.path("openssl"), "wb") as log:
            server = subprocess.Popen(
                [OPENSSL, "s_server", "-dtls1_2", "-accept", "%s:%d" % (
                    self.ip, port), "-cert", cert, "-key", key, "-verify", "1",
                 "-use_srtp", "SRTP_AES128_CM_SHA1_80", "-listen"],
                stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            flow.until(lambda: flow.listens("udp", self.ip, port), 10,
                       "openssl listens")
            return self.call("srtp_answer", (
                ("[media_port] RTP/AVP", "%d UDP/TLS/RTP/SAVP" % port),
                ("a=sendrecv", "a=sendrecv\na=setup:passive\na=rtcp-mux\n"
                 "a=fingerprint:sha-256 " + ":".join(
                     "%02X" % b for b in digest))), "dtls")
        finally:
            server.kill()
            server.communicate()

    # conformance: RFC 5764 4, 8122 6.2 | keys come from the handshake with the certificate of the fingerprint | sipp, openssl
    def test_dtls_with_the_right_certificate(self):
        r = self.dtls(True)
        self.assertEqual((r.status, r.last["srtp"]), (0, "dtls:" + CM80), r)
        self.assertGreater(r.last["rtp"]["tx"], 20, r)

    # conformance: RFC 8122 6.2 | with another certificate the call ends with the reason, and nothing is sent | sipp, openssl
    def test_dtls_with_another_certificate(self):
        r = self.dtls(False)
        self.assertIn("not the one of a=fingerprint", r.last["reason"], r)
        self.assertEqual((r.last["disposition"], r.last["error"],
                          r.last["srtp"], r.last["rtp"]["tx"]),
                         ("failed", "SIPDIALER_ENET", None, 0), r)
        self.assertNotEqual(r.status, 0, r)

    # conformance: RFC 4568 7.1.3 | 488 to keys over RTP/AVP: once more by RTP/SAVP | sipp
    def test_488_then_savp(self):
        r = self.call("srtp_488", (), "optional")
        self.assertEqual((r.status, r.last["srtp"]), (0, CM80), r)

    def offered(self, offer, status, expect):
        """sipp offers that in the call; which goes on until its end."""
        r = self.call("offer", (
            ("@OFFER@", offer), ("@STATUS@", status), ("@EXPECT@", expect)),
            "off", "-o", "dial.max_duration=2")
        self.assertEqual((r.status, r.last["disposition"]), (0, "answered"),
                         r)
        self.assertGreater(r.last["talk_ms"], 900, r)
        self.assertGreater(r.last["rtp"]["tx"], 45, r)

    # conformance: T.38 D.2.3, RFC 3261 14.2 | fax alone, offered in the call, gets 488 and the call goes on with audio | sipp
    def test_fax_alone(self):
        self.offered("m=image [media_port] udptl t38\na=T38FaxVersion:0\n"
                     "a=T38FaxUdpEC:t38UDPRedundancy", "488", "Warning: 399")

    # conformance: RFC 3264 6, 8.2 | fax and video beside the audio are refused by port 0 | sipp
    def test_fax_and_video_beside_audio(self):
        self.offered("m=audio [media_port] RTP/AVP 0\n"
                     "m=image 40000 udptl t38\nm=video 40002 RTP/AVP 96\n"
                     "a=rtpmap:96 H264/90000", "200",
                     "m=image 0 udptl t38.*m=video 0 RTP/AVP 96")

    # conformance: RFC 8839 4.2.5, 8843 7.3, 4585 | ICE and BUNDLE are declined, RTP/AVPF and mid are taken | sipp
    def test_ice_and_bundle(self):
        self.offered(
            "a=group:BUNDLE 0\nm=audio [media_port] RTP/AVPF 0\na=mid:0\n"
            "a=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\n"
            "a=candidate:1 1 UDP 2130706431 192.0.2.7 40000 typ host"
            "\na=rtcp-fb:* nack", "200", "RTP/AVPF 0.*a=mid:0")

    # conformance: RFC 5761 5.1.1 | rtcp-mux is offered, and taken from the answer | sipp
    def test_rtcp_mux(self):
        r = self.call("srtp_answer", (
            ("<action>", '<action><ereg regexp="a=rtcp-mux" search_in="msg" '
             'check_it="true" assign_to="mux"/><log message="[$mux]"/>'),
            ("a=sendrecv", "a=sendrecv\na=rtcp-mux")), "off", "-o",
            "media.rtcp_mux=yes")
        self.assertEqual(r.last["disposition"], "answered", r)


if __name__ == "__main__":
    baresip.main()
