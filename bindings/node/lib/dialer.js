'use strict'
const { EventEmitter } = require('node:events')
const { native, error } = require('./native')
const { Engine } = require('./engine')
const { Call } = require('./call')
const { Campaign } = require('./campaign')
const { Reader } = require('./reader')
const { entries, list, table } = require('./options')
const { ASK, DETACH, DIALED, HANDLE, TAKE, WAIT } = require('./internal')

const ROWS_MAX = 1000 // rows kept for one request
const NOTHING = {}
const OVER = new Set(['SIPDIALER_ENOENT', 'SIPDIALER_ESTATE'])

function rethrow(err) {
  throw err
}

// What a Call that is made later must know.
function learn(known, ev) {
  if (ev.event === 'call_incoming') return { ...known, incoming: ev }
  return ev.event === 'call_answered' ? { ...known, answer: ev } : known
}

// A listener that throws does not keep the event from the others.
function emit(target, name, ev, object) {
  if (target.listenerCount(name) === 0) return
  for (const listener of target.rawListeners(name)) {
    try {
      listener.call(target, ev, object)
    } catch (err) {
      process.nextTick(rethrow, err)
    }
  }
}

/**
 * One engine: an account or trunk, its calls and campaigns. Emits each event
 * under its name ('call_ended', ...), with the Call or Campaign it is about, and
 * as 'event'. It never emits 'error'.
 */
class Dialer extends EventEmitter {
  #engine = new Engine(events => this.#receive(events))
  #handle = this.#engine.handle
  #registrations = new Map() // account or null -> the newest event of this run
  #calls = new Map()     // id -> Call, or {incoming, answer}: nobody asked for an object
  #campaigns = new Map() // id -> WeakRef of Campaign
  #heard = new Set()     // campaigns that have listeners
  #requests = new Map()  // id -> {resolve, reject, rows}
  #waits = new Set()
  #readers = new Set()

  constructor(options) {
    super()
    for (const [name, value] of entries(options)) this.set(name, value)
  }

  static get version() {
    return native.version()
  }

  /** The table of the options: name, type, unit, min, max, default, scope, doc. */
  static options() {
    return structuredClone(table)
  }

  /** Looks at a store without starting: one line on what was found. */
  static async storeCheck(path, options) {
    return native.storeCheck(path, options?.migrate ?? false)
  }

  get [HANDLE]() {
    return this.#handle
  }

