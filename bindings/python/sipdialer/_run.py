"""One run of an engine, from start() to the event `stopped`: what is waited
for.  A program may start again before it pulled the `stopped` of the run
before; each run has its own tables.  All of it under the dialer's lock.
"""
from typing import Any, Dict, List, Optional, Tuple

from ._errors import StoppedError, from_name
from ._event import CallState
from ._slot import Answer, Slot

FIRST = {"call_dialing", "call_incoming"}


class Request:
    """A verb that DONE answers; rows: the CAMPAIGN_STATUS events before it."""

    __slots__ = ("slot", "rows", "also")

    def __init__(self) -> None:
        self.slot = Answer()
        self.rows: List[Dict[str, Any]] = []
        self.also: Optional[Tuple[int, Slot]] = None

    def finish_too(self, campaign: int, slot: Slot) -> None:
        """If this request fails, so does Campaign.finished()."""
        self.also = (campaign, slot)
        self.slot.fetched = True


class Run:
    """settle() may be done twice for one event, if an exception of a signal
    handler cut the first: nothing is forgotten before forget()."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.started = False
        self.next: Optional[Run] = None
        self.live: Dict[int, CallState] = {}
        self.requests: Dict[int, Request] = {}
        self.finishes: Dict[int, Slot] = {}
        self.stopped = Slot()
        self.losses = 0              # events `lost` so far
        self.ask_again = False

    @property
    def running(self) -> bool:
        """Between start() and `stopped`?"""
        return self.started and not self.stopped.done

    def dialed(self, ident: int) -> CallState:
        """The state of a call that was just made."""
        state = self.live.get(ident)
        if state is None:
            state = self.live[ident] = CallState(self.losses)
        return state

    def settle(self, fields: Dict[str, Any]) -> None:
        """An event came."""
        name = fields["event"]
        if fields.get("call"):
            self.settle_call(name, fields)
        elif name == "done":
            self.settle_done(fields)
        elif name == "campaign_status":
            self.settle_status(fields)
        elif name == "lost":
            # the end of a campaign may be among it
            self.losses += 1
            self.ask_again = bool(self.finishes)
        elif name == "stopped":
            self.end("the engine stopped")

    def settle_call(self, name: str, fields: Dict[str, Any]) -> None:
        ident = fields["call"]
        state = self.live.get(ident)
        if state is None:
            since = self.losses if name in FIRST else -1
            state = self.live[ident] = CallState(since)
        if name == "call_answered":
            state.answered.finish(fields)
        elif name == "call_audio":
            state.heard()
        elif name == "call_ended":
            state.end(fields, self.losses)

    def settle_done(self, fields: Dict[str, Any]) -> None:
        request = self.requests.get(fields["request"])
        if request is None:
            return
        if not fields["error"]:
            request.slot.finish((fields, request.rows))
            return
        error = from_name(fields["error"], fields["text"] or "")
        request.slot.finish(None, error)
        if request.also:
            request.also[1].finish(None, error)
            self.finishes.pop(request.also[0], None)

    def settle_status(self, fields: Dict[str, Any]) -> None:
        request = self.requests.get(fields["request"])
        if request is not None and fields not in request.rows[-1:]:
            request.rows.append(fields)
        slot = self.finishes.get(fields["campaign"])
        if slot is None:
            return
        if fields["status"] in ("completed", "cancelled"):
            slot.finish(fields)
        elif fields["status"] == "paused" and fields["error"]:
            slot.finish(None, from_name(fields["error"], fields["reason"] or ""))
        if slot.done:
            self.finishes.pop(fields["campaign"], None)

    def forget(self, fields: Dict[str, Any]) -> None:
        """The event has reached everybody."""
        if fields["event"] == "call_ended":
            self.live.pop(fields["call"], None)
        elif fields["event"] == "done":
            self.requests.pop(fields["request"], None)

    def end(self, text: str) -> None:
        """Nothing of this run will happen any more."""
        error = StoppedError(text)
        for state in list(self.live.values()):
            state.give_up(error)
        slots: List[Slot] = [r.slot for r in list(self.requests.values())]
        for slot in slots + list(self.finishes.values()):
            slot.finish(None, error)
        self.stopped.finish(None)
        self.live.clear()
        self.requests.clear()
        self.finishes.clear()
