'use strict'
const { native, error } = require('./native')
const { DETACH, TAKE } = require('./internal')

const NUMBERS = 256 // of kinds of events are below
const SLACK = 1024  // places that were read and not given back

const kinds = new Set()
for (let i = 1; i < NUMBERS; i++) if (native.eventName(i) !== '?') kinds.add(native.eventName(i))

function checked(names) {
  if (typeof names === 'string' || typeof names[Symbol.iterator] !== 'function') {
    throw error('SIPDIALER_EINVAL', "events: an array such as ['call_ended'] is wanted")
  }
  const wanted = new Set(names)
  for (const name of wanted) {
    if (!kinds.has(name)) throw error('SIPDIALER_EINVAL', `events: there is no kind ${String(name)}`)
  }
  return wanted
}

/**
 * An async iterator over events. While its buffer is full, the dialer pulls
 * nothing: what waits then waits in the library, which counts what it must drop
 * (event lost).
 */
class Reader {
  #dialer
  #names
  #max
  #queue = []
  #head = 0
  #waiting = [] // resolve() of next()
  #over = false
  #failed = null // {reason} of an abort
  #forget = null

  constructor(dialer, options) {
    const { highWaterMark = 1024, events = null, signal } = options ?? {}
    if (!Number.isInteger(highWaterMark) || highWaterMark < 1) {
      throw new RangeError('highWaterMark: a whole number from 1 is wanted')
    }
    this.#dialer = dialer
    this.#max = highWaterMark
    this.#names = events === null ? null : checked(events)
    if (signal?.aborted) this.#end(signal)
    else if (signal) {
      const abort = () => this.#end(signal)
      signal.addEventListener('abort', abort, { once: true })
      this.#forget = () => signal.removeEventListener('abort', abort)
    }
  }

  get full() {
    return this.#queue.length - this.#head >= this.#max
  }

  [TAKE](ev) {
    if (this.#over) return
    const last = ev === null || ev.event === 'stopped'
    if (ev !== null && (!this.#names || this.#names.has(ev.event))) {
      const resolve = this.#waiting.shift()
      if (resolve) resolve({ value: ev, done: false })
      else this.#queue.push(ev)
    }
    if (last) this.#end()
  }

  get over() {
    return this.#over
  }

  // `failed` is the signal that aborted it.
  #end(failed = null) {
    if (this.#over) return
    this.#over = true
    this.#failed = failed
    this.#forget?.()
    if (failed) this.#clear()
    for (const resolve of this.#waiting.splice(0)) resolve(this.#last())
    this.#dialer[DETACH](this, true)
  }

  // What comes after the last event: once why it was aborted.
  #last() {
    const failed = this.#failed
    this.#failed = null
    return failed ? Promise.reject(failed.reason) : { value: undefined, done: true }
  }

  #clear() {
    this.#queue.length = this.#head = 0
  }

  #shift() {
    const ev = this.#queue[this.#head]
    this.#queue[this.#head++] = undefined
    if (this.#head === this.#queue.length) {
      this.#clear()
    } else if (this.#head >= SLACK && this.#head >= this.#queue.length >> 1) {
      this.#queue.splice(0, this.#head)
      this.#head = 0
    }
    // room again at half: not a pause and a resume for each event
    if (!this.#over && this.#queue.length - this.#head === this.#max >> 1) this.#dialer[DETACH](this, false)
    return ev
  }

  next() {
    if (this.#queue.length > this.#head) return Promise.resolve({ value: this.#shift(), done: false })
    if (this.#over) return Promise.resolve().then(() => this.#last())
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  return(value) {
    this.#end()
    this.#clear()
    return Promise.resolve({ value, done: true })
  }

  throw(reason) {
    this.return()
    return Promise.reject(reason)
  }

  [Symbol.asyncIterator]() {
    return this
  }
}

module.exports = { Reader }
