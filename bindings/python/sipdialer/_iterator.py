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
NEVER_LOST = {"call_ended", "done", "stopped"}
BREATHE = 256                        # events without giving way to the loop


class EventIterator:
    """The events pulled since it was made, whoever pulls them.

    Ends after `stopped`, when the dialer is closed, or when none came within
    `timeout` seconds.  Who takes them too slowly finds one event `lost` with
    their number, as at the library's own queue.
    """

    def __init__(self, dialer: "Dialer", timeout: Optional[float]) -> None:
        self._dialer = dialer
        self._timeout = timeout
        self._waiting: Deque[Event] = deque()
        self._lost = 0
        self._slot: Optional[Slot] = None
        self._over = False
        self._taken = 0

    def _push(self, event: Event) -> None:
        """Under the dialer's lock."""
        if len(self._waiting) >= WAITING_MAX and event.name not in NEVER_LOST:
            self._lost += 1
            return
        if self._lost:
            self._waiting.append(Event(self._dialer, {
                "event": "lost", "time": event.time, "seq": event.seq,
                "count": self._lost}, None))
            self._lost = 0
        self._waiting.append(event)
        self._wake()

    def _wake(self) -> None:
        """Something changed.  Under the dialer's lock."""
        if self._slot:
            self._slot.finish(None)
            self._slot = None

    def _next(self) -> Event:
        event = self._waiting.popleft()
        self._over = event.name == "stopped"
        return event

    def _check(self) -> bool:
        """Can anything still come?"""
        if self._over:
            return False
        if not self._dialer._started:
            raise StateError("the dialer is not started")
        return self._dialer._running

    def __iter__(self) -> "EventIterator":
        return self

    def __next__(self) -> Event:
        if self._over:
            raise StopIteration
        if not self._waiting:
            timeout = self._timeout if self._check() else 0
            try:
                if not self._dialer._wait(lambda: bool(self._waiting), timeout):
                    raise StopIteration
            except ClosedError:
                raise StopIteration from None
        return self._next()

    def __aiter__(self) -> "EventIterator":
        return self

    async def __anext__(self) -> Event:
        if self._over:
            raise StopAsyncIteration
        self._taken += 1
        if self._taken % BREATHE == 0:
            await asyncio.sleep(0)
        if not self._waiting and not await self._more():
            raise StopAsyncIteration
        return self._next()

    async def _more(self) -> bool:
        """Waits for an event."""
        dialer: Any = self._dialer
        if not self._check() and not dialer._handle.closing:
            dialer._attach(asyncio.get_running_loop())
            await asyncio.sleep(0)
            return bool(self._waiting)
        with dialer._cond:
            if self._waiting:
                return True
            slot = self._slot = self._slot or Slot()
        try:
            await asyncio.wait_for(dialer._await(slot), self._timeout)
        except (asyncio.TimeoutError, ClosedError):
            return bool(self._waiting)
        return bool(self._waiting)
