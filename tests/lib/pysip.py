"""A small SIP telephone for tests: asyncio, UDP, digest, RTP G.711.

Not a product: it does what a test needs and shows every message it got.
Nothing here is shared with the library or with phonenet.

    net = Phonenet("build/tests/phonenet/sipdialer-phonenet", "--no-media")
    ua = await UA.open(net.addr)
    call = await ua.invite("4930123400")
    ok = await call.final()          # the final response, ACKed
    await call.bye()
"""
import asyncio
import hashlib
import json
import os
import random
import re
import select
import struct
import subprocess
import time

T1 = 0.5


class Message:
    """A parsed message; headers are a list of (lower-case name, value)."""

    def __init__(self, data, addr=None):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace").split("\r\n")
        self.first = lines[0]
        self.addr = addr
        self.at = time.monotonic()
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.append((name.strip().lower(), value.strip()))
        words = self.first.split(" ", 2)
        self.status = int(words[1]) if words[0] == "SIP/2.0" else 0
        self.method = self.get("cseq").split()[1]
        self.cseq = int(self.get("cseq").split()[0])

    def get(self, name, default=""):
        return next((v for n, v in self.headers if n == name.lower()), default)

    def all(self, name):
        return [v for n, v in self.headers if n == name.lower()]

    @property
    def to_tag(self):
        m = re.search(r";tag=([^;>\s]+)", self.get("to"))
        return m.group(1) if m else ""

    @property
    def branch(self):
        return re.search(r"branch=([^;,\s]+)", self.get("via")).group(1)

    def contact_uri(self):
        m = re.search(r"<([^>]+)>", self.get("contact"))
        return m.group(1) if m else self.get("contact")

    def rtp(self):
        """(address, port) of the first audio in the SDP, or None."""
        text = self.body.decode()
        c = re.search(r"^c=IN IP4 (\S+)", text, re.M)
        m = re.search(r"^m=audio (\d+)", text, re.M)
        return (c.group(1), int(m.group(1))) if c and m else None

    def __repr__(self):
        return "<%s | %s>" % (self.first, self.get("cseq"))


def digest(challenge, method, uri, user, password):
    """The value of an Authorization header.  RFC 7616 3.4"""
    p = {k.lower(): a or b for k, a, b in
         re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', challenge)}
    algorithm = p.get("algorithm", "MD5")
    h = hashlib.sha256 if algorithm.upper() == "SHA-256" else hashlib.md5

    def hx(text):
        return h(text.encode()).hexdigest()

    a1 = hx("%s:%s:%s" % (user, p["realm"], password))
    a2 = hx("%s:%s" % (method, uri))
    out = ('Digest username="%s", realm="%s", nonce="%s", uri="%s", '
           'algorithm=%s' % (user, p["realm"], p["nonce"], uri, algorithm))
    if "qop" in p:
        cnonce = "%08x" % random.getrandbits(32)
        r = hx("%s:%s:00000001:%s:auth:%s" % (a1, p["nonce"], cnonce, a2))
        out += ', qop=auth, nc=00000001, cnonce="%s"' % cnonce
    else:
        r = hx("%s:%s:%s" % (a1, p["nonce"], a2))
    return out + ', response="%s"' % r


class Rtp(asyncio.DatagramProtocol):
    """An audio socket: keeps what came, sends what it is told."""

    @classmethod
    async def open(cls, ip="127.0.0.1"):
        loop = asyncio.get_running_loop()
        _, self = await loop.create_datagram_endpoint(
            cls, local_addr=(ip, 0))
        return self

    def __init__(self):
        self.packets = []           # (pt, seq, ts, marker, payload)
        self.seq, self.ts, self.ssrc = 1, 0, random.getrandbits(32)
        self.more = asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data, addr):
        b0, b1, seq, ts, _ = struct.unpack("!BBHII", data[:12])
        self.packets.append((b1 & 127, seq, ts, b1 >> 7, data[12:]))
        self.more.set()

    def send(self, to, payload, pt=0, ts=None, marker=0, step=160):
        head = struct.pack("!BBHII", 0x80, marker << 7 | pt, self.seq & 65535,
                           self.ts if ts is None else ts, self.ssrc)
        self.transport.sendto(head + payload, to)
        self.seq += 1
        self.ts += step

    async def wait(self, condition, timeout=5):
        """Until condition(packets) holds; raises TimeoutError."""
        async def until():
            while not condition(self.packets):
                self.more.clear()
                await self.more.wait()
        await asyncio.wait_for(until(), timeout)

    def close(self):
        self.transport.close()


