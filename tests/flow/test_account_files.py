#!/usr/bin/env python3
"""Accounts in the file of `sipdialer -c`: calls go out and come in by them."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
import sippcall  # noqa: E402
from flow import run  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402
from test_account_calls import SDP, SECURE, answered, refused  # noqa: E402
from test_serve import Served  # noqa: E402


class Files(sippcall.Case):
    def setUp(self):
        super().setUp()
        self.trunk = self.network("--user", "bob:other", name="trunk",
                                  listen=flow.address(1) + ":0")

    def file(self, *lines, engine=()):
        path = self.path("accounts.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(("sip.local_address = " + self.ip, *engine) +
                              lines) + "\n")
        return path

    def section(self, *more, password="other", name="trunk"):
        return ("[account %s]  # by registration" % name,
                "sip.server = " + self.trunk.ip,
                "sip.port = %d" % self.trunk.port, "sip.user = bob",
                "sip.password = " + password, *more)

    # conformance: RFC 3261 10.2 | an account of the file registers and its call goes out, as the command names it | phonenet
    def test_call_by_account(self):
        r = run("-c", self.file(*self.section()), "--json", "call",
                "+4930123400", "--account", "trunk", "--max-duration", 1)
        self.assertEqual((r.status, r.last["disposition"]), (0, "answered"),
                         r)
        states = [(e["account"], e["status"]) for e in r.all("registration")]
        self.assertIn(("trunk", "registered"), states)
        self.assertIn("bob", self.trunk.events("invite")[0]["from"])
        # it had registered before it called
        names = [e["event"] for e in self.trunk.events()]
        self.assertLess(names.index("register"), names.index("invite"))
        self.assertEqual(self.trunk.events("register")[-1]["bindings"], 0)

    def test_call_by_an_account_that_is_refused(self):
        r = run("-c", self.file(*self.section(password="wrong")), "call",
                "+4930123400", "--account", "trunk")
        self.one_line(r, 3, "not registered")
        self.assertEqual(self.trunk.events("invite"), [])

    def test_call_by_no_account(self):
        path = self.file(*self.section("sip.register = no"))
        r = run("-c", path, "call", "+4930123400", "--account", "other")
        self.one_line(r, 2, '"other"')
        r = run("-c", path, "call", "+4930123400")
        self.assertEqual(r.status, 3, r)
        self.assertIn("sip.server", r.err)

    def test_errors_name_the_line(self):
        for lines, line, word in (
                (("[account a]",), 2, "sip.server is not set"),
                (("[account a", "sip.server=x"), 2, "no ] at its end"),
                (("[trunk a]",), 2, "only [account NAME]"),
                (("[account a]", "sip.server=x", "dial.retries=1"), 4,
                 "one account"),
                (("[account a]", "sip.server=x", "", "[account a]",
                  "sip.server=y"), 5, "already")):
            path = self.file(*lines)
            self.one_line(run("-c", path, "call", "1"), 2,
                          "%s:%d:" % (path, line), word)

    # conformance: RFC 3261 8.2 | serve takes calls by an account of the file, and only encrypted ones where it says so | sipp
    def test_serve(self):
        self.port = flow.free_port(self.ip)
        path = self.file(
            *self.section(), "[account open]", "sip.server = " + self.ip,
            "sip.register = no", "sip.local_port = %d" % self.port,
            "media.srtp = required", engine=("media.srtp = off",))
        s = Served(self, options=["-c", path])
        s.port()
        flow.until(lambda: [e for e in s.events("registration") if
                            (e["account"], e["status"]) ==
                            ("trunk", "registered")], 10, "registered")
        self.sipp_ended(self.sipp(refused(SDP, 488, "media.srtp is")))
        child = self.sipp(answered(SECURE))
        flow.until(lambda: s.events("call_answered"), 10, "answer")
        status, last = s.end()
        self.sipp_ended(child)
        self.assertEqual((status, last["calls"], last["answered"]),
                         (0, 1, 1), s.errors())
        self.assertEqual(s.events("call_incoming")[0]["account"], "open")

    def test_serve_names_accounts_in_its_lines(self):
        s = Served(self, options=["-c", self.file(*self.section())],
                   json_lines=False)
        flow.until(lambda: "trunk: registered\n" in s.text(), 10, "a line")
        s.child.terminate()
        self.assertEqual(s.child.wait(10), 0, s.errors())

    def test_hosts_load_the_same_file(self):
        d = self.enter(Engine(flow.LIBRARY))
        d.verb("load", d.p, self.file(*self.section()).encode())
        d.start()
        d.wait("registration", status="registered", account="trunk")
        e = d.wait("call_answered", call=d.call("+4930123400",
                                                "call.account=trunk"))
        self.assertEqual(e["codec"], "PCMU")
        account = d.stats()["accounts"][0]
        self.assertEqual((account["name"], account["registers"]),
                         ("trunk", True))


if __name__ == "__main__":
    flow.main(6)
