#!/usr/bin/env python3
"""Every broken file of the corpus, thrown at a running engine: replay.py PART.

    requests      sip-*, stun: from the server and from a stranger, over UDP
    connections   the same over TCP
    groups        the 2,832 requests of sip-protoslike, from the server
    taken         both again, from the server, at an engine that takes calls
    responses     sip-responses, as answers to INVITE and REGISTER
    descriptions  sdp-*, as answers, and as offers inside a call
    media         rtp*, rtcp, srtp, stun, at the audio ports of a call
    sounds        wav, as prompts

After each file a valid call must work, nothing may be on stderr, and the
engine must end as it should.  SIPDIALER_HOSTILE_RESULTS names a folder that
gets what was seen, for report.py.
"""
import collections
import io
import json
import os
import re
import select
import socket
import sys
import tarfile

import hostile
import verdict
from hostile import Engine, Peer, flow

SIP = ("sip-jsip-msg", "sip-mutants", "sip-osip", "sip-osip-fields",
       "sip-pjsip", "sip-responses", "sip-rfc4475", "sip-rfc5118",
       "sip-rfc6216", "stun")
UDP_MAX = 65507
SDP_MAX = 64000                      # with room for a head


class Part:
    """An engine, the server it knows, a call that is up all the time."""

    def __init__(self, name, **options):
        self.name, self.wrong = name, []
        self.table = collections.OrderedDict()
        self.ip, self.other = flow.address(), flow.address(1)
        self.peer = Peer(self.ip)
        self.engine = Engine(**{
            "sip__server": self.ip, "sip__local_address": self.ip,
            "sip__register": "no", "dial__max_calls": "500",
            "media__rtp_timeout": "0", **options})
        self.main = self.up("1000 dial.max_duration=0")

    def up(self, number):
        """A call that stays: its dialog at the far end."""
        number, *options = number.split()
        self.peer.plan[number] = self.stays
        call = self.engine.call(number, *options)
        self.engine.wait(lambda e: e["event"] == "call_answered" and
                         e["call"] == call)
        dialog = self.peer.numbers[number]
        dialog.call = call
        return dialog

    def stays(self, d, msg):
        body = self.peer.rtp.sdp() if msg.method == "INVITE" else b""
        return [d.response(msg, 200, body)]

    @staticmethod
    def offer(dialog, body):
        """The status of a re-INVITE; None: it is too long for libre, and
        gets none."""
        if len(body) < 7000:
            return dialog.ask("INVITE", body)
        dialog.send("INVITE", body)
        dialog.ask("OPTIONS")
        return None

    def keys(self):
        """The keys heard in any call."""
        return [e for e in list(self.engine.events)
                if e["event"] == "call_dtmf"]

    def valid_call(self):
        """One that the far end hangs up."""
        end = self.engine.ended(self.engine.call("2000"))
        if end["disposition"] != "answered":
            raise AssertionError("a valid call ended as %r" % end)

    def limited(self):
        return self.engine.stats()["sip"]["replies_limited"]

    def count(self, folder, word, how=""):
        row = self.table.setdefault((folder, how), collections.Counter())
        row[word] += 1

    def judge(self, file, good, word, got, how=""):
        self.count(file.folder, word, how)
        if not good:
            self.wrong.append("%s%s: %s, wanted: %s" % (
                file.name, " " + how if how else "", got, file.expected))

    def finish(self):
        """The call is still up; the engine ends as it should."""
        if self.main.ask("OPTIONS") != 200 or self.main.ended:
            self.wrong.append("the call in progress is gone")
        status, err = self.engine.end()
        self.peer.close()
        if status or err:
            self.wrong.append("exit status %r, stderr: %s" % (
                status, err[:2000]))
        rows = [[self.name, folder, how, dict(words)]
                for (folder, how), words in self.table.items()]
        for row in rows:
            print("%-13s %-18s %-12s %s" % (*row[:3], ", ".join(
                "%d %s" % (n, w) for w, n in sorted(row[3].items()))))
        where = os.environ.get("SIPDIALER_HOSTILE_RESULTS")
        if where:
            with open(os.path.join(where, self.name + ".json"), "w",
                      encoding="utf-8") as f:
                json.dump({"rows": rows, "wrong": self.wrong}, f)
        for text in self.wrong:
            print("WRONG " + text)
        return 1 if self.wrong else 0


