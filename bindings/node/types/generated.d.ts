// Made by scripts/make-node-types.py from the option table and the words of the library.
// Change those, not this file.

/** Options of a dialer: `new Dialer(options)`, `dialer.set()`. */
export interface DialerOptions {
  /** Host name or address of the SIP server that numbers are dialed through. */
  'sip.server'?: string | null
  /** Port of the SIP server; 0: found by DNS (RFC 3263), else 5060, with tls 5061. 0 to 65,535. Default: 0. */
  'sip.port'?: number | bigint | `${number}` | null
  /** Transport to the SIP server; with tls nothing goes without it. Default: udp. */
  'sip.transport'?: 'udp' | 'tcp' | 'tls' | null
  /** Name servers that are asked for hosts, address[:port], at most 3 with commas between; empty: the system's. */
  'sip.dns_servers'?: string | null
  /** One of several servers that does not answer is left alone for this long, or until it answers an OPTIONS; 0: it is not. 0 to 3,600 s. Default: 60. */
  'sip.blacklist_time'?: number | bigint | `${number}` | null
  /** Silence of one of several servers after which a request goes to the next; 0: none does. 0 to 32 s. Default: 4. */
  'sip.failover_time'?: number | bigint | `${number}` | null
  /** User part of the account's SIP address. */
  'sip.user'?: string | null
  /** User name for digest authentication; empty: as sip.user. */
  'sip.auth_user'?: string | null
  /** Password of the account; sip.password_file keeps it out of command lines. */
  'sip.password'?: string | null
  /** File whose first line is the password; read at start. */
  'sip.password_file'?: string | null
  /** Domain of the account's SIP address; empty: as sip.server. */
  'sip.domain'?: string | null
  /** Realm that may have the password, or several with commas between; empty: the first that sip.server itself names. */
  'sip.realm'?: string | null
  /** Weakest digest that is answered, of the server's the strongest is (docs/accounts.md); sha-256: also SHA-512-256, never MD5. Default: md5. */
  'sip.digest'?: 'md5' | 'sha-256' | null
  /** Host or host:port that all requests are sent through. */
  'sip.outbound_proxy'?: string | null
  /** Register at the SIP server; auto: if sip.server and sip.user are set. Default: auto. */
  'sip.register'?: 'auto' | 'yes' | 'no' | boolean | null
  /** Life of a registration asked for; refreshed in time. 60 to 86,400 s. Default: 300. */
  'sip.register_expires'?: number | bigint | `${number}` | null
  /** Id of this device in REGISTER (RFC 5626), a UUID; auto: made of the machine and the account; no: none. Default: auto. */
  'sip.instance'?: string | null
  /** What keeps the way to the server open: crlf needs no answer; stun (UDP) finds a changed address at once; options finds a dead server, too. Default: crlf. */
  'sip.keepalive'?: 'crlf' | 'stun' | 'options' | null
  /** Keeps the way through a NAT open; 0: off. RFC 5626 4.4. 0 to 3,600 s. Default: 25. */
  'sip.keepalive_interval'?: number | bigint | `${number}` | null
  /** Mark of SIP packets, RFC 2474; 24 is CS3, 0 none. 0 to 63. Default: 24. */
  'sip.dscp'?: number | bigint | `${number}` | null
  /** Numeric address to bind SIP and RTP to; empty: the one that leads to the server. */
  'sip.local_address'?: string | null
  /** Port to bind SIP to; 0: any free one. 0 to 65,535. Default: 0. */
  'sip.local_port'?: number | bigint | `${number}` | null
  /** Numeric address to tell peers, for a host behind a static NAT; empty: the local one. */
  'sip.external_address'?: string | null
  /** Tell the address that the server sees us at, behind a NAT, in Contact; sip.external_address comes before it. Default: yes. */
  'sip.contact_rewrite'?: boolean | 'yes' | 'no' | null
  /** Number shown to the called side; empty: as sip.user. */
  'sip.caller_id'?: string | null
  /** Name shown to the called side. */
  'sip.caller_name'?: string | null
  /** Words of RFC 3323 with commas: id, user (From is anonymous), header, session, history, critical, or none. */
  'sip.privacy'?: string | null
  /** Number or URI of P-Asserted-Identity, told to sip.server only (RFC 3325). */
  'sip.asserted_identity'?: string | null
  /** Number or URI of P-Preferred-Identity, told to sip.server only (RFC 3325). */
  'sip.preferred_identity'?: string | null
  /** Number or URI of Diversion, told to sip.server only (RFC 5806). */
  'sip.diversion'?: string | null
  /** Value of the User-Agent header; empty: name and version of the library. */
  'sip.user_agent'?: string | null
  /** Header line added to each INVITE, as 'Name: value'; each one set is added, at most 32, empty clears. */
  'sip.header'?: string | readonly string[] | null
  /** Acknowledge provisional answers that ask for it (RFC 3262); required: call nobody who cannot send such. Default: supported. */
  'sip.100rel'?: 'no' | 'supported' | 'required' | null
  /** Hosts that a 3xx may lead a call to, as 'pbx.example, +49*@192.0.2.1'; empty: none is followed. */
  'sip.redirect_allow'?: string | null
  /** A call is over if no refresh came for so long, 90 or more; 0: we ask for none, and keep the one that the peer asks for (RFC 4028). 0 to 86,400 s. Default: 1800. */
  'sip.session_expires'?: number | bigint | `${number}` | null
  /** The shortest such time that a peer may ask for; less gets 422. 90 to 3,600 s. Default: 90. */
  'sip.session_min'?: number | bigint | `${number}` | null
  /** Who refreshes, where it is ours to say; auto: who the peer chooses. Default: auto. */
  'sip.session_refresher'?: 'auto' | 'local' | 'remote' | null
  /** PEM file of the authorities trusted; empty: the system's. */
  'sip.tls_ca_file'?: string | null
  /** Check certificate and name of the SIP server; no: a warning at each start. Default: yes. */
  'sip.tls_verify'?: boolean | 'yes' | 'no' | null
  /** PEM file of our own certificate and its chain, for servers that ask for one. */
  'sip.tls_cert_file'?: string | null
  /** PEM file of its key, without a pass phrase; empty: in sip.tls_cert_file. */
  'sip.tls_key_file'?: string | null
  /** Oldest version of TLS that is spoken. Default: tlsv1.2. */
  'sip.tls_min_version'?: 'tlsv1.2' | 'tlsv1.3' | null
  /** Codecs offered, the preferred first; of an offer that comes the first of these is taken. Calls with one of g722, opus and l16 run at 16 kHz. Default: pcmu,pcma. */
  'media.codecs'?: string | readonly ('pcmu' | 'pcma' | 'g722' | 'opus' | 'l16')[] | null
  /** Encryption of the audio (docs/srtp.md); optional: where the far end can; required, dtls: no call without. Default: off. */
  'media.srtp'?: 'off' | 'optional' | 'required' | 'dtls' | null
  /** Offer and take RTCP on the port of RTP (RFC 5761); with DTLS always. Default: no. */
  'media.rtcp_mux'?: boolean | 'yes' | 'no' | null
  /** How keys are sent and listened for (docs/dtmf.md); auto: RFC 4733 if the far end has it, else tones, or INFO with Opus. Default: auto. */
  'media.dtmf'?: 'rfc4733' | 'info' | 'inband' | 'auto' | null
  /** Lowest port for RTP, 1024 or more; 0: any free one. 0 to 65,534. Default: 0. */
  'media.rtp_port_min'?: number | bigint | `${number}` | null
  /** Highest port for RTP, 1024 or more; 0: any free one. 0 to 65,534. Default: 0. */
  'media.rtp_port_max'?: number | bigint | `${number}` | null
  /** Mark of RTP and RTCP packets, RFC 2474; 46 is EF, 0 none. 0 to 63. Default: 46. */
  'media.dscp'?: number | bigint | `${number}` | null
  /** An answered call without any RTP from the far end, or once it was heard any RTCP, is hung up after this long; 0: never. Not while the far end holds it without music. 0 to 3,600 s. Default: 30. */
  'media.rtp_timeout'?: number | bigint | `${number}` | null
  /** Threads for audio; 0: one a processor core. 0 to 64. Default: 0. */
  'media.threads'?: number | bigint | `${number}` | null
  /** Calls at once; of a campaign: its share of the engine's. 1 to 100,000. Default: 100. */
  'dial.max_calls'?: number | bigint | `${number}` | null
  /** New calls of campaigns in any second, at most; 0: no limit. 0 to 100,000 1/s. Default: 10. */
  'dial.calls_per_second'?: number | `${number}` | null
  /** A call not answered after this long is given up. 5 to 300 s. Default: 45. */
  'dial.ring_timeout'?: number | bigint | `${number}` | null
  /** A call is hung up this long after its answer; 0: never. 0 to 86,400 s. Default: 0. */
  'dial.max_duration'?: number | bigint | `${number}` | null
  /** Country of numbers written without one, as 'US' or '49'; empty: numbers are taken as they are. */
  'dial.default_country'?: string | null
  /** Further calls to a contact of a campaign that was not reached. 0 to 100. Default: 2. */
  'dial.retries'?: number | bigint | `${number}` | null
  /** Time from the end of a call to the next to the same contact. 0 to 2,592,000 s. Default: 300. */
  'dial.retry_delay'?: number | bigint | `${number}` | null
  /** Exceptions by disposition, a delay in s or off: 'busy=60,no_answer=300,rejected=off'. */
  'dial.retry_rules'?: string | null
  /** Dial contacts again whose call was in doubt when the process died; somebody may be called twice. Default: no. */
  'dial.retry_interrupted'?: boolean | 'yes' | 'no' | null
  /** This engine dials the running campaigns of its store; no: it only manages them. Default: yes. */
  'dial.campaigns'?: boolean | 'yes' | 'no' | null
  /** Account that calls are dialed through, by the name it was added with; empty: the engine's own. */
  'call.account'?: string | null
  /** WAV file played after the answer. */
  'call.play'?: string | null
  /** WAV file the call is recorded to; of a campaign a directory, in which each call makes a file call-ID.wav. */
  'call.record'?: string | null
  /** Record the far end left and us right; no: both mixed. Default: no. */
  'call.record_stereo'?: boolean | 'yes' | 'no' | null
  /** Keys sent after the answer: 0-9 * # A-D, ',' pauses 500 ms. */
  'call.dtmf'?: string | null
  /** Hang up when call.play has ended; a campaign does so unless this is set. Default: no. */
  'call.hangup_after_play'?: boolean | 'yes' | 'no' | null
  /** WAV file played, again and again, to who is held by sipdialer_call_hold(). */
  'call.hold_play'?: string | null
  /** What the far end gets that asks for a transfer (REFER): 603, or what the host says to CALL_REFERRED. Default: reject. */
  'call.refer'?: 'reject' | 'ask' | null
  /** Samples per second of the audio that the host exchanges with the call (docs/audio.md); off: none. Default: off. */
  'call.audio'?: 'off' | '8000' | '16000' | '24000' | '48000' | 8000 | 16000 | 24000 | 48000 | null
  /** Calls that are recorded (docs/recording.md); demand: by call.record or a verb; human: all, but only those stay on disk whose verdict (amd.enabled) is human. Default: demand. */
  'record.policy'?: 'never' | 'all' | 'demand' | 'human' | null
  /** Folder of the files that record.policy makes; made if it is not there. Default: recordings. */
  'record.folder'?: string | null
  /** Their names in it, of {date} {time} {call} {campaign} {contact} {to} {from}; {call} must be there, {date}/ first lets record.keep_days find them. Default: {date}/{time}-{call}.wav. */
  'record.name'?: string | null
  /** A recording ends, whole, at this size; 0: at 2,047 MiB. 0 to 2,047 MiB. Default: 0. */
  'record.max_size'?: number | bigint | `${number}` | null
  /** A recording ends, whole, after this time; 0: never. 0 to 86,400 s. Default: 0. */
  'record.max_duration'?: number | bigint | `${number}` | null
  /** Once the files of record.policy have so much, none begins; those that run go on; 0: no limit. 0 to 1,000,000,000 MiB. Default: 0. */
  'record.max_total'?: number | bigint | `${number}` | null
  /** With less free on its disk no recording begins; those that run go on. 0 to 1,000,000,000 MiB. Default: 100. */
  'record.min_free'?: number | bigint | `${number}` | null
  /** Files of record.policy older than so many days are removed, at the start and after midnight; 0: never. 0 to 36,500 days. Default: 0. */
  'record.keep_days'?: number | bigint | `${number}` | null
  /** Audio of a call that waits for the host, at most; more is dropped and counted. 100 to 60,000 ms. Default: 1000. */
  'audio.read_buffer'?: number | bigint | `${number}` | null
  /** Audio of the host that waits to be sent, at most; more is not taken. 100 to 60,000 ms. Default: 5000. */
  'audio.write_buffer'?: number | bigint | `${number}` | null
  /** Listen to who answers (docs/answering.md); call.play waits for what is heard. Calls that come in are not listened to. Default: no. */
  'amd.enabled'?: boolean | 'yes' | 'no' | null
  /** A human answered: play call.play, leave amd.message, transfer to amd.transfer, hang up, or leave it to the host, who is told by CALL_AMD. Default: play. */
  'amd.human'?: 'play' | 'message' | 'transfer' | 'hangup' | 'host' | null
  /** The same if a machine answered. Default: hangup. */
  'amd.machine'?: 'play' | 'message' | 'transfer' | 'hangup' | 'host' | null
  /** The same if a fax answered. Default: hangup. */
  'amd.fax'?: 'play' | 'message' | 'transfer' | 'hangup' | 'host' | null
  /** The same if it cannot be told; play and message hang up if a tone of the network was heard (SIT, busy, congestion). Default: play. */
  'amd.unknown'?: 'play' | 'message' | 'transfer' | 'hangup' | 'host' | null
  /** What a provisional verdict human does, which may be taken back: nothing; play begins, and stops if it is; or human: any amd.human is done, once and for all. Default: play. */
  'amd.early'?: 'no' | 'play' | 'human' | null
  /** WAV file left as a message, whole, after the beep; then the call is hung up. */
  'amd.message'?: string | null
  /** Number or SIP URI that the action transfer transfers to. */
  'amd.transfer'?: string | null
  /** The final verdict comes so long after the answer at the latest. 500 to 60,000 ms. Default: 5000. */
  'amd.timeout'?: number | bigint | `${number}` | null
  /** A message waits so long for the beep or the end of the greeting, counted from the verdict; then it is skipped and the call hung up. 1 to 600 s. Default: 60. */
  'amd.beep_timeout'?: number | bigint | `${number}` | null
  /** Silence that ends a greeting if no beep comes. 300 to 10,000 ms. Default: 1200. */
  'amd.end_silence'?: number | bigint | `${number}` | null
  /** Time between CALL_AMD events "listening" with the probabilities, rounded up to 20 ms; 0: none. 0 to 10,000 ms. Default: 0. */
  'amd.interval'?: number | bigint | `${number}` | null
  /** Whose calls come in as CALL_INCOMING; server: those of sip.server and sip.outbound_proxy; trunks: those of incoming.trunks. Others get no answer. Default: no. */
  'incoming.accept'?: 'no' | 'server' | 'trunks' | 'both' | null
  /** Who else may call and ask, whatever the transport: addresses, networks as 192.0.2.0/24 and host names, at most 64, ',' between. */
  'incoming.trunks'?: string | null
  /** Calls that came in, at once; more get 486. 0: as many as dial.max_calls, which counts them, too. 0 to 100,000. Default: 0. */
  'incoming.max_calls'?: number | bigint | `${number}` | null
  /** Where the number called is read: the request-URI, or To; auto: the request-URI unless that is sip.user, else P-Called-Party-ID, else To. Default: auto. */
  'incoming.did'?: 'auto' | 'uri' | 'to' | null
  /** A call that came in and is neither answered nor refused is decided by incoming.default after this long. 1 to 300 s. Default: 20. */
  'incoming.timeout'?: number | bigint | `${number}` | null
  /** With audio before the answer it is refused by 480 after this long. 1 to 600 s. Default: 180. */
  'incoming.early_timeout'?: number | bigint | `${number}` | null
  /** What becomes of a call that the host has not decided in time; answer: it hears incoming.play, is recorded to call-ID.wav in the folder call.record, and is hung up after the prompt. Default: reject. */
  'incoming.default'?: 'reject' | 'answer' | null
  /** WAV file for calls answered by incoming.default; empty: call.play. */
  'incoming.play'?: string | null
  /** SQLite file of contacts, campaigns and results; empty: no store, and no campaigns. */
  'store.path'?: string | null
  /** Redis server that gives commands and takes events. Not yet: only the default. */
  'redis.url'?: string | null
  /** First part of the names of channels and keys. Default: sipdialer. Not yet: only the default. */
  'redis.prefix'?: string | null
  /** Time between health messages; 0: none. 0 to 3,600 s. Default: 10. Not yet: only the default. */
  'redis.health_interval'?: number | bigint | `${number}` | null
  /** Log lines up to this severity come as LOG events. Default: info. */
  'log.level'?: 'error' | 'warning' | 'info' | 'debug' | null
  /** Events that wait for the host, at most; see docs/events.md. 1,024 to 10,000,000. Default: 65536. */
  'events.max'?: number | bigint | `${number}` | null
  /** Header of the column of numbers; empty: found out. */
  'import.number_column'?: string | null
  /** Header of the column of names; empty: found out. */
  'import.name_column'?: string | null
  /** Between columns: auto, tab, or one of , ; | :. Default: auto. */
  'import.delimiter'?: string | null
  /** IMPORT_ERROR events of one file, at most; further ones are only counted. 0 to 1,000,000. Default: 1000. */
  'import.max_errors'?: number | bigint | `${number}` | null
}

