"""Finds libsipdialer and binds its functions."""
import ctypes
import ctypes.util
import os
from typing import Any, Iterator, List, Tuple

from . import _abi
from ._errors import LibraryError, from_code

NAME = "libsipdialer.so.0"
ENV = "SIPDIALER_LIBRARY"
FOLDER = os.path.dirname(os.path.abspath(__file__))

# These never wait (next_event is asked with 0 ms): called without giving up the interpreter
# lock, which costs more than they do.
QUICK = {"next_event", "event_json", "last_error", "strerror"}


class Library:
    """The functions of the library as attributes: `lib.call_hangup(...)`."""

    def __init__(self, path: str) -> None:
        self.path = path
        normal, quick = ctypes.CDLL(path), ctypes.PyDLL(path)
        missing = []
        for name, (restype, argtypes) in _abi.FUNCTIONS.items():
            source: Any = quick if name in QUICK else normal
            try:
                function = source["sipdialer_" + name]
            except AttributeError:
                missing.append("sipdialer_" + name)
                continue
            function.restype = restype
            function.argtypes = argtypes
            setattr(self, name, function)
        self.check(missing)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def check(self, missing: List[str]) -> None:
        """Refuses another ABI: functions only come, within a major version."""
        version = getattr(self, "version", lambda: b"?")().decode()
        numbers = version.split(".")
        wanted = "%d.%d" % _abi.VERSION
        fits = (numbers[0] == str(_abi.VERSION[0]) and len(numbers) > 1 and
                numbers[1].isdigit() and int(numbers[1]) >= _abi.VERSION[1])
        if missing or not fits:
            raise LibraryError(
                "%s is version %s, this package needs %s or later of the same "
                "major version%s" % (
                    self.path, version, wanted, "; it lacks " +
                    ", ".join(missing) if missing else ""))

    def fail(self, code: int) -> Exception:
        """The exception of the verb that failed on this thread just now."""
        return from_code(code, self.last_error().decode("utf-8", "replace"))


def candidates() -> Iterator[Tuple[str, str]]:
    """(where from, path) in the order they are tried."""
    path = os.environ.get(ENV)
    if path:
        # who names a library wants this one and no other
        yield "environment variable " + ENV, path
        return
    yield "inside the package", os.path.join(FOLDER, "_lib", NAME)
    yield "system", NAME
    found = ctypes.util.find_library("sipdialer")
    if found:
        yield "system", found


def load() -> Library:
    """The first library that is there; it must fit."""
    tried = []
    for where, path in candidates():
        if os.path.isabs(path) and not os.path.exists(path):
            tried.append("%s: %s: is not there" % (where, path))
            continue
        try:
            return Library(path)
        except OSError as e:
            tried.append("%s: %s" % (where, e))
    raise LibraryError("libsipdialer was not found. Install it, or set %s to "
                       "its path. Looked at:\n  %s" % (ENV, "\n  ".join(tried)))


lib = load()
