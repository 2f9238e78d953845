"""Events as Python sees them."""
import json
from typing import TYPE_CHECKING, Any, Dict, Iterator, Mapping, NoReturn, Optional

from ._slot import Slot

if TYPE_CHECKING:
    from ._call import Call
    from ._dialer import Dialer

scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]

ANSWER = ("time", "seq", "call", "campaign", "contact", "codec", "ring_ms")
UNANSWERED = {"cancelled", "failed"}     # also where its 200 crossed the end


def lost_answer(ended: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """The call_answered of a call that was answered, if that event was lost
    for want of room; its fields are in call_ended, too."""
    if (ended["sip_status"] != 200 or not ended["codec"] or
            ended["disposition"] in UNANSWERED):
        return None
    return {"event": "call_answered", **{name: ended[name] for name in ANSWER}}


class CallState:
    """What is known of a call that is not over.  Holds no objects above, so
    that the dialer's table of calls keeps nobody alive."""

    __slots__ = ("answered", "ended", "audio", "audio_seq", "tail", "since", "rate")

    def __init__(self, since: int) -> None:
        self.answered = Slot()
        self.ended = Slot()
        self.audio: Optional[Slot] = None
        self.audio_seq = 0           # call_audio events so far; 0: no audio
        self.tail = bytearray()      # samples of an ended call not yet read
        self.since = since           # events `lost` of its run when it began
        self.rate: Optional[str] = None  # call.audio, if it was given to the call

    def heard(self) -> None:
        """Audio to read, or room to write."""
        self.audio_seq += 1
        slot, self.audio = self.audio, None
        if slot:
            slot.finish(None)

    def end(self, fields: Dict[str, Any], losses: int) -> None:
        """It is over."""
        self.answered.finish(lost_answer(fields) if losses > self.since else None)
        self.ended.finish(fields)
        self.heard()

    def give_up(self, error: Exception) -> None:
        """Its end will not be heard of."""
        self.answered.finish(None, error)
        self.ended.finish(None, error)
        self.heard()


class Event(Mapping[str, Any]):
    """One event, a mapping that cannot be changed.  Its fields are those of its
    kind in docs/events.md, as attributes (`event.sip_status`) and as items
    (`event["sip_status"]`); `dict(event)` is all of them, plain.

    `event.call` is a Call, or None; other ids are numbers.  The field `from`
    is `event.from_` as an attribute.
    """

    __slots__ = ("_fields", "_dialer", "_state")

    def __init__(self, dialer: "Dialer", fields: Dict[str, Any],
                 state: Optional[CallState]) -> None:
        self._dialer = dialer
        self._fields = fields
        self._state = state

    @property
    def name(self) -> str:
        """The kind, such as "call_ended"; the same as `event.event`."""
        return str(self._fields["event"])

    @property
    def call(self) -> "Optional[Call]":
        """The call it is about."""
        ident = self._fields.get("call")
        if not ident or self._state is None:
            return None
        return self._dialer._call_of(ident, self._state)

    @property
    def from_(self) -> Optional[str]:
        """The field `from`, a word that Python keeps for itself."""
        value: Optional[str] = self["from"]
        return value

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __hash__(self) -> int:
        return hash((self._fields["seq"], self._fields["event"]))

    def __copy__(self) -> "Event":
        return self

    def __deepcopy__(self, memo: Any) -> "Event":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("an event belongs to its dialer, it cannot be pickled: "
                        "use dict(event)")

    def __repr__(self) -> str:
        return "<Event %s>" % " ".join(
            "%s=%r" % item for item in self._fields.items()
            if item[0] not in ("event", "time"))[:400]

    if TYPE_CHECKING:
        event: str
        time: str
        seq: int
        level: str
        text: Optional[str]
        count: int
        pending: int
        failed: int
        status: str
        sip_status: int
        reason: Optional[str]
        expires_s: int
        retry_ms: int
        request: Optional[int]
        error: Optional[str]
        campaign: Optional[int]
        contact: Optional[int]
        total: int
        to: Optional[str]
        codec: Optional[str]
        ring_ms: int
        talk_ms: int
        duration_ms: int
        direction: str
        disposition: str
        q850: int
        account: Optional[str]
        headers: Optional[str]
        asserted: Optional[str]
        diverted: Optional[str]
        verstat: Optional[str]
        srtp: Optional[str]
        amd: Dict[str, Any]
        sit: Optional[str]
        message: Optional[str]
        at_ms: int
        confidence: float
        p_human: float
        p_machine: float
        p_beep: float
        hz: float
        hz2: float
        dtmf: Optional[str]
        rtp: Dict[str, Any]
        recording: Optional[str]
        active: int
        completed: int
        other: int
        attempts: int
        by_disposition: Dict[str, int]
        next_ms: int
        line: int
    else:
        def __getattr__(self, name):
            if name.startswith("_"):     # asked by copy, before __init__()
                raise AttributeError(name)
            try:
                return self._fields[name]
            except KeyError:
                raise AttributeError("an event %s has no field %r; it has %s" % (
                    self.name, name, ", ".join(self._fields))) from None
