#!/usr/bin/env python3
"""Through kamailio as registrar and proxy: digest, record-routing, a
campaign of 50."""
import os
import signal
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
from flow import run  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402

KAMAILIO = flow.program("kamailio", "kamailio")

CONFIG = """#!KAMAILIO
debug=1
log_stderror=yes
memdbg=5
memlog=5
children=2
tcp_children=1
auto_aliases=no
disable_core_dump=yes
listen=udp:%(ip)s:%(port)d
listen=tcp:%(ip)s:%(port)d
%(more)s
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("rr", "append_fromtag", 1)
modparam("auth", "qop", "auth")
modparam("auth", "nonce_expire", 60)
%(auth)s

request_route {
	if (!mf_process_maxfwd_header("10")) {
		sl_send_reply("483", "Too Many Hops");
		exit;
	}
	if (has_totag()) {
		if (loose_route()) {
			xlog("L_ERR", "SEEN loose $rm\\n");
			t_relay();
			exit;
		}
		if (is_method("ACK") && t_check_trans()) {
			t_relay();
			exit;
		}
		xlog("L_ERR", "SEEN stray $rm\\n");
		if (!is_method("ACK"))
			sl_send_reply("404", "Not here");
		exit;
	}
	if (is_method("CANCEL")) {
		xlog("L_ERR", "SEEN cancel\\n");
		if (t_check_trans())
			t_relay();
		exit;
	}
	t_check_trans();
	if (is_method("REGISTER")) {
		if (!pv_www_authenticate("test", "secret", "0") ||
		    $au != "alice") {
			xlog("L_ERR", "SEEN challenge $(hdr(Authorization))\\n");
			www_challenge("test", "1");
			exit;
		}
		xlog("L_ERR", "SEEN register $hdr(Expires)\\n");
		save("location");
		reg_fetch_contacts("location", "$tu", "caller");
		xlog("L_ERR", "SEEN bindings $(ulc(caller=>count))\\n");
		exit;
	}
	if (!is_method("INVITE")) {
		sl_send_reply("405", "Method Not Allowed");
		exit;
	}
	if (!pv_proxy_authenticate("test", "secret", "0") || $au != "alice") {
		xlog("L_ERR", "SEEN 407\\n");
		proxy_challenge("test", "1");
		exit;
	}
	consume_credentials();
	xlog("L_ERR", "SEEN invite $rU\\n");
	record_route();
	if ($rU == "alice") {
		if (!lookup("location")) {
			sl_send_reply("480", "Not Registered");
			exit;
		}
		t_relay();
		exit;
	}
	$du = "sip:%(to)s:%(to_port)d";
	t_relay();
}
"""