  set(name, value) {
    this.#engine.check()
    if (typeof name !== 'string' || value === undefined) {
      throw error('SIPDIALER_EINVAL', 'set(name, value): the name of an option and its value are wanted')
    }
    for (const [n, v] of entries({ [name]: value })) native.set(this.#handle, n, v)
  }

  get(name) {
    return native.get(this.#handle, name)
  }

  /** Sets the options of a file of `name = value` lines. */
  load(path) {
    return this.#engine.load(path)
  }

  /** Adds an account, a SIP stack of its own; calls go through it by 'call.account'. */
  async accountAdd(name, options) {
    await this.#engine.accountAdd(name, list(options))
  }

  /** Removes an account that no call and no campaign uses; it un-registers in the background. */
  accountRemove(name) {
    this.#engine.check()
    native.accountRemove(this.#handle, name)
  }

  // ---- life ----------------------------------------------------------------

  /** Resolves with the event started. */
  start() {
    return this.#engine.start()
  }

  /** Hangs up, saves, un-registers; resolves with the event stopped, within 5 s. */
  stop() {
    return this.#engine.stop()
  }

  /** Stops if needed and frees the engine. What still waits is rejected (SIPDIALER_ECANCELLED). */
  async close() {
    await this.#engine.close()
    this.#cancel('the dialer is closed')
    for (const reader of this.#readers) reader[TAKE](null)
  }

  /** A running dialer does not keep the process alive any more. */
  unref() {
    this.#engine.want(false)
    return this
  }

  ref() {
    this.#engine.want(true)
    return this
  }

  /** Resolves with the event registration that says registered, of the dialer's own or the named account; at once if
   * it is. */
  async registered(options) {
    this.#engine.check()
    options?.signal?.throwIfAborted()
    const account = options?.account ?? null
    const now = this.#registrations.get(account)
    if (now?.status === 'registered') return now
    return this[WAIT](ev => ev.event === 'registration' && ev.status === 'registered' && ev.account === account,
      options?.signal).promise
  }

  // ---- events --------------------------------------------------------------

  #receive(events) {
    for (const ev of events) this.#take(ev)
    for (const reader of this.#readers) if (reader.full) this.#engine.hold()
  }

  // First what the objects know, then the listeners.
  #take(ev) {
    let object
    this.#engine.take(ev)
    if (ev.call) object = this.#takeCall(ev)
    else if (ev.event === 'campaign_status' || ev.event === 'campaign_progress') object = this.#takeCampaign(ev)
    if (ev.request) this.#takeRequest(ev)
    if (ev.event === 'registration') this.#registrations.set(ev.account, ev)
    for (const wait of this.#waits) if (wait.test(ev)) wait.resolve(ev)
    if (ev.event === 'stopped') this.#takeStopped()
    for (const reader of this.#readers) reader[TAKE](ev)
    if (object) emit(object, ev.event, ev)
    emit(this, ev.event, ev, object)
    emit(this, 'event', ev, object)
  }

  // No objects for calls that nobody asks for, only what one must know later.
  #takeCall(ev) {
    let known = this.#calls.get(ev.call) ?? NOTHING
    if (!(known instanceof Call)) {
      known = learn(known, ev)
      if (this.#listens(ev)) known = new Call(this, ev.call, known)
    }
    if (ev.event === 'call_ended') this.#calls.delete(ev.call)
    else this.#calls.set(ev.call, known)
    if (!(known instanceof Call)) return null
    known[TAKE](ev)
    return known
  }

  #listens(ev) {
    return this.listenerCount(ev.event) > 0 || this.listenerCount('event') > 0
  }

  #takeCampaign(ev) {
    const campaign = this.#listens(ev) ? this.campaign(ev.campaign) : this.#campaigns.get(ev.campaign)?.deref()
    campaign?.[TAKE](ev)
    return campaign
  }

  #takeRequest(ev) {
    const request = this.#requests.get(ev.request)
    if (!request) return
    if (ev.event !== 'done') {
      if (request.rows.length < ROWS_MAX || ev.event === 'campaign_status') request.rows.push(ev)
      return
    }
    this.#requests.delete(ev.request)
    if (ev.error) request.reject(error(ev.error, ev.text))
    else request.resolve({ done: ev, rows: request.rows })
  }

  #takeStopped() {
    this.#registrations.clear()
    this.#calls.clear()
    this.#cancel('the engine has stopped')
  }

  // What still waits waits for nothing.
  #cancel(text) {
    const gone = error('SIPDIALER_ECANCELLED', text)
    for (const { reject } of this.#requests.values()) reject(gone)
    for (const wait of this.#waits) wait.cancel(gone)
    this.#requests.clear()
  }

  [DETACH](reader, leaves) {
    if (leaves) this.#readers.delete(reader)
    for (const other of this.#readers) if (other.full) return
    this.#engine.flow()
  }

  /** An async iterator over the events, to the end of the run. */
  events(options) {
    const reader = new Reader(this, options)
    if (this.#engine.closed) reader[TAKE](null)
    else if (!reader.over) this.#readers.add(reader)
    return reader
  }

  [Symbol.asyncIterator]() {
    return this.events()
  }

  // {promise, cancel(reason)} of the first event that passes the test. The abort
  // and the end of the run reject it; nobody need look.
  [WAIT](test, signal) {
    const wait = { test }
    const abort = () => wait.cancel(signal.reason)
    const settle = how => value => {
      this.#waits.delete(wait)
      signal?.removeEventListener('abort', abort)
      how(value)
    }
    wait.promise = new Promise((resolve, reject) => {
      wait.resolve = settle(resolve)
      wait.cancel = settle(reject)
    })
    wait.promise.catch(() => {})
    this.#waits.add(wait)
    signal?.addEventListener('abort', abort, { once: true })
    return wait
  }

  // ---- calls ---------------------------------------------------------------

  /** Dials now. Aborting `signal` hangs up. */
  call(to, options, more) {
    const signal = more?.signal
    signal?.throwIfAborted()
    const call = this[DIALED](native.call(this.#handle, to, list(options)))
    if (signal) this.#hangupOn(signal, call)
    return call
  }

  [DIALED](id) {
    const call = new Call(this, id)
    this.#calls.set(id, call)
    return call
  }

  #hangupOn(signal, call) {
    const abort = () => {
      try {
        call.hangup()
      } catch (err) {
        if (!OVER.has(err.code)) throw err // else its end waits to be pulled
      }
    }
    signal.addEventListener('abort', abort, { once: true })
    call.once('call_ended', () => signal.removeEventListener('abort', abort))
  }

  /** The object of a call that lives, such as one of a campaign; else undefined. */
  getCall(id) {
    const known = this.#calls.get(Number(id))
    if (!known || known instanceof Call) return known
    const call = new Call(this, Number(id), known)
    this.#calls.set(call.id, call)
    return call
  }

  // ---- campaigns -----------------------------------------------------------

  // The DONE of a verb, and the events before it that belong to it.
  [ASK](verb) {
    return new Promise((resolve, reject) => {
      this.#requests.set(verb(), { resolve, reject, rows: [] })
    })
  }

  async createCampaign(name, options) {
    const { done } = await this[ASK](() => native.campaignCreate(this.#handle, name, list(options)))
    return this.campaign(done.campaign, name)
  }

  /** The object of a campaign by its id, which is not looked up. */
  campaign(id, name) {
    let campaign = this.#campaigns.get(Number(id))?.deref()
    if (!campaign) {
      campaign = new Campaign(this, Number(id), name, this.#heard)
      this.#campaigns.set(campaign.id, new WeakRef(campaign))
    }
    return campaign
  }

  /** All campaigns of the store, oldest first, each with its `info`. */
  async campaigns() {
    const { rows } = await this[ASK](() => native.campaignList(this.#handle))
    return rows.map(ev => {
      const campaign = this.campaign(ev.campaign, ev.text)
      campaign[TAKE](ev)
      return campaign
    })
  }

  // ---- do not call, store, counters ----------------------------------------

  /** True if it was added, false if it was there. */
  async dncAdd(number, source = null) {
    return (await this[ASK](() => native.dncAdd(this.#handle, number, source))).done.count > 0
  }

  /** True if it was removed, false if it was not there. */
  async dncRemove(number) {
    return (await this[ASK](() => native.dncRemove(this.#handle, number))).done.count > 0
  }

  /** null, or {source} if the number is on the list. */
  async dncCheck(number) {
    const { done } = await this[ASK](() => native.dncCheck(this.#handle, number))
    return done.count > 0 ? { source: done.text } : null
  }

  async storeBackup(path) {
    await this[ASK](() => native.storeBackup(this.#handle, path))
  }

  /** What is heard in a recording: the events call_amd and call_tone. */
  amdFile(path) {
    return JSON.parse(native.amdFile(this.#handle, path))
  }

  stats() {
    return JSON.parse(native.stats(this.#handle))
  }
}

// Symbol.asyncDispose is of Node.js 18.18 and later.
if (Symbol.asyncDispose) {
  Dialer.prototype[Symbol.asyncDispose] = function () {
    return this.close()
  }
}

module.exports = { Dialer }
