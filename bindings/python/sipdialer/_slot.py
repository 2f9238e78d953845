"""What is waited for, and the object that waits: the same for threads and
for asyncio."""
import asyncio
from typing import (TYPE_CHECKING, Any, Callable, Generator, Generic, List, Optional, Tuple,
                    TypeVar)

if TYPE_CHECKING:
    from ._dialer import Dialer

T = TypeVar("T")
Future = "asyncio.Future[None]"


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
        if self.done:
            return
        self.done, self.value, self.error = True, value, error
        futures, self.futures = self.futures, []
        for loop, future in futures:
            try:
                loop.call_soon_threadsafe(wake, future)
            except RuntimeError:
                pass                 # its loop is closed: nobody waits


def wake(future: Any) -> None:
    """Ends a future's wait, unless it was cancelled."""
    if not future.done():
        future.set_result(None)


class Pending(Generic[T]):
    """Something on its way: `.wait(timeout)` or `await` gives its value.

    Waiting pulls events and runs hooks.  It may be waited for more than once
    and by several; giving up does not cancel what was asked for.
    """

    __slots__ = ("_dialer", "_slot", "_make", "request")

    def __init__(self, dialer: "Dialer", slot: Slot, make: Callable[[Any], T],
                 request: int = 0) -> None:
        self._dialer = dialer
        self._slot = slot
        self._make = make
        #: Request id as in the event `done`; 0 if it is not a request.
        self.request = request

    def done(self) -> bool:
        """Is the value, or its error, there?"""
        return self._slot.done

    def _result(self) -> T:
        if self._slot.error:
            raise self._slot.error.with_traceback(None)
        return self._make(self._slot.value)

    def wait(self, timeout: Optional[float] = None) -> T:
        """The value.  TimeoutError after `timeout` seconds without it."""
        if not self._dialer._wait(lambda: self._slot.done, timeout):
            raise TimeoutError("nothing within %g s" % (timeout or 0))
        return self._result()

    def __await__(self) -> Generator[Any, None, T]:
        if not self._slot.done:
            yield from self._dialer._await(self._slot).__await__()
        return self._result()

    def __repr__(self) -> str:
        return "<Pending %s>" % ("done" if self._slot.done else "waiting")
