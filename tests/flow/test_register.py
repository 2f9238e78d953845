#!/usr/bin/env python3
"""Registration: states as events, digest, refusals, refresh, restarts."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import sipserver  # noqa: E402
from flow import run  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402


class Register(flow.Case):
    def engine(self, server, **options):
        base = {"sip.server": server.ip, "sip.port": server.port,
                "sip.local_address": self.ip, "sip.user": "alice",
                "sip.password": "secret", "sip.register_expires": 60}
        base.update({"sip." + k: v for k, v in options.items()})
        return self.enter(Engine(flow.LIBRARY, base))

    def states(self, d):
        return [e["status"] for e in d.all("registration")]

    def test_md5_sha256_and_both(self):
        for algorithm in ("md5", "sha256", "both"):
            with self.subTest(algorithm=algorithm):
                net = self.network("--user", "alice:secret", "--algorithm",
                                   algorithm, name=algorithm)
                d = self.engine(net)
                d.start()
                e = d.wait("registration", status="registered")
                self.assertEqual((e["sip_status"], e["expires_s"]),
                                 (200, 60))
                self.assertEqual(self.states(d),
                                 ["connecting", "registered"])
                flow.until(lambda: net.events("register"))
                self.assertEqual(net.events("register")[-1]["bindings"], 1)
                d.stop()
                # un-registered: by event, and at the server
                self.assertEqual(self.states(d)[-1], "disconnected")
                stats = net.stop()
                self.assertEqual(net.events("register")[-1]["bindings"], 0)
                self.assertEqual(stats["auth_failures"], 0)

    def test_starts_again_after_stop(self):
        net = self.network("--user", "alice:secret")
        d = self.engine(net)
        for _ in range(2):
            d.start()
            d.wait("registration", status="registered")
            d.stop()
        self.assertEqual(net.stop()["bindings"], 0)

    def command(self, server, *args, user="alice", password="secret"):
        return run("-o", "sip.server=%s" % server.ip, "-o",
                   "sip.port=%d" % server.port, "-o",
                   "sip.local_address=%s" % self.ip, "-o",
                   "sip.user=%s" % user, "-o", "sip.password=%s" % password,
                   *args, "--json", "call", "+4930123400",
                   "--max-duration", 1)

    def test_wrong_password_is_3_and_no_hammering(self):
        net = self.network("--user", "alice:secret")
        r = self.command(net, password="wrong")
        self.one_line(r, 3, "SIPDIALER_EAUTH", "password")
        self.assertNotIn("wrong", r.out + r.err)
        states = [e["status"] for e in r.all("registration")]
        self.assertEqual(states[-1], "failed", r)
        self.assertEqual(net.events("invite"), [])
        self.assertLessEqual(net.stop()["auth_failures"], 2)

    def test_unknown_user_and_forbidden(self):
        net = self.network("--user", "alice:secret")
        self.one_line(self.command(net, user="forbidden"), 3,
                      "SIPDIALER_EAUTH", "403")
        self.one_line(self.command(net, user="nobody"), 3, "404")

    def test_busy_registrar_is_asked_again_after_retry_after(self):
        net = self.network()
        self.one_line(self.command(net, user="busyreg"), 3, "503")
        net.close()
        net = self.network(name="other", listen=flow.address(1) + ":0")
        d = self.engine(net, user="busyreg")
        d.start()
        e = d.wait("registration", status="failed")
        self.assertEqual(e["sip_status"], 503)
        # not earlier, and not much later
        self.assertIn(e["retry_ms"], range(2000, 4000))
        d.wait("registration", 6, status="failed")
        flow.until(lambda: len(net.events("register")) > 1)
        at = [e["t_ms"] for e in net.events("register")]
        self.assertGreaterEqual(at[1] - at[0], 2000)
        self.assertEqual(len(at), 2)

    def test_423_is_asked_again_with_the_servers_time(self):
        net = self.network("--user", "alice:secret", "--min-expires", "120")
        d = self.engine(net)
        d.start()
        e = d.wait("registration", status="registered")
        self.assertEqual(e["expires_s"], 120)

    def test_unreachable_server_is_3(self):
        r = self.command(flow.Nobody(self.ip))
        self.one_line(r, 3, "SIPDIALER_ENET")
        self.assertLess(r.seconds, 20, r)

    def test_silent_server_is_3_in_time(self):
        server = self.enter(sipserver.Server(self.ip, lambda m: None))
        r = self.command(server)
        self.one_line(r, 3, "SIPDIALER_ENET", "not registered")
        self.assertLess(r.seconds, 20, r)

    def test_refreshed_before_it_expires(self):
        server = self.enter(sipserver.Server(
            self.ip, lambda m: sipserver.registered(m, 3)))
        d = self.engine(server)
        d.start()
        d.wait("registration", status="registered")
        server.wait("REGISTER", 4)
        at = [m.at for m in server.all("REGISTER")]
        for a, b in zip(at, at[1:]):
            self.assertLess(b - a, 2.95)
            self.assertGreater(b - a, 0.5)
        # one registration, one Call-ID, rising CSeq: RFC 3261 10.2
        self.assertEqual(len({m.get("call-id") for m in server.got}), 1)
        seqs = [m.cseq for m in server.all("REGISTER")]
        self.assertEqual(seqs, sorted(set(seqs)))
        # no event says that it was away
        self.assertNotIn("failed", self.states(d))
        d.stop()
        self.assertEqual(sipserver.asked(server.all("REGISTER")[-1]), 0)

    def test_server_restart_is_survived(self):
        def grant(m):
            return sipserver.registered(m, 3)

        server = self.enter(sipserver.Server(self.ip, grant))
        d = self.engine(server)
        d.start()
        d.wait("registration", status="registered")
        server.close()
        d.wait("registration", 15, status="failed")
        again = self.enter(sipserver.Server(self.ip, grant, server.port))
        d.wait("registration", 30, status="registered")
        self.assertGreaterEqual(len(again.all("REGISTER")), 1)

    def test_lost_registration_over_tcp_comes_back(self):
        net = self.network("--user", "alice:secret")
        d = self.engine(net, transport="tcp")
        d.start()
        d.wait("registration", status="registered")
        net.kill()
        net = self.network("--user", "alice:secret", name="second",
                           listen="%s:%d" % (net.ip, net.port))
        began = time.monotonic()
        flow.until(lambda: d.event(0.1) and False or
                   [e for e in net.events("register") if e["bindings"]], 70,
                   "a binding at the server that came back")
        self.assertLess(time.monotonic() - began, 70)


if __name__ == "__main__":
    flow.main(12)
