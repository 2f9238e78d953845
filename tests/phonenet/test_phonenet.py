#!/usr/bin/env python3
"""phonenet itself: registrar, behaviours, journal, media.

usage: test_phonenet.py PROGRAM [unittest arguments]
"""
import asyncio
import math
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

from pysip import (UA, Call, Message, Phonenet, Rtp, journal,  # noqa: E402
                   ulaw_decode)

PROGRAM = None


def level(samples):
    return math.sqrt(sum(s * s for s in samples) / max(1, len(samples)))


def tone(samples, freq, rate=8000):
    """The share of the energy at one frequency (Goertzel), 0..1."""
    c = 2 * math.cos(2 * math.pi * freq / rate)
    a = b = 0.0
    for s in samples:
        a, b = s + c * a - b, a
    power = a * a + b * b - c * a * b
    energy = sum(s * s for s in samples)
    return 2 * power / (energy * len(samples)) if energy else 0


def write_wav(path, samples, rate=8000):
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(struct.pack("<%dh" % len(samples), *samples))


class Base(unittest.IsolatedAsyncioTestCase):
    args = ()
    user, password = "alice", None

    async def asyncSetUp(self):
        self.dir = tempfile.mkdtemp(prefix="phonenet-")
        self.journal = os.path.join(self.dir, "journal")
        self.stats = None
        self.net = Phonenet(PROGRAM, "--journal", self.journal, *self.args,
                            "--record", self.dir)
        self.ua = await UA.open(self.net.addr, self.user, self.password)

    async def asyncTearDown(self):
        self.ua.close()
        self.stop()
        shutil.rmtree(self.dir)

    def stop(self):
        if not self.stats:
            self.stats = self.net.stop()
        return self.stats

    def events(self, name=None):
        """The journal, whole: phonenet is stopped first."""
        self.stop()
        return [e for e in journal(self.journal)
                if not name or e["event"] == name]

    async def refused(self, number, status):
        call = await self.ua.invite(number)
        m = await call.final()
        self.assertEqual(m.status, status, number)
        return m


class Registrar(Base):
    args = ("--user", "alice:secret", "--min-expires", "60")

    async def test_register_digest_both(self):
        for algorithm in ("MD5", "SHA-256"):
            m = await self.ua.register(password="secret",
                                       algorithm=algorithm)
            self.assertEqual(m.status, 200)
            self.assertRegex(m.get("contact"), r"expires=300")
        m = await self.ua.register()
        self.assertEqual(m.status, 401)
        self.assertEqual(["SHA-256" in c for c in
                          m.all("www-authenticate")], [True, False])

    async def test_wrong_password_counts(self):
        m = await self.ua.register(password="wrong")
        self.assertEqual(m.status, 401)
        self.assertNotIn("stale", m.get("www-authenticate"))
        m = await self.ua.register(user="mallory", password="secret")
        self.assertEqual(m.status, 401)
        self.assertEqual(self.stop()["auth_failures"], 2)

    async def test_short_expires_423_and_unregister(self):
        m = await self.ua.register(30, password="secret")
        self.assertEqual((m.status, m.get("min-expires")), (423, "60"))
        m = await self.ua.register(60, password="secret")
        self.assertEqual(m.status, 200)
        m = await self.ua.register(0, password="secret")
        self.assertEqual((m.status, m.get("contact")), (200, ""))
        self.assertEqual(self.stop()["bindings"], 0)

    async def test_special_users(self):
        m = await self.ua.register(user="busyreg")
        self.assertEqual((m.status, m.get("retry-after")), (503, "2"))
        self.assertEqual((await self.ua.register(user="forbidden")).status,
                         403)
        self.assertEqual((await self.ua.register(user="nobody")).status, 404)

    async def test_options(self):
        m = await self.ua.transaction("OPTIONS", "sip:%s:%d" % self.net.addr)
        self.assertEqual(m.status, 200)
        self.assertIn("INVITE", m.get("allow"))


class Stale(Base):
    args = ("--user", "alice", "--password", "secret", "--nonce-life", "0",
            "--algorithm", "md5")

    async def test_old_nonce_is_stale(self):
        m = await self.ua.register(password="secret")
        self.assertEqual(m.status, 401)
        self.assertIn("stale=true", m.get("www-authenticate"))
        self.assertEqual(self.stop()["auth_failures"], 0)


