'use strict'
const { DETACH, TAKE } = require('./internal')

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
  #waiting = [] // of next(): {resolve, reject}
  #over = false
  #error = null
  #forget = null

  constructor(dialer, { highWaterMark = 1024, events, signal } = {}) {
    if (!Number.isInteger(highWaterMark) || highWaterMark < 1) {
      throw new RangeError('highWaterMark: a whole number from 1 is wanted')
    }
    this.#dialer = dialer
    this.#max = highWaterMark
    this.#names = events ? new Set(events) : null
    if (signal?.aborted) this.#end(signal.reason)
    else if (signal) {
      const abort = () => this.#end(signal.reason)
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
      const first = this.#waiting.shift()
      if (first) first.resolve({ value: ev, done: false })
      else this.#queue.push(ev)
    }
    if (last) this.#end(null)
  }

  #end(error) {
    if (this.#over) return
    this.#over = true
    this.#error = error
    this.#forget?.()
    if (error) this.#queue.length = this.#head = 0
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (this.#error) reject(this.#takeError())
      else resolve({ value: undefined, done: true })
    }
    this.#dialer[DETACH](this, true)
  }

  #takeError() {
    const error = this.#error
    this.#error = null
    return error
  }

  #shift() {
    const ev = this.#queue[this.#head]
    this.#queue[this.#head++] = undefined
    if (this.#head === this.#queue.length) this.#queue.length = this.#head = 0
    // room again at half: not a pause and a resume for each event
    if (!this.#over && this.#queue.length - this.#head === this.#max >> 1) this.#dialer[DETACH](this, false)
    return ev
  }

  next() {
    if (this.#queue.length > this.#head) return Promise.resolve({ value: this.#shift(), done: false })
    if (this.#error) return Promise.reject(this.#takeError())
    if (this.#over) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  return(value) {
    this.#end(null)
    this.#queue.length = this.#head = 0
    return Promise.resolve({ value, done: true })
  }

  throw(error) {
    this.return()
    return Promise.reject(error)
  }

  [Symbol.asyncIterator]() {
    return this
  }
}

module.exports = { Reader }
