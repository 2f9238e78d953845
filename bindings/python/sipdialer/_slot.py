"""What is waited for, and the object that waits: the same for threads and
for asyncio."""
import asyncio
import copy
import logging
from typing import (TYPE_CHECKING, Any, Callable, Generator, Generic, List, Optional, Tuple,
                    TypeVar)

from ._errors import StoppedError

if TYPE_CHECKING:
    from ._dialer import Dialer

T = TypeVar("T")

log = logging.getLogger("sipdialer")


class Slot:
    """A thing that happens once.  Changed under the dialer's lock."""

    __slots__ = ("done", "value", "error", "futures")

    def __init__(self) -> None:
        self.done = False
        self.value: Any = None
        self.error: Optional[BaseException] = None
        self.futures: List[Tuple[asyncio.AbstractEventLoop, Any]] = []

    def finish(self, value: Any, error: Optional[BaseException] = None) -> None:
        """It happened, or never will.  The first time counts."""
        if not self.done:
            self.value, self.error, self.done = value, error, True
        while self.futures:
            loop, future = self.futures[-1]
            try:
                loop.call_soon_threadsafe(wake, future)
            except RuntimeError:
                pass                 # its loop is closed: nobody waits
            del self.futures[-1]

    def result(self) -> Any:
        """The value, or its error: each who waits gets one of his own, since
        raising writes into it."""
        if self.error:
            raise copy.copy(self.error)
        return self.value


class Answer(Slot):
    """The answer of a request: its error must not vanish unseen."""

    __slots__ = ("fetched",)

    def __init__(self) -> None:
        super().__init__()
        self.fetched = False

    def result(self) -> Any:
        self.fetched = True
        return super().result()

    def __del__(self) -> None:
        if self.error and not self.fetched and not isinstance(self.error, StoppedError):
            log.error("a request failed and nobody waited for it: %r", self.error)


def wake(future: Any) -> None:
    """Ends a future's wait, unless it was cancelled."""
    if not future.done():
        future.set_result(None)


class Pending(Generic[T]):
    """Something on its way: `.wait(timeout)` or `await` gives its value.

    Waiting pulls events and runs hooks.  It may be waited for more than once
    and by several; giving up does not cancel what was asked for.
    """

    __slots__ = ("_dialer", "_slot", "_make", "_ask", "request")

    def __init__(self, dialer: "Dialer", slot: Slot, make: Callable[[Any], T],
                 request: int = 0, ask: Optional[Callable[[], None]] = None) -> None:
        self._dialer = dialer
        self._slot = slot
        self._make = make
        self._ask = ask              # done now and then while somebody waits
        #: Request id as in the event `done`; 0 if it is not a request.
        self.request = request

    def done(self) -> bool:
        """Is the value, or its error, there?"""
        return self._slot.done

    def wait(self, timeout: Optional[float] = None) -> T:
        """The value.  TimeoutError after `timeout` seconds without it; hooks
        that run meanwhile, also those of others, take the time they take."""
        if not self._dialer._wait(self.done, timeout, self._ask):
            raise TimeoutError("nothing within %g s" % (timeout or 0))
        return self._make(self._slot.result())

    def __await__(self) -> Generator[Any, None, T]:
        if not self._slot.done:
            yield from self._dialer._await(self._slot, self._ask).__await__()
        return self._make(self._slot.result())

    def __repr__(self) -> str:
        return "<%s %s>" % (type(self).__name__, "done" if self.done() else "waiting")
