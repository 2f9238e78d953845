#!/usr/bin/env python3
"""What keeps the way open: CRLF with its pong, STUN, OPTIONS; DSCP marks."""
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import sipserver  # noqa: E402
import tlsserver  # noqa: E402
from sipdialer_ct import Engine, Refused  # noqa: E402
from sipserver import registered, response  # noqa: E402

COOKIE = 0x2112a442                  # RFC 8489 5


def marks_of(here):
    """Of the sockets of this very process with that address; those that only
    listen are none of them."""
    marks = []
    for name in os.listdir("/proc/self/fd"):
        try:
            x = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        with x:
            try:
                if x.getsockname() == here and (
                        x.type == socket.SOCK_DGRAM or x.getpeername()):
                    marks.append(x.getsockopt(socket.IPPROTO_IP,
                                              socket.IP_TOS) >> 2)
            except OSError:
                pass
    return marks


class Udp(sipserver.Server):
    """stun(n, addr): what it says to the n-th Binding request: a mapped
    address, an error code, or None."""

    def __init__(self, ip, answer, stun=None):
        self.stun, self.binds = stun, []
        super().__init__(ip, answer)

    def loop(self):
        receive = self.socket.recvfrom

        class Tap:                   # STUN never reaches the SIP server
            def recvfrom(_, size):
                data, addr = receive(size)
                if data[:2] == b"\0\1" and len(data) >= 20:
                    self.bind(data, addr)
                    return b"\0", addr
                return data, addr

            def __getattr__(_, name):
                return getattr(plain, name)

        plain, self.socket = self.socket, Tap()
        super().loop()
        self.socket = plain

    def bind(self, data, addr):
        self.binds.append(addr)
        said = self.stun(len(self.binds), addr) if self.stun else None
        if said is None:
            return
        if isinstance(said, int):
            kind, attr = 0x0111, struct.pack("!HHHBB", 9, 4, 0, said // 100,
                                             said % 100)
        else:
            ip = struct.unpack("!I", socket.inet_aton(said[0]))[0]
            kind, attr = 0x0101, struct.pack(
                "!HHBBHI", 0x20, 8, 0, 1, said[1] ^ COOKIE >> 16, ip ^ COOKIE)
        self.socket.sendto(struct.pack("!HH", kind, len(attr)) + data[4:20] +
                           attr, addr)