class InviteAuth(Base):
    args = ("--user", "alice:secret", "--require-auth", "--no-media")
    password = "secret"

    async def test_challenged_invite_counts_once(self):
        call = await self.ua.invite("4930123401")
        m = await call.final()
        self.assertEqual(m.status, 486)
        self.assertEqual([g.status for g in call.got], [407, 486])
        self.assertEqual(len(self.events("invite")), 1)
        self.assertEqual(self.stop()["invites"], 1)


class Signalling(Base):
    args = ("--no-media", "--answer-delay", "20", "--late-delay", "300")

    async def test_human_answers_and_takes_bye(self):
        call = await self.ua.invite("4930123400",
                                    ["X-Contact-Id: contact-7"])
        m = await call.final()
        self.assertEqual(m.status, 200)
        self.assertEqual([g.status for g in call.got], [180, 200])
        self.assertEqual(m.rtp()[1], 65534)
        self.assertEqual((await call.bye()).status, 200)
        kinds = [e["event"] for e in self.events()]
        self.assertEqual(kinds, ["invite", "answer", "bye", "end", "stats"])
        first = self.events("invite")[0]
        self.assertEqual((first["call_id"], first["number"],
                          first["contact"]),
                         (call.callid, "4930123400", "contact-7"))
        self.assertLess(abs(first["t_ms"] / 1000 - time.time()), 5)

    async def test_invite_is_in_the_journal_before_the_answer(self):
        for i in range(20):
            call = await self.ua.invite("49301%03d02" % i)
            await call.status(180)
            numbers = [e["number"] for e in journal(self.journal)]
            self.assertEqual(numbers.count(call.number), 1)

    async def test_final_statuses(self):
        for digits, status in (("01", 486), ("03", 404), ("04", 480),
                               ("05", 503), ("06", 603), ("19", 302),
                               ("21", 500), ("22", 488), ("28", 607),
                               ("32", 608), ("33", 410), ("34", 484)):
            m = await self.refused("+49301234" + digits, status)
            if status == 503:
                self.assertEqual(m.get("retry-after"), "2")
            if status == 302:
                self.assertEqual(m.contact_uri(), "sip:+4930123400@%s:%d" %
                                 self.net.addr)
            if status == 404:
                self.assertIn("cause=1", m.get("reason"))
        await self.refused("busy", 486)
        s = self.stop()
        self.assertEqual((s["rejected"], s["active"]), (13, 0))

    async def test_no_answer_until_cancel(self):
        call = await self.ua.invite("4930123402")
        await call.status(180)
        call.cancel()
        await call.status(200, "CANCEL")
        m = await call.final()
        self.assertEqual(m.status, 487)
        self.assertEqual(self.stop()["cancelled"], 1)

    async def test_cancel_of_nothing_481(self):
        call = await self.ua.invite("4930123402")
        await call.status(180)
        call.invite_branch = "z9hG4bKother"
        call.cancel()
        await call.status(481, "CANCEL")

    async def test_487_repeats_until_ack(self):
        call = await self.ua.invite("4930123402")
        await call.status(180)
        call.cancel()
        await call.final(ack=False)
        n = len(call.got)
        m = await call.wait(lambda m: len(call.got) > n and m.status == 487)
        call.ack(m)
        self.assertEqual(len([g for g in call.got if g.status == 487]), 2)

    async def test_answer_crosses_cancel(self):
        call = await self.ua.invite("4930123416")
        await call.status(180)
        call.cancel()
        await call.status(200, "CANCEL")
        self.assertEqual([(g.status, g.method) for g in call.got],
                         [(180, "INVITE"), (200, "INVITE"),
                          (200, "CANCEL")])
        m = await call.final()
        self.assertEqual((await call.bye(m)).status, 200)

    async def test_retransmitted_invite_is_one_call(self):
        call = await self.ua.invite("4930123402")
        await call.status(180)
        call.again()
        await call.wait(lambda m: len(call.got) == 2 and m.status == 180)
        self.assertEqual(len(self.events("invite")), 1)
        s = self.stop()
        self.assertEqual((s["invites"], s["retransmissions"]), (1, 1))

    async def test_200_repeats_until_ack(self):
        call = await self.ua.invite("4930123400")
        await call.final(ack=False)
        await call.wait(lambda m: len([g for g in call.got
                                       if g.status == 200]) == 2)
        m = await call.final()
        self.assertEqual((await call.bye(m)).status, 200)

    async def test_same_number_twice_is_a_duplicate(self):
        await self.refused("4930555501", 486)
        await self.refused("4930555501", 486)
        self.assertEqual(self.stop()["duplicates"], 1)

    async def test_late_and_ring_busy(self):
        call = await self.ua.invite("4930123409")
        await call.status(180)
        start = time.monotonic()
        self.assertEqual((await call.final()).status, 200)
        self.assertGreater(time.monotonic() - start, 0.2)
        await call.bye()
        call = await self.ua.invite("4930123427")
        await call.status(180)
        self.assertEqual((await call.final()).status, 486)

    async def test_hangs_up(self):
        call = await self.ua.invite("4930123412")
        await call.final()
        await call.wait(lambda m: not m.status and m.method == "BYE")
        self.assertEqual(self.stop()["bye_tx"], 1)

    async def test_requests_follow_the_record_route(self):
        proxy = await UA.open(self.net.addr)
        route = "<sip:127.0.0.1:%d;lr>" % proxy.port
        call = await self.ua.invite("4930123412",
                                    ["Record-Route: " + route])
        m = await call.final()
        self.assertEqual(m.get("record-route"), route)
        await asyncio.wait_for(proxy.more.wait(), 5)
        bye = proxy.lost[0]
        self.assertEqual(bye.first, "BYE sip:alice@127.0.0.1:%d SIP/2.0" %
                         self.ua.port)
        self.assertEqual(bye.get("route"), route)
        self.assertIn(call.tag, bye.get("to"))
        proxy.close()

    async def test_loses_two_byes(self):
        call = await self.ua.invite("4930123418")
        m = await call.final()
        call.send_bye(m)
        call.send_bye(m)
        self.assertEqual((await call.bye(m)).status, 200)
        self.assertEqual(len([g for g in call.got if g.method == "BYE"]), 1)

    async def test_silent_number_says_nothing(self):
        call = await self.ua.invite("4930123417")
        other = await self.ua.invite("4930123401")
        await other.final()
        call.again()
        await (await self.ua.invite("4930123401")).final()
        self.assertEqual(call.got, [])

    async def test_two_forks_answer(self):
        call = await self.ua.invite("4930123420")
        await call.wait(lambda m: len({g.to_tag for g in call.got
                                       if g.status == 200}) == 2)
        finals = {g.to_tag: g for g in call.got if g.status == 200}
        early = {g.to_tag for g in call.got if g.status == 183}
        self.assertEqual(early, set(finals))
        for m in finals.values():
            call.ack(m)
            call.send_bye(m)
        await call.wait(lambda m: len([g for g in call.got if
                                       g.method == "BYE"]) == 2)
        self.assertEqual(self.stop()["invites"], 1)

    async def test_early_199_then_another_tag(self):
        call = await self.ua.invite("4930123429")
        await call.final()
        got = [(g.status, g.to_tag) for g in call.got]
        self.assertEqual([s for s, _ in got], [183, 199, 180, 200])
        self.assertEqual(got[0][1], got[1][1])
        self.assertNotEqual(got[1][1], got[2][1])

    async def test_200_without_sdp_and_resends(self):
        call = await self.ua.invite("4930123423")
        self.assertEqual((await call.final()).body, b"")
        call = await self.ua.invite("4930123426")
        await call.final()
        await call.wait(lambda m: len([g for g in call.got
                                       if g.status == 200]) == 4)

    async def test_hold_and_resume(self):
        call = await self.ua.invite("4930123425")
        await call.final()
        for want in (b"a=sendonly", b"a=sendrecv"):
            await call.wait(lambda m: not m.status and m.method == "INVITE"
                            and want in m.body)
        await call.wait(lambda m: m.method == "ACK" and
                        m.cseq == 2)
        self.assertEqual([e["dir"] for e in self.events("reinvite")],
                         ["sendonly", "sendrecv"])

    async def test_unknown_dialog_481_and_codec_488(self):
        call = Call(self.ua, "1", None, (), b"")
        call.cseq = 1
        self.ua.send(call.build("BYE", "<sip:1@x>;tag=none"))
        await call.status(481, "BYE")
        call = await self.ua.invite("4930123400",
                                    sdp=self.ua.sdp(4000, pts="9"))
        self.assertEqual((await call.final()).status, 488)

    async def test_tcp(self):
        r, w = await asyncio.open_connection(*self.net.addr)
        call = Call(self.ua, "4930123401", None, (), b"")
        call.cseq = 1
        data = call.build("INVITE").replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP")
        w.write(data[:100])
        await w.drain()
        w.write(data[100:])
        head = await asyncio.wait_for(r.readuntil(b"\r\n\r\n"), 5)
        self.assertTrue(head.startswith(b"SIP/2.0 486"), head)
        w.close()


