'use strict'
const { EventEmitter } = require('node:events')
const { native, error } = require('./native')
const { Call } = require('./call')
const { Campaign } = require('./campaign')
const { Reader } = require('./reader')
const { entries, list, table } = require('./options')
const { ASK, DETACH, HANDLE, TAKE, WAIT } = require('./internal')

const ROWS_MAX = 1000   // rows kept for one request
const FOR_EVER = 0x7fffffff // ms, the longest a timer of Node.js takes

function rethrow(err) {
  throw err
}

/**
 * One engine: an account or trunk, its calls and campaigns. Emits each event
 * under its name ('call_ended', ...), with the Call or Campaign it is about, and
 * as 'event'. It never emits 'error'.
 */
class Dialer extends EventEmitter {
  #handle = native.create()
  #running = false // an engine runs: from start() to the event stopped
  #starting = null
  #closing = null
  #wanted = true  // keeps the process alive while it runs
  #watched = false
  #paused = null  // the timer that keeps the process alive meanwhile
  #calls = new Map()     // id -> Call, or null: nobody asked for an object
  #campaigns = new Map() // id -> WeakRef of Campaign
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
  static async storeCheck(path, { migrate = false } = {}) {
    return native.storeCheck(path, migrate)
  }

  get [HANDLE]() {
    return this.#handle
  }

