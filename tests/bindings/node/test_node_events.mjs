// The async iterator: order, filters, ends, and a slow consumer.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Dialer } from '../../../bindings/node/index.mjs'
import { Phonenet, dialer, until, within } from './node_lib.mjs'

const { Reader } = createRequire(import.meta.url)('../../../bindings/node/lib/reader.js')
const { DETACH, TAKE } = createRequire(import.meta.url)('../../../bindings/node/lib/internal.js')

test('for await over a run', async t => {
  const net = await Phonenet.open(t)
  const d = new Dialer(net.options)
  t.after(() => d.close())
  const names = []
  const loop = (async () => {
    for await (const ev of d) {
      names.push(ev.event)
      if (ev.event === 'started') d.call('101')
      if (ev.event === 'call_ended') d.stop()
    }
  })()
  await within(d.start())
  await within(loop)
  assert.deepEqual(names, ['started', 'call_dialing', 'call_ended', 'stopped'])
})

test('filter, break, next() without waiting, abort', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net)
  const all = d.events()
  const ends = d.events({ events: ['call_ended'] })
  const abort = new AbortController()
  const aborted = d.events({ signal: abort.signal })
  const both = [aborted.next(), aborted.next()]
  d.call('101')
  d.call('103')
  const seen = []
  for await (const ev of ends) {
    seen.push(ev.disposition)
    if (seen.length === 2) break
  }
  assert.deepEqual(seen.sort(), ['busy', 'invalid_number'])
  assert.equal((await within(ends.next())).done, true)
  const first = await within(Promise.all([all.next(), all.next()]))
  assert.deepEqual(first.map(r => r.value.event), ['call_dialing', 'call_dialing'])
  assert.equal((await within(Promise.all(both))).length, 2)
  abort.abort()
  await assert.rejects(within(aborted.next()), { name: 'AbortError' })
  assert.equal((await within(aborted.next())).done, true)
  await all.return()
  await assert.rejects(all.throw(new Error('mine')), /mine/)
  assert.throws(() => d.events({ highWaterMark: 0 }), RangeError)
  await assert.rejects(d.events({ signal: AbortSignal.abort() }).next(), { name: 'AbortError' })
  for (const reason of [0, null, '']) {
    const reader = d.events({ signal: AbortSignal.abort(reason) })
    assert.equal(await reader.next().catch(err => [err]).then(([err]) => err), reason)
    assert.equal((await reader.next()).done, true)
  }
})

// Dials one after the other as the limits allow.
async function dialMany(d, number, n) {
  for (let i = 0; i < n; i++) {
    await until(() => {
      try {
        return d.call(number)
      } catch (err) {
        if (err.code === 'SIPDIALER_EFULL') return false
        throw err
      }
    }, 'room for a call')
  }
  await until(() => d.stats().calls.active === 0, 'the end of all calls')
}

test('a slow consumer holds the events back in the library, which says what it lost', async t => {
  const net = await Phonenet.open(t, '--no-media', '--no-fsync', '--answer-delay', '0', '--talk-time', '10')
  const d = await dialer(t, net, { 'events.max': 1024, 'log.level': 'error', 'dial.max_calls': 100 })
  const slow = d.events({ highWaterMark: 8 })
  let emitted = 0
  d.on('event', () => emitted++)

  const calls = 600 // three ordinary events each, and an end
  await dialMany(d, '100', calls)
  const held = emitted
  await sleep(50) // turns of the loop in which nothing may be pulled
  assert.equal(emitted, held)
  assert.ok(held <= 8 + 256, `${held} events came to JavaScript`)

  let ends = 0
  let lost = 0
  let last = 0
  while (ends < calls) {
    const { value: ev } = await within(slow.next())
    if (last) assert.equal(ev.seq, last + 1)
    last = ev.seq
    if (ev.event === 'call_ended') ends++
    if (ev.event === 'lost') lost += ev.count
  }
  assert.ok(lost > 0)
  const end = d.call('101')
  assert.equal((await within(end.ended)).disposition, 'busy')
})

test('a full iterator does not keep close() waiting', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net)
  const reader = d.events({ highWaterMark: 1 })
  const calls = Array.from({ length: 10 }, () => d.call('100'))
  await within(d.close())
  assert.equal((await calls[9].ended).event, 'call_ended')
  const names = []
  for await (const ev of reader) names.push(ev.event)
  assert.equal(names.filter(n => n === 'call_ended').length, 10)
  assert.equal(names.at(-1), 'stopped')
})

test('an unref lets the process end, a full iterator does not', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net)
  const timers = () => process.getActiveResourcesInfo().filter(r => r === 'Timeout').length
  const before = timers()
  const reader = d.events({ highWaterMark: 1 })
  d.call('101')
  await until(() => timers() > before, 'the process is kept')
  d.unref()
  await until(() => timers() === before)
  d.ref()
  await until(() => timers() > before)
  for (let i = 0; i < 2; i++) await within(reader.next())
  await until(() => timers() === before)
})

test('an iterator that is never quite empty does not grow', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  const reader = new Reader({ [DETACH]() {} })
  const event = { event: 'log' }
  const turn = n => {
    for (let i = 0; i < n; i++) {
      reader[TAKE](event)
      reader.next()
    }
  }
  for (let i = 0; i < 600; i++) reader[TAKE](event)
  const used = () => {
    gc()
    return process.memoryUsage().heapUsed
  }
  turn(100000)
  await null
  const before = used()
  for (let i = 0; i < 30; i++) {
    turn(100000)
    await null
  }
  const grown = used() - before
  assert.ok(grown < 2 ** 23, `${grown} bytes`) // 8 bytes an event were 24 million
})
