'use strict'
const { native, error } = require('./native')

const FOR_EVER = 0x7fffffff // ms, the longest a timer of Node.js takes

// A promise and what settles it; nobody need look at it.
function deferred() {
  const d = {}
  d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }))
  d.promise.catch(() => {})
  return d
}

/**
 * The life of one engine: started, stopped, closed, and what keeps the process
 * alive meanwhile. `receive` gets batches of events, an array each.
 */
class Engine {
  handle = native.create()
  #receive
  #running = false // from start() to the event stopped
  #starting = null // promises, while they are under way
  #stopping = null
  #closing = null
  #started = null  // {resolve, reject} of the events
  #stopped = null
  #loads = new Set()
  #wanted = true   // keeps the process alive while it runs
  #watched = false
  #paused = null   // the timer that keeps the process alive meanwhile

  constructor(receive) {
    this.#receive = text => receive(JSON.parse(text))
  }

  /** close() was called. */
  get closed() {
    return this.#closing !== null
  }

  /** Throws on a dialer that is closed, or about to be. */
  check() {
    if (this.#closing) throw error('SIPDIALER_ESTATE', 'the dialer is closed')
  }

  load(path) {
    return this.#work(handle => native.load(handle, path))
  }

  accountAdd(name, options) {
    return this.#work(handle => native.accountAdd(handle, name, options))
  }

  // In the thread pool; close() waits for it.
  async #work(verb) {
    this.check()
    const working = verb(this.handle)
    this.#loads.add(working)
    try {
      await working
    } finally {
      this.#loads.delete(working)
    }
  }

  async start() {
    this.check()
    if (this.#running || this.#starting) throw error('SIPDIALER_ESTATE', 'the engine is started already')
    this.#starting = this.#start()
    try {
      return await this.#starting
    } finally {
      this.#starting = null
      this.#keep()
    }
  }

  async #start() {
    if (!this.#watched) native.watch(this.handle, this.#receive)
    this.#watched = true
    this.#started = deferred()
    try {
      await native.start(this.handle)
    } catch (err) {
      for (let text; (text = native.drain(this.handle)) !== '';) this.#receive(text)
      this.#unwatch()
      throw err
    }
    this.#running = true
    this.#keep()
    return this.#started.promise
  }

  stop() {
    if (!this.#running && !this.#starting) {
      return Promise.reject(error('SIPDIALER_ESTATE', 'the engine is not started'))
    }
    this.#stopping ??= this.#stop()
    this.#keep()
    return this.#stopping
  }

  async #stop() {
    this.#stopped = deferred()
    if (this.#starting) await this.#starting.catch(err => this.#over(null, err))
    if (this.#running) {
      this.flow()
      native.stop(this.handle)
    }
    return this.#stopped.promise
  }

  // There is nothing to stop any more.
  #over(ev, err) {
    this.#stopping = null
    if (err) this.#stopped?.reject(err)
    else this.#stopped?.resolve(ev)
  }

  close() {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close() {
    await Promise.allSettled([this.#starting, ...this.#loads])
    if (this.#running) await this.stop().catch(() => {})
    this.flow()
    this.#unwatch()
    await native.destroy(this.handle)
  }

  /** Looks at an event before anybody else does. */
  take(ev) {
    if (ev.event === 'started') {
      this.#started.resolve(ev)
    } else if (ev.event === 'stopped') {
      this.#running = false
      this.#unwatch()
      this.#over(ev)
    }
  }

  // ---- the process, and the flow of events ---------------------------------

  /** Whether an engine that runs keeps the process alive. */
  want(wanted) {
    this.#wanted = wanted
    this.#keep()
  }

  // What somebody waits for keeps the process alive anyway.
  #keep() {
    const keep = this.#running && this.#wanted || this.#starting || this.#stopping
    if (this.#watched) keep ? native.ref(this.handle) : native.unref(this.handle)
    if (keep) this.#paused?.ref()
    else this.#paused?.unref()
  }

  #unwatch() {
    if (!this.#watched) return
    this.#watched = false
    native.unwatch(this.handle)
  }

  /** A reader is full: the library keeps what comes. */
  hold() {
    if (this.#paused || this.#stopping || this.#closing || !this.#watched) return
    native.pause(this.handle)
    this.#paused = setInterval(() => {}, FOR_EVER)
    this.#keep()
  }

  flow() {
    if (!this.#paused) return
    clearInterval(this.#paused)
    this.#paused = null
    if (this.#watched) native.resume(this.handle)
  }
}

module.exports = { Engine }
