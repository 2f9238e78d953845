#!/usr/bin/env python3
"""Several threads: verbs from any, one pulls at a time, close() at any time."""
import signal
import threading

from pycommon import WAIT, Case, main, sipdialer


def run(*functions):
    """Side by side; raises the first exception."""
    errors = []

    def guarded(f):
        try:
            f()
        except BaseException as e:  # pylint: disable=broad-except
            errors.append(e)

    threads = [threading.Thread(target=guarded, args=[f], daemon=True) for f in functions]
    for t in threads:
        t.start()
    for t in threads:
        t.join(WAIT * 2)
        assert not t.is_alive(), "a thread hangs"
    if errors:
        raise errors[0]


class Threads(Case):
    def test_calls_of_many_threads(self):
        d = self.dialer(self.network("--answer-delay", "0", "--no-media"))
        ended = []

        def dial():
            for n in range(40):
                call = d.call("49301234%02d" % (1 if n % 2 else 12))
                ended.append(call.ended().wait(WAIT).call.id)

        run(*[dial] * 8)
        self.assertEqual(len(set(ended)), 320)
        self.assertEqual(d.calls(), [])

    def test_each_iterator_sees_every_event_once(self):
        d = self.dialer(self.network("--no-media"))
        seen = [[] for _ in range(4)]
        iterators = [d.events(timeout=WAIT) for _ in seen]

        def consume(i):
            for event in iterators[i]:
                seen[i].append(event.seq)

        def dial():
            for call in [d.call("4930123401") for _ in range(50)]:
                call.ended().wait(WAIT)
            d.stop().wait(WAIT)

        run(dial, *[lambda i=i: consume(i) for i in range(4)])
        for some in seen:
            self.assertEqual(some, list(range(1, len(seen[0]) + 1)))
        self.assertGreaterEqual(len(seen[0]), 102)

    def test_close_ends_who_waits(self):
        d = self.dialer(self.network())
        call = d.call("4930123402")
        call_rings = [e for e in d.events(timeout=0.2)]
        self.assertTrue(call_rings)
        waiting = threading.Barrier(4)
        got = {}

        def iterate():
            iterator = d.events()
            waiting.wait()
            got["iterator"] = len(list(iterator))

        def wait_call():
            waiting.wait()
            try:
                got["call"] = call.ended().wait(WAIT)
            except (sipdialer.StoppedError, sipdialer.ClosedError) as e:
                got["call"] = e

        def wait_stopped():
            waiting.wait()
            try:
                got["stopped"] = d.stopped().wait(WAIT)
            except sipdialer.ClosedError as e:
                got["stopped"] = e

        def close():
            waiting.wait()
            d.close()

        run(iterate, wait_call, wait_stopped, close)
        self.assertEqual(set(got), {"iterator", "call", "stopped"})

    def test_very_long_times(self):
        d = self.dialer(self.network())
        for timeout in (1e300, float("inf"), 2 ** 70, 3e9):
            self.assertTrue(d.call("4930123401").ended().wait(timeout))
            call = d.call("4930123401")
            for event in d.events(timeout=timeout):
                if event.name == "call_ended":
                    break
            self.assertEqual(event.call, call)

    def test_close_against_verbs(self):
        """Under ASan or valgrind this is the test of the handle."""
        for _ in range(20):
            d = self.dialer(self.network("--no-media") if not _ else None,
                            **({} if not _ else {"sip_server": "127.0.0.1"}))
            begin = threading.Barrier(5)

            def verbs(d=d, begin=begin):
                begin.wait()
                try:
                    while True:
                        d.get("sip.server")
                        d.stats()
                        next(d.events(timeout=0), None)
                except sipdialer.StateError:
                    pass

            def close(d=d, begin=begin):
                begin.wait()
                d.close()

            run(close, *[verbs] * 4)

    def test_a_hook_of_one_thread_does_not_hold_up_another(self):
        d = self.dialer(self.network())
        inside, leave = threading.Event(), threading.Event()

        @d.on("started")
        def slow(_):
            inside.set()
            leave.wait(WAIT)

        def first():
            d.call("4930123401").ended().wait(WAIT)

        def second():
            inside.wait(WAIT)
            d.call("4930123401").ended().wait(WAIT)
            leave.set()

        run(first, second)
        self.assertTrue(leave.is_set())

    def test_a_signal_handler_may_stop_it(self):
        """Also when it interrupts a verb, or a wait."""
        child = self.python("""
            import os, signal, sys, threading
            import sipdialer
            d = sipdialer.Dialer(sip_local_address=sys.argv[1])
            d.start()
            signal.signal(signal.SIGUSR1, lambda *_: d.stop())
            threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGUSR1]).start()
            for event in d:
                print(event.name)
            d.close()
            """, self.ip)
        out, _, _ = self.finish(child)
        self.assertEqual(out.split(), ["started", "stopped"])

    def test_control_c_ends_a_wait(self):
        child = self.python("""
            import sys
            import sipdialer
            with sipdialer.Dialer(sip_local_address=sys.argv[1]) as d:
                for event in d:
                    print(event.name, flush=True)
            """, self.ip)
        self.assertEqual(child.stdout.readline(), "started\n")
        child.send_signal(signal.SIGINT)
        _, err, seconds = self.finish(child, -signal.SIGINT)
        self.assertIn("KeyboardInterrupt", err)
        self.assertLess(seconds, 12)


if __name__ == "__main__":
    main()
