#!/usr/bin/env python3
"""asyncio: async with, async for, await; coroutines as hooks."""
import asyncio
import socket
import threading
import time
import warnings

from pycommon import WAIT, Case, main, names, sipdialer
from sipdialer import _handle


class Asyncio(Case):
    def run_(self, coroutine):
        return asyncio.run(asyncio.wait_for(coroutine, WAIT))

    def test_calls_side_by_side(self):
        net = self.network("--answer-delay", "0", "--no-media")

        async def one(d, number):
            call = d.call(number)
            if await call.answered():
                call.hangup()
            return (await call.ended()).disposition

        async def body():
            async with self.dialer(net, start=False) as d:
                got = await asyncio.gather(*[
                    one(d, "49301234%02d" % (n % 2)) for n in range(60)])
            self.assertTrue(d.closed)
            return got

        self.assertEqual(self.run_(body()), ["answered", "busy"] * 30)

    def test_async_for_sees_all_and_ends(self):
        net = self.network()

        async def body():
            seen = []
            async with self.dialer(net, start=False) as d:
                d.call("4930123401")
                async for event in d:
                    seen.append(event)
                    if event.name == "call_ended":
                        d.stop()
                self.assertEqual([e async for e in d], [])
            return seen

        seen = self.run_(body())
        self.assertEqual(names(seen)[0], "started")
        self.assertEqual(names(seen)[-1], "stopped")
        self.assertEqual([e.seq for e in seen], list(range(1, len(seen) + 1)))

    def test_iterator_timeout(self):
        async def body():
            async with self.dialer(start=False) as d:
                return names([e async for e in d.events(timeout=0.2)])

        self.assertEqual(self.run_(body()), ["started"])

    def test_a_wait_that_is_given_up(self):
        net = self.network()

        async def body():
            async with self.dialer(net, start=False) as d:
                call = d.call("4930123402")
                pending = call.ended()
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(pending, 0.1)
                self.assertFalse(pending.done())
                call.hangup()
                return (await pending).disposition, (await pending).disposition

        self.assertEqual(self.run_(body()), ("cancelled",) * 2)

    def test_coroutine_hooks(self):
        net = self.network("--answer-delay", "0")

        async def body():
            got, wrong = [], []
            async with self.dialer(net, start=False) as d:
                d.on_hook_error(lambda error, event, hook: wrong.append(str(error)))

                @d.on("call_answered")
                async def answered(event):
                    await asyncio.sleep(0)
                    event.call.hangup()

                @d.on("call_ended")
                async def ended(event):
                    got.append(event.disposition)
                    raise ValueError("in the task")

                d.on("call_ended")(lambda e: got.append(e.name))
                await d.call("4930123400").ended()
                while not wrong:
                    await asyncio.sleep(0)
            return sorted(got), wrong

        self.assertEqual(self.run_(body()), (["answered", "call_ended"], ["in the task"]))

    def test_the_end_waits_for_coroutines_of_the_last_events(self):
        net = self.network("--answer-delay", "0")
        got = []

        async def body():
            async with self.dialer(net, start=False) as d:
                @d.on("call_ended")
                async def ended(event):
                    await asyncio.sleep(0.1)
                    got.append(event.disposition)

                await d.call("4930123400").answered()

        self.run_(body())
        self.assertEqual(got, ["answered"])

    def test_waiting_for_a_thread_in_the_loop_is_refused(self):
        async def body():
            async with self.dialer(start=False) as d:
                with self.assertRaisesRegex(sipdialer.StateError, "use await"):
                    d.stopped().wait(1)
                with self.assertRaisesRegex(sipdialer.StateError, "async for"):
                    next(d.events())

        self.run_(body())

    def test_a_thread_waits_while_the_loop_pulls(self):
        net = self.network("--no-media")

        async def body():
            async with self.dialer(net, start=False) as d:
                def dial():
                    return [d.call("4930123401").ended().wait(WAIT).disposition
                            for _ in range(20)]
                loop = asyncio.get_running_loop()
                return await asyncio.gather(*[loop.run_in_executor(None, dial)
                                              for _ in range(4)])

        self.assertEqual(self.run_(body()), [["busy"] * 20] * 4)

    def test_a_thread_goes_on_when_the_loop_has_ended(self):
        d = self.dialer(self.network("--answer-delay", "0"))
        call = d.call("4930123400")
        got = []
        thread = threading.Thread(target=lambda: got.append(call.ended().wait(WAIT)))

        async def body():
            await call.answered()
            thread.start()
            await asyncio.sleep(0)

        self.run_(body())
        call.hangup()
        thread.join(WAIT)
        self.assertEqual(names(got), ["call_ended"])

    def test_close_in_another_thread_ends_the_iteration(self):
        async def body():
            async with self.dialer(start=False) as d:
                seen = []
                async for event in d:
                    seen.append(event)
                    threading.Thread(target=d.close).start()
                return names(seen)

        self.assertEqual(self.run_(body())[0], "started")

    def test_one_dialer_in_two_loops_one_after_the_other(self):
        d = self.dialer(self.network())

        async def dial():
            return (await d.call("4930123401").ended()).disposition

        for _ in range(3):
            self.assertEqual(self.run_(dial()), "busy")
            self.assertEqual(d.call("4930123401").ended().wait(WAIT).disposition, "busy")

    def test_what_is_cut_off(self):
        net = self.network()

        async def body():
            d = self.dialer(net)
            call = d.call("4930123402")
            task = asyncio.ensure_future(wait(call))
            await asyncio.sleep(0)
            await asyncio.get_running_loop().run_in_executor(None, d.close)
            return await task

        async def wait(call):
            try:
                return (await call.ended()).name
            except (sipdialer.StoppedError, sipdialer.ClosedError):
                return "stopped"

        self.assertIn(self.run_(body()), ("stopped", "call_ended"))

    def test_the_loop_goes_on_while_the_engine_starts_and_stops(self):
        net = self.network()

        async def body():
            longest, last, over = 0.0, time.monotonic(), False

            async def tick():
                nonlocal longest, last
                while not over:
                    now = time.monotonic()
                    longest, last = max(longest, now - last), now
                    await asyncio.sleep(0.005)

            task = asyncio.ensure_future(tick())
            async with self.dialer(net, start=False) as d:
                # its BYE or CANCEL gets no answer: the stop takes its time
                d.call("4930123417")
                await asyncio.sleep(0.05)
                began = time.monotonic()
            spent = time.monotonic() - began
            over = True
            await task
            return longest, spent

        longest, spent = self.run_(body())
        self.assertLess(spent, 12)
        self.assertLess(longest, max(1, spent / 2))

    def test_campaign(self):
        net = self.network("--no-media", "--answer-delay", "0")
        with open(self.path("c.csv"), "w", encoding="utf-8") as f:
            f.write("number\n" + "".join("+49301234%d01\n" % n for n in range(10, 40)))

        async def body():
            async with self.dialer(net, start=False, store_path=self.path("s.db")) as d:
                campaign = await d.campaign("spring", dial_retries=0,
                                            dial_calls_per_second=0)
                done = await campaign.import_contacts(self.path("c.csv"))
                await campaign.start()
                status = await campaign.finished()
                again = await campaign.finished()
                rows = await campaign.results(self.path("r.csv"))
                return done.count, status.by_disposition, again.status, rows

        self.assertEqual(self.run_(body()), (30, {"busy": 30}, "completed", 30))

    def test_another_loop_goes_on_when_the_one_that_pulls_ends(self):
        d = self.dialer(self.network("--answer-delay", "0"))
        call = d.call("4930123400")
        ready, got = threading.Event(), []

        async def first():
            await call.answered()
            ready.set()
            while not call._state.ended.futures:
                await asyncio.sleep(0.01)

        async def second():
            got.append((await asyncio.wait_for(call.ended(), WAIT)).name)

        def other():
            ready.wait(WAIT)
            asyncio.run(second())

        thread = threading.Thread(target=other)
        thread.start()
        self.run_(first())
        call.hangup()                # nobody pulls now, unless the second loop does
        thread.join(WAIT)
        self.assertEqual(got, ["call_ended"])

    def test_tasks_share_an_iterator(self):
        net = self.network("--no-media")

        async def body():
            seen = []
            async with self.dialer(net, start=False) as d:
                iterator = d.events()

                async def take():
                    async for event in iterator:
                        seen.append(event.seq)

                tasks = [asyncio.ensure_future(take()) for _ in range(3)]
                for _ in range(10):
                    await d.call("4930123401").ended()
                self.assertEqual([t.done() for t in tasks], [False] * 3)
                await d.stop()
                await asyncio.gather(*tasks)
            return seen

        seen = self.run_(body())
        self.assertEqual(sorted(seen), list(range(1, len(seen) + 1)))

    def test_hooks_that_give_something_to_await(self):
        net, got = self.network(), []

        class Hook:
            async def __call__(self, event):
                got.append("object")

        async def coroutine(event):
            got.append("lambda")

        async def body():
            async with self.dialer(net, start=False) as d:
                d.on("call_ended")(Hook())
                d.on("call_ended")(lambda e: coroutine(e))
                await d.call("4930123401").ended()

        self.run_(body())
        self.assertEqual(sorted(got), ["lambda", "object"])

    def test_the_end_has_one_deadline(self):
        """Peers that do not answer, and a hook that does not end."""
        got = []

        async def body():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
                silent.bind((self.ip, 0))
                d = self.dialer(start=False, sip_server=self.ip, sip_register="no",
                                sip_port=silent.getsockname()[1])

                @d.on("call_dialing")
                async def forever(_):
                    got.append("begun")
                    try:
                        await asyncio.sleep(1000)
                    except asyncio.CancelledError:
                        got.append("cancelled")
                        raise

                d.start()
                d.attach()
                d.call("1")
                while not got:
                    await asyncio.sleep(0.01)
                began = time.monotonic()
                await d.aclose()
                return d.closed, time.monotonic() - began

        with self.assertLogs("sipdialer", "WARNING"):
            closed, spent = self.run_(body())
        self.assertTrue(closed)
        self.assertEqual(got, ["begun", "cancelled"])
        self.assertLess(spent, 8)        # 5 s, and a slow machine; it was 9

    def test_attach_runs_hooks_without_any_wait(self):
        net = self.network()

        async def body():
            d, done = self.dialer(net), asyncio.get_running_loop().create_future()
            d.on("call_ended")(lambda e: done.set_result(e.disposition))
            d.attach()
            d.call("4930123401")
            got = await done
            await d.aclose()
            return got

        self.assertEqual(self.run_(body()), "busy")

    def test_garbage_does_not_hold_up_the_loop(self):
        async def body():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
                silent.bind((self.ip, 0))
                d = sipdialer.Dialer(sip_server=self.ip, sip_local_address=self.ip,
                                     sip_register="no", sip_port=silent.getsockname()[1])
                d.start()
                d.call("1")
                silent.settimeout(WAIT)
                silent.recv(4096)    # its INVITE: from now on the end takes seconds
                handle = d._handle
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    del d
                turns = 0
                while handle in _handle.ALIVE:
                    turns += 1
                    await asyncio.sleep(0.01)
                return turns, handle.pointer

        turns, pointer = self.run_(body())
        self.assertGreater(turns, 0)
        self.assertIsNone(pointer)


if __name__ == "__main__":
    main()