class CallsBack(Base):
    """The one that is registered is called back, whoever asked for it."""

    args = ("--no-media", "--talk-time", "300")

    async def called(self, number):
        """The INVITE to the telephone that is registered."""
        self.phone = await UA.open(self.net.addr, "alice")
        self.addCleanup(self.phone.close)
        await self.phone.register()
        await self.refused(number, 480)
        return await self.got("INVITE")

    async def got(self, method):
        async def until():
            while True:
                for m in self.phone.lost:
                    if not m.status and m.method == method:
                        return m
                self.phone.more.clear()
                await self.phone.more.wait()
        return await asyncio.wait_for(until(), 5)

    def answer(self, m, status, body=b""):
        tagged = Message(b"INVITE x SIP/2.0\r\n" + b"\r\n".join(
            ("%s: %s%s" % (n, v, ";tag=phone" if n == "to" and
                           "tag=" not in v else "")).encode()
            for n, v in m.headers) + b"\r\n\r\n", m.addr)
        self.phone.reply(tagged, status, body=body)

    async def test_talks_and_hangs_up(self):
        m = await self.called("4930123440")
        self.assertIn("sip:4930123440@", m.get("from"))
        self.assertIn("sip:alice@", m.get("to"))
        self.assertEqual(m.first.split()[1], "sip:alice@127.0.0.1:%d" %
                         self.phone.port)
        self.assertEqual(m.rtp()[1], 65534)
        self.answer(m, 180)
        self.answer(m, 200, self.phone.sdp(4000))
        ack = await self.got("ACK")
        self.assertEqual((ack.to_tag, ack.cseq), ("phone", m.cseq))
        bye = await self.got("BYE")
        self.assertEqual((bye.to_tag, bye.cseq), ("phone", m.cseq + 1))
        self.answer(bye, 200)
        mine = [e for e in self.events()
                if e.get("call_id", "").startswith("back-")]
        self.assertEqual([e["event"] for e in mine],
                         ["invite_tx", "ringing_rx", "answer_rx", "bye",
                          "end"])
        self.assertEqual(mine[-1]["by"], "callee")
        self.assertEqual((self.stats["invites"], self.stats["active"]),
                         (1, 0))

    async def test_gives_up(self):
        m = await self.called("4930123441")
        self.answer(m, 180)
        cancel = await self.got("CANCEL")
        self.assertEqual((cancel.branch, cancel.cseq), (m.branch, m.cseq))
        self.answer(cancel, 200)
        self.answer(m, 487)
        ack = await self.got("ACK")
        self.assertEqual((ack.branch, ack.to_tag), (m.branch, "phone"))
        self.assertEqual(self.events("end")[-1]["by"], "cancel")

    async def test_name_and_refusal(self):
        m = await self.called("4930123442")
        self.assertTrue(m.get("from").startswith(
            '"Anna \\"B\\" M\u00fcller" <sip:4930123442@'), m.get("from"))
        self.answer(m, 486)
        await self.got("ACK")
        self.assertEqual(self.events("refused_rx")[0]["status"], 486)