  set(name, value) {
    if (typeof value === 'string' || value === null) native.set(this.#handle, name, value)
    else for (const [n, v] of entries({ [name]: value })) native.set(this.#handle, n, v)
  }

  get(name) {
    return native.get(this.#handle, name)
  }

  /** Sets the options of a file of `name = value` lines. */
  async load(path) {
    await native.load(this.#handle, path)
  }

  // ---- life ----------------------------------------------------------------

  /** Resolves with the event started. */
  start() {
    if (this.#running || this.#starting) {
      return Promise.reject(error('SIPDIALER_ESTATE', 'the engine is started already'))
    }
    this.#starting = this.#start().finally(() => { this.#starting = null })
    return this.#starting
  }

  async #start() {
    if (!this.#watched) {
      native.watch(this.#handle, text => this.#receive(text))
      this.#watched = true
    }
    const started = this[WAIT](ev => ev.event === 'started')
    try {
      await native.start(this.#handle)
    } catch (err) {
      started.cancel(err)
      this.#drain()
      this.#unwatch()
      await started.promise
    }
    this.#running = true
    if (this.#wanted) native.ref(this.#handle)
    return started.promise
  }

  /** Hangs up, saves, un-registers; resolves with the event stopped, within 5 s. */
  async stop() {
    native.stop(this.#handle)
    return this[WAIT](ev => ev.event === 'stopped').promise
  }

  /** Stops if needed and frees the engine. What still waits is rejected (SIPDIALER_ECANCELLED). */
  close() {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close() {
    await this.#starting?.catch(() => {})
    if (this.#running) {
      this.#flow()
      native.ref(this.#handle)
      await this.stop()
    }
    this.#watched = false
    this.#flow()
    await native.destroy(this.#handle)
    const gone = error('SIPDIALER_ECANCELLED', 'the dialer is closed')
    for (const { reject } of this.#requests.values()) reject(gone)
    for (const wait of this.#waits) wait.cancel(gone)
    for (const reader of this.#readers) reader[TAKE](null)
    this.#requests.clear()
  }

  /** A running dialer does not keep the process alive any more. */
  unref() {
    this.#wanted = false
    if (this.#running) native.unref(this.#handle)
    this.#paused?.unref()
    return this
  }

  ref() {
    this.#wanted = true
    if (this.#running) native.ref(this.#handle)
    this.#paused?.ref()
    return this
  }

  #unwatch() {
    if (!this.#watched) return
    this.#watched = false
    native.unwatch(this.#handle)
  }

  // ---- events --------------------------------------------------------------

  #drain() {
    for (let text; (text = native.drain(this.#handle)) !== '';) this.#receive(text)
  }

  #receive(text) {
    for (const ev of JSON.parse(text)) this.#take(ev)
    for (const reader of this.#readers) if (reader.full) this.#hold()
  }

  // First what the objects know, then the listeners; one that throws does not
  // keep the event from the others.
  #take(ev) {
    let object
    if (ev.call) object = this.#takeCall(ev)
    else if (ev.event === 'campaign_status' || ev.event === 'campaign_progress') object = this.#takeCampaign(ev)
    if (ev.request) this.#takeRequest(ev)
    if (ev.event === 'stopped') this.#takeStopped()
    for (const wait of this.#waits) if (wait.test(ev)) wait.resolve(ev)
    for (const reader of this.#readers) reader[TAKE](ev)
    if (object) this.#emit(object, ev.event, ev)
    this.#emit(this, ev.event, ev, object)
    this.#emit(this, 'event', ev, object)
  }

  #emit(target, name, ev, object) {
    try {
      target.emit(name, ev, object)
    } catch (err) {
      process.nextTick(rethrow, err)
    }
  }

  #takeCall(ev) {
    let call = this.#calls.get(ev.call) ?? null
    // no objects for calls that nobody asks for
    if (!call && this.#listens(ev)) call = new Call(this, ev.call, ev.event === 'call_incoming' ? ev : null)
    if (ev.event === 'call_ended') this.#calls.delete(ev.call)
    else this.#calls.set(ev.call, call)
    call?.[TAKE](ev)
    return call
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
    this.#running = false
    this.#unwatch()
    this.#calls.clear()
  }

  // A reader is full: the library keeps what comes.
  #hold() {
    if (this.#paused || this.#closing || !this.#watched) return
    native.pause(this.#handle)
    this.#paused = setInterval(() => {}, FOR_EVER)
    if (!this.#wanted) this.#paused.unref()
  }

  #flow() {
    if (!this.#paused) return
    clearInterval(this.#paused)
    this.#paused = null
    if (this.#watched) native.resume(this.#handle)
  }

  [DETACH](reader, leaves) {
    if (leaves) this.#readers.delete(reader)
    for (const other of this.#readers) if (other.full) return
    this.#flow()
  }

  /** An async iterator over the events, to the end of the run. */
  events(options) {
    const reader = new Reader(this, options)
    if (this.#closing) reader[TAKE](null)
    else this.#readers.add(reader)
    return reader
  }

  [Symbol.asyncIterator]() {
    return this.events()
  }

  // {promise, cancel(error)} of the first event that passes the test.
  [WAIT](test, signal) {
    const wait = { test }
    const settle = how => value => {
      this.#waits.delete(wait)
      signal?.removeEventListener('abort', abort)
      how(value)
    }
    const abort = () => wait.cancel(signal.reason)
    wait.promise = new Promise((resolve, reject) => {
      wait.resolve = settle(resolve)
      wait.cancel = settle(reject)
    })
    this.#waits.add(wait)
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    return wait
  }

  // ---- calls ---------------------------------------------------------------

  /** Dials now. Aborting `signal` hangs up. */
  call(to, options, { signal } = {}) {
    signal?.throwIfAborted()
    const id = native.call(this.#handle, to, list(options))
    const call = new Call(this, id)
    this.#calls.set(id, call)
    if (signal) this.#hangupOn(signal, call)
    return call
  }

  #hangupOn(signal, call) {
    const abort = () => {
      if (this.#calls.has(call.id)) call.hangup()
    }
    signal.addEventListener('abort', abort, { once: true })
    call.once('call_ended', () => signal.removeEventListener('abort', abort))
  }

  /** The object of a call that lives, such as one of a campaign; else undefined. */
  getCall(id) {
    let call = this.#calls.get(Number(id))
    if (call === null) {
      call = new Call(this, Number(id))
      this.#calls.set(call.id, call)
    }
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
      campaign = new Campaign(this, Number(id), name)
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