def sip_data(file):
    """A message as a peer would send it: some begin with a note."""
    data = file.data
    if data.startswith(b"expected_error"):
        data = data.partition(b"\n")[2]
    return data


# ---- requests ----------------------------------------------------------------

class Ears:
    """Sockets where an answer goes that follows the Via of a file."""

    def __init__(self, ip, files):
        ports = {int(p) for f in files for p in re.findall(
            rb"Via\s*:[^\r\n]*?[\w\]]:(\d{4,5})\b", sip_data(f))}
        self.sockets = []
        for port in sorted(p for p in ports if 1024 <= p < 65536 and p != 5060):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                s.bind((ip, port))
                self.sockets.append(s)
            except OSError:
                s.close()

    def heard(self):
        got = []
        for s in select.select(self.sockets, [], [], 0)[0]:
            data = s.recv(65536)
            got.append(int(data[8:11]) if data[:8] == b"SIP/2.0 " else 0)
        return got

    def close(self):
        for s in self.sockets:
            s.close()


def requests():
    files = hostile.corpus(*SIP)
    part = Part("requests")
    server, away = Ears(part.ip, files), Ears(part.other, files)
    stranger = hostile.Rtp.bound(part.other, 5060)
    away.sockets.append(stranger)
    for file in files:
        data = sip_data(file)[:UDP_MAX]
        part.peer.send(data, part.engine.addr)
        part.main.ask("OPTIONS")
        got = part.peer.strays() + server.heard()
        good, word = verdict.of_request(file, data, got, True)
        part.judge(file, good, word, got, "server, UDP")
        stranger.sendto(data, part.engine.addr)
        part.main.ask("OPTIONS")
        got = away.heard() + server.heard() + part.peer.strays()
        part.judge(file, not got, verdict.word_of(got), got, "stranger, UDP")
        part.valid_call()
    server.close()
    away.close()
    return part.finish()


def over_tcp(source, addr, data):
    """What comes back until the engine closes, which it does at our end of
    data; None: it did not."""
    got = b""
    with socket.socket() as s:
        s.bind((source, 0))
        s.settimeout(hostile.WAIT)
        s.connect(addr)
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            while True:
                more = s.recv(65536)
                if not more:
                    break
                got += more
        except socket.timeout:
            return None
        except OSError:
            pass                     # reset: closed, too
    return [int(n) for n in re.findall(rb"^SIP/2.0 (\d{3}) ", got, re.M)]


def connections():
    part = Part("connections")
    for file in hostile.corpus(*SIP):
        data = sip_data(file)
        for who, source in (("server", part.ip), ("stranger", part.other)):
            got = over_tcp(source, part.engine.addr, data)
            if got is None:
                good, word = False, "hangs"
            elif who == "stranger":
                good, word = not got, verdict.word_of(got)
            else:
                good, word = verdict.of_request(file, data, got, False)
            part.judge(file, good, word, got, who + ", TCP")
        strays = part.peer.strays()
        if strays:
            part.judge(file, False, "answered elsewhere", strays)
        part.valid_call()
    return part.finish()


def filled(text, part, number):
    for name, value in (
            ("DST", "%s:%d" % part.engine.addr), ("SRC", "%s:%d" %
                                                  part.peer.addr),
            ("SRCIP", part.ip), ("USER", "us"), ("CALLID", hostile.unique()),
            ("TAG", "t%d" % number), ("BRANCH", "z9hG4bKp%d" % number)):
        text = text.replace(b"{{%s}}" % name.encode(), value.encode())
    return text


def groups():
    """Requests cut by groups; an OPTIONS in a call after each, a call after
    each group."""
    files = hostile.corpus("sip-protoslike")
    part = Part("groups")
    last, limited = None, 0
    with tarfile.open(fileobj=io.BytesIO(files[0].data)) as tar:
        for n, entry in enumerate(tar):
            if not entry.isfile():
                continue
            data = filled(tar.extractfile(entry).read(), part, n)
            part.peer.send(data[:UDP_MAX], part.engine.addr)
            if part.main.ask("OPTIONS") != 200:
                raise AssertionError(entry.name)
            got = part.peer.strays()
            word = verdict.word_of(got)
            limited, before = part.limited(), limited
            if limited > before:
                word = "over the limit of answers"
            # we take no calls: no INVITE may ever be answered by a 2xx
            part.judge(files[0], not got or got[0] >= 400, word,
                       "%s: %s" % (entry.name, got), "server, UDP")
            group = entry.name.split("/")[0]
            if group != last:
                last = group
                part.valid_call()
    return part.finish()


