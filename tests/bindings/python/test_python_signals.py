#!/usr/bin/env python3
"""Signal handlers: they may close, and raise, at any moment."""
import signal
import socket

from pycommon import WAIT, Case, main, sipdialer, until

STORM = """
    import signal, sys, random, time
    import sipdialer

    class Tick(BaseException):
        pass

    armed = False
    def tick(*_):
        if armed:
            raise Tick
    signal.signal(signal.SIGALRM, tick)
    d = sipdialer.Dialer(sip_local_address=sys.argv[1], sip_register="no", log_level="error",
                         sip_server=sys.argv[2], sip_port=int(sys.argv[3]), dial_max_calls=9000)
    iterator = d.events(timeout=0)
    hooked, seen, ticks, calls = [], [], 0, 0
    d.on("event")(lambda e: hooked.append(e.seq))
    d.start()
    end = time.monotonic() + 3
    while time.monotonic() < end:
        try:
            armed = True
            signal.setitimer(signal.ITIMER_REAL, random.uniform(20e-6, 600e-6))
            for _ in range(3):
                d.stats()
                if calls < 4000:
                    calls += 1
                    d.call("4930123403")
                try:
                    d.stopped().wait(0)
                except TimeoutError:
                    pass
            armed = False
        except Tick:
            ticks += 1
        finally:
            armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
    d.stop().wait(20)
    seen = [e.seq for e in iterator]
    assert ticks > 100, ticks
    assert seen == list(range(1, len(seen) + 1)), "an iterator lost events, or has them twice"
    assert len(set(hooked)) == len(hooked), "a hook ran twice"
    # a hook that was interrupted at its first step is missing
    assert len(hooked) > len(seen) - ticks, (len(hooked), len(seen), ticks)
    d.close()
    assert d._handle.pointer is None
    print("fine")
    """

CLOSES = """
    import os, signal, sys, threading
    import sipdialer
    d = sipdialer.Dialer(sip_local_address=sys.argv[1], sip_register="no",
                         sip_server=sys.argv[2], sip_port=int(sys.argv[3]))
    d.start()
    call = d.call("4930123400")
    assert call.answered().wait(20)
    signal.signal(signal.SIGTERM, lambda *_: d.close())
    threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGTERM]).start()
    try:
        call.ended().wait(20)
    except (sipdialer.StoppedError, sipdialer.ClosedError):
        print("given up")
    assert d._handle.pointer is None
    """

TWICE = """
    import signal, sys, threading
    import sipdialer
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    d = sipdialer.Dialer(sip_local_address=sys.argv[1], sip_register="no",
                         sip_server=sys.argv[1], sip_port=int(sys.argv[2]))
    d.start()
    d.call("1")
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        d.close()
        signal.pause()
    except KeyboardInterrupt:
        pass
    assert d._handle.pointer is None, "not freed"
    assert not d._handle.fds, d._handle.fds
    """


class Signals(Case):
    def test_exceptions_at_any_moment(self):
        net = self.network("--no-media", "--no-fsync", "--quiet", "--answer-delay", "0")
        out, _, _ = self.finish(self.python(STORM, self.ip, net.ip, net.port), timeout=60)
        self.assertEqual(out, "fine\n")

    def test_a_handler_closes_while_the_thread_waits(self):
        net = self.network("--answer-delay", "0")
        out, _, seconds = self.finish(self.python(CLOSES, self.ip, net.ip, net.port))
        self.assertEqual(out, "given up\n")
        self.assertLess(seconds, 6)
        until(lambda: len(net.events("end")) == 1)
        self.assertEqual(net.events("end")[0]["by"], "caller")

    def test_a_close_that_interrupts_a_use(self):
        """As a handler does that comes in the middle of a verb: the use ends,
        then the engine is freed."""
        net = self.network("--answer-delay", "0")
        d = self.dialer(net)
        d.call("4930123400").answered().wait(WAIT)
        freed = []

        def inside(_):
            d.close()
            freed.append(d._handle.pointer)

        d._handle.call(inside)
        self.assertIsNotNone(freed[0])
        self.assertIsNone(d._handle.pointer)
        until(lambda: len(net.events("end")) == 1)
        with self.assertRaises(sipdialer.ClosedError):
            d.stats()

    def test_control_c_inside_close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((self.ip, 0))
            child = self.python(TWICE, self.ip, silent.getsockname()[1])
            _, _, seconds = self.finish(child)
        self.assertLess(seconds, 10)     # 4 s for the peer, and no second time

    def test_a_handler_must_not_wait_in_the_middle_of_a_wait(self):
        child = self.python("""
            import os, signal, sys, threading
            import sipdialer
            d = sipdialer.Dialer(sip_local_address=sys.argv[1])
            d.start()
            def handler(*_):
                try:
                    d.stopped().wait()
                except sipdialer.StateError as e:
                    print("refused")
                    d.stop()
            signal.signal(signal.SIGUSR1, handler)
            threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGUSR1]).start()
            d.stopped().wait(20)
            d.close()
            """, self.ip)
        self.assertEqual(self.finish(child)[0], "refused\n")


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    main()
