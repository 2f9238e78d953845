// Declarations of the package; the options and the words come from the library.
/// <reference lib="esnext.disposable" />
import { EventEmitter } from 'node:events'
import { Duplex } from 'node:stream'
import {
  AccountOptions, AmdVerdict, CallOptions, CampaignOptions, CampaignStatus, DialerOptions, Disposition, ErrorCode, EventName,
  ImportOptions, RegistrationStatus
} from './types/generated'

export {
  AccountOptions, AmdVerdict, CallOptions, CampaignOptions, CampaignStatus, DialerOptions, Disposition, ErrorCode, EventName,
  ImportOptions, RegistrationStatus
}

// ---- events, as in docs/events.md ------------------------------------------

export interface BaseEvent<Name extends EventName> {
  event: Name
  /** RFC 3339, UTC, with milliseconds. */
  time: string
  /** Rises by 1 with each event. */
  seq: number
}

export interface LogEvent extends BaseEvent<'log'> {
  level: 'error' | 'warning' | 'info' | 'debug'
  text: string
}

export interface LostEvent extends BaseEvent<'lost'> {
  count: number
}

export interface StartedEvent extends BaseEvent<'started'> {
  /** The local SIP address. */
  text: string
}

export interface StoppedEvent extends BaseEvent<'stopped'> {}

export interface RegistrationEvent extends BaseEvent<'registration'> {
  status: RegistrationStatus
  sip_status: number
  reason: string | null
  expires_s: number
  retry_ms: number
  /** null: the dialer's own. */
  account: string | null
  /** Service-Route and Path of the answer. */
  headers: string | null
}

export interface DoneEvent extends BaseEvent<'done'> {
  request: number
  error: ErrorCode | null
  text: string | null
  campaign: number | null
  contact: number | null
  count: number
  total: number
  failed: number
}

export interface StoreEvent extends BaseEvent<'store'> {
  error: ErrorCode | null
  text: string | null
}

export interface CallEvent<Name extends EventName> extends BaseEvent<Name> {
  call: number
  campaign: number | null
  contact: number | null
}

export interface CallDialingEvent extends CallEvent<'call_dialing'> {
  to: string
}

export interface CallRingingEvent extends CallEvent<'call_ringing'> {
  sip_status: number
}

export interface CallEarlyMediaEvent extends CallEvent<'call_early_media'> {
  sip_status: number
  codec: string | null
}

export interface CallAnsweredEvent extends CallEvent<'call_answered'> {
  codec: string | null
  ring_ms: number
}

export interface CallDtmfEvent extends CallEvent<'call_dtmf'> {
  /** The key. */
  text: string
  duration_ms: number
}

export interface CallPlayedEvent extends CallEvent<'call_played'> {
  /** The file. */
  text: string | null
  /** null: played to its end. */
  error: ErrorCode | null
  reason: string | null
}

export interface CallIncomingEvent extends BaseEvent<'call_incoming'> {
  call: number
  from: string
  /** The number called. */
  to: string
  /** The caller's name. */
  text: string | null
  direction: 'inbound'
  account: string | null
  /** Header lines of the INVITE for the ends, "Name: value\n". */
  headers: string | null
  /** P-Asserted-Identity, number or URI. */
  asserted: string | null
  /** Who diverted it last. */
  diverted: string | null
  /** What the network found of the caller's number. */
  verstat: string | null
}

export interface CallTransferEvent extends CallEvent<'call_transfer'> {
  status: 'trying' | 'ringing' | 'completed' | 'failed'
  sip_status: number
  reason: string | null
}

export interface CallReferredEvent extends CallEvent<'call_referred'> {
  /** Who is to be called. */
  to: string
  /** Who asks. */
  text: string | null
}

export interface CallBridgedEvent extends CallEvent<'call_bridged'> {
  other: number
}

export interface CallUnbridgedEvent extends CallEvent<'call_unbridged'> {
  other: number
  /** It could not be joined. */
  error: ErrorCode | null
  reason: string | null
}

export interface CallReplacedEvent extends CallEvent<'call_replaced'> {
  /** The call that goes on. */
  other: number
}

export interface CallAmdEvent extends CallEvent<'call_amd'> {
  status: AmdVerdict
  text: 'listening' | 'provisional' | 'final'
  confidence: number
  /** After the answer. */
  at_ms: number
  /** What decided it. */
  reason: string | null
  p_human: number
  p_machine: number
  p_beep: number
}

