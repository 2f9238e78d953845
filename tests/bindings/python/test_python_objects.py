#!/usr/bin/env python3
"""Dialer, Call, Event, Pending: what they do for plain code."""
import json
import os

from pycommon import WAIT, Case, main, names, sipdialer, until


class Objects(Case):
    def test_a_call_from_dialing_to_its_end(self):
        net = self.network("--answer-delay", "0")
        with self.dialer(net, start=False) as d:
            call = d.call("4930123400", sip_caller_id="4930555")
            answered = call.answered().wait(WAIT)
            self.assertEqual(answered.name, "call_answered")
            self.assertEqual(answered.codec, "PCMU")
            self.assertEqual(answered.call, call)
            self.assertIsNone(call.result)
            call.hangup()
            ended = call.ended().wait(WAIT)
            self.assertEqual(ended.disposition, "answered")
            self.assertEqual(dict(call.result), dict(ended))
            self.assertEqual(ended.to, "4930123400")
            self.assertEqual(ended.from_, ended["from"])
        self.assertTrue(d.closed)
        invite = net.events("invite")[0]
        self.assertIn("4930555", invite["from"])

    def test_an_account_of_its_own_for_some_calls(self):
        own = self.network()
        trunk = self.network("--user", "bob:other", name="trunk")
        with self.dialer(own, start=False) as d:
            d.account_add("trunk", sip_server=trunk.ip, sip_port=trunk.port,
                          sip_user="bob", sip_password="other")
            for event in d.events(timeout=WAIT):
                if event.name == "registration" and event.account == "trunk" and \
                        event.status == "registered":
                    break
            call = d.call("4930123400", call_account="trunk")
            call.answered().wait(WAIT)
            with self.assertRaises(sipdialer.StateError):
                d.account_remove("trunk")
            with self.assertRaises(sipdialer.NotFoundError):
                d.call("4930123400", call_account="other")
            call.hangup()
            call.ended().wait(WAIT)
            until(lambda: d.stats()["accounts"][0]["users"] == 0)
            d.account_remove("trunk")
            with self.assertRaises(sipdialer.InvalidError):
                d.account_add("trunk")
            with self.assertRaises(TypeError):
                d.account_add("x", dial_retries=1)
            with self.assertRaisesRegex(sipdialer.InvalidError, "media.srtp"):
                d.account_add("x", sip_server=trunk.ip, media_srtp="some")
            d.account_add("x", sip_server=trunk.ip, media_srtp="required", media_codecs="pcma")
        self.assertEqual(own.events("invite"), [])
        self.assertEqual(len(trunk.events("invite")), 1)

    def test_a_call_that_is_not_answered(self):
        d = self.dialer(self.network())
        call = d.call("4930123401")
        self.assertIsNone(call.answered().wait(WAIT))
        self.assertEqual(call.ended().wait(WAIT).disposition, "busy")
        self.assertEqual(call.result.sip_status, 486)
        self.assertEqual(call.result.q850, 17)

    def test_iteration_gives_all_events_in_order_and_ends(self):
        d = self.dialer(self.network("--answer-delay", "0"))
        call = d.call("4930123412")
        seen = []
        for event in d:
            seen.append(event)
            if event.name == "call_ended":
                d.stop()
        self.assertEqual(names(seen)[0], "started")
        self.assertEqual(names(seen)[-1], "stopped")
        self.assertEqual([n for n in names(seen) if n.startswith("call_")],
                         ["call_dialing", "call_ringing", "call_answered", "call_ended"])
        self.assertEqual([e.seq for e in seen], list(range(1, len(seen) + 1)))
        self.assertEqual({e.call for e in seen if "call" in e}, {call})
        self.assertEqual(list(d), [])            # nothing comes after `stopped`

    def test_a_wait_inside_the_loop_loses_no_event(self):
        d = self.dialer(self.network("--answer-delay", "0"))
        first = d.call("4930123401")
        seen = []
        for event in d.events(timeout=WAIT):
            seen.append(event)
            if event.name == "call_dialing" and event.call == first:
                d.call("4930123401").ended().wait(WAIT)
                first.ended().wait(WAIT)
            if names(seen).count("call_ended") == 2:
                break
        self.assertEqual([e.seq for e in seen], list(range(1, len(seen) + 1)))

    def test_the_timeout_of_an_iterator(self):
        d = self.dialer()
        self.assertEqual(names(d.events(timeout=0.3)), ["started"])
        self.assertEqual(names(d.events(timeout=0)), [])

    def test_an_event_says_what_it_has(self):
        d = self.dialer()
        event = next(d.events(timeout=WAIT))
        self.assertEqual((event.name, event.event, event["event"]), ("started",) * 3)
        self.assertIsNone(event.call)
        self.assertEqual(sorted(event.keys()), ["event", "seq", "text", "time"])
        self.assertEqual(json.loads(json.dumps(dict(event)))["seq"], 1)
        self.assertIn("text", event)
        with self.assertRaisesRegex(AttributeError, "started has no field 'sip_status'"):
            event.sip_status  # pylint: disable=pointless-statement
        with self.assertRaises(KeyError):
            event["sip_status"]  # pylint: disable=pointless-statement

    def test_verbs_of_a_call(self):
        net = self.network("--answer-delay", "0")
        d = self.dialer(net)
        call = d.call("4930123414")
        call.answered().wait(WAIT)
        call.record(self.path("out.wav"), stereo=True)
        call.dtmf("12#")
        for digit in "12#":
            self.assertTrue(until(lambda: [e for e in net.events("dtmf")
                                           if e["digit"] == digit]))
        call.record(None)
        call.play(self.path("missing.wav"))
        for event in d.events(timeout=WAIT):
            if event.name == "call_played":
                break
        self.assertEqual(event.error, "SIPDIALER_ENOENT")
        call.play("")
        call.hangup()
        call.ended().wait(WAIT)
        self.assertTrue(os.path.exists(self.path("out.wav")))

    def test_keys_come_as_events(self):
        d = self.dialer(self.network("--answer-delay", "0"))
        d.call("4930123415")
        keys = []
        for event in d.events(timeout=WAIT):
            if event.name == "call_dtmf":
                keys.append(event.text)
                if len(keys) == 4:
                    break
        self.assertEqual("".join(keys), "1234")

    def test_options_of_every_type(self):
        d = self.dialer(start=False, sip_port=5062, sip_tls_verify=True,
                        dial_calls_per_second=2.5, media_codecs=["pcma", "pcmu"],
                        sip_header=["X-A: 1", "X-B: 2"], sip_register=False,
                        sip_password="secret", dial_default_country=None)
        self.assertEqual(d.get("sip.port"), "5062")
        self.assertEqual(d.get("dial.calls_per_second"), "2.5")
        self.assertEqual(d.get("media.codecs"), "pcma,pcmu")
        self.assertEqual(d.get("sip.header"), "X-A: 1\nX-B: 2")
        self.assertEqual(d.get("sip.register"), "no")
        self.assertEqual(d.get("sip.password"), "***")
        d.set("sip.port", 5070)
        self.assertEqual(d.get("sip.port"), "5070")
        d.set("sip.port", None)
        self.assertEqual(d.get("sip.port"), "0")
        with open(self.path("conf"), "w", encoding="utf-8") as f:
            f.write("sip.user = ünï\n")
        d.load(self.path("conf"))
        self.assertEqual(d.get("sip.user"), "ünï")

    def test_about(self):
        self.assertRegex(sipdialer.version(), r"^\d+\.\d+\.\d+$")
        table = sipdialer.options()
        self.assertIn("sip.server", [o["name"] for o in table])
        d = self.dialer()
        self.assertIsInstance(d.stats(), dict)
        self.assertEqual(d.calls(), [])
        self.assertIn("running", repr(d))

    def test_calls_in_progress_are_found_by_id(self):
        d = self.dialer(self.network("--answer-delay", "0"))
        call = d.call("4930123402")
        self.assertEqual(d.get_call(call.id), call)
        self.assertEqual(d.calls(), [call])
        self.assertEqual(len({call, d.get_call(call.id)}), 1)
        call.hangup()
        call.ended().wait(WAIT)
        self.assertEqual(d.calls(), [])

    def test_an_engine_starts_again(self):
        d = self.dialer(self.network())
        d.stop().wait(WAIT)
        d.start()
        self.assertEqual(d.call("4930123401").ended().wait(WAIT).disposition, "busy")

    def test_registration(self):
        net = self.network("--user", "1001:secret")
        d = self.dialer(net, sip_register="yes", sip_user="1001", sip_password="secret")
        for event in d.events(timeout=WAIT):
            if event.name == "registration" and event.status == "registered":
                break
        else:
            self.fail("not registered")
        self.assertGreater(event.expires_s, 0)


if __name__ == "__main__":
    main()
