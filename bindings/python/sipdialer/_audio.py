"""Audio of a call: 16 bit samples, one channel, at the rate of call.audio."""
import asyncio
import ctypes
import sys
from typing import TYPE_CHECKING, Any, Generator, Optional

from ._convert import number
from ._errors import NotFoundError, StateError
from ._event import CallState
from ._library import lib
from ._slot import Pending, Slot

if TYPE_CHECKING:
    from ._dialer import Dialer

MAX = 2880000                        # samples in one read or write: 60 s at 48 kHz
FRAME = 960                          # samples: 20 ms at 48 kHz
CHUNK = 9600                         # samples a step of write_all() offers at once
BYTES = {"B", "b", "c"}
SHORTS = {"h", "@h", "=h", "<h" if sys.byteorder == "little" else ">h"}


def samples(buffer: Any, writable: bool) -> memoryview:
    """The bytes of a buffer of samples."""
    try:
        view = memoryview(buffer)
    except TypeError:
        raise TypeError("samples must be bytes or an array of 16 bit integers, "
                        "not %s" % type(buffer).__name__) from None
    if view.format not in SHORTS and view.format not in BYTES:
        raise TypeError("samples must be 16 bit integers (format 'h') or bytes, "
                        "not format %r" % view.format)
    if not view.c_contiguous or view.ndim != 1:
        raise ValueError("samples must be one contiguous row")
    if view.nbytes % 2:
        raise ValueError("%d bytes are no whole number of samples" % view.nbytes)
    if writable and view.readonly:
        raise TypeError("cannot read into a buffer that is read only")
    return view if view.format == "B" else view.cast("B")


def pointer(view: memoryview) -> Any:
    """What ctypes takes as address; read-only memory is copied."""
    if view.readonly:
        return view.obj if isinstance(view.obj, bytes) and len(view.obj) == len(view) \
            else bytes(view)
    return (ctypes.c_char * len(view)).from_buffer(view)


