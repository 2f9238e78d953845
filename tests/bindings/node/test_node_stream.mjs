// The audio stream of a call: its ends, what is cleared, what comes too early.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import test from 'node:test'
import { Phonenet, code, dialer, until, within } from './node_lib.mjs'

// number 14 is silent
const SILENT = '114'

async function answered(t, options) {
  const net = await Phonenet.open(t, '--answer-delay', '50')
  const d = await dialer(t, net, options)
  const call = d.call(SILENT, { 'call.audio': 8000 })
  assert.ok(await within(call.answered))
  return { net, d, call }
}

function speech(seconds) {
  return new Int16Array(8000 * seconds).fill(1000)
}

function endless() {
  return new Readable({
    read() {
      this.push(Buffer.alloc(1600))
    }
  })
}

for (const how of ['pipe', 'pipeline']) {
  test(`a hang-up while a source is piped in: ${how}`, async t => {
    const { call } = await answered(t)
    const wrong = []
    call.audio.on('error', err => wrong.push(err.code))
    call.audio.resume()
    const source = endless()
    if (how === 'pipe') source.pipe(call.audio)
    const done = how === 'pipe' ? once(call.audio, 'close') : pipeline(source, call.audio).catch(err => err)
    await until(() => call.audio.writableNeedDrain, 'the buffers are full')
    call.hangup()
    await within(call.ended)
    await within(done)
    assert.deepEqual(wrong.filter(code => code !== 'ERR_STREAM_PREMATURE_CLOSE'), [])
    source.destroy()
  })
}

test('a hang-up while one fills it: no drain, what comes later is dropped', async t => {
  const { call } = await answered(t)
  const { audio } = call
  let left = 5000
  const fill = () => {
    while (audio.writable && left > 0 && audio.write(speech(0.2))) left--
  }
  audio.on('drain', fill)
  audio.resume()
  fill()
  const closed = once(audio, 'close')
  call.hangup()
  await within(call.ended)
  const before = left
  await within(closed)
  assert.equal(left, before)
  assert.ok(left > 4000)
  assert.equal(audio.writable, false)

  assert.equal(audio.write(speech(0.1)), false)
  const late = await within(new Promise(resolve => audio.write(speech(0.1), resolve)))
  assert.equal(late.code, 'SIPDIALER_ENOENT')
  audio.end(speech(0.1))
})

test('a clear drops what waits in the stream, too', async t => {
  const { call } = await answered(t, { 'audio.write_buffer': 1000 })
  const { audio } = call
  let written = 0
  audio.write(speech(20), () => written++)
  audio.write(speech(2), () => written++)
  audio.write(Buffer.alloc(3), () => written++)
  await within(once(call, 'call_audio'))
  const dropped = call.clearAudio()
  assert.ok(dropped > 8000 * 20 && dropped <= 8000 * 22 + 1, `${dropped} samples`)
  await until(() => written === 3, 'the callbacks')
  assert.equal(audio.writableLength, 0)
  assert.equal(call.clearAudio(), 0)

  audio.write(speech(3))
  audio.write(speech(1))
  assert.equal(call.clearAudio(), 8000 * 4)
  audio.write(speech(0.2))
  assert.equal(call.clearAudio(), 1600)
  audio.end(speech(10))
  const ending = within(once(audio, 'finish'))
  assert.equal(call.clearAudio(), 80000)
  await ending
  call.hangup()
  await within(call.ended)
})

test('destroyed: the write that waited is told; openAudio() makes another', async t => {
  const { call } = await answered(t)
  const first = call.audio
  const told = new Promise(resolve => first.write(speech(7), resolve))
  assert.throws(() => call.openAudio({ highWaterMark: 320 }), code('ESTATE'))
  for await (const chunk of first) {
    assert.ok(chunk.length)
    break
  }
  assert.equal(first.destroyed, true)
  assert.ok(await within(told) instanceof Error)
  const second = call.openAudio({ highWaterMark: 320 })
  assert.notEqual(second, first)
  assert.equal(call.audio, second)
  assert.equal(second.readableHighWaterMark, 320)
  await within(once(second, 'data'))
  const closed = once(second, 'close')
  call.hangup()
  await within(call.ended)
  await within(closed)
  assert.equal(call.openAudio(), second)
})

test('asked for only after the dialer is closed', async t => {
  const { d, call } = await answered(t)
  call.hangup()
  await within(call.ended)
  await within(d.close())
  const closed = once(call.audio, 'close')
  call.audio.resume()
  await within(closed)
  assert.equal(call.audio.errored, null)
})

// Number 40 refuses, and calls back.
async function calledBack(t) {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net, { 'sip.user': '1001', 'incoming.accept': 'server' })
  await within(d.registered())
  const incoming = once(d, 'call_incoming')
  d.call('140')
  const [, call] = await within(incoming, 'a call comes in')
  return call
}

test('asked for before an incoming call is answered', async t => {
  const call = await calledBack(t)
  const heard = once(call.audio, 'data')
  call.audio.write(speech(0.1))
  await new Promise(setImmediate) // the stream looks
  assert.equal(call.audio.destroyed, false)
  call.answer({ 'call.audio': 8000 })
  const [chunk] = await within(heard)
  assert.ok(chunk.length)
  call.hangup()
  await within(call.ended)
})

test('an incoming call that is answered without audio', async t => {
  const call = await calledBack(t)
  const failed = once(call.audio, 'error')
  call.audio.resume()
  call.answer()
  const [err] = await within(failed)
  assert.equal(err.name, 'SipdialerError')
  call.hangup()
  await within(call.ended)
})
