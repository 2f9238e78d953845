/**
 * @file api/options_table.c  The options
 *
 * Add a row here and its name to enum sipd_option; docs/options.md is made
 * anew by scripts/make-docs.py.
 */
#include "api/options.h"

#include <assert.h>
#include <pthread.h>
#include "base/text.h"

#define STRING(bytes) .type = SIPD_OPTION_STRING, .max = (bytes)
#define SECRET(bytes) .type = SIPD_OPTION_SECRET, .max = (bytes)
#define PATH .type = SIPD_OPTION_PATH, .max = SIPD_OPTION_VALUE_MAX
#define INT(lo, hi) .type = SIPD_OPTION_INT, .min = (lo), .max = (hi)
#define SECONDS(lo, hi) INT(lo, hi), .unit = "s"
#define MILLISECONDS(lo, hi) INT(lo, hi), .unit = "ms"
#define NUM(lo, hi) .type = SIPD_OPTION_NUM, .min = (lo), .max = (hi)
#define BOOL .type = SIPD_OPTION_BOOL
#define ENUM(w) .type = SIPD_OPTION_ENUM, .words = w
#define LIST(w) .type = SIPD_OPTION_LIST, .words = w

#define LIVE SIPD_SCOPE_LIVE
#define CALL (SIPD_SCOPE_LIVE | SIPD_SCOPE_CALL)
#define CAMPAIGN (SIPD_SCOPE_LIVE | SIPD_SCOPE_CAMPAIGN)
#define BOTH (CALL | CAMPAIGN)
#define AMD_ACTION ENUM("play,message,transfer,hangup,host"), .scope = BOTH
#define IMPORT (SIPD_SCOPE_LIVE | SIPD_SCOPE_IMPORT)