export interface CallToneEvent extends CallEvent<'call_tone'> {
  text: 'beep' | 'sit' | 'cng' | 'ced' | 'ringback' | 'busy' | 'reorder' | 'dial'
  /** Class of a `sit`. */
  reason: string | null
  at_ms: number
  duration_ms: number
  hz: number
  /** 0: one frequency. */
  hz2: number
}

export interface CallMessageEvent extends CallEvent<'call_message'> {
  text: 'waiting' | 'playing' | 'left' | 'cut' | 'skipped'
  reason: string | null
}

export interface CallRecordingEvent extends CallEvent<'call_recording'> {
  text: 'begun' | 'ended' | 'removed' | 'refused'
  /** Its file. */
  recording: string | null
  duration_ms: number
  /** Milliseconds of it that are silence because the disk was too slow. */
  failed: number
  reason: string | null
}

export interface CallAudioEvent extends CallEvent<'call_audio'> {
  /** Samples that wait to be read. */
  count: number
  /** Samples that wait to be sent. */
  pending: number
  /** Samples lost so far, because nobody read them in time. */
  failed: number
}

export interface CallHeldEvent extends CallEvent<'call_held'> {
  status: 'held' | 'resumed' | 'on_hold' | 'off_hold'
  /** We wanted to hold or to go on, and the far end refuses. */
  error: ErrorCode | null
  reason: string | null
}

export interface CallEndedEvent extends CallEvent<'call_ended'> {
  direction: 'outbound' | 'inbound'
  to: string | null
  from: string | null
  disposition: Disposition
  sip_status: number
  reason: string | null
  q850: number
  ring_ms: number
  talk_ms: number
  codec: string | null
  /** How the audio was encrypted. */
  srtp: string | null
  amd: { verdict: AmdVerdict, at_ms: number | null, beep_at_ms: number | null, confidence: number | null }
  /** Class of the special information tone heard. */
  sit: string | null
  /** What became of a message for a machine. */
  message: 'left' | 'cut' | 'skipped' | null
  dtmf: string | null
  rtp: { tx: number, rx: number, lost: number, jitter_ms: number | null, rtt_ms: number | null, mos: number | null }
  recording: string | null
  /** The contact is dialed again after, -1 never. */
  retry_ms: number
  error: ErrorCode | null
}

export interface Counters {
  total: number
  pending: number
  active: number
  completed: number
  failed: number
  other: number
  attempts: number
  by_disposition: Partial<Record<Disposition, number>>
}

export interface CampaignStatusEvent extends BaseEvent<'campaign_status'>, Counters {
  request: number | null
  campaign: number
  status: CampaignStatus
  /** The name. */
  text: string | null
  error: ErrorCode | null
  reason: string | null
}

export interface CampaignProgressEvent extends BaseEvent<'campaign_progress'>, Counters {
  campaign: number
  next_ms: number
}

export interface ImportErrorEvent extends BaseEvent<'import_error'> {
  request: number
  campaign: number
  line: number
  text: string
}

export interface EventMap {
  log: LogEvent
  lost: LostEvent
  started: StartedEvent
  stopped: StoppedEvent
  registration: RegistrationEvent
  done: DoneEvent
  store: StoreEvent
  call_dialing: CallDialingEvent
  call_ringing: CallRingingEvent
  call_early_media: CallEarlyMediaEvent
  call_answered: CallAnsweredEvent
  call_dtmf: CallDtmfEvent
  call_played: CallPlayedEvent
  call_held: CallHeldEvent
  call_ended: CallEndedEvent
  call_incoming: CallIncomingEvent
  call_audio: CallAudioEvent
  call_transfer: CallTransferEvent
  call_referred: CallReferredEvent
  call_bridged: CallBridgedEvent
  call_unbridged: CallUnbridgedEvent
  call_replaced: CallReplacedEvent
  call_amd: CallAmdEvent
  call_tone: CallToneEvent
  call_message: CallMessageEvent
  call_recording: CallRecordingEvent
  campaign_status: CampaignStatusEvent
  campaign_progress: CampaignProgressEvent
  import_error: ImportErrorEvent
}

export type DialerEvent = EventMap[keyof EventMap]
export type CallEventName = Extract<keyof EventMap, `call_${string}`>
export type CampaignEventName = 'campaign_status' | 'campaign_progress'

/** The object that comes with an event. */
export type ObjectOf<Name> = Name extends CallEventName ? Call
  : Name extends CampaignEventName ? Campaign
    : undefined

// ---- counters, as in docs/stats.md -----------------------------------------

