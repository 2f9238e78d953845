"""The words of events and options: equal to the text that an event carries, so
that `event.disposition == Disposition.ANSWERED` holds, as does "answered".
tests/bindings/python/test_python_words.py compares them with the library's.
"""
import enum
from typing import Literal


class Word(str, enum.Enum):
    """A word, and a str."""

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(str(self.value), spec)


class EventType(Word):
    """Kinds of events: `event.name`, and the name for `on()`."""

    LOG = "log"
    LOST = "lost"
    STARTED = "started"
    STOPPED = "stopped"
    REGISTRATION = "registration"
    DONE = "done"
    STORE = "store"
    CALL_DIALING = "call_dialing"
    CALL_RINGING = "call_ringing"
    CALL_EARLY_MEDIA = "call_early_media"
    CALL_ANSWERED = "call_answered"
    CALL_DTMF = "call_dtmf"
    CALL_PLAYED = "call_played"
    CALL_HELD = "call_held"
    CALL_ENDED = "call_ended"
    CALL_INCOMING = "call_incoming"
    CALL_AUDIO = "call_audio"
    CALL_TRANSFER = "call_transfer"
    CALL_REFERRED = "call_referred"
    CALL_BRIDGED = "call_bridged"
    CALL_UNBRIDGED = "call_unbridged"
    CALL_REPLACED = "call_replaced"
    CALL_AMD = "call_amd"
    CALL_TONE = "call_tone"
    CALL_MESSAGE = "call_message"
    CALL_RECORDING = "call_recording"
    CAMPAIGN_STATUS = "campaign_status"
    CAMPAIGN_PROGRESS = "campaign_progress"
    IMPORT_ERROR = "import_error"


class Registration(Word):
    """`status` of the event `registration`."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    REGISTERED = "registered"
    FAILED = "failed"


class CampaignStatus(Word):
    """`status` of the event `campaign_status`."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ContactStatus(Word):
    """Where a contact of a campaign is."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    DNC = "dnc"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


class Disposition(Word):
    """How a call ended: `disposition` of the event `call_ended`."""

    NONE = "none"
    ANSWERED = "answered"
    ANSWERED_HUMAN = "answered_human"
    ANSWERED_MACHINE = "answered_machine"
    FAX = "fax"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    INVALID_NUMBER = "invalid_number"
    REJECTED = "rejected"
    BLOCKED = "blocked"
    CONGESTION = "congestion"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    INTERRUPTED = "interrupted"
    DNC = "dnc"
    FAILED = "failed"


class Amd(Word):
    """Who answered: `status` of the event `call_amd`, and `verdict` in `amd` of
    `call_ended`."""

    NOT_USED = "not_used"
    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"
    FAX = "fax"


class LogLevel(Word):
    """`level` of the event `log`, and the option log.level."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    DEBUG = "debug"


# for on(); "event": all of them
EventName = Literal[
    "event", "log", "lost", "started", "stopped", "registration", "done", "store",
    "call_dialing", "call_ringing", "call_early_media", "call_answered", "call_dtmf",
    "call_played", "call_held", "call_ended", "call_incoming", "call_audio",
    "call_transfer", "call_referred", "call_bridged", "call_unbridged", "call_replaced",
    "call_amd", "call_tone", "call_message", "call_recording", "campaign_status",
    "campaign_progress", "import_error"
]

NAMES = {t.value for t in EventType}
