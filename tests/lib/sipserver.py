"""A SIP server in a few lines: it keeps every request, and answers as told.

Where the simulated network is too well behaved: short registrations, refused
refreshes, answers cut or twisted.
"""
import socket
import threading
import time

from ports import bound
from pysip import Message

REASONS = {100: "Trying", 180: "Ringing", 200: "OK", 401: "Unauthorized",
           486: "Busy Here", 503: "Service Unavailable"}


def response(msg, status, extra=()):
    """The text of a response to a request."""
    lines = ["SIP/2.0 %d %s" % (status, REASONS.get(status, "Because"))]
    for name in ("via", "from", "to", "call-id", "cseq"):
        for value in msg.all(name):
            if name == "to" and status > 100 and "tag=" not in value:
                value += ";tag=server"
            lines.append("%s: %s" % (name.title(), value))
    return ("\r\n".join(lines + list(extra)) +
            "\r\nContent-Length: 0\r\n\r\n").encode()


def registered(msg, seconds):
    """200 that grants so many seconds, whatever was asked for."""
    if asked(msg) == 0:
        return response(msg, 200)
    return response(msg, 200, ["Contact: %s;expires=%d" % (
        msg.get("contact").split(";expires")[0], seconds)])


def asked(msg):
    """The seconds a REGISTER asks for."""
    contact = msg.get("contact")
    if ";expires=" in contact:
        return int(contact.split(";expires=")[1].split(";")[0])
    return int(msg.get("expires", "-1"))


class Server:
    """answer(msg) -> bytes, a list of them, or None for silence."""

    def __init__(self, ip, answer, port=0):
        self.socket = socket.socket(socket.AF_INET6 if ":" in ip
                                    else socket.AF_INET, socket.SOCK_DGRAM)
        bound(ip, port, lambda p: self.socket.bind((ip, p)))
        self.socket.settimeout(0.1)
        self.ip, self.port = self.socket.getsockname()[:2]
        self.answer, self.got, self.raw = answer, [], []
        self.over = False
        self.thread = threading.Thread(target=self.loop)
        self.thread.start()

    def loop(self):
        while not self.over:
            try:
                data, addr = self.socket.recvfrom(65536)
            except socket.timeout:
                continue
            if not data.strip(b"\r\n\0"):
                continue             # keep-alive
            msg = Message(data, addr)
            self.raw.append(data)
            self.got.append(msg)
            if msg.status or msg.method == "ACK":
                continue
            out = self.answer(msg) or []
            for text in [out] if isinstance(out, bytes) else out:
                self.socket.sendto(text, addr)

    def all(self, method):
        return [m for m in self.got if m.method == method and not m.status]

    def wait(self, method, count=1, seconds=10):
        end = time.monotonic() + seconds
        while len(self.all(method)) < count:
            if time.monotonic() > end:
                raise AssertionError("%d of %d %s within %g s" % (
                    len(self.all(method)), count, method, seconds))
            time.sleep(0.01)
        return self.all(method)

    def close(self):
        if not self.over:
            self.over = True
            self.thread.join()
            self.socket.close()