/** Options of one call. */
export interface CallOptions {
  /** Number shown to the called side; empty: as sip.user. */
  'sip.caller_id'?: string | null
  /** Name shown to the called side. */
  'sip.caller_name'?: string | null
  /** Words of RFC 3323 with commas: id, user (From is anonymous), header, session, history, critical, or none. */
  'sip.privacy'?: string | null
  /** Number or URI of P-Asserted-Identity, told to sip.server only (RFC 3325). */
  'sip.asserted_identity'?: string | null
  /** Number or URI of P-Preferred-Identity, told to sip.server only (RFC 3325). */
  'sip.preferred_identity'?: string | null
  /** Number or URI of Diversion, told to sip.server only (RFC 5806). */
  'sip.diversion'?: string | null
  /** Header line added to each INVITE, as 'Name: value'; each one set is added, at most 32, empty clears. */
  'sip.header'?: string | readonly string[] | null
  /** Codecs offered, the preferred first; of an offer that comes the first of these is taken. Calls with one of g722, opus and l16 run at 16 kHz. Default: pcmu,pcma. */
  'media.codecs'?: string | readonly ('pcmu' | 'pcma' | 'g722' | 'opus' | 'l16')[] | null
  /** Encryption of the audio (docs/srtp.md); optional: where the far end can; required, dtls: no call without. Default: off. */
  'media.srtp'?: 'off' | 'optional' | 'required' | 'dtls' | null
  /** Offer and take RTCP on the port of RTP (RFC 5761); with DTLS always. Default: no. */
  'media.rtcp_mux'?: boolean | 'yes' | 'no' | null
  /** How keys are sent and listened for (docs/dtmf.md); auto: RFC 4733 if the far end has it, else tones, or INFO with Opus. Default: auto. */
  'media.dtmf'?: 'rfc4733' | 'info' | 'inband' | 'auto' | null
  /** An answered call without any RTP from the far end, or once it was heard any RTCP, is hung up after this long; 0: never. Not while the far end holds it without music. 0 to 3,600 s. Default: 30. */
  'media.rtp_timeout'?: number | bigint | `${number}` | null
  /** A call not answered after this long is given up. 5 to 300 s. Default: 45. */
  'dial.ring_timeout'?: number | bigint | `${number}` | null
  /** A call is hung up this long after its answer; 0: never. 0 to 86,400 s. Default: 0. */
  'dial.max_duration'?: number | bigint | `${number}` | null
  /** Account that calls are dialed through, by the name it was added with; empty: the engine's own. */
  'call.account'?: string | null
  /** WAV file played after the answer. */
  'call.play'?: string | null
  /** WAV file the call is recorded to; of a campaign a directory, in which each call makes a file call-ID.wav. */
  'call.record'?: string | null
  /** Record the far end left and us right; no: both mixed. Default: no. */
  'call.record_stereo'?: boolean | 'yes' | 'no' | null
  /** Keys sent after the answer: 0-9 * # A-D, ',' pauses 500 ms. */
  'call.dtmf'?: string | null
  /** Hang up when call.play has ended; a campaign does so unless this is set. Default: no. */
  'call.hangup_after_play'?: boolean | 'yes' | 'no' | null
  /** WAV file played, again and again, to who is held by sipdialer_call_hold(). */
  'call.hold_play'?: string | null
  /** What the far end gets that asks for a transfer (REFER): 603, or what the host says to CALL_REFERRED. Default: reject. */
  'call.refer'?: 'reject' | 'ask' | null
  /** Samples per second of the audio that the host exchanges with the call (docs/audio.md); off: none. Default: off. */
  'call.audio'?: 'off' | '8000' | '16000' | '24000' | '48000' | 8000 | 16000 | 24000 | 48000 | null
  /** Calls that are recorded (docs/recording.md); demand: by call.record or a verb; human: all, but only those stay on disk whose verdict (amd.enabled) is human. Default: demand. */
  'record.policy'?: 'never' | 'all' | 'demand' | 'human' | null
  /** Their names in it, of {date} {time} {call} {campaign} {contact} {to} {from}; {call} must be there, {date}/ first lets record.keep_days find them. Default: {date}/{time}-{call}.wav. */
  'record.name'?: string | null
  /** A recording ends, whole, at this size; 0: at 2,047 MiB. 0 to 2,047 MiB. Default: 0. */
  'record.max_size'?: number | bigint | `${number}` | null
  /** A recording ends, whole, after this time; 0: never. 0 to 86,400 s. Default: 0. */
  'record.max_duration'?: number | bigint | `${number}` | null
  /** Audio of a call that waits for the host, at most; more is dropped and counted. 100 to 60,000 ms. Default: 1000. */
  'audio.read_buffer'?: number | bigint | `${number}` | null
  /** Audio of the host that waits to be sent, at most; more is not taken. 100 to 60,000 ms. Default: 5000. */
  'audio.write_buffer'?: number | bigint | `${number}` | null
  /** Listen to who answers (docs/answering.md); call.play waits for what is heard. Calls that come in are not listened to. Default: no. */
  'amd.enabled'?: boolean | 'yes' | 'no' | null
  /** A human answered: play call.play, leave amd.message, transfer to amd.transfer, hang up, or leave it to the host, who is told by CALL_AMD. Default: play. */
  'amd.human'?: 'play' | 'message' | 'transfer' | 'hangup' | 'host' | null
  /** The same if a machine answered. Default: hangup. */
  'amd.machine'?: 'play' | 'message' | 'transfer' | 'hangup' | 'host' | null
  /** The same if a fax answered. Default: hangup. */
  'amd.fax'?: 'play' | 'message' | 'transfer' | 'hangup' | 'host' | null
  /** The same if it cannot be told; play and message hang up if a tone of the network was heard (SIT, busy, congestion). Default: play. */
  'amd.unknown'?: 'play' | 'message' | 'transfer' | 'hangup' | 'host' | null
  /** What a provisional verdict human does, which may be taken back: nothing; play begins, and stops if it is; or human: any amd.human is done, once and for all. Default: play. */
  'amd.early'?: 'no' | 'play' | 'human' | null
  /** WAV file left as a message, whole, after the beep; then the call is hung up. */
  'amd.message'?: string | null
  /** Number or SIP URI that the action transfer transfers to. */
  'amd.transfer'?: string | null
  /** The final verdict comes so long after the answer at the latest. 500 to 60,000 ms. Default: 5000. */
  'amd.timeout'?: number | bigint | `${number}` | null
  /** A message waits so long for the beep or the end of the greeting, counted from the verdict; then it is skipped and the call hung up. 1 to 600 s. Default: 60. */
  'amd.beep_timeout'?: number | bigint | `${number}` | null
  /** Silence that ends a greeting if no beep comes. 300 to 10,000 ms. Default: 1200. */
  'amd.end_silence'?: number | bigint | `${number}` | null
  /** Time between CALL_AMD events "listening" with the probabilities, rounded up to 20 ms; 0: none. 0 to 10,000 ms. Default: 0. */
  'amd.interval'?: number | bigint | `${number}` | null
  /** With audio before the answer it is refused by 480 after this long. 1 to 600 s. Default: 180. */
  'incoming.early_timeout'?: number | bigint | `${number}` | null
}

