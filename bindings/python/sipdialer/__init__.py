"""libsipdialer in Python: a SIP dialer inside your program.

    import sipdialer

    with sipdialer.Dialer() as dialer:
        call = dialer.call("sip:1001@192.0.2.10", call_play="prompt.wav")
        print(call.ended().wait().disposition)

Verbs return at once.  What takes time gives a `Pending`: `.wait(timeout)` in
plain code, `await` under asyncio.  All that happens comes as events: iterate
over the dialer, or set hooks by `@dialer.on("call_ended")`.  See docs/python.md.
"""
from ._audio import Audio, Frames, Writing
from ._call import Call
from ._campaign import Campaign
from ._dialer import Dialer, options, store_check, version
from ._errors import (AuthError, BusyError, ClosedError, FormatError, FullError,
                      InputOutputError, InvalidError, LibraryError, NetworkError,
                      NewerError, NoMemoryError, NotBuiltInError, NotFoundError,
                      SipdialerError, SizeError, StateError, StoppedError)
from ._event import Event
from ._iterator import EventIterator
from ._slot import Pending
from ._words import (Amd, CampaignStatus, ContactStatus, Disposition, EventType, LogLevel,
                     Registration)

__version__ = "0.1.0"

__all__ = [
    "Amd", "Audio", "AuthError", "BusyError", "Call", "Campaign", "CampaignStatus",
    "ClosedError", "ContactStatus", "Dialer", "Disposition", "Event", "EventIterator",
    "EventType", "FormatError", "Frames", "FullError", "InputOutputError", "InvalidError",
    "LibraryError", "LogLevel", "NetworkError", "NewerError", "NoMemoryError",
    "NotBuiltInError", "NotFoundError", "Pending", "Registration", "SipdialerError",
    "SizeError", "StateError", "StoppedError", "Writing", "options", "store_check",
    "version",
]