def taken():
    """All of these again, at an engine that takes calls from the server."""
    part = Part("taken", incoming__accept="server", incoming__timeout="1",
                dial__max_calls="2000")
    thrown = 0
    for file in hostile.corpus(*SIP, "sip-protoslike"):
        for data in messages(file, part):
            part.peer.send(data[:UDP_MAX], part.engine.addr)
            part.main.ask("OPTIONS")
            thrown += 1
            if thrown % 8 == 0:
                part.valid_call()
    flow.until(lambda: part.engine.stats()["calls"]["active"] == 1, 20,
               "all calls that rang have ended")
    rang = sum(e["event"] == "call_incoming" for e in part.engine.events)
    part.table[("all of sip-*", "server, UDP")] = {
        "thrown": thrown, "rang": rang}
    if not rang:
        part.wrong.append("no call was taken")
    part.valid_call()
    return part.finish()


def messages(file, part):
    if file.folder != "sip-protoslike":
        yield sip_data(file)
        return
    with tarfile.open(fileobj=io.BytesIO(file.data)) as tar:
        for n, entry in enumerate(tar):
            if entry.isfile():
                yield filled(tar.extractfile(entry).read(), part, n)


# ---- responses ---------------------------------------------------------------

def template(file, d, msg):
    """A response of the corpus, filled in for a request."""
    text = file.data
    for name, value in (
            ("VIA", msg.get("via")), ("FROM", msg.get("from")),
            ("TO", msg.get("to")), ("CALLID", msg.get("call-id")),
            ("CSEQ", msg.get("cseq")), ("TAG", d.tag),
            ("ME", "%s:%d" % d.peer.addr)):
        text = text.replace(b"{{%s}}" % name.encode(), value.encode())
    return text


def new_tag(file, d, msg):
    """The same with another tag, and realm, each time."""
    d.tag = hostile.unique()
    return template(file, d, msg)


def answers_with(file):
    """INVITE: the file; what else comes in the call: 200."""
    make = new_tag if "{{TAG}}\", nonce" in file.data.decode(
        "latin-1") else template

    def plan(d, msg):
        if msg.method == "INVITE" and not d.ended:
            return [make(file, d, msg)]
        return [d.response(msg, 200)]
    return plan


def registrations(part, files):
    """expires_*: answers to REGISTER.  The longest is capped, and no answer
    leads to a loop of REGISTERs."""
    for file in files:
        peer = Peer(part.ip, 0)
        asked = []

        def plan(d, msg, file=file):
            asked.append(msg)
            ours = re.sub(rb"Contact: <[^>]*>", b"Contact: " +
                          msg.get("contact").split(";expires")[0].encode(),
                          template(file, d, msg))
            return [ours]

        peer.plan[part.ip + ":%d SIP/2.0" % peer.addr[1]] = plan
        engine = Engine(sip__server=part.ip, sip__port=peer.addr[1],
                        sip__local_address=part.ip, sip__user="us",
                        sip__password="secret")
        got = engine.wait(lambda e: e["event"] == "registration" and
                          e["status"] in ("registered", "failed"))
        # a call takes the time in which a loop would show
        end = engine.ended(engine.call("3000", "dial.max_duration=1"))
        seconds = engine.stats()["registration"]["expires_s"]
        status = engine.end()
        peer.close()
        good = status == (0, "") and len(asked) <= 4 and \
            end["disposition"] == "answered" and seconds <= 7 * 86400
        part.judge(file, good, got["status"], (
            status, len(asked), end["disposition"], seconds), "to REGISTER")


