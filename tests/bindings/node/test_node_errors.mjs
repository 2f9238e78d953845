// Garbage, stale ids and closed dialers give exceptions, never a crash.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import test from 'node:test'
import { Dialer, SipdialerError } from '../../../bindings/node/index.mjs'
import { Phonenet, code, dialer, folder, root, within } from './node_lib.mjs'

const native = createRequire(import.meta.url)(process.env.SIPDIALER_NODE_ADDON)

// Of the header, but inside the addon.
const INSIDE = new Set(['nextEvent', 'fd', 'wakeup', 'on', 'dispatch', 'eventJson', 'lastError'])

function camel(name) {
  return name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())
}

test('the addon has the functions of the header, no more and no less', () => {
  const header = readFileSync(path.join(root, 'include', 'sipdialer', 'sipdialer.h'), 'utf8')
  const code = header.replace(/\/\*[^]*?\*\//g, '')
  const wanted = [...code.matchAll(/\bsipdialer_(\w+)\(/g)].map(m => camel(m[1])).filter(name => !INSIDE.has(name))
  const own = ['watch', 'unwatch', 'pause', 'resume', 'ref', 'unref', 'drain', 'shutdown', 'setErrorClass']
  assert.ok(wanted.length > 30)
  assert.deepEqual(Object.keys(native).sort(), [...new Set([...wanted, ...own])].sort())
})

test('errors have a class, a code, a number and a text', () => {
  const d = new Dialer()
  assert.throws(() => d.set('sip.sever', 'x'), err => {
    assert.ok(err instanceof SipdialerError && err instanceof Error)
    assert.equal(err.name, 'SipdialerError')
    assert.equal(err.code, 'SIPDIALER_ENOENT')
    assert.equal(err.errno, -2)
    assert.match(err.message, /sip\.server/)
    assert.match(err.stack, /test_node_errors/)
    return true
  })
  assert.throws(() => new Dialer({ 'sip.port': 70000 }), code('EINVAL'))
  assert.throws(() => new Dialer({ 'sip.port': {} }), code('EINVAL'))
  assert.throws(() => new Dialer({ 'sip.port': NaN }), code('EINVAL'))
  assert.throws(() => new Dialer({ 'sip.user': Symbol('x') }), code('EINVAL'))
  assert.throws(() => new Dialer('sip.user=x'), code('EINVAL'))
  assert.throws(() => new Dialer([]), code('EINVAL'))
  for (const wrong of [new Map([['sip.port', 5060]]), new Date(), 5, true, { 'sip.user=x': 'y' }, { '=': 'y' }]) {
    assert.throws(() => new Dialer(wrong), code('EINVAL'))
  }
  assert.throws(() => d.set('sip.port'), code('EINVAL'))
  assert.throws(() => d.set({ 'sip.port': 5070 }), code('EINVAL'))
  assert.throws(() => d.set('sip.user', 'a\0b'), { ...code('EINVAL'), message: /NUL/ })
  assert.throws(() => d.set('sip.user', 'x'.repeat(2 ** 21)), code('EINVAL'))
  assert.throws(() => d.get('nothing'), code('ENOENT'))
  assert.throws(() => d.call('100'), code('ESTATE'))
  assert.throws(() => d.stats(), code('ESTATE'))
})

test('events() knows the kinds', () => {
  const d = new Dialer()
  for (const events of ['call_ended', ['call_end'], [5], 5, {}]) {
    assert.throws(() => d.events({ events }), code('EINVAL'))
  }
  d.events({ events: new Set(['call_ended', 'call_audio', 'import_error']) }).return()
})

test('null where options may be', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net, { 'store.path': path.join(folder(t), 'store.db') })
  d.events(null).return()
  const call = d.call('102', null, null)
  call.openAudio(null)
  call.hangup()
  await within(call.ended)
  const campaign = await within(d.createCampaign('a', null))
  assert.ok(await within(campaign.addContact('493012345600', null)))
  assert.throws(() => call.play('x.wav', null), code('ENOENT'))
  assert.throws(() => call.record('x.wav', null), code('ENOENT'))
  await assert.rejects(Dialer.storeCheck('/not/there.db', null), code('ENOENT'))
})

