#!/usr/bin/env python3
"""Garbage: a dialer that nobody holds is closed, and says so."""
import gc
import warnings
import weakref

from pycommon import WAIT, Case, main, sipdialer


class Garbage(Case):
    def dropped(self, make):
        """Drops the dialer that make() gave; it must be closed, with a
        warning."""
        d = make()
        handle, ref = d._handle, weakref.ref(d)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del d
            self.assertIsNone(ref(), "kept alive without the collector")
        self.assertEqual([w.category for w in caught], [ResourceWarning])
        self.assertIn("unclosed <Dialer", str(caught[0].message))
        self.assertIsNone(handle.pointer)

    def plain(self):
        d = sipdialer.Dialer(sip_local_address=self.ip)
        d.start()
        return d

    def test_never_closed(self):
        self.dropped(self.plain)

    def test_with_calls_requests_iterators_and_hooks(self):
        def make():
            net = self.network()
            d = sipdialer.Dialer(sip_local_address=self.ip, sip_server=net.ip,
                                 sip_port=net.port, sip_register="no",
                                 store_path=self.path("s.db"))
            d.start()
            seen = []
            d.on("event")(seen.append)
            call = d.call("4930123402")
            call.ended()
            campaign = d.campaign("x").wait(WAIT)
            campaign.finished()
            iterator = d.events(timeout=0.1)
            self.assertTrue(list(iterator))
            seen.clear()
            return d
        gc.collect()
        gc.disable()
        try:
            self.dropped(make)
        finally:
            gc.enable()

    def test_a_hook_that_knows_its_dialer(self):
        """A circle: the collector ends it."""
        d = self.plain()
        d.on("event")(lambda e, d=d: d)
        ref, handle = weakref.ref(d), d._handle
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del d
            gc.collect()
        self.assertIsNone(ref())
        self.assertIsNone(handle.pointer)
        self.assertTrue(any(w.category is ResourceWarning for w in caught))

    def test_a_closed_one_is_silent(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with self.plain() as d:
                pass
        self.assertEqual(caught, [])
        self.assertTrue(d.closed)

    def test_descriptors_and_threads_go_with_it(self):
        child = self.python("""
            import asyncio, os, sys
            import sipdialer
            def count():
                return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
            def once():
                with sipdialer.Dialer(sip_local_address=sys.argv[1]) as d:
                    next(d.events(timeout=20))
                async def body():
                    d = sipdialer.Dialer(sip_local_address=sys.argv[1])
                    d.start()
                    await d.events().__anext__()
                    d.close()
                asyncio.run(body())
            once()
            before = count()
            for _ in range(10):
                once()
            assert count() == before, (before, count())
            """, self.ip)
        self.finish(child)


if __name__ == "__main__":
    main(workers=1)                  # collector and warnings are of the process
