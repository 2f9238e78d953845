// Recordings listened to from Node.js.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { Dialer } from '../../../bindings/node/index.mjs'
import { folder } from './node_lib.mjs'

/** A second of silence, a beep of half a second, a second of silence: 8 kHz, 16 bit. */
function beep(file) {
  const wav = Buffer.alloc(44 + 2 * 20000)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(wav.length - 8, 4)
  wav.write('WAVEfmt ', 8)
  for (const [at, value] of [[16, 16], [24, 8000], [28, 16000], [40, wav.length - 44]]) wav.writeUInt32LE(value, at)
  for (const [at, value] of [[20, 1], [22, 1], [32, 2], [34, 16]]) wav.writeUInt16LE(value, at)
  wav.write('data', 36)
  for (let i = 8000; i < 12000; i++) wav.writeInt16LE(Math.round(8000 * Math.sin(2 * Math.PI * i / 8)), 44 + 2 * i)
  writeFileSync(file, wav)
  return file
}

test('a recording is listened to', async t => {
  const d = new Dialer({ 'amd.interval': 20 })
  t.after(() => d.close())
  const heard = d.amdFile(beep(path.join(folder(t), 'beep.wav')))
  const tones = heard.filter(ev => ev.event === 'call_tone')
  assert.equal(tones.length, 1)
  assert.equal(tones[0].text, 'beep')
  assert.ok(Math.abs(tones[0].hz - 1000) < 10)
  assert.equal(heard.filter(ev => ev.text === 'final').length, 1)
  assert.ok(heard.filter(ev => ev.text === 'listening').length > 100)
  assert.throws(() => d.amdFile('/nowhere.wav'), { code: 'SIPDIALER_ENOENT' })
  assert.throws(() => d.amdFile(''), { code: 'SIPDIALER_EINVAL' })
})
