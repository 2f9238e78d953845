"""sipp calls an engine: scenarios put together from steps."""
import os
import subprocess

import flow
from sipdialer_ct import Engine, Refused

SIPP = flow.program("sipp", "sip-tester")

HEAD = """[METHOD] [URI] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[BRANCH];rport
From: "Sipp" <sip:+4930999@[local_ip]>;tag=[pid]T[call_number]
[TO]
Call-ID: [call_id]
CSeq: [CSEQ]
Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
[EXTRA]"""

SDP = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=sipp 1 %d IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=%s
"""
NO_SDP = "Content-Length: 0\n"
BRANCH = "z9hG4bK-[pid]-[call_number]-first"

OK = """<send><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""


def send(method, cseq, body=NO_SDP, first=False, extra="", uri=None):
    """first: the INVITE, or the CANCEL or ACK of that transaction."""
    own = first and method != "INVITE"
    text = HEAD.replace("[METHOD]", method).replace("[EXTRA]", extra)
    text = text.replace("[BRANCH]", BRANCH if first else "[branch]")
    text = text.replace("[URI]", uri or (
        "sip:alice@[remote_ip]:[remote_port]" if first else "[next_url]"))
    text = text.replace("[TO]", "To: <sip:+4930100@[local_ip]>"
                        if first and not (own and method == "ACK")
                        else "[last_To:]")
    text = text.replace("[CSEQ]", "%d %s" % (cseq, method))
    retrans = "" if method in ("ACK", "CANCEL") else ' retrans="500"'
    return "<send%s><![CDATA[\n\n%s%s\n]]></send>\n" % (retrans, text, body)


def ack(body=NO_SDP, first=False):
    """first: of an answer above 299."""
    return send("ACK", 1, body, first=first)


def recv(status, check=None, rseq=False, **attrs):
    """check: an expression that has to be in it; rseq: keep its RSeq."""
    action = '<ereg regexp="%s" search_in="msg" check_it="true" ' \
        'assign_to="x"/>' % check if check else ""
    if rseq:
        action += '<ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" ' \
            'check_it="true" assign_to="rseq"/>'
    return "<recv response=\"%d\" %s>%s</recv>\n" % (
        status, " ".join('%s="%s"' % i for i in attrs.items()),
        "<action>%s</action>" % action if action else "")


def request(method):
    return "<recv request=\"%s\"></recv>\n" % method


def pause(ms):
    return '<pause milliseconds="%d"/>\n' % ms


def bye_in():
    return request("BYE") + OK


def bye_out(cseq):
    return send("BYE", cseq) + recv(200)


class Case(flow.Case):
    """An engine that a sipp calls."""

    def engine(self, **options):
        words = {"sip.server": self.ip, "sip.user": "alice",
                 "sip.register": "no", "sip.local_address": self.ip,
                 "incoming.accept": "server"}
        words.update((k.replace("__", "."), v) for k, v in options.items())
        d = Engine(flow.LIBRARY, words)
        self.addCleanup(d.destroy)
        d.start()
        self.port = int(d.wait("started")["text"].rsplit(":", 1)[1])
        return d

    def refused(self, name, verb, *args):
        with self.assertRaises(Refused) as e:
            verb(*args)
        self.assertTrue(e.exception.name.endswith(name), e.exception)

    def sipp(self, scenario, *more, count=1, name="sipp"):
        """Begins; close() waits for its end."""
        path = self.path(name + ".xml")
        used = [v for v in ("x", "rseq") if '"%s"' % v in scenario]
        with open(path, "w", encoding="utf-8") as f:
            f.write('<?xml version="1.0"?>\n<scenario name="in">\n%s%s'
                    '</scenario>\n' % (
                        scenario, '<Reference variables="%s"/>\n' %
                        ",".join(used) if used else ""))
        return subprocess.Popen(
            [SIPP, "%s:%d" % (self.ip, self.port), "-sf", path, "-i", self.ip,
             "-p", str(flow.free_port(self.ip)), "-mi", self.ip, "-mp",
             str(flow.media_port(self.ip)), "-m", str(count), "-nostdin",
             "-rtp_echo", "-timeout", "40s", "-timeout_error", "-trace_err",
             "-error_file", self.path(name + ".err"), *more],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=self.dir)

    def sipp_ended(self, child, d=None, name="sipp"):
        out, _ = child.communicate(timeout=60)
        if child.returncode:
            text = ""
            if os.path.exists(self.path(name + ".err")):
                with open(self.path(name + ".err"), encoding="utf-8",
                          errors="replace") as f:
                    text = f.read()[-3000:]
            self.fail("sipp ended with %d\n%s\n%s\n%s" % (
                child.returncode, text or out.decode()[-3000:],
                d and d.seen, scenario_of(self.path(name + ".xml"))))

    def goes(self, scenario, host, copies=0, **options):
        """One call: host(engine, call) decides; its CALL_ENDED."""
        d = self.engine(**options)
        child = self.sipp(scenario)
        try:
            call = d.wait("call_incoming")["call"]
            if copies:
                self.copies(d, copies)
            host(d, call)
            ended = d.wait("call_ended", seconds=20)
        except (AssertionError, Refused):
            child.kill()
            child.communicate()
            raise
        self.sipp_ended(child, d)
        return ended

    def copies(self, d, count):
        """Time for an answer to be sent again: T1, 2 T1 ..."""
        try:
            d.wait("no such event", 0.5 * (2 ** count - 1) + 0.2)
        except AssertionError:
            pass

    def unheard(self, scenario, **options):
        """A call that the host does not hear of."""
        d = self.engine(**options)
        self.sipp_ended(self.sipp(scenario), d)
        while d.event(0):
            pass
        self.assertEqual(d.all("call_incoming"), [])


def scenario_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()[:200]