class MaxCall(Base):
    args = ("--no-media", "--answer-delay", "0", "--max-call", "300")

    async def test_network_ends_forgotten_calls(self):
        ringing = await self.ua.invite("4930123402")
        talking = await self.ua.invite("4930123400")
        await talking.final()
        self.assertEqual((await ringing.final()).status, 480)
        await talking.wait(lambda m: not m.status and m.method == "BYE")
        self.assertEqual(self.stop()["active"], 0)


class Mix(Base):
    args = ("--no-media", "--mix", "busy=50,404=50", "--no-fsync")

    async def test_mix_is_by_number(self):
        got = {}
        for i in range(60):
            call = await self.ua.invite("49301%04d00" % i)
            got[call.number] = (await call.final()).status
        self.assertEqual(set(got.values()), {486, 404})
        self.assertGreater(list(got.values()).count(486), 15)
        number = next(iter(got))
        await self.refused(number, got[number])


class Media(Base):
    args = ("--answer-delay", "20")

    async def test_human_says_hello_and_echoes(self):
        call = await self.ua.invite("4930123400")
        m = await call.final()
        await call.rtp.wait(lambda p: len(p) >= 50)
        pcm = ulaw_decode(b"".join(p[4] for p in call.rtp.packets))
        self.assertLess(level(pcm[:1600]), 20)
        self.assertGreater(level(pcm[2400:7200]), 500)
        seqs = [p[1] for p in call.rtp.packets]
        self.assertEqual([(b - a) & 65535 for a, b in zip(seqs, seqs[1:])],
                         [1] * (len(seqs) - 1))
        mark = bytes((0x12, 0x34)) * 80
        for _ in range(4):
            call.rtp.send(m.rtp(), mark)
        await call.rtp.wait(lambda ps: any(p[4] == mark for p in ps))
        await call.bye(m)
        end = self.events("end")[0]
        self.assertEqual(end["rtp_rx"], 4)
        self.assertGreaterEqual(end["rtp_tx"], 50)

    async def test_early_announcement_then_404(self):
        call = await self.ua.invite("4930123408")
        early = await call.status(183)
        self.assertNotEqual(early.rtp()[1], 9)
        self.assertEqual((await call.final(10)).status, 404)
        pcm = ulaw_decode(b"".join(p[4] for p in call.rtp.packets))
        for i, freq in enumerate((950, 1400, 1800)):
            part = pcm[i * 2640 + 400:i * 2640 + 2200]
            self.assertGreater(tone(part, freq), 0.9, freq)

    async def test_voicemail_beeps_and_records(self):
        call = await self.ua.invite("4930123410")
        m = await call.final()

        def beep(packets):
            if len(packets) % 10:
                return False
            pcm = ulaw_decode(b"".join(p[4] for p in packets[-10:]))
            return level(pcm) > 1000 and tone(pcm, 1000) > 0.95
        await call.rtp.wait(beep, 15)
        n = len(call.rtp.packets)
        await call.rtp.wait(lambda p: len(p) > n + 40)
        said = [bytes([0x80 + i % 100] * 160) for i in range(50)]
        for payload in said:
            call.rtp.send(m.rtp(), payload)
        await call.rtp.wait(lambda p: len(p) > n + 45)
        await call.bye(m)
        with wave.open(os.path.join(self.dir, call.callid + ".wav")) as w:
            self.assertEqual((w.getframerate(), w.getnchannels()),
                             (8000, 1))
            heard = struct.unpack("<%dh" % w.getnframes(),
                                  w.readframes(w.getnframes()))
        self.assertEqual(list(heard), ulaw_decode(b"".join(said)))

    async def test_dtmf_reader(self):
        call = await self.ua.invite("4930123414")
        m = await call.final()
        for i, event in enumerate((1, 9, 11)):
            for k in range(1, 6):
                call.rtp.send(m.rtp(), struct.pack("!BBH", event, 10,
                                                   160 * k), 101,
                              8000 + 1600 * i, k == 1)
            for _ in range(3):
                call.rtp.send(m.rtp(), struct.pack("!BBH", event, 0x8a, 960),
                              101, 8000 + 1600 * i)
        n = len(call.rtp.packets)
        await call.rtp.wait(lambda p: len(p) > n + 3)
        await call.bye(m)
        self.assertEqual(self.events("end")[0]["digits"], "19#")
        self.assertEqual([e["ms"] for e in self.events("dtmf")], [120] * 3)

    async def test_dtmf_sender(self):
        call = await self.ua.invite("4930123415")
        await call.final()

        def ends(ps):
            return [p for p in ps if p[0] == 101 and p[4][1] & 0x80]
        await call.rtp.wait(lambda ps: len(ends(ps)) == 15)
        digits = [p[4][0] for p in ends(call.rtp.packets)[::3]]
        self.assertEqual(digits, [1, 2, 3, 4, 11])
        self.assertEqual(len({p[2] for p in ends(call.rtp.packets)}), 5)

    async def test_bad_net_loses_packets(self):
        call = await self.ua.invite("4930123424")
        await call.final()
        await call.rtp.wait(lambda p: len(p) >= 150)
        seqs = [p[1] for p in call.rtp.packets]
        span = ((max(seqs) - min(seqs)) & 65535) + 1
        self.assertGreater(span, len(set(seqs)) * 1.03)
        self.assertNotEqual(seqs, sorted(seqs))

    async def test_held_caller_gets_no_rtp(self):
        call = await self.ua.invite("4930123400", sdp=b"")
        m = await call.final(ack=False)
        self.assertIn(b"RTP/AVP 0 8 101", m.body)
        call.sdp = self.ua.sdp(call.rtp.port, direction="sendonly")
        self.ua.send(call.build("ACK", m.get("to"), m.contact_uri(), 1,
                                body=call.sdp))
        mark = b"\x33" * 160
        call.rtp.send(m.rtp(), mark)
        self.assertEqual((await call.bye(m)).status, 200)
        self.assertEqual(call.rtp.packets, [])


    async def test_sender_report_is_answered(self):
        call = await self.ua.invite("4930123439")
        m = await call.final()
        for seq in range(4):
            call.rtp.send(m.rtp(), b"\xff" * 160)
            call.rtp.seq += seq == 1     # one is lost
        n = len(call.rtp.packets)
        await call.rtp.wait(lambda p: len(p) > n + 2)
        rtcp = await Rtp.open()
        report = struct.pack("!BBHIIIIII", 0x80, 200, 6, call.rtp.ssrc,
                             0x11112222, 0x33334444, 0, 4, 640)
        rtcp.transport.sendto(report, (m.rtp()[0], m.rtp()[1] + 1))
        rtcp.packets = []
        await rtcp.wait(lambda p: p)
        pt, _, _, _, rest = rtcp.packets[0]
        self.assertEqual(pt, 200 & 127)
        source, lost, highest, _, lsr, dlsr = struct.unpack(
            "!IIIIII", rest[16:40])
        self.assertEqual((source, lost & 0xffffff, highest, lsr, dlsr),
                         (call.rtp.ssrc, 1, 5, 0x22223333, 0))
        rtcp.close()