/** Options of one account. */
export interface AccountOptions {
  /** Host name or address of the SIP server that numbers are dialed through. */
  'sip.server'?: string | null
  /** Port of the SIP server; 0: found by DNS (RFC 3263), else 5060, with tls 5061. 0 to 65,535. Default: 0. */
  'sip.port'?: number | bigint | `${number}` | null
  /** Transport to the SIP server; with tls nothing goes without it. Default: udp. */
  'sip.transport'?: 'udp' | 'tcp' | 'tls' | null
  /** Name servers that are asked for hosts, address[:port], at most 3 with commas between; empty: the system's. */
  'sip.dns_servers'?: string | null
  /** One of several servers that does not answer is left alone for this long, or until it answers an OPTIONS; 0: it is not. 0 to 3,600 s. Default: 60. */
  'sip.blacklist_time'?: number | bigint | `${number}` | null
  /** Silence of one of several servers after which a request goes to the next; 0: none does. 0 to 32 s. Default: 4. */
  'sip.failover_time'?: number | bigint | `${number}` | null
  /** User part of the account's SIP address. */
  'sip.user'?: string | null
  /** User name for digest authentication; empty: as sip.user. */
  'sip.auth_user'?: string | null
  /** Password of the account; sip.password_file keeps it out of command lines. */
  'sip.password'?: string | null
  /** File whose first line is the password; read at start. */
  'sip.password_file'?: string | null
  /** Domain of the account's SIP address; empty: as sip.server. */
  'sip.domain'?: string | null
  /** Realm that may have the password, or several with commas between; empty: the first that sip.server itself names. */
  'sip.realm'?: string | null
  /** Weakest digest that is answered, of the server's the strongest is (docs/accounts.md); sha-256: also SHA-512-256, never MD5. Default: md5. */
  'sip.digest'?: 'md5' | 'sha-256' | null
  /** Host or host:port that all requests are sent through. */
  'sip.outbound_proxy'?: string | null
  /** Register at the SIP server; auto: if sip.server and sip.user are set. Default: auto. */
  'sip.register'?: 'auto' | 'yes' | 'no' | boolean | null
  /** Life of a registration asked for; refreshed in time. 60 to 86,400 s. Default: 300. */
  'sip.register_expires'?: number | bigint | `${number}` | null
  /** Id of this device in REGISTER (RFC 5626), a UUID; auto: made of the machine and the account; no: none. Default: auto. */
  'sip.instance'?: string | null
  /** What keeps the way to the server open: crlf needs no answer; stun (UDP) finds a changed address at once; options finds a dead server, too. Default: crlf. */
  'sip.keepalive'?: 'crlf' | 'stun' | 'options' | null
  /** Keeps the way through a NAT open; 0: off. RFC 5626 4.4. 0 to 3,600 s. Default: 25. */
  'sip.keepalive_interval'?: number | bigint | `${number}` | null
  /** Mark of SIP packets, RFC 2474; 24 is CS3, 0 none. 0 to 63. Default: 24. */
  'sip.dscp'?: number | bigint | `${number}` | null
  /** Numeric address to bind SIP and RTP to; empty: the one that leads to the server. */
  'sip.local_address'?: string | null
  /** Port to bind SIP to; 0: any free one. 0 to 65,535. Default: 0. */
  'sip.local_port'?: number | bigint | `${number}` | null
  /** Numeric address to tell peers, for a host behind a static NAT; empty: the local one. */
  'sip.external_address'?: string | null
  /** Tell the address that the server sees us at, behind a NAT, in Contact; sip.external_address comes before it. Default: yes. */
  'sip.contact_rewrite'?: boolean | 'yes' | 'no' | null
  /** Number shown to the called side; empty: as sip.user. */
  'sip.caller_id'?: string | null
  /** Name shown to the called side. */
  'sip.caller_name'?: string | null
  /** Words of RFC 3323 with commas: id, user (From is anonymous), header, session, history, critical, or none. */
  'sip.privacy'?: string | null
  /** Number or URI of P-Asserted-Identity, told to sip.server only (RFC 3325). */
  'sip.asserted_identity'?: string | null
  /** Number or URI of P-Preferred-Identity, told to sip.server only (RFC 3325). */
  'sip.preferred_identity'?: string | null
  /** Number or URI of Diversion, told to sip.server only (RFC 5806). */
  'sip.diversion'?: string | null
  /** Value of the User-Agent header; empty: name and version of the library. */
  'sip.user_agent'?: string | null
  /** Header line added to each INVITE, as 'Name: value'; each one set is added, at most 32, empty clears. */
  'sip.header'?: string | readonly string[] | null
  /** Acknowledge provisional answers that ask for it (RFC 3262); required: call nobody who cannot send such. Default: supported. */
  'sip.100rel'?: 'no' | 'supported' | 'required' | null
  /** Hosts that a 3xx may lead a call to, as 'pbx.example, +49*@192.0.2.1'; empty: none is followed. */
  'sip.redirect_allow'?: string | null
  /** A call is over if no refresh came for so long, 90 or more; 0: we ask for none, and keep the one that the peer asks for (RFC 4028). 0 to 86,400 s. Default: 1800. */
  'sip.session_expires'?: number | bigint | `${number}` | null
  /** The shortest such time that a peer may ask for; less gets 422. 90 to 3,600 s. Default: 90. */
  'sip.session_min'?: number | bigint | `${number}` | null
  /** Who refreshes, where it is ours to say; auto: who the peer chooses. Default: auto. */
  'sip.session_refresher'?: 'auto' | 'local' | 'remote' | null
  /** PEM file of the authorities trusted; empty: the system's. */
  'sip.tls_ca_file'?: string | null
  /** Check certificate and name of the SIP server; no: a warning at each start. Default: yes. */
  'sip.tls_verify'?: boolean | 'yes' | 'no' | null
  /** PEM file of our own certificate and its chain, for servers that ask for one. */
  'sip.tls_cert_file'?: string | null
  /** PEM file of its key, without a pass phrase; empty: in sip.tls_cert_file. */
  'sip.tls_key_file'?: string | null
  /** Oldest version of TLS that is spoken. Default: tlsv1.2. */
  'sip.tls_min_version'?: 'tlsv1.2' | 'tlsv1.3' | null
  /** Codecs offered, the preferred first; of an offer that comes the first of these is taken. Calls with one of g722, opus and l16 run at 16 kHz. Default: pcmu,pcma. */
  'media.codecs'?: string | readonly ('pcmu' | 'pcma' | 'g722' | 'opus' | 'l16')[] | null
  /** Encryption of the audio (docs/srtp.md); optional: where the far end can; required, dtls: no call without. Default: off. */
  'media.srtp'?: 'off' | 'optional' | 'required' | 'dtls' | null
  /** Offer and take RTCP on the port of RTP (RFC 5761); with DTLS always. Default: no. */
  'media.rtcp_mux'?: boolean | 'yes' | 'no' | null
  /** How keys are sent and listened for (docs/dtmf.md); auto: RFC 4733 if the far end has it, else tones, or INFO with Opus. Default: auto. */
  'media.dtmf'?: 'rfc4733' | 'info' | 'inband' | 'auto' | null
  /** Whose calls come in as CALL_INCOMING; server: those of sip.server and sip.outbound_proxy; trunks: those of incoming.trunks. Others get no answer. Default: no. */
  'incoming.accept'?: 'no' | 'server' | 'trunks' | 'both' | null
  /** Who else may call and ask, whatever the transport: addresses, networks as 192.0.2.0/24 and host names, at most 64, ',' between. */
  'incoming.trunks'?: string | null
}

