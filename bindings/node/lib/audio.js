'use strict'
const { Duplex } = require('node:stream')
const { native, error } = require('./native')
const { HANDLE, TAKE } = require('./internal')

const FIRST = 480     // samples asked for before an event said how many wait
const MOST = 9600     // samples of one chunk
const NONE = new Int16Array(0)

function shared(samples) {
  return samples.buffer instanceof SharedArrayBuffer
}

function checked(samples) {
  if (samples instanceof Int16Array) return samples
  throw error('SIPDIALER_EINVAL', 'samples: an Int16Array is wanted')
}

/** Takes samples that wait into `samples`; how many. */
function readAudio(call, samples) {
  if (!shared(checked(samples))) return native.audioRead(call.dialer[HANDLE], call.id, samples)
  // the native side never touches memory that other threads write to
  const own = new Int16Array(samples.length)
  const n = native.audioRead(call.dialer[HANDLE], call.id, own)
  samples.set(own.subarray(0, n))
  return n
}

/** Hands over samples to be sent; how many found room. */
function writeAudio(call, samples) {
  const own = shared(checked(samples)) ? Int16Array.from(samples) : samples
  return native.audioWrite(call.dialer[HANDLE], call.id, own)
}

// Samples as bytes, without a copy.
function bytes(chunk) {
  if (!ArrayBuffer.isView(chunk) || chunk instanceof Uint8Array) return chunk
  checked(chunk)
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}

/** The Int16Array of a chunk of bytes; a copy only where they are not aligned. */
function samplesOf(chunk) {
  const view = chunk.byteOffset % 2 ? Uint8Array.prototype.slice.call(chunk) : chunk
  return new Int16Array(view.buffer, view.byteOffset, view.byteLength >> 1)
}

/**
 * The audio of a call as a stream of bytes: 16-bit samples of this machine's
 * byte order, mono, at the rate of `call.audio`. While nobody reads, the library
 * keeps `audio.read_buffer` ms; while its buffer for sending is full, writing
 * waits. Ends with the call; what is written after that is dropped.
 */
class CallAudio extends Duplex {
  #call
  #over = false  // the call has ended, or the stream was destroyed
  #wants = false // the reading side has room
  #count = FIRST
  #odd = null    // the first byte of half a sample
  #rest = null   // samples that found no room yet
  #written = null
  #flushed = null

  constructor(call, { highWaterMark } = {}, ended) {
    super({ highWaterMark, allowHalfOpen: false, decodeStrings: true })
    this.#call = call
    if (ended) this.#finish()
  }

  write(chunk, ...rest) {
    return super.write(bytes(chunk), ...rest)
  }

  end(chunk, ...rest) {
    return super.end(bytes(chunk), ...rest)
  }

  _read() {
    this.#wants = true
    this.#take()
  }

  // What waits, as long as there is room; all of it at the end of the call.
  #take(all = false) {
    while (!this.#over && (this.#wants || all)) {
      const room = new Int16Array(Math.min(Math.max(this.#count, 1), MOST))
      const n = this.#try(() => readAudio(this.#call, room))
      if (!n) return
      if (!this.push(Buffer.from(room.buffer, 0, 2 * n))) this.#wants = false
    }
  }

  // A verb; 0 when the call is over and only its last event is missing.
  #try(verb) {
    try {
      return verb()
    } catch (err) {
      if (err.code !== 'SIPDIALER_ENOENT') this.destroy(err)
      return 0
    }
  }

  _write(chunk, encoding, done) {
    if (this.#over) return done()
    let whole = this.#odd ? Buffer.concat([this.#odd, chunk]) : chunk
    this.#odd = whole.length % 2 ? Buffer.from(whole.subarray(-1)) : null
    if (this.#odd) whole = whole.subarray(0, -1)
    this.#rest = samplesOf(whole)
    this.#written = done
    this.#put()
  }

  #put() {
    const n = this.#rest.length ? this.#try(() => writeAudio(this.#call, this.#rest)) : 0
    if (!this.#rest) return // destroyed
    this.#rest = this.#rest.subarray(n)
    if (!this.#rest.length) this.#release()
  }

  #release() {
    const done = this.#written
    this.#rest = null
    this.#written = null
    done?.()
  }

  // 'finish' means sent, not only handed over.
  _final(done) {
    if (this.#over) return done()
    this.#flushed = done
    this.#try(() => writeAudio(this.#call, NONE)) // asks for an event
  }

  [TAKE](ev) {
    if (this.#over) return
    if (ev.event === 'call_ended') return this.#finish()
    this.#count = ev.count
    this.#take()
    if (this.#rest) this.#put()
    if (!this.#flushed) return
    if (ev.pending) this.#try(() => writeAudio(this.#call, NONE))
    else this.#leave()
  }

  #finish() {
    this.#take(true)
    if (this.#over) return
    this.#over = true
    this.push(null)
    this.#release()
    this.#leave()
    this.end()
  }

  #leave() {
    const done = this.#flushed
    this.#flushed = null
    done?.()
  }

  _destroy(err, done) {
    this.#over = true
    this.#release()
    this.#leave()
    done(err)
  }
}

module.exports = { CallAudio, readAudio, samplesOf, writeAudio }
