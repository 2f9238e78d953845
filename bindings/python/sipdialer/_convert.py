"""Python values to what the library takes, with exceptions that say why not."""
import ctypes
import json
import operator
import os
from typing import Any, List, Mapping, Optional, Tuple

from ._errors import FullError, InvalidError, NotFoundError
from ._options import NAMES

ID_MAX = 2 ** 53 - 1


def text(value: object, what: str) -> bytes:
    """UTF-8 of a str; no NUL, no lone surrogate."""
    if not isinstance(value, str):
        raise TypeError("%s must be str, not %s" % (what, type(value).__name__))
    if "\0" in value:
        raise InvalidError("%s has a NUL character" % what)
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as e:
        raise InvalidError("%s is not Unicode text: %s" % (what, e)) from None


def maybe_text(value: object, what: str) -> Optional[bytes]:
    """None stays None."""
    return None if value is None else text(value, what)


def path(value: object, what: str = "path") -> bytes:
    """Of a str, bytes or os.PathLike; names that are not UTF-8 as os.fsencode()
    makes them."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, (str, bytes)):
        raise TypeError("%s must be str, bytes or os.PathLike, not %s" % (
            what, type(value).__name__))
    try:
        name = os.fsencode(value)
    except UnicodeEncodeError as e:
        raise InvalidError("%s is no file name: %s" % (what, e)) from None
    if b"\0" in name:
        raise InvalidError("%s has a NUL character" % what)
    return name


def constant(word: str) -> Any:
    """What json takes for a number, but JSON does not."""
    raise ValueError("%s is not JSON" % word)


def json_object(value: object, what: str) -> Optional[bytes]:
    """A mapping, or the text of a JSON object; None stays None."""
    if value is None:
        return None
    if not isinstance(value, (str, Mapping)):
        raise TypeError("%s must be a mapping or a str of JSON, not %s" % (
            what, type(value).__name__))
    try:
        if isinstance(value, str):
            if not isinstance(json.loads(value, parse_constant=constant), dict):
                raise ValueError("it is no object")
            return text(value, what)
        return text(json.dumps(dict(value), allow_nan=False), what)
    except ValueError as e:          # RecursionError and TypeError as they are
        raise InvalidError("%s must be a JSON object: %s" % (what, e)) from None


def number(value: object, what: str, low: int, high: int) -> int:
    """A whole number within limits; bool is none."""
    if isinstance(value, bool) or not hasattr(type(value), "__index__"):
        raise TypeError("%s must be int, not %s" % (what, type(value).__name__))
    n = operator.index(value)  # type: ignore[arg-type]
    if not low <= n <= high:
        raise InvalidError("%s must be %d to %d, not %d" % (what, low, high, n))
    return n


def ident(value: object, what: str) -> int:
    """An id: 1 to 2**53 - 1."""
    return number(value, what, 1, ID_MAX)


def no_such(what: str, n: int) -> NotFoundError:
    """What is raised for an id that is not known."""
    return NotFoundError("no %s %d" % (what, n))


def rows(answer: Tuple[Mapping[str, Any], List[Any]], count: int) -> List[Any]:
    """The events before a DONE: like others they are lost where the program
    is slower than `events.max` allows."""
    if len(answer[1]) < count:
        raise FullError("%d of %d events of the answer were lost: more than "
                        "events.max were waiting" % (count - len(answer[1]), count))
    return answer[1]


def option(name: str, value: object) -> List[bytes]:
    """The texts that set an option to a Python value; lists of lines set
    several, an empty one clears."""
    if isinstance(value, (list, tuple)) and NAMES.get(name) in ("lines", "list"):
        items = [one(name, v) for v in value]
        return (items or [b""]) if NAMES[name] == "lines" else [b",".join(items)]
    return [one(name, value)]


def one(name: str, value: object) -> bytes:
    """The text of one value."""
    kind = NAMES.get(name, "bool")   # of a name that is wrong the library tells
    if isinstance(value, str):
        return path(value, "option " + name) if kind == "path" else \
            text(value, "option " + name)
    if isinstance(value, (bytes, os.PathLike)) and kind == "path":
        return path(value, "option " + name)
    if isinstance(value, bool) and kind in ("bool", "enum"):
        return b"yes" if value else b"no"
    if isinstance(value, float):
        return repr(float(value)).encode()
    if hasattr(type(value), "__index__") and not isinstance(value, bool):
        return str(operator.index(value)).encode()  # type: ignore[arg-type]
    raise TypeError("option %s cannot be %s" % (name, type(value).__name__))


def given(arguments: Mapping[str, object]) -> List[Tuple[str, bytes]]:
    """(option, text) of those keyword arguments that are options and are
    given: sip_server is sip.server."""
    out = []
    for key, value in arguments.items():
        name = key.replace("_", ".", 1)
        if value is not None and name in NAMES:
            out += [(name, t) for t in option(name, value)]
    return out


def options(arguments: Mapping[str, object]) -> Any:
    """A "name=value" list of C, or NULL."""
    texts = [name.encode() + b"=" + value for name, value in given(arguments)]
    return (ctypes.c_char_p * (len(texts) + 1))(*texts, None) if texts else None