test('a failing start says why, and can be tried again', async t => {
  const d = new Dialer({ 'store.path': '/not/there/x.db' })
  t.after(() => d.close())
  await assert.rejects(within(d.start()), code('ENOENT'))
  d.set('store.path', null)
  assert.equal((await within(d.start())).event, 'started')
})

const GARBAGE = [undefined, null, true, 0, -1, 1.5, NaN, Infinity, 2 ** 53, 2 ** 64, 5n, 0n, -1n, 2n ** 64n, 2n ** 70n, '', 'x',
  'a\0b', '\ud800', 'x'.repeat(70000), Symbol('s'), {}, [], [1], ['a=b', 'c'], ['\0'], new Array(5000).fill('a=b'), () => {},
  new Int16Array(4), new Uint8Array(3), new Date(), new Proxy({}, {}), new Proxy([], {}), Object.create(null), /x/]

test('garbage in every place of every function', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net)
  const call = d.call('100')
  await within(call.answered)
  const started = native.create()
  const safe = Object.keys(native).filter(name => !['shutdown', 'setErrorClass', 'destroy', 'start', 'stop', 'watch'].includes(name))
  let thrown = 0
  for (const name of safe) {
    for (const one of GARBAGE) {
      for (const args of [[], [one], [started, one], [started, call.id, one], [started, one, one, one, one],
        [started, 5, 'x', one], [started, 5, 'x', 'x', one], [one, call.id]]) {
        try {
          const got = native[name](...args)
          if (got instanceof Promise) got.catch(() => {})
        } catch (err) {
          thrown++
          assert.ok(err instanceof SipdialerError, `${name}: ${err}`)
        }
      }
    }
  }
  assert.ok(thrown > 1000)
  assert.throws(() => native.watch(started, 5), code('EINVAL'))
  assert.throws(() => native.pause(started), code('ESTATE'))
  assert.throws(() => native.call({ __proto__: started }, '100'), code('EINVAL'))
  call.hangup()
  assert.equal((await within(call.ended)).disposition, 'answered')
})

test('stale calls and campaigns', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net, { 'store.path': path.join(folder(t), 'store.db') })
  const call = d.call('101')
  await within(call.ended)
  for (const verb of [() => call.hangup(), () => call.play('x.wav'), () => call.dtmf('1'), () => call.record('x.wav')]) {
    assert.throws(verb, code('ENOENT'))
  }
  assert.equal(d.getCall(12345), undefined)
  const gone = d.campaign(999)
  await assert.rejects(within(gone.start()), code('ENOENT'))
  await assert.rejects(within(gone.finished()), code('ENOENT'))
  await assert.rejects(within(gone.import('/not/there.csv')), { name: 'SipdialerError' })
  assert.throws(() => call.dtmf('hello'), { name: 'SipdialerError' })
})

test('a closed dialer', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net)
  const call = d.call('100')
  await within(call.answered)
  await within(d.close())
  for (const verb of [() => d.set('sip.port', 5), () => d.get('sip.port'), () => d.call('100'), () => d.stats(),
    () => call.hangup(), () => call.dtmf('1')]) {
    assert.throws(verb, code('ESTATE'))
  }
  for (const promise of [d.start(), d.stop(), d.load('x'), d.campaigns(), d.createCampaign('x'), d.dncCheck('1')]) {
    await assert.rejects(within(promise), code('ESTATE'))
  }
  await within(d.close())
  for await (const ev of d) assert.fail(ev.event)
  assert.equal(d.ref().unref(), d)
})

test('the numbers of errors', async () => {
  await assert.rejects(Dialer.storeCheck('/not/there.db'), code('ENOENT'))
  await assert.rejects(Dialer.storeCheck(5), code('EINVAL'))
  assert.equal(native.eventName(27), 'call_ended')
  assert.equal(native.dispositionName(5), 'busy')
  assert.equal(native.amdName(2), 'machine')
  assert.equal(native.campaignStatusName(2), 'running')
  assert.equal(native.registrationName(2), 'registered')
  assert.equal(native.strerror(-14), 'SIPDIALER_ECANCELLED')
  assert.equal(native.eventName(-5), '?')
})
