#!/usr/bin/env python3
"""Floods of requests while calls with media are up.

    flood.py test [RATE SECONDS]
                       requests of each kind: decides on what is answered,
                       what stays up and what memory it costs, never on times
    flood.py bench SIPDIALER-PHONENET [CALLS RATE SECONDS ROUNDS]
                       prints a JSON object: how late the packets of the
                       calls were, before and during each flood; of the
                       rounds the one that waited least for a core
"""
import json
import os
import random
import socket
import subprocess
import sys
import time

import hostile
import replay
from hostile import Engine, flow

sys.path.insert(0, os.path.join(hostile.HERE, "..", "..", "lib"))
import pysip  # noqa: E402

HEAD = ("%(method)s sip:us@%(to)s SIP/2.0\r\n"
        "Via: SIP/2.0/UDP %(me)s;branch=z9hG4bK%(id)s;rport\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:x@%(me)s>;tag=%(id)s\r\n"
        "To: <sip:us@%(to)s>%(tag)s\r\nCall-ID: %(call)s\r\n"
        "CSeq: %(n)d %(method)s\r\nContact: <sip:x@%(me)s>\r\n"
        "Content-Length: 0\r\n\r\n")
KINDS = {
    "mixed": ["OPTIONS", "INVITE", "REGISTER", "SUBSCRIBE", "MESSAGE",
              "NOTIFY", "REFER", "INFO"],
    "CANCEL": ["CANCEL"], "BYE": ["BYE"], "INVITE": ["INVITE"],
    "ACK": ["ACK"], "BYE of a call": ["BYE"], "INVITE of a call": ["INVITE"],
    "OPTIONS in a call": [], "INFO in a call": [], "responses": [], "garbage": [], "STUN": [],
}
MEMORY_MAX = 6 << 10     # kB more than before, whatever comes


# ---- sending, as a process of its own ----------------------------------------

def packets(kind, me, to, call, tag, dialog):
    """One after the other, without end; the n-th is unlike all others."""
    names = {"me": me, "to": to, "call": call, "tag": tag}
    n = random.randrange(1 << 20) << 10
    while True:
        n += 1
        if kind == "STUN":
            yield b"\0\1\0\0\x21\x12\xa4\x42" + b"%012d" % n
        elif kind == "garbage":
            yield os.urandom(200)
        elif kind == "responses":
            yield ("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d"
                   "\r\nFrom: <sip:us@%s>;tag=x\r\nTo: <sip:x@y>;tag=y\r\n"
                   "Call-ID: %d\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n"
                   "\r\n" % (to, n, to, n)).encode()
        elif dialog:
            yield dialog.replace("@ID@", str(n)).encode()
        else:
            methods = KINDS[kind]
            names.update(id=n, n=n, method=methods[n % len(methods)])
            if not call:
                names["call"] = "%d@x" % n
            yield (HEAD % names).encode()


