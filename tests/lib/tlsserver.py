"""A SIP server over TLS in a few lines; what it does wrong is up to a test."""
import socket
import ssl
import threading
import time

from ports import bound
from pysip import Message
from sipserver import registered, response


def split(data):
    """(whole messages, rest) of a stream. RFC 3261 18.3"""
    out = []
    while True:
        data = data.lstrip(b"\r\n")
        head, mark, body = data.partition(b"\r\n\r\n")
        if not mark:
            return out, data
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.strip().lower() in (b"content-length", b"l"):
                length = int(value)
        if len(body) < length:
            return out, data
        out.append(head + mark + body[:length])
        data = body[length:]


def context(cert, key, **options):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if "ciphers" in options:         # before a weak certificate
        c.set_ciphers(options["ciphers"])
    c.load_cert_chain(cert, key)
    c.minimum_version = options.get("least", ssl.TLSVersion.TLSv1_2)
    c.maximum_version = options.get("most",
                                    ssl.TLSVersion.MAXIMUM_SUPPORTED)
    if "clients" in options:         # of this authority only
        c.verify_mode = ssl.CERT_REQUIRED
        c.load_verify_locations(options["clients"])
    return c


class Server:
    """Of ctx, or with None of TCP.  answer(msg) -> bytes or None.  What came is in got, and before TLS in
    raw; SNI in names; pings counts CRLF CRLF."""

    def __init__(self, ip, ctx, answer=None, port=0, raw=None):
        self.ctx, self.answer = ctx, answer or self.standard
        self.raw_handler = raw       # instead of TLS: raw(socket, server)
        self.got, self.names, self.connections = [], [], 0
        self.pings, self.versions, self.errors = 0, [], []
        self.sip_bytes, self.over, self.open = 0, False, []
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        self.socket = bound(ip, port, lambda p: socket.create_server(
            (ip, p), family=family))
        self.socket.settimeout(0.1)
        self.ip, self.port = self.socket.getsockname()[:2]
        if ctx:
            ctx.sni_callback = lambda s, name, c: self.names.append(name)
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    @staticmethod
    def standard(msg):
        if msg.method == "REGISTER":
            return registered(msg, 60)
        return response(msg, 486) if msg.method == "INVITE" else None

    def accept(self):
        while not self.over:
            try:
                s, _ = self.socket.accept()
            except socket.timeout:
                continue
            self.connections += 1
            s.settimeout(0.1)
            t = threading.Thread(target=self.serve, args=(s,))
            self.threads.append(t)
            t.start()

    def serve(self, s):
        try:
            if self.raw_handler:
                self.raw_handler(s, self)
                return
            if not self.ctx:
                self.open.append(s)
                self.talk(s)
                return
            s.settimeout(5)
            with self.ctx.wrap_socket(s, server_side=True) as t:
                self.versions.append(t.version())
                self.open.append(t)
                t.settimeout(0.1)
                self.talk(t)
        except (ssl.SSLError, OSError) as e:
            self.errors.append(str(e))
        finally:
            s.close()

    def talk(self, t):
        rest = b""
        while not self.over:
            try:
                data = t.recv(65536)
            except socket.timeout:
                continue
            if not data:
                return
            self.sip_bytes += len(data)
            if data == b"\r\n\r\n":
                self.pings += 1
                continue
            texts, rest = split(rest + data)
            for text in texts:
                msg = Message(text, t.getpeername())
                self.got.append(msg)
                out = None if msg.status or msg.method == "ACK" \
                    else self.answer(msg)
                if out:
                    t.sendall(out)

    def cut(self):
        """Ends all connections, without a word."""
        # the peer connects anew meanwhile, and that one is to live
        ending, self.open = self.open, []
        for t in ending:
            try:
                t.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def all(self, method):
        return [m for m in self.got if m.method == method and not m.status]

    def wait(self, method, count=1, seconds=10):
        end = time.monotonic() + seconds
        while len(self.all(method)) < count:
            if time.monotonic() > end:
                raise AssertionError("%d of %d %s within %g s; %s" % (
                    len(self.all(method)), count, method, seconds,
                    self.errors))
            time.sleep(0.01)
        return self.all(method)

    def close(self):
        self.over = True
        for t in self.threads:
            t.join()
        self.socket.close()
