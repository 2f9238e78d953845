// Events through the Node.js package, as bench_host.c does it in C.
//
//     SIPDIALER_NODE_ADDON=sipdialer.node node bench_node.mjs ADDRESS CALLS
//
// Calls to a busy number fill the library's queue while nothing pulls; then the
// time is taken in which JavaScript empties it. Prints one JSON object.
import { setTimeout as sleep } from 'node:timers/promises'
import { Dialer } from '../../bindings/node/index.mjs'

const [, , address, count] = process.argv
const calls = Number(count)

async function fill(d) {
  for (let dialed = 0; dialed < calls;) {
    try {
      d.call(`sip:101@${address}`)
      dialed++
    } catch (err) {
      if (err.code !== 'SIPDIALER_EFULL') throw err
      await sleep(1)
    }
  }
  while (d.stats().calls.ended < calls) await sleep(1)
}

function now() {
  return { time: process.hrtime.bigint(), cpu: process.cpuUsage() }
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

async function listener(d, gate) {
  let events = 0
  let ends = 0
  const all = new Promise(resolve => {
    d.on('event', () => events++)
    d.on('call_ended', () => ++ends === calls && resolve())
  })
  await fill(d)
  const [began, before] = [now(), events]
  gate.return()
  await all
  return cost(began, events - before)
}

async function iterator(d, gate) {
  const reader = d.events()
  await fill(d)
  const began = now()
  gate.return()
  let events = 0
  let ends = 0
  for await (const ev of reader) {
    events++
    if (ev.event === 'call_ended' && ++ends === calls) break
  }
  return cost(began, events)
}

async function measure(way) {
  const d = new Dialer({ 'sip.local_address': '127.0.0.1', 'events.max': 1000000, 'dial.max_calls': 200 })
  const gate = d.events({ highWaterMark: 1 }) // full at once: nothing is pulled
  await d.start()
  const result = await way(d, gate)
  await d.close()
  return result
}

console.log(JSON.stringify({
  bench: 'node', node: process.version, listener: await measure(listener), iterator: await measure(iterator)
}))