def send(kind, source, to, rate, seconds, call="", tag="", dialog=""):
    """Sends at a fixed rate; prints how many, and what came back."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    s.bind((source, 0))
    s.setblocking(False)
    more = packets(kind, "%s:%d" % s.getsockname(), "%s:%d" % tuple(to),
                   call, tag, dialog)
    began, sent, got = time.monotonic(), 0, 0
    while sent < rate * seconds:
        due = min((time.monotonic() - began) * rate, rate * seconds)
        while sent < due:
            try:
                s.sendto(next(more), tuple(to))
            except BlockingIOError:
                pass
            sent += 1
        got += drain(s)
        time.sleep(0.001)            # the pace, not a wait
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        got += drain(s)
        time.sleep(0.01)
    print(json.dumps({"sent": sent, "answers": got,
                      "per_s": round(sent / (end - 0.2 - began))}))


def drain(s):
    got = 0
    try:
        while s.recv(2048):
            got += 1
    except BlockingIOError:
        return got


class Flood:
    def __init__(self, *args, core=None, **more):
        command = [sys.executable, os.path.abspath(__file__), "send",
                   json.dumps([args, more])]
        if core is not None:
            command = ["taskset", "-c", str(core), *command]
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE,
                                      text=True)

    def end(self):
        out, _ = self.child.communicate(timeout=60)
        return json.loads(out)


# ---- correctness ---------------------------------------------------------------

class Test(replay.Part):
    def __init__(self, rate=3000, seconds=0.5):
        super().__init__("floods")
        self.rate, self.seconds = rate, seconds
        self.calls = [self.up("3%02d dial.max_duration=0" % i)
                      for i in range(20)]

    def flood(self, kind, source, **more):
        """Answers, memory, a valid call all the time; then: was all of it
        read, is the call up?"""
        before = self.engine.stats()["sip"], self.engine.memory()
        flood = Flood(kind, source, self.engine.addr, self.rate,
                      self.seconds, **more)
        while flood.child.poll() is None:
            self.valid_call()
        got = flood.end()
        if "dialog" in more:
            self.main.cseq = 3 << 29     # over that of packets()
        if self.main.ask("OPTIONS") != 200:
            self.wrong.append(kind + ": the call in progress is gone")
        after = self.engine.stats()["sip"], self.engine.memory()
        name = "%s, %s" % (kind, "server" if source == self.ip
                           else "stranger")
        print("%-28s %s, %d kB more" % (name, got, after[1] - before[1]))
        self.check(name, source, got, after[1] - before[1])
        # a flood that never arrived proves nothing
        seen = sum(after[0][k] - before[0][k] for k in
                   ("requests_in", "responses_in"))
        if kind not in ("garbage", "STUN") and seen < got["sent"] / 2:
            self.wrong.append("%s: %d of %d arrived" % (name, seen,
                                                        got["sent"]))
        self.engine.forget()

    def check(self, name, source, got, more):
        allowed = 0 if source != self.ip or not got["sent"] else \
            400 + 200 * (self.seconds + 2)
        if "in a call" in name:
            allowed = got["sent"]
        if got["answers"] > allowed:
            self.wrong.append("%s: %d answers, at most %d wanted" % (
                name, got["answers"], allowed))
        if more > MEMORY_MAX:
            self.wrong.append("%s: %d kB more" % (name, more))

    def all(self):
        plain = ("mixed", "INVITE", "CANCEL", "BYE", "ACK", "responses",
                 "garbage", "STUN")
        for source in (self.other, self.ip):
            for kind in plain:
                self.flood(kind, source)
            # of a call that is up, by a peer that does not know its tags
            call = self.main.invite.get("call-id")
            for kind in ("BYE of a call", "INVITE of a call"):
                self.flood(kind, source, call=call, tag=";tag=guess")
        for method in ("OPTIONS", "INFO"):
            main, self.main = self.main, self.up("31%d dial.max_duration=0" %
                                                 len(method))
            d = self.main
            text = d.request(method).decode()
            self.flood(method + " in a call", self.ip, dialog=text.replace(
                "branch=", "branch=z9hG4bK@ID@x").replace(
                "CSeq: %d" % d.cseq, "CSeq: @ID@"))
            self.main = main
        for call in self.calls:
            if call.ended or call.ask("OPTIONS") != 200:
                self.wrong.append("a call in progress is gone")
        return self.finish()


class Taken(Test):
    """INVITEs of the server, at an engine that takes its calls."""

    def __init__(self, rate=3000, seconds=0.5):
        replay.Part.__init__(self, "floods", incoming__accept="server",
                             incoming__timeout="1")
        self.rate, self.seconds, self.calls = rate, seconds, []

    def valid_call(self):
        """All lines may be taken while it lasts."""

    def check(self, name, source, got, more):
        """An INVITE that rings is answered twice, and in the end refused."""
        allowed = 3 * got["sent"] if source == self.ip else 0
        if got["answers"] > allowed or more > MEMORY_MAX:
            self.wrong.append("%s: %s, %d kB more" % (name, got, more))

    def copied(self):
        """A stranger who sends the very INVITE that rings gets nothing."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((self.other, 0))
            s.setblocking(False)
            data = next(packets("INVITE", "%s:%d" % self.peer.addr,
                                "%s:%d" % self.engine.addr, "", "", ""))
            self.peer.send(data, self.engine.addr)
            self.engine.wait(lambda e: e["event"] == "call_incoming")
            s.sendto(data, self.engine.addr)
            data = data.replace(b"branch=z9hG4bK", b"branch=z9hG4bKx")
            s.sendto(data, self.engine.addr)
            self.main.ask("OPTIONS")
            if drain(s):
                self.wrong.append("a stranger's copy of an INVITE is "
                                  "answered")
        self.engine.wait(lambda e: e["event"] == "call_ended")

    def all(self):
        self.copied()
        self.flood("INVITE", self.ip)
        self.flood("INVITE", self.other)
        flow.until(lambda: self.engine.stats()["calls"]["active"] == 1, 20,
                   "all calls of the flood have ended")
        rang = self.engine.stats()["calls"]["ended"]
        print("%d calls rang" % rang)
        if not 0 < rang <= 200 + 100 * (self.seconds + 2):
            self.wrong.append("%d calls rang" % rang)
        super().valid_call()
        return self.finish()