class Base(flow.Case):
    """A kamailio, and the way to it."""
    transports = ("udp", "tcp")
    auth = ""                        # more lines for its module auth
    config = CONFIG

    def more(self):
        """Lines for the configuration."""
        return ""

    def options(self):
        """The way to the proxy."""
        return {"server": self.ip, "port": self.port}

    def setUp(self):
        super().setUp()
        self.net = self.network("--answer-delay", "50")
        self.port = flow.free_port(self.ip)
        config = self.path("kamailio.cfg")
        with open(config, "w", encoding="utf-8") as f:
            f.write(self.config % {"ip": self.ip, "port": self.port,
                                   "to": self.net.ip,
                                   "to_port": self.net.port,
                                   "more": self.more(), "auth": self.auth})
        os.mkdir(self.path("run"))
        self.log = open(self.path("kamailio.log"), "w+", encoding="utf-8")
        self.addCleanup(self.log.close)
        self.child = subprocess.Popen(
            [KAMAILIO, "-DD", "-E", "-f", config, "-Y", self.path("run"),
             "-m", "64", "-M", "8"], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, cwd=self.dir,
            start_new_session=True)
        self.addCleanup(self.end)
        flow.until(lambda: self.child.poll() is not None or
                   flow.listens("tcp", self.ip, self.port) and
                   flow.listens("udp", self.ip, self.port), 15,
                   "kamailio listens")
        self.assertIsNone(self.child.poll(), self.text()[-3000:])
        self.base = ["-o", "sip.local_address=%s" % self.ip,
                     "-o", "sip.user=alice"]
        for name, value in self.options().items():
            self.base += ["-o", "sip.%s=%s" % (name, value)]
        self.right = [*self.base, "-o", "sip.password=secret"]

    def end(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        # it has children of its own, in the session that we made for it
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def text(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def seen(self, what):
        return re.findall(r"SEEN (%s.*)" % what, self.text())

    def call(self, number, *args, options=None):
        return run(*(options or self.right), "--json", "call", number,
                   "--max-duration", 1, "--ring-timeout", 5, *args)


class Proxy(Base):
    def test_registers_calls_and_unregisters(self):
        for transport in self.transports:
            with self.subTest(transport=transport):
                self.routed(transport)

    def routed(self, transport):
        number = "+4930%s00" % ("5678" if transport == "tcp" else "1234")
        before = {w: len(self.seen(w)) for w in
                  ("register", "407", "invite", "loose ACK", "loose BYE")}
        r = self.call(number, options=[*self.right, "-o", "sip.transport=" +
                                       transport])
        self.assertEqual((r.status, r.last["disposition"]),
                         (0, "answered"), r)
        self.assertEqual([e["status"] for e in r.all("registration")],
                         ["connecting", "registered"], r)
        self.assertEqual(len(self.net.events("invite", number)), 1)
        self.assertEqual(self.net.events("end", number)[0]["by"], "caller")
        # once each: registered, un-registered; ACK and BYE by Record-Route
        got = {w: len(self.seen(w)) - n for w, n in before.items()}
        self.assertEqual(got, {"register": 2, "407": 1, "invite": 1,
                               "loose ACK": 1, "loose BYE": 1}, self.text())
        self.assertEqual(self.seen("register")[-1], "register 0")
        self.assertEqual(self.seen("stray"), [])

    def test_far_end_hangs_up_through_the_proxy(self):
        r = self.call("+4930123412", "--max-duration", 20)
        self.assertEqual((r.status, r.last["disposition"]),
                         (0, "answered"), r)
        self.assertLess(r.last["talk_ms"], 1000)
        self.assertEqual(self.seen("loose BYE"), ["loose BYE"])

    def test_cancel_goes_through_the_proxy(self):
        r = self.call("+4930123402")
        self.assertEqual(r.last["disposition"], "no_answer", r)
        self.assertEqual(self.seen("cancel"), ["cancel"])
        self.assertEqual(self.net.events("end")[0]["by"], "cancel")

    def test_hold_through_the_proxy(self):
        r = self.call("+4930123425", "--max-duration", 3)
        self.assertEqual([e["status"] for e in r.all("call_held")],
                         ["held", "resumed"], r)
        self.assertEqual(self.seen("loose INVITE"), ["loose INVITE"] * 2)

    def test_calls_itself_through_the_proxy(self):
        """Both ends of a call in one engine, with one Call-ID: the caller's
        BYE and the called one's take the way of Record-Route."""
        for hangup in ("out", "in"):
            with self.subTest(hangup=hangup), Engine(flow.LIBRARY, {
                    "sip.server": self.ip, "sip.port": self.port,
                    "sip.local_address": self.ip, "sip.user": "alice",
                    "sip.password": "secret",
                    "incoming.accept": "server"}) as d:
                byes = len(self.seen("loose BYE"))
                d.start()
                d.wait("registration", status="registered")
                calls = {"out": d.call("alice")}
                e = d.wait("call_incoming")
                self.assertEqual((e["from"], e["to"]), ("alice", "alice"))
                calls["in"] = e["call"]
                d.answer(calls["in"])
                for _ in calls:
                    d.wait("call_answered")
                d.hangup(calls[hangup])
                ended = [d.wait("call_ended") for _ in calls]
                self.assertEqual({e["direction"]: e["disposition"]
                                  for e in ended},
                                 {"outbound": "answered",
                                  "inbound": "answered"}, ended)
                flow.until(lambda: len(self.seen("loose BYE")) == byes + 1,
                           5, "BYE through the proxy")
        self.assertEqual(self.seen("stray"), [])

    # conformance: RFC 3262 3, 4 | a call that comes in by way of a proxy: reliable 180 and 183, PRACKs by Record-Route, then the answer | kamailio
    def test_reliable_answers_through_the_proxy(self):
        with Engine(flow.LIBRARY, {
                "sip.server": self.ip, "sip.port": self.port,
                "sip.local_address": self.ip, "sip.user": "alice",
                "sip.password": "secret", "sip.100rel": "required",
                "incoming.accept": "server"}) as d:
            d.start()
            d.wait("registration", status="registered")
            out = d.call("alice")
            call = d.wait("call_incoming")["call"]
            d.early(call)
            seen = {d.wait("call_early_media")["call"] for _ in range(2)}
            self.assertEqual(seen, {out, call})
            d.answer(call)
            for _ in range(2):
                d.wait("call_answered")
            d.hangup(call)
            for _ in range(2):
                d.wait("call_ended")
        self.assertEqual(self.seen("loose PRACK"), ["loose PRACK"] * 2)
        self.assertEqual(self.seen("stray"), [])

    # conformance: RFC 3261 21.3.3 | 302 of ours goes through a proxy to the caller | kamailio
    def test_redirected_through_the_proxy(self):
        with Engine(flow.LIBRARY, {
                "sip.server": self.ip, "sip.port": self.port,
                "sip.local_address": self.ip, "sip.user": "alice",
                "sip.password": "secret", "incoming.accept": "server"}) as d:
            d.start()
            d.wait("registration", status="registered")
            out = d.call("alice")
            call = d.wait("call_incoming")["call"]
            d.redirect(call, "sip:desk@192.0.2.7")
            ended = {e["call"]: e for e in
                     (d.wait("call_ended"), d.wait("call_ended"))}
        self.assertEqual({c: e["sip_status"] for c, e in ended.items()},
                         {out: 302, call: 302}, ended)

    # conformance: RFC 3261 9.2 | a call that comes in by way of a proxy is cancelled | kamailio
    def test_incoming_cancelled_through_the_proxy(self):
        with Engine(flow.LIBRARY, {
                "sip.server": self.ip, "sip.port": self.port,
                "sip.local_address": self.ip, "sip.user": "alice",
                "sip.password": "secret", "incoming.accept": "server"}) as d:
            d.start()
            d.wait("registration", status="registered")
            r = self.call("alice", options=[*self.right, "-o",
                                            "sip.register=no"])
            self.assertEqual(r.last["disposition"], "no_answer", r)
            e = d.wait("call_ended")
            self.assertEqual((e["direction"], e["disposition"],
                              e["sip_status"]), ("inbound", "no_answer", 487))

    # conformance: RFC 5626 4.1 | one binding after a crash and a restart | kamailio
    def test_binding_of_a_crashed_run_is_replaced(self):
        first = self.command(*self.right, "--json", "call", "+4930123402",
                             "--ring-timeout", 30)
        flow.until(lambda: self.seen("invite"), 10, "a call")
        self.bindings(1, 1)
        first.signal(signal.SIGKILL)
        first.wait()
        # and those of two that live at the same time are kept
        with self.engine() as d:
            d.wait("registration", status="registered")
            self.bindings(2, 1)
            with self.engine() as e:
                e.wait("registration", status="registered")
                self.bindings(3, 2)

    def bindings(self, registers, count):
        """What the so-manieth REGISTER left behind."""
        got = flow.until(lambda: self.seen("bindings")[registers - 1:], 5,
                         "the REGISTER")
        self.assertEqual(got, ["bindings %d" % count], self.seen("register"))

    def engine(self):
        d = Engine(flow.LIBRARY, {
            **{"sip." + k: v for k, v in self.options().items()},
            "sip.local_address": self.ip, "sip.user": "alice",
            "sip.password": "secret"})
        d.start()
        return d

    def test_wrong_password_is_not_tried_again(self):
        r = self.call("+4930123400", options=[*self.base, "-o",
                                              "sip.password=wrong"])
        self.one_line(r, 3, "SIPDIALER_EAUTH")
        self.assertEqual(self.net.events("invite"), [])
        self.assertLessEqual(len(self.seen("challenge")), 3)

    def test_wrong_password_without_registration(self):
        r = self.call("+4930123400", options=[
            *self.base, "-o", "sip.password=wrong", "-o",
            "sip.register=no"])
        self.assertEqual((r.status, r.last["disposition"]), (1, "failed"), r)
        self.assertLessEqual(len(self.seen("407")), 3)

    def test_campaign_of_50(self):
        digits = {"00": "answered", "01": "busy", "03": "invalid_number",
                  "04": "no_answer", "06": "rejected"}
        numbers = ["+493012%03d%s" % (i, list(digits)[i % 5])
                   for i in range(50)]
        csv = flow.contacts(self.path("c.csv"), numbers)
        out = self.path("out.csv")
        prompt = flow.write_wav(self.path("p.wav"), flow.voice(0.5))
        r = run(*self.right, "-o", "store.path=" + self.path("s.db"),
                "campaign", "run", "--contacts", csv, "--play", prompt,
                "--results", out, "--cps", 25, "--max-calls", 20,
                "--retries", 0)
        self.assertEqual(r.status, 0, r)
        rows = flow.rows(out)
        self.assertEqual({x["number"]: x["last_disposition"] for x in rows},
                         {n: digits[n[-2:]] for n in numbers})
        self.assertEqual(len(rows), 50)
        invited = [e["number"] for e in self.net.events("invite")]
        self.assertEqual(sorted(invited), sorted(numbers))
        self.assertEqual(self.seen("stray"), [])
        self.assertEqual(len(self.seen("loose BYE")), 10)
        stats = self.net.stop()
        self.assertLessEqual(stats["max_active"], 20)
        self.assertEqual((stats["unacked"], stats["active"]), (0, 0))


if __name__ == "__main__":
    flow.main()
