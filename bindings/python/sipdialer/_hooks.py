"""Hooks: functions of the host for kinds of events."""
import asyncio
import inspect
import logging
import threading
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional, Set, Tuple

from ._errors import FullError, StateError
from ._event import NAMES, Event

Hook = Callable[[Event], Any]
ANY = "event"                        # the name for all kinds
WAITING_MAX = 65536                  # hooks due; see queue()

log = logging.getLogger("sipdialer")


def report(error: BaseException, event: Event, hook: Hook) -> None:
    """What becomes of an exception in a hook unless the host says else."""
    log.error("hook %r failed at %r", hook, event,
              exc_info=(type(error), error, error.__traceback__))


class Hooks:
    """Run in the order of events, one at a time, by who pulled."""

    def __init__(self) -> None:
        self.by_name: Dict[str, List[Hook]] = {}
        self.due: Deque[Tuple[Hook, Event]] = deque()
        self.lock = threading.RLock()   # a signal handler may wait, too
        self.runner: Optional[int] = None
        self.tasks: Set["asyncio.Task[Any]"] = set()
        self.failed: Callable[[BaseException, Event, Hook], None] = report

    def add(self, name: str, hook: Hook) -> None:
        """`hook` is called for events of that name from now on."""
        if name != ANY and name not in NAMES:
            raise ValueError("no event is called %r; there are %s" % (
                name, ", ".join(sorted(NAMES))))
        if not callable(hook):
            raise TypeError("a hook must be callable, not %s" % type(hook).__name__)
        self.by_name[name] = self.by_name.get(name, []) + [hook]

    def remove(self, name: str, hook: Hook) -> None:
        """Undoes add(); nothing happens if it was not there."""
        self.by_name[name] = [h for h in self.by_name.get(name, []) if h != hook]

    def check_plain(self) -> None:
        """Without a loop there is nothing to run coroutines."""
        for name, hooks in self.by_name.items():
            for hook in hooks:
                if inspect.iscoroutinefunction(hook):
                    raise StateError("the hook %r of %r is a coroutine: it runs "
                                     "only under asyncio" % (hook, name))

    def queue(self, event: Event) -> None:
        """Notes what to call for an event; run() does it."""
        hooks = self.by_name.get(event.name, []) + self.by_name.get(ANY, [])
        for hook in hooks:
            self.due.append((hook, event))

    def run(self, loop: Optional[asyncio.AbstractEventLoop]) -> None:
        """Calls what is due, unless somebody is at it: a hook that waits, or
        another thread, finds its events queued behind."""
        me = threading.get_ident()
        while self.due:
            with self.lock:
                if self.runner is not None:
                    break
                self.runner = me
            try:
                while self.due:
                    hook, event = self.due.popleft()
                    self.call(hook, event, loop)
            finally:
                self.runner = None
        if len(self.due) > WAITING_MAX:
            self.due.clear()
            raise FullError("%d hooks were due while one did not return: dropped" %
                            WAITING_MAX)

    def call(self, hook: Hook, event: Event,
             loop: Optional[asyncio.AbstractEventLoop]) -> None:
        """One hook; an Exception is reported, nothing else is caught."""
        try:
            if inspect.iscoroutinefunction(hook):
                if loop is None or not loop.is_running():
                    raise StateError("a coroutine as hook needs asyncio")
                # the loop may run on another thread than this one
                loop.call_soon_threadsafe(self.spawn, loop, hook, event)
            else:
                hook(event)
        except Exception as e:  # pylint: disable=broad-except
            self.failed(e, event, hook)

    def spawn(self, loop: asyncio.AbstractEventLoop, hook: Hook, event: Event) -> None:
        """Begins a coroutine, on the thread of the loop."""
        task = loop.create_task(hook(event))
        self.tasks.add(task)         # the loop itself holds it weakly
        task.add_done_callback(lambda t: self.task_done(t, event, hook))

    async def finish(self, timeout: float) -> None:
        """Waits for the coroutines that have begun, but not for ever."""
        await asyncio.sleep(0)       # spawn() comes first
        if self.tasks:
            await asyncio.wait(set(self.tasks), timeout=timeout)

    def task_done(self, task: "asyncio.Task[Any]", event: Event, hook: Hook) -> None:
        """Reports what a coroutine raised."""
        self.tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.failed(error, event, hook)