class Call:
    def __init__(self, ua, number, rtp, headers, sdp):
        self.ua, self.number, self.rtp = ua, number, rtp
        self.uri = "sip:%s@%s:%d" % ((number,) + ua.server)
        self.callid = "%032x" % random.getrandbits(128)
        self.tag = "%08x" % random.getrandbits(32)
        self.cseq = 0
        self.headers, self.sdp = headers, sdp
        self.got = []                # every message of this call
        self.more = asyncio.Event()
        self.auto = True             # answer requests of theirs with 200
        ua.calls[self.callid] = self

    def arrived(self, msg):
        self.got.append(msg)
        self.more.set()
        if not msg.status and self.auto and msg.method != "ACK":
            self.ua.reply(msg, 200, body=self.sdp
                          if msg.method == "INVITE" else b"")

    async def wait(self, condition, timeout=5):
        """The first message for which condition(message) holds."""
        async def until():
            seen = 0
            while True:
                while seen < len(self.got):
                    seen += 1
                    if condition(self.got[seen - 1]):
                        return self.got[seen - 1]
                self.more.clear()
                await self.more.wait()
        return await asyncio.wait_for(until(), timeout)

    def status(self, code, method="INVITE"):
        return self.wait(lambda m: m.status == code and m.method == method)

    def build(self, method, to="", uri=None, cseq=None, branch=None,
              extra=(), body=b""):
        self.branch = branch or "z9hG4bK%016x" % random.getrandbits(64)
        return self.ua.build(method, uri or self.uri, self.callid, self.tag,
                             to or "<%s>" % self.uri, cseq or self.cseq,
                             self.branch, extra, body)

    def start(self, extra=()):
        self.cseq += 1
        self.invite = self.build("INVITE", extra=list(self.headers) +
                                 list(extra), body=self.sdp)
        self.invite_branch = self.branch
        self.ua.send(self.invite)

    def again(self):
        """The INVITE once more, byte for byte."""
        self.ua.send(self.invite)

    def ack(self, final):
        ok = final.status < 300
        self.ua.send(self.build(
            "ACK", final.get("to"), final.contact_uri() if ok else None,
            final.cseq, None if ok else self.invite_branch))

    async def final(self, timeout=5, ack=True):
        """The final response, ACKed; a 401/407 is answered once."""
        m = await self.wait(lambda m: m.status >= 200 and m.method == "INVITE"
                            and m.cseq == self.cseq, timeout)
        if m.status in (401, 407) and self.ua.password and self.cseq == 1:
            self.ack(m)
            name = "WWW" if m.status == 401 else "Proxy"
            value = digest(m.get(name + "-Authenticate"), "INVITE", self.uri,
                           self.ua.user, self.ua.password)
            self.start(["%s: %s" % ("Authorization" if m.status == 401 else
                                    "Proxy-Authorization", value)])
            return await self.final(timeout, ack)
        if ack:
            self.ack(m)
        return m

    def cancel(self):
        self.ua.send(self.build("CANCEL", cseq=self.cseq,
                                branch=self.invite_branch))

    def send_bye(self, final):
        self.cseq += 1
        self.ua.send(self.build("BYE", final.get("to"), final.contact_uri()))

    async def bye(self, final=None, timeout=5):
        final = final or next(m for m in self.got if m.status == 200 and
                              m.method == "INVITE")
        self.send_bye(final)
        return await self.wait(lambda m: m.status and m.method == "BYE",
                               timeout)


