// Memory over 10,000 calls, and over engines that come and go.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { Phonenet, folder, root, run, within } from './node_lib.mjs'

const INDEX = JSON.stringify(path.join(root, 'bindings', 'node', 'index.mjs'))

// Two objects and four promises a call: more than a plain campaign has.
const CALLS = `
  import { Dialer } from ${INDEX}
  const d = new Dialer({ ...JSON.parse(process.argv[2]), 'dial.max_calls': 100 })
  await d.start()
  const marks = []
  let n = 0
  async function line() {
    while (n < 10000) {
      const mine = ++n
      const call = d.call('100')
      await call.answered
      await call.ended
      if (at.has(mine)) mark(mine)
    }
  }
  const at = new Set([2000, 5000, 10000])
  function mark(calls) {
    gc()
    const m = process.memoryUsage()
    marks.push({ calls, rss: m.rss, heap: m.heapUsed })
  }
  await Promise.all(Array.from({ length: 10 }, line))
  await d.close()
  console.log(JSON.stringify(marks))
`

const ENGINES = `
  import { Dialer } from ${INDEX}
  async function some(n) {
    for (let i = 0; i < n; i++) new Dialer({ 'sip.port': 5061 }) // nobody closes them
    gc()
    await new Promise(setImmediate)
    gc()
    await new Promise(setImmediate)
    return process.memoryUsage().rss
  }
  const first = await some(2000)
  for (let i = 0; i < 3; i++) await some(2000)
  console.log(await some(2000) - first)
`

// The young generation of V8 grows to 48 MB if it is let, whoever makes objects.
async function program(t, text, args = []) {
  const file = path.join(folder(t), 'program.mjs')
  writeFileSync(file, text)
  const done = await within(run(file, args, { flags: ['--expose-gc', '--max-semi-space-size=1'] }).ended, 'the program', 120000)
  assert.equal(done.status, 0, done.err)
  return JSON.parse(done.out)
}

// SIP keeps what a call leaves for 5 s (RFC 3261, timer K), some 2 KB: the
// process grows until as many are forgotten as come, at 10 calls at once before
// the 5,000th.
test('10,000 calls do not grow the process', async t => {
  const net = await Phonenet.open(t, '--no-media', '--no-fsync', '--answer-delay', '0', '--talk-time', '10')
  const marks = await program(t, CALLS, [JSON.stringify({ ...net.options, 'media.rtp_timeout': 0 })])
  t.diagnostic(JSON.stringify(marks))
  assert.equal(marks.length, 3)
  assert.ok(marks[2].heap - marks[0].heap < 1 << 20, 'the heap grows')
  assert.ok(marks[2].rss - marks[1].rss < 5 << 20, 'the process grows')
})

test('dialers that nobody closes are collected', async t => {
  const grown = await program(t, ENGINES)
  t.diagnostic(`${grown} bytes`)
  assert.ok(grown < 8 << 20)
})
