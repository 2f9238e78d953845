#!/usr/bin/env python3
"""Start, stop and start again; what is known of each run."""
from pycommon import WAIT, Case, main, names, sipdialer, until


class Runs(Case):
    def restart(self, d):
        """Stops and starts without pulling any event in between."""
        d.stop()

        def started():
            try:
                d.start()
            except sipdialer.StateError:
                return False
            return True
        until(started, WAIT)

    def test_a_start_before_the_old_stopped_was_pulled(self):
        d = self.dialer(self.network("--answer-delay", "0"))
        old = d.call("4930123400")
        old.answered().wait(WAIT)
        before, first = d.stopped(), d.events(timeout=1)
        self.restart(d)
        call, iterator = d.call("4930123400"), d.events(timeout=1)
        self.assertEqual(call.answered().wait(WAIT).name, "call_answered")
        self.assertTrue(before.done())
        self.assertFalse(d.stopped().done())
        self.assertTrue(old.ended().done())
        self.assertEqual(d.calls(), [call])
        call.hangup()
        call.ended().wait(WAIT)
        self.assertEqual(names(first)[-1], "stopped")
        seen = names(iterator)
        self.assertEqual((seen[0], seen[-1]), ("started", "call_ended"))

    def test_many_times(self):
        d = self.dialer(self.network())
        for _ in range(5):
            self.restart(d)
        self.assertEqual(d.call("4930123401").ended().wait(WAIT).disposition, "busy")
        d.stop().wait(WAIT)
        self.assertIn("stopped", repr(d))

    def test_stopped_taken_before_the_start(self):
        d = self.dialer(start=False)
        end = d.stopped()
        d.start()
        d.stop()
        end.wait(WAIT)

    def test_an_answer_is_not_invented(self):
        d = self.dialer(self.network("--answer-delay", "0"))
        # a 200 without SDP; a 200 that crosses the hang-up
        call = d.call("4930123423")
        self.assertEqual(call.ended().wait(WAIT).disposition, "failed")
        self.assertIsNone(call.answered().wait(WAIT))
        call = d.call("4930123416")
        for event in d.events(timeout=WAIT):
            if event.name == "call_ringing":
                break
        call.hangup()
        ended = call.ended().wait(WAIT)
        self.assertEqual((ended.disposition, ended.sip_status), ("cancelled", 200))
        self.assertIsNone(call.answered().wait(WAIT))

    def test_what_waits_in_the_library_is_found_without_waiting(self):
        d = self.dialer(self.network("--no-media"), dial_max_calls=500)
        calls = [d.call("4930123401") for _ in range(400)]
        until(lambda: d.stats()["calls"]["ended"] == 400, WAIT)
        self.assertEqual(calls[-1].ended().wait(0).disposition, "busy")


if __name__ == "__main__":
    main()
