#!/usr/bin/env python3
"""Errors and garbage: an exception that says why, never a crash."""
import os
import pickle

from pycommon import WAIT, Case, main, sipdialer
from sipdialer import _abi, _errors

ERRORS = [c for c in vars(_errors).values()
          if isinstance(c, type) and issubclass(c, sipdialer.SipdialerError)]


class Errors(Case):
    def test_each_code_has_a_class(self):
        for code in _abi.Error:
            if code == _abi.Error.OK:
                continue
            error = _errors.from_code(code, "why")
            self.assertIsNot(type(error), sipdialer.SipdialerError, code)
            self.assertEqual((str(error), error.code, error.name),
                             ("why", code, "SIPDIALER_" + code.name))
            self.assertEqual(error.args, ("why", int(code), "SIPDIALER_" + code.name))
            self.assertIs(type(_errors.from_name(error.name, "why")), type(error))
        self.assertEqual(_errors.from_code(-99, "x").name, "?")

    def test_errors_pickle(self):
        for cls in ERRORS:
            again = pickle.loads(pickle.dumps(cls("text")))
            self.assertEqual((type(again), again.args), (cls, cls("text").args))

    def test_builtin_bases(self):
        for ours, base in ((sipdialer.InvalidError, ValueError),
                           (sipdialer.NotFoundError, LookupError),
                           (sipdialer.StateError, RuntimeError),
                           (sipdialer.ClosedError, sipdialer.StateError),
                           (sipdialer.NotBuiltInError, NotImplementedError)):
            self.assertTrue(issubclass(ours, base), ours)

    def test_the_text_is_the_librarys(self):
        with self.assertRaisesRegex(sipdialer.InvalidError, "sip.port.*0 to 65535"):
            self.dialer(start=False, sip_port=70000)
        d = self.dialer(start=False)
        with self.assertRaisesRegex(sipdialer.NotFoundError, "did you mean \"sip.server\""):
            d.set("sip.sever", "x")
        with self.assertRaises(sipdialer.NotBuiltInError):
            d.set("redis.url", "redis://127.0.0.1")

    def test_not_started(self):
        d = self.dialer(start=False)
        for verb in (lambda: d.call("sip:1@127.0.0.1"), d.stop, d.stats, d.campaigns,
                     lambda: next(d.events())):
            with self.assertRaises(sipdialer.StateError):
                verb()

    def test_no_store(self):
        d = self.dialer()
        with self.assertRaisesRegex(sipdialer.StateError, "store.path"):
            d.campaign("x")

    def test_a_full_engine(self):
        d = self.dialer(self.network(), dial_max_calls=1)
        d.call("4930123402")
        with self.assertRaisesRegex(sipdialer.FullError, "dial.max_calls"):
            d.call("4930123402")

    def test_store_check(self):
        with self.assertRaises(sipdialer.NotFoundError):
            sipdialer.store_check(self.path("none.db"))
        with open(self.path("bad.db"), "wb") as f:
            f.write(b"no database" * 100)
        with self.assertRaises(sipdialer.FormatError):
            sipdialer.store_check(self.path("bad.db"))
        self.dialer(store_path=self.path("good.db")).close()
        self.assertIsInstance(sipdialer.store_check(self.path("good.db")), str)

    def test_a_request_that_fails(self):
        d = self.dialer(store_path=self.path("s.db"))
        ghost = d.get_campaign(77)
        for verb in (ghost.start, ghost.pause, ghost.cancel, ghost.status, ghost.finished,
                     lambda: ghost.add("+4930123456"),
                     lambda: ghost.results(self.path("r.csv"))):
            with self.assertRaises(sipdialer.NotFoundError):
                verb().wait(WAIT)
        campaign = d.campaign("x").wait(WAIT)
        with self.assertRaises(sipdialer.SipdialerError):
            campaign.import_contacts(self.path("none.csv")).wait(WAIT)
        # a failure may be asked for again
        pending = campaign.pause()
        for _ in range(2):
            with self.assertRaises(sipdialer.StateError):
                pending.wait(WAIT)

    def test_time_out(self):
        d = self.dialer(self.network())
        call = d.call("4930123402")
        with self.assertRaises(TimeoutError):
            call.ended().wait(0.05)
        with self.assertRaises(TimeoutError):
            call.ended().wait(0)