class UA(asyncio.DatagramProtocol):
    @classmethod
    async def open(cls, server, user="alice", password=None, ip="127.0.0.1"):
        loop = asyncio.get_running_loop()
        _, self = await loop.create_datagram_endpoint(
            lambda: cls(server, user, password, ip), local_addr=(ip, 0))
        return self

    def __init__(self, server, user, password, ip):
        self.server, self.user, self.password = server, user, password
        self.ip = ip
        self.calls = {}
        self.lost = []               # messages of no known call
        self.more = asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data, addr):
        msg = Message(data, addr)
        call = self.calls.get(msg.get("call-id"))
        if call:
            call.arrived(msg)
        else:
            self.lost.append(msg)
            self.more.set()

    def send(self, data):
        self.transport.sendto(data, self.server)

    def build(self, method, uri, callid, tag, to, cseq, branch, extra=(),
              body=b""):
        lines = ["%s %s SIP/2.0" % (method, uri),
                 "Via: SIP/2.0/UDP %s:%d;branch=%s;rport" %
                 (self.ip, self.port, branch),
                 "Max-Forwards: 70",
                 "From: <sip:%s@%s>;tag=%s" % (self.user, self.server[0],
                                               tag),
                 "To: %s" % to, "Call-ID: %s" % callid,
                 "CSeq: %d %s" % (cseq, method)]
        if not any(e.lower().startswith("contact:") for e in extra):
            lines.append("Contact: <sip:%s@%s:%d>" % (self.user, self.ip,
                                                      self.port))
        lines += list(extra)
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append("Content-Length: %d" % len(body))
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def reply(self, msg, status, text="OK", body=b""):
        lines = ["SIP/2.0 %d %s" % (status, text)]
        for name in ("via", "from", "to", "call-id", "cseq"):
            lines += ["%s: %s" % (name, v) for v in msg.all(name)]
        lines.append("Contact: <sip:%s@%s:%d>" % (self.user, self.ip,
                                                  self.port))
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append("Content-Length: %d" % len(body))
        self.transport.sendto(("\r\n".join(lines) + "\r\n\r\n").encode() +
                              body, msg.addr)

    def sdp(self, port, events=True, pts="0 8", direction="sendrecv"):
        return ("v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\n"
                "t=0 0\r\nm=audio {1} RTP/AVP {2}{3}\r\n{4}a={5}\r\n").format(
                    self.ip, port, pts, " 101" if events else "",
                    "a=rtpmap:101 telephone-event/8000\r\n" if events else "",
                    direction).encode()

    async def invite(self, number, headers=(), events=True, sdp=None):
        rtp = await Rtp.open(self.ip)
        call = Call(self, number, rtp, headers, b"")
        call.sdp = self.sdp(rtp.port, events) if sdp is None else sdp
        call.start()
        return call

    async def transaction(self, method, uri, extra=(), timeout=5, user=None):
        """One request outside a dialog; sent again until answered."""
        call = Call(self, user or self.user, None, (), b"")
        call.cseq = 1
        data = call.build(method, "<sip:%s@%s>" % (user or self.user,
                                                   self.server[0]),
                          uri, extra=extra)
        end, gap = time.monotonic() + timeout, T1
        while True:
            self.send(data)
            try:
                return await call.wait(lambda m: m.status >= 200, gap)
            except asyncio.TimeoutError:
                gap = min(gap * 2, 4)
                if time.monotonic() > end:
                    raise

    async def register(self, expires=300, user=None, password=None,
                       contact=None, algorithm=None):
        """The last response; a challenge is answered once."""
        uri = "sip:%s:%d" % self.server
        extra = ["Expires: %d" % expires]
        if contact:
            extra.append("Contact: " + contact)
        m = await self.transaction("REGISTER", uri, extra, user=user)
        password = password or self.password
        if m.status != 401 or not password:
            return m
        challenges = [c for c in m.all("www-authenticate")
                      if not algorithm or "algorithm=" + algorithm in c]
        auth = digest(challenges[0], "REGISTER", uri, user or self.user,
                      password)
        return await self.transaction("REGISTER", uri, extra +
                                      ["Authorization: " + auth], user=user)

    def close(self):
        self.transport.close()
        for call in self.calls.values():
            if call.rtp:
                call.rtp.close()


class Phonenet:
    """The simulated network as a child; ends when the test process does."""

    def __init__(self, program, *args, ready=10):
        self.child = subprocess.Popen(
            [program, "--parent-dies", "--stats-on-exit", "--quiet", *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not select.select([self.child.stdout], [], [], ready)[0]:
            self.child.kill()
            raise TimeoutError("phonenet did not get ready")
        line = self.child.stdout.readline()
        m = re.match(r"phonenet ready udp:([\d.]+):(\d+)", line)
        if not m:
            raise RuntimeError("phonenet said %r" % line)
        self.addr = (m.group(1), int(m.group(2)))

    def stop(self, timeout=10):
        """Closes its stdin; returns the counters it ends with."""
        out, _ = self.child.communicate("", timeout=timeout)
        if self.child.returncode:
            raise RuntimeError("phonenet ended with %d" %
                               self.child.returncode)
        return json.loads(out.splitlines()[-1])


def journal(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def ulaw_decode(data):
    """G.711 µ-law to a list of samples."""
    out = []
    for u in data:
        u = ~u & 255
        v = (((u & 15) << 3) + 132) << ((u >> 4) & 7)
        out.append(132 - v if u & 128 else v - 132)
    return out
