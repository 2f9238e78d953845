// Campaigns, do not call, the store; and a kill in the middle of a campaign.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { Campaign, Dialer } from '../../../bindings/node/index.mjs'
import { Phonenet, code, dialer, folder, root, run, until, within } from './node_lib.mjs'

function numbers(file, list) {
  writeFileSync(file, 'number,name\n' + list.map((n, i) => `${n},Contact ${i}\n`).join(''))
  return file
}

function range(first, n) {
  return Array.from({ length: n }, (_, i) => String(first + i))
}

test('a campaign from file to results', async t => {
  const net = await Phonenet.open(t, '--answer-delay', '50', '--talk-time', '200')
  const dir = folder(t)
  const d = await dialer(t, net, { 'store.path': path.join(dir, 'store.db'), 'dial.retries': 0 })
  const campaign = await within(d.createCampaign('spring', { 'dial.calls_per_second': 50 }))
  assert.ok(campaign instanceof Campaign)
  assert.equal(campaign.name, 'spring')
  assert.equal((await within(campaign.status())).status, 'draft')

  const file = numbers(path.join(dir, 'a.csv'), ['4930123400', '4930123401', 'nonsense', '4930123500', '4930123400'])
  const got = await within(campaign.import(file, { 'import.number_column': 'number' }))
  assert.equal(got.total, 5)
  assert.equal(got.count, 3)
  assert.equal(got.failed, 2)
  assert.deepEqual(got.errors.map(e => e.line), [4, 6])
  await assert.rejects(within(campaign.import(path.join(dir, 'none.csv'))), code('ENOENT'))

  const contact = await within(campaign.addContact('4930123601', { name: 'B', custom: { city: 'Köln' } }))
  assert.ok(contact > 0)
  await assert.rejects(within(campaign.addContact('4930123601')), { name: 'SipdialerError' })

  assert.equal(await within(d.dncAdd('4930123500', 'asked')), true)
  assert.equal(await within(d.dncAdd('4930123500')), false)
  assert.deepEqual(await within(d.dncCheck('4930123500')), { source: 'asked' })
  assert.equal(await within(d.dncCheck('4930123400')), null)

  const states = []
  const calls = []
  campaign.on('campaign_status', ev => states.push(ev.status))
  d.on('call_dialing', ev => calls.push(d.getCall(ev.call)))
  await within(campaign.start())
  await assert.rejects(within(campaign.start()), code('ESTATE'))
  const last = await within(campaign.finished())
  assert.equal(last.status, 'completed')
  assert.deepEqual(last.by_disposition, { answered: 1, busy: 2 })
  assert.equal(last.other, 1)
  assert.equal(states.at(-1), 'completed')
  assert.equal(campaign.info.status, 'completed')
  assert.equal((await within(campaign.finished())).status, 'completed')
  assert.deepEqual((await within(Promise.all(calls.map(c => c.ended)))).map(e => e.disposition).sort(), ['answered', 'busy', 'busy'])

  const results = path.join(dir, 'results.csv')
  assert.equal(await within(campaign.results(results)), 4)
  assert.equal(readFileSync(results, 'utf8').trim().split('\n').length, 5)
  assert.equal(await within(d.dncRemove('4930123500')), true)
  assert.equal(await within(d.dncRemove('4930123500')), false)

  const other = await within(d.createCampaign('autumn'))
  const all = await within(d.campaigns())
  assert.deepEqual(all.map(c => [c.name, c.info.status]), [['spring', 'completed'], ['autumn', 'draft']])
  assert.equal(all[0], campaign)
  await within(other.start())
  await within(other.pause()).catch(err => assert.equal(err.code, 'SIPDIALER_ESTATE')) // empty: it may be over
  await within(d.storeBackup(path.join(dir, 'backup.db')))
  assert.match(await Dialer.storeCheck(path.join(dir, 'backup.db')), /\w/)
})

test('cancel, abort and close while campaigns wait', async t => {
  const net = await Phonenet.open(t)
  const dir = folder(t)
  const d = await dialer(t, net, { 'store.path': path.join(dir, 'store.db') })
  const campaign = await within(d.createCampaign('long'))
  for (const n of range(493010, 3)) await within(campaign.addContact(n + '00002'))
  await within(campaign.start())
  const aborted = campaign.finished({ signal: AbortSignal.timeout(10) })
  await assert.rejects(within(aborted), { name: 'TimeoutError' })
  const finished = campaign.finished()
  await within(campaign.pause())
  await within(campaign.cancel())
  assert.equal((await within(finished)).status, 'cancelled')

  const other = await within(d.createCampaign('never'))
  const never = other.finished()
  const rejected = assert.rejects(within(never), code('ECANCELLED'))
  await within(other.status())
  await within(d.close())
  await rejected
})

// The program that is killed: a campaign of a store, from where it stands.
const CHILD = `
  import { Dialer } from ${JSON.stringify(path.join(root, 'bindings', 'node', 'index.mjs'))}
  const [options, file] = process.argv.slice(2)
  const d = new Dialer(JSON.parse(options))
  await d.start()
  let [campaign] = await d.campaigns()
  if (!campaign) {
    campaign = await d.createCampaign('kill')
    await campaign.import(file)
    await campaign.start()
  }
  d.on('call_ended', ev => console.log('ended', ev.to))
  console.log(JSON.stringify((await campaign.finished()).by_disposition))
  await campaign.results(file + '.out')
  await d.close()
`

