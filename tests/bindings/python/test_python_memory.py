#!/usr/bin/env python3
"""10,000 calls leave nothing behind."""
import collections
import gc

from pycommon import Case, main, sipdialer, until

FIRST, ALL, AT_ONCE = 2000, 10000, 150
# KiB, 1 for each call between: what allocators of several threads keep back
# is up to 6,000, one event that stays with every call 12,000; small objects are
# seen in their number.
GROWTH_MAX = 8000


def rss():
    """KiB that are private to this process."""
    with open("/proc/self/smaps_rollup", encoding="ascii") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Private_"))


class Memory(Case):
    def test_calls(self):
        net = self.network("--no-media", "--no-fsync", "--quiet", "--answer-delay", "0")
        d = self.dialer(net, dial_max_calls=AT_ONCE * 2, log_level="error",
                        # over UDP a transaction stays for 32 s, RFC 3261 17.1.1.2
                        sip_transport="tcp")
        dialed, sizes = 0, {}
        ends = collections.Counter()

        def dial():
            nonlocal dialed
            number = "49301%06d%02d" % (dialed, 12 if dialed % 4 == 0 else 1)
            call = d.call(number)
            if dialed % 3 == 0:
                call.ended()
                call.answered()
            dialed += 1

        d.on("call_ended")(lambda e: ends.update([e.disposition]))
        for _ in range(AT_ONCE):
            dial()
        done = 0
        for event in d.events(timeout=20):
            if event.name != "call_ended":
                continue
            done += 1
            if dialed < ALL:
                dial()
            if done in (FIRST, ALL):
                gc.collect()
                sizes[done] = rss(), len(gc.get_objects())
            if done == ALL:
                break
        self.assertEqual(sum(ends.values()), ALL)
        self.assertGreater(ends["answered"], ALL // 5)
        self.assertEqual(d.calls(), [])
        (size_1, objects_1), (size_2, objects_2) = sizes[FIRST], sizes[ALL]
        print("KiB after %d calls: %d, after %d: %d; objects %d, %d" % (
            FIRST, size_1, ALL, size_2, objects_1, objects_2))
        self.assertLess(size_2 - size_1, GROWTH_MAX)
        # of the calls in progress at either time
        self.assertLess(objects_2 - objects_1, AT_ONCE * 10)

    def test_an_answer_that_was_lost(self):
        d = self.dialer(self.network("--no-media", "--answer-delay", "0"), events_max=1024,
                        dial_max_calls=400)
        calls = [d.call("49301%05d12" % n) for n in range(400)]
        until(lambda: d.stats()["calls"]["ended"] == 400, 20)
        self.assertGreater(d.stats()["events"]["lost"], 0)
        for call in calls:
            self.assertEqual(call.answered().wait(20).codec, "PCMU")
            self.assertEqual(call.ended().wait(20).disposition, "answered")

    def test_events_that_nobody_takes_are_bounded(self):
        from sipdialer import _iterator
        d = self.dialer(self.network("--no-media"))
        iterator = d.events(timeout=0)
        old, _iterator.WAITING_MAX = _iterator.WAITING_MAX, 4
        self.addCleanup(setattr, _iterator, "WAITING_MAX", old)
        for _ in range(10):
            d.call("4930123401").ended().wait(20)
        d.stop().wait(20)
        seen = list(iterator)
        self.assertEqual(sum(e.name == "call_ended" for e in seen), 10)
        self.assertEqual(seen[-1].name, "stopped")
        lost = [e for e in seen if e.name == "lost"]
        self.assertTrue(lost)
        kept = [e for e in seen if e.name != "lost"]
        self.assertEqual(len(kept) + sum(e.count for e in lost), kept[-1].seq)
        self.assertTrue(isinstance(lost[0], sipdialer.Event))

    def test_a_full_iterator_keeps_what_must_not_be_lost(self):
        from sipdialer import _iterator
        d = self.dialer()
        iterator = d.events(timeout=0)
        old, _iterator.WAITING_MAX = _iterator.WAITING_MAX, 2
        self.addCleanup(setattr, _iterator, "WAITING_MAX", old)
        with d._handle.lock:
            for seq, name in enumerate(("log", "log", "log", "call_incoming"), 1000):
                d._deliver({"event": name, "time": "", "seq": seq, "call": 0})
        self.assertEqual([e.name for e in iterator], ["log", "log", "lost", "call_incoming"])


if __name__ == "__main__":
    main(workers=1)