# ---- figures -------------------------------------------------------------------

LATE = ("late_below_1ms", "late_below_2ms", "late_below_5ms",
        "late_below_10ms", "late_below_20ms", "late_more")


def lateness(before, after):
    """Shares of the frames due, in percent."""
    late = [after[k] - before[k] for k in LATE]
    skipped = after["frames_skipped"] - before["frames_skipped"]
    due = sum(late) + skipped
    return {"frames": due,
            "below_5ms": round(100 * sum(late[:3]) / due, 3),
            "below_20ms": round(100 * sum(late[:5]) / due, 3),
            "skipped": skipped}


class Figures:
    def __init__(self, phonenet, calls=200, rate=10000, seconds=5, rounds=3):
        cores = sorted(os.sched_getaffinity(0))
        self.core, self.rate, self.seconds = cores[-1], rate, seconds
        self.rounds = rounds
        self.ip, self.other = flow.address(), flow.address(1)
        os.sched_setaffinity(0, {cores[-1]})
        self.net = pysip.Phonenet(phonenet, "--listen", self.ip + ":0",
                                  "--no-fsync", "--answer-delay", "0")
        os.sched_setaffinity(0, {cores[0]})
        self.engine = Engine(
            sip__server=self.ip, sip__port=self.net.addr[1],
            sip__local_address=self.ip, sip__register="no",
            dial__max_calls=calls + 100)
        os.sched_setaffinity(0, set(cores))
        ids = {self.engine.call("4930%04d00" % i) for i in range(calls)}
        for call in ids:
            self.engine.wait(lambda e, call=call: e.get("call") == call and
                             e["event"] == "call_answered")
        self.calls = calls
        self.engine.forget()

    def measure(self, kind=None, source=None):
        floods = []
        before, kb = self.engine.stats(), self.engine.memory()
        cpu, waited = cpu_of(self.engine.child.pid)
        began = time.monotonic()
        if kind:
            floods.append(Flood(kind, source, self.engine.addr, self.rate,
                                self.seconds, core=self.core))
            got = floods[0].end()
        else:
            time.sleep(self.seconds)
            got = {}
        spent = time.monotonic() - began
        after = self.engine.stats()
        r = lateness(before["media"], after["media"])
        r.update(got)
        cpu_end, waited_end = cpu_of(self.engine.child.pid)
        r["cpu_percent"] = round(100 * (cpu_end - cpu) / spent, 1)
        # ready to run, while something else had the core
        r["waited_percent"] = round(100 * (waited_end - waited) / spent, 1)
        r["kb_more"] = self.engine.memory() - kb
        r["calls"] = after["calls"]["active"]
        return r

    def best(self, *flood):
        """Other programs of the machine count as little as they can."""
        rounds = [self.measure(*flood) for _ in range(self.rounds)]
        r = min(rounds, key=lambda r: r["waited_percent"])
        r["lowest"] = min(r["below_20ms"] for r in rounds)
        return r

    def all(self):
        figures = {"bench": "flood", "calls": self.calls, "rate": self.rate,
                   "seconds": self.seconds, "quiet": self.best()}
        for who, source in (("stranger", self.other), ("server", self.ip)):
            for kind in ("mixed", "CANCEL", "BYE", "INVITE", "garbage"):
                figures["%s, %s" % (who, kind)] = self.best(kind, source)
        figures["quiet again"] = self.best()
        print(json.dumps(figures))
        self.engine.end()
        self.net.stop()


def cpu_of(pid):
    """Seconds on a core, and seconds ready without one, of all threads."""
    ran = waited = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task),
                  encoding="ascii") as f:
            fields = f.read().split()
        ran, waited = ran + int(fields[0]), waited + int(fields[1])
    return ran / 1e9, waited / 1e9


def main():
    if sys.argv[1:2] == ["send"]:
        args, more = json.loads(sys.argv[2])
        send(*args, **more)
    elif sys.argv[1:2] == ["bench"]:
        Figures(sys.argv[2], *[int(a) for a in sys.argv[3:]]).all()
    else:
        numbers = [float(a) for a in sys.argv[2:]]
        sys.exit(Test(*numbers).all() | Taken(*numbers).all())


if __name__ == "__main__":
    main()
