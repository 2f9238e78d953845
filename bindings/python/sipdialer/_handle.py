"""The pointer to an engine, and who uses it.

sipdialer_destroy() must not run while another thread is inside the library
with the same engine: every use is counted, and close() waits for the last.
Holds no reference to the objects above, so that their finalizer may hold it.
"""
import atexit
import ctypes
import os
import threading
import weakref
from types import TracebackType
from typing import Any, Optional, Type

from ._errors import ClosedError, StateError
from ._library import lib

# Uses are short; this is for a thread that was frozen inside one.
CLOSE_WAIT_S = 6.0


class Handle:
    """`with handle as pointer:` around every call into the library."""

    def __init__(self) -> None:
        pointer = ctypes.c_void_p()
        rc = lib.create(ctypes.byref(pointer))
        if rc < 0:
            raise lib.fail(rc)
        self.pointer: Optional[ctypes.c_void_p] = pointer
        self.pid = os.getpid()
        self.closing = False
        self.users = 0
        self.idle = threading.Condition()
        # wakes who waits for events; readable for ever once closing
        self.wake_fd, self.wake_w = os.pipe()
        ALIVE.add(self)

    def __enter__(self) -> ctypes.c_void_p:
        if self.pid != os.getpid():
            raise StateError("this dialer belongs to the process that made it: "
                             "make another after fork()")
        with self.idle:
            if self.closing or self.pointer is None:
                raise ClosedError("the dialer is closed")
            self.users += 1
            return self.pointer

    def __exit__(self, kind: Optional[Type[BaseException]],
                 error: Optional[BaseException],
                 where: Optional[TracebackType]) -> None:
        with self.idle:
            self.users -= 1
            if self.closing and not self.users:
                self.idle.notify_all()

    def stop(self) -> None:
        """Tells the engine to stop; does not wait."""
        if self.pid == os.getpid() and not self.closing:
            lib.stop(self.pointer)

    def close(self) -> None:
        """Stops (at most 5 s) and frees.  Again: waits for the first."""
        if self.pid != os.getpid():
            return
        with self.idle:
            if self.closing:
                self.idle.wait_for(lambda: self.pointer is None, CLOSE_WAIT_S)
                return
            self.closing = True
            os.write(self.wake_w, b"x")
            if not self.idle.wait_for(lambda: not self.users, CLOSE_WAIT_S):
                return
        lib.destroy(self.pointer)
        with self.idle:
            self.pointer = None
            os.close(self.wake_fd)
            os.close(self.wake_w)
            self.idle.notify_all()
        ALIVE.discard(self)


ALIVE: "weakref.WeakSet[Handle]" = weakref.WeakSet()


@atexit.register
def close_all(*_: Any) -> None:
    """At exit: all engines stop side by side, then each is freed."""
    handles = list(ALIVE)
    for handle in handles:
        handle.stop()
    for handle in handles:
        handle.close()