def responses():
    files = hostile.corpus("sip-responses")
    part = Part("responses", sip__user="us", sip__password="secret",
                dial__ring_timeout="5", dial__max_duration="3")
    calls = {}
    for n, file in enumerate(f for f in files if "/expires_" not in f.name):
        number = "4%03d" % n
        part.peer.plan[number] = answers_with(file)
        calls[number] = file, part.engine.call(number)
    for number, (file, call) in calls.items():
        end = part.engine.ended(call)
        sent = [m for m in list(part.peer.got) if m.first.split("@")[0] in
                ("INVITE sip:" + number, "INVITE sip:+" + number)]
        good, why = verdict.of_response(file, end, sent)
        part.judge(file, good, end["disposition"], why, "to INVITE")
        part.valid_call()
    known = set(calls) | {"1000", "2000"}
    for number in part.peer.numbers:
        if number not in known:
            part.wrong.append("a call to %s, which nobody asked for" % number)
    registrations(part, [f for f in files if "/expires_" in f.name])
    return part.finish()


# ---- descriptions ------------------------------------------------------------

def descriptions():
    files = hostile.corpus("sdp-gen", "sdp-osip", "sdp-pjsip", "sdp-sdes",
                           "sdp-sofia", "sdp-webrtc")
    part = Part("descriptions", dial__ring_timeout="5",
                dial__max_duration="1")
    calls = []
    for n, file in enumerate(files):
        def plan(d, msg, body=file.data[:SDP_MAX]):
            return [d.response(msg, 200, body if msg.method == "INVITE"
                               else b"")]
        part.peer.plan["5%03d" % n] = plan
        calls.append((file, part.engine.call("5%03d" % n)))
    for file, call in calls:
        end = part.engine.ended(call)
        good = verdict.of_answer(file, end)
        part.judge(file, good, end["disposition"], end["disposition"] + " " +
                   (end["reason"] or ""), "as answer")
    for n, file in enumerate(files):
        call = part.up("7%03d dial.max_duration=0" % n)
        status = part.offer(call, file.data[:SDP_MAX])
        part.judge(file, verdict.of_offer(file, status), {
            200: "taken", None: "lost"}.get(status, "refused"), status,
            "as offer")
        if call.ask("INVITE", part.peer.rtp.sdp()) != 200 or \
                call.ask("BYE") != 200:
            part.wrong.append(file.name + ": a good offer after it is refused")
    return part.finish()


# ---- media -------------------------------------------------------------------

def media():
    files = hostile.corpus("rtp", "rtcp", "rtp-payload", "srtp", "stun")
    part = Part("media")
    rtp, stranger = part.peer.rtp, hostile.Rtp.bound(part.other, 0)
    theirs = part.main.invite.rtp()
    control = (theirs[0], theirs[1] + 1)
    for n, file in enumerate(files):
        data = file.data[:UDP_MAX]
        rtp.speak(theirs, 2)
        for s, to in ((rtp.socket, theirs), (rtp.rtcp, control),
                      (rtp.socket, control), (stranger, theirs),
                      (stranger, control)):
            s.sendto(data, to)
        keys = len(part.keys())
        good = not select.select([stranger], [], [], 0)[0]
        if not n % 4:                # its clock ticks: all of it was read
            rtp.until(rtp.count + 2)
        part.valid_call()
        good = good and len(part.keys()) - keys <= 1
        part.judge(file, good and not part.main.ended, "call goes on",
                   part.keys())
    if select.select([stranger], [], [], 0)[0]:
        part.wrong.append("audio or an answer went to a stranger")
    dropped = part.engine.stats()["media"]["dropped"]
    if dropped < 2 * len(files):
        part.wrong.append("only %d packets dropped" % dropped)
    stranger.close()
    return part.finish()


# ---- sounds ------------------------------------------------------------------

def sounds():
    files = hostile.corpus("wav")
    part = Part("sounds", dial__max_duration="2")
    part.peer.plan["6000"] = part.stays
    calls = [(file, part.engine.call("6000", "call.play=" + file.path,
                                     "call.hangup_after_play=yes"))
             for file in files]
    for file, call in calls:
        end = part.engine.ended(call)
        played = [e for e in part.engine.events if e.get("call") == call and
                  e["event"] == "call_played"]
        good, word = verdict.of_sound(file, end, played)
        part.judge(file, good, word, (end["disposition"], [
            (e["error"], e["reason"]) for e in played]))
        part.valid_call()
    return part.finish()


PARTS = {f.__name__: f for f in (requests, connections, groups, taken,
                                 responses, descriptions, media, sounds)}


if __name__ == "__main__":
    sys.exit(PARTS[sys.argv[1]]())
