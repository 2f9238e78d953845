// Events per second through the Node.js binding, and what one costs. Prints JSON.
//
// Calls to the simulated network fill the library's queue while nothing pulls;
// then the time from there into JavaScript is taken: by a listener of one kind
// of event, and by an async iterator.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Dialer } from '../../bindings/node/index.mjs'

const CALLS = 20000 // four events each
const RUNS = 3

const net = spawn(process.env.SIPDIALER_PHONENET, ['--parent-dies', '--quiet', '--no-media', '--no-fsync', '--listen', '127.0.0.1:0',
  '--answer-delay', '0', '--talk-time', '10'], { stdio: ['pipe', 'pipe', 'inherit'] })
const [line] = await once(createInterface({ input: net.stdout }), 'line')

async function fill(d) {
  for (let calls = 0; calls < CALLS;) {
    try {
      d.call('100')
      calls++
    } catch (err) {
      if (err.code !== 'SIPDIALER_EFULL') throw err
      await sleep(1)
    }
  }
  while (d.stats().calls.active) await sleep(5)
}

function cost(began, events) {
  const us = Number(process.hrtime.bigint() - began.time) / 1000
  const cpu = process.cpuUsage(began.cpu)
  return {
    events,
    events_per_s: Math.round(events / us * 1e6),
    cpu_us_per_event: Number(((cpu.user + cpu.system) / events).toFixed(2))
  }
}

function now() {
  return { time: process.hrtime.bigint(), cpu: process.cpuUsage() }
}

async function byListener(d, gate) {
  let events = 0
  let ends = 0
  const all = new Promise(resolve => {
    d.on('event', () => events++)
    d.on('call_ended', () => ++ends === CALLS && resolve())
  })
  await fill(d)
  const [began, before] = [now(), events]
  gate.return()
  await all
  return cost(began, events - before)
}

async function byIterator(d, gate) {
  const reader = d.events()
  await fill(d)
  const began = now()
  gate.return()
  let events = 0
  let ends = 0
  for await (const ev of reader) {
    events++
    if (ev.event === 'call_ended' && ++ends === CALLS) break
  }
  return cost(began, events)
}

async function run(way) {
  const d = new Dialer({
    'sip.server': '127.0.0.1', 'sip.port': Number(line.split(':').at(-1)), 'sip.local_address': '127.0.0.1',
    'events.max': 1000000, 'dial.max_calls': 200, 'media.rtp_timeout': 0
  })
  const gate = d.events({ highWaterMark: 1 }) // full at once: nothing is pulled
  await d.start()
  const result = await way(d, gate)
  await d.close()
  return result
}

async function median(way) {
  const results = []
  for (let i = 0; i < RUNS; i++) results.push(await run(way))
  return results.sort((a, b) => a.events_per_s - b.events_per_s)[RUNS >> 1]
}

const result = { bench: 'node', node: process.version, runs: RUNS, listener: await median(byListener), iterator: await median(byIterator) }
console.log(JSON.stringify(result))
net.stdin.end()
