"""Options as keyword arguments: made by scripts/make-python-options.py from the
table in lib/api/options_table.c; change it there.  An argument that is None is
not set.  Options of docs/options.md: `sip.server` is `sip_server=`.
"""
import os
from typing import TYPE_CHECKING, Any, Dict, Literal, Optional, Sequence, Union

from . import _words

if TYPE_CHECKING:
    from ._call import Call
    from ._campaign import Campaign
    from ._event import Event
    from ._slot import Pending

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
Text = Union[str, Sequence[str]]

SipTransport = Literal["udp", "tcp", "tls"]
SipDigest = Literal["md5", "sha-256"]
SipRegister = Union[bool, Literal["auto", "yes", "no"]]
SipKeepalive = Literal["crlf", "stun", "options"]
Sip100Rel = Literal["no", "supported", "required"]
SipSessionRefresher = Literal["auto", "local", "remote"]
SipTlsMinVersion = Literal["tlsv1.2", "tlsv1.3"]
MediaSrtp = Literal["off", "optional", "required", "dtls"]
MediaDtmf = Literal["rfc4733", "info", "inband", "auto"]
CallRefer = Literal["reject", "ask"]
CallAudio = Union[int, Literal["off", "8000", "16000", "24000", "48000"]]
RecordPolicy = Literal["never", "all", "demand", "human"]
AmdHuman = Literal["play", "message", "transfer", "hangup", "host"]
AmdMachine = Literal["play", "message", "transfer", "hangup", "host"]
AmdFax = Literal["play", "message", "transfer", "hangup", "host"]
AmdUnknown = Literal["play", "message", "transfer", "hangup", "host"]
AmdEarly = Literal["no", "play", "human"]
IncomingAccept = Literal["no", "server", "trunks", "both"]
IncomingDid = Literal["auto", "uri", "to"]
IncomingDefault = Literal["reject", "answer"]
LogLevel = Union[_words.LogLevel, Literal["error", "warning", "info", "debug"]]

# name -> type
NAMES: Dict[str, str] = {
    "sip.server": "string",
    "sip.port": "int",
    "sip.transport": "enum",
    "sip.dns_servers": "string",
    "sip.blacklist_time": "int",
    "sip.failover_time": "int",
    "sip.user": "string",
    "sip.auth_user": "string",
    "sip.password": "secret",
    "sip.password_file": "path",
    "sip.domain": "string",
    "sip.realm": "string",
    "sip.digest": "enum",
    "sip.outbound_proxy": "string",
    "sip.register": "enum",
    "sip.register_expires": "int",
    "sip.instance": "string",
    "sip.keepalive": "enum",
    "sip.keepalive_interval": "int",
    "sip.dscp": "int",
    "sip.local_address": "string",
    "sip.local_port": "int",
    "sip.external_address": "string",
    "sip.contact_rewrite": "bool",
    "sip.caller_id": "string",
    "sip.caller_name": "string",
    "sip.privacy": "string",
    "sip.asserted_identity": "string",
    "sip.preferred_identity": "string",
    "sip.diversion": "string",
    "sip.user_agent": "string",
    "sip.header": "lines",
    "sip.100rel": "enum",
    "sip.redirect_allow": "string",
    "sip.session_expires": "int",
    "sip.session_min": "int",
    "sip.session_refresher": "enum",
    "sip.tls_ca_file": "path",
    "sip.tls_verify": "bool",
    "sip.tls_cert_file": "path",
    "sip.tls_key_file": "path",
    "sip.tls_min_version": "enum",
    "media.codecs": "list",
    "media.srtp": "enum",
    "media.rtcp_mux": "bool",
    "media.dtmf": "enum",
    "media.rtp_port_min": "int",
    "media.rtp_port_max": "int",
    "media.dscp": "int",
    "media.rtp_timeout": "int",
    "media.threads": "int",
    "dial.max_calls": "int",
    "dial.calls_per_second": "num",
    "dial.ring_timeout": "int",
    "dial.max_duration": "int",
    "dial.default_country": "string",
    "dial.retries": "int",
    "dial.retry_delay": "int",
    "dial.retry_rules": "string",
    "dial.retry_interrupted": "bool",
    "dial.campaigns": "bool",
    "call.account": "string",
    "call.play": "path",
    "call.record": "path",
    "call.record_stereo": "bool",
    "call.dtmf": "string",
    "call.hangup_after_play": "bool",
    "call.hold_play": "path",
    "call.refer": "enum",
    "call.audio": "enum",
    "record.policy": "enum",
    "record.folder": "path",
    "record.name": "string",
    "record.max_size": "int",
    "record.max_duration": "int",
    "record.max_total": "int",
    "record.min_free": "int",
    "record.keep_days": "int",
    "audio.read_buffer": "int",
    "audio.write_buffer": "int",
    "amd.enabled": "bool",
    "amd.human": "enum",
    "amd.machine": "enum",
    "amd.fax": "enum",
    "amd.unknown": "enum",
    "amd.early": "enum",
    "amd.message": "path",
    "amd.transfer": "string",
    "amd.timeout": "int",
    "amd.beep_timeout": "int",
    "amd.end_silence": "int",
    "amd.interval": "int",
    "incoming.accept": "enum",
    "incoming.trunks": "string",
    "incoming.max_calls": "int",
    "incoming.did": "enum",
    "incoming.timeout": "int",
    "incoming.early_timeout": "int",
    "incoming.default": "enum",
    "incoming.play": "path",
    "store.path": "path",
    "redis.url": "secret",
    "redis.prefix": "string",
    "redis.health_interval": "int",
    "log.level": "enum",
    "events.max": "int",
    "import.number_column": "string",
    "import.name_column": "string",
    "import.delimiter": "string",
    "import.max_errors": "int",
}


