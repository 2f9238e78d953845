"""Pulling: how events get from the library to those who wait for them.

One thread pulls at a time: whoever waits and finds nobody pulling, or the
asyncio loop the dialer is attached to.  Each event first settles what is
waited for (Run), then goes to the open iterators, then to the hooks.  The
library never calls Python: it makes a descriptor readable.

An exception of a signal handler (KeyboardInterrupt) may cut any of this: what
was begun is done again by the next who pulls, and each taker skips what it has.
"""
import asyncio
import ctypes
import functools
import itertools
import os
import threading
import time
import weakref
from collections import deque
from typing import Any, Callable, Deque, Dict, Optional, Set, Tuple

from ._errors import ClosedError, StateError
from ._event import Event, scan
from ._handle import Handle
from ._hooks import Hooks
from ._iterator import EventIterator
from ._library import lib
from ._reader import Reader, abandoned, running_loop
from ._run import Run
from ._slot import Slot

BATCH = 256                          # events a turn, so that a loop breathes
BATCHES = 4096                       # in a wait whose time is over
LOOP_S = 0.25                        # a loop that ends, or a puller cut short,
LOOK_S = 1.0                         # does not say so: look again
ASK_S = 2.0                          # between two questions of one who waits
FAR_S = 86400                        # what poll() takes; then it is called again
TEXT = 16384                         # bytes of a usual event's JSON

READY, OVER, MORE, LESS = range(4)   # what a turn of a wait came to