class Stale(Case):
    def test_a_call_that_is_over(self):
        d = self.dialer(self.network())
        call = d.call("4930123401")
        call.ended().wait(WAIT)
        for verb in (call.hangup, lambda: call.dtmf("1"), lambda: call.play("a.wav"),
                     lambda: call.record("a.wav"), lambda: d.get_call(call.id)):
            with self.assertRaises(sipdialer.NotFoundError):
                verb()

    def test_a_closed_dialer(self):
        d = self.dialer(self.network())
        call = d.call("4930123402")
        pending, iterator = call.ended(), d.events()
        d.close()
        d.close()
        self.assertTrue(d.closed)
        for verb in (lambda: d.call("1"), d.start, d.stop, d.stats, d.campaigns,
                     lambda: d.set("sip.port", 1), lambda: d.get("sip.port"),
                     lambda: d.load("x"), call.hangup, lambda: call.dtmf("1"),
                     lambda: call.play("x"), lambda: call.record("x"),
                     lambda: d.get_call(call.id), d.calls,
                     lambda: d.dnc_add("1"), d.get_campaign(1).start):
            with self.assertRaises(sipdialer.ClosedError):
                verb()
        with self.assertRaises(sipdialer.StoppedError):
            pending.wait(WAIT)
        self.assertEqual(list(iterator), [])
        self.assertIn("closed", repr(d))

    def test_what_stop_cuts_off(self):
        d = self.dialer(store_path=self.path("s.db"))
        finished = d.campaign("x").wait(WAIT).finished()
        d.stop().wait(WAIT)
        with self.assertRaises(sipdialer.StoppedError):
            finished.wait(WAIT)


