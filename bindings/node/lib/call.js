'use strict'
const { EventEmitter } = require('node:events')
const { native } = require('./native')
const { list } = require('./options')
const { CallAudio, readAudio, writeAudio } = require('./audio')
const { HANDLE, TAKE } = require('./internal')

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

  constructor(dialer, id, incoming = null) {
    super()
    this.#dialer = dialer
    this.id = id
    this.incoming = incoming // the event call_incoming
  }

  get dialer() {
    return this.#dialer
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

  hangup() {
    native.callHangup(this.#dialer[HANDLE], this.id)
  }

  /** Plays a WAV file; 'none' stops what plays. `call_played` tells its end. */
  play(path, { repeat = 1 } = {}) {
    native.callPlay(this.#dialer[HANDLE], this.id, path, repeat)
  }

  dtmf(digits) {
    native.callDtmf(this.#dialer[HANDLE], this.id, digits)
  }

  /** Records to a WAV file from now on; null stops. */
  record(path, { stereo = false } = {}) {
    native.callRecord(this.#dialer[HANDLE], this.id, path, stereo)
  }

  // ---- audio, where the option call.audio is on ----------------------------

  /** The audio as a Duplex stream of bytes (16-bit samples); made when first asked for. */
  get audio() {
    return this.openAudio()
  }

  openAudio(options) {
    this.#audio ??= new CallAudio(this, options, this.#end)
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

  /** Drops what waits to be sent; how many samples. */
  clearAudio() {
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