class Pump:
    """The part of a Dialer that pulls."""

    def __init__(self) -> None:
        self._handle = Handle()
        self._pulling = 0                        # the thread that does
        self._wakers: Dict[Any, None] = {}       # locks of other threads that wait
        self._run = self._reading = Run(1)       # newest; that of events pulled now
        self._settled = 0                        # seq of the last event settled
        self._audible: Set[int] = set()          # calls that had call_audio
        self._iterators: Tuple["weakref.ref[EventIterator]", ...] = ()
        self._hooks = Hooks()
        self._raw: Optional[int] = None          # pulled, not yet decoded
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

    def _take(self, pointer: ctypes.c_void_p) -> int:
        """Moves what waits, a batch at most, into `_taken`: how many are there?
        Not beyond `stopped`: what follows is of another run."""
        taken, fields = self._taken, self._fields
        raw: int
        if self._raw:
            self._keep(pointer, fields(self._raw))
        # Between the library and `_raw` no signal handler can run: `for` stores
        # what it gets at once, unlike a call.  The same holds for two plain
        # stores, and for `+=` instead of append(), in all of this package.
        for raw in iter(functools.partial(lib.next_event, pointer, 0), None):
            self._raw = raw
            one = fields(raw)
            self._keep(pointer, one)
            if len(taken) >= BATCH or one["event"] == "stopped":
                break
        return len(taken)

    def _keep(self, pointer: ctypes.c_void_p, one: Dict[str, Any]) -> None:
        name = one["event"]
        if name == "call_audio":
            self._audible.add(one["call"])
        elif name == "call_ended" and one["call"] in self._audible:
            self._drain(pointer, one["call"])
        taken = self._taken
        taken += (one,)
        self._raw = None

    def _drain(self, pointer: ctypes.c_void_p, call: int) -> None:
        """Samples of an ended call are gone with the next pull."""
        state = self._reading.live.get(call)
        part = (ctypes.c_int16 * 4096)()
        while state is not None:
            n = lib.audio_read(pointer, call, part, 4096)
            if n <= 0:
                break
            state.tail += memoryview(part).cast("B")[:2 * n]
        self._audible.discard(call)

    def _pull(self, timeout: float) -> bool:
        """A batch, after waiting for the first; True if there may be more.  By
        who has `_pulling`."""
        count = self._pull_now()
        if not count and timeout:
            self._handle.poll(timeout)
            count = self._pull_now()
        return count >= BATCH

    def _pull_now(self) -> int:
        with self._handle.locked():
            count: int = self._handle.call(self._take)
            while self._taken:
                self._deliver(self._taken[0])
                del self._taken[0]
            if self._reading.ask_again:
                self._reading.ask_again = False
                for campaign in list(self._reading.finishes):
                    self._ask_status(campaign)
            return count

    def _ask_status(self, campaign: int) -> None:
        request = ctypes.c_uint64()
        self._handle.call(lib.campaign_status, campaign, ctypes.byref(request))

    # ---- to those who wait (under the lock) ----------------------------------

    def _deliver(self, fields: Dict[str, Any]) -> None:
        """May be done again for the same event."""
        run, seq = self._reading, fields["seq"]
        if seq > self._settled:
            run.settle(fields)
            self._settled = seq
        state = run.live.get(fields["call"]) if fields.get("call") else None
        event = Event(self, fields, state)  # type: ignore[arg-type]
        for ref in self._iterators:
            iterator = ref()
            if iterator is not None:
                iterator._push(event, seq, run.number)
        self._hooks.queue(event, seq)
        run.forget(fields)
        if fields["event"] == "stopped" and run.next:
            self._reading = run.next

    def _begin(self) -> None:
        """The engine started: another run, unless this one was none yet."""
        run = self._run
        if run.started:
            run.next = self._run = Run(run.number + 1)
            if run.stopped.done:
                self._reading = self._run
        self._run.started = True

    def _end(self, text: str) -> None:
        """Nobody will pull any more."""
        with self._handle.lock:
            run: Optional[Run] = self._reading
            while run:
                run.end(text)
                run = run.next
            for ref in self._iterators:
                iterator = ref()
                if iterator is not None:
                    iterator._wake()
            self._notify()

    # ---- waiting: threads ----------------------------------------------------

    def _wait(self, ready: Callable[[], bool], timeout: Optional[float],
              ask: Optional[Callable[[], None]] = None, tasks: bool = False) -> bool:
        """Pulls until ready() holds (True) or the time is over (False)."""
        if running_loop() is not None:
            raise StateError("waiting here would stop the asyncio loop of this "
                             "thread: use await or async for")
        if not tasks and not self._reader.running():
            self._hooks.check_plain()
        now = time.monotonic()
        end = None if timeout is None else now + max(0, timeout)
        question, more = now + ASK_S, True
        for turn in itertools.count():
            left = FAR_S if end is None else min(FAR_S, end - time.monotonic())
            # what waits in the library when the time is over is still taken
            over = left <= 0 and not (more and turn < BATCHES)
            if ask:
                left = min(left, ASK_S)
                if time.monotonic() >= question:
                    question += ASK_S
                    ask()
            got = self._turn(ready, max(0, left), over)
            if got in (READY, OVER):
                return got == READY
            more = got == MORE
        return False

    def _turn(self, ready: Callable[[], bool], left: float, over: bool) -> int:
        """One round of _wait()."""
        me, mine, more, waker = threading.get_ident(), 0, False, None
        try:
            with self._handle.locked():
                if ready():
                    return READY
                self._handle.check()
                if over:
                    return OVER
                if self._pulling == me:
                    raise StateError("a signal handler must not wait: it interrupted "
                                     "who pulls the events")
                if self._pulling or self._reader.running():
                    waker = threading.Lock()
                    waker.acquire()  # pylint: disable=consider-using-with
                    self._wakers[waker] = None
                    left = min(left, LOOK_S if self._pulling else LOOP_S)
                else:
                    mine = self._pulling = me
            if waker:
                waker.acquire(timeout=left)  # pylint: disable=consider-using-with
            else:
                more = self._pull(left)
        finally:
            if mine:
                self._pulling = 0
                self._notify()
            elif waker:
                self._wakers.pop(waker, None)
        if mine:
            self._hooks.run(self._reader.loop)
        return MORE if more else LESS

    def _notify(self) -> None:
        """Who waits looks again: there was news, or somebody must pull."""
        with self._handle.lock:
            while self._wakers:
                self._wakers.popitem()[0].release()

    # ---- waiting: asyncio ----------------------------------------------------

    def _attach(self, loop: asyncio.AbstractEventLoop) -> bool:
        """From now on this loop pulls, if no other one does: does it?"""
        with self._handle.locked():
            if self._reader.loop is loop:
                return True
            if self._reader.running() or self._handle.closing:
                return False
            me = weakref.ref(self)

            def readable() -> None:
                pump = me()
                if pump is not None:
                    pump._on_readable()

            self._reader.attach(loop, self._handle.event_fd(), readable)
            return True

    def _on_readable(self) -> None:
        if self._handle.pid != os.getpid():
            return
        mine = False
        try:
            with self._handle.lock:
                # level-triggered: it is called again while something waits
                if self._pulling or self._handle.closing:
                    return
                mine, self._pulling = True, threading.get_ident()
            self._pull(0)
        except ClosedError:
            pass                     # by another thread, just now
        finally:
            if mine:
                self._pulling = 0
                self._notify()
        self._hooks.run(self._reader.loop)

    async def _await(self, slot: Slot, ask: Optional[Callable[[], None]] = None) -> None:
        loop = asyncio.get_running_loop()
        question = time.monotonic() + ASK_S
        while not slot.done:
            mine = self._attach(loop)
            if ask and time.monotonic() >= question:
                question += ASK_S
                ask()
            # the loop that pulls may end, and does not say so
            await self._watch(loop, slot, (ASK_S if ask else None) if mine else LOOP_S)

    async def _watch(self, loop: asyncio.AbstractEventLoop, slot: Slot,
                     seconds: Optional[float]) -> None:
        """Until it is done, or the time is over."""
        future = loop.create_future()
        entry: Tuple[Any, Any] = (loop, future)
        with self._handle.lock:
            if slot.done:
                return
            self._handle.check()
            slot.futures.append(entry)
        try:
            if seconds is None:
                await future
            else:
                await asyncio.wait([future], timeout=seconds)
        finally:
            with self._handle.lock:
                if entry in slot.futures:
                    slot.futures.remove(entry)
