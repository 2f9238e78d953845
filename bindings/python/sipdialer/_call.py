"""One call."""
import os
from typing import TYPE_CHECKING, Any, Dict, Optional, Union

from . import _convert as convert
from ._audio import Audio
from ._event import CallState, Event
from ._library import lib
from ._options import CallOptions
from ._slot import Pending

if TYPE_CHECKING:
    from ._dialer import Dialer

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]


class Call(CallOptions):
    """A call, outbound or inbound.  `Dialer.call()` and `event.call` give it.

    Two objects of one call are equal.  Verbs on a call that is over raise
    NotFoundError.
    """

    __slots__ = ("_dialer", "_id", "_state")

    def __init__(self, dialer: "Dialer", ident: int, state: CallState) -> None:
        self._dialer = dialer
        self._id = ident
        self._state = state

    @property
    def id(self) -> int:
        """Its number, in events and in the store."""
        return self._id

    @property
    def result(self) -> Optional[Event]:
        """Its event `call_ended`, or None as long as that was not pulled."""
        ended = self._state.ended
        return self._event(ended.value) if ended.done and ended.value else None

    @property
    def audio(self) -> Audio:
        """Its audio, with the option call.audio (`call_audio=16000`)."""
        return Audio(self._dialer, self._id, self._state)

    def answered(self) -> "Pending[Optional[Event]]":
        """Its event `call_answered`; None if it ended without one."""
        return Pending(self._dialer, self._state.answered, self._maybe)

    def ended(self) -> "Pending[Event]":
        """Its event `call_ended`.  StoppedError if the dialer is closed first."""
        return Pending(self._dialer, self._state.ended, self._event)

    def _event(self, fields: Dict[str, Any]) -> Event:
        return Event(self._dialer, fields, self._state)

    def _maybe(self, fields: Optional[Dict[str, Any]]) -> Optional[Event]:
        return self._event(fields) if fields else None

    def hangup(self) -> None:
        """Ends it: CANCEL before the answer, BYE after it."""
        self._dialer._verb(lib.call_hangup, self._id)

    def _answer(self, options: Dict[str, Any]) -> None:
        self._dialer._verb(lib.call_answer, self._id, convert.options(options))
        self._state.rate = options.get("call_audio") or self._state.rate

    def _early(self, options: Dict[str, Any]) -> None:
        self._dialer._verb(lib.call_early, self._id, convert.options(options))
        self._state.rate = options.get("call_audio")

    def reject(self, sip_status: int = 486) -> None:
        """Refuses an incoming call, 400 to 699."""
        self._dialer._verb(lib.call_reject, self._id, convert.number(
            sip_status, "sip_status", -2**31, 2**31 - 1))

    def redirect(self, to: str) -> None:
        """Sends the caller of an incoming call to another number or SIP URI, by 302."""
        self._dialer._verb(lib.call_redirect, self._id, convert.text(to, "to"))

    def play(self, path: Path, repeat: int = 1) -> None:
        """Plays a WAV file instead of what is playing; "" stops it."""
        self._dialer._verb(lib.call_play, self._id, convert.path(path),
                           convert.number(repeat, "repeat", 1, 1000000))

    def dtmf(self, digits: str) -> None:
        """Sends keys: 0-9 * # A-D, a comma pauses 500 ms; at most 64."""
        self._dialer._verb(lib.call_dtmf, self._id, convert.text(digits, "digits"))

    def record(self, path: Optional[Path], stereo: bool = False) -> None:
        """Records to a WAV file from now on; None stops it."""
        name = None if path is None else convert.path(path)
        self._dialer._verb(lib.call_record, self._id, name, 1 if stereo else 0)

    def bridge(self, other: "Call") -> None:
        """Lets the two hear each other; events `call_bridged` of both."""
        if not isinstance(other, Call):
            raise TypeError("other must be a Call, not %s" % type(other).__name__)
        self._dialer._verb(lib.call_bridge, self._id, other._id)

    def unbridge(self) -> None:
        """Takes it out of its bridge; both calls go on."""
        self._dialer._verb(lib.call_unbridge, self._id)

    def hold(self) -> None:
        """Holds it; it hears `call_hold_play=`.  Event `call_held`."""
        self._dialer._verb(lib.call_hold, self._id, 1)

    def resume(self) -> None:
        """Goes on with a call that hold() holds."""
        self._dialer._verb(lib.call_hold, self._id, 0)

    def transfer(self, to: "Union[str, Call]") -> None:
        """Asks the far end to call `to`, or to take our place in the other
        call; events `call_transfer` tell how that goes."""
        if isinstance(to, Call):
            self._dialer._verb(lib.call_transfer_attended, self._id, to._id)
        else:
            self._dialer._verb(lib.call_transfer, self._id, convert.text(to, "to"))

    def _accept_referral(self, options: Dict[str, Any]) -> "Call":
        return self._dialer._referred(self._id, options)

    def reject_referral(self, sip_status: int = 603) -> None:
        """Does not do what the far end asked for by `call_referred`."""
        self._dialer._verb(lib.call_refer_reject, self._id, convert.number(
            sip_status, "sip_status", -2**31, 2**31 - 1))

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, Call) and other._id == self._id and
                other._dialer is self._dialer)

    def __hash__(self) -> int:
        return hash((Call, self._id))

    def __repr__(self) -> str:
        return "<Call %d%s>" % (self._id, " ended" if self._state.ended.done else "")
