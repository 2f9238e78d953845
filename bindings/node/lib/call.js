'use strict'
const { EventEmitter } = require('node:events')
const { native, error } = require('./native')
const { list } = require('./options')
const { CallAudio, readAudio, writeAudio } = require('./audio')
const { DIALED, HANDLE, RINGS, TAKE, WAIT } = require('./internal')

const ended = new WeakMap() // call -> the promises that somebody looked at

function promises(call) {
  if (!ended.has(call)) ended.set(call, {})
  return ended.get(call)
}

/** One call. Emits the events of the call under their names, as the dialer does. */
class Call extends EventEmitter {
  #dialer
  #answer // call_answered, null when it ended without
  #end    // call_ended
  #audio

  // incoming and answer: the events that came before this object was made
  constructor(dialer, id, { incoming = null, answer } = {}) {
    super()
    this.#dialer = dialer
    this.#answer = answer
    this.id = id
    this.incoming = incoming
  }

  get dialer() {
    return this.#dialer
  }

  get [RINGS]() {
    return this.incoming !== null && this.#answer === undefined
  }

  /** Resolves with the event call_answered, or with null if the call ends first. Never rejects. */
  get answered() {
    return this.#promise('answered', this.#answer)
  }

  /** Resolves with the event call_ended. Never rejects. */
  get ended() {
    return this.#promise('ended', this.#end)
  }

  // Made when first asked for: most calls of a campaign are never looked at.
  #promise(name, value) {
    const made = promises(this)
    if (!made[name]) {
      const p = made[name] = {}
      p.promise = value === undefined ? new Promise(resolve => { p.resolve = resolve }) : Promise.resolve(value)
    }
    return made[name].promise
  }

  #settle(name, value) {
    ended.get(this)?.[name]?.resolve?.(value)
    return value
  }

  [TAKE](ev) {
    if (ev.event === 'call_audio') {
      this.#audio?.[TAKE](ev)
    } else if (ev.event === 'call_answered') {
      this.#answer = this.#settle('answered', ev)
      this.#audio?.[TAKE](ev)
    } else if (ev.event === 'call_ended') {
      if (this.#answer === undefined) this.#answer = this.#settle('answered', null)
      this.#end = this.#settle('ended', ev)
      this.#audio?.[TAKE](ev)
    }
  }

  /** Takes a call that comes in. */
  answer(options) {
    native.callAnswer(this.#dialer[HANDLE], this.id, list(options))
  }

  /** Refuses a call that comes in, by a SIP status of 400 to 699. */
  reject(sipStatus = 486) {
    native.callReject(this.#dialer[HANDLE], this.id, sipStatus)
  }

  /** Audio before the answer of a call that comes in. */
  early(options) {
    native.callEarly(this.#dialer[HANDLE], this.id, list(options))
  }

  /** Sends the caller of a call that comes in to another number or SIP URI. */
  redirect(to) {
    native.callRedirect(this.#dialer[HANDLE], this.id, to)
  }

  hangup() {
    native.callHangup(this.#dialer[HANDLE], this.id)
  }

  /** Plays a WAV file; 'none' stops what plays. */
  play(path, options) {
    native.callPlay(this.#dialer[HANDLE], this.id, path, options?.repeat ?? 1)
  }

  /** Resolves with the next call_played, or with null if the call ends first. */
  async played(options) {
    options?.signal?.throwIfAborted()
    if (this.#end) return null
    const ev = await this.#dialer[WAIT](
      e => e.call === this.id && (e.event === 'call_played' || e.event === 'call_ended'), options?.signal).promise
    return ev.event === 'call_played' ? ev : null
  }

  dtmf(digits) {
    native.callDtmf(this.#dialer[HANDLE], this.id, digits)
  }

  /** Records to a WAV file from now on; null stops. */
  record(path, options) {
    native.callRecord(this.#dialer[HANDLE], this.id, path, options?.stereo ?? false)
  }

  /** Lets the two hear each other; events call_bridged of both. */
  bridge(other) {
    if (!(other instanceof Call)) throw new TypeError('other must be a Call')
    native.callBridge(this.#dialer[HANDLE], this.id, other.id)
  }

  /** Takes it out of its bridge; both calls go on. */
  unbridge() {
    native.callUnbridge(this.#dialer[HANDLE], this.id)
  }

  /** Holds it; it hears call.hold_play. Event call_held. */
  hold() {
    native.callHold(this.#dialer[HANDLE], this.id, true)
  }

  /** Goes on with a call that hold() holds. */
  resume() {
    native.callHold(this.#dialer[HANDLE], this.id, false)
  }

  /** Asks the far end to call `to`, or to take our place in the other call; events call_transfer. */
  transfer(to) {
    if (to instanceof Call) native.callTransferAttended(this.#dialer[HANDLE], this.id, to.id)
    else native.callTransfer(this.#dialer[HANDLE], this.id, to)
  }

  /** Calls whom the far end asked for by call_referred; the new call. */
  acceptReferral(options) {
    return this.#dialer[DIALED](native.callReferAccept(this.#dialer[HANDLE], this.id, list(options)))
  }

  /** Does not do what the far end asked for by call_referred. */
  rejectReferral(sipStatus = 603) {
    native.callReferReject(this.#dialer[HANDLE], this.id, sipStatus)
  }

  // ---- audio, where the option call.audio is on ----------------------------

  /** The audio as a Duplex stream of bytes (16-bit samples); made when first asked for. */
  get audio() {
    return this.#audio ?? this.openAudio()
  }

  /** The stream, with options of its own if it is not made yet; a new one if it was destroyed. */
  openAudio(options) {
    const made = this.#audio && (this.#end || !this.#audio.destroyed)
    if (made && options?.highWaterMark !== undefined) {
      throw error('SIPDIALER_ESTATE', 'highWaterMark: the stream of the call is made already')
    }
    if (!made) this.#audio = new CallAudio(this, options, this.#end)
    return this.#audio
  }

  /** Takes samples that wait into an Int16Array; how many. */
  readAudio(samples) {
    return readAudio(this, samples)
  }

  /** Hands over the samples of an Int16Array to be sent; how many found room. */
  writeAudio(samples) {
    return writeAudio(this, samples)
  }

  /** Drops what waits to be sent, that of the stream, too; how many samples. */
  clearAudio() {
    if (this.#audio && !this.#audio.writableFinished && !this.#audio.destroyed) return this.#audio.clear()
    return native.audioClear(this.#dialer[HANDLE], this.id)
  }

  /** Hangs up, if it still needs to, and waits for the end. */
  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    if (this.#end === undefined) {
      try {
        this.hangup()
      } catch (err) {
        if (err.code !== 'SIPDIALER_ENOENT') throw err
      }
    }
    await this.ended
  }
}

module.exports = { Call }
