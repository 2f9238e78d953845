#!/usr/bin/env python3
"""Hooks: called in order, their exceptions reported, the loop goes on."""
import asyncio
import logging
import threading

from pycommon import WAIT, Case, main, names, sipdialer


class Hooks(Case):
    def test_by_name_and_all(self):
        d = self.dialer(self.network("--answer-delay", "0"))
        ended, everything = [], []
        hook = d.on("call_ended")(ended.append)
        d.on("event")(everything.append)
        d.call("4930123401").ended().wait(WAIT)
        self.assertEqual(names(ended), ["call_ended"])
        self.assertEqual([e.seq for e in everything], list(range(1, len(everything) + 1)))
        d.off("call_ended", hook)
        d.off("call_ended", hook)
        d.call("4930123401").ended().wait(WAIT)
        self.assertEqual(len(ended), 1)

    def test_a_program_of_hooks_only(self):
        d = self.dialer(self.network("--answer-delay", "0"))
        seen = []

        @d.on("call_answered")
        def answered(event):
            seen.append(event.name)
            event.call.hangup()

        @d.on("call_ended")
        def ended(event):
            seen.append(event.disposition)
            d.stop()

        d.call("4930123400")
        d.stopped().wait(WAIT)
        self.assertEqual(seen, ["call_answered", "answered"])
        self.assertTrue(callable(answered) and callable(ended))

    def test_an_exception_is_reported_and_nothing_stops(self):
        d = self.dialer(self.network())

        @d.on("call_dialing")
        def bad(_):
            raise ValueError("in the hook")

        with self.assertLogs("sipdialer", logging.ERROR) as logs:
            self.assertEqual(d.call("4930123401").ended().wait(WAIT).disposition, "busy")
        self.assertIn("in the hook", "".join(logs.output))

        got = []
        d.on_hook_error(lambda error, event, hook: got.append((str(error), event.name, hook)))
        d.call("4930123401").ended().wait(WAIT)
        self.assertEqual(got, [("in the hook", "call_dialing", bad)])

    def test_keyboard_interrupt_passes_through(self):
        d = self.dialer(self.network())
        seen = []

        @d.on("call_dialing")
        def interrupt(_):
            raise KeyboardInterrupt

        d.on("call_ended")(seen.append)
        call = d.call("4930123401")
        with self.assertRaises(KeyboardInterrupt):
            call.ended().wait(WAIT)
        d.off("call_dialing", interrupt)
        call.ended().wait(WAIT)
        d.stop().wait(WAIT)
        self.assertEqual(names(seen), ["call_ended"])

    def test_a_hook_may_wait(self):
        d = self.dialer(self.network(), store_path=self.path("s.db"))
        order = []

        @d.on("started")
        def started(_):
            order.append("in")
            order.append(d.campaign("x").wait(WAIT).name)
            order.append(d.call("4930123401").ended().wait(WAIT).disposition)
            order.append("out")

        d.on("call_ended")(lambda e: order.append("ended"))
        d.on("event")(lambda e: order.append(e.seq))
        d.stop  # pylint: disable=pointless-statement
        next(d.events(timeout=WAIT))
        self.assertEqual(order[:4], ["in", "x", "busy", "out"])
        after = [o for o in order[4:] if isinstance(o, int)]
        self.assertEqual(after, list(range(1, len(after) + 1)))
        self.assertIn("ended", order[4:])

    def test_a_coroutine_needs_asyncio(self):
        d = self.dialer()

        @d.on("started")
        async def hook(_):
            pass

        with self.assertRaisesRegex(sipdialer.StateError, "only under asyncio"):
            next(d.events(timeout=WAIT))
        d.off("started", hook)
        self.assertEqual(next(d.events(timeout=WAIT)).name, "started")

    def test_a_hook_may_close(self):
        d = self.dialer(self.network())
        d.call("4930123402")
        d.on("call_ringing")(lambda e: d.close())
        seen = names(d.events(timeout=WAIT))
        self.assertTrue(d.closed)
        self.assertEqual(seen[:2], ["started", "call_dialing"])

    def test_hooks_of_all_threads_run_one_at_a_time(self):
        d = self.dialer(self.network("--no-media"))
        busy, overlaps = threading.Lock(), []

        @d.on("event")
        def alone(_):
            if not busy.acquire(blocking=False):
                overlaps.append(1)
            else:
                busy.release()

        def dial():
            for _ in range(20):
                d.call("4930123401").ended().wait(WAIT)

        threads = [threading.Thread(target=dial) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(WAIT)
        self.assertEqual(overlaps, [])

    def test_a_handler_of_errors_that_fails(self):
        d = self.dialer(self.network())
        d.on_hook_error(lambda *_: 1 / 0)
        seen = []

        @d.on("call_dialing")
        def cancelled(_):
            raise asyncio.CancelledError

        d.on("call_dialing")(lambda e: seen.append(e.name))
        with self.assertLogs("sipdialer", logging.ERROR) as logs:
            d.call("4930123401").ended().wait(WAIT)
        self.assertEqual(seen, ["call_dialing"])
        self.assertIn("CancelledError", "".join(logs.output))
        self.assertIn("ZeroDivisionError", "".join(logs.output))
        self.assertTrue(callable(cancelled))

    def test_hooks_that_come_while_others_wait(self):
        """The table is never changed, only replaced."""
        d = self.dialer(self.network())
        d.on("started")(print)
        d.off("started", print)
        table = d._hooks.by_name
        for hooks in table.items():
            d.on("lost")(print)
            self.assertTrue(hooks)
        self.assertIsNot(d._hooks.by_name, table)
        self.assertNotIn("lost", table)

    def test_an_awaitable_needs_asyncio(self):
        d = self.dialer(self.network())

        async def coroutine():
            pass

        d.on("call_dialing")(lambda e: coroutine())
        with self.assertLogs("sipdialer", logging.ERROR) as logs:
            d.call("4930123401").ended().wait(WAIT)
        self.assertIn("needs asyncio", "".join(logs.output))


if __name__ == "__main__":
    main(workers=1)                  # what is logged is of the process