class DialerOptions:
    """An engine: a SIP account or trunk, its calls and its campaigns.

    `with Dialer(sip_server="192.0.2.10", sip_user="1001") as dialer:` starts
    it and, at the end, hangs up every call, saves and frees; `async with` does
    so under asyncio.  Without `with`: start(), and close().

    Options:

    sip_server: str. Host name or address of the SIP server that numbers are dialed through.
    sip_port: int, 0 to 65,535, default 0. Port of the SIP server; 0: found by DNS (RFC 3263),
        else 5060, with tls 5061.
    sip_transport: word, default udp. Transport to the SIP server; with tls nothing goes without
        it.
    sip_dns_servers: str. Name servers that are asked for hosts, address[:port], at most 3 with
        commas between; empty: the system's.
    sip_blacklist_time: int, 0 to 3,600 s, default 60. One of several servers that does not
        answer is left alone for this long, or until it answers an OPTIONS; 0: it is not.
    sip_failover_time: int, 0 to 32 s, default 4. Silence of one of several servers after which
        a request goes to the next; 0: none does.
    sip_user: str. User part of the account's SIP address.
    sip_auth_user: str. User name for digest authentication; empty: as sip.user.
    sip_password: secret str. Password of the account; sip.password_file keeps it out of command
        lines.
    sip_password_file: path. File whose first line is the password; read at start.
    sip_domain: str. Domain of the account's SIP address; empty: as sip.server.
    sip_realm: str. Realm that may have the password, or several with commas between; empty: the
        first that sip.server itself names.
    sip_digest: word, default md5. Weakest digest that is answered, of the server's the
        strongest is (docs/accounts.md); sha-256: also SHA-512-256, never MD5.
    sip_outbound_proxy: str. Host or host:port that all requests are sent through.
    sip_register: word, default auto. Register at the SIP server; auto: if sip.server and
        sip.user are set.
    sip_register_expires: int, 60 to 86,400 s, default 300. Life of a registration asked for;
        refreshed in time.
    sip_instance: str, default auto. Id of this device in REGISTER (RFC 5626), a UUID; auto:
        made of the machine and the account; no: none.
    sip_keepalive: word, default crlf. What keeps the way to the server open: crlf needs no
        answer; stun (UDP) finds a changed address at once; options finds a dead server, too.
    sip_keepalive_interval: int, 0 to 3,600 s, default 25. Keeps the way through a NAT open; 0:
        off. RFC 5626 4.4
    sip_dscp: int, 0 to 63, default 24. Mark of SIP packets, RFC 2474; 24 is CS3, 0 none.
    sip_local_address: str. Numeric address to bind SIP and RTP to; empty: the one that leads to
        the server.
    sip_local_port: int, 0 to 65,535, default 0. Port to bind SIP to; 0: any free one.
    sip_external_address: str. Numeric address to tell peers, for a host behind a static NAT;
        empty: the local one.
    sip_contact_rewrite: bool, default yes. Tell the address that the server sees us at, behind
        a NAT, in Contact; sip.external_address comes before it.
    sip_caller_id: str. Number shown to the called side; empty: as sip.user.
    sip_caller_name: str. Name shown to the called side.
    sip_privacy: str. Words of RFC 3323 with commas: id, user (From is anonymous), header,
        session, history, critical, or none.
    sip_asserted_identity: str. Number or URI of P-Asserted-Identity, told to sip.server only
        (RFC 3325).
    sip_preferred_identity: str. Number or URI of P-Preferred-Identity, told to sip.server only
        (RFC 3325).
    sip_diversion: str. Number or URI of Diversion, told to sip.server only (RFC 5806).
    sip_user_agent: str. Value of the User-Agent header; empty: name and version of the library.
    sip_header: str or list. Header line added to each INVITE, as 'Name: value'; each one set is
        added, at most 32, empty clears.
    sip_100rel: word, default supported. Acknowledge provisional answers that ask for it (RFC
        3262); required: call nobody who cannot send such.
    sip_redirect_allow: str. Hosts that a 3xx may lead a call to, as 'pbx.example,
        +49*@192.0.2.1'; empty: none is followed.
    sip_session_expires: int, 0 to 86,400 s, default 1800. A call is over if no refresh came for
        so long, 90 or more; 0: we ask for none, and keep the one that the peer asks for (RFC
        4028).
    sip_session_min: int, 90 to 3,600 s, default 90. The shortest such time that a peer may ask
        for; less gets 422.
    sip_session_refresher: word, default auto. Who refreshes, where it is ours to say; auto: who
        the peer chooses.
    sip_tls_ca_file: path. PEM file of the authorities trusted; empty: the system's.
    sip_tls_verify: bool, default yes. Check certificate and name of the SIP server; no: a
        warning at each start.
    sip_tls_cert_file: path. PEM file of our own certificate and its chain, for servers that ask
        for one.
    sip_tls_key_file: path. PEM file of its key, without a pass phrase; empty: in
        sip.tls_cert_file.
    sip_tls_min_version: word, default tlsv1.2. Oldest version of TLS that is spoken.
    media_codecs: str or list, default pcmu,pcma. Codecs offered, the preferred first; of an
        offer that comes the first of these is taken. Calls with one of g722, opus and l16 run
        at 16 kHz.
    media_srtp: word, default off. Encryption of the audio (docs/srtp.md); optional: where the
        far end can; required, dtls: no call without.
    media_rtcp_mux: bool, default no. Offer and take RTCP on the port of RTP (RFC 5761); with
        DTLS always.
    media_dtmf: word, default auto. How keys are sent and listened for (docs/dtmf.md); auto: RFC
        4733 if the far end has it, else tones, or INFO with Opus.
    media_rtp_port_min: int, 0 to 65,534, default 0. Lowest port for RTP, 1024 or more; 0: any
        free one.
    media_rtp_port_max: int, 0 to 65,534, default 0. Highest port for RTP, 1024 or more; 0: any
        free one.
    media_dscp: int, 0 to 63, default 46. Mark of RTP and RTCP packets, RFC 2474; 46 is EF, 0
        none.
    media_rtp_timeout: int, 0 to 3,600 s, default 30. An answered call without any RTP from the
        far end, or once it was heard any RTCP, is hung up after this long; 0: never. Not while
        the far end holds it without music.
    media_threads: int, 0 to 64, default 0. Threads for audio; 0: one a processor core.
    dial_max_calls: int, 1 to 100,000, default 100. Calls at once; of a campaign: its share of
        the engine's.
    dial_calls_per_second: number, 0 to 100,000 1/s, default 10. New calls of campaigns in any
        second, at most; 0: no limit.
    dial_ring_timeout: int, 5 to 300 s, default 45. A call not answered after this long is given
        up.
    dial_max_duration: int, 0 to 86,400 s, default 0. A call is hung up this long after its
        answer; 0: never.
    dial_default_country: str. Country of numbers written without one, as 'US' or '49'; empty:
        numbers are taken as they are.
    dial_retries: int, 0 to 100, default 2. Further calls to a contact of a campaign that was
        not reached.
    dial_retry_delay: int, 0 to 2,592,000 s, default 300. Time from the end of a call to the
        next to the same contact.
    dial_retry_rules: str. Exceptions by disposition, a delay in s or off:
        'busy=60,no_answer=300,rejected=off'.
    dial_retry_interrupted: bool, default no. Dial contacts again whose call was in doubt when
        the process died; somebody may be called twice.
    dial_campaigns: bool, default yes. This engine dials the running campaigns of its store; no:
        it only manages them.
    call_account: str. Account that calls are dialed through, by the name it was added with;
        empty: the engine's own.
    call_play: path. WAV file played after the answer.
    call_record: path. WAV file the call is recorded to; of a campaign a directory, in which
        each call makes a file call-ID.wav.
    call_record_stereo: bool, default no. Record the far end left and us right; no: both mixed.
    call_dtmf: str. Keys sent after the answer: 0-9 * # A-D, ',' pauses 500 ms.
    call_hangup_after_play: bool, default no. Hang up when call.play has ended; a campaign does
        so unless this is set.
    call_hold_play: path. WAV file played, again and again, to who is held by
        sipdialer_call_hold().
    call_refer: word, default reject. What the far end gets that asks for a transfer (REFER):
        603, or what the host says to CALL_REFERRED.
    call_audio: word, default off. Samples per second of the audio that the host exchanges with
        the call (docs/audio.md); off: none.
    record_policy: word, default demand. Calls that are recorded (docs/recording.md); demand: by
        call.record or a verb; human: all, but only those stay on disk whose verdict
        (amd.enabled) is human.
    record_folder: path, default recordings. Folder of the files that record.policy makes; made
        if it is not there.
    record_name: str, default {date}/{time}-{call}.wav. Their names in it, of {date} {time}
        {call} {campaign} {contact} {to} {from}; {call} must be there, {date}/ first lets
        record.keep_days find them.
    record_max_size: int, 0 to 2,047 MiB, default 0. A recording ends, whole, at this size; 0:
        at 2,047 MiB.
    record_max_duration: int, 0 to 86,400 s, default 0. A recording ends, whole, after this
        time; 0: never.
    record_max_total: int, 0 to 1,000,000,000 MiB, default 0. Once the files of record.policy
        have so much, none begins; those that run go on; 0: no limit.
    record_min_free: int, 0 to 1,000,000,000 MiB, default 100. With less free on its disk no
        recording begins; those that run go on.
    record_keep_days: int, 0 to 36,500 days, default 0. Files of record.policy older than so
        many days are removed, at the start and after midnight; 0: never.
    audio_read_buffer: int, 100 to 60,000 ms, default 1000. Audio of a call that waits for the
        host, at most; more is dropped and counted.
    audio_write_buffer: int, 100 to 60,000 ms, default 5000. Audio of the host that waits to be
        sent, at most; more is not taken.
    amd_enabled: bool, default no. Listen to who answers (docs/answering.md); call.play waits
        for what is heard. Calls that come in are not listened to.
    amd_human: word, default play. A human answered: play call.play, leave amd.message, transfer
        to amd.transfer, hang up, or leave it to the host, who is told by CALL_AMD.
    amd_machine: word, default hangup. The same if a machine answered.
    amd_fax: word, default hangup. The same if a fax answered.
    amd_unknown: word, default play. The same if it cannot be told; play and message hang up if
        a tone of the network was heard (SIT, busy, congestion).
    amd_early: word, default play. What a provisional verdict human does, which may be taken
        back: nothing; play begins, and stops if it is; or human: any amd.human is done, once
        and for all.
    amd_message: path. WAV file left as a message, whole, after the beep; then the call is hung
        up.
    amd_transfer: str. Number or SIP URI that the action transfer transfers to.
    amd_timeout: int, 500 to 60,000 ms, default 5000. The final verdict comes so long after the
        answer at the latest.
    amd_beep_timeout: int, 1 to 600 s, default 60. A message waits so long for the beep or the
        end of the greeting, counted from the verdict; then it is skipped and the call hung up.
    amd_end_silence: int, 300 to 10,000 ms, default 1200. Silence that ends a greeting if no
        beep comes.
    amd_interval: int, 0 to 10,000 ms, default 0. Time between CALL_AMD events "listening" with
        the probabilities, rounded up to 20 ms; 0: none.
    incoming_accept: word, default no. Whose calls come in as CALL_INCOMING; server: those of
        sip.server and sip.outbound_proxy; trunks: those of incoming.trunks. Others get no
        answer.
    incoming_trunks: str. Who else may call and ask, whatever the transport: addresses, networks
        as 192.0.2.0/24 and host names, at most 64, ',' between.
    incoming_max_calls: int, 0 to 100,000, default 0. Calls that came in, at once; more get 486.
        0: as many as dial.max_calls, which counts them, too.
    incoming_did: word, default auto. Where the number called is read: the request-URI, or To;
        auto: the request-URI unless that is sip.user, else P-Called-Party-ID, else To.
    incoming_timeout: int, 1 to 300 s, default 20. A call that came in and is neither answered
        nor refused is decided by incoming.default after this long.
    incoming_early_timeout: int, 1 to 600 s, default 180. With audio before the answer it is
        refused by 480 after this long.
    incoming_default: word, default reject. What becomes of a call that the host has not decided
        in time; answer: it hears incoming.play, is recorded to call-ID.wav in the folder
        call.record, and is hung up after the prompt.
    incoming_play: path. WAV file for calls answered by incoming.default; empty: call.play.
    store_path: path. SQLite file of contacts, campaigns and results; empty: no store, and no
        campaigns.
    redis_url: secret str. Redis server that gives commands and takes events.
    redis_prefix: str, default sipdialer. First part of the names of channels and keys.
    redis_health_interval: int, 0 to 3,600 s, default 10. Time between health messages; 0: none.
    log_level: word, default info. Log lines up to this severity come as LOG events.
    events_max: int, 1,024 to 10,000,000, default 65536. Events that wait for the host, at most;
        see docs/events.md.
    import_number_column: str. Header of the column of numbers; empty: found out.
    import_name_column: str. Header of the column of names; empty: found out.
    import_delimiter: str, default auto. Between columns: auto, tab, or one of , ; | :
    import_max_errors: int, 0 to 1,000,000, default 1000. IMPORT_ERROR events of one file, at
        most; further ones are only counted.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        def _open(self, options_: Dict[str, Any]) -> None: ...
        def _call(self, to: str, options_: Dict[str, Any]) -> "Call": ...
        def _account_add(self, name: str, options_: Dict[str, Any]) -> None: ...
        def _campaign(self, name: str, options_: Dict[str, Any]) -> "Pending[Campaign]": ...

    def __init__(self, *, sip_server: Optional[str] = None, sip_port: Optional[int] = None,
                 sip_transport: Optional[SipTransport] = None,
                 sip_dns_servers: Optional[str] = None,
                 sip_blacklist_time: Optional[int] = None,
                 sip_failover_time: Optional[int] = None, sip_user: Optional[str] = None,
                 sip_auth_user: Optional[str] = None, sip_password: Optional[str] = None,
                 sip_password_file: Optional[Path] = None, sip_domain: Optional[str] = None,
                 sip_realm: Optional[str] = None, sip_digest: Optional[SipDigest] = None,
                 sip_outbound_proxy: Optional[str] = None,
                 sip_register: Optional[SipRegister] = None,
                 sip_register_expires: Optional[int] = None, sip_instance: Optional[str] = None,
                 sip_keepalive: Optional[SipKeepalive] = None,
                 sip_keepalive_interval: Optional[int] = None, sip_dscp: Optional[int] = None,
                 sip_local_address: Optional[str] = None, sip_local_port: Optional[int] = None,
                 sip_external_address: Optional[str] = None,
                 sip_contact_rewrite: Optional[bool] = None,
                 sip_caller_id: Optional[str] = None, sip_caller_name: Optional[str] = None,
                 sip_privacy: Optional[str] = None, sip_asserted_identity: Optional[str] = None,
                 sip_preferred_identity: Optional[str] = None,
                 sip_diversion: Optional[str] = None, sip_user_agent: Optional[str] = None,
                 sip_header: Optional[Text] = None, sip_100rel: Optional[Sip100Rel] = None,
                 sip_redirect_allow: Optional[str] = None,
                 sip_session_expires: Optional[int] = None,
                 sip_session_min: Optional[int] = None,
                 sip_session_refresher: Optional[SipSessionRefresher] = None,
                 sip_tls_ca_file: Optional[Path] = None, sip_tls_verify: Optional[bool] = None,
                 sip_tls_cert_file: Optional[Path] = None,
                 sip_tls_key_file: Optional[Path] = None,
                 sip_tls_min_version: Optional[SipTlsMinVersion] = None,
                 media_codecs: Optional[Text] = None, media_srtp: Optional[MediaSrtp] = None,
                 media_rtcp_mux: Optional[bool] = None, media_dtmf: Optional[MediaDtmf] = None,
                 media_rtp_port_min: Optional[int] = None,
                 media_rtp_port_max: Optional[int] = None, media_dscp: Optional[int] = None,
                 media_rtp_timeout: Optional[int] = None, media_threads: Optional[int] = None,
                 dial_max_calls: Optional[int] = None,
                 dial_calls_per_second: Optional[float] = None,
                 dial_ring_timeout: Optional[int] = None,
                 dial_max_duration: Optional[int] = None,
                 dial_default_country: Optional[str] = None, dial_retries: Optional[int] = None,
                 dial_retry_delay: Optional[int] = None, dial_retry_rules: Optional[str] = None,
                 dial_retry_interrupted: Optional[bool] = None,
                 dial_campaigns: Optional[bool] = None, call_account: Optional[str] = None,
                 call_play: Optional[Path] = None, call_record: Optional[Path] = None,
                 call_record_stereo: Optional[bool] = None, call_dtmf: Optional[str] = None,
                 call_hangup_after_play: Optional[bool] = None,
                 call_hold_play: Optional[Path] = None, call_refer: Optional[CallRefer] = None,
                 call_audio: Optional[CallAudio] = None,
                 record_policy: Optional[RecordPolicy] = None,
                 record_folder: Optional[Path] = None, record_name: Optional[str] = None,
                 record_max_size: Optional[int] = None,
                 record_max_duration: Optional[int] = None,
                 record_max_total: Optional[int] = None, record_min_free: Optional[int] = None,
                 record_keep_days: Optional[int] = None,
                 audio_read_buffer: Optional[int] = None,
                 audio_write_buffer: Optional[int] = None, amd_enabled: Optional[bool] = None,
                 amd_human: Optional[AmdHuman] = None, amd_machine: Optional[AmdMachine] = None,
                 amd_fax: Optional[AmdFax] = None, amd_unknown: Optional[AmdUnknown] = None,
                 amd_early: Optional[AmdEarly] = None, amd_message: Optional[Path] = None,
                 amd_transfer: Optional[str] = None, amd_timeout: Optional[int] = None,
                 amd_beep_timeout: Optional[int] = None, amd_end_silence: Optional[int] = None,
                 amd_interval: Optional[int] = None,
                 incoming_accept: Optional[IncomingAccept] = None,
                 incoming_trunks: Optional[str] = None,
                 incoming_max_calls: Optional[int] = None,
                 incoming_did: Optional[IncomingDid] = None,
                 incoming_timeout: Optional[int] = None,
                 incoming_early_timeout: Optional[int] = None,
                 incoming_default: Optional[IncomingDefault] = None,
                 incoming_play: Optional[Path] = None, store_path: Optional[Path] = None,
                 redis_url: Optional[str] = None, redis_prefix: Optional[str] = None,
                 redis_health_interval: Optional[int] = None,
                 log_level: Optional[LogLevel] = None, events_max: Optional[int] = None,
                 import_number_column: Optional[str] = None,
                 import_name_column: Optional[str] = None,
                 import_delimiter: Optional[str] = None,
                 import_max_errors: Optional[int] = None) -> None:
        self._open(locals())

    def call(self, to: str, *, sip_caller_id: Optional[str] = None,
             sip_caller_name: Optional[str] = None, sip_privacy: Optional[str] = None,
             sip_asserted_identity: Optional[str] = None,
             sip_preferred_identity: Optional[str] = None, sip_diversion: Optional[str] = None,
             sip_header: Optional[Text] = None, media_codecs: Optional[Text] = None,
             media_srtp: Optional[MediaSrtp] = None, media_rtcp_mux: Optional[bool] = None,
             media_dtmf: Optional[MediaDtmf] = None, media_rtp_timeout: Optional[int] = None,
             dial_ring_timeout: Optional[int] = None, dial_max_duration: Optional[int] = None,
             call_account: Optional[str] = None, call_play: Optional[Path] = None,
             call_record: Optional[Path] = None, call_record_stereo: Optional[bool] = None,
             call_dtmf: Optional[str] = None, call_hangup_after_play: Optional[bool] = None,
             call_hold_play: Optional[Path] = None, call_refer: Optional[CallRefer] = None,
             call_audio: Optional[CallAudio] = None,
             record_policy: Optional[RecordPolicy] = None, record_name: Optional[str] = None,
             record_max_size: Optional[int] = None, record_max_duration: Optional[int] = None,
             audio_read_buffer: Optional[int] = None, audio_write_buffer: Optional[int] = None,
             amd_enabled: Optional[bool] = None, amd_human: Optional[AmdHuman] = None,
             amd_machine: Optional[AmdMachine] = None, amd_fax: Optional[AmdFax] = None,
             amd_unknown: Optional[AmdUnknown] = None, amd_early: Optional[AmdEarly] = None,
             amd_message: Optional[Path] = None, amd_transfer: Optional[str] = None,
             amd_timeout: Optional[int] = None, amd_beep_timeout: Optional[int] = None,
             amd_end_silence: Optional[int] = None, amd_interval: Optional[int] = None,
             incoming_early_timeout: Optional[int] = None) -> "Call":
        """Dials a number, or a SIP URI.  Options set here are for this call only.

        sip_caller_id: str. Number shown to the called side; empty: as sip.user.
        sip_caller_name: str. Name shown to the called side.
        sip_privacy: str. Words of RFC 3323 with commas: id, user (From is anonymous), header,
            session, history, critical, or none.
        sip_asserted_identity: str. Number or URI of P-Asserted-Identity, told to sip.server
            only (RFC 3325).
        sip_preferred_identity: str. Number or URI of P-Preferred-Identity, told to sip.server
            only (RFC 3325).
        sip_diversion: str. Number or URI of Diversion, told to sip.server only (RFC 5806).
        sip_header: str or list. Header line added to each INVITE, as 'Name: value'; each one
            set is added, at most 32, empty clears.
        media_codecs: str or list, default pcmu,pcma. Codecs offered, the preferred first; of an
            offer that comes the first of these is taken. Calls with one of g722, opus and l16
            run at 16 kHz.
        media_srtp: word, default off. Encryption of the audio (docs/srtp.md); optional: where
            the far end can; required, dtls: no call without.
        media_rtcp_mux: bool, default no. Offer and take RTCP on the port of RTP (RFC 5761);
            with DTLS always.
        media_dtmf: word, default auto. How keys are sent and listened for (docs/dtmf.md); auto:
            RFC 4733 if the far end has it, else tones, or INFO with Opus.
        media_rtp_timeout: int, 0 to 3,600 s, default 30. An answered call without any RTP from
            the far end, or once it was heard any RTCP, is hung up after this long; 0: never.
            Not while the far end holds it without music.
        dial_ring_timeout: int, 5 to 300 s, default 45. A call not answered after this long is
            given up.
        dial_max_duration: int, 0 to 86,400 s, default 0. A call is hung up this long after its
            answer; 0: never.
        call_account: str. Account that calls are dialed through, by the name it was added with;
            empty: the engine's own.
        call_play: path. WAV file played after the answer.
        call_record: path. WAV file the call is recorded to; of a campaign a directory, in which
            each call makes a file call-ID.wav.
        call_record_stereo: bool, default no. Record the far end left and us right; no: both
            mixed.
        call_dtmf: str. Keys sent after the answer: 0-9 * # A-D, ',' pauses 500 ms.
        call_hangup_after_play: bool, default no. Hang up when call.play has ended; a campaign
            does so unless this is set.
        call_hold_play: path. WAV file played, again and again, to who is held by
            sipdialer_call_hold().
        call_refer: word, default reject. What the far end gets that asks for a transfer
            (REFER): 603, or what the host says to CALL_REFERRED.
        call_audio: word, default off. Samples per second of the audio that the host exchanges
            with the call (docs/audio.md); off: none.
        record_policy: word, default demand. Calls that are recorded (docs/recording.md);
            demand: by call.record or a verb; human: all, but only those stay on disk whose
            verdict (amd.enabled) is human.
        record_name: str, default {date}/{time}-{call}.wav. Their names in it, of {date} {time}
            {call} {campaign} {contact} {to} {from}; {call} must be there, {date}/ first lets
            record.keep_days find them.
        record_max_size: int, 0 to 2,047 MiB, default 0. A recording ends, whole, at this size;
            0: at 2,047 MiB.
        record_max_duration: int, 0 to 86,400 s, default 0. A recording ends, whole, after this
            time; 0: never.
        audio_read_buffer: int, 100 to 60,000 ms, default 1000. Audio of a call that waits for
            the host, at most; more is dropped and counted.
        audio_write_buffer: int, 100 to 60,000 ms, default 5000. Audio of the host that waits to
            be sent, at most; more is not taken.
        amd_enabled: bool, default no. Listen to who answers (docs/answering.md); call.play
            waits for what is heard. Calls that come in are not listened to.
        amd_human: word, default play. A human answered: play call.play, leave amd.message,
            transfer to amd.transfer, hang up, or leave it to the host, who is told by CALL_AMD.
        amd_machine: word, default hangup. The same if a machine answered.
        amd_fax: word, default hangup. The same if a fax answered.
        amd_unknown: word, default play. The same if it cannot be told; play and message hang up
            if a tone of the network was heard (SIT, busy, congestion).
        amd_early: word, default play. What a provisional verdict human does, which may be taken
            back: nothing; play begins, and stops if it is; or human: any amd.human is done,
            once and for all.
        amd_message: path. WAV file left as a message, whole, after the beep; then the call is
            hung up.
        amd_transfer: str. Number or SIP URI that the action transfer transfers to.
        amd_timeout: int, 500 to 60,000 ms, default 5000. The final verdict comes so long after
            the answer at the latest.
        amd_beep_timeout: int, 1 to 600 s, default 60. A message waits so long for the beep or
            the end of the greeting, counted from the verdict; then it is skipped and the call
            hung up.
        amd_end_silence: int, 300 to 10,000 ms, default 1200. Silence that ends a greeting if no
            beep comes.
        amd_interval: int, 0 to 10,000 ms, default 0. Time between CALL_AMD events "listening"
            with the probabilities, rounded up to 20 ms; 0: none.
        incoming_early_timeout: int, 1 to 600 s, default 180. With audio before the answer it is
            refused by 480 after this long.
        """
        return self._call(to, locals())

    def account_add(self, name: str, *, sip_server: Optional[str] = None,
                    sip_port: Optional[int] = None,
                    sip_transport: Optional[SipTransport] = None,
                    sip_dns_servers: Optional[str] = None,
                    sip_blacklist_time: Optional[int] = None,
                    sip_failover_time: Optional[int] = None, sip_user: Optional[str] = None,
                    sip_auth_user: Optional[str] = None, sip_password: Optional[str] = None,
                    sip_password_file: Optional[Path] = None, sip_domain: Optional[str] = None,
                    sip_realm: Optional[str] = None, sip_digest: Optional[SipDigest] = None,
                    sip_outbound_proxy: Optional[str] = None,
                    sip_register: Optional[SipRegister] = None,
                    sip_register_expires: Optional[int] = None,
                    sip_instance: Optional[str] = None,
                    sip_keepalive: Optional[SipKeepalive] = None,
                    sip_keepalive_interval: Optional[int] = None,
                    sip_dscp: Optional[int] = None, sip_local_address: Optional[str] = None,
                    sip_local_port: Optional[int] = None,
                    sip_external_address: Optional[str] = None,
                    sip_contact_rewrite: Optional[bool] = None,
                    sip_caller_id: Optional[str] = None, sip_caller_name: Optional[str] = None,
                    sip_privacy: Optional[str] = None,
                    sip_asserted_identity: Optional[str] = None,
                    sip_preferred_identity: Optional[str] = None,
                    sip_diversion: Optional[str] = None, sip_user_agent: Optional[str] = None,
                    sip_header: Optional[Text] = None, sip_100rel: Optional[Sip100Rel] = None,
                    sip_redirect_allow: Optional[str] = None,
                    sip_session_expires: Optional[int] = None,
                    sip_session_min: Optional[int] = None,
                    sip_session_refresher: Optional[SipSessionRefresher] = None,
                    sip_tls_ca_file: Optional[Path] = None,
                    sip_tls_verify: Optional[bool] = None,
                    sip_tls_cert_file: Optional[Path] = None,
                    sip_tls_key_file: Optional[Path] = None,
                    sip_tls_min_version: Optional[SipTlsMinVersion] = None,
                    media_codecs: Optional[Text] = None, media_srtp: Optional[MediaSrtp] = None,
                    media_rtcp_mux: Optional[bool] = None,
                    media_dtmf: Optional[MediaDtmf] = None,
                    incoming_accept: Optional[IncomingAccept] = None,
                    incoming_trunks: Optional[str] = None) -> None:
        """Adds an account, a SIP stack of its own (docs/accounts.md), before or after
        start(); calls go through it by call_account=.  Options as of Dialer."""
        self._account_add(name, locals())

    def campaign(self, name: str, *, sip_caller_id: Optional[str] = None,
                 sip_caller_name: Optional[str] = None, sip_privacy: Optional[str] = None,
                 sip_asserted_identity: Optional[str] = None,
                 sip_preferred_identity: Optional[str] = None,
                 sip_diversion: Optional[str] = None, sip_header: Optional[Text] = None,
                 media_codecs: Optional[Text] = None, media_srtp: Optional[MediaSrtp] = None,
                 media_rtcp_mux: Optional[bool] = None, media_dtmf: Optional[MediaDtmf] = None,
                 media_rtp_timeout: Optional[int] = None, dial_max_calls: Optional[int] = None,
                 dial_calls_per_second: Optional[float] = None,
                 dial_ring_timeout: Optional[int] = None,
                 dial_max_duration: Optional[int] = None,
                 dial_default_country: Optional[str] = None, dial_retries: Optional[int] = None,
                 dial_retry_delay: Optional[int] = None, dial_retry_rules: Optional[str] = None,
                 call_account: Optional[str] = None, call_play: Optional[Path] = None,
                 call_record: Optional[Path] = None, call_record_stereo: Optional[bool] = None,
                 call_dtmf: Optional[str] = None, call_hangup_after_play: Optional[bool] = None,
                 call_hold_play: Optional[Path] = None, call_refer: Optional[CallRefer] = None,
                 call_audio: Optional[CallAudio] = None,
                 record_policy: Optional[RecordPolicy] = None,
                 record_name: Optional[str] = None, record_max_size: Optional[int] = None,
                 record_max_duration: Optional[int] = None,
                 audio_read_buffer: Optional[int] = None,
                 audio_write_buffer: Optional[int] = None, amd_enabled: Optional[bool] = None,
                 amd_human: Optional[AmdHuman] = None, amd_machine: Optional[AmdMachine] = None,
                 amd_fax: Optional[AmdFax] = None, amd_unknown: Optional[AmdUnknown] = None,
                 amd_early: Optional[AmdEarly] = None, amd_message: Optional[Path] = None,
                 amd_transfer: Optional[str] = None, amd_timeout: Optional[int] = None,
                 amd_beep_timeout: Optional[int] = None, amd_end_silence: Optional[int] = None,
                 amd_interval: Optional[int] = None) -> "Pending[Campaign]":
        """Makes a campaign, in state draft, in the store (store_path=).  Options as for
        call(), and:

        dial_max_calls: int, 1 to 100,000, default 100. Calls at once; of a campaign: its share
            of the engine's.
        dial_calls_per_second: number, 0 to 100,000 1/s, default 10. New calls of campaigns in
            any second, at most; 0: no limit.
        dial_default_country: str. Country of numbers written without one, as 'US' or '49';
            empty: numbers are taken as they are.
        dial_retries: int, 0 to 100, default 2. Further calls to a contact of a campaign that
            was not reached.
        dial_retry_delay: int, 0 to 2,592,000 s, default 300. Time from the end of a call to the
            next to the same contact.
        dial_retry_rules: str. Exceptions by disposition, a delay in s or off:
            'busy=60,no_answer=300,rejected=off'.
        """
        return self._campaign(name, locals())


class CallOptions:
    """Methods with options."""

    __slots__ = ()

    if TYPE_CHECKING:
        def _answer(self, options: Dict[str, Any]) -> None: ...
        def _early(self, options: Dict[str, Any]) -> None: ...
        def _accept_referral(self, options: Dict[str, Any]) -> "Call": ...

    def answer(self, *, sip_caller_id: Optional[str] = None,
               sip_caller_name: Optional[str] = None, sip_privacy: Optional[str] = None,
               sip_asserted_identity: Optional[str] = None,
               sip_preferred_identity: Optional[str] = None,
               sip_diversion: Optional[str] = None, sip_header: Optional[Text] = None,
               media_codecs: Optional[Text] = None, media_srtp: Optional[MediaSrtp] = None,
               media_rtcp_mux: Optional[bool] = None, media_dtmf: Optional[MediaDtmf] = None,
               media_rtp_timeout: Optional[int] = None, dial_ring_timeout: Optional[int] = None,
               dial_max_duration: Optional[int] = None, call_account: Optional[str] = None,
               call_play: Optional[Path] = None, call_record: Optional[Path] = None,
               call_record_stereo: Optional[bool] = None, call_dtmf: Optional[str] = None,
               call_hangup_after_play: Optional[bool] = None,
               call_hold_play: Optional[Path] = None, call_refer: Optional[CallRefer] = None,
               call_audio: Optional[CallAudio] = None,
               record_policy: Optional[RecordPolicy] = None, record_name: Optional[str] = None,
               record_max_size: Optional[int] = None, record_max_duration: Optional[int] = None,
               audio_read_buffer: Optional[int] = None,
               audio_write_buffer: Optional[int] = None, amd_enabled: Optional[bool] = None,
               amd_human: Optional[AmdHuman] = None, amd_machine: Optional[AmdMachine] = None,
               amd_fax: Optional[AmdFax] = None, amd_unknown: Optional[AmdUnknown] = None,
               amd_early: Optional[AmdEarly] = None, amd_message: Optional[Path] = None,
               amd_transfer: Optional[str] = None, amd_timeout: Optional[int] = None,
               amd_beep_timeout: Optional[int] = None, amd_end_silence: Optional[int] = None,
               amd_interval: Optional[int] = None,
               incoming_early_timeout: Optional[int] = None) -> None:
        """Answers an incoming call.  Options as for Dialer.call()."""
        self._answer(locals())

    def early(self, *, sip_caller_id: Optional[str] = None,
              sip_caller_name: Optional[str] = None, sip_privacy: Optional[str] = None,
              sip_asserted_identity: Optional[str] = None,
              sip_preferred_identity: Optional[str] = None, sip_diversion: Optional[str] = None,
              sip_header: Optional[Text] = None, media_codecs: Optional[Text] = None,
              media_srtp: Optional[MediaSrtp] = None, media_rtcp_mux: Optional[bool] = None,
              media_dtmf: Optional[MediaDtmf] = None, media_rtp_timeout: Optional[int] = None,
              dial_ring_timeout: Optional[int] = None, dial_max_duration: Optional[int] = None,
              call_account: Optional[str] = None, call_play: Optional[Path] = None,
              call_record: Optional[Path] = None, call_record_stereo: Optional[bool] = None,
              call_dtmf: Optional[str] = None, call_hangup_after_play: Optional[bool] = None,
              call_hold_play: Optional[Path] = None, call_refer: Optional[CallRefer] = None,
              call_audio: Optional[CallAudio] = None,
              record_policy: Optional[RecordPolicy] = None, record_name: Optional[str] = None,
              record_max_size: Optional[int] = None, record_max_duration: Optional[int] = None,
              audio_read_buffer: Optional[int] = None, audio_write_buffer: Optional[int] = None,
              amd_enabled: Optional[bool] = None, amd_human: Optional[AmdHuman] = None,
              amd_machine: Optional[AmdMachine] = None, amd_fax: Optional[AmdFax] = None,
              amd_unknown: Optional[AmdUnknown] = None, amd_early: Optional[AmdEarly] = None,
              amd_message: Optional[Path] = None, amd_transfer: Optional[str] = None,
              amd_timeout: Optional[int] = None, amd_beep_timeout: Optional[int] = None,
              amd_end_silence: Optional[int] = None, amd_interval: Optional[int] = None,
              incoming_early_timeout: Optional[int] = None) -> None:
        """Audio before the answer of an incoming call: the event `call_early_media`
        comes once it is heard.  Options as for Dialer.call()."""
        self._early(locals())

    def accept_referral(self, *, sip_caller_id: Optional[str] = None,
                        sip_caller_name: Optional[str] = None,
                        sip_privacy: Optional[str] = None,
                        sip_asserted_identity: Optional[str] = None,
                        sip_preferred_identity: Optional[str] = None,
                        sip_diversion: Optional[str] = None, sip_header: Optional[Text] = None,
                        media_codecs: Optional[Text] = None,
                        media_srtp: Optional[MediaSrtp] = None,
                        media_rtcp_mux: Optional[bool] = None,
                        media_dtmf: Optional[MediaDtmf] = None,
                        media_rtp_timeout: Optional[int] = None,
                        dial_ring_timeout: Optional[int] = None,
                        dial_max_duration: Optional[int] = None,
                        call_account: Optional[str] = None, call_play: Optional[Path] = None,
                        call_record: Optional[Path] = None,
                        call_record_stereo: Optional[bool] = None,
                        call_dtmf: Optional[str] = None,
                        call_hangup_after_play: Optional[bool] = None,
                        call_hold_play: Optional[Path] = None,
                        call_refer: Optional[CallRefer] = None,
                        call_audio: Optional[CallAudio] = None,
                        record_policy: Optional[RecordPolicy] = None,
                        record_name: Optional[str] = None,
                        record_max_size: Optional[int] = None,
                        record_max_duration: Optional[int] = None,
                        audio_read_buffer: Optional[int] = None,
                        audio_write_buffer: Optional[int] = None,
                        amd_enabled: Optional[bool] = None,
                        amd_human: Optional[AmdHuman] = None,
                        amd_machine: Optional[AmdMachine] = None,
                        amd_fax: Optional[AmdFax] = None,
                        amd_unknown: Optional[AmdUnknown] = None,
                        amd_early: Optional[AmdEarly] = None,
                        amd_message: Optional[Path] = None, amd_transfer: Optional[str] = None,
                        amd_timeout: Optional[int] = None,
                        amd_beep_timeout: Optional[int] = None,
                        amd_end_silence: Optional[int] = None,
                        amd_interval: Optional[int] = None,
                        incoming_early_timeout: Optional[int] = None) -> "Call":
        """Calls whom the far end asked for by the event `call_referred`.  Options as
        for Dialer.call()."""
        return self._accept_referral(locals())


class CampaignOptions:
    """Methods with options."""

    __slots__ = ()

    if TYPE_CHECKING:
        def _import(self, path: Path, options: Dict[str, Any]) -> "Pending[Event]": ...

    def import_contacts(self, path: Path, *, dial_default_country: Optional[str] = None,
                        import_number_column: Optional[str] = None,
                        import_name_column: Optional[str] = None,
                        import_delimiter: Optional[str] = None,
                        import_max_errors: Optional[int] = None) -> "Pending[Event]":
        """Takes contacts from a CSV file (docs/csv.md).  The event `done` tells
        how many: `count` taken, `failed` refused, `total` rows.

        dial_default_country: str. Country of numbers written without one, as 'US' or '49';
            empty: numbers are taken as they are.
        import_number_column: str. Header of the column of numbers; empty: found out.
        import_name_column: str. Header of the column of names; empty: found out.
        import_delimiter: str, default auto. Between columns: auto, tab, or one of , ; | :
        import_max_errors: int, 0 to 1,000,000, default 1000. IMPORT_ERROR events of one file,
            at most; further ones are only counted.
        """
        return self._import(path, locals())
