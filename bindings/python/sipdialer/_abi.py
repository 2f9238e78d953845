"""include/sipdialer/sipdialer.h in Python, one to one: numbers, struct, functions.

Nothing here thinks: tests/abi compares every size, offset, value and signature
with the header.  Functions are called through Library, see _library.py.
"""
import ctypes
import enum
from ctypes import POINTER, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t, c_uint32
from ctypes import c_uint64, c_void_p
from typing import Any, Dict, List, Tuple

VERSION = (0, 1)  # of the header this file is a copy of: major, minor


class Error(enum.IntEnum):
    """enum sipdialer_error"""

    OK = 0
    EINVAL = -1
    ENOENT = -2
    ESTATE = -3
    EFULL = -4
    ENOMEM = -5
    EIO = -6
    EBUSY = -7
    EFORMAT = -8
    ENEWER = -9
    ENOSYS = -10
    EAUTH = -11
    ENET = -12
    ESIZE = -13
    ECANCELLED = -14


class EventType(enum.IntEnum):
    """enum sipdialer_event_type"""

    NONE = 0
    LOG = 1
    LOST = 2
    STARTED = 3
    STOPPED = 4
    REGISTRATION = 5
    DONE = 6
    STORE = 7
    CALL_DIALING = 20
    CALL_RINGING = 21
    CALL_EARLY_MEDIA = 22
    CALL_ANSWERED = 23
    CALL_DTMF = 24
    CALL_PLAYED = 25
    CALL_HELD = 26
    CALL_ENDED = 27
    CALL_INCOMING = 28
    CALL_AUDIO = 29
    CALL_TRANSFER = 30
    CALL_REFERRED = 31
    CALL_BRIDGED = 32
    CALL_UNBRIDGED = 33
    CALL_REPLACED = 34
    CALL_AMD = 35
    CALL_TONE = 36
    CALL_MESSAGE = 37
    CALL_RECORDING = 38
    CAMPAIGN_STATUS = 40
    CAMPAIGN_PROGRESS = 41
    IMPORT_ERROR = 42


class Registration(enum.IntEnum):
    """enum sipdialer_registration"""

    DISCONNECTED = 0
    CONNECTING = 1
    REGISTERED = 2
    FAILED = 3


class CampaignStatus(enum.IntEnum):
    """enum sipdialer_campaign_status"""

    DRAFT = 0
    SCHEDULED = 1
    RUNNING = 2
    PAUSED = 3
    COMPLETED = 4
    CANCELLED = 5


class ContactStatus(enum.IntEnum):
    """enum sipdialer_contact_status"""

    PENDING = 0
    IN_PROGRESS = 1
    COMPLETED = 2
    FAILED = 3
    DNC = 4
    SKIPPED = 5
    INTERRUPTED = 6


class Disposition(enum.IntEnum):
    """enum sipdialer_disposition"""

    NONE = 0
    ANSWERED = 1
    ANSWERED_HUMAN = 2
    ANSWERED_MACHINE = 3
    FAX = 4
    BUSY = 5
    NO_ANSWER = 6
    INVALID_NUMBER = 7
    REJECTED = 8
    BLOCKED = 9
    CONGESTION = 10
    CANCELLED = 11
    ABANDONED = 12
    INTERRUPTED = 13
    DNC = 14
    FAILED = 15


class Amd(enum.IntEnum):
    """enum sipdialer_amd"""

    NOT_USED = 0
    HUMAN = 1
    MACHINE = 2
    UNKNOWN = 3
    FAX = 4


class LogLevel(enum.IntEnum):
    """enum sipdialer_log_level"""

    ERROR = 0
    WARNING = 1
    INFO = 2
    DEBUG = 3


