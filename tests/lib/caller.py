"""A server that calls an engine: what it says on UDP is written by the test.

    caller = Caller(engine_address, "127.0.0.71")
    caller.invite(); caller.until("SIP/2.0 180")
"""
import random
import re
import socket
import time

SDP = """v=0
o=- 1 %(version)d IN IP4 %(ip)s
s=-
c=IN IP4 %(ip)s
t=0 0
m=audio 40000 RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=%(direction)s
""".replace("\n", "\r\n")


def hexes(bits=48):
    return "%x" % random.getrandbits(bits)


class Caller:
    def __init__(self, engine, ip, who=None):
        self.engine = engine
        self.ip = ip
        self.who = who or "<sip:+4930100@%s>" % ip
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((ip, 0))
        self.port = self.sock.getsockname()[1]
        self.callid = "caller-" + hexes()
        self.from_tag = hexes()
        self.to_tag = None
        self.branch = None
        self.seen = []

    def sdp(self, version=1, direction="sendrecv"):
        return SDP % {"ip": self.ip, "version": version,
                      "direction": direction}

    def send(self, method, cseq, body="", extra="", branch=None, tag=True,
             ctype="application/sdp", uri="alice", to="alice"):
        """tag: with the To tag of the answers, if there is one; uri, to: the
        user parts there."""
        branch = branch or "z9hG4bK" + hexes()
        self.raw("%s sip:%s@%s:%d SIP/2.0\r\n"
                 "Via: SIP/2.0/UDP %s:%d;branch=%s;rport\r\n"
                 "Max-Forwards: 70\r\nFrom: %s;tag=%s\r\n"
                 "To: <sip:%s@%s>%s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n"
                 "Contact: <sip:caller@%s:%d>\r\n%s%s"
                 "Content-Length: %d\r\n\r\n%s" % (
                     method, uri, *self.engine, self.ip, self.port, branch,
                     self.who, self.from_tag, to, self.ip,
                     ";tag=" + self.to_tag if tag and self.to_tag else "",
                     self.callid, cseq, method, self.ip, self.port, extra,
                     "Content-Type: %s\r\n" % ctype if body else "",
                     len(body), body))
        return branch

    def raw(self, text):
        self.sock.sendto(text.encode(), self.engine)

    def invite(self, body=None, extra="", **more):
        """body "": no offer."""
        self.branch = self.send("INVITE", 1,
                                self.sdp() if body is None else body, extra,
                                **more)

    def cancel(self, **more):
        self.send("CANCEL", 1, branch=self.branch, **more)

    def receive(self, seconds):
        """The next message, or None."""
        self.sock.settimeout(max(seconds, 0.001))
        try:
            text = self.sock.recvfrom(65535)[0].decode()
        except (socket.timeout, BlockingIOError):
            return None
        tag = re.search(r"^To:.*;tag=([^;\s]+)", text, re.M)
        if text.startswith("SIP/2.0 ") and tag and not self.to_tag:
            self.to_tag = tag.group(1)
        self.seen.append(text)
        return text

    def until(self, start, seconds=15):
        """The next message that begins so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.receive(end - time.monotonic())
            if text and text.startswith(start):
                return text
        raise AssertionError("no %r came, but %s" % (start, self.seen))

    def answer(self, request, status="200 OK", extra=""):
        lines = re.findall(r"^(?:Via|From|To|Call-ID|CSeq): .*$", request,
                           re.M)
        self.raw("\r\n".join(["SIP/2.0 " + status] +
                             [line.rstrip("\r") for line in lines]) +
                 "\r\n%sContent-Length: 0\r\n\r\n" % extra)

    def close(self):
        self.sock.close()
