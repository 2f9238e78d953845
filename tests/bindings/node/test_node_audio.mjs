// Audio of a call: as a stream, and sample by sample.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import test from 'node:test'
import { samplesOf } from '../../../bindings/node/index.mjs'
import { Phonenet, code, dialer, until, within } from './node_lib.mjs'

// number 14 is silent, 00 says what it hears, after a hello of its own
const SILENT = '114'
const ECHO = '100'
const QUICK = ['--answer-delay', '50']

function tone(n, hertz = 440, rate = 8000) {
  return Int16Array.from({ length: n }, (_, i) => 8000 * Math.sin(2 * Math.PI * hertz * i / rate))
}

// The share of the energy that lies at one frequency, 0 to 1.
function share(samples, hertz, rate = 8000) {
  const c = 2 * Math.cos(2 * Math.PI * hertz / rate)
  let a = 0
  let b = 0
  let energy = 0
  for (const s of samples) {
    [a, b] = [s + c * a - b, a]
    energy += s * s
  }
  return energy ? 2 * (a * a + b * b - c * a * b) / (energy * samples.length) : 0
}

async function answered(t, number, options) {
  const net = await Phonenet.open(t, ...QUICK)
  const d = await dialer(t, net)
  const call = d.call(number, options)
  assert.ok(await within(call.answered))
  return { net, d, call }
}

for (const rate of [8000, 16000]) {
  test(`a tone to an echo and back, ${rate} Hz`, async t => {
    const { call } = await answered(t, ECHO, { 'call.audio': rate })
    const heard = []
    call.audio.write(tone(4 * rate, 440, rate))
    for await (const chunk of call.audio) {
      const samples = samplesOf(chunk)
      heard.push(...samples)
      if (heard.length >= 3 * rate) call.hangup()
    }
    await within(call.ended)
    // the hello is over after 1 s
    const part = heard.slice(2 * rate, 2.5 * rate)
    assert.ok(share(part, 440, rate) > 0.8, `${share(part, 440, rate)} of it is the tone`)
    assert.equal(call.audio.destroyed, true)
  })
}

test('piped to itself, through streams, to the end of the call', async t => {
  const { call } = await answered(t, ECHO, { 'call.audio': 8000, 'dial.max_duration': 1 })
  let bytes = 0
  const count = new PassThrough()
  count.on('data', data => { bytes += data.length })
  await within(pipeline(call.audio, count, call.audio))
  assert.equal((await within(call.ended)).disposition, 'answered')
  assert.ok(bytes > 8000, `${bytes} bytes`)
})

test('finish comes when all is sent; end() leaves the call', async t => {
  const { call } = await answered(t, SILENT, { 'call.audio': 8000 })
  const events = []
  call.on('call_audio', ev => events.push(ev.pending))
  call.audio.write(tone(2000))
  call.audio.end(tone(400))
  await within(once(call.audio, 'finish'))
  assert.equal(events.at(-1), 0)
  call.dtmf('1')
  call.hangup()
  await within(call.ended)
})

test('a full buffer for sending: writing waits, nothing is lost', async t => {
  const { call, d } = await answered(t, SILENT, { 'call.audio': 8000 })
  assert.ok(d)
  const stream = call.openAudio({ highWaterMark: 3200 })
  assert.equal(stream, call.audio)
  assert.equal(stream.writableHighWaterMark, 3200)
  assert.equal(stream.write(tone(60000)), false) // 7.5 s into a buffer of 5 s
  let drained = false
  stream.once('drain', () => { drained = true })
  await within(once(call, 'call_audio'))
  assert.equal(drained, false)
  assert.ok(call.clearAudio() > 30000)
  await until(() => drained, 'room after a clear')
  assert.equal(stream.write(tone(10)), true)
  call.hangup()
  await within(call.ended)
})

test('nobody reads in time: the oldest is lost, and counted', async t => {
  const net = await Phonenet.open(t, ...QUICK)
  const d = await dialer(t, net, { 'audio.read_buffer': 100 })
  const call = d.call(SILENT, { 'call.audio': 8000 })
  await within(call.answered)
  const room = new Int16Array(8000)
  let failed = 0
  call.on('call_audio', ev => { failed = ev.failed })
  await until(() => d.stats() && call.readAudio(room.subarray(0, 1)) === 1 && failed > 0, 'losses')
  assert.ok(call.readAudio(room) <= 800)
  call.hangup()
  await within(call.ended)
})