/** Options of one campaign, kept in the store. */
export interface CampaignOptions {
  /** Number shown to the called side; empty: as sip.user. */
  'sip.caller_id'?: string | null
  /** Name shown to the called side. */
  'sip.caller_name'?: string | null
  /** Words of RFC 3323 with commas: id, user (From is anonymous), header, session, history, critical, or none. */
  'sip.privacy'?: string | null
  /** Number or URI of P-Asserted-Identity, told to sip.server only (RFC 3325). */
  'sip.asserted_identity'?: string | null
  /** Number or URI of P-Preferred-Identity, told to sip.server only (RFC 3325). */
  'sip.preferred_identity'?: string | null
  /** Number or URI of Diversion, told to sip.server only (RFC 5806). */
  'sip.diversion'?: string | null
  /** Header line added to each INVITE, as 'Name: value'; each one set is added, at most 32, empty clears. */
  'sip.header'?: string | readonly string[] | null
  /** Codecs offered, the preferred first; of an offer that comes the first of these is taken. Calls with one of g722, opus and l16 run at 16 kHz. Default: pcmu,pcma. */
  'media.codecs'?: string | readonly ('pcmu' | 'pcma' | 'g722' | 'opus' | 'l16')[] | null
  /** Encryption of the audio (docs/srtp.md); optional: where the far end can; required, dtls: no call without. Default: off. */
  'media.srtp'?: 'off' | 'optional' | 'required' | 'dtls' | null
  /** Offer and take RTCP on the port of RTP (RFC 5761); with DTLS always. Default: no. */
  'media.rtcp_mux'?: boolean | 'yes' | 'no' | null
  /** How keys are sent and listened for (docs/dtmf.md); auto: RFC 4733 if the far end has it, else tones, or INFO with Opus. Default: auto. */
  'media.dtmf'?: 'rfc4733' | 'info' | 'inband' | 'auto' | null
  /** An answered call without any RTP from the far end, or once it was heard any RTCP, is hung up after this long; 0: never. Not while the far end holds it without music. 0 to 3,600 s. Default: 30. */
  'media.rtp_timeout'?: number | bigint | `${number}` | null
  /** Calls at once; of a campaign: its share of the engine's. 1 to 100,000. Default: 100. */
  'dial.max_calls'?: number | bigint | `${number}` | null
  /** New calls of campaigns in any second, at most; 0: no limit. 0 to 100,000 1/s. Default: 10. */
  'dial.calls_per_second'?: number | `${number}` | null
  /** A call not answered after this long is given up. 5 to 300 s. Default: 45. */
  'dial.ring_timeout'?: number | bigint | `${number}` | null
  /** A call is hung up this long after its answer; 0: never. 0 to 86,400 s. Default: 0. */
  'dial.max_duration'?: number | bigint | `${number}` | null
  /** Country of numbers written without one, as 'US' or '49'; empty: numbers are taken as they are. */
  'dial.default_country'?: string | null
  /** Further calls to a contact of a campaign that was not reached. 0 to 100. Default: 2. */
  'dial.retries'?: number | bigint | `${number}` | null
  /** Time from the end of a call to the next to the same contact. 0 to 2,592,000 s. Default: 300. */
  'dial.retry_delay'?: number | bigint | `${number}` | null
  /** Exceptions by disposition, a delay in s or off: 'busy=60,no_answer=300,rejected=off'. */
  'dial.retry_rules'?: string | null
  /** Account that calls are dialed through, by the name it was added with; empty: the engine's own. */
  'call.account'?: string | null
  /** WAV file played after the answer. */
  'call.play'?: string | null
  /** WAV file the call is recorded to; of a campaign a directory, in which each call makes a file call-ID.wav. */
  'call.record'?: string | null
  /** Record the far end left and us right; no: both mixed. Default: no. */
  'call.record_stereo'?: boolean | 'yes' | 'no' | null
  /** Keys sent after the answer: 0-9 * # A-D, ',' pauses 500 ms. */
  'call.dtmf'?: string | null
  /** Hang up when call.play has ended; a campaign does so unless this is set. Default: no. */
  'call.hangup_after_play'?: boolean | 'yes' | 'no' | null
  /** WAV file played, again and again, to who is held by sipdialer_call_hold(). */
  'call.hold_play'?: string | null
  /** What the far end gets that asks for a transfer (REFER): 603, or what the host says to CALL_REFERRED. Default: reject. */
  'call.refer'?: 'reject' | 'ask' | null
  /** Samples per second of the audio that the host exchanges with the call (docs/audio.md); off: none. Default: off. */
  'call.audio'?: 'off' | '8000' | '16000' | '24000' | '48000' | 8000 | 16000 | 24000 | 48000 | null
  /** Calls that are recorded (docs/recording.md); demand: by call.record or a verb; human: all, but only those stay on disk whose verdict (amd.enabled) is human. Default: demand. */
  'record.policy'?: 'never' | 'all' | 'demand' | 'human' | null
  /** Their names in it, of {date} {time} {call} {campaign} {contact} {to} {from}; {call} must be there, {date}/ first lets record.keep_days find them. Default: {date}/{time}-{call}.wav. */
  'record.name'?: string | null
  /** A recording ends, whole, at this size; 0: at 2,047 MiB. 0 to 2,047 MiB. Default: 0. */
  'record.max_size'?: number | bigint | `${number}` | null
  /** A recording ends, whole, after this time; 0: never. 0 to 86,400 s. Default: 0. */
  'record.max_duration'?: number | bigint | `${number}` | null
  /** Audio of a call that waits for the host, at most; more is dropped and counted. 100 to 60,000 ms. Default: 1000. */
  'audio.read_buffer'?: number | bigint | `${number}` | null
  /** Audio of the host that waits to be sent, at most; more is not taken. 100 to 60,000 ms. Default: 5000. */
  'audio.write_buffer'?: number | bigint | `${number}` | null
  /** Listen to who answers (docs/answering.md); call.play waits for what is heard. Calls that come in are not listened to. Default: no. */
  'amd.enabled'?: boolean | 'yes' | 'no' | null
  /** A human answered: play call.play, leave amd.message, transfer to amd.transfer, hang up, or leave it to the host, who is told by CALL_AMD. Default: play. */
  'amd.human'?: 'play' | 'message' | 'transfer' | 'hangup' | 'host' | null
  /** The same if a machine answered. Default: hangup. */
  'amd.machine'?: 'play' | 'message' | 'transfer' | 'hangup' | 'host' | null
  /** The same if a fax answered. Default: hangup. */
  'amd.fax'?: 'play' | 'message' | 'transfer' | 'hangup' | 'host' | null
  /** The same if it cannot be told; play and message hang up if a tone of the network was heard (SIT, busy, congestion). Default: play. */
  'amd.unknown'?: 'play' | 'message' | 'transfer' | 'hangup' | 'host' | null
  /** What a provisional verdict human does, which may be taken back: nothing; play begins, and stops if it is; or human: any amd.human is done, once and for all. Default: play. */
  'amd.early'?: 'no' | 'play' | 'human' | null
  /** WAV file left as a message, whole, after the beep; then the call is hung up. */
  'amd.message'?: string | null
  /** Number or SIP URI that the action transfer transfers to. */
  'amd.transfer'?: string | null
  /** The final verdict comes so long after the answer at the latest. 500 to 60,000 ms. Default: 5000. */
  'amd.timeout'?: number | bigint | `${number}` | null
  /** A message waits so long for the beep or the end of the greeting, counted from the verdict; then it is skipped and the call hung up. 1 to 600 s. Default: 60. */
  'amd.beep_timeout'?: number | bigint | `${number}` | null
  /** Silence that ends a greeting if no beep comes. 300 to 10,000 ms. Default: 1200. */
  'amd.end_silence'?: number | bigint | `${number}` | null
  /** Time between CALL_AMD events "listening" with the probabilities, rounded up to 20 ms; 0: none. 0 to 10,000 ms. Default: 0. */
  'amd.interval'?: number | bigint | `${number}` | null
}