/* clang-format off */
const struct sipd_option_def sipd_option_table[SIPD_OPT_COUNT] = {
[SIPD_OPT_SIP_SERVER] = {"sip.server", STRING(255), .standard = "",
	.doc = "Host name or address of the SIP server that numbers are "
	"dialed through."},
[SIPD_OPT_SIP_PORT] = {"sip.port", INT(0, 65535), .standard = "0",
	.doc = "Port of the SIP server; 0: found by DNS (RFC 3263), else "
	"5060, with tls 5061."},
[SIPD_OPT_SIP_TRANSPORT] = {"sip.transport", ENUM("udp,tcp,tls"),
	.standard = "udp",
	.doc = "Transport to the SIP server; with tls nothing goes without "
	"it."},
[SIPD_OPT_SIP_DNS_SERVERS] = {"sip.dns_servers", STRING(255),
	.standard = "",
	.doc = "Name servers that are asked for hosts, address[:port], at most "
	"3 with commas between; empty: the system's."},
[SIPD_OPT_SIP_BLACKLIST_TIME] = {"sip.blacklist_time", SECONDS(0, 3600),
	.standard = "60",
	.doc = "One of several servers that does not answer is left alone for "
	"this long, or until it answers an OPTIONS; 0: it is not."},
[SIPD_OPT_SIP_FAILOVER_TIME] = {"sip.failover_time", SECONDS(0, 32),
	.standard = "4",
	.doc = "Silence of one of several servers after which a request goes "
	"to the next; 0: none does."},
[SIPD_OPT_SIP_USER] = {"sip.user", STRING(127), .standard = "",
	.doc = "User part of the account's SIP address."},
[SIPD_OPT_SIP_AUTH_USER] = {"sip.auth_user", STRING(127), .standard = "",
	.doc = "User name for digest authentication; empty: as sip.user."},
[SIPD_OPT_SIP_PASSWORD] = {"sip.password", SECRET(255), .standard = "",
	.doc = "Password of the account; sip.password_file keeps it out of "
	"command lines."},
[SIPD_OPT_SIP_PASSWORD_FILE] = {"sip.password_file", PATH, .standard = "",
	.doc = "File whose first line is the password; read at start."},
[SIPD_OPT_SIP_DOMAIN] = {"sip.domain", STRING(255), .standard = "",
	.doc = "Domain of the account's SIP address; empty: as sip.server."},
[SIPD_OPT_SIP_REALM] = {"sip.realm", STRING(255), .standard = "",
	.doc = "Realm that may have the password, or several with commas "
	"between; empty: the first that sip.server itself names."},
[SIPD_OPT_SIP_DIGEST] = {"sip.digest", ENUM("md5,sha-256"),
	.standard = "md5",
	.doc = "Weakest digest that is answered, of the server's the strongest "
	"is (docs/accounts.md); sha-256: also SHA-512-256, never MD5."},
[SIPD_OPT_SIP_OUTBOUND_PROXY] = {"sip.outbound_proxy", STRING(255),
	.standard = "",
	.doc = "Host or host:port that all requests are sent through."},
[SIPD_OPT_SIP_REGISTER] = {"sip.register", ENUM("auto,yes,no"),
	.standard = "auto",
	.doc = "Register at the SIP server; auto: if sip.server and sip.user "
	"are set."},
[SIPD_OPT_SIP_REGISTER_EXPIRES] = {"sip.register_expires",
	SECONDS(60, 86400), .standard = "300",
	.doc = "Life of a registration asked for; refreshed in time."},
[SIPD_OPT_SIP_INSTANCE] = {"sip.instance", STRING(36), .standard = "auto",
	.check = sipd_option_check_instance,
	.doc = "Id of this device in REGISTER (RFC 5626), a UUID; auto: made "
	"of the machine and the account; no: none."},
[SIPD_OPT_SIP_KEEPALIVE] = {"sip.keepalive", ENUM("crlf,stun,options"),
	.standard = "crlf",
	.doc = "What keeps the way to the server open: crlf needs no answer; "
	"stun (UDP) finds a changed address at once; options finds a dead "
	"server, too."},
[SIPD_OPT_SIP_KEEPALIVE_INTERVAL] = {"sip.keepalive_interval",
	SECONDS(0, 3600), .standard = "25",
	.doc = "Keeps the way through a NAT open; 0: off. RFC 5626 4.4"},
[SIPD_OPT_SIP_DSCP] = {"sip.dscp", INT(0, 63), .standard = "24",
	.doc = "Mark of SIP packets, RFC 2474; 24 is CS3, 0 none."},
[SIPD_OPT_SIP_LOCAL_ADDRESS] = {"sip.local_address", STRING(45),
	.standard = "", .check = sipd_option_check_address,
	.doc = "Numeric address to bind SIP and RTP to; empty: the one that "
	"leads to the server."},
[SIPD_OPT_SIP_LOCAL_PORT] = {"sip.local_port", INT(0, 65535),
	.standard = "0", .doc = "Port to bind SIP to; 0: any free one."},
[SIPD_OPT_SIP_EXTERNAL_ADDRESS] = {"sip.external_address", STRING(45),
	.standard = "", .check = sipd_option_check_address,
	.doc = "Numeric address to tell peers, for a host behind a static "
	"NAT; empty: the local one."},
[SIPD_OPT_SIP_CONTACT_REWRITE] = {"sip.contact_rewrite", BOOL,
	.standard = "yes",
	.doc = "Tell the address that the server sees us at, behind a NAT, in "
	"Contact; sip.external_address comes before it."},
[SIPD_OPT_SIP_CALLER_ID] = {"sip.caller_id", STRING(127), .scope = BOTH,
	.standard = "",
	.doc = "Number shown to the called side; empty: as sip.user."},
[SIPD_OPT_SIP_CALLER_NAME] = {"sip.caller_name", STRING(127),
	.scope = BOTH, .standard = "",
	.doc = "Name shown to the called side."},
[SIPD_OPT_SIP_PRIVACY] = {"sip.privacy", STRING(63), .scope = BOTH,
	.standard = "", .check = sipd_option_check_privacy,
	.doc = "Words of RFC 3323 with commas: id, user (From is anonymous), "
	"header, session, history, critical, or none."},
[SIPD_OPT_SIP_ASSERTED_IDENTITY] = {"sip.asserted_identity", STRING(127),
	.scope = BOTH, .standard = "", .check = sipd_option_check_identity,
	.doc = "Number or URI of P-Asserted-Identity, told to sip.server only "
	"(RFC 3325)."},
[SIPD_OPT_SIP_PREFERRED_IDENTITY] = {"sip.preferred_identity", STRING(127),
	.scope = BOTH, .standard = "", .check = sipd_option_check_identity,
	.doc = "Number or URI of P-Preferred-Identity, told to sip.server only "
	"(RFC 3325)."},
[SIPD_OPT_SIP_DIVERSION] = {"sip.diversion", STRING(127), .scope = BOTH,
	.standard = "", .check = sipd_option_check_identity,
	.doc = "Number or URI of Diversion, told to sip.server only (RFC "
	"5806)."},
[SIPD_OPT_SIP_USER_AGENT] = {"sip.user_agent", STRING(127),
	.standard = "",
	.doc = "Value of the User-Agent header; empty: name and version of "
	"the library."},
[SIPD_OPT_SIP_HEADER] = {"sip.header", .type = SIPD_OPTION_LINES,
	.max = SIPD_OPTION_VALUE_MAX, .scope = BOTH, .standard = "",
	.check = sipd_option_check_header,
	.doc = "Header line added to each INVITE, as 'Name: value'; each one "
	"set is added, at most 32, empty clears."},
[SIPD_OPT_SIP_100REL] = {"sip.100rel", ENUM("no,supported,required"),
	.standard = "supported",
	.doc = "Acknowledge provisional answers that ask for it (RFC 3262); "
	"required: call nobody who cannot send such."},
[SIPD_OPT_SIP_REDIRECT_ALLOW] = {"sip.redirect_allow", STRING(1023),
	.standard = "", .check = sipd_option_check_redirect,
	.doc = "Hosts that a 3xx may lead a call to, as 'pbx.example, "
	"+49*@192.0.2.1'; empty: none is followed."},
[SIPD_OPT_SIP_SESSION_EXPIRES] = {"sip.session_expires",
	SECONDS(0, 86400), .standard = "1800",
	.check = sipd_option_check_session_expires,
	.doc = "A call is over if no refresh came for so long, 90 or more; 0: "
	"we ask for none, and keep the one that the peer asks for (RFC 4028)."},
[SIPD_OPT_SIP_SESSION_MIN] = {"sip.session_min", SECONDS(90, 3600),
	.standard = "90",
	.doc = "The shortest such time that a peer may ask for; less gets "
	"422."},
[SIPD_OPT_SIP_SESSION_REFRESHER] = {"sip.session_refresher",
	ENUM("auto,local,remote"), .standard = "auto",
	.doc = "Who refreshes, where it is ours to say; auto: who the peer "
	"chooses."},
[SIPD_OPT_SIP_TLS_CA_FILE] = {"sip.tls_ca_file", PATH, .standard = "",
	.doc = "PEM file of the authorities trusted; empty: the system's."},
[SIPD_OPT_SIP_TLS_VERIFY] = {"sip.tls_verify", BOOL,
	.standard = "yes",
	.doc = "Check certificate and name of the SIP server; no: a warning "
	"at each start."},
[SIPD_OPT_SIP_TLS_CERT_FILE] = {"sip.tls_cert_file", PATH, .standard = "",
	.doc = "PEM file of our own certificate and its chain, for servers "
	"that ask for one."},
[SIPD_OPT_SIP_TLS_KEY_FILE] = {"sip.tls_key_file", PATH, .standard = "",
	.doc = "PEM file of its key, without a pass phrase; empty: in "
	"sip.tls_cert_file."},
[SIPD_OPT_SIP_TLS_MIN_VERSION] = {"sip.tls_min_version",
	ENUM("tlsv1.2,tlsv1.3"), .standard = "tlsv1.2",
	.doc = "Oldest version of TLS that is spoken."},

[SIPD_OPT_MEDIA_CODECS] = {"media.codecs",
	LIST("pcmu,pcma,g722,opus,l16"),
	.scope = BOTH, .standard = "pcmu,pcma",
	.check = sipd_option_check_codecs,
	.doc = "Codecs offered, the preferred first; of an offer that comes "
	"the first of these is taken. Calls with one of g722, opus and l16 "
	"run at 16 kHz."},
[SIPD_OPT_MEDIA_SRTP] = {"media.srtp", ENUM("off,optional,required,dtls"),
	.scope = BOTH, .standard = "off",
	.doc = "Encryption of the audio (docs/srtp.md); optional: where the "
	"far end can; required, dtls: no call without."},
[SIPD_OPT_MEDIA_RTCP_MUX] = {"media.rtcp_mux", BOOL, .scope = BOTH,
	.standard = "no",
	.doc = "Offer and take RTCP on the port of RTP (RFC 5761); with DTLS "
	"always."},
[SIPD_OPT_MEDIA_DTMF] = {"media.dtmf", ENUM("rfc4733,info,inband,auto"),
	.scope = BOTH, .standard = "auto",
	.doc = "How keys are sent and listened for (docs/dtmf.md); auto: "
	"RFC 4733 if the far end has it, else tones, or INFO with Opus."},
[SIPD_OPT_MEDIA_RTP_PORT_MIN] = {"media.rtp_port_min", INT(0, 65534),
	.standard = "0", .check = sipd_option_check_rtp_port,
	.doc = "Lowest port for RTP, 1024 or more; 0: any free one."},
[SIPD_OPT_MEDIA_RTP_PORT_MAX] = {"media.rtp_port_max", INT(0, 65534),
	.standard = "0", .check = sipd_option_check_rtp_port,
	.doc = "Highest port for RTP, 1024 or more; 0: any free one."},
[SIPD_OPT_MEDIA_DSCP] = {"media.dscp", INT(0, 63), .standard = "46",
	.doc = "Mark of RTP and RTCP packets, RFC 2474; 46 is EF, 0 none."},
[SIPD_OPT_MEDIA_RTP_TIMEOUT] = {"media.rtp_timeout", SECONDS(0, 3600),
	.scope = BOTH, .standard = "30",
	.doc = "An answered call without any RTP from the far end, or once "
	"it was heard any RTCP, is hung up after this long; 0: never. Not "
	"while the far end holds it without music."},
[SIPD_OPT_MEDIA_THREADS] = {"media.threads", INT(0, 64), .standard = "0",
	.doc = "Threads for audio; 0: one a processor core."},

[SIPD_OPT_DIAL_MAX_CALLS] = {"dial.max_calls", INT(1, 100000),
	.scope = CAMPAIGN, .standard = "100",
	.doc = "Calls at once; of a campaign: its share of the engine's."},
[SIPD_OPT_DIAL_CALLS_PER_SECOND] = {"dial.calls_per_second",
	NUM(0, 100000), .scope = CAMPAIGN, .standard = "10", .unit = "1/s",
	.doc = "New calls of campaigns in any second, at most; 0: no limit."},
[SIPD_OPT_DIAL_RING_TIMEOUT] = {"dial.ring_timeout", SECONDS(5, 300),
	.scope = BOTH, .standard = "45",
	.doc = "A call not answered after this long is given up."},
[SIPD_OPT_DIAL_MAX_DURATION] = {"dial.max_duration", SECONDS(0, 86400),
	.scope = BOTH, .standard = "0",
	.doc = "A call is hung up this long after its answer; 0: never."},
[SIPD_OPT_DIAL_DEFAULT_COUNTRY] = {"dial.default_country", STRING(8),
	.scope = CAMPAIGN | IMPORT, .standard = "",
	.check = sipd_option_check_country,
	.doc = "Country of numbers written without one, as 'US' or '49'; "
	"empty: numbers are taken as they are."},
[SIPD_OPT_DIAL_RETRIES] = {"dial.retries", INT(0, 100), .scope = CAMPAIGN,
	.standard = "2",
	.doc = "Further calls to a contact of a campaign that was not "
	"reached."},
[SIPD_OPT_DIAL_RETRY_DELAY] = {"dial.retry_delay", SECONDS(0, 2592000),
	.scope = CAMPAIGN, .standard = "300",
	.doc = "Time from the end of a call to the next to the same contact."},
[SIPD_OPT_DIAL_RETRY_RULES] = {"dial.retry_rules", STRING(1023),
	.scope = CAMPAIGN, .standard = "",
	.check = sipd_option_check_retry_rules,
	.doc = "Exceptions by disposition, a delay in s or off: "
	"'busy=60,no_answer=300,rejected=off'."},
[SIPD_OPT_DIAL_RETRY_INTERRUPTED] = {"dial.retry_interrupted", BOOL,
	.standard = "no",
	.doc = "Dial contacts again whose call was in doubt when the process "
	"died; somebody may be called twice."},
[SIPD_OPT_DIAL_CAMPAIGNS] = {"dial.campaigns", BOOL, .standard = "yes",
	.doc = "This engine dials the running campaigns of its store; no: it "
	"only manages them."},

[SIPD_OPT_CALL_ACCOUNT] = {"call.account", STRING(31), .scope = BOTH,
	.standard = "", .check = sipd_option_check_account,
	.doc = "Account that calls are dialed through, by the name it was "
	"added with; empty: the engine's own."},
[SIPD_OPT_CALL_PLAY] = {"call.play", PATH, .scope = BOTH, .standard = "",
	.doc = "WAV file played after the answer."},
[SIPD_OPT_CALL_RECORD] = {"call.record", PATH, .scope = BOTH,
	.standard = "",
	.doc = "WAV file the call is recorded to; of a campaign a directory, "
	"in which each call makes a file call-ID.wav."},
[SIPD_OPT_CALL_RECORD_STEREO] = {"call.record_stereo", BOOL,
	.scope = BOTH, .standard = "no",
	.doc = "Record the far end left and us right; no: both mixed."},
[SIPD_OPT_CALL_DTMF] = {"call.dtmf", STRING(64), .scope = BOTH,
	.standard = "", .check = sipd_option_check_digits,
	.doc = "Keys sent after the answer: 0-9 * # A-D, ',' pauses 500 ms."},
[SIPD_OPT_CALL_HANGUP_AFTER_PLAY] = {"call.hangup_after_play",
	BOOL, .scope = BOTH, .standard = "no",
	.doc = "Hang up when call.play has ended; a campaign does so unless "
	"this is set."},
[SIPD_OPT_CALL_HOLD_PLAY] = {"call.hold_play", PATH, .scope = BOTH,
	.standard = "",
	.doc = "WAV file played, again and again, to who is held by "
	"sipdialer_call_hold()."},
[SIPD_OPT_CALL_REFER] = {"call.refer", ENUM("reject,ask"), .scope = BOTH,
	.standard = "reject",
	.doc = "What the far end gets that asks for a transfer (REFER): 603, or "
	"what the host says to CALL_REFERRED."},
[SIPD_OPT_CALL_AUDIO] = {"call.audio", ENUM("off,8000,16000,24000,48000"),
	.scope = BOTH, .standard = "off",
	.doc = "Samples per second of the audio that the host exchanges with "
	"the call (docs/audio.md); off: none."},

[SIPD_OPT_RECORD_POLICY] = {"record.policy",
	ENUM("never,all,demand,human"), .scope = BOTH, .standard = "demand",
	.doc = "Calls that are recorded (docs/recording.md); demand: by "
	"call.record or a verb; human: all, but only those stay on disk whose "
	"verdict (amd.enabled) is human."},
[SIPD_OPT_RECORD_FOLDER] = {"record.folder", PATH,
	.standard = "recordings", .filled = true,
	.doc = "Folder of the files that record.policy makes; made if it is "
	"not there."},
[SIPD_OPT_RECORD_NAME] = {"record.name", STRING(127), .scope = BOTH,
	.filled = true,
	.standard = "{date}/{time}-{call}.wav",
	.check = sipd_option_check_record_name,
	.doc = "Their names in it, of {date} {time} {call} {campaign} "
	"{contact} {to} {from}; {call} must be there, {date}/ first lets "
	"record.keep_days find them."},
[SIPD_OPT_RECORD_MAX_SIZE] = {"record.max_size", INT(0, 2047),
	.unit = "MiB", .scope = BOTH, .standard = "0",
	.doc = "A recording ends, whole, at this size; 0: at 2,047 MiB."},
[SIPD_OPT_RECORD_MAX_DURATION] = {"record.max_duration",
	SECONDS(0, 86400), .scope = BOTH, .standard = "0",
	.doc = "A recording ends, whole, after this time; 0: never."},
[SIPD_OPT_RECORD_MAX_TOTAL] = {"record.max_total", INT(0, 1000000000),
	.unit = "MiB", .standard = "0",
	.doc = "Once the files of record.policy have so much, none begins; "
	"those that run go on; 0: no limit."},
[SIPD_OPT_RECORD_MIN_FREE] = {"record.min_free", INT(0, 1000000000),
	.unit = "MiB", .standard = "100",
	.doc = "With less free on its disk no recording begins; those that "
	"run go on."},
[SIPD_OPT_RECORD_KEEP_DAYS] = {"record.keep_days", INT(0, 36500),
	.unit = "days", .standard = "0",
	.doc = "Files of record.policy older than so many days are removed, at "
	"the start and after midnight; 0: never."},

[SIPD_OPT_AUDIO_READ_BUFFER] = {"audio.read_buffer",
	MILLISECONDS(100, 60000), .scope = BOTH, .standard = "1000",
	.doc = "Audio of a call that waits for the host, at most; more is "
	"dropped and counted."},
[SIPD_OPT_AUDIO_WRITE_BUFFER] = {"audio.write_buffer",
	MILLISECONDS(100, 60000), .scope = BOTH, .standard = "5000",
	.doc = "Audio of the host that waits to be sent, at most; more is not "
	"taken."},

[SIPD_OPT_AMD_ENABLED] = {"amd.enabled", BOOL, .scope = BOTH,
	.standard = "no",
	.doc = "Listen to who answers (docs/answering.md); call.play waits for "
	"what is heard. Calls that come in are not listened to."},
[SIPD_OPT_AMD_HUMAN] = {"amd.human", AMD_ACTION, .standard = "play",
	.doc = "A human answered: play call.play, leave amd.message, transfer "
	"to amd.transfer, hang up, or leave it to the host, who is told by "
	"CALL_AMD."},
[SIPD_OPT_AMD_MACHINE] = {"amd.machine", AMD_ACTION, .standard = "hangup",
	.doc = "The same if a machine answered."},
[SIPD_OPT_AMD_FAX] = {"amd.fax", AMD_ACTION, .standard = "hangup",
	.doc = "The same if a fax answered."},
[SIPD_OPT_AMD_UNKNOWN] = {"amd.unknown", AMD_ACTION, .standard = "play",
	.doc = "The same if it cannot be told; play and message hang up if a "
	"tone of the network was heard (SIT, busy, congestion)."},
[SIPD_OPT_AMD_EARLY] = {"amd.early", ENUM("no,play,human"),
	.scope = BOTH, .standard = "play",
	.doc = "What a provisional verdict human does, which may be taken back: "
	"nothing; play begins, and stops if it is; or human: any amd.human is "
	"done, once and for all."},
[SIPD_OPT_AMD_MESSAGE] = {"amd.message", PATH, .scope = BOTH,
	.standard = "",
	.doc = "WAV file left as a message, whole, after the beep; then the "
	"call is hung up."},
[SIPD_OPT_AMD_TRANSFER] = {"amd.transfer", STRING(255), .scope = BOTH,
	.standard = "", .check = sipd_option_check_target,
	.doc = "Number or SIP URI that the action transfer transfers to."},
[SIPD_OPT_AMD_TIMEOUT] = {"amd.timeout", MILLISECONDS(500, 60000),
	.scope = BOTH, .standard = "5000",
	.doc = "The final verdict comes so long after the answer at the latest."},
[SIPD_OPT_AMD_BEEP_TIMEOUT] = {"amd.beep_timeout", SECONDS(1, 600),
	.scope = BOTH, .standard = "60",
	.doc = "A message waits so long for the beep or the end of the greeting, "
	"counted from the verdict; then it is skipped and the call hung up."},
[SIPD_OPT_AMD_END_SILENCE] = {"amd.end_silence", MILLISECONDS(300, 10000),
	.scope = BOTH, .standard = "1200",
	.doc = "Silence that ends a greeting if no beep comes."},
[SIPD_OPT_AMD_INTERVAL] = {"amd.interval", MILLISECONDS(0, 10000),
	.scope = BOTH, .standard = "0",
	.doc = "Time between CALL_AMD events \"listening\" with the "
	"probabilities, rounded up to 20 ms; 0: none."},

[SIPD_OPT_INCOMING_ACCEPT] = {"incoming.accept",
	ENUM("no,server,trunks,both"), .standard = "no",
	.doc = "Whose calls come in as CALL_INCOMING; server: those of "
	"sip.server and sip.outbound_proxy; trunks: those of incoming.trunks. "
	"Others get no answer."},
[SIPD_OPT_INCOMING_TRUNKS] = {"incoming.trunks", STRING(4095),
	.standard = "", .check = sipd_option_check_trunks,
	.doc = "Who else may call and ask, whatever the transport: addresses, "
	"networks as 192.0.2.0/24 and host names, at most 64, ',' between."},
[SIPD_OPT_INCOMING_MAX_CALLS] = {"incoming.max_calls", INT(0, 100000),
	.scope = LIVE, .standard = "0",
	.doc = "Calls that came in, at once; more get 486. 0: as many as "
	"dial.max_calls, which counts them, too."},
[SIPD_OPT_INCOMING_DID] = {"incoming.did", ENUM("auto,uri,to"),
	.standard = "auto",
	.doc = "Where the number called is read: the request-URI, or To; "
	"auto: the request-URI unless that is sip.user, else "
	"P-Called-Party-ID, else To."},
[SIPD_OPT_INCOMING_TIMEOUT] = {"incoming.timeout", SECONDS(1, 300),
	.standard = "20",
	.doc = "A call that came in and is neither answered nor refused is "
	"decided by incoming.default after this long."},
[SIPD_OPT_INCOMING_EARLY_TIMEOUT] = {"incoming.early_timeout",
	SECONDS(1, 600), .scope = CALL, .standard = "180",
	.doc = "With audio before the answer it is refused by 480 after this "
	"long."},
[SIPD_OPT_INCOMING_DEFAULT] = {"incoming.default", ENUM("reject,answer"),
	.standard = "reject",
	.doc = "What becomes of a call that the host has not decided in time; "
	"answer: it hears incoming.play, is recorded to call-ID.wav in the "
	"folder call.record, and is hung up after the prompt."},
[SIPD_OPT_INCOMING_PLAY] = {"incoming.play", PATH, .scope = LIVE,
	.standard = "",
	.doc = "WAV file for calls answered by incoming.default; empty: "
	"call.play."},

[SIPD_OPT_STORE_PATH] = {"store.path", PATH, .standard = "",
	.doc = "SQLite file of contacts, campaigns and results; empty: no "
	"store, and no campaigns."},
[SIPD_OPT_REDIS_URL] = {"redis.url", SECRET(1023), .later = "*",
	.standard = "",
	.doc = "Redis server that gives commands and takes events."},
[SIPD_OPT_REDIS_PREFIX] = {"redis.prefix", STRING(127), .later = "*",
	.standard = "sipdialer",
	.doc = "First part of the names of channels and keys."},
[SIPD_OPT_REDIS_HEALTH_INTERVAL] = {"redis.health_interval",
	SECONDS(0, 3600), .later = "*", .standard = "10",
	.doc = "Time between health messages; 0: none."},
[SIPD_OPT_LOG_LEVEL] = {"log.level", ENUM("error,warning,info,debug"),
	.scope = LIVE, .standard = "info",
	.doc = "Log lines up to this severity come as LOG events."},
[SIPD_OPT_EVENTS_MAX] = {"events.max", INT(1024, 10000000), .scope = LIVE,
	.standard = "65536",
	.doc = "Events that wait for the host, at most; see docs/events.md."},

[SIPD_OPT_IMPORT_NUMBER_COLUMN] = {"import.number_column", STRING(255),
	.scope = IMPORT, .standard = "",
	.doc = "Header of the column of numbers; empty: found out."},
[SIPD_OPT_IMPORT_NAME_COLUMN] = {"import.name_column", STRING(255),
	.scope = IMPORT, .standard = "",
	.doc = "Header of the column of names; empty: found out."},
[SIPD_OPT_IMPORT_DELIMITER] = {"import.delimiter", STRING(9),
	.scope = IMPORT, .standard = "auto",
	.check = sipd_option_check_delimiter,
	.doc = "Between columns: auto, tab, or one of , ; | :"},
[SIPD_OPT_IMPORT_MAX_ERRORS] = {"import.max_errors", INT(0, 1000000),
	.scope = IMPORT, .standard = "1000",
	.doc = "IMPORT_ERROR events of one file, at most; further ones are "
	"only counted."},
};
/* clang-format on */