# Python class -> (name in the header, prefix of its constants)
ENUMS: Dict[Any, Tuple[str, str]] = {
    Error: ("sipdialer_error", "SIPDIALER_"),
    EventType: ("sipdialer_event_type", "SIPDIALER_EVENT_"),
    Registration: ("sipdialer_registration", "SIPDIALER_REGISTRATION_"),
    CampaignStatus: ("sipdialer_campaign_status", "SIPDIALER_CAMPAIGN_"),
    ContactStatus: ("sipdialer_contact_status", "SIPDIALER_CONTACT_"),
    Disposition: ("sipdialer_disposition", "SIPDIALER_DISPOSITION_"),
    Amd: ("sipdialer_amd", "SIPDIALER_AMD_"),
    LogLevel: ("sipdialer_log_level", "SIPDIALER_LOG_"),
}


class RawEvent(ctypes.Structure):
    """struct sipdialer_event"""

    _fields_ = [
        ("size", c_uint32),
        ("type", c_int32),
        ("seq", c_uint64),
        ("time_ms", c_int64),
        ("call", c_uint64),
        ("campaign", c_uint64),
        ("contact", c_uint64),
        ("request", c_uint64),
        ("error", c_int32),
        ("status", c_int32),
        ("level", c_int32),
        ("disposition", c_int32),
        ("sip_status", c_int32),
        ("q850", c_int32),
        ("ring_ms", c_int64),
        ("talk_ms", c_int64),
        ("duration_ms", c_int64),
        ("expires_s", c_int64),
        ("retry_ms", c_int64),
        ("to", c_char_p),
        ("from", c_char_p),
        ("text", c_char_p),
        ("reason", c_char_p),
        ("codec", c_char_p),
        ("dtmf", c_char_p),
        ("recording", c_char_p),
        ("rtp_tx", c_uint64),
        ("rtp_rx", c_uint64),
        ("rtp_lost", c_uint64),
        ("rtp_jitter_ms", c_double),
        ("rtp_rtt_ms", c_double),
        ("mos", c_double),
        ("count", c_uint64),
        ("line", c_uint64),
        ("total", c_uint64),
        ("pending", c_uint64),
        ("active", c_uint64),
        ("completed", c_uint64),
        ("failed", c_uint64),
        ("other", c_uint64),
        ("attempts", c_uint64),
        ("by_disposition", POINTER(c_uint64)),
        ("by_disposition_len", c_uint32),
        ("direction", c_int32),
        ("next_ms", c_int64),
        ("account", c_char_p),
        ("headers", c_char_p),
        ("asserted", c_char_p),
        ("diverted", c_char_p),
        ("verstat", c_char_p),
        ("srtp", c_char_p),
        ("at_ms", c_int64),
        ("confidence", c_double),
        ("p_human", c_double),
        ("p_machine", c_double),
        ("p_beep", c_double),
        ("hz", c_double),
        ("hz2", c_double),
        ("amd", c_int32),
        ("beep_at_ms", c_int64),
        ("sit", c_char_p),
        ("message", c_char_p),
    ]


ENGINE = c_void_p                      # struct sipdialer *
EVENT = c_void_p                       # const struct sipdialer_event *
OPTIONS = POINTER(c_char_p)            # const char *const *
ID = c_uint64
ID_OUT = POINTER(c_uint64)             # uint64_t *
SAMPLES = c_void_p                     # int16_t *
# The library gets no handler from Python that it would call on a thread of its
# own: the interpreter lock must not be waited for there.
EVENT_H = c_void_p                     # sipdialer_event_h *
EVENT_HANDLER = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)
WAKEUP_H = c_void_p                    # sipdialer_wakeup_h *

