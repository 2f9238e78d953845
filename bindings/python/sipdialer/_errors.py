"""One exception class for each error code of the library."""
from typing import Dict, Optional, Type

from ._abi import Error


class SipdialerError(Exception):
    """The library refused.  `str()` says which value and what limit.

    `code` and `name` are those of `enum sipdialer_error`, as -1 and
    "SIPDIALER_EINVAL"; `args` is (text, code, name).
    """

    CODE: Error = Error.OK

    def __init__(self, text: str, code: Optional[int] = None) -> None:
        number = int(self.CODE if code is None else code)
        super().__init__(text, number, error_name(number))

    @property
    def code(self) -> int:
        """Number of the error, negative."""
        return int(self.args[1])

    @property
    def name(self) -> str:
        """Name of the error, such as "SIPDIALER_EINVAL"."""
        return str(self.args[2])

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> "tuple[object, ...]":
        return type(self), (self.args[0], self.args[1])


class InvalidError(SipdialerError, ValueError):
    """EINVAL: an argument or an option's value is wrong."""

    CODE = Error.EINVAL


class NotFoundError(SipdialerError, LookupError):
    """ENOENT: no such option, call, campaign or file."""

    CODE = Error.ENOENT


class StateError(SipdialerError, RuntimeError):
    """ESTATE: not now: not started, stopping, ended."""

    CODE = Error.ESTATE


class ClosedError(StateError):
    """The dialer is closed (ESTATE)."""


class FullError(SipdialerError):
    """EFULL: a written limit is reached."""

    CODE = Error.EFULL


class NoMemoryError(SipdialerError, MemoryError):
    """ENOMEM: out of memory."""

    CODE = Error.ENOMEM


class InputOutputError(SipdialerError):
    """EIO: a file, the store or a socket failed."""

    CODE = Error.EIO


class BusyError(SipdialerError):
    """EBUSY: somebody else holds the store."""

    CODE = Error.EBUSY


class FormatError(SipdialerError, ValueError):
    """EFORMAT: malformed or unsupported file."""

    CODE = Error.EFORMAT


class NewerError(SipdialerError):
    """ENEWER: the store is of a newer version."""

    CODE = Error.ENEWER


class NotBuiltInError(SipdialerError, NotImplementedError):
    """ENOSYS: known, but not built in."""

    CODE = Error.ENOSYS


class AuthError(SipdialerError):
    """EAUTH: credentials refused."""

    CODE = Error.EAUTH


class NetworkError(SipdialerError):
    """ENET: peer unreachable or not answering."""

    CODE = Error.ENET


class SizeError(SipdialerError):
    """ESIZE: buffer too small."""

    CODE = Error.ESIZE


class StoppedError(SipdialerError):
    """ECANCELLED: given up because of stop or close."""

    CODE = Error.ECANCELLED


class LibraryError(ImportError):
    """libsipdialer is nowhere to be found, or does not fit this package."""


CLASSES: Dict[int, Type[SipdialerError]] = {
    int(c.CODE): c
    for c in (InvalidError, NotFoundError, StateError, FullError, NoMemoryError,
              InputOutputError, BusyError, FormatError, NewerError,
              NotBuiltInError, AuthError, NetworkError, SizeError, StoppedError)
}


def error_name(code: int) -> str:
    """"SIPDIALER_EINVAL" of -1; "?" if unknown."""
    try:
        return "SIPDIALER_" + Error(code).name
    except ValueError:
        return "?"


def from_code(code: int, text: str) -> SipdialerError:
    """The exception of a code; one that is new to us is the base class."""
    return CLASSES.get(code, SipdialerError)(text, code)


def from_name(name: str, text: str) -> SipdialerError:
    """The exception of a name as events carry it."""
    short = name[len("SIPDIALER_"):]
    code = int(Error[short]) if short in Error.__members__ else 0
    return from_code(code, text or name)
