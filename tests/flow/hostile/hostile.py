"""What the hostile tests share: the corpus, an engine as a child, its far end.

The environment says where things are: SIPDIALER_HOSTILE (the engine of
engine.c), SIPDIALER_CORPUS (the broken files; the folder shared/data/corpus
beside the project unless it is set).
"""
import csv
import json
import os
import queue
import random
import re
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "lib"))

import flow  # noqa: E402
from pysip import Message  # noqa: E402

ENGINE = os.environ.get("SIPDIALER_HOSTILE", "hostile_engine")
CORPUS = os.environ.get("SIPDIALER_CORPUS") or os.path.join(
    HERE, "..", "..", "..", "..", "shared", "data", "corpus")
WAIT = 20       # s, for what takes milliseconds on an idle machine
SANITIZED = bool(os.environ.get("SIPDIALER_SANITIZED"))


def unique():
    return "%016x" % random.getrandbits(64)


class File:
    """One file of the corpus, and what is expected of it."""

    def __init__(self, row):
        self.name = row["path"]
        self.folder = self.name.split("/")[0]
        self.case, self.expected = row["case"], row["expected"]

    @property
    def path(self):
        return os.path.join(CORPUS, self.name)

    @property
    def data(self):
        with open(self.path, "rb") as f:
            return f.read()


def corpus(*folders):
    """The files of these folders; ends the process as skipped without."""
    path = os.path.join(CORPUS, "manifest.tsv")
    if not os.path.exists(path):
        flow.skip("no corpus at SIPDIALER_CORPUS or beside the project")
    with open(path, encoding="utf-8", newline="") as f:
        rows = csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [file for file in map(File, rows) if file.folder in folders]


