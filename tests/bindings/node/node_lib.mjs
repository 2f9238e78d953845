// What the Node.js tests share: the simulated network, deadlines, files.
//
// The environment says where things are: SIPDIALER_NODE_ADDON (the addon),
// SIPDIALER_PHONENET (the network).
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Dialer } from '../../../bindings/node/index.mjs'

export const here = path.dirname(fileURLToPath(import.meta.url))
export const root = path.join(here, '..', '..', '..')
export const SKIPPED = 77 // for meson

/** A loopback address that no other test process has. */
export function address(n = 0) {
  const pid = process.pid
  return `127.${96 + 16 * n + (pid >> 16 & 15)}.${pid >> 8 & 255}.${pid & 255}`
}

/** The promise, or an error after a while. */
export async function within(promise, what = 'promise', ms = 20000) {
  const late = new AbortController()
  const timeout = sleep(ms, null, { signal: late.signal, ref: true })
    .then(() => { throw new Error(`not within ${ms} ms: ${what}`) }, () => {})
  try {
    return await Promise.race([promise, timeout])
  } finally {
    late.abort()
  }
}

/** Waits for condition() to give something; its value. */
export async function until(condition, what = 'condition', ms = 20000) {
  const end = Date.now() + ms
  for (;;) {
    const got = await condition()
    if (got) return got
    assert.ok(Date.now() < end, `not within ${ms} ms: ${what}`)
    await sleep(20)
  }
}

/** A folder that goes with the test. */
export function folder(t) {
  const dir = mkdtempSync(path.join(tmpdir(), 'sipdialer-node-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export class Phonenet {
  /** A simulated network that ends with the test. */
  static async open(t, ...args) {
    const net = new Phonenet()
    net.file = path.join(folder(t), 'journal')
    net.child = spawn(process.env.SIPDIALER_PHONENET, ['--parent-dies', '--quiet', '--stats-on-exit',
      '--listen', address() + ':0', '--journal', net.file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    net.ended = new Promise(resolve => net.child.once('exit', resolve))
    net.lines = createInterface({ input: net.child.stdout })[Symbol.asyncIterator]()
    const { value } = await within(net.lines.next(), 'phonenet is ready')
    const [, host, port] = /udp:([\d.]+):(\d+)/.exec(value)
    net.options = { 'sip.server': host, 'sip.port': Number(port), 'sip.local_address': address(1) }
    t.after(() => net.stop())
    return net
  }

  journal(event) {
    if (!existsSync(this.file)) return []
    const lines = readFileSync(this.file, 'utf8').split('\n').slice(0, -1)
    return lines.map(line => JSON.parse(line)).filter(e => !event || e.event === event)
  }

  /** Ends it; its counters. */
  async stop() {
    if (this.stats !== undefined) return this.stats
    this.stats = null
    this.child.stdin.end()
    for (let line; !(line = await within(this.lines.next(), 'phonenet ends')).done;) this.stats = JSON.parse(line.value)
    await this.ended
    return this.stats
  }
}

/** A started dialer on a network, closed with the test. */
export async function dialer(t, net, options) {
  const d = new Dialer({ ...net?.options, ...options })
  t.after(() => d.close())
  await within(d.start(), 'start')
  return d
}

/** Runs a program of JavaScript in a process of its own. */
export function run(file, args = [], { env = {}, flags = [], stdio = 'pipe' } = {}) {
  const child = spawn(process.execPath, [...flags, file, ...args], { env: { ...process.env, ...env }, stdio })
  const done = { child, out: '', err: '' }
  child.stdout?.on('data', data => { done.out += data })
  child.stderr?.on('data', data => { done.err += data })
  done.ended = new Promise(resolve => child.once('close', (status, signal) => resolve({ ...done, status, signal })))
  return done
}

/** A WAV file of silence or of a tone, 8 kHz. */
export function writeWav(file, seconds, hertz = 0) {
  const n = Math.round(8000 * seconds)
  const wav = Buffer.alloc(44 + 2 * n)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(36 + 2 * n, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(1, 22)
  wav.writeUInt32LE(8000, 24)
  wav.writeUInt32LE(16000, 28)
  wav.writeUInt16LE(2, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36)
  wav.writeUInt32LE(2 * n, 40)
  for (let i = 0; i < n; i++) wav.writeInt16LE(Math.round(8000 * Math.sin(2 * Math.PI * hertz * i / 8000)), 44 + 2 * i)
  writeFileSync(file, wav)
  return file
}

export function code(name) {
  return { name: 'SipdialerError', code: 'SIPDIALER_' + name }
}
