#!/usr/bin/env python3
"""Several servers behind a name, some of them other people's programs: sipp,
kamailio, and the simulated network."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import certs  # noqa: E402
import dnsserver as dns  # noqa: E402
import test_kamailio  # noqa: E402
import test_sipp_uas  # noqa: E402
import tlsserver  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402
from sipserver import Server  # noqa: E402

NAME = "pbx.example"


def records(first, second, transport="udp"):
    """Two servers, the first preferred; each (ip, port)."""
    return {"_sip._%s.%s" % (transport, NAME):
            [dns.srv("a." + NAME, first[1], 10),
             dns.srv("b." + NAME, second[1], 20)],
            "a." + NAME: [dns.a(first[0])], "b." + NAME: [dns.a(second[0])]}


class Peers(flow.Case):
    def options(self, first, second, transport="udp", **more):
        names = self.enter(dns.Dns(self.ip,
                                   records(first, second, transport)))
        words = {"sip.server": NAME, "sip.dns_servers": names.text,
                 "sip.transport": transport, "sip.local_address": self.ip,
                 "sip.failover_time": 1}
        words.update((k.replace("__", "."), v) for k, v in more.items())
        return words

    def engine(self, *args, **more):
        d = Engine(flow.LIBRARY, self.options(*args, **more))
        self.addCleanup(d.destroy)
        d.start()
        return d

    def call(self, d, number="+4930123400"):
        call = d.call(number, "dial.max_duration=1")
        e = d.wait("call_ended", 20, call=call)
        self.assertEqual((e["disposition"], e["sip_status"]),
                         ("answered", 200), e)
        return e

    # conformance: RFC 3261 21.5.4 | 503 with Retry-After: calls go to the other server meanwhile | sipp
    # conformance: RFC 3263 4.3 | 503: the same request goes to the next server | sipp
    def test_sipp_says_503_with_retry_after(self):
        for tcp in (False, True):
            with self.subTest(tcp=tcp):
                full = test_sipp_uas.Telephone(
                    self, "refuse", tcp=tcp, words=[
                        ("STATUS", "503"), ("HEADER", "Retry-After: 30")])
                good = test_sipp_uas.Telephone(self, "uas", "-m", "2",
                                               "-rtp_echo", tcp=tcp)
                d = self.engine((full.ip, full.port), (good.ip, good.port),
                                "tcp" if tcp else "udp")
                self.call(d)
                full.wait(self)      # one INVITE and its ACK, nothing else
                self.call(d)
                good.wait(self)
                d.stop()

    # conformance: RFC 3263 4.3 | a connection refused: the next server, at once | sipp
    def test_sipp_after_a_refused_connection(self):
        good = test_sipp_uas.Telephone(self, "uas", "-rtp_echo", tcp=True)
        nobody = flow.Nobody(self.ip)
        d = self.engine((nobody.ip, nobody.port), (good.ip, good.port), "tcp",
                        sip__failover_time=0)
        e = self.call(d)
        self.assertEqual(d.stats()["sip"]["failovers"], 1, d.seen)
        self.assertLess(e["ring_ms"], 3000)
        good.wait(self)

    # conformance: RFC 3263 4.3 | silence: the next server; calls that are up go on | phonenet
    def test_network_stops_and_goes_on(self):
        one, two = self.network("--no-media", name="one"), \
            self.network("--no-media", name="two")
        d = self.engine((one.ip, one.port), (two.ip, two.port))
        up = d.call("+4930123400")
        d.wait("call_answered", call=up)
        one.net.child.send_signal(signal.SIGSTOP)
        self.call(d, "+4930555500")
        self.assertEqual(len(two.events("invite")), 1)
        one.net.child.send_signal(signal.SIGCONT)
        # it answers OPTIONS: calls go there again
        flow.until(lambda: d.stats()["sip"]["left_alone"] == 0, 15, "back")
        self.call(d, "+4930666600")
        self.assertEqual(len(one.events("invite", "+4930666600")), 1)
        d.hangup(up)
        e = d.wait("call_ended", call=up)
        self.assertEqual(e["disposition"], "answered", e)
        # what had been given up rang nowhere
        self.assertEqual([e["number"] for e in one.events("answer")],
                         ["+4930123400", "+4930666600"])


class Tls(flow.Case):
    # conformance: RFC 5922 7.3 | behind SRV the certificate must have the name that was asked for | own TLS server
    # conformance: RFC 3263 4.1 | TLS: _sips._tcp, and a server that is not believed is passed over | own TLS server
    def test_name_of_the_certificate_is_the_domain(self):
        ca = certs.Authority(self.dir)
        servers = [self.enter(tlsserver.Server(
            self.ip, tlsserver.context(*ca.issue(n, "DNS:" + n))))
            for n in ("a." + NAME, NAME)]
        # the first has a certificate of where SRV leads to: not enough
        names = self.enter(dns.Dns(self.ip, {
            "_sips._tcp." + NAME: [dns.srv("a." + NAME, servers[0].port, 1),
                                   dns.srv("b." + NAME, servers[1].port, 2)],
            "_sip._tcp." + NAME: [dns.srv("a." + NAME, 9, 1)],
            "_sip._udp." + NAME: [dns.srv("a." + NAME, 9, 1)],
            "a." + NAME: [dns.a(self.ip)], "b." + NAME: [dns.a(self.ip)]}))
        d = Engine(flow.LIBRARY, {
            "sip.server": NAME, "sip.dns_servers": names.text,
            "sip.transport": "tls", "sip.tls_ca_file": ca.cert,
            "sip.user": "alice", "sip.local_address": self.ip})
        self.addCleanup(d.destroy)
        d.start()
        d.wait("registration", status="registered")
        self.assertEqual((servers[0].got, servers[0].sip_bytes), ([], 0))
        self.assertEqual(set(servers[0].names + servers[1].names), {NAME})


class Kamailio(test_kamailio.Proxy):
    for name in dir(test_kamailio.Proxy):
        if name.startswith("test_"):
            locals()[name] = None
    del name

    def engine(self, first, second, **more):
        d = Engine(flow.LIBRARY, Peers.options(
            self, first, second, sip__user="alice", sip__password="secret",
            **more))
        self.addCleanup(d.destroy)
        d.start()
        return d

    # conformance: RFC 3263 4.3 | REGISTER and calls by the second server, with its digest | kamailio
    def test_kamailio_is_the_second(self):
        dead = self.enter(Server(self.ip, lambda msg: None))
        d = self.engine((dead.ip, dead.port), (self.ip, self.port))
        d.wait("registration", status="registered")
        Peers.call(self, d)
        self.assertEqual(dead.all("INVITE"), [])
        self.assertEqual(len(self.seen("407")), 1)
        d.stop()
        self.assertEqual(self.seen("register")[-1], "register 0")

    # conformance: RFC 3263 4.3 | the registration moves to the second server and back | kamailio, phonenet
    def test_registration_leaves_kamailio_and_comes_back(self):
        d = self.engine((self.ip, self.port), (self.net.ip, self.net.port))
        d.wait("registration", status="registered")
        self.assertEqual(self.net.events("register"), [])
        os.killpg(self.child.pid, signal.SIGSTOP)
        self.addCleanup(os.killpg, self.child.pid, signal.SIGCONT)
        Peers.call(self, d)
        flow.until(lambda: self.net.events("register"), 10, "moved")
        before = len(self.seen("register"))
        os.killpg(self.child.pid, signal.SIGCONT)
        flow.until(lambda: len(self.seen("register")) > before, 20,
                   "REGISTER at kamailio again")
        invites = len(self.seen("407"))
        flow.until(lambda: Peers.call(self, d) and
                   len(self.seen("407")) > invites, 10, "calls, too")


if __name__ == "__main__":
    flow.main()
