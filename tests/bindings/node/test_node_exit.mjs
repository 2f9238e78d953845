// However a process or a worker ends, its calls are hung up, within 5 s.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import { Phonenet, folder, root, run, until, within } from './node_lib.mjs'

const INDEX = JSON.stringify(path.join(root, 'bindings', 'node', 'index.js'))

const PROGRAM = `
  const { Dialer } = require(${INDEX})
  const { Worker, isMainThread, workerData, threadId } = require('node:worker_threads')
  const [how, options] = isMainThread ? process.argv.slice(2) : workerData

  async function calls() {
    const d = new Dialer(JSON.parse(options))
    await d.start()
    const three = [d.call('100'), d.call('100'), d.call('102')]
    await three[0].answered
    await three[1].answered
    return d
  }

  const ways = {
    exit: async () => { await calls(); process.exit(3) },
    throws: async () => { await calls(); setImmediate(() => { throw new Error('nobody catches') }) },
    rejects: async () => { await calls(); Promise.reject(new Error('nobody catches')) },
    unref: async () => { (await calls()).unref() },
    close: async () => { await (await calls()).close() },
    two: async () => { await Promise.all([calls(), calls()]); process.exit(0) },
    closing: async () => { (await calls()).close(); process.exit(0) },
    listener: async () => {
      const d = await calls()
      process.on('exit', () => { try { d.call('1') } catch (err) { console.log(err.code) } })
      process.exit(0)
    },
    worker: () => new Worker(__filename, { workerData: ['exit', options] }),
    main: () => {
      const w = new Worker(__filename, { workerData: ['ready', options] })
      w.on('message', () => process.exit(0))
    },
    ready: async () => { await calls(); require('node:worker_threads').parentPort.postMessage('ready') },
    term: async () => { await calls(); process.on('SIGTERM', () => process.exit(0)); console.log('ready') }
  }
  ways[how]()
`

async function ends(t, how, { status, calls = 3, kill } = {}) {
  const net = await Phonenet.open(t, '--answer-delay', '50')
  const file = path.join(folder(t), 'program.cjs')
  writeFileSync(file, PROGRAM)
  const program = run(file, [how, JSON.stringify(net.options)])
  if (kill) {
    await until(() => program.out.includes('ready'))
    program.child.kill(kill)
  }
  await until(() => net.journal('answer').length >= calls * 2 / 3, 'answers')
  const began = Date.now()
  const done = await within(program.ended, 'the end of the process', 30000)
  const took = Date.now() - began
  assert.equal(done.status, status, done.err)
  assert.equal(done.signal, null)
  assert.ok(took < 5500, `${took} ms`)
  await until(() => net.journal('end').length === calls, 'the ends of all calls')
  assert.deepEqual(net.journal('end').map(e => e.by).sort(), Array.from({ length: calls }, (_, i) => i < calls * 2 / 3 ? 'caller' : 'cancel'))
  return done
}

for (const [how, more] of Object.entries({
  exit: { status: 3 },
  throws: { status: 1 },
  rejects: { status: 1 },
  unref: { status: 0 },
  close: { status: 0 },
  two: { status: 0, calls: 6 },
  closing: { status: 0 },
  worker: { status: 0 },
  main: { status: 0 },
  term: { status: 0, kill: 'SIGTERM' }
})) test(`the process ends: ${how}`, t => ends(t, how, more))

test('a listener of exit finds the dialer closed', async t => {
  assert.match((await ends(t, 'listener', { status: 0 })).out, /SIPDIALER_ESTATE/)
})

test('peers that do not answer a BYE: 5 s at most', async t => {
  const net = await Phonenet.open(t, '--answer-delay', '50')
  const file = path.join(folder(t), 'program.cjs')
  writeFileSync(file, PROGRAM.replaceAll("'100'", "'118'"))
  const program = run(file, ['exit', JSON.stringify(net.options)])
  await until(() => net.journal('answer').length === 2, 'answers')
  const began = Date.now()
  const done = await within(program.ended, 'the end', 30000)
  assert.equal(done.status, 3, done.err)
  assert.ok(Date.now() - began < 6500, `${Date.now() - began} ms`)
})

function worker(code, workerData) {
  return new Worker(`const { Dialer } = require(${INDEX})
    const { parentPort, workerData } = require('node:worker_threads')
    ${code}`, { eval: true, workerData })
}

test('workers: each its own engine, ended in the middle of calls', async t => {
  const net = await Phonenet.open(t, '--answer-delay', '50')
  const workers = Array.from({ length: 4 }, () => worker(`
    const d = new Dialer(workerData)
    d.start().then(async () => {
      await Promise.all([d.call('100').answered, d.call('100').answered])
      parentPort.postMessage('answered')
    })`, net.options))
  t.after(() => Promise.all(workers.map(w => w.terminate())))
  const messages = await within(Promise.all(workers.map(w => once(w, 'message'))))
  assert.deepEqual(messages.flat(), Array(4).fill('answered'))
  const began = Date.now()
  await within(Promise.all(workers.map(w => w.terminate())))
  assert.ok(Date.now() - began < 5500)
  await until(() => net.journal('bye').length === 8, 'a BYE of each call')
})

test('workers ended at any moment of a life', async t => {
  const net = await Phonenet.open(t, '--answer-delay', '20', '--no-fsync')
  const signs = ['made', 'starting', 'started', 'calling', 'answered', 'closing', 'closed']
  for (const sign of signs) {
    const w = worker(`
      const say = s => parentPort.postMessage(s)
      const d = new Dialer(workerData)
      say('made')
      ;(async () => {
        const starting = d.start()
        say('starting')
        await starting
        say('started')
        const call = d.call('100', { 'call.record': '' })
        say('calling')
        await call.answered
        say('answered')
        const closing = d.close()
        say('closing')
        await closing
        say('closed')
        setInterval(() => {}, 1000)
      })()`, net.options)
    await within(new Promise((resolve, reject) => {
      w.on('message', s => s === sign && resolve())
      w.on('error', reject)
    }), sign)
    await within(w.terminate(), 'terminate at ' + sign)
  }
  assert.ok(signs.length)
})