static const char *const type_names[] = {
	[SIPD_OPTION_STRING] = "string", [SIPD_OPTION_SECRET] = "secret",
	[SIPD_OPTION_PATH] = "path",     [SIPD_OPTION_INT] = "int",
	[SIPD_OPTION_NUM] = "num",       [SIPD_OPTION_BOOL] = "bool",
	[SIPD_OPTION_ENUM] = "enum",     [SIPD_OPTION_LIST] = "list",
	[SIPD_OPTION_LINES] = "lines",
};

enum { JSON_SIZE = 640 };

/* Written once, by the first who asks: texts that are valid for ever. */
static char json[SIPD_OPT_COUNT][JSON_SIZE];
static pthread_once_t json_once = PTHREAD_ONCE_INIT;


static void json_words(struct sipd_text *t, const char *name,
		       const char *words)
{
	sipd_text_printf(t, ",\"%s\":[", name);
	while (words && *words) {
		const char *end = words;

		while (*end && *end != ',')
			end++;
		sipd_text_printf(t, "\"%.*s\"%s", (int)(end - words), words,
				 *end ? "," : "");
		words = *end ? end + 1 : end;
	}
	sipd_text_add(t, "]");
}


static void json_scope(struct sipd_text *t, unsigned scope)
{
	sipd_text_add(t, ",\"scope\":[\"engine\"");
	if (scope & SIPD_SCOPE_CALL)
		sipd_text_add(t, ",\"call\"");
	if (scope & SIPD_SCOPE_CAMPAIGN)
		sipd_text_add(t, ",\"campaign\"");
	if (scope & SIPD_SCOPE_IMPORT)
		sipd_text_add(t, ",\"import\"");
	if (scope & SIPD_SCOPE_ACCOUNT)
		sipd_text_add(t, ",\"account\"");
	sipd_text_add(t, "]");
}


