"""One campaign of the store."""
import os
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Union

from . import _convert as convert
from ._event import Event
from ._library import lib
from ._options import CampaignOptions
from ._slot import Pending, Slot

if TYPE_CHECKING:
    from ._dialer import Dialer

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]


class Campaign(CampaignOptions):
    """A campaign.  `Dialer.campaign()` makes one, `Dialer.campaigns()` tells
    all of the store.  Its verbs give a Pending; NotFoundError comes from it.
    """

    __slots__ = ("_dialer", "_id", "_name")

    def __init__(self, dialer: "Dialer", ident: int, name: Optional[str] = None) -> None:
        self._dialer = dialer
        self._id = ident
        self._name = name

    @property
    def id(self) -> int:
        """Its number, in events and in the store."""
        return self._id

    @property
    def name(self) -> Optional[str]:
        """Its name; None if only the number was given."""
        return self._name

    def _import(self, path: Path, options: Dict[str, Any]) -> "Pending[Event]":
        return self._dialer._request(
            self._dialer._done, lib.contact_import, self._id, convert.path(path),
            convert.options(options))

    def add(self, number: str, name: Optional[str] = None,
            custom: Union[None, str, Mapping[str, Any]] = None) -> "Pending[int]":
        """Adds a contact; its id.  custom: fields of your own, as a mapping or
        as the text of a JSON object."""
        return self._dialer._request(
            lambda v: int(v[0]["contact"] or 0), lib.contact_add, self._id,
            convert.text(number, "number"), convert.maybe_text(name, "name"),
            convert.json_object(custom, "custom"))

    def _simple(self, function: Any) -> "Pending[None]":
        return self._dialer._request(lambda v: None, function, self._id)

    def start(self) -> "Pending[None]":
        """Runs it: draft or paused becomes running."""
        return self._simple(lib.campaign_start)

    def pause(self) -> "Pending[None]":
        """No new calls; those in progress go on."""
        return self._simple(lib.campaign_pause)

    def cancel(self) -> "Pending[None]":
        """Ends it for ever."""
        return self._simple(lib.campaign_cancel)

    def status(self) -> "Pending[Event]":
        """Its event `campaign_status`: state and counters."""
        return self._dialer._request(
            lambda v: Event(self._dialer, convert.rows(v, 1)[0], None),
            lib.campaign_status, self._id)

    def results(self, path: Path) -> "Pending[int]":
        """Writes a row a contact to a CSV file; the number of rows."""
        return self._dialer._request(
            lambda v: int(v[0]["count"]), lib.campaign_results, self._id,
            convert.path(path))

    def finished(self) -> "Pending[Event]":
        """Its event `campaign_status` when it is completed or cancelled.  If
        it must pause because something failed, that error."""
        dialer, run = self._dialer, self._dialer._run
        with dialer._handle.locked():
            slot = run.finishes.get(self._id)
            if slot is None:
                # the answer tells if it is finished already
                asked = self.status()
                slot = run.finishes[self._id] = Slot()
                run.requests[asked.request].finish_too(self._id, slot)
        return Pending(dialer, slot, lambda v: Event(dialer, v, None), ask=self._ask)

    def _ask(self) -> None:
        """Where another process dials, no event tells of it."""
        if self._dialer.get("dial.campaigns") == "no":
            self._dialer._ask_status(self._id)

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, Campaign) and other._id == self._id and
                other._dialer is self._dialer)

    def __hash__(self) -> int:
        return hash((Campaign, self._id))

    def __repr__(self) -> str:
        return "<Campaign %d%s>" % (self._id, " %r" % self._name if self._name else "")