/** Options of one contact file. */
export interface ImportOptions {
  /** Country of numbers written without one, as 'US' or '49'; empty: numbers are taken as they are. */
  'dial.default_country'?: string | null
  /** Header of the column of numbers; empty: found out. */
  'import.number_column'?: string | null
  /** Header of the column of names; empty: found out. */
  'import.name_column'?: string | null
  /** Between columns: auto, tab, or one of , ; | :. Default: auto. */
  'import.delimiter'?: string | null
  /** IMPORT_ERROR events of one file, at most; further ones are only counted. 0 to 1,000,000. Default: 1000. */
  'import.max_errors'?: number | bigint | `${number}` | null
}

/** Kinds of events. */
export type EventName =
  | 'log'
  | 'lost'
  | 'started'
  | 'stopped'
  | 'registration'
  | 'done'
  | 'store'
  | 'call_dialing'
  | 'call_ringing'
  | 'call_early_media'
  | 'call_answered'
  | 'call_dtmf'
  | 'call_played'
  | 'call_held'
  | 'call_ended'
  | 'call_incoming'
  | 'call_audio'
  | 'call_transfer'
  | 'call_referred'
  | 'call_bridged'
  | 'call_unbridged'
  | 'call_replaced'
  | 'call_amd'
  | 'call_tone'
  | 'call_message'
  | 'call_recording'
  | 'campaign_status'
  | 'campaign_progress'
  | 'import_error'