static void json_write(struct sipd_text *t, const struct sipd_option_def *def)
{
	const bool number = def->type == SIPD_OPTION_INT ||
			    def->type == SIPD_OPTION_NUM;

	sipd_text_add(t, "{");
	sipd_json_str(t, "name", def->name);
	sipd_json_str(t, "type", type_names[def->type]);
	sipd_json_str(t, "unit", def->unit);
	if (number) {
		sipd_json_int(t, "min", def->min);
		sipd_json_int(t, "max", def->max);
	}
	else if (def->max) {
		sipd_json_int(t, "max_bytes", def->max);
	}
	if (def->words)
		json_words(t, "words", def->words);
	if (def->later && *def->later != '*')
		json_words(t, "later", def->later);
	sipd_json_str(t, "default", def->standard);
	json_scope(t, sipd_option_scope((int)(def - sipd_option_table)));
	sipd_json_bool(t, "live", def->scope & SIPD_SCOPE_LIVE);
	sipd_json_bool(t, "built_in", !def->later || *def->later != '*');
	sipd_json_str(t, "doc", def->doc);
	sipd_text_add(t, "}");
}


static void json_write_all(void)
{
	for (size_t i = 0; i < SIPD_OPT_COUNT; i++) {
		struct sipd_text t;

		sipd_text_init(&t, json[i], sizeof(json[i]));
		json_write(&t, &sipd_option_table[i]);
		assert(!sipd_text_cut(&t));
	}
}


const char *sipd_option_json(size_t index)
{
	if (index >= SIPD_OPT_COUNT)
		return NULL;

	(void)pthread_once(&json_once, json_write_all);

	return json[index];
}
