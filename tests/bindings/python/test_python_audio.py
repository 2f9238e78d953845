#!/usr/bin/env python3
"""Audio of a call: buffers of all kinds, echo, the end, asyncio."""
import array
import asyncio
import threading

from pycommon import WAIT, Case, flow, main, sipdialer

try:
    import numpy
except ImportError:
    numpy = None


# a telephone of the network says hello first, then it echoes
HELLO_S = 1.1


def late_tone(seconds, freq, rate):
    """A tone that the echo does not miss."""
    return array.array("h", [0] * int(HELLO_S * rate)) + flow.tone(seconds, freq, rate)


def level(samples):
    return flow.level(samples) if len(samples) else 0


class Audio(Case):
    def answered(self, number="4930123400", rate=8000, start=True, **options):
        d = self.dialer(self.network("--answer-delay", "0"), **options)
        call = d.call(number, call_audio=rate)
        self.assertTrue(call.answered().wait(WAIT))
        return d, call

    def test_what_is_written_comes_back(self):
        for rate in (8000, 48000):
            with self.subTest(rate=rate):
                _, call = self.answered(rate=rate)
                tone = late_tone(1.0, 440, rate)
                writing = call.audio.write_all(tone)
                heard = array.array("h")
                while flow.share(heard[-rate // 2:], 440, rate) < 0.9 or \
                        level(heard[-rate // 2:]) < 1000:
                    heard.extend(next(call.audio))
                    self.assertLess(len(heard), 8 * rate, "no echo")
                self.assertEqual(writing.wait(WAIT), len(tone))
                call.hangup()
                for frame in call.audio:
                    self.assertEqual((frame.format, frame.itemsize), ("h", 2))
                    heard.extend(frame)
                self.assertEqual(call.ended().wait(WAIT).disposition, "answered")

    def test_buffers_of_all_kinds(self):
        _, call = self.answered()
        samples = array.array("h", [1000, -1000] * 80)
        kinds = [samples, samples.tobytes(), bytearray(samples.tobytes()), memoryview(samples),
                 memoryview(samples.tobytes()), memoryview(samples)[10:100],
                 memoryview(samples.tobytes())[2:100], b""]
        if numpy is not None:
            kinds += [numpy.frombuffer(samples.tobytes(), dtype=numpy.int16),
                      numpy.array(samples)]
        for kind in kinds:
            count = memoryview(kind).nbytes // 2
            self.assertEqual(call.audio.write(kind), count, kind)
        self.assertGreater(call.audio.clear(), 0)
        for target in (bytearray(320), array.array("h", [0] * 160),
                       memoryview(bytearray(320)).cast("h"), bytearray(0)):
            n = call.audio.readinto(target)
            self.assertLessEqual(n, memoryview(target).nbytes // 2)
        self.assertEqual(len(call.audio.read(0)), 0)
        frame = next(call.audio)
        call.audio.read(5)
        self.assertFalse(frame.readonly)

    def test_buffers_that_do_not_fit(self):
        _, call = self.answered()
        audio = call.audio
        for bad, error in ((b"abc", ValueError), ("text", TypeError), (7, TypeError),
                           (None, TypeError), (array.array("i", [1]), TypeError),
                           (array.array("f", [1]), TypeError),
                           (array.array("H", [1]), TypeError),
                           (memoryview(bytearray(8))[::2], ValueError),
                           (memoryview(bytearray(8)).cast("B", (2, 4)), ValueError)):
            with self.assertRaises(error, msg=bad):
                audio.write(bad)
            with self.assertRaises(error, msg=bad):
                audio.readinto(bad)
        with self.assertRaisesRegex(TypeError, "read only"):
            audio.readinto(b"1234")
        for bad, error in ((-1, sipdialer.InvalidError), (2 ** 70, sipdialer.InvalidError),
                           ("1", TypeError), (1.5, TypeError)):
            with self.assertRaises(error):
                audio.read(bad)

    def test_without_the_option(self):
        d = self.dialer(self.network("--answer-delay", "0"))
        call = d.call("4930123400")
        call.answered().wait(WAIT)
        for verb in (call.audio.read, call.audio.clear, lambda: call.audio.write(b"12"),
                     lambda: next(call.audio)):
            with self.assertRaisesRegex(sipdialer.StateError, "call.audio"):
                verb()

    def test_the_last_words_can_be_read_after_the_end(self):
        d = self.dialer(self.network("--answer-delay", "0"))
        call = d.call("4930123411", call_audio=16000, dial_max_duration=1)
        self.assertEqual(call.ended().wait(WAIT).disposition, "answered")
        d.stop().wait(WAIT)
        heard = array.array("h")
        for frame in call.audio:
            heard.extend(frame)
        self.assertGreater(len(heard), 8000)
        self.assertGreater(level(heard), 300)
        self.assertEqual(len(call.audio.read()), 0)
        self.assertEqual(call.audio.readinto(bytearray(10)), 0)
        with self.assertRaises(sipdialer.SipdialerError):
            call.audio.write(b"12")

    def test_more_than_there_is_room_for(self):
        _, call = self.answered(audio_write_buffer=200)
        audio = call.audio
        tone = flow.tone(1.0, 440)
        first = audio.write(tone)
        self.assertLess(first, len(tone))
        self.assertEqual(audio.write_all(memoryview(tone)[first:]).wait(WAIT),
                         len(tone) - first)
        writing = audio.write_all(flow.tone(30.0, 440))
        call.hangup()
        self.assertLess(writing.wait(WAIT), 30 * 8000)

    def test_asyncio_echo(self):
        net = self.network("--answer-delay", "0")

        async def body():
            async with self.dialer(net, start=False) as d:
                call = d.call("4930123400", call_audio=16000, dial_max_duration=3)
                self.assertTrue(await call.answered())
                asyncio.ensure_future(self.speak(call))
                heard = array.array("h")
                async for frame in call.audio:
                    heard.extend(frame)
                ended = await call.ended()
                return heard, ended

        heard, ended = asyncio.run(body())
        self.assertIn(len(heard), flow.Span(16000, 16 * (ended.talk_ms + 500)))
        best = max(flow.share(heard[i:i + 4000], 700, 16000)
                   for i in range(0, len(heard) - 4000, 2000))
        self.assertGreater(best, 0.9)

    async def speak(self, call):
        await call.audio.write_all(late_tone(0.8, 700, 16000))

    def test_close_in_the_middle(self):
        d, call = self.answered()
        next(call.audio)
        d.close()
        self.assertEqual(list(call.audio), [])
        for verb in (call.audio.clear, lambda: call.audio.write(b"12")):
            with self.assertRaises(sipdialer.ClosedError):
                verb()
        self.assertEqual(call.audio.write_all(b"12").wait(1), 0)

    def test_reading_around_the_end(self):
        """No error, whatever a pull on another thread has come to."""
        d = self.dialer(self.network("--answer-delay", "0"))
        wrong = []

        def talk():
            call = d.call("4930123400", call_audio=8000)
            call.answered().wait(WAIT)
            next(call.audio)
            call.hangup()
            buffer = bytearray(64)
            while not call.ended().done():
                try:
                    call.audio.readinto(buffer)
                except sipdialer.SipdialerError as e:
                    wrong.append(e)
                    return

        def pull():
            for event in d.events():
                del event

        puller = threading.Thread(target=pull, daemon=True)
        puller.start()
        flow.parallel([talk] * 16)
        d.stop()
        puller.join(WAIT)
        self.assertEqual(wrong, [])

    def test_write_all_is_a_pending(self):
        _, call = self.answered(audio_write_buffer=200)
        writing = call.audio.write_all(bytes(16000))
        self.assertIsInstance(writing, sipdialer.Pending)
        self.assertFalse(writing.done())
        self.assertEqual(writing.wait(WAIT), 8000)
        self.assertTrue(writing.done())

    def test_a_step_copies_little(self):
        sizes = []

        class Audio_(type(self.answered()[1].audio)):
            __slots__ = ()

            def _write(self, view):
                sizes.append(len(view))
                return super()._write(view)

        _, call = self.answered(audio_write_buffer=200)
        Audio_(call._dialer, call.id, call._state).write_all(bytes(2 * 8000 * 60))
        self.assertLessEqual(max(sizes), 2 * 48000)

    def test_frames_of_one_length(self):
        d, call = self.answered(rate=16000)
        self.assertEqual(call.audio.rate, 16000)
        sizes = []
        for frame in call.audio.frames(ms=30):
            sizes.append(len(frame))
            if len(sizes) == 5:
                call.hangup()
        self.assertEqual(set(sizes[:-1]), {480})
        self.assertLessEqual(sizes[-1], 480)

        async def body():
            call = d.call("4930123400", call_audio="8000")
            async for frame in call.audio.frames():
                call.hangup()
                return len(frame), frame.format

        self.assertEqual(asyncio.run(body()), (160, "h"))
        self.assertEqual(d.call("4930123401").audio.rate, 0)
        with self.assertRaisesRegex(sipdialer.StateError, "call.audio"):
            d.call("4930123401").audio.frames()


if __name__ == "__main__":
    main(workers=4)
