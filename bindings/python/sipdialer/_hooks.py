"""Hooks: functions of the host for kinds of events."""
import asyncio
import inspect
import logging
import threading
from collections import deque
from typing import Any, Awaitable, Callable, Deque, Dict, List, Optional, Set, Tuple

from ._errors import FullError, StateError
from ._event import Event
from ._words import NAMES

Hook = Callable[[Event], Any]
ANY = "event"                        # the name for all kinds
WAITING_MAX = 65536                  # hooks due; see run()

log = logging.getLogger("sipdialer")


def report(error: BaseException, event: Event, hook: Hook) -> None:
    """What becomes of an exception in a hook unless the host says else."""
    log.error("hook %r failed at %r", hook, event,
              exc_info=(type(error), error, error.__traceback__))


class Hooks:
    """Run in the order of events, one at a time, by who pulled."""

    def __init__(self) -> None:
        self.by_name: Dict[str, List[Hook]] = {}    # replaced, never changed
        self.due: Deque[Tuple[Hook, Event]] = deque()
        self.seen = 0                # seq of the last event queued
        self.lock = threading.RLock()
        self.busy = False
        self.tasks: Set["asyncio.Future[Any]"] = set()
        self.failed: Callable[[BaseException, Event, Hook], None] = report

    def add(self, name: str, hook: Hook) -> None:
        """`hook` is called for events of that name from now on."""
        if name != ANY and name not in NAMES:
            raise ValueError("no event is called %r; there are %s" % (
                str(name), ", ".join(sorted(NAMES))))
        if not callable(hook):
            raise TypeError("a hook must be callable, not %s" % type(hook).__name__)
        with self.lock:
            self.by_name = {**self.by_name, name: self.by_name.get(name, []) + [hook]}

    def remove(self, name: str, hook: Hook) -> None:
        """Undoes add(); nothing happens if it was not there."""
        with self.lock:
            left = [h for h in self.by_name.get(name, []) if h != hook]
            self.by_name = {**self.by_name, name: left}

    def check_plain(self) -> None:
        """Without a loop there is nothing to run coroutines."""
        for name, hooks in self.by_name.items():
            for hook in hooks:
                if inspect.iscoroutinefunction(hook):
                    raise StateError("the hook %r of %r is a coroutine: it runs "
                                     "only under asyncio" % (hook, name))

    def queue(self, event: Event, seq: int) -> None:
        """Notes what to call for an event, once; run() does it."""
        if seq <= self.seen:
            return
        by_name, due = self.by_name, self.due
        more = [(hook, event) for name in (event.name, ANY) for hook in by_name.get(name, ())]
        due += more
        self.seen = seq

    def run(self, loop: Optional[asyncio.AbstractEventLoop]) -> None:
        """Calls what is due, unless somebody is at it: a hook that waits, or
        another thread, finds its events queued behind."""
        while self.due:
            mine = False
            try:
                with self.lock:
                    if not self.busy:
                        mine = self.busy = True
                if not mine:
                    break
                while self.due:
                    self.run_one(loop)
            finally:
                if mine:
                    self.busy = False
        if len(self.due) > WAITING_MAX:
            self.due.clear()
            raise FullError("%d hooks were due while one did not return: dropped" %
                            WAITING_MAX)

    def run_one(self, loop: Optional[asyncio.AbstractEventLoop]) -> None:
        """One hook; what it raises is reported, but KeyboardInterrupt and the
        like are not caught."""
        hook, event = self.due[0]
        try:
            # no signal handler in between: due or called, see _pump.py
            del self.due[0]
            result = hook(event)
            if result is not None and inspect.isawaitable(result):
                self.hand_over(result, loop, event, hook)
        except (Exception, asyncio.CancelledError) as e:  # pylint: disable=broad-except
            self.tell(e, event, hook)

    def tell(self, error: BaseException, event: Event, hook: Hook) -> None:
        """Reports an exception, and one of the function that should."""
        try:
            self.failed(error, event, hook)
        except (Exception, asyncio.CancelledError) as e:  # pylint: disable=broad-except
            report(error, event, hook)
            log.error("the function given to on_hook_error() failed", exc_info=(
                type(e), e, e.__traceback__))

    def hand_over(self, result: Awaitable[Any], loop: Optional[asyncio.AbstractEventLoop],
                  event: Event, hook: Hook) -> None:
        """A coroutine runs in the loop, perhaps that of another thread."""
        if loop is not None and loop.is_running():
            loop.call_soon_threadsafe(self.spawn, loop, result, event, hook)
            return
        if inspect.iscoroutine(result):
            result.close()
        raise StateError("a coroutine as hook needs asyncio")

    def spawn(self, loop: asyncio.AbstractEventLoop, result: Awaitable[Any],
              event: Event, hook: Hook) -> None:
        """Begins a coroutine, on the thread of the loop."""
        task = asyncio.ensure_future(result, loop=loop)
        self.tasks.add(task)         # the loop itself holds it weakly
        task.add_done_callback(lambda t: self.task_done(t, event, hook))

    async def finish(self, timeout: float) -> None:
        """Waits for the coroutines that have begun; cancels those that do not
        end in time."""
        await asyncio.sleep(0)       # spawn() comes first
        tasks = self.tasks - {asyncio.current_task()}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=max(0, timeout))
            for task in late:
                log.warning("a hook did not end, it is cancelled: %r", task)
                task.cancel()

    def task_done(self, task: "asyncio.Future[Any]", event: Event, hook: Hook) -> None:
        """Reports what a coroutine raised."""
        self.tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.tell(error, event, hook)
