"""Pulling: how events get from the library to those who wait for them.

One thread pulls at a time: whoever waits and finds nobody pulling, or the
asyncio loop the dialer is attached to.  Each event first settles what is
waited for (Slot), then goes to the open iterators, then to the hooks.  The
library never calls Python: it makes a descriptor readable.
"""
import asyncio
import ctypes
import os
import select
import threading
import time
import warnings
import weakref
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional, Set, Tuple

from ._errors import ClosedError, StateError, StoppedError, from_name
from ._event import CallState, Event, scan
from ._handle import Handle
from ._hooks import Hooks
from ._iterator import EventIterator
from ._library import lib
from ._slot import Slot

BATCH = 256                          # events a turn, so that a loop breathes
LOOP_S = 0.25                        # a thread looks whether the loop still runs
FAR_S = 86400                        # what poll() takes; then it is called again
TEXT = 16384                         # bytes of a usual event's JSON


class Reader:
    """A descriptor of ours in an asyncio loop.  A duplicate: the engine's own
    may be closed, and its number used again, before the loop hears of it."""

    def __init__(self) -> None:
        self.loop: Optional[asyncio.AbstractEventLoop] = None
        self.fd = -1

    def running(self) -> bool:
        """Does its loop run, so that it will pull?"""
        return self.loop is not None and self.loop.is_running()

    def attach(self, loop: asyncio.AbstractEventLoop, fd: int,
               callback: Callable[[], None]) -> None:
        """In the thread of the loop."""
        self.detach()
        self.loop, self.fd = loop, os.dup(fd)
        loop.add_reader(self.fd, callback)

    def detach(self) -> None:
        """In any thread."""
        loop, fd, self.loop, self.fd = self.loop, self.fd, None, -1
        if loop is None:
            return
        try:
            if in_loop(loop) or not loop.is_running():
                remove(loop, fd)
            else:
                loop.call_soon_threadsafe(remove, loop, fd)
        except RuntimeError:
            os.close(fd)             # closed in between


def in_loop(loop: asyncio.AbstractEventLoop) -> bool:
    """Is this the thread that runs the loop?"""
    return running_loop() is loop