class Sounds(Base):
    args = ("--answer-delay", "0", "--sounds")

    async def asyncSetUp(self):
        self.sounds = tempfile.mkdtemp(prefix="phonenet-")
        write_wav(os.path.join(self.sounds, "hello.wav"), [8031] * 800)
        self.args = self.args + (self.sounds,)
        await super().asyncSetUp()

    async def asyncTearDown(self):
        await super().asyncTearDown()
        shutil.rmtree(self.sounds)

    async def test_hello_comes_from_the_file(self):
        call = await self.ua.invite("4930123400")
        await call.final()
        await call.rtp.wait(lambda p: len(p) >= 25)
        pcm = ulaw_decode(b"".join(p[4] for p in call.rtp.packets))
        self.assertEqual(pcm[2400:3200], [pcm[2400]] * 800)
        self.assertLess(abs(pcm[2400] - 8031), 260)

    async def test_unusable_sound_is_refused(self):
        write_wav(os.path.join(self.sounds, "long.wav"), [0] * 80, 44100)
        r = subprocess.run([PROGRAM, "--sounds", self.sounds], text=True,
                           capture_output=True, timeout=10)
        self.assertEqual(r.returncode, 3)
        self.assertIn("long.wav: not a 16-bit mono 8000 Hz WAV", r.stderr)