export interface Stats {
  version: string
  loop_delay_us: number
  requests_waiting: number
  calls: Record<'active' | 'max' | 'started' | 'answered' | 'ended', number> &
    { by_disposition: Record<Exclude<Disposition, 'none'>, number> }
  media: Record<'streams' | 'tx' | 'rx' | 'dropped' | 'frames_due' | 'frames_skipped' | 'late_below_1ms' |
    'late_below_2ms' | 'late_below_5ms' | 'late_below_10ms' | 'late_below_20ms' | 'late_more' | 'late_max_us', number>
  sip: Record<'requests_in' | 'responses_in' | 'malformed' | 'strangers' | 'strays' | 'replies_limited' | 'incoming' |
    'servers' | 'left_alone' | 'failovers', number>
  audio: Record<'lost_ms' | 'underruns', number>
  recordings: Record<'active' | 'begun' | 'refused' | 'removed' | 'bytes' | 'lost_ms' | 'total_bytes', number>
  registration: { status: RegistrationStatus, sip_status: number, reason: string, expires_s: number }
  accounts: {
    name: string, registers: boolean, users: number, status: RegistrationStatus, sip_status: number, reason: string,
    expires_s: number
  }[]
  events: Record<'delivered' | 'waiting' | 'merged' | 'lost', number>
}

// ---- objects ---------------------------------------------------------------

/** What a verb refused, or how a request failed. */
export class SipdialerError extends Error {
  constructor(code: ErrorCode, errno: number, message: string)
  readonly code: ErrorCode
  readonly errno: number
}

export interface EventsOptions<Name extends keyof EventMap = keyof EventMap> {
  /** Events kept here for a slow consumer; then nothing is pulled. Default: 1024. */
  highWaterMark?: number
  /** Only these. */
  events?: readonly Name[] | ReadonlySet<Name> | null
  signal?: AbortSignal
}

export interface OptionInfo {
  name: keyof DialerOptions
  type: string
  unit: string | null
  min?: number
  max?: number
  max_bytes?: number
  words?: string[]
  later?: string[]
  default: string
  scope: ('engine' | 'call' | 'campaign' | 'import' | 'account')[]
  live: boolean
  built_in: boolean
  doc: string
}

export class Dialer extends EventEmitter {
  constructor(options?: DialerOptions)

  /** Version of the library. */
  static readonly version: string
  static options(): OptionInfo[]
  static storeCheck(path: string, options?: { migrate?: boolean } | null): Promise<string>

  set<Name extends keyof DialerOptions>(name: Name, value: NonNullable<DialerOptions[Name]> | null): void
  get(name: keyof DialerOptions): string
  load(path: string): Promise<void>
  /** Adds an account, a SIP stack of its own; calls go through it by `call.account`. */
  accountAdd(name: string, options?: AccountOptions | null): Promise<void>
  /** Removes an account that no call and no campaign uses; it un-registers in the background. */
  accountRemove(name: string): void

  start(): Promise<StartedEvent>
  stop(): Promise<StoppedEvent>
  close(): Promise<void>
  ref(): this
  unref(): this
  /** Resolves when the dialer's own account, or the named one, is registered, at once if it is. */
  registered(options?: { account?: string | null, signal?: AbortSignal } | null): Promise<RegistrationEvent>
  [Symbol.asyncDispose](): Promise<void>

  call(to: string, options?: CallOptions | null, more?: { signal?: AbortSignal } | null): Call
  getCall(id: number | bigint): Call | undefined

  createCampaign(name: string, options?: CampaignOptions | null): Promise<Campaign>
  campaign(id: number | bigint, name?: string): Campaign
  campaigns(): Promise<Campaign[]>

  dncAdd(number: string, source?: string | null): Promise<boolean>
  dncRemove(number: string): Promise<boolean>
  dncCheck(number: string): Promise<{ source: string | null } | null>
  storeBackup(path: string): Promise<void>
  /** What is heard in a recording of an answered call, with this dialer's options amd.*; waits for the disk. */
  amdFile(path: string): Array<CallAmdEvent | CallToneEvent | LogEvent>
  stats(): Stats

  events<Name extends keyof EventMap = keyof EventMap>(
    options?: EventsOptions<Name> | null): AsyncIterableIterator<EventMap[Name]>
  [Symbol.asyncIterator](): AsyncIterableIterator<DialerEvent>