class Engine:
    """hostile_engine: its events, what it answers, how it ended."""

    def __init__(self, **options):
        args = ["%s=%s" % (k.replace("__", "."), v)
                for k, v in options.items()]
        self.child = subprocess.Popen(
            [ENGINE, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, bufsize=1)
        self.events, self.answers = [], queue.Queue()
        self.more = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        text = self.wait(lambda e: e["event"] == "started")["text"]
        host, port = text[4:].rsplit(":", 1)
        self.addr = (host, int(port))

    def read(self):
        for line in self.child.stdout:
            got = json.loads(line)
            if "event" in got:
                with self.more:
                    self.events.append(got)
                    self.more.notify_all()
            else:
                self.answers.put(got)
        with self.more:
            self.more.notify_all()

    def wait(self, condition, seconds=WAIT):
        """The first event for which it holds."""
        end, seen = time.monotonic() + seconds, 0
        while True:
            with self.more:
                while seen == len(self.events):
                    left = end - time.monotonic()
                    if left <= 0 or not self.reader.is_alive():
                        raise AssertionError("engine: %s; %r" % (
                            "over" if left > 0 else "no such event",
                            self.events[-3:]))
                    self.more.wait(min(left, 1))
                seen += 1
                event = self.events[seen - 1]
            if condition(event):
                return event

    def ask(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        return self.answers.get(timeout=WAIT)

    def call(self, number, *options):
        got = self.ask(" ".join(("call", number) + options))["reply"]
        if got < 0:
            raise AssertionError("call refused: %d" % got)
        return got

    def hangup(self, call):
        return self.ask("hangup %d" % call)["reply"]

    def ended(self, call, seconds=WAIT):
        return self.wait(lambda e: e["event"] == "call_ended" and
                         e["call"] == call, seconds)

    def stats(self):
        return self.ask("stats")["stats"]

    def forget(self):
        """Events so far are not looked at again."""
        with self.more:
            del self.events[:]

    def memory(self):
        """kB of its resident memory."""
        with open("/proc/%d/statm" % self.child.pid, encoding="ascii") as f:
            return int(f.read().split()[1]) * (os.sysconf("SC_PAGE_SIZE") //
                                               1024)

    def end(self):
        """Stops it; (exit status, what it wrote to stderr)."""
        if self.child.poll() is None:
            self.child.stdin.write("stop\n")
            self.child.stdin.close()
        try:
            status = self.child.wait(WAIT)
        finally:
            self.close()
        return status, self.child.stderr.read()

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


def sdp(ip, port, direction="sendrecv"):
    return ("v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n"
            "m=audio {1} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000"
            "\r\na={2}\r\n").format(ip, port, direction).encode()


class Dialog:
    """A call of the engine, as its far end sees it."""

    def __init__(self, peer, invite):
        self.peer, self.invite, self.addr = peer, invite, invite.addr
        self.tag, self.cseq = unique(), 0
        self.ended = False

    def response(self, msg, status, body=b"", extra=()):
        lines = ["SIP/2.0 %d Because" % status]
        for name in ("via", "from", "to", "call-id", "cseq"):
            for value in msg.all(name):
                if name == "to" and status > 100 and "tag=" not in value:
                    value += ";tag=" + self.tag
                lines.append("%s: %s" % (name, value))
        lines += ["Contact: <sip:far@%s:%d>" % self.peer.addr, *extra]
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append("Content-Length: %d" % len(body))
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def request(self, method, body=b"", cseq=0):
        if not cseq:
            self.cseq += 1
            self.peer.expect((self.invite.get("call-id").encode(), self.cseq,
                              method))
        lines = ["%s %s SIP/2.0" % (method, self.invite.contact_uri()),
                 "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bK%s;rport" % (
                     self.peer.addr + (unique(),)),
                 "Max-Forwards: 70",
                 "From: %s;tag=%s" % (self.invite.get("to"), self.tag),
                 "To: " + self.invite.get("from"),
                 "Call-ID: " + self.invite.get("call-id"),
                 "CSeq: %d %s" % (cseq or self.cseq, method),
                 "Contact: <sip:far@%s:%d>" % self.peer.addr]
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append("Content-Length: %d" % len(body))
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    def send(self, method, body=b"", cseq=0):
        self.peer.send(self.request(method, body, cseq), self.addr)
        return cseq or self.cseq

    def ask(self, method, body=b""):
        """The status of the final answer; a 2xx to INVITE is acknowledged.

        The engine reads its socket in order: what was sent before has been
        handled when this is answered."""
        text = self.request(method, body)
        key = (self.invite.get("call-id").encode(), self.cseq, method)
        self.peer.send(text, self.addr)
        status = self.peer.answer_of(key, lambda: self.peer.send(text,
                                                                 self.addr))
        if method == "INVITE":
            self.send("ACK", cseq=self.cseq)
        return status


class Peer:
    """The server: UDP, everything on one thread.

    plan[number](dialog, request) gives what is sent for an INVITE, a list;
    without a plan: 200, and a BYE as soon as it is acknowledged."""

    def __init__(self, ip, port=5060):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind((ip, port))
        self.socket.settimeout(0.1)
        self.addr = self.socket.getsockname()
        self.rtp = Rtp(ip)
        self.plan, self.dialogs, self.numbers = {}, {}, {}
        self.answers = {}            # (Call-ID, CSeq, method) -> status
        self.stray = []              # statuses nobody waited for
        self.got = []
        self.more = threading.Condition()
        self.over = False
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def send(self, text, addr):
        self.socket.sendto(text, addr)

    def loop(self):
        while not self.over:
            try:
                data, addr = self.socket.recvfrom(65536)
            except socket.timeout:
                continue
            if not data.strip(b"\r\n\0"):
                continue
            with self.more:
                if data.startswith(b"SIP/2.0 "):
                    self.response(data)
                else:
                    self.request(Message(data, addr))
                self.more.notify_all()

    def response(self, data):
        status = int(data[8:11])
        call = re.search(rb"\r\n(?:Call-ID|i) *: *([^\r]*)", data, re.I)
        cseq = re.search(rb"\r\nCSeq *: *(\d+) +(\w+)", data, re.I)
        key = call and cseq and (call[1], int(cseq[1]), cseq[2].decode())
        if key not in self.answers:
            self.stray.append(status)
        elif status >= 200 and self.answers[key] is None:
            self.answers[key] = status

    def request(self, msg):
        self.got.append(msg)
        d = self.dialogs.get(msg.get("call-id"))
        if not d:
            d = self.dialogs[msg.get("call-id")] = Dialog(self, msg)
            number = re.search(r"sip:([^@;]*)@?", msg.first)[1]
            self.numbers[number] = d
            d.plan = self.plan.get(number)
        for text in self.answer(d, msg):
            self.send(text, msg.addr)

    def answer(self, d, msg):
        if msg.method == "ACK":
            return [] if d.plan or d.ended else [d.request("BYE")]
        if msg.method == "CANCEL":
            return [d.response(msg, 200), d.response(d.invite, 487)]
        if msg.method == "BYE":
            d.ended = True
            return [d.response(msg, 200)]
        if d.plan:
            return d.plan(d, msg)
        if msg.method == "INVITE":
            return [d.response(msg, 200, self.rtp.sdp("inactive"))]
        return [d.response(msg, 200)]

    def expect(self, key):
        with self.more:
            self.answers.setdefault(key, None)

    def answer_of(self, key, again=None, seconds=WAIT):
        end = time.monotonic() + seconds
        with self.more:
            while self.answers[key] is None:
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError("no answer to %s within %g s" % (
                        key[2], seconds))
                if not self.more.wait(min(left, 1)) and again:
                    again()
            return self.answers[key]

    def until(self, condition, what, seconds=WAIT):
        with self.more:
            if not self.more.wait_for(condition, seconds):
                raise AssertionError("not within %g s: %s" % (seconds, what))

    def strays(self):
        """Answers nobody waited for, since the last time."""
        with self.more:
            got, self.stray = self.stray, []
        return got

    def close(self):
        if not self.over:
            self.over = True
            self.thread.join()
            self.socket.close()
            self.rtp.close()


class Rtp:
    """An audio socket and its RTCP; a thread counts what comes."""

    def __init__(self, ip):
        while True:
            self.socket = self.bound(ip, 0)
            self.addr = self.socket.getsockname()
            try:
                self.rtcp = self.bound(ip, self.addr[1] + 1)
                break
            except OSError:
                self.socket.close()
        self.seq, self.count, self.over = 0, 0, False
        self.more = threading.Condition()
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    @staticmethod
    def bound(ip, port):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((ip, port))
        s.settimeout(0.2)
        return s

    def sdp(self, direction="sendrecv"):
        return sdp(*self.addr, direction)

    def loop(self):
        while not self.over:
            try:
                self.socket.recv(2048)
                with self.more:
                    self.count += 1
                    self.more.notify_all()
            except socket.timeout:
                continue

    def until(self, count, seconds=WAIT):
        """Until so many packets came."""
        with self.more:
            if not self.more.wait_for(lambda: self.count >= count, seconds):
                raise AssertionError("audio has stopped at packet %d" %
                                     self.count)

    def speak(self, to, count=1):
        for _ in range(count):
            self.seq += 1
            self.socket.sendto(b"\x80\0" + (self.seq & 0xffff).to_bytes(
                2, "big") + (160 * self.seq).to_bytes(4, "big") + b"talk" +
                b"\xff" * 160, to)

    def close(self):
        self.over = True
        self.thread.join()
        self.socket.close()
        self.rtcp.close()
