#!/usr/bin/env python3
"""Several accounts in one engine: each with its server, its password, its
registration and its calls."""
import ctypes
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import sipserver  # noqa: E402
from sipdialer_ct import Engine, Refused  # noqa: E402


class Accounts(flow.Case):
    def setUp(self):
        super().setUp()
        self.pbx = self.network("--user", "alice:secret", name="pbx")
        self.trunk = self.network("--user", "bob:other", name="trunk",
                                  listen=flow.address(1) + ":0")

    def engine(self, **more):
        options = {"sip.server": self.pbx.ip, "sip.port": self.pbx.port,
                   "sip.local_address": self.ip, "sip.user": "alice",
                   "sip.password": "secret"}
        options.update(more)
        return self.enter(Engine(flow.LIBRARY, options))

    def options(self, net=None, user="bob", password="other"):
        net = net or self.trunk
        return {"sip.server": net.ip, "sip.port": net.port, "sip.user": user,
                "sip.password": password}

    def registered(self, d, account):
        return d.wait("registration", status="registered", account=account)

    # conformance: RFC 3261 10.2 | two accounts register, each at its server | phonenet
    def test_two_register_and_dial(self):
        d = self.engine()
        d.account_add("trunk", self.options())
        d.start()
        names = {self.registered_any(d)["account"] for _ in range(2)}
        self.assertEqual(names, {None, "trunk"})

        own, other = d.call("+4930123400"), d.call(
            "+4930123500", "call.account=trunk")
        self.assertEqual({d.wait("call_answered")["call"] for _ in "ab"},
                         {own, other})
        self.assertEqual([len(n.events("invite")) for n in
                          (self.pbx, self.trunk)], [1, 1])
        # its user is the caller, and its digest got through
        self.assertIn("bob", self.trunk.events("invite")[0]["from"])
        self.assertIn("alice", self.pbx.events("invite")[0]["from"])
        stats = d.stats()
        self.assertEqual(stats["registration"]["status"], "registered")
        self.assertEqual([(a["name"], a["status"], a["users"])
                          for a in stats["accounts"]],
                         [("trunk", "registered", 1)])

        # in use; then not any more
        with self.assertRaises(Refused) as e:
            d.account_remove("trunk")
        self.assertEqual(e.exception.name, "SIPDIALER_ESTATE")
        self.assertIn("1 calls", e.exception.text)
        d.stop()
        for net in (self.pbx, self.trunk):
            flow.until(lambda: net.events("register")[-1]["bindings"] == 0)
            self.assertEqual(net.stop()["auth_failures"], 0)

    @staticmethod
    def registered_any(d):
        return d.wait("registration", status="registered")

    def test_added_removed_and_added_while_running(self):
        d = self.engine()
        d.start()
        self.registered(d, None)
        for _ in range(2):
            d.account_add("trunk", self.options())
            self.registered(d, "trunk")
            call = d.call("+4930123500", "call.account=trunk")
            d.wait("call_answered", call=call)
            d.hangup(call)
            # who hears of the end may remove it at once
            self.assertEqual(d.wait("call_ended", call=call)["account"],
                             "trunk")
            d.account_remove("trunk")
            d.wait("registration", status="disconnected", account="trunk")
            flow.until(lambda: self.trunk.events("register")[-1]["bindings"]
                       == 0)
            with self.assertRaises(Refused) as e:
                d.call("+4930123500", "call.account=trunk")
            self.assertEqual(e.exception.name, "SIPDIALER_ENOENT")
            self.assertIn('"trunk"', e.exception.text)
        # the engine's own goes on
        self.assertEqual(d.stats()["registration"]["status"], "registered")
        self.assertEqual(d.stats()["accounts"], [])

    def test_removed_at_once(self):
        """What an account begins with has not run yet."""
        d = self.engine()
        d.start()
        self.registered(d, None)
        for _ in range(50):
            d.account_add("trunk", self.options())
            d.account_remove("trunk")
        d.wait("call_answered", call=d.call("+4930123400"))

    def test_accounts_stay_over_a_stop(self):
        d = self.engine(**{"call.account": "trunk"})
        d.account_add("trunk", self.options())
        for _ in range(2):
            d.start()
            self.registered(d, "trunk")
            call = d.call("+4930123500")
            d.wait("call_answered", call=call)
            d.stop()
            self.assertEqual(d.all("call_ended")[-1]["disposition"],
                             "answered")
        self.assertEqual(len(self.trunk.events("invite")), 2)
        self.assertEqual(self.pbx.events("invite"), [])
        d.account_remove("trunk")
        d.start()
        with self.assertRaises(Refused):
            d.call("+4930123500")

    def test_engine_without_a_server_of_its_own(self):
        d = self.enter(Engine(flow.LIBRARY, {"sip.local_address": self.ip}))
        d.account_add("a", self.options(self.pbx, "alice", "secret"))
        d.account_add("b", self.options())
        d.start()
        for _ in range(2):
            self.registered_any(d)
        with self.assertRaises(Refused) as e:
            d.call("+4930123400")
        self.assertIn("sip.server", e.exception.text)
        for name in ("a", "b"):
            d.wait("call_answered",
                   call=d.call("+4930123400", "call.account=" + name))

    def test_nothing_secret_is_inherited(self):
        """A trunk that asks for a password does not get the PBX's, and not its
        user either."""
        asked = self.enter(sipserver.Server(flow.address(1), lambda m:
                                            sipserver.response(m, 401, [
                                                'WWW-Authenticate: Digest '
                                                'realm="x", nonce="n"'])))
        d = self.engine(**{"sip.header": "X-Secret: pbx",
                           "sip.caller_name": "Alice",
                           "sip.asserted_identity": "+4915100001",
                           "sip.preferred_identity": "+4915100002",
                           "sip.diversion": "+4915100003",
                           "sip.user_agent": "house"})
        d.account_add("open", {"sip.server": asked.ip,
                               "sip.port": asked.port})
        d.start()
        self.registered(d, None)
        call = d.call("+4930123400", "call.account=open")
        e = d.wait("call_ended", call=call)
        self.assertIn("sip.password", e["reason"])
        text = b"".join(asked.raw)
        self.assertEqual(asked.all("REGISTER"), [])
        for word in (b"alice", b"Alice", b"X-Secret", b"Authorization",
                     b"+491510000"):
            self.assertNotIn(word, text)
        self.assertIn(b"User-Agent: house", text)      # but this is

    # conformance: RFC 3261 8.2 | a call that comes in tells its account | own server
    def test_calls_come_in_by_account(self):
        server = self.enter(sipserver.Server(
            flow.address(1), lambda m: sipserver.registered(m, 300)))
        d = self.engine(**{"incoming.accept": "server"})
        d.account_add("trunk", {"sip.server": server.ip, "sip.port":
                                server.port, "sip.user": "bob"})
        d.start()
        for _ in range(2):
            self.registered_any(d)
        contact = server.all("REGISTER")[0].get("contact")
        host, port = contact.split("@")[1].split(">")[0].split(":")[:2]
        server.socket.sendto((
            "INVITE sip:bob@%s:%s SIP/2.0\r\n"
            "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bKa1\r\n"
            "From: <sip:+4930555@%s>;tag=a\r\nTo: <sip:bob@%s>\r\n"
            "Call-ID: in1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
            "Contact: <sip:x@%s:%d>\r\nContent-Length: 0\r\n\r\n" % (
                host, port, server.ip, server.port, server.ip, server.ip,
                server.ip, server.port)).encode(), (host, int(port)))
        e = d.wait("call_incoming")
        self.assertEqual((e["account"], e["from"]), ("trunk", "+4930555"))
        with self.assertRaises(Refused):
            d.account_remove("trunk")
        d.reject(e["call"], 486)
        d.wait("call_ended", call=e["call"])

    def campaign(self, d, name, *options):
        """One contact, started; its id."""
        request, ident = ctypes.c_uint64(), ctypes.c_uint64
        texts = [o.encode() for o in options] + [None]
        d.verb("campaign_create", d.p, name.encode(),
               (ctypes.c_char_p * len(texts))(*texts), ctypes.byref(request))
        campaign = d.wait("done", request=request.value)["campaign"]
        d.verb("contact_add", d.p, ident(campaign), b"+4930123412", None,
               None, ctypes.byref(request))
        d.wait("done", request=request.value)
        d.verb("campaign_start", d.p, ident(campaign), ctypes.byref(request))
        return campaign

    def test_campaigns_by_account(self):
        """The engine's own account is refused: a campaign of the trunk goes on
        all the same.  One of an unknown account is paused."""
        d = self.engine(**{"store.path": self.path("s.db"),
                           "sip.password": "wrong"})
        d.account_add("trunk", self.options())
        d.start()
        self.registered(d, "trunk")
        trunk = self.campaign(d, "t", "call.account=trunk")
        e = d.wait("call_ended", 20)
        self.assertEqual((e["campaign"], e["disposition"]),
                         (trunk, "answered"))
        self.assertEqual(len(self.trunk.events("invite")), 1)
        self.assertEqual(self.pbx.events("invite"), [])
        other = self.campaign(d, "o", "call.account=gone")
        e = d.wait("campaign_status", campaign=other, status="paused")
        self.assertIn('"gone"', e["reason"])

    def test_bad_names_and_options(self):
        d = self.engine()
        good = self.options()
        for name, options, error, word in (
                ("", good, "EINVAL", "1 to 31"),
                ("x" * 32, good, "EINVAL", "1 to 31"),
                ("a b", good, "EINVAL", "a b"),
                ("a\x01", good, "EINVAL", "letters"),
                ("a", {}, "EINVAL", "sip.server"),
                ("a", {**good, "sip.sever": "x"}, "ENOENT", "sip.server"),
                ("a", {**good, "dial.max_calls": "5"}, "EINVAL",
                 "one account"),
                ("a", {**good, "sip.port": "x"}, "EINVAL", "sip.port"),
                ("a", {"sip.server": "x", "sip.register": "yes"}, "EINVAL",
                 "sip.user")):
            with self.assertRaises(Refused) as e:
                d.account_add(name, options)
            self.assertEqual(e.exception.name, "SIPDIALER_" + error)
            self.assertIn(word, e.exception.text)
            self.assertLess(len(e.exception.text), 200)
        d.account_add("a", good)
        with self.assertRaises(Refused) as e:
            d.account_add("a", good)
        self.assertEqual(e.exception.name, "SIPDIALER_ESTATE")
        with self.assertRaises(Refused) as e:
            d.account_remove("b")
        self.assertEqual(e.exception.name, "SIPDIALER_ENOENT")

    def test_start_names_the_account_that_fails(self):
        d = self.engine()
        d.account_add("first", self.options())
        d.account_add("second", {**self.options(), "sip.password_file":
                                 self.path("none")})
        with self.assertRaises(Refused) as e:
            d.start()
        self.assertEqual(e.exception.name, "SIPDIALER_EIO")
        self.assertIn('account "second"', e.exception.text)
        d.account_remove("second")
        d.start()
        self.registered(d, "first")
        # while it runs: the same, and nothing is left behind
        with self.assertRaises(Refused):
            d.account_add("second", {**self.options(), "sip.password_file":
                                     self.path("none")})
        self.assertEqual(len(d.stats()["accounts"]), 1)

    def test_sixty_four_at_once_and_one_too_many(self):
        server = self.enter(sipserver.Server(
            flow.address(1), lambda m: sipserver.registered(m, 300)))
        d = self.engine(**{"sip.server": "", "sip.user": ""})
        for i in range(64):
            d.account_add("a%d" % i, {
                "sip.server": server.ip, "sip.port": server.port,
                "sip.user": "u%d" % i})
        with self.assertRaises(Refused) as e:
            d.account_add("more", {"sip.server": server.ip})
        self.assertEqual(e.exception.name, "SIPDIALER_EFULL")
        d.start()
        names = {self.registered_any(d)["account"] for _ in range(64)}
        self.assertEqual(len(names), 64)
        # and all go at the same time
        began = time.monotonic()
        d.stop()
        self.assertLess(time.monotonic() - began, 5)
        gone = {m.get("to") for m in server.all("REGISTER")
                if sipserver.asked(m) == 0}
        self.assertEqual(len(gone), 64)


if __name__ == "__main__":
    flow.main(12)
