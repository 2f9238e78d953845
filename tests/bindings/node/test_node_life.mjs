// Start, stop and close in every order, and what waits meanwhile.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import test from 'node:test'
import { Dialer } from '../../../bindings/node/index.mjs'
import { Phonenet, code, dialer, folder, root, run, until, within } from './node_lib.mjs'

// Nothing is pulled for a while.
function block(ms) {
  const end = Date.now() + ms
  while (Date.now() < end);
}

test('close after a stop whose end was not pulled yet', async t => {
  const d = await dialer(t)
  const stopping = d.stop()
  block(300)
  await within(d.close())
  assert.equal((await within(stopping)).event, 'stopped')
  await within(d.close())
})

test('two stops are one', async t => {
  const d = await dialer(t)
  const both = await within(Promise.all([d.stop(), d.stop()]))
  assert.equal(both[0], both[1])
  await assert.rejects(d.stop(), code('ESTATE'))
})

test('stop while it starts', async t => {
  const d = new Dialer()
  t.after(() => d.close())
  const starting = d.start()
  assert.equal((await within(d.stop())).event, 'stopped')
  assert.equal((await starting).event, 'started')
  const failing = new Dialer({ 'store.path': '/not/there/x.db' })
  const failed = assert.rejects(failing.start(), code('ENOENT'))
  await assert.rejects(within(failing.stop()), code('ENOENT'))
  await failed
  await within(failing.close())
})

test('close while a file is loaded', async t => {
  const d = new Dialer()
  const file = path.join(folder(t), 'options.conf')
  writeFileSync(file, 'dial.retries = 1\n')
  const loading = Promise.all([d.load(file), d.load(file)])
  const closing = d.close()
  assert.throws(() => d.set('dial.retries', 2), code('ESTATE'))
  await assert.rejects(d.load(file), code('ESTATE'))
  await assert.rejects(d.start(), code('ESTATE'))
  await within(loading)
  await within(closing)
  assert.throws(() => d.get('dial.retries'), code('ESTATE'))
})

test('a dialer that closes is not started again', async t => {
  const d = await dialer(t)
  let again = null
  d.on('stopped', () => { again = assert.rejects(d.start(), code('ESTATE')) })
  await within(d.close())
  await again
  assert.throws(() => d.call('100'), code('ESTATE'))
})

test('stop while a reader is full', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net)
  const reader = d.events({ highWaterMark: 1 })
  const call = d.call('102')
  await until(() => process.getActiveResourcesInfo().includes('Timeout') && d.stats().calls.active === 1)
  await within(reader.next())
  assert.equal((await within(d.stop())).event, 'stopped')
  assert.equal((await within(call.ended)).disposition, 'cancelled')
  await within(d.start())
})

test('stop rejects what still waits', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net, { 'store.path': path.join(folder(t), 'store.db') })
  const campaign = await within(d.createCampaign('never'))
  const waits = [campaign.finished(), d.registered()].map(p => assert.rejects(within(p), code('ECANCELLED')))
  await within(campaign.status())
  await within(d.stop())
  await Promise.all(waits)
})

// To stop an engine twice is to stop it without waiting for peers.
test('stop and then close: the engine is stopped once', async t => {
  const native = createRequire(import.meta.url)(process.env.SIPDIALER_NODE_ADDON)
  const stop = native.stop
  t.after(() => { native.stop = stop })
  let stops = 0
  native.stop = handle => {
    stops++
    return stop(handle)
  }
  const d = await dialer(t)
  const stopping = d.stop()
  await within(d.close())
  await within(stopping)
  assert.equal(stops, 1)
})

const UNREF = `
  import { Dialer } from ${JSON.stringify(path.join(root, 'bindings', 'node', 'index.mjs'))}
  const d = new Dialer().unref()
  await d.start()
  const later = setTimeout(() => {}, 60000)
  await new Promise(setImmediate)
  clearTimeout(later)
  await d.stop()
  await d.start()
  console.log('settled')
`

test('unref: what is awaited keeps the process', async t => {
  const file = path.join(folder(t), 'unref.mjs')
  writeFileSync(file, UNREF)
  const done = await within(run(file).ended)
  assert.equal(done.err, '')
  assert.equal(done.out, 'settled\n')
  assert.equal(done.status, 0)
})

test('registered', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net, { 'sip.user': '1001' })
  const ev = await within(d.registered())
  assert.equal(ev.status, 'registered')
  assert.equal(await d.registered(), ev)
  await assert.rejects(d.registered({ signal: AbortSignal.abort() }), { name: 'AbortError' })
  const none = await dialer(t, net)
  await assert.rejects(within(none.registered({ signal: AbortSignal.timeout(20) })), { name: 'TimeoutError' })
  await within(d.close())
  await assert.rejects(d.registered(), code('ESTATE'))
})
