"""A name server in a few lines, with the records of a test.

    dns = Dns("127.0.0.1", {"pbx.example": [a("127.0.0.9")]})
    dns.text                        # "127.0.0.1:40000", for sip.dns_servers
    dns.records["pbx.example"] = [] # from now on
    dns.asked                       # [("pbx.example", 1), ...]
"""
import contextlib
import ipaddress
import socket
import struct
import threading

from ports import bound

A, CNAME, SOA, AAAA, SRV, NAPTR = 1, 5, 6, 28, 33, 35
NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5


def name(text):
    out = b"".join(bytes([len(p)]) + p.encode()
                   for p in text.strip(".").split(".") if p)
    return out + b"\0"


def string(text):
    return bytes([len(text)]) + text.encode()


def a(ip, ttl=60):
    ip = ipaddress.ip_address(ip)
    return (A if ip.version == 4 else AAAA, ttl, ip.packed)


def srv(target, port, priority=10, weight=0, ttl=60):
    return (SRV, ttl, struct.pack("!3H", priority, weight, port) +
            name(target))


def naptr(service, to, order=10, preference=10, flags="s", regexp="",
          ttl=60):
    return (NAPTR, ttl, struct.pack("!2H", order, preference) +
            string(flags) + string(service) + string(regexp) + name(to))


def cname(to, ttl=60):
    return (CNAME, ttl, name(to))


class Dns:
    """records: name -> list of records, or a status, or None for silence."""

    def __init__(self, ip, records=None, port=0, cut=False):
        self.records, self.asked, self.cut = dict(records or {}), [], cut
        self.twist = None            # answer -> what is sent instead
        self.delay = 0               # seconds, by UDP
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound(ip, port, lambda p: self.udp.bind((ip, p)))
        self.ip, self.port = self.udp.getsockname()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((ip, self.port))
        self.tcp.listen(8)
        self.by_tcp = 0
        for loop in (self.datagrams, self.streams):
            threading.Thread(target=loop, daemon=True).start()

    @property
    def text(self):
        return "%s:%d" % (self.ip, self.port)

    def answer(self, query, cut):
        end = query.index(0, 12) + 5
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += query[at] + 1
        asked = ".".join(labels).lower()
        kind = struct.unpack("!H", query[end - 4:end - 2])[0]
        self.asked.append((asked, kind))
        known = self.records.get(asked, NXDOMAIN)
        if known is None:
            return None
        rcode, answers = (known, []) if isinstance(known, int) else (0, [])
        where = asked
        while rcode == 0:
            here = self.records.get(where, [])
            here = here if isinstance(here, list) else []
            hits = [r for r in here if r[0] in (kind, CNAME)]
            answers += [(where, r) for r in hits]
            alias = [r for r in hits if r[0] == CNAME and kind != CNAME]
            if not alias or len(answers) > 20:
                break
            where = ".".join(p.decode() for p in labels_of(alias[0][2]))
        more = b"" if answers else b"\xc0\x0c" + struct.pack(
            "!HHIH", SOA, 1, 2, 22) + b"\0\0" + struct.pack(
                "!5I", 1, 2, 3, 4, 2)
        flags = 0x8580 | rcode | (0x200 if cut else 0)
        body = b"" if cut else b"".join(
            name(owner) + struct.pack("!HHIH", t, 1, ttl, len(data)) + data
            for owner, (t, ttl, data) in answers)
        out = query[:2] + struct.pack(
            "!5H", flags, 1, 0 if cut else len(answers),
            0 if cut or answers else 1, 0) + query[12:end] + body + \
            (b"" if cut else more)
        return self.twist(out) if self.twist else out

    def datagrams(self):
        while True:
            try:
                query, peer = self.udp.recvfrom(2000)
                if not query:
                    return
                out = self.answer(query, self.cut)
                if out is not None and self.delay:
                    threading.Timer(self.delay, self.late,
                                    (out, peer)).start()
                elif out is not None:
                    self.udp.sendto(out, peer)
            except OSError:
                return

    def late(self, out, peer):
        with contextlib.suppress(OSError):
            self.udp.sendto(out, peer)

    def streams(self):
        while True:
            try:
                peer, _ = self.tcp.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(5)
                query = peer.recv(2000)
                out = self.answer(query[2:], False)
                self.by_tcp += 1
                if out is not None:
                    # in pieces, as a stream may come
                    data = struct.pack("!H", len(out)) + out
                    peer.sendall(data[:1])
                    peer.sendall(data[1:20])
                    peer.sendall(data[20:])
                    peer.recv(1)

    def close(self):
        for s in (self.udp, self.tcp):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()


def labels_of(data):
    out, at = [], 0
    while data[at]:
        out.append(data[at + 1:at + 1 + data[at]])
        at += data[at] + 1
    return out
