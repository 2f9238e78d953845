"""The engine's descriptor in an asyncio loop."""
import asyncio
import os
import threading
import warnings
from typing import Callable, Optional

from ._handle import Handle


class Reader:
    """A descriptor of ours in a loop."""

    def __init__(self) -> None:
        self.loop: Optional[asyncio.AbstractEventLoop] = None
        self.fd = -1

    def running(self) -> bool:
        """Does its loop run, so that it will pull?"""
        loop = self.loop
        return loop is not None and loop.is_running()

    def attach(self, loop: asyncio.AbstractEventLoop, fd: int,
               callback: Callable[[], None]) -> None:
        """In the thread of the loop.  The descriptor is the reader's."""
        self.detach()
        self.loop, self.fd = loop, fd
        loop.add_reader(fd, callback)

    def detach(self) -> None:
        """In any thread."""
        loop, fd, self.loop, self.fd = self.loop, self.fd, None, -1
        if loop is None:
            return
        try:
            if in_loop(loop) or not loop.is_running():
                remove(loop, fd)
            else:
                loop.call_soon_threadsafe(remove, loop, fd)
        except RuntimeError:
            os.close(fd)             # closed in between


def in_loop(loop: asyncio.AbstractEventLoop) -> bool:
    """Is this the thread that runs the loop?"""
    return running_loop() is loop


def running_loop() -> Optional[asyncio.AbstractEventLoop]:
    """The loop that runs on this thread."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def remove(loop: asyncio.AbstractEventLoop, fd: int) -> None:
    """The descriptor leaves the loop."""
    if not loop.is_closed():
        loop.remove_reader(fd)
    os.close(fd)


def abandoned(handle: Handle, reader: Reader, text: str) -> None:
    """A dialer was garbage before it was closed."""
    if handle.closing or handle.pid != os.getpid():
        return
    try:
        warnings.warn("unclosed " + text, ResourceWarning, stacklevel=2)
    finally:
        reader.detach()
        if running_loop() is None:
            handle.close()
        else:                        # a loop must not wait for the peers
            handle.shut()
            threading.Thread(target=handle.close).start()
