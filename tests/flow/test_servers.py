#!/usr/bin/env python3
"""Servers behind a name: found by DNS, one after the other, left alone and
come back."""
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import dnsserver as dns  # noqa: E402
import tlsserver  # noqa: E402
from caller import Caller  # noqa: E402
from dnsserver import Dns  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402
from sipserver import Server, registered, response  # noqa: E402

NAME = "pbx.example"
RESOLV = "SIPDIALER_TEST_RESOLV"  # resolv.conf of the child
SRV = "_sip._udp." + NAME


class Endless(dict):
    """SRV leads to another name each time it is asked for, each of these is
    an alias of another one."""
    name, count = "", 0

    def get(self, name, default=None):
        if default == dns.NXDOMAIN:          # it is asked for now
            self.name, self.count = name, self.count + 1
        elif name != self.name:
            return default
        to = "h%d.example" % self.count
        return [dns.srv(to, 5060, ttl=0)] if name == SRV else \
            [dns.cname(to, ttl=0)] if name[0] == "h" else dns.NXDOMAIN


class Servers(flow.Case):
    def dns(self, records, **more):
        return self.enter(Dns(self.ip, records, **more))

    def pair(self, one, two, port=0):
        """Records of two servers, the first preferred."""
        return {SRV: [dns.srv("a." + NAME, one.port, 10),
                      dns.srv("b." + NAME, two.port, 20)],
                "a." + NAME: [dns.a(one.ip)], "b." + NAME: [dns.a(two.ip)]}

    def server(self, answer, n=0, port=0):
        return self.enter(Server(flow.address(n), answer, port))

    def engine(self, names, **options):
        words = {"sip.server": NAME, "sip.dns_servers": names,
                 "sip.user": "alice", "sip.register": "no",
                 "sip.local_address": self.ip, "log.level": "info",
                 "sip.failover_time": 1}
        words.update((k.replace("__", "."), v) for k, v in options.items())
        d = Engine(flow.LIBRARY, words)
        self.addCleanup(d.destroy)
        d.start()
        return d

    def ended(self, d, number="+4930123", **fields):
        call = d.call(number)
        e = d.wait("call_ended", 40, call=call)
        for name, value in fields.items():
            self.assertEqual(e[name], value, e)
        return e

    def busy(self, msg):
        return response(msg, 486)

    # ---- finding ---------------------------------------------------------

    # conformance: RFC 3263 4.2 | without SRV the A record and port 5060 | own name server
    # conformance: RFC 3263 4.1 | NAPTR leads to an SRV name of its own | own name server
    # conformance: RFC 2782 | the lowest priority is called first | own name server
    def test_ways_to_the_server(self):
        s = self.server(self.busy)
        well_known = self.server(self.busy, 1, 5060)
        ways = {
            "a": ({NAME: [dns.a(well_known.ip)]}, well_known),
            "srv": ({SRV: [dns.srv("h.example", s.port)],
                     "h.example": [dns.a(s.ip)]}, s),
            "naptr": ({NAME: [dns.naptr("SIPS+D2T", "_sips._tcp.x.example"),
                              dns.naptr("SIP+D2T", "_sip._tcp.x.example"),
                              dns.naptr("SIP+D2U", "_v._udp.x.example")],
                       "_v._udp.x.example": [dns.srv("h.example", s.port)],
                       "h.example": [dns.a(s.ip)]}, s),
            "alias": ({SRV: [dns.srv("h.example", s.port)],
                       "h.example": [dns.cname("g.example")],
                       "g.example": [dns.cname("f.example")],
                       "f.example": [dns.a(s.ip)]}, s),
            "dead before": ({SRV: [dns.srv("none.example", 9, 1),
                                   dns.srv("h.example", s.port, 2)],
                             "h.example": [dns.a(s.ip)]}, s),
        }
        for way, (records, where) in ways.items():
            with self.subTest(way):
                before = len(where.all("INVITE"))
                d = self.engine(self.dns(records).text)
                self.ended(d, disposition="busy")
                self.assertEqual(len(where.all("INVITE")), before + 1)
                d.stop()

    # conformance: RFC 3263 4.2 | a port that is given is used without SRV | own name server
    def test_port_given_means_no_srv(self):
        s = self.server(self.busy)
        names = self.dns({NAME: [dns.a(s.ip)],
                          SRV: [dns.srv("wrong.example", 9)]})
        d = self.engine(names.text, sip__port=s.port)
        self.ended(d, disposition="busy")
        self.assertNotIn(dns.SRV, [kind for _, kind in names.asked])

    # conformance: RFC 7766 5 | what is cut on UDP is asked for by TCP | own name server
    def test_cut_answers_come_by_tcp(self):
        s = self.server(self.busy)
        names = self.dns({SRV: [dns.srv("h%d.example" % i, s.port, i)
                                for i in range(40)],
                          **{"h%d.example" % i: [dns.a(s.ip)]
                             for i in range(40)}}, cut=True)
        d = self.engine(names.text)
        self.ended(d, disposition="busy")
        self.assertGreater(names.by_tcp, 0)

    def test_next_name_server(self):
        s = self.server(self.busy)
        good = self.dns({SRV: [dns.srv("h.example", s.port)],
                         "h.example": [dns.a(s.ip)]})
        refusing = self.dns({})
        refusing.records = type("All", (dict,), {
            "get": lambda self, *a: dns.REFUSED})()
        d = self.engine(",".join((flow.Nobody(self.ip).text, refusing.text,
                                  good.text)))
        self.ended(d, disposition="busy")

    def test_clear_error_without_name_servers(self):
        d = self.engine(flow.Nobody(self.ip).text)
        e = self.ended(d, disposition="failed")
        self.assertIn("no name server answers (%s)" % self.ip, e["reason"])
        d.stop()
        d = self.engine(self.dns({}).text)
        e = self.ended(d, disposition="failed")
        self.assertIn("no address for sip:" + NAME, e["reason"])

    def test_aliases_in_a_circle(self):
        names = self.dns({NAME: [dns.cname("b.example")],
                          "b.example": [dns.cname(NAME)]})
        d = self.engine(names.text, sip__port=5060)
        e = self.ended(d, disposition="failed")
        self.assertIn("more than 8 aliases", e["reason"])

    # conformance: RFC 3263 4 | slow records that expire before the last one is told: the look-up has an end | own name server
    def test_records_that_lead_on_and_on(self):
        names = self.dns({})
        names.records, names.delay = Endless(), 0.9
        d = self.engine(names.text, dial__ring_timeout=60)
        e = self.ended(d, disposition="failed")
        self.assertIn("lead on for more than 15 s", e["reason"])
        self.assertLess(len(names.asked), 200)

    def test_answers_of_others_are_not_taken(self):
        """Wrong id, wrong name, garbage: the call waits and fails."""
        s = self.server(self.busy)
        engines = []
        for twist in (lambda x: bytes([x[0] ^ 1]) + x[1:],
                      lambda x: x.replace(b"pbx", b"xpb"),
                      lambda x: x[:30], lambda x: b""):
            names = self.dns({NAME: [dns.a(s.ip)]})
            names.twist = twist
            engines.append(self.engine(names.text, sip__port=s.port))
            engines[-1].call("+4930123")
        for d in engines:
            e = d.wait("call_ended")
            self.assertEqual(e["disposition"], "failed", e)
            self.assertIn("no address", e["reason"])
        self.assertEqual(s.all("INVITE"), [])

    # conformance: RFC 3596 | AAAA records, where the local address is IPv6 | own name server
    def test_ipv6_by_its_own_records(self):
        s = self.enter(tlsserver.Server("::1", None))
        d = self.engine(self.dns({
            "_sip._tcp." + NAME: [dns.srv("h.example", s.port)],
            "h.example": [dns.a("192.0.2.1"), dns.a("::1")]}).text,
            sip__transport="tcp", sip__local_address="::1")
        self.ended(d, disposition="busy")

    def test_name_servers_of_the_system_change(self):
        """The child has a resolv.conf of its own, and writes it anew."""
        if RESOLV in os.environ:
            s = self.server(self.busy)
            self.dns({NAME: [dns.a(s.ip)]}, port=53)
            d = self.engine("", sip__port=s.port)
            self.ended(d, disposition="failed")
            with open(os.environ[RESOLV], "w", encoding="ascii") as f:
                f.write("nameserver %s\n" % self.ip)
            flow.until(lambda: d.call("+4930123") and
                       d.wait("call_ended")["disposition"] == "busy", 25,
                       "asked the new one")
            return
        if os.geteuid() or not shutil.which("unshare") or \
                subprocess.run(["unshare", "-m", "true"], check=False,
                               stderr=subprocess.DEVNULL).returncode:
            self.skipTest("no mount namespace of its own")
        path = self.path("resolv.conf")
        with open(path, "w", encoding="ascii") as f:
            f.write("nameserver 127.255.1.1\n")
        subprocess.run(
            ["unshare", "-m", "sh", "-c",
             'mount --bind "$0" /etc/resolv.conf && exec "$@"', path,
             sys.executable, "-m", "unittest", "-q",
             "test_servers." + self.id().split(".", 1)[1]],
            cwd=os.path.dirname(os.path.abspath(__file__)), check=True,
            timeout=60, env={**os.environ, RESOLV: path})

    # ---- the next server -------------------------------------------------

    # conformance: RFC 3263 4.3 | silence: the next server, in a transaction of its own | own server
    def test_first_is_silent(self):
        dead = self.server(lambda msg: None)
        good = self.server(self.busy, 1)
        d = self.engine(self.dns(self.pair(dead, good)).text)
        self.ended(d, disposition="busy", sip_status=486)
        first, second = dead.wait("INVITE")[0], good.wait("INVITE")[0]
        for header in ("call-id", "from", "cseq", "to"):
            self.assertEqual(first.get(header), second.get(header))
        self.assertNotEqual(first.branch, second.branch)
        # the next call spares itself the wait
        before = len(dead.all("INVITE"))
        self.ended(d, disposition="busy")
        self.assertEqual({m.get("call-id") for m in
                          dead.all("INVITE")[before:]} -
                         {first.get("call-id")}, set())
        self.assertTrue(any("left alone for 60 s" in e["text"]
                            for e in d.all("log")), d.seen)

    # conformance: RFC 3263 4.3 | transport error: the next server | own server
    def test_first_refuses_the_connection(self):
        good = self.server(self.busy, 1)
        d = self.engine(self.dns(self.pair(flow.Nobody(self.ip), good)).text)
        self.ended(d, disposition="busy")
        self.assertEqual(len(good.all("INVITE")), 1)

    # conformance: RFC 3263 4.3 | 503: the next server, for this request | own server
    # conformance: RFC 3261 21.5.4 | 503 with Retry-After: no request there for so long | own server
    def test_first_says_503(self):
        for extra, again in (([], 2), (["Retry-After: 30"], 1)):
            with self.subTest(extra):
                full = self.server(lambda msg, e=extra: response(msg, 503, e))
                good = self.server(self.busy, 1)
                d = self.engine(self.dns(self.pair(full, good)).text)
                for _ in range(2):
                    self.ended(d, disposition="busy", sip_status=486)
                self.assertEqual(len(full.all("INVITE")), again)
                self.assertEqual(len(good.all("INVITE")), 2)
                self.assertEqual(full.all("OPTIONS"), [])
                d.stop()
                full.close()
                good.close()

    def test_503_of_all_is_the_answer(self):
        one = self.server(lambda msg: response(msg, 503))
        two = self.server(lambda msg: response(msg, 503), 1)
        d = self.engine(self.dns(self.pair(one, two)).text)
        self.ended(d, disposition="congestion", sip_status=503)
        self.assertEqual((len(one.all("INVITE")), len(two.all("INVITE"))),
                         (1, 1))

    # conformance: RFC 3263 4.3 | other refusals are final | own server
    # conformance: RFC 3261 16.7 | nothing goes elsewhere once it rang | own server
    def test_what_stays_with_the_first(self):
        stays = {
            "486": lambda msg: response(msg, 486),
            "500": lambda msg: response(msg, 500),
            "404": lambda msg: response(msg, 404),
            "180, 503": lambda msg: [response(msg, 180), response(msg, 503)],
        }
        for name, answer in stays.items():
            with self.subTest(name):
                one, two = self.server(answer), self.server(self.busy, 1)
                d = self.engine(self.dns(self.pair(one, two)).text)
                self.ended(d)
                self.assertEqual((len(one.all("INVITE")), two.got), (1, []))
                d.stop()
                one.close()
                two.close()

    def test_silence_after_100_rings_nowhere_else(self):
        one = self.server(lambda msg: response(msg, 100)
                          if msg.method == "INVITE" else
                          [response(msg, 200)])
        two = self.server(self.busy, 1)
        d = self.engine(self.dns(self.pair(one, two)).text,
                        dial__ring_timeout=5)
        self.ended(d, disposition="no_answer")
        self.assertEqual(two.all("INVITE"), [])
        self.assertEqual(len(one.all("CANCEL")) > 0, True)

    # conformance: RFC 3261 9.1 | one that rings after it was given up is cancelled | own server
    def test_late_ringing_is_cancelled(self):
        held = []
        late = self.server(lambda msg: held.append(msg)
                           if msg.method == "INVITE" else
                           response(msg, 200))
        good = self.server(lambda msg: [response(msg, 180)]
                           if msg.method == "INVITE" else
                           response(msg, 200), 1)
        d = self.engine(self.dns(self.pair(late, good)).text)
        call = d.call("+4930123")
        good.wait("INVITE")
        late.socket.sendto(response(held[0], 180), held[0].addr)
        cancel = late.wait("CANCEL")[0]
        self.assertEqual(cancel.branch, held[0].branch)
        self.assertEqual(good.all("CANCEL"), [])
        # and one that answers all the same is hung up
        ok = response(held[0], 200, [
            "Contact: <sip:late@%s:%d>" % (late.ip, late.port)])
        late.socket.sendto(ok, held[0].addr)
        d.hangup(call)
        late.wait("ACK")
        late.wait("BYE")
        d.wait("call_ended", call=call)

    # ---- the registration ------------------------------------------------

    # conformance: RFC 3263 4.3 | REGISTER goes to the next server, calls follow it | own server
    def test_registration_moves_and_comes_back(self):
        alive = {"a": False}

        def first(msg):
            if not alive["a"]:
                return None
            return registered(msg, 600) if msg.method == "REGISTER" else \
                response(msg, 200 if msg.method == "OPTIONS" else 486)
        one = self.server(first)
        two = self.server(lambda msg: registered(msg, 600)
                          if msg.method == "REGISTER" else self.busy(msg), 1)
        d = self.engine(self.dns(self.pair(one, two)).text,
                        sip__register="yes", incoming__accept="server")
        d.wait("registration", status="registered")
        self.assertEqual(len(two.all("REGISTER")), 1)
        self.ended(d, disposition="busy")
        self.assertEqual(len(two.all("INVITE")), 1)
        # the better one answers OPTIONS: it gets the registration back
        self.assertEqual(one.all("INVITE"), [])
        registers = len(one.all("REGISTER"))
        alive["a"] = True
        one.wait("REGISTER", registers + 1, 15)
        self.assertGreater(len(one.all("OPTIONS")), 0)
        flow.until(lambda: self.ended(d) and one.all("INVITE"), 10,
                   "calls follow")

    def test_all_left_alone_are_tried_all_the_same(self):
        answers = {}
        one = self.server(lambda msg: answers.get("one"))
        two = self.server(lambda msg: answers.get("two"), 1)
        d = self.engine(self.dns(self.pair(one, two)).text,
                        sip__blacklist_time=3600, dial__ring_timeout=5)
        self.ended(d)
        flow.until(lambda: self.stats(d)["left_alone"] >= 1, 5, "the first")
        answers["one"] = answers["two"] = None
        one.answer = two.answer = \
            lambda msg: self.busy(msg) if msg.method == "INVITE" else None
        self.ended(d, disposition="busy")

    @staticmethod
    def stats(d):
        return d.stats()["sip"]

    # ---- names that move -------------------------------------------------

    # ---- name servers that do wrong ---------------------------------------

    def test_garbage_of_a_name_server(self):
        """Bytes changed, cut, repeated: no crash, and never another server
        than those of the records."""
        rnd = random.Random(3263)
        s = self.server(self.busy)

        def twist(out):
            data = bytearray(out)
            for _ in range(rnd.randrange(4)):
                data[rnd.randrange(2, len(data))] = rnd.randrange(256)
            if rnd.random() < 0.3:
                del data[rnd.randrange(12, len(data)):]
            return bytes(data)
        for n in range(12):
            names = self.dns(self.pair(s, s))
            names.twist = twist
            d = self.engine(names.text, incoming__accept="server")
            d.call("+4930123")
            if n % 2:                # some stop in the middle
                d.event(0.2)
            d.stop()

    def test_hang_up_and_stop_while_names_are_asked(self):
        names = self.dns({})
        names.records = type("Silent", (dict,), {
            "get": lambda self, *a: None})()
        d = self.engine(names.text, sip__register="yes")
        calls = [d.call("+4930123%d" % n) for n in range(20)]
        flow.until(lambda: names.asked, 5, "asked")
        for call in calls[:10]:
            d.hangup(call)
        for call in calls[:10]:
            e = d.wait("call_ended")
            self.assertEqual(e["disposition"], "cancelled", e)
        d.stop()
        self.assertEqual(len(d.all("call_ended")), 20)

    def test_hung_up_before_its_server_is_known(self):
        s = self.server(self.busy)
        names = self.dns({"a." + NAME: [dns.a(s.ip)], SRV: None})
        d = self.engine(names.text)
        call = d.call("+4930111")
        d.wait("call_dialing", call=call)
        d.hangup(call)
        # asked again, it answers
        names.records[SRV] = [dns.srv("a." + NAME, s.port)]
        self.assertEqual(d.wait("call_ended", call=call)["disposition"],
                         "cancelled")
        self.ended(d, disposition="busy")
        self.assertEqual(len(s.all("INVITE")), 1)

    # conformance: RFC 1035 3.2.1 | the name is looked up again when its records expire | own name server
    # conformance: RFC 3263 4 | calls come in from the addresses of the records, from no other | own name server
    def test_name_moves_and_its_calls_come_in(self):
        one, two = self.server(self.busy), self.server(self.busy, 1)
        two.close()
        two = self.server(self.busy, 1, one.port)
        names = self.dns({NAME: [dns.a(one.ip, 1)]})
        d = self.engine(names.text, sip__port=one.port,
                        incoming__accept="server")
        self.ended(d, disposition="busy")
        names.records[NAME] = [dns.a(two.ip, 1)]
        count = len(names.asked)
        flow.until(lambda: len(names.asked) > count, 15, "asked again")
        flow.until(lambda: self.ended(d) and two.all("INVITE"), 10, "moved")
        local = d.all("started")[0]["text"].split(":")
        engine = (local[1], int(local[2]))
        stranger = self.enter(Caller(engine, "127.0.0.9"))
        stranger.invite()
        c = self.enter(Caller(engine, two.ip))
        c.invite()
        c.until("SIP/2.0 180")
        d.wait("call_incoming")
        self.assertIsNone(stranger.receive(0.01), stranger.seen)


if __name__ == "__main__":
    flow.main()
