// Calls that come in: answered, refused, left ringing, given up.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { samplesOf } from '../../../bindings/node/index.mjs'
import { Phonenet, code, dialer, until, within } from './node_lib.mjs'

// Number 40 refuses, and calls back.
async function calledBack(t, options, number = '140') {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net, { 'sip.user': '1001', 'incoming.accept': 'server', ...options })
  await within(until(() => net.journal('register').length > 0), 'registered')
  const incoming = once(d, 'call_incoming')
  const out = d.call(number)
  const [ev, call] = await within(incoming, 'a call comes in')
  await within(out.ended)
  return { d, net, ev, call }
}

test('answered, with audio both ways', async t => {
  const { d, ev, call } = await calledBack(t)
  assert.equal(ev.direction, 'inbound')
  assert.equal(call.incoming, ev)
  assert.equal(call.id, ev.call)
  assert.equal(d.getCall(ev.call), call)
  call.answer({ 'call.audio': 8000, 'dial.max_duration': 2 })
  assert.throws(() => call.answer(), code('ESTATE'))
  assert.ok(await within(call.answered))
  let samples = 0
  for await (const chunk of call.audio) {
    samples += samplesOf(chunk).length
    call.audio.write(chunk)
  }
  const end = await within(call.ended)
  assert.equal(end.direction, 'inbound')
  assert.equal(end.disposition, 'answered')
  assert.ok(samples > 4000, `${samples} samples`)
  assert.throws(() => call.answer(), code('ENOENT'))
})

test('bridged to a call of ours', async t => {
  const { d, call } = await calledBack(t)
  const ours = d.call('4930123400')
  const bridged = once(d, 'call_bridged')
  call.answer()
  call.bridge(ours)
  assert.equal((await within(bridged))[0].other, ours.id)
  await within(call.answered)
  const apart = once(d, 'call_unbridged')
  call.unbridge()
  assert.equal((await within(apart))[0].reason, 'parted by the host')
  assert.throws(() => call.bridge(call), code('EINVAL'))
  assert.throws(() => call.bridge(3), TypeError)
  call.hangup()
  ours.hangup()
  await within(Promise.all([call.ended, ours.ended]))
  assert.throws(() => call.bridge(ours), code('ENOENT'))
})

test('held, and a transfer that fails', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net)
  const call = d.call('4930123400')
  const seen = []
  d.on('call_held', ev => {
    seen.push(ev.status)
    if (ev.status === 'on_hold') call.transfer('200')
    else call.hangup()
  })
  d.on('call_transfer', ev => seen.push(ev.status))
  await within(call.answered)
  assert.throws(() => call.acceptReferral(), code('ESTATE'))
  assert.throws(() => call.rejectReferral(200), code('EINVAL'))
  assert.throws(() => call.transfer(call), code('EINVAL'))
  call.hold()
  await within(call.ended)
  assert.deepEqual(seen, ['on_hold', 'failed', 'off_hold'])
  assert.throws(() => call.resume(), code('ENOENT'))
})

test('refused', async t => {
  const { call } = await calledBack(t)
  assert.throws(() => call.reject(200), code('EINVAL'))
  assert.throws(() => call.reject('busy'), code('EINVAL'))
  call.reject()
  assert.equal(await within(call.answered), null)
  const end = await within(call.ended)
  assert.equal(end.disposition, 'busy')
  assert.equal(end.sip_status, 486)
  assert.throws(() => call.reject(), code('ENOENT'))
})

test('heard before the answer, then sent elsewhere', async t => {
  const { d, call } = await calledBack(t)
  const early = once(d, 'call_early_media')
  call.early({ 'call.audio': 8000 })
  assert.throws(() => call.early(), code('ESTATE'))
  assert.equal((await within(early))[0].sip_status, 183)
  assert.throws(() => call.redirect('sip:a b'), code('EINVAL'))
  call.redirect('1002')
  const end = await within(call.ended)
  assert.equal(end.sip_status, 302)
  assert.equal(end.reason, 'sent on to 1002')
})

test('nobody decides', async t => {
  const { call, ev } = await calledBack(t, { 'incoming.timeout': 1 }, '142')
  assert.match(ev.text, /Müller/)
  assert.equal((await within(call.ended)).disposition, 'no_answer')
})

test('an outbound call cannot be answered', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net)
  const call = d.call('102')
  assert.throws(() => call.answer(), code('ESTATE'))
  assert.throws(() => call.reject(), code('ESTATE'))
  call.hangup()
  await within(call.ended)
})

test('nothing comes in unless it is asked for', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net, { 'sip.user': '1001' })
  await until(() => net.journal('register').length > 0)
  let incoming = 0
  d.on('call_incoming', () => incoming++)
  await within(d.call('140').ended)
  await until(() => net.journal('end').length === 2, 'the end of the call back')
  await sleep(0)
  assert.equal(incoming, 0)
})