class Garbage(Case):
    def refused(self, kinds, verb, *args, **kwargs):
        with self.assertRaises(kinds, msg="%r %r" % (args, kwargs)):
            verb(*args, **kwargs)

    def test_texts(self):
        d = self.dialer(store_path=self.path("s.db"))
        call = d.call("sip:1@127.0.0.1:9")
        campaign = d.get_campaign(1)
        verbs = (d.call, d.get, d.load, d.campaign, d.dnc_add, d.dnc_check, d.dnc_remove,
                 d.store_backup, call.play, call.dtmf, campaign.add, campaign.import_contacts,
                 campaign.results)
        for verb in verbs:
            for bad in (None, 7, 1.5, [], object()):
                self.refused(TypeError, verb, bad)
            for bad in ("a\0b", "\ud800"):
                self.refused(sipdialer.InvalidError, verb, bad)
        for verb in (d.call, d.get, d.campaign, d.dnc_add, call.dtmf, campaign.add):
            self.refused(TypeError, verb, b"bytes")
        self.refused(TypeError, call.record, 7)
        self.refused(sipdialer.InvalidError, call.record, "\0")
        self.refused(sipdialer.InvalidError, d.dnc_add, "1", "\0")
        self.refused(sipdialer.SipdialerError, d.call, "x" * 100000)
        self.refused(sipdialer.SipdialerError, call.play, "x" * 100000)
        self.refused(sipdialer.InvalidError, d.call, "")

    def test_numbers(self):
        d = self.dialer()
        call = d.call("sip:1@127.0.0.1:9")
        for bad in (0, -1, 2 ** 53, 2 ** 64, 2 ** 70, -2 ** 70):
            self.refused(sipdialer.InvalidError, d.get_campaign, bad)
            self.refused(sipdialer.InvalidError, d.get_call, bad)
        for bad in ("1", 1.0, None, True, b"1"):
            self.refused(TypeError, d.get_campaign, bad)
            self.refused(TypeError, call.play, "a.wav", bad)
        for bad in (0, -1, 2 ** 32, 2 ** 70):
            self.refused(sipdialer.InvalidError, call.play, "a.wav", bad)
        self.refused(sipdialer.NotFoundError, d.get_call, 2 ** 53 - 1)

    def test_option_values(self):
        for value in (object(), b"x", {}, 1j):
            self.refused(TypeError, sipdialer.Dialer, sip_user=value)
            self.refused(TypeError, self.dialer().call, "sip:1@127.0.0.1", call_dtmf=value)
        self.refused(TypeError, sipdialer.Dialer, sip_sever="x")
        self.refused(TypeError, sipdialer.Dialer, "127.0.0.1")
        d = self.dialer(start=False)
        for value in (float("nan"), float("inf"), 10 ** 400, -1, "\0", "\ud800", "a\nb"):
            self.refused(sipdialer.InvalidError, d.set, "dial.calls_per_second", value)
        self.refused(TypeError, d.set, 7, "x")
        self.refused(sipdialer.SipdialerError, d.set, "sip.user", "x" * 5000)

    def test_hooks_and_waits(self):
        d = self.dialer()
        self.refused(ValueError, d.on("call_endet"), print)
        self.refused(TypeError, d.on("call_ended"), 7)
        self.refused(TypeError, d.stopped().wait, "1")
        self.refused(TypeError, lambda: next(d.events(timeout="1")))

    def test_custom_fields(self):
        d = self.dialer(store_path=self.path("s.db"))
        campaign = d.campaign("x").wait(WAIT)
        for bad in ("not json", "[1]", '"s"', '{"a":1', '{"a": NaN}', {"a": float("nan")}):
            self.refused(sipdialer.InvalidError, campaign.add, "4930123401", custom=bad)
        for bad in ([1], 7, b"{}", {"a": {1}}):
            self.refused(TypeError, campaign.add, "4930123401", custom=bad)
        for n, good in enumerate(('{"a": 1}', {"a": [1, None]}, {}, None)):
            self.assertTrue(campaign.add("493012340%d" % n, custom=good).wait(WAIT))

    def test_numbers_of_other_types(self):
        class Whole(int):
            def __repr__(self):
                return "Whole(%d)" % self

        class Index:
            def __index__(self):
                return 7

        class Real(float):
            def __repr__(self):
                return "np.float64(%s)" % float(self)

        d = self.dialer(start=False, dial_max_calls=Whole(5))
        self.assertEqual(d.get("dial.max_calls"), "5")
        d.set("dial.max_calls", Index())
        self.assertEqual(d.get("dial.max_calls"), "7")
        d.set("dial.calls_per_second", Real(2.5))
        self.assertEqual(float(d.get("dial.calls_per_second")), 2.5)

    def test_lists(self):
        d = self.dialer(start=False, sip_header=["X-A: 1", "X-B: 2"])
        self.assertIn("X-A", d.get("sip.header"))
        d.set("sip.header", [])
        self.assertEqual(d.get("sip.header"), "")
        for bad in ([[]], [None], {}):
            self.refused(TypeError, d.set, "sip.header", bad)
        self.refused(TypeError, d.set, "sip.caller_id", ["a", "b"])
        self.refused(TypeError, d.set, "call.play", True)
        self.refused(TypeError, d.set, "dial.max_calls", True)

    def test_file_names_of_any_kind(self):
        d = self.dialer(start=False)
        plain = os.path.join(os.fsencode(self.dir), b"plain.conf")
        odd = os.path.join(os.fsencode(self.dir), b"od\xff.conf")
        for name in (plain, odd):
            with open(name, "wb") as f:
                f.write(b"dial.max_calls = 9\n")
            for form in (name, os.fsdecode(name)):
                d.set("dial.max_calls", 1)
                d.load(form)
                self.assertEqual(d.get("dial.max_calls"), "9")

    def test_an_error_that_nobody_waited_for(self):
        d = self.dialer(store_path=self.path("s.db"))
        with self.assertLogs("sipdialer", "ERROR") as logs:
            d.get_campaign(77).start()
            d.dnc_check("4930123401").wait(WAIT)
            self.assertIn("no campaign 77", "".join(logs.output))
            logs.output.clear()
            with self.assertRaises(sipdialer.NotFoundError):
                d.get_campaign(77).finished().wait(WAIT)
            self.assertEqual(logs.output, [])

    def test_each_who_waits_gets_an_error_of_his_own(self):
        pending = self.dialer(store_path=self.path("s.db")).get_campaign(77).start()
        errors = []
        for _ in range(2):
            with self.assertRaises(sipdialer.NotFoundError) as caught:
                pending.wait(WAIT)
            errors.append(caught.exception)
        self.assertIsNot(*errors)
        self.assertEqual(errors[0].args, errors[1].args)


if __name__ == "__main__":
    main(workers=1)                  # what is logged is of the process
