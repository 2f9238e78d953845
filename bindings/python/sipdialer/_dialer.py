"""The dialer: a SIP account or trunk, its calls and its campaigns."""
import asyncio
import ctypes
import json
import os
import time
import weakref
from types import TracebackType
from typing import Any, Callable, Dict, List, Optional, Type, TypeVar, Union

from . import _abi
from . import _convert as convert
from ._call import Call
from ._campaign import Campaign
from ._errors import SipdialerError
from ._event import CallState, Event
from ._hooks import Hook
from ._iterator import EventIterator
from ._library import lib
from ._options import DialerOptions
from ._pump import Pump
from ._reader import running_loop
from ._run import Request
from ._slot import Pending
from ._words import EventName, EventType

H = TypeVar("H", bound=Hook)
T = TypeVar("T")
Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
STOP_S = 5.0                         # the library's promise, and ours


class Dialer(DialerOptions, Pump):
    def _open(self, options_: Dict[str, Any]) -> None:
        """Behind the generated __init__()."""
        Pump.__init__(self)
        try:
            for name, value in convert.given(options_):
                self._verb(lib.set, name.encode(), value)
        except BaseException:
            self.close()
            raise

    # ---- life ----------------------------------------------------------------

    def start(self) -> None:
        """Opens store and sockets and registers; waits for the disk only.
        Whether the registration stands comes as the event `registration`."""
        with self._handle.locked():
            self._verb(lib.start)
            self._begin()

    def attach(self) -> None:
        """Has the running asyncio loop pull events, and run hooks, from now on.
        `async with` and each `await` of something here do so by themselves."""
        self._attach(asyncio.get_running_loop())

    def stop(self) -> "Pending[None]":
        """Hangs up, saves, un-registers; the Pending is done with the event
        `stopped`, within 5 s.  Again: without waiting for peers."""
        self._verb(lib.stop)
        return self.stopped()

    def stopped(self) -> "Pending[None]":
        """Done with the event `stopped`, whoever stops it; before start(), that
        of the run to come.  Waiting for it is the loop of a program of hooks."""
        return Pending(self, self._run.stopped, lambda v: None)

    def close(self) -> None:
        """Stops if needed (at most 5 s) and frees.  Events not yet pulled are
        dropped, who waits for one gets StoppedError or ends.  Any thread; in a
        coroutine aclose() instead, which does not hold up the loop."""
        if self._handle.pid != os.getpid():
            return
        try:
            self._handle.shut()
            self._end("the dialer was closed")
        finally:
            self._reader.detach()
            self._handle.close()
            self._finalizer.detach()

    async def aclose(self) -> None:
        """stop() and close() under asyncio, within 5 s together; coroutines of
        hooks that do not end by then are cancelled."""
        end = time.monotonic() + STOP_S
        try:
            if not self.closed and self._run.running:
                stopped = self._run.stopped
                self._verb(lib.stop)
                await asyncio.wait_for(self._await(stopped), STOP_S)
        except (SipdialerError, asyncio.TimeoutError):
            pass                     # stopped or closed in between
        finally:
            loop = asyncio.get_running_loop()
            closing = loop.run_in_executor(None, self.close)
            await self._hooks.finish(end - time.monotonic())
            await closing

    @property
    def closed(self) -> bool:
        """Was close() called?"""
        return self._handle.closing

    def __enter__(self) -> "Dialer":
        try:
            if not self._run.running:
                self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: Optional[Type[BaseException]],
                 error: Optional[BaseException],
                 where: Optional[TracebackType]) -> None:
        try:
            if not self.closed and self._run.running and running_loop() is None:
                stopped = self._run.stopped
                self._verb(lib.stop)
                self._wait(lambda: stopped.done, STOP_S, tasks=True)
        except SipdialerError:
            pass                     # stopped or closed in between
        finally:
            self.close()

    async def __aenter__(self) -> "Dialer":
        loop = asyncio.get_running_loop()
        try:
            if not self._run.running:
                await loop.run_in_executor(None, self.start)
            self._attach(loop)
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]],
                        error: Optional[BaseException],
                        where: Optional[TracebackType]) -> None:
        await self.aclose()

    # ---- options -------------------------------------------------------------

    def set(self, name: str, value: object) -> None:
        """Sets the option "group.name"; None: its default again."""
        key = convert.text(name, "name")
        if value is None:
            self._verb(lib.set, key, None)
            return
        for text in convert.option(name, value):
            self._verb(lib.set, key, text)

    def get(self, name: str) -> str:
        """An option as text; secrets read as "***"."""
        buffer = ctypes.create_string_buffer(8192)
        self._verb(lib.get, convert.text(name, "name"), buffer, len(buffer))
        return buffer.value.decode()

    def load(self, path: Path) -> None:
        """Sets options from a file of `name = value` lines."""
        self._verb(lib.load, convert.path(path))

    # ---- events --------------------------------------------------------------

    def events(self, timeout: Optional[float] = None) -> EventIterator:
        """The events from now on, for `for` or `async for`; `timeout`: ends if
        none came for so many seconds."""
        with self._handle.locked():
            iterator = EventIterator(self, timeout)
            old = [ref for ref in self._iterators if ref() is not None]
            self._iterators = (*old, weakref.ref(iterator))
        return iterator

    def __iter__(self) -> EventIterator:
        return self.events()

    def __aiter__(self) -> EventIterator:
        return self.events()

    def on(self, name: Union[EventName, EventType]) -> Callable[[H], H]:
        """`@dialer.on("call_ended")`: calls the function with each such event,
        "event": with all.  Coroutines run as tasks under asyncio."""
        def add(hook: H) -> H:
            self._hooks.add(name, hook)
            return hook
        return add

    def off(self, name: Union[EventName, EventType], hook: Hook) -> None:
        """Undoes on()."""
        self._hooks.remove(name, hook)

    def on_hook_error(self, handler: Callable[[BaseException, Event, Hook], None]) -> None:
        """What is done with an exception in a hook, instead of logging it to
        the logger "sipdialer"."""
        self._hooks.failed = handler

    # ---- calls and campaigns: call() and campaign() are in _options.py -------

    def _account_add(self, name: str, options_: Dict[str, Any]) -> None:
        self._verb(lib.account_add, convert.text(name, "name"), convert.options(options_))

    def account_remove(self, name: str) -> None:
        """Removes an account that no call and no campaign uses; it un-registers
        in the background."""
        self._verb(lib.account_remove, convert.text(name, "name"))

    def _call(self, to: str, options_: Dict[str, Any]) -> Call:
        number, ident = convert.text(to, "to"), ctypes.c_uint64()
        given = convert.options(options_)
        with self._handle.locked():
            self._verb(lib.call, number, given, ctypes.byref(ident))
            state = self._run.dialed(ident.value)
        state.rate = options_.get("call_audio")
        return Call(self, ident.value, state)

    def _referred(self, ident: int, options_: Dict[str, Any]) -> Call:
        fresh, given = ctypes.c_uint64(), convert.options(options_)
        with self._handle.locked():
            self._verb(lib.call_refer_accept, ident, given, ctypes.byref(fresh))
            state = self._run.dialed(fresh.value)
        state.rate = options_.get("call_audio")
        return Call(self, fresh.value, state)

    def _call_of(self, ident: int, state: CallState) -> Call:
        return Call(self, ident, state)

    def get_call(self, ident: int) -> Call:
        """The call of an id, of this run and not yet over.  NotFoundError."""
        number = convert.ident(ident, "call")
        with self._handle.locked():
            self._handle.check()
            state = self._run.live.get(number)
        if state is None:
            raise convert.no_such("call", number)
        return Call(self, number, state)

    def calls(self) -> List[Call]:
        """The calls whose end was not pulled yet."""
        with self._handle.locked():
            self._handle.check()
            return [Call(self, n, state) for n, state in self._run.live.items()]

    def _campaign(self, name: str, options_: Dict[str, Any]) -> "Pending[Campaign]":
        return self._request(
            lambda v: Campaign(self, v[0]["campaign"], name), lib.campaign_create,
            convert.text(name, "name"), convert.options(options_))

    def get_campaign(self, ident: int) -> Campaign:
        """The campaign of an id; whether there is one, its verbs tell."""
        return Campaign(self, convert.ident(ident, "campaign"))

    def campaigns(self) -> "Pending[List[Campaign]]":
        """All campaigns of the store, oldest first."""
        return self._request(
            lambda v: [Campaign(self, row["campaign"], row["text"])
                       for row in convert.rows(v, v[0]["count"])],
            lib.campaign_list)

    # ---- do not call, store --------------------------------------------------

    def dnc_add(self, number: str, source: Optional[str] = None) -> "Pending[bool]":
        """Puts a number on the do-not-call list; False: it was there."""
        return self._request(counted, lib.dnc_add, convert.text(number, "number"),
                             convert.maybe_text(source, "source"))

    def dnc_remove(self, number: str) -> "Pending[bool]":
        """Takes a number off the list; False: it was not there."""
        return self._request(counted, lib.dnc_remove, convert.text(number, "number"))

    def dnc_check(self, number: str) -> "Pending[bool]":
        """Is a number on the list?"""
        return self._request(counted, lib.dnc_check, convert.text(number, "number"))

    def store_backup(self, path: Path) -> "Pending[None]":
        """Copies the store, as of now, to a new file."""
        return self._request(lambda v: None, lib.store_backup, convert.path(path))

    def stats(self) -> Dict[str, Any]:
        """Counters of the engine."""
        size = 4096
        while True:
            buffer = ctypes.create_string_buffer(size)
            n = self._verb(lib.stats, buffer, size)
            if n < size:
                stats: Dict[str, Any] = json.loads(buffer.value.decode())
                return stats
            size = n + 1

    def amd_file(self, path: Path) -> List[Event]:
        """What is heard in a recording of an answered call, by the detectors
        that listen to calls, with this dialer's options amd.*: events
        `call_amd`, at least one of them with text "final", and `call_tone`; a
        `log` first if only one of several channels is heard.  Needs no
        start(); waits for the disk."""
        heard: List[Event] = []

        def hear(raw: int, _arg: Any) -> None:
            heard.append(Event(self, self._fields(raw), None))

        self._verb(lib.amd_file, convert.path(path), _abi.EVENT_HANDLER(hear), None)
        return heard

    # ---- for the other objects -----------------------------------------------

    def _verb(self, function: Any, *args: Any) -> int:
        """Calls a function of the library with our pointer; raises its error."""
        rc: int = self._handle.call(function, *args)
        if rc < 0:
            raise lib.fail(rc)
        return rc

    def _request(self, make: Callable[[Any], T], function: Any, *args: Any) -> "Pending[T]":
        """A verb that DONE answers.  make: (fields of DONE, rows) -> value."""
        ident, request = ctypes.c_uint64(), Request()
        with self._handle.locked():  # nobody may settle it before it is known
            self._verb(function, *args, ctypes.byref(ident))
            self._run.requests[ident.value] = request
        return Pending(self, request.slot, make, ident.value)

    def _done(self, value: Any) -> Event:
        return Event(self, value[0], None)

    def __repr__(self) -> str:
        state = "closed" if self.closed else "running" if self._run.running else "stopped"
        return "<Dialer %s, %d calls>" % (state, len(self._run.live))


def counted(value: Any) -> bool:
    """Did it change, or find, something?"""
    return bool(value[0]["count"])


Dialer.__doc__ = DialerOptions.__doc__


def options() -> List[Dict[str, Any]]:
    """The option table: name, type, unit, min, max, default, scope, doc ..."""
    out: List[Dict[str, Any]] = []
    while True:
        text = lib.option_json(len(out))
        if text is None:
            return out
        out.append(json.loads(text))


def version() -> str:
    """Version of the library."""
    return str(lib.version().decode())


def store_check(path: Path, migrate: bool = False) -> str:
    """Checks a store file; one line on what was found.  migrate: brings it to
    the present schema."""
    buffer = ctypes.create_string_buffer(4096)
    rc = lib.store_check(convert.path(path), 1 if migrate else 0, buffer, len(buffer))
    if rc < 0:
        raise lib.fail(rc)
    return buffer.value.decode("utf-8", "replace")
