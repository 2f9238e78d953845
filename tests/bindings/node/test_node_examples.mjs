// The programs in examples/ do what their first lines say.
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import path from 'node:path'
import test from 'node:test'
import { Phonenet, folder, root, until, within, writeWav } from './node_lib.mjs'

// A folder in which a copy of the example finds the package.
function example(t, name) {
  const dir = folder(t)
  mkdirSync(path.join(dir, 'node_modules'))
  symlinkSync(path.join(root, 'bindings', 'node'), path.join(dir, 'node_modules', 'sipdialer'))
  copyFileSync(path.join(root, 'examples', name), path.join(dir, name))
  writeWav(path.join(dir, 'prompt.wav'), 0.2, 440)
  const start = (...args) => {
    const child = spawn(process.execPath, [name, ...args], { cwd: dir, stdio: 'pipe' })
    const done = { child, out: '', err: '' }
    child.stdout.on('data', data => { done.out += data })
    child.stderr.on('data', data => { done.err += data })
    done.ended = new Promise(resolve => child.once('close', status => resolve({ ...done, status })))
    return done
  }
  return { dir, start }
}

function options(net) {
  return Object.entries(net.options).map(([name, value]) => `${name}=${value}`)
}

function uri(net, number) {
  return `sip:${number}@${net.options['sip.server']}:${net.options['sip.port']}`
}

test('hello.mjs', async t => {
  const net = await Phonenet.open(t, '--answer-delay', '50')
  const { start } = example(t, 'hello.mjs')
  const done = await within(start(uri(net, '100')).ended)
  assert.equal(done.status, 0, done.err)
  assert.match(done.out, /call_answered[^]*they pick up[^]*call_ended answered[^]*answered after 0\.\d+ s/)
  assert.ok(readFileSync(path.join(root, 'examples', 'hello.mjs'), 'utf8').split('\n').length <= 21)
})

test('campaign.mjs: to the end, again, and after an interrupt', async t => {
  const net = await Phonenet.open(t, '--answer-delay', '50', '--no-fsync')
  const { dir, start } = example(t, 'campaign.mjs')
  const numbers = Array.from({ length: 12 }, (_, i) => `49${String(i).padStart(6, '0')}00`)
  writeFileSync(path.join(dir, 'contacts.csv'), ['number', ...numbers, '4901', 'none', ''].join('\n'))
  const args = ['contacts.csv', 'prompt.wav', ...options(net), 'dial.retries=0']

  const first = start(...args, 'dial.calls_per_second=4')
  await until(() => first.out.includes('answered'), 'the first call')
  first.child.kill('SIGINT')
  const stopped = await within(first.ended)
  assert.equal(stopped.status, 0, stopped.err)
  assert.match(stopped.out, /line 15: [^]*stopped/)
  assert.equal(existsSync(path.join(dir, 'results.csv')), false)

  for (let i = 0; i < 2; i++) {
    const done = await within(start(...args, 'dial.calls_per_second=0').ended)
    assert.equal(done.status, 0, done.err)
    assert.match(done.out, /13 rows in results\.csv/)
  }
  const called = net.journal('invite').map(e => e.number)
  assert.ok(called.length <= 14 && new Set(called).size === 13, called.join(' '))
  assert.equal((await within(start().ended)).status, 2)
})

test('agent_echo.mjs: calls', async t => {
  const net = await Phonenet.open(t, '--answer-delay', '50', '--talk-time', '1500')
  const { start } = example(t, 'agent_echo.mjs')
  const done = await within(start(uri(net, '100')).ended)
  assert.equal(done.status, 0, done.err)
  assert.match(done.out, /^answered, heard 1\.\d s\n$/)
})