test('kill -9 in the middle of a campaign, then again: nothing is lost', async t => {
  const net = await Phonenet.open(t, '--answer-delay', '50', '--talk-time', '300')
  const dir = folder(t)
  const program = path.join(dir, 'campaign.mjs')
  writeFileSync(program, CHILD)
  const list = range(49301230, 60).map(n => n + '00')
  const file = numbers(path.join(dir, 'a.csv'), list)
  const options = JSON.stringify({ ...net.options, 'store.path': path.join(dir, 'store.db'), 'dial.retries': 0,
    'dial.calls_per_second': 40 })

  const first = run(program, [options, file])
  await until(() => first.out.split('\n').length > 10, 'ten calls of the first run')
  first.child.kill('SIGKILL')
  await within(first.ended)
  const second = await within(run(program, [options, file]).ended, 'the second run', 40000)
  assert.equal(second.status, 0, second.err)

  const stats = await net.stop()
  assert.equal(stats.duplicates, 0, 'nobody is called twice')
  const rows = readFileSync(file + '.out', 'utf8').trim().split('\n')
  const head = rows.shift().split(',')
  const states = rows.map(row => row.split(',')[head.indexOf('status')])
  assert.equal(rows.length, list.length)
  for (const state of states) assert.match(state, /^(completed|interrupted)$/)
  assert.ok(states.filter(s => s === 'completed').length >= list.length - 40)
})

// Each in a process of its own: what nobody catches ends it.
async function program(t, net, code, { options = {}, flags = [] } = {}) {
  const dir = folder(t)
  const file = path.join(dir, 'program.mjs')
  writeFileSync(file, `
    import { Dialer } from ${JSON.stringify(path.join(root, 'bindings', 'node', 'index.mjs'))}
    const d = new Dialer(JSON.parse(process.argv[2]))
    await d.start()
    ${code}
    await d.close()
  `)
  const all = { ...net?.options, 'store.path': path.join(dir, 'store.db'), ...options }
  const done = await within(run(file, [JSON.stringify(all)], { flags }).ended)
  assert.equal(done.err, '')
  assert.equal(done.status, 0)
  return done.out
}

test('an abort of finished() is an exception of it alone', async t => {
  const out = await program(t, null, `
    const campaign = await d.createCampaign('a')
    const abort = new AbortController()
    const early = campaign.finished({ signal: AbortSignal.abort() })
    await early.catch(err => console.log(err.name))
    const late = campaign.finished({ signal: abort.signal }).catch(err => console.log(err.name))
    abort.abort()
    await campaign.status()
    await late`)
  assert.equal(out, 'AbortError\nAbortError\n')
})

test('listeners of a campaign that nobody holds', async t => {
  const net = await Phonenet.open(t)
  const out = await program(t, net, `
    async function setUp() {
      const campaign = await d.createCampaign('a')
      await campaign.addContact('101')
      campaign.on('campaign_status', ev => console.log(ev.status))
      return campaign.id
    }
    const id = await setUp()
    for (let i = 0; i < 5; i++) {
      await new Promise(setImmediate)
      globalThis.gc()
    }
    await d.campaign(id).start()
    await d.campaign(id).finished()`, { options: { 'dial.retries': 0 }, flags: ['--expose-gc'] })
  assert.match(out, /running\n[^]*completed\n/)
})

test('the answer of a call whose object is made later', async t => {
  const net = await Phonenet.open(t, '--answer-delay', '50')
  const d = await dialer(t, net, { 'store.path': path.join(folder(t), 'store.db'), 'dial.retries': 0 })
  const campaign = await within(d.createCampaign('keys', { 'call.dtmf': ',,,,,,,,,,,,1' }))
  await within(campaign.addContact('115'))
  const seen = new Promise(resolve => d.once('call_dtmf', (ev, call) => resolve(call)))
  await within(campaign.start())
  const call = await within(seen, 'a key')
  assert.equal((await within(call.answered)).event, 'call_answered')
  call.hangup()
  assert.equal((await within(call.ended)).disposition, 'answered')
})

test('many contacts, as fast as the engine takes them', async t => {
  const d = await dialer(t, null, { 'store.path': path.join(folder(t), 'store.db') })
  const campaign = await within(d.createCampaign('many'))
  async function * contacts() {
    yield { number: '493012345600', name: 'A', custom: { city: 'Köln' } }
    yield * range(4930123457, 2000).map(n => n + '00')
    yield '493012345600'
    yield 'nonsense'
    yield null
  }
  const got = await within(campaign.addContacts(contacts()))
  assert.equal(got.total, 2004)
  assert.equal(got.count, 2001)
  assert.equal(got.failed, 3)
  assert.deepEqual(got.errors.map(e => e.number).sort(), ['493012345600', 'nonsense', undefined])
  for (const e of got.errors) assert.match(e.code, /^SIPDIALER_E/)
  assert.equal((await within(campaign.status())).total, 2001)
})