class KeepAlive(flow.Case):
    def engine(self, server, **options):
        o = {"sip.server": server.ip, "sip.port": server.port,
             "sip.user": "alice", "sip.local_address": self.ip,
             "sip.keepalive_interval": 1, "log.level": "info"}
        o.update({k.replace("__", "."): v for k, v in options.items()})
        d = self.enter(Engine(flow.LIBRARY, o))
        d.start()
        d.wait("registration", status="registered")
        return d

    def udp(self, stun=None):
        return self.enter(Udp(self.ip, lambda m: registered(m, 600)
                              if m.method == "REGISTER"
                              else response(m, 200), stun))

    # conformance: RFC 5626 4.4.2 | STUN on the SIP flow; a mapped address that changes registers anew | own server
    def test_stun_finds_a_changed_address(self):
        s = self.udp(lambda n, addr: addr if n < 3 else ("192.0.2.9", 4242))
        self.engine(s, sip__keepalive="stun")
        s.wait("REGISTER", 2)
        self.assertGreater(len(s.binds), 2)
        flow.until(lambda: len(s.binds) > 4, what="STUN goes on")
        self.assertEqual(len(s.all("REGISTER")), 2)

    def test_server_without_stun(self):
        s = self.udp(lambda n, addr: 400)
        d = self.engine(s, sip__keepalive="stun")
        e = d.wait("log", level="warning")
        self.assertIn("does not answer STUN", e["text"])
        self.assertEqual((len(s.all("REGISTER")), len(s.binds)), (1, 1))

    # conformance: RFC 3261 11 | keep-alive by OPTIONS outside of dialogs | own server
    def test_options(self):
        s = self.udp()
        d = self.engine(s, sip__keepalive="options")
        asked = s.wait("OPTIONS", 3)
        self.assertEqual(len({m.get("call-id") for m in asked}), 3)
        self.assertTrue(all(m.first.startswith("OPTIONS sip:%s" % self.ip) and
                            not m.to_tag for m in asked), asked[0].first)
        self.assertEqual(len(s.all("REGISTER")), 1)
        d.stop()

    def pongs(self, extra):
        """A TCP server that sends no pong, and says so or not."""
        s = self.enter(tlsserver.Server(self.ip, None, lambda m: registered(
            m, 600).replace(b"\r\nContent-Length", extra +
                            b"\r\nContent-Length")))
        return s, self.engine(s, sip__transport="tcp")

    # conformance: RFC 5626 4.4.1 | no pong in 10 s of a server that does outbound: the connection is made anew | own server
    def test_pong_of_an_outbound_server(self):
        s, d = self.pongs(b"\r\nRequire: outbound")
        lost = d.wait("registration", status="failed", seconds=20)
        self.assertIn("lost", lost["reason"])
        # 30 s and less for such a server. RFC 5626 4.5
        d.wait("registration", status="registered", seconds=60)
        self.assertEqual(s.connections, 2)

    # conformance: RFC 5626 3.5.1 | other servers owe no pong | own server
    def test_no_pong_is_expected_of_others(self):
        s, d = self.pongs(b"")
        flow.until(lambda: s.pings >= 12, 25, "12 pings")
        self.assertEqual(s.connections, 1)
        self.assertEqual([e["status"] for e in d.all("registration")],
                         ["connecting", "registered"])


class Dscp(flow.Case):
    """The mark as it arrives."""

    def marks(self, family, ip, *options):
        """(of the REGISTER, of the first RTP packet)"""
        v6 = family == socket.AF_INET6
        level = (socket.IPPROTO_IPV6, 66, 67) if v6 else \
            (socket.IPPROTO_IP, 13, 1)      # RECVTCLASS, TCLASS; RECVTOS, TOS
        found = {}
        rtp = socket.socket(family, socket.SOCK_DGRAM)
        sip = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(rtp.close)
        self.addCleanup(sip.close)
        for s in (rtp, sip):
            s.bind((ip, 0))
            s.settimeout(10)
            s.setsockopt(level[0], level[1], 1)

        def receive(s):
            data, anc, _, addr = s.recvmsg(65536, 256)
            return data, struct.unpack("i", next(
                c[2] for c in anc if c[:2] == (level[0], level[2])
            ).ljust(4, b"\0"))[0] >> 2, addr

        host = "[%s]" % ip if v6 else ip
        c = self.command("-o", "sip.server=" + host, "-o", "sip.port=%d" %
                         sip.getsockname()[1], "-o", "sip.register=no", "-o",
                         "sip.local_address=" + ip, *options, "call", "100",
                         "--max-duration", 2)
        sdp = ("v=0\r\no=- 1 1 IN IP{0} {1}\r\ns=-\r\nc=IN IP{0} {1}\r\n"
               "t=0 0\r\nm=audio {2} RTP/AVP 0\r\n").format(
                   6 if v6 else 4, ip, rtp.getsockname()[1]).encode()
        while "invite" not in found:
            data, mark, addr = receive(sip)
            if data.startswith(b"INVITE"):
                found["invite"] = mark
                ok = response(sipserver.Message(data), 200, [
                    "Contact: <sip:100@%s:%d>" % (
                        host, sip.getsockname()[1]),
                    "Content-Type: application/sdp"])
                sip.sendto(ok.replace(b"Content-Length: 0",
                                      b"Content-Length: %d" % len(sdp)) +
                           sdp, addr)
        mark = receive(rtp)[1]
        c.close()
        return found["invite"], mark

    # conformance: RFC 2474 3 | SIP and RTP packets carry the marks of sip.dscp and media.dscp, CS3 and EF unless set | kernel
    def test_marks_of_ipv4(self):
        self.assertEqual(self.marks(socket.AF_INET, self.ip), (24, 46))
        self.assertEqual(self.marks(socket.AF_INET, self.ip, "-o",
                                    "sip.dscp=0", "-o", "media.dscp=34"),
                         (0, 34))

    # conformance: RFC 2474 3 | the same by IPv6 | kernel
    def test_marks_of_ipv6(self):
        if not os.path.exists("/proc/net/if_inet6"):
            self.skipTest("no IPv6")
        self.assertEqual(self.marks(socket.AF_INET6, "::1"), (24, 46))

    # conformance: RFC 2474 3 | a TCP connection carries the mark of sip.dscp | kernel
    def test_marks_of_tcp(self):
        s = self.enter(tlsserver.Server(self.ip, None, lambda m: registered(
            m, 600)))
        o = {"sip.server": s.ip, "sip.port": s.port, "sip.user": "a",
             "sip.transport": "tcp", "sip.local_address": self.ip,
             "sip.dscp": 10}
        d = self.enter(Engine(flow.LIBRARY, o))
        d.start()
        d.wait("registration", status="registered")
        self.assertEqual(marks_of(s.open[0].getpeername()), [10])