class Record(Base):
    args = ("--answer-delay", "0")

    async def test_what_a_human_heard(self):
        call = await self.ua.invite("+4930/123400")
        m = await call.final()
        said = [bytes([0x90 + i] * 160) for i in range(20)]
        for i, payload in enumerate(said):
            if i == 7:       # a lost packet is silence, not a shift
                call.rtp.ts += 160
                continue
            call.rtp.send(m.rtp(), payload)
        await call.rtp.wait(lambda p: len(p) > 5)
        await call.bye(m)
        path = os.path.join(self.dir, "+4930_123400-%s.wav" % call.callid)
        with wave.open(path) as w:
            heard = struct.unpack("<%dh" % w.getnframes(),
                                  w.readframes(w.getnframes()))
        want = ulaw_decode(b"".join(said))
        want[7 * 160:8 * 160] = [0] * 160
        self.assertEqual(list(heard), want)


class Usage(unittest.TestCase):
    def test_wrong_options_are_refused(self):
        for args in (["--listen", "nowhere"], ["--mix", "human"],
                     ["--user", "x"], ["--seed", "-1"], ["--what"], ["x"]):
            r = subprocess.run([PROGRAM, *args], capture_output=True,
                               timeout=10, text=True)
            self.assertEqual(r.returncode, 2, args)
            self.assertTrue(r.stderr, args)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
