'use strict'
const { EventEmitter } = require('node:events')
const { native } = require('./native')
const { list } = require('./options')
const { ASK, HANDLE, TAKE, WAIT } = require('./internal')

const OVER = new Set(['completed', 'cancelled'])

/** A campaign of the store. Emits campaign_status and campaign_progress. */
class Campaign extends EventEmitter {
  #dialer

  constructor(dialer, id, name) {
    super()
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
  async addContact(number, { name = null, custom = null } = {}) {
    const json = custom === null || typeof custom === 'string' ? custom : JSON.stringify(custom)
    return (await this.#ask('contactAdd', number, name, json)).done.contact
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
  async finished({ signal } = {}) {
    const wait = this.#dialer[WAIT](
      ev => ev.event === 'campaign_status' && ev.campaign === this.id && OVER.has(ev.status), signal)
    try {
      await this.status() // it may be over already
    } catch (err) {
      wait.cancel(err)
    }
    return wait.promise
  }
}

module.exports = { Campaign }