  on<Name extends keyof EventMap>(name: Name, listener: (ev: EventMap[Name], object: ObjectOf<Name>) => void): this
  on(name: 'event', listener: (ev: DialerEvent, object: Call | Campaign | undefined) => void): this
  once<Name extends keyof EventMap>(name: Name, listener: (ev: EventMap[Name], object: ObjectOf<Name>) => void): this
  once(name: 'event', listener: (ev: DialerEvent, object: Call | Campaign | undefined) => void): this
  off(name: keyof EventMap | 'event', listener: (...args: any[]) => void): this
}

export class Call extends EventEmitter {
  private constructor()
  readonly id: number
  readonly dialer: Dialer

  /** The event of a call that came in, else null. */
  readonly incoming: CallIncomingEvent | null
  /** The event, or null if the call ends without. Never rejects. */
  readonly answered: Promise<CallAnsweredEvent | null>
  /** Never rejects. */
  readonly ended: Promise<CallEndedEvent>

  hangup(): void
  play(path: string, options?: { repeat?: number } | null): void
  /** The next call_played, or null if the call ends first. */
  played(options?: { signal?: AbortSignal } | null): Promise<CallPlayedEvent | null>
  dtmf(digits: string): void
  record(path: string | null, options?: { stereo?: boolean } | null): void
  hold(): void
  resume(): void
  transfer(to: string | Call): void
  acceptReferral(options?: CallOptions | null): Call
  rejectReferral(sipStatus?: number): void
  bridge(other: Call): void
  unbridge(): void
  answer(options?: CallOptions | null): void
  reject(sipStatus?: number): void
  /** Audio before the answer; `call_early_media` follows once it is heard. */
  early(options?: CallOptions | null): void
  /** By 302, to a number of the server or a SIP URI. */
  redirect(to: string): void

  /** 16-bit samples, mono, at the rate of the option call.audio. */
  readonly audio: CallAudio
  /** The stream, with a highWaterMark of its own if it is not made yet; a new one if it was destroyed. */
  openAudio(options?: { highWaterMark?: number } | null): CallAudio
  readAudio(samples: Int16Array): number
  writeAudio(samples: Int16Array): number
  /** Drops what waits to be sent, that of the stream, too; how many samples. */
  clearAudio(): number
  [Symbol.asyncDispose](): Promise<void>

  on<Name extends CallEventName>(name: Name, listener: (ev: EventMap[Name]) => void): this
  once<Name extends CallEventName>(name: Name, listener: (ev: EventMap[Name]) => void): this
  off(name: CallEventName, listener: (...args: any[]) => void): this
}

/** Bytes of 16-bit samples; an Int16Array may be written, too. */
export interface CallAudio extends Duplex {
  write(chunk: Int16Array | Uint8Array, callback?: (error: Error | null | undefined) => void): boolean
  write(chunk: any, encoding?: BufferEncoding, callback?: (error: Error | null | undefined) => void): boolean
}

/** The samples of a chunk of `call.audio`, without a copy where it is aligned. */
export function samplesOf(chunk: Uint8Array): Int16Array

export interface ImportResult {
  count: number
  total: number
  failed: number
  /** The first 1,000. */
  errors: { line: number, text: string }[]
}

export interface Contact {
  name?: string | null
  custom?: object | string | null
}

type NumberOrContact = string | (Contact & { number: string })
export type ContactSource = Iterable<NumberOrContact> | AsyncIterable<NumberOrContact>

export interface AddResult {
  count: number
  total: number
  failed: number
  /** The first 1,000. */
  errors: { number: string | undefined, code: ErrorCode, text: string }[]
}

export class Campaign extends EventEmitter {
  private constructor()
  readonly id: number
  readonly dialer: Dialer
  readonly name: string | null
  /** The newest state and counters that came. */
  readonly info: (Partial<CampaignStatusEvent & Omit<CampaignProgressEvent, 'event'>>) | null

  import(path: string, options?: ImportOptions | null): Promise<ImportResult>
  addContact(number: string, contact?: Contact | null): Promise<number>
  /** Adds what an iterable gives, as fast as the engine takes it. */
  addContacts(contacts: ContactSource): Promise<AddResult>
  start(): Promise<void>
  pause(): Promise<void>
  cancel(): Promise<void>
  status(): Promise<CampaignStatusEvent>
  results(path: string): Promise<number>
  /** Resolves when it is completed or cancelled. */
  finished(options?: { signal?: AbortSignal } | null): Promise<CampaignStatusEvent>

  on<Name extends CampaignEventName>(name: Name, listener: (ev: EventMap[Name]) => void): this
  once<Name extends CampaignEventName>(name: Name, listener: (ev: EventMap[Name]) => void): this
  off(name: CampaignEventName, listener: (...args: any[]) => void): this
}
