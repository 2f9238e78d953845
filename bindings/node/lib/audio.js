'use strict'
const { Duplex } = require('node:stream')
const { native, error } = require('./native')
const { HANDLE, RINGS, TAKE } = require('./internal')

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
  #ended = false // the call has
  #over = false  // nothing is read or sent any more
  #wants = false // the reading side has room
  #count = FIRST
  #odd = null    // the first byte of half a sample
  #rest = null   // samples that found no room yet
  #size = 0      // bytes of the chunk they are from
  #skip = 0      // bytes that were cleared while they waited in the stream
  #written = null
  #flushed = null

  constructor(call, options, ended) {
    super({ highWaterMark: options?.highWaterMark, allowHalfOpen: false, decodeStrings: true })
    this.#call = call
    if (ended) this.#finish()
  }

  write(chunk, ...rest) {
    if (!this.#ended) return super.write(bytes(chunk), ...rest)
    const done = rest.find(arg => typeof arg === 'function')
    if (done) process.nextTick(done, error('SIPDIALER_ENOENT', 'the call has ended'))
    return false
  }

  end(chunk, ...rest) {
    if (!this.#ended) return super.end(bytes(chunk), ...rest)
    return super.end([chunk, ...rest].find(arg => typeof arg === 'function'))
  }

  /** Drops what waits to be sent, in the library and here; how many samples. */
  clear() {
    const dropped = native.audioClear(this.#call.dialer[HANDLE], this.#call.id)
    const rest = this.#rest?.length ?? 0
    const queued = this.writableLength - this.#skip - this.#size
    this.#skip += queued
    this.#odd = null
    this.#release()
    this.#leave()
    return dropped + rest + (queued >> 1)
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

  // A verb; 0 when the call is over and only its last event is missing, and
  // while it is not answered yet.
  #try(verb) {
    try {
      return verb()
    } catch (err) {
      if (!this.#ended && !this.#call[RINGS] && err.code !== 'SIPDIALER_ENOENT') this.destroy(err)
      return 0
    }
  }

  _write(chunk, encoding, done) {
    if (this.#over) return done()
    if (this.#skip > 0) {
      this.#skip -= chunk.length
      return done()
    }
    let whole = this.#odd ? Buffer.concat([this.#odd, chunk]) : chunk
    this.#odd = whole.length % 2 ? Buffer.from(whole.subarray(-1)) : null
    if (this.#odd) whole = whole.subarray(0, -1)
    this.#rest = samplesOf(whole)
    this.#size = chunk.length
    this.#written = done
    this.#put()
  }

  #put() {
    const n = this.#rest.length ? this.#try(() => writeAudio(this.#call, this.#rest)) : 0
    if (!this.#rest) return // destroyed
    this.#rest = this.#rest.subarray(n)
    if (!this.#rest.length) this.#release()
  }

  #release(err) {
    const done = this.#written
    this.#rest = null
    this.#size = 0
    this.#written = null
    done?.(err)
  }

  // 'finish' means sent, not only handed over, unless the call ends before.
  _final(done) {
    if (this.#over) return done()
    this.#flushed = done
    this.#ask()
  }

  // For an event that says how many samples wait.
  #ask() {
    this.#try(() => writeAudio(this.#call, NONE))
  }

  [TAKE](ev) {
    if (this.#over) return
    if (ev.event === 'call_ended') return this.#finish()
    if (ev.event === 'call_audio') this.#count = ev.count
    this.#take()
    if (this.#rest) this.#put()
    if (!this.#flushed) return
    if (ev.pending !== 0) this.#ask()
    else this.#leave()
  }

  // The writable side ends before its last chunk is let go: a 'drain' would
  // invite more.
  #finish() {
    this.#ended = true
    this.#take(true)
    if (this.#over) return
    this.#over = true
    this.push(null)
    this.end()
    this.#release()
    this.#leave()
  }

  #leave(err) {
    const done = this.#flushed
    this.#flushed = null
    done?.(err)
  }

  _destroy(err, done) {
    const gone = err ?? error('SIPDIALER_ECANCELLED', 'the audio stream was destroyed')
    this.#over = true
    this.#release(gone)
    this.#leave(gone)
    done(err)
  }
}

module.exports = { CallAudio, readAudio, samplesOf, writeAudio }
