"""for event in dialer, async for event in dialer."""
import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Deque, Optional

from ._errors import ClosedError, StateError
from ._event import Event
from ._slot import Slot

if TYPE_CHECKING:
    from ._dialer import Dialer

WAITING_MAX = 65536                  # ordinary events, as events.max
NEVER_LOST = {"call_incoming", "call_ended", "done", "stopped"}
BREATHE = 256                        # events without giving way to the loop


class EventIterator:
    """The events pulled since it was made, whoever pulls them.

    Ends after `stopped`, when the dialer is closed, or when none came within
    `timeout` seconds.  Who takes them too slowly finds one event `lost` with
    their number, as at the library's own queue.  Several threads or tasks may
    take from one: each event goes to one of them.
    """

    def __init__(self, dialer: "Dialer", timeout: Optional[float]) -> None:
        self._dialer = dialer
        self._timeout = timeout
        self._waiting: Deque[Event] = deque()
        # takes one in a single step: no signal handler and no other thread in
        # between, see _pump.py
        self._pop = iter(self._waiting.popleft, None)
        self._seen = 0               # seq of the last event pushed
        self._lost = 0
        self._slot: Optional[Slot] = None
        self._over = False
        self._taken = 0
        run = dialer._run
        self._from = run.number + 1 if run.stopped.done else run.number

    def _push(self, event: Event, seq: int, run: int) -> None:
        """Under the dialer's lock.  Events of a run that was stopped before
        this iterator was made are not its own."""
        if seq <= self._seen or run < self._from:
            return
        waiting = self._waiting
        if len(waiting) >= WAITING_MAX and event.name not in NEVER_LOST:
            self._lost += 1
            self._seen = seq
            return
        if self._lost:
            lost = Event(self._dialer, {
                "event": "lost", "time": event.time, "seq": seq, "count": self._lost}, None)
            waiting += (lost, event)
            self._lost = 0
        else:
            waiting += (event,)
        self._seen = seq
        self._wake()

    def _wake(self) -> None:
        """Something changed.  Under the dialer's lock."""
        if self._slot:
            self._slot.finish(None)
            self._slot = None

    def _any(self) -> bool:
        return bool(self._waiting) or self._over

    def _take(self) -> Optional[Event]:
        """The next, or None."""
        if self._waiting:
            try:
                for event in self._pop:
                    self._over = event._fields["event"] == "stopped"
                    return event
            except IndexError:       # another thread took it
                pass
        return None

    def _check(self) -> bool:
        """Can anything still come?"""
        if not self._dialer._run.started:
            raise StateError("the dialer is not started")
        return self._dialer._run.running

    def __iter__(self) -> "EventIterator":
        return self

    def __next__(self) -> Event:
        while not self._over:
            event = self._take()
            if event is not None:
                return event
            try:
                timeout = self._timeout if self._check() else 0
                if not self._dialer._wait(self._any, timeout):
                    break
            except ClosedError:
                break
        raise StopIteration

    def __aiter__(self) -> "EventIterator":
        return self

    async def __anext__(self) -> Event:
        self._taken += 1
        if self._taken % BREATHE == 0:
            await asyncio.sleep(0)
        while not self._over:
            event = self._take()
            if event is not None:
                return event
            if not await self._more():
                break
        raise StopAsyncIteration

    async def _more(self) -> bool:
        """Waits for a change: may there be an event?"""
        dialer: Any = self._dialer
        with dialer._handle.locked():
            if dialer._handle.closing:
                return self._any()
            if not self._check():
                return False
            if self._any():
                return True
            slot = self._slot = self._slot or Slot()
        try:
            await asyncio.wait_for(dialer._await(slot), self._timeout)
        except (asyncio.TimeoutError, ClosedError):
            return self._any()
        return True