# name without "sipdialer_" -> (result, arguments)
FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {
    "create": (c_int, [POINTER(ENGINE)]),
    "destroy": (None, [ENGINE]),
    "set": (c_int, [ENGINE, c_char_p, c_char_p]),
    "get": (c_int, [ENGINE, c_char_p, c_char_p, c_size_t]),
    "load": (c_int, [ENGINE, c_char_p]),
    "account_add": (c_int, [ENGINE, c_char_p, OPTIONS]),
    "account_remove": (c_int, [ENGINE, c_char_p]),
    "option_json": (c_char_p, [c_size_t]),
    "start": (c_int, [ENGINE]),
    "stop": (c_int, [ENGINE]),
    "next_event": (EVENT, [ENGINE, c_int]),
    "fd": (c_int, [ENGINE]),
    "wakeup": (c_int, [ENGINE, WAKEUP_H, c_void_p]),
    "on": (c_int, [ENGINE, c_int, EVENT_H, c_void_p]),
    "dispatch": (c_int, [ENGINE, c_int]),
    "event_json": (c_int, [EVENT, c_char_p, c_size_t]),
    "call": (c_int, [ENGINE, c_char_p, OPTIONS, ID_OUT]),
    "call_answer": (c_int, [ENGINE, ID, OPTIONS]),
    "call_reject": (c_int, [ENGINE, ID, c_int]),
    "call_redirect": (c_int, [ENGINE, ID, c_char_p]),
    "call_early": (c_int, [ENGINE, ID, OPTIONS]),
    "call_hangup": (c_int, [ENGINE, ID]),
    "call_play": (c_int, [ENGINE, ID, c_char_p, c_uint32]),
    "call_dtmf": (c_int, [ENGINE, ID, c_char_p]),
    "call_record": (c_int, [ENGINE, ID, c_char_p, c_int]),
    "call_bridge": (c_int, [ENGINE, ID, ID]),
    "call_unbridge": (c_int, [ENGINE, ID]),
    "call_hold": (c_int, [ENGINE, ID, c_int]),
    "call_transfer": (c_int, [ENGINE, ID, c_char_p]),
    "call_transfer_attended": (c_int, [ENGINE, ID, ID]),
    "call_refer_accept": (c_int, [ENGINE, ID, OPTIONS, ID_OUT]),
    "call_refer_reject": (c_int, [ENGINE, ID, c_int]),
    "audio_read": (c_int, [ENGINE, ID, SAMPLES, c_size_t]),
    "audio_write": (c_int, [ENGINE, ID, SAMPLES, c_size_t]),
    "audio_clear": (c_int, [ENGINE, ID]),
    "amd_file": (c_int, [ENGINE, c_char_p, EVENT_H, c_void_p]),
    "campaign_create": (c_int, [ENGINE, c_char_p, OPTIONS, ID_OUT]),
    "contact_import": (c_int, [ENGINE, ID, c_char_p, OPTIONS, ID_OUT]),
    "contact_add": (c_int, [ENGINE, ID, c_char_p, c_char_p, c_char_p, ID_OUT]),
    "campaign_start": (c_int, [ENGINE, ID, ID_OUT]),
    "campaign_pause": (c_int, [ENGINE, ID, ID_OUT]),
    "campaign_cancel": (c_int, [ENGINE, ID, ID_OUT]),
    "campaign_status": (c_int, [ENGINE, ID, ID_OUT]),
    "campaign_list": (c_int, [ENGINE, ID_OUT]),
    "campaign_results": (c_int, [ENGINE, ID, c_char_p, ID_OUT]),
    "dnc_add": (c_int, [ENGINE, c_char_p, c_char_p, ID_OUT]),
    "dnc_remove": (c_int, [ENGINE, c_char_p, ID_OUT]),
    "dnc_check": (c_int, [ENGINE, c_char_p, ID_OUT]),
    "store_backup": (c_int, [ENGINE, c_char_p, ID_OUT]),
    "store_check": (c_int, [c_char_p, c_int, c_char_p, c_size_t]),
    "stats": (c_int, [ENGINE, c_char_p, c_size_t]),
    "last_error": (c_char_p, []),
    "strerror": (c_char_p, [c_int]),
    "event_name": (c_char_p, [c_int]),
    "disposition_name": (c_char_p, [c_int]),
    "amd_name": (c_char_p, [c_int]),
    "campaign_status_name": (c_char_p, [c_int]),
    "registration_name": (c_char_p, [c_int]),
    "version": (c_char_p, []),
}
