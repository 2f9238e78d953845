"""The pointer to an engine, and the lock that whoever uses it holds.

sipdialer_destroy() must not run while anybody is inside the library with the
same engine.  A signal handler may run, and raise, between any two steps of the
main thread; therefore: locks are C objects taken by `with`, which no handler
cuts in two, flags are plain stores in `try` and `finally`, and a close() by a
handler that interrupted a use leaves the freeing to that use.
Holds no reference to the objects above, so that their finalizer may hold it.
"""
import atexit
import ctypes
import os
import select
import threading
import weakref
from typing import Any, Optional, Tuple

from ._errors import ClosedError, StateError
from ._library import lib

EXIT_WAIT_S = 6.0                    # for a thread that was frozen inside


class Handle:
    """An engine, from create to destroy."""

    def __init__(self) -> None:
        pointer = ctypes.c_void_p()
        rc = lib.create(ctypes.byref(pointer))
        if rc < 0:
            raise lib.fail(rc)
        self.pointer: Optional[ctypes.c_void_p] = pointer
        self.pid = os.getpid()
        self.lock = threading.RLock()
        self.freeing = threading.RLock()
        self.closing = False
        self.inside = False          # of the thread that has the lock
        self.polling = False
        self.poller: Optional[Any] = None
        # wakes who polls; readable for ever once closing
        self.wake_fd, self.wake_w = os.pipe()
        self.fds: Tuple[int, ...] = (self.wake_fd, self.wake_w)
        ALIVE.add(self)

    def locked(self) -> Any:
        """`with handle.locked():`.  In a child made by fork() the lock may be
        held for ever by a thread that is not there."""
        if self.pid != os.getpid():
            raise StateError("this dialer belongs to the process that made it: "
                             "make another after fork()")
        return self.lock

    def check(self) -> None:
        """Under the lock."""
        if self.closing:
            raise ClosedError("the dialer is closed")

    def call(self, function: Any, *args: Any) -> Any:
        """function(pointer, *args), safe from close()."""
        with self.locked():
            self.check()
            outer = self.inside
            try:
                self.inside = True
                return function(self.pointer, *args)
            finally:
                self.inside = outer
                if self.closing:
                    self.free()      # a signal handler closed it meanwhile

    # ---- waiting -------------------------------------------------------------

    def event_fd(self) -> int:
        """A duplicate of the engine's descriptor: its own may be closed, and
        its number used again, while somebody looks at it."""
        fd: int = self.call(lib.fd)
        if fd < 0:
            raise lib.fail(fd)
        return os.dup(fd)

    def poll(self, seconds: float) -> None:
        """Until there is an event, or close().  One thread at a time."""
        with self.locked():
            self.check()
            if self.poller is None:
                fd = self.event_fd()
                self.fds += (fd,)
                poller = select.poll()
                poller.register(fd, select.POLLIN)
                poller.register(self.wake_fd, select.POLLIN)
                self.poller = poller
            self.polling = True
        try:
            self.poller.poll(seconds * 1000 + 1)
        finally:
            self.polling = False
            if self.pointer is None:
                self.close_fds()

    def close_fds(self) -> None:
        """Once, by who leaves last."""
        fds, self.fds = self.fds, ()
        for fd in fds:
            os.close(fd)

    # ---- the end -------------------------------------------------------------

    def shut(self) -> None:
        """From now on nobody gets in; who polls wakes up."""
        with self.lock:
            if not self.closing:
                self.closing = True
                os.write(self.wake_w, b"x")

    def free(self) -> None:
        """After shut(): stops (at most 5 s) and frees.  Who comes second waits
        for the first."""
        if self.inside:
            return                   # this thread is: see call()
        with self.freeing:
            # nothing in between where a handler could run
            pointer, self.pointer = self.pointer, None
            if pointer is None:
                return
            try:
                lib.destroy(pointer)
            finally:
                ALIVE.discard(self)
                if not self.polling:
                    self.close_fds()

    def close(self) -> None:
        """Both, in the process that made it."""
        if self.pid == os.getpid():
            try:
                self.shut()
            finally:
                if self.closing:
                    self.free()

    def __del__(self) -> None:
        # of a poll() that an exception cut short
        if getattr(self, "pointer", self) is None and self.pid == os.getpid():
            self.close_fds()


ALIVE: "weakref.WeakSet[Handle]" = weakref.WeakSet()


@atexit.register
def close_all(*_: Any) -> None:
    """At exit: all engines stop side by side, then each is freed."""
    handles = []
    for handle in list(ALIVE):
        if handle.pid == os.getpid() and handle.lock.acquire(timeout=EXIT_WAIT_S):
            try:
                handles.append(handle)
                if not handle.closing:
                    lib.stop(handle.pointer)
            finally:
                handle.lock.release()
    for handle in handles:
        handle.close()
