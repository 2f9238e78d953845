#!/usr/bin/env python3
"""Calls that come in: answered, refused, given up, by hooks and asyncio."""
import asyncio

from pycommon import WAIT, Case, flow, main, names, sipdialer


class Incoming(Case):
    def options(self, net):
        return dict(sip_server=net.ip, sip_port=net.port, sip_register=True, sip_user="1001",
                    incoming_accept="server", incoming_timeout=10)

    def registered(self, net, **options):
        d = self.dialer(**dict(self.options(net), **options))
        for event in d.events(timeout=WAIT):
            if event.name == "registration" and event.status == "registered":
                return d
        raise AssertionError("not registered")

    def test_a_hook_answers(self):
        net = self.network("--answer-delay", "0")
        d = self.registered(net)
        seen = []
        flow.write_wav(self.path("a.wav"), flow.tone(0.3, 440))

        @d.on("call_incoming")
        def incoming(event):
            seen.append(event.call)
            event.call.answer(call_play=self.path("a.wav"))

        d.call("4930123440")
        for event in d.events(timeout=WAIT):
            if event.name == "call_ended" and event.call in seen:
                break
        self.assertEqual(event.direction, "inbound")
        self.assertEqual(event.disposition, "answered")
        self.assertEqual(event.call.result.seq, event.seq)
        self.assertTrue(callable(incoming))

    def test_bridged_to_a_call_of_ours(self):
        net = self.network("--answer-delay", "0")
        d = self.registered(net)
        ours = d.call("4930123400")
        came, ended = [], []

        @d.on("call_incoming")
        def incoming(event):
            came.append(event.call)
            event.call.answer()
            event.call.bridge(ours)

        @d.on("call_unbridged")
        def apart(event):
            event.call.hangup()

        d.call("4930123440")
        for event in d.events(timeout=WAIT):
            if event.name == "call_bridged" and event.call in came:
                self.assertEqual(event.other, ours.id)
            if event.name == "call_answered" and event.call in came:
                event.call.unbridge()
            if event.name == "call_ended" and event.call in (ours, *came):
                ended.append(event.call)
                if len(ended) == 2:
                    break
        with self.assertRaises(sipdialer.NotFoundError):
            ours.bridge(came[0])
        with self.assertRaises(TypeError):
            ours.bridge(3)
        self.assertTrue(callable(incoming) and callable(apart))

    def test_held_and_a_transfer_that_fails(self):
        net = self.network("--answer-delay", "0")
        d = self.dialer(sip_server=net.ip, sip_port=net.port, sip_register=False)
        call, seen = d.call("4930123400"), []
        for event in d.events(timeout=WAIT):
            if event.name == "call_answered":
                call.hold()
            elif event.name == "call_held":
                seen.append(event.status)
                if event.status == "on_hold":
                    call.transfer("200")
                else:
                    call.resume()            # nothing to do
                    call.hangup()
            elif event.name == "call_transfer":
                self.assertGreaterEqual(event.sip_status, 400)
                seen.append(event.status)
            elif event.name == "call_ended":
                break
        self.assertEqual(seen, ["on_hold", "failed", "off_hold"])
        for verb in (call.hold, call.resume, call.accept_referral, call.reject_referral,
                     lambda: call.transfer("1"), lambda: call.transfer(call)):
            with self.assertRaises((sipdialer.NotFoundError, sipdialer.InvalidError)):
                verb()

    def test_rejected(self):
        net = self.network("--answer-delay", "0")
        d = self.registered(net)
        d.on("call_incoming")(lambda e: e.call.reject(603))
        d.call("4930123440")
        for event in d.events(timeout=WAIT):
            if event.name == "call_ended" and event.direction == "inbound":
                break
        self.assertEqual(event.sip_status, 603)
        with self.assertRaises(sipdialer.NotFoundError):
            event.call.answer()
        for bad, error in ((200, sipdialer.InvalidError), (700, sipdialer.InvalidError),
                           ("486", TypeError)):
            with self.assertRaises(error):
                event.call.reject(bad)

    def test_heard_before_and_sent_elsewhere(self):
        net = self.network("--answer-delay", "0")
        d = self.registered(net)

        @d.on("call_incoming")
        def incoming(event):
            event.call.early(call_audio=8000)
            with self.assertRaises(sipdialer.StateError):
                event.call.early()

        @d.on("call_early_media")
        def heard(event):
            if event.call.id not in early:
                early.append(event.call.id)
                event.call.redirect("1002")

        early = []
        out = d.call("4930123440")
        for event in d.events(timeout=WAIT):
            if event.name == "call_ended" and event.call != out:
                break
        self.assertEqual((event.sip_status, event.reason), (302, "sent on to 1002"))
        self.assertEqual(early, [event.call.id])
        with self.assertRaises(sipdialer.InvalidError):
            event.call.redirect("sip:a b")
        self.assertTrue(callable(incoming) and callable(heard))

    def test_the_caller_gives_up(self):
        net = self.network("--answer-delay", "0")
        d = self.registered(net)
        d.call("4930123441")
        seen = []
        for event in d.events(timeout=WAIT):
            seen.append(event)
            if event.name == "call_ended" and event.direction == "inbound":
                break
        self.assertIn("call_incoming", names(seen))
        self.assertEqual((event.disposition, event.sip_status), ("no_answer", 487))
        self.assertIsNone(event.call.answered().wait(1))

    def test_who_calls(self):
        d = self.registered(self.network("--answer-delay", "0"))
        d.call("4930123442")
        for event in d.events(timeout=WAIT):
            if event.name == "call_incoming":
                break
        self.assertEqual(event.text, 'Anna "B" Müller')
        self.assertIn("4930123442", event.from_)
        self.assertEqual(event.direction, "inbound")
        event.call.reject()

    def test_asyncio_answers_and_listens(self):
        net = self.network("--answer-delay", "0")

        async def body():
            async with self.dialer(start=False, **self.options(net)) as d:
                got = asyncio.get_running_loop().create_future()

                @d.on("call_incoming")
                async def incoming(event):
                    event.call.answer(call_audio=8000)
                    heard = 0
                    async for frame in event.call.audio:
                        heard += len(frame)
                    got.set_result((heard, await event.call.ended()))

                async for event in d:
                    if event.name == "registration" and event.status == "registered":
                        break
                d.call("4930123440")
                return await asyncio.wait_for(got, WAIT)

        heard, ended = asyncio.run(body())
        self.assertEqual(ended.disposition, "answered")
        self.assertGreater(heard, 8000)


if __name__ == "__main__":
    main()