def running_loop() -> Optional[asyncio.AbstractEventLoop]:
    """The loop that runs on this thread."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def remove(loop: asyncio.AbstractEventLoop, fd: int) -> None:
    """The descriptor leaves the loop."""
    if not loop.is_closed():
        loop.remove_reader(fd)
    os.close(fd)


def abandoned(handle: Handle, reader: Reader, text: str) -> None:
    """A dialer was garbage before it was closed."""
    if not handle.closing and handle.pid == os.getpid():
        try:
            warnings.warn("unclosed " + text, ResourceWarning, stacklevel=2)
        finally:
            reader.detach()
            handle.close()


class Request:
    """A verb that DONE answers; rows: the CAMPAIGN_STATUS events before it."""

    __slots__ = ("slot", "rows", "also")

    def __init__(self) -> None:
        self.slot = Slot()
        self.rows: List[Dict[str, Any]] = []
        self.also: Optional[Tuple[int, Slot]] = None

    def finish_too(self, campaign: int, slot: Slot) -> None:
        """If this request fails, so does Campaign.finished()."""
        self.also = (campaign, slot)


class Pump:
    """The part of a Dialer that pulls."""

    def __init__(self) -> None:
        self._handle = Handle()
        # reentrant: a signal handler may call a verb in the middle of another
        self._cond = threading.Condition()
        self._pulling = False
        self._started = False
        self._running = False
        self._live: Dict[int, CallState] = {}
        self._audible: Set[int] = set()          # calls that had call_audio
        self._tails: Dict[int, bytearray] = {}   # of calls about to end
        self._requests: Dict[int, Request] = {}
        self._finishes: Dict[int, Slot] = {}
        self._stopped = Slot()
        self._lost = False
        self._iterators: "weakref.WeakSet[EventIterator]" = weakref.WeakSet()
        self._hooks = Hooks()
        self._poll: Optional[Any] = None
        self._taken: Deque[Dict[str, Any]] = deque()
        self._text = ctypes.create_string_buffer(TEXT)
        self._view = memoryview(self._text).cast("B")
        self._reader = Reader()
        self._finalizer = weakref.finalize(
            self, abandoned, self._handle, self._reader,
            "<%s at %#x>" % (type(self).__name__, id(self)))
        self._finalizer.atexit = False   # _handle.close_all() does that

    # ---- from the library ----------------------------------------------------

    def _fields(self, raw: int) -> Dict[str, Any]:
        """The JSON of an event, as a dict."""
        n = lib.event_json(raw, self._text, TEXT)
        if n < TEXT:
            text = str(self._view[:n], "utf-8", "replace")
        else:
            large = ctypes.create_string_buffer(n + 1)
            lib.event_json(raw, large, n + 1)
            text = large.value.decode("utf-8", "replace")
        fields: Dict[str, Any] = scan(text, 0)[0]
        return fields

    def _take(self, pointer: ctypes.c_void_p) -> bool:
        """Moves what waits, a batch at most, into `_taken`: is there any?"""
        taken, next_event, fields = self._taken, lib.next_event, self._fields
        while len(taken) < BATCH:
            raw = next_event(pointer, 0)
            if not raw:
                break
            one = fields(raw)
            taken.append(one)
            if one["event"] == "call_audio":
                self._audible.add(one["call"])
            elif one["event"] == "call_ended" and one["call"] in self._audible:
                self._drain(pointer, one["call"])
        return bool(taken)

    def _drain(self, pointer: ctypes.c_void_p, call: int) -> None:
        """Samples of an ended call are gone with the next pull."""
        self._audible.discard(call)
        tail = self._tails[call] = bytearray()
        part = (ctypes.c_int16 * 4096)()
        while True:
            n = lib.audio_read(pointer, call, part, 4096)
            if n <= 0:
                return
            tail += memoryview(part).cast("B")[:2 * n]

    def _pull(self, timeout: float) -> None:
        """A batch, after waiting for the first.  By who has `_pulling`."""
        with self._handle as pointer:
            if not self._take(pointer) and timeout != 0:
                if self._poll is None:
                    self._poll = select.poll()
                    self._poll.register(self._fd(pointer), select.POLLIN)
                    self._poll.register(self._handle.wake_fd, select.POLLIN)
                self._poll.poll(timeout * 1000 + 1)
                self._take(pointer)
        with self._cond:
            # what a KeyboardInterrupt cuts off stays for the next one
            while self._taken:
                self._deliver(self._taken[0])
                self._taken.popleft()
            if self._lost:
                self._lost = False
                self._ask_again()

    @staticmethod
    def _fd(pointer: ctypes.c_void_p) -> int:
        fd: int = lib.fd(pointer)
        if fd < 0:
            raise lib.fail(fd)
        return fd

    # ---- to those who wait (under the lock) ----------------------------------

    def _deliver(self, fields: Dict[str, Any]) -> None:
        name = fields["event"]
        state = self._settle_call(name, fields) if "call" in fields else None
        settle = SETTLE.get(name)
        if settle:
            settle(self, fields)
        event = Event(self, fields, state)  # type: ignore[arg-type]
        for iterator in self._iterators:
            iterator._push(event)
        self._hooks.queue(event)

    def _settle_call(self, name: str, fields: Dict[str, Any]) -> Optional[CallState]:
        ident = fields["call"]
        if not ident:
            return None
        state = self._live.get(ident)
        if state is None:
            state = self._live[ident] = CallState()
        if name == "call_answered":
            state.answer(fields)
        elif name == "call_audio":
            state.heard()
        elif name == "call_ended":
            del self._live[ident]
            state.end(fields, self._tails.pop(ident, b""))
        return state

    def _settle_done(self, fields: Dict[str, Any]) -> None:
        request = self._requests.pop(fields["request"], None)
        if request is None:
            return
        if fields["error"]:
            error = from_name(fields["error"], fields["text"] or "")
            request.slot.finish(None, error)
            if request.also and self._finishes.pop(request.also[0], None):
                request.also[1].finish(None, error)
        else:
            request.slot.finish((fields, request.rows))

    def _settle_status(self, fields: Dict[str, Any]) -> None:
        request = self._requests.get(fields["request"])
        if request is not None:
            request.rows.append(fields)
        status = fields["status"]
        slot = self._finishes.get(fields["campaign"])
        if slot is None:
            return
        if status in ("completed", "cancelled"):
            del self._finishes[fields["campaign"]]
            slot.finish(fields)
        elif status == "paused" and fields["error"]:
            del self._finishes[fields["campaign"]]
            slot.finish(None, from_name(fields["error"], fields["reason"] or ""))

    def _settle_stopped(self, _: Dict[str, Any]) -> None:
        self._running = False
        self._give_up("the engine stopped")
        self._stopped.finish(None)

    def _settle_lost(self, _: Dict[str, Any]) -> None:
        self._lost = True

    def _ask_again(self) -> None:
        """The end of a campaign may be among what was lost."""
        request = ctypes.c_uint64()
        for campaign in self._finishes:
            try:
                with self._handle as pointer:
                    lib.campaign_status(pointer, campaign, ctypes.byref(request))
            except ClosedError:
                return

    def _give_up(self, text: str) -> None:
        """Nothing of this run will happen any more."""
        error = StoppedError(text)
        slots = [r.slot for r in self._requests.values()]
        slots += self._finishes.values()
        for state in self._live.values():
            state.give_up(error)
        self._live.clear()
        self._requests.clear()
        self._finishes.clear()
        for slot in slots:
            slot.finish(None, error)

    # ---- waiting: threads ----------------------------------------------------

    def _wait(self, ready: Callable[[], bool], timeout: Optional[float],
              tasks: bool = False) -> bool:
        """Pulls until ready() holds (True) or the time is over (False)."""
        if running_loop() is not None:
            raise StateError("waiting here would stop the asyncio loop of this "
                             "thread: use await or async for")
        if not tasks and not self._reader.running():
            self._hooks.check_plain()
        end = None if timeout is None else time.monotonic() + max(0, timeout)
        first = True
        while True:
            mine = False
            try:
                with self._cond:
                    if ready():
                        return True
                    if self._handle.closing:
                        raise ClosedError("the dialer is closed")
                    left = None if end is None else end - time.monotonic()
                    if left is not None and left <= 0 and not first:
                        return False
                    first = False
                    left = FAR_S if left is None else min(max(0, left), FAR_S)
                    if self._pulling:
                        self._cond.wait(left)
                    elif self._reader.running():
                        # a loop that stops does not say so
                        self._cond.wait(min(left, LOOP_S))
                    else:
                        mine = self._pulling = True
                if mine:
                    self._pull(left)
            finally:
                self._release(mine)
            if mine:
                self._hooks.run(self._reader.loop)

    def _release(self, mine: bool) -> None:
        """Somebody else may pull."""
        if mine:
            with self._cond:
                self._pulling = False
                self._cond.notify_all()

    # ---- waiting: asyncio ----------------------------------------------------

    def _attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on this loop pulls, if no other one does."""
        with self._cond:
            if self._reader.loop is loop or self._reader.running():
                return
            me = weakref.ref(self)

            def readable() -> None:
                pump = me()
                if pump is not None:
                    pump._on_readable()

            with self._handle as pointer:
                self._reader.attach(loop, self._fd(pointer), readable)

    def _on_readable(self) -> None:
        mine = False
        try:
            with self._cond:
                # level-triggered: it is called again while something waits
                if self._pulling or self._handle.closing:
                    return
                mine = self._pulling = True
            self._pull(0)
        except ClosedError:
            pass                     # by another thread, just now
        finally:
            self._release(mine)
        self._hooks.run(self._reader.loop)

    async def _await(self, slot: Slot) -> None:
        loop = asyncio.get_running_loop()
        self._attach(loop)
        future = loop.create_future()
        entry: Tuple[Any, Any] = (loop, future)
        with self._cond:
            if slot.done:
                return
            if self._handle.closing:
                raise ClosedError("the dialer is closed")
            slot.futures.append(entry)
        try:
            await future
        finally:
            with self._cond:
                if entry in slot.futures:
                    slot.futures.remove(entry)


SETTLE: Dict[str, Callable[[Pump, Dict[str, Any]], None]] = {
    "done": Pump._settle_done,
    "campaign_status": Pump._settle_status,
    "lost": Pump._settle_lost,
    "stopped": Pump._settle_stopped,
}