class Accounts(flow.Case):
    """The engine's own account and two by name, each in its own way."""

    # conformance: RFC 5626 3.5.1, RFC 2474 3 | accounts of one engine keep their own ways open, each as its options say, with the mark of its own; what an account does not say is as the engine does | own server
    def test_each_as_its_options_say(self):
        def answer(msg):
            return registered(msg, 600) if msg.method == "REGISTER" else \
                response(msg, 200)

        mine = self.enter(tlsserver.Server(self.ip, None, answer))
        asked = self.enter(tlsserver.Server(flow.address(1), None, answer))
        same = self.enter(tlsserver.Server(flow.address(1), None, answer))
        bound = self.enter(Udp(flow.address(1), answer,
                               lambda n, addr: addr))

        def where(s, **more):
            return {"sip.server": s.ip, "sip.port": s.port, "sip.user": "a",
                    **{k.replace("__", "."): v for k, v in more.items()}}

        d = self.enter(Engine(flow.LIBRARY, where(
            mine, sip__local_address=self.ip, sip__transport="tcp",
            sip__dscp=10, sip__keepalive_interval=1)))
        d.account_add("asked", where(asked, sip__keepalive="options",
                                     sip__dscp=34))
        d.account_add("same", where(same))
        d.start()
        # of an engine that runs, too
        d.account_add("bound", where(bound, sip__transport="udp",
                                     sip__keepalive="stun", sip__dscp=0))
        for _ in range(4):
            d.wait("registration", status="registered")
        asked.wait("OPTIONS", 3)
        flow.until(lambda: min(mine.pings, same.pings,
                               len(bound.binds)) > 2, what="keep-alives")
        self.assertEqual([len(s.all("OPTIONS")) for s in
                          (mine, same, bound)], [0, 0, 0])
        self.assertEqual(asked.pings, 0)
        self.assertEqual([marks_of(s.open[0].getpeername())
                          for s in (mine, asked, same)], [[10], [34], [10]])
        self.assertEqual(marks_of(bound.binds[0]), [0])

    def test_marks_of_media_are_the_engines(self):
        d = self.enter(Engine(flow.LIBRARY, {"sip.local_address": self.ip}))
        for name, value, words in (
                ("media.dscp", 34, "media.dscp"),
                ("sip.dscp", 64, "63"),
                ("sip.keepalive", "ping", "crlf,stun,options")):
            with self.subTest(name=name), self.assertRaises(Refused) as e:
                d.account_add("a", {"sip.server": self.ip, name: value})
            self.assertEqual(e.exception.name, "SIPDIALER_EINVAL")
            self.assertIn(words, e.exception.text)


if __name__ == "__main__":
    flow.main()