/** How a call came out. */
export type Disposition =
  | 'none'
  | 'answered'
  | 'answered_human'
  | 'answered_machine'
  | 'fax'
  | 'busy'
  | 'no_answer'
  | 'invalid_number'
  | 'rejected'
  | 'blocked'
  | 'congestion'
  | 'cancelled'
  | 'abandoned'
  | 'interrupted'
  | 'dnc'
  | 'failed'

/** Who answered, as heard. */
export type AmdVerdict =
  | 'not_used'
  | 'human'
  | 'machine'
  | 'unknown'
  | 'fax'

/** State of a campaign. */
export type CampaignStatus =
  | 'draft'
  | 'scheduled'
  | 'running'
  | 'paused'
  | 'completed'
  | 'cancelled'

/** Registration at the SIP server. */
export type RegistrationStatus =
  | 'disconnected'
  | 'connecting'
  | 'registered'
  | 'failed'

/** Errors of the library. */
export type ErrorCode =
  | 'SIPDIALER_EINVAL'
  | 'SIPDIALER_ENOENT'
  | 'SIPDIALER_ESTATE'
  | 'SIPDIALER_EFULL'
  | 'SIPDIALER_ENOMEM'
  | 'SIPDIALER_EIO'
  | 'SIPDIALER_EBUSY'
  | 'SIPDIALER_EFORMAT'
  | 'SIPDIALER_ENEWER'
  | 'SIPDIALER_ENOSYS'
  | 'SIPDIALER_EAUTH'
  | 'SIPDIALER_ENET'
  | 'SIPDIALER_ESIZE'
  | 'SIPDIALER_ECANCELLED'