class Audio:
    """`call.audio`: what the far end says, and what it hears.

    read(), readinto() and write() never wait; iterating (`for`, `async for`)
    and write_all() do.  Iteration ends with the call.
    """

    __slots__ = ("_dialer", "_id", "_state")

    def __init__(self, dialer: "Dialer", ident: int, state: CallState) -> None:
        self._dialer = dialer
        self._id = ident
        self._state = state

    # ---- at once -------------------------------------------------------------

    def read(self, max: int = FRAME) -> memoryview:
        """At most `max` samples as a memoryview of format 'h'; empty if none
        wait.  Samples from before the end can be read after it."""
        buffer = bytearray(2 * number(max, "max", 0, MAX))
        view = memoryview(buffer)
        n = self._into(view)
        return view[:2 * n].cast("h")

    def readinto(self, buffer: Any) -> int:
        """Fills a writable buffer; the number of samples."""
        return self._into(samples(buffer, True))

    def _into(self, view: memoryview) -> int:
        view = view[:2 * MAX]
        if not len(view):
            return 0
        state = self._state
        if state.ended.done and not state.tail:
            return 0
        with self._dialer._handle.lock:
            # a pull moves what is left at the end into `tail`, under this lock
            if not state.ended.done and not state.tail:
                return self._dialer._verb(lib.audio_read, self._id, pointer(view),
                                          len(view) // 2)
            n = min(len(view), len(state.tail))
            view[:n] = state.tail[:n]
            del state.tail[:n]
        return n // 2

    def write(self, samples_: Any) -> int:
        """Gives samples to be sent; how many were taken: fewer than given if
        the buffer (option audio.write_buffer) is full."""
        return self._write(samples(samples_, False))

    def _write(self, view: memoryview) -> int:
        if not len(view):
            return 0
        view = view[:2 * MAX]
        return self._dialer._verb(lib.audio_write, self._id, pointer(view),
                                  len(view) // 2)

    def clear(self) -> int:
        """Drops what waits to be sent; how many samples that were."""
        return self._dialer._verb(lib.audio_clear, self._id)

    @property
    def rate(self) -> int:
        """Samples a second, 0 for a call without audio: the option call.audio
        of the call, else the dialer's.  That of a campaign is not known here."""
        rate = self._state.rate
        word = str(self._dialer.get("call.audio") if rate is None else rate)
        return int(word) if word.isdigit() else 0

    # ---- waiting -------------------------------------------------------------

    def frames(self, ms: int = 20) -> "Frames":
        """For `for` and `async for`: pieces of exactly `ms` milliseconds, but
        the last, which may be shorter."""
        count = self.rate * number(ms, "ms", 1, 60000) // 1000
        if not count:
            raise StateError("the call has no audio: option call.audio is off")
        return Frames(self, 2 * count)

    def write_all(self, samples_: Any) -> "Writing":
        """Writes what there is room for now and, while you `.wait()` for it or
        `await` it, the rest.  Its value is the number written, less than all
        if the call ended."""
        return Writing(self, samples(samples_, False))

    def _next_news(self, seen: int) -> "Optional[Pending[None]]":
        """Waits for news after number `seen`; None: they are here."""
        state = self._state
        with self._dialer._handle.lock:
            if state.audio_seq != seen or state.ended.done:
                return None
            slot = state.audio = state.audio or Slot()
        return Pending(self._dialer, slot, ignore)

    def _frame(self) -> Any:
        """A frame; or what to wait for; or None: no more will come."""
        seen = self._state.audio_seq
        over = self._state.ended.done
        try:
            frame = self.read()
        except NotFoundError:
            frame = memoryview(b"")
        if len(frame):
            return frame
        return None if over else self._next_news(seen) or READY

    def __iter__(self) -> "Audio":
        return self

    def __next__(self) -> memoryview:
        while True:
            got = self._frame()
            if got is None:
                raise StopIteration
            if isinstance(got, memoryview):
                return got
            if got is not READY:
                got.wait()

    def __aiter__(self) -> "Audio":
        return self

    async def __anext__(self) -> memoryview:
        while True:
            got = self._frame()
            if got is None:
                raise StopAsyncIteration
            if isinstance(got, memoryview):
                return got
            if got is not READY:
                await got
            else:
                await asyncio.sleep(0)


READY = object()                     # look again at once


def ignore(_: Any) -> None:
    """The value of news."""


class Frames:
    """Audio in pieces of one length; see Audio.frames()."""

    __slots__ = ("_audio", "_size", "_rest")

    def __init__(self, audio: Audio, size: int) -> None:
        self._audio = audio
        self._size = size            # bytes
        self._rest = bytearray()

    def _cut(self, last: bool) -> Optional[memoryview]:
        """A piece, if there is enough for it."""
        if len(self._rest) < self._size and not (last and self._rest):
            return None
        piece = self._rest[:self._size]
        del self._rest[:self._size]
        return memoryview(piece).cast("h")

    def __iter__(self) -> "Frames":
        return self

    def __next__(self) -> memoryview:
        piece = self._cut(False)
        while piece is None:
            try:
                self._rest += next(self._audio).cast("B")
            except StopIteration:
                piece = self._cut(True)
                if piece is None:
                    raise
            else:
                piece = self._cut(False)
        return piece

    def __aiter__(self) -> "Frames":
        return self

    async def __anext__(self) -> memoryview:
        piece = self._cut(False)
        while piece is None:
            try:
                self._rest += (await self._audio.__anext__()).cast("B")
            except StopAsyncIteration:
                piece = self._cut(True)
                if piece is None:
                    raise
            else:
                piece = self._cut(False)
        return piece


class Writing(Pending[int]):
    """Samples on their way; see Audio.write_all()."""

    __slots__ = ("_audio", "_left", "_written", "_news")

    def __init__(self, audio: Audio, view: memoryview) -> None:
        super().__init__(audio._dialer, Slot(), int)
        self._audio = audio
        self._left = view
        self._written = 0
        self._news = self._step()

    def _step(self) -> "Optional[Pending[None]]":
        """Writes what there is room for; what to wait for, or None."""
        audio = self._audio
        while len(self._left):
            seen = audio._state.audio_seq
            if audio._state.ended.done:
                break
            try:
                n = audio._write(self._left[:2 * CHUNK])
            except NotFoundError:
                break
            self._written += n
            self._left = self._left[2 * n:]
            if not n:
                news = audio._next_news(seen)
                if news is not None:
                    return news
        self._slot.finish(self._written)
        return None

    def wait(self, timeout: Optional[float] = None) -> int:
        """How many were written.  TimeoutError if there was no room for
        `timeout` seconds."""
        while self._news is not None:
            self._news.wait(timeout)
            self._news = self._step()
        return self._written

    def __await__(self) -> Generator[Any, None, int]:
        while self._news is not None:
            yield from self._news.__await__()
            self._news = self._step()
        return self._written