test('direct: read, write, clear; arrays of all kinds', async t => {
  const { call } = await answered(t, ECHO, { 'call.audio': 8000 })
  const room = new Int16Array(160)
  let got = 0
  await until(() => (got += call.readAudio(room)) > 1600, 'samples')
  assert.equal(call.writeAudio(tone(100)), 100)
  assert.ok(call.clearAudio() <= 100)
  assert.equal(call.writeAudio(new Int16Array(0)), 0)
  assert.equal(call.readAudio(new Int16Array(0)), 0)
  // a part of a buffer, not its start
  const whole = new Int16Array(400).fill(7)
  await until(() => call.readAudio(whole.subarray(100, 200)) === 100)
  assert.ok(whole.subarray(0, 100).every(v => v === 7) && whole.subarray(200).every(v => v === 7))
  // shared memory is copied
  const shared = new Int16Array(new SharedArrayBuffer(320))
  assert.equal(call.writeAudio(shared), 160)
  await until(() => call.readAudio(shared) > 0)
  // a buffer that went elsewhere
  const gone = new Int16Array(160)
  structuredClone(gone.buffer, { transfer: [gone.buffer] })
  assert.throws(() => call.readAudio(gone), code('EINVAL'))
  assert.throws(() => call.writeAudio(gone), code('EINVAL'))
  for (const wrong of [new Uint8Array(4), new Float32Array(4), [1, 2], 'x', null, undefined, 5]) {
    assert.throws(() => call.readAudio(wrong), { name: /Error/ })
    assert.throws(() => call.writeAudio(wrong), { name: /Error/ })
  }
  call.hangup()
  await within(call.ended)
  assert.throws(() => call.writeAudio(room), code('ENOENT'))
})

test('what came before the end can be read in the listener of the end', async t => {
  const net = await Phonenet.open(t, ...QUICK)
  const d = await dialer(t, net)
  const call = d.call('113', { 'call.audio': 8000 })
  await within(once(call, 'call_audio'))
  let left = -1
  call.once('call_ended', () => { left = call.readAudio(new Int16Array(8000)) })
  await within(call.ended)
  assert.ok(left > 4000, `${left} samples`)
  await within(d.call('101').ended) // the next events
  assert.throws(() => call.readAudio(new Int16Array(1)), code('ENOENT'))
})

test('a slow reader gets what waits when the call ends', async t => {
  const net = await Phonenet.open(t, ...QUICK)
  const d = await dialer(t, net)
  const call = d.call('113', { 'call.audio': 8000 })
  await within(call.answered)
  const stream = call.openAudio({ highWaterMark: 320 })
  await within(once(stream, 'readable'))
  await within(call.ended)
  let samples = 0
  for await (const chunk of stream) samples += chunk.length / 2
  assert.ok(samples > 4000, `${samples} samples`)
})

test('odd bytes, destroyed streams, streams after the end', async t => {
  const { call } = await answered(t, SILENT, { 'call.audio': 8000 })
  const bytes = new Uint8Array(tone(200).buffer)
  call.audio.write(bytes.subarray(0, 33))
  call.audio.write(bytes.subarray(33, 36))
  call.audio.write(bytes.subarray(36))
  assert.throws(() => call.audio.write(new Float32Array(4)), code('EINVAL'))
  call.audio.destroy()
  await within(finished(call.audio).catch(err => assert.equal(err.code, 'ERR_STREAM_PREMATURE_CLOSE')))
  call.dtmf('5')
  call.hangup()
  await within(call.ended)

  const { call: other } = await answered(t, SILENT, { 'call.audio': 8000 })
  other.hangup()
  await within(other.ended)
  let rest = 0 // what nobody asked for before
  for await (const chunk of other.audio) rest += chunk.length
  assert.ok(rest < 16000)
  assert.equal(other.audio.destroyed, true)
})

test('without call.audio it is refused', async t => {
  const { call } = await answered(t, SILENT)
  assert.throws(() => call.readAudio(new Int16Array(160)), { name: 'SipdialerError' })
  const [err] = await within(new Promise(resolve => {
    call.audio.on('error', (...args) => resolve(args))
    call.audio.read(0)
  }))
  assert.equal(err.name, 'SipdialerError')
  call.hangup()
  await within(call.ended)
})

test('back-pressure of a slow sink reaches the library', async t => {
  const { call } = await answered(t, ECHO, { 'call.audio': 8000, 'dial.max_duration': 3 })
  let most = 0
  let blocked = null
  const sink = new Writable({
    highWaterMark: 320,
    write(chunk, encoding, done) {
      blocked = done
    }
  })
  call.openAudio({ highWaterMark: 640 }).pipe(sink)
  call.on('call_audio', ev => {
    most = Math.max(most, ev.count)
    assert.ok(call.audio.readableLength <= 640 + 2 * 9600)
  })
  const end = await within(call.ended)
  assert.ok(end.talk_ms > 2000)
  assert.ok(blocked)
  assert.ok(most > 0)
  call.audio.destroy()
})
