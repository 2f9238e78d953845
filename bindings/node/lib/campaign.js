'use strict'
const { EventEmitter } = require('node:events')
const { native } = require('./native')
const { list } = require('./options')
const { ASK, HANDLE, TAKE, WAIT } = require('./internal')

const OVER = new Set(['completed', 'cancelled'])
const OWN = new Set(['newListener', 'removeListener'])
const AT_ONCE = 256 // contacts of addContacts() under way
const ERRORS_MAX = 1000

/** A campaign of the store. Emits campaign_status and campaign_progress. */
class Campaign extends EventEmitter {
  #dialer

  // heard: the campaigns that have listeners, which the dialer keeps
  constructor(dialer, id, name, heard) {
    super()
    this.on('removeListener', () => {
      if (this.eventNames().every(event => OWN.has(event))) heard.delete(this)
    })
    this.on('newListener', () => heard.add(this))
    this.#dialer = dialer
    this.id = id
    this.name = name ?? null
    this.info = null // the newest campaign_status or campaign_progress
  }

  get dialer() {
    return this.#dialer
  }

  [TAKE](ev) {
    if (ev.event === 'campaign_status') {
      this.name = ev.text
      this.info = ev
    } else {
      this.info = { ...this.info, ...ev }
    }
  }

  #ask(verb, ...args) {
    return this.#dialer[ASK](() => native[verb](this.#dialer[HANDLE], this.id, ...args))
  }

  /** {count taken, total read, failed refused, errors: the first 1,000 {line, text}} */
  async import(path, options) {
    const { done, rows } = await this.#ask('contactImport', path, list(options))
    const errors = rows.map(({ line, text }) => ({ line, text }))
    return { count: done.count, total: done.total, failed: done.failed, errors }
  }

  /** The id of the contact. */
  async addContact(number, contact) {
    const { name = null, custom = null } = contact ?? {}
    const json = custom === null || typeof custom === 'string' ? custom : JSON.stringify(custom)
    return (await this.#ask('contactAdd', number, name, json)).done.contact
  }

  /**
   * Adds what an iterable gives, as fast as the engine takes it: numbers, or
   * {number, name, custom}. {count taken, total read, failed refused, errors:
   * the first 1,000 {number, code, text}}
   */
  async addContacts(contacts) {
    const result = { count: 0, total: 0, failed: 0, errors: [] }
    const underWay = new Set()
    for await (const contact of contacts) {
      while (underWay.size >= AT_ONCE) await Promise.race(underWay)
      result.total++
      const adding = this.#addOne(contact, result).finally(() => underWay.delete(adding))
      underWay.add(adding)
    }
    await Promise.all(underWay)
    return result
  }

  async #addOne(contact, result) {
    const one = typeof contact === 'string' ? { number: contact } : contact
    try {
      await this.addContact(one?.number, one)
      result.count++
    } catch (err) {
      result.failed++
      if (result.errors.length < ERRORS_MAX) result.errors.push({ number: one?.number, code: err.code, text: err.message })
    }
  }

  async start() {
    await this.#ask('campaignStart')
  }

  async pause() {
    await this.#ask('campaignPause')
  }

  async cancel() {
    await this.#ask('campaignCancel')
  }

  /** The event campaign_status as of now. */
  async status() {
    return (await this.#ask('campaignStatus')).rows[0]
  }

  /** Writes the results to a CSV file; the number of rows. */
  async results(path) {
    return (await this.#ask('campaignResults', path)).done.count
  }

  /** Resolves with the campaign_status that says completed or cancelled. */
  async finished(options) {
    options?.signal?.throwIfAborted()
    const wait = this.#dialer[WAIT](
      ev => ev.event === 'campaign_status' && ev.campaign === this.id && OVER.has(ev.status), options?.signal)
    try {
      await Promise.race([this.status(), wait.promise]) // it may be over already
    } catch (err) {
      wait.cancel(err)
    }
    return wait.promise
  }
}

module.exports = { Campaign }
