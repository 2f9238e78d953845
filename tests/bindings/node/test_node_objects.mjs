// Dialer and Call: what they do, in the order they do it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import test from 'node:test'
import sipdialer, { Call, Dialer, SipdialerError } from '../../../bindings/node/index.mjs'
import { Phonenet, code, dialer, folder, root, run, until, within, writeWav } from './node_lib.mjs'

test('the same classes by import and by require', () => {
  const required = createRequire(import.meta.url)('../../../bindings/node/index.js')
  assert.equal(required.Dialer, Dialer)
  assert.equal(sipdialer.SipdialerError, SipdialerError)
  assert.match(Dialer.version, /^\d+\.\d+\.\d+$/)
})

test('options are set, read, loaded and described', async t => {
  const d = new Dialer({
    'sip.port': 5061, 'sip.register': false, 'media.codecs': ['pcma', 'pcmu'], 'dial.calls_per_second': 2.5,
    'sip.user': undefined, 'sip.header': ['X-One: 1', 'X-Two: 2']
  })
  t.after(() => d.close())
  assert.equal(d.get('sip.port'), '5061')
  assert.equal(d.get('sip.register'), 'no')
  assert.equal(d.get('media.codecs'), 'pcma,pcmu')
  assert.equal(d.get('dial.calls_per_second'), '2.5')
  assert.match(d.get('sip.header'), /X-One: 1[^]*X-Two: 2/)
  d.set('sip.port', null)
  assert.equal(d.get('sip.port'), '0')
  d.set('sip.password', 'secret')
  assert.equal(d.get('sip.password'), '***')

  const file = path.join(folder(t), 'options')
  writeFileSync(file, 'dial.retries = 7\n')
  await d.load(file)
  assert.equal(d.get('dial.retries'), '7')
  await assert.rejects(d.load(file + '.not'), code('ENOENT'))

  const port = Dialer.options().find(o => o.name === 'sip.port')
  assert.equal(port.max, 65535)
})

test('an account of its own for some calls', async t => {
  const own = await Phonenet.open(t)
  const trunk = await Phonenet.open(t, '--user', 'bob:other')
  const d = new Dialer(own.options)
  t.after(() => d.close())
  await d.accountAdd('trunk', {
    'sip.server': trunk.options['sip.server'], 'sip.port': trunk.options['sip.port'], 'sip.user': 'bob',
    'sip.password': 'other'
  })
  await d.start()
  const ev = await within(d.registered({ account: 'trunk' }))
  assert.equal(ev.account, 'trunk')
  const call = d.call('4930123400', { 'call.account': 'trunk' })
  await within(call.answered)
  assert.throws(() => d.accountRemove('trunk'), code('ESTATE'))
  assert.throws(() => d.call('4930123400', { 'call.account': 'other' }), code('ENOENT'))
  call.hangup()
  await within(call.ended)
  await until(() => d.stats().accounts[0].users === 0)
  d.accountRemove('trunk')
  await assert.rejects(d.accountAdd('trunk'), code('EINVAL'))
  await assert.rejects(d.accountAdd('x', { 'dial.retries': 1 }), code('EINVAL'))
  await assert.rejects(d.accountAdd('x', { 'sip.server': '127.0.0.1', 'media.srtp': 'some' }), code('EINVAL'))
  await d.accountAdd('x', { 'sip.server': '127.0.0.1', 'media.srtp': 'required', 'media.codecs': 'pcma' })
})

test('a call: events in order, objects, promises', async t => {
  const net = await Phonenet.open(t)
  const d = new Dialer(net.options)
  const names = []
  d.on('event', (ev, object) => {
    names.push(ev.event)
    if (ev.call) assert.ok(object instanceof Call)
  })
  const started = await within(d.start())
  assert.match(started.text, /^udp:127\./)

  const call = d.call('100')
  assert.ok(Number.isSafeInteger(call.id) && call.id > 0)
  assert.equal(d.getCall(call.id), call)
  assert.equal(d.getCall(BigInt(call.id)), call)
  const heard = once(call, 'call_ringing')
  assert.equal((await within(call.answered)).codec, 'PCMU')
  assert.equal((await heard)[0].sip_status, 180)
  call.hangup()
  const end = await within(call.ended)
  assert.equal(end.disposition, 'answered')
  assert.equal(end.direction, 'outbound')
  assert.equal(d.getCall(call.id), undefined)
  assert.equal(await call.answered, await call.answered)

  const busy = d.call('101')
  assert.equal(await within(busy.answered), null)
  assert.equal((await busy.ended).disposition, 'busy')
  // asked for only after the end
  const late = d.call('101')
  await within(once(late, 'call_ended'))
  assert.equal((await late.ended).disposition, 'busy')
  assert.equal(await late.answered, null)

  assert.equal(d.stats().calls.ended, 3)
  await within(d.close())
  assert.deepEqual(names, ['started', 'call_dialing', 'call_ringing', 'call_answered', 'call_ended',
    'call_dialing', 'call_ended', 'call_dialing', 'call_ended', 'stopped'])
})

test('play, keys, recording', async t => {
  const net = await Phonenet.open(t)
  const dir = folder(t)
  const d = await dialer(t, net)
  const call = d.call('114', { 'call.record': path.join(dir, 'first.wav') })
  await within(call.answered)
  const played = once(call, 'call_played')
  call.play(writeWav(path.join(dir, 'tone.wav'), 0.2, 440), { repeat: 2 })
  call.dtmf('12#')
  assert.equal((await within(played))[0].error, null)
  await until(() => net.journal('dtmf').length === 3, 'three keys')
  call.record(path.join(dir, 'second.wav'), { stereo: true })
  call.record(null)
  call.hangup()
  await within(call.ended)
  assert.ok(existsSync(path.join(dir, 'first.wav')))
  assert.deepEqual(net.journal('dtmf').map(e => e.digit), ['1', '2', '#'])

  const keys = []
  const sender = d.call('115')
  sender.on('call_dtmf', ev => {
    keys.push(ev.text)
    if (keys.length === 5) sender.hangup()
  })
  assert.equal((await within(sender.ended)).dtmf, '1234#')
  assert.deepEqual(keys, ['1', '2', '3', '4', '#'])
})

test('start, stop and start again; close at any time', async t => {
  const net = await Phonenet.open(t)
  const d = new Dialer(net.options)
  const first = d.start()
  await assert.rejects(d.start(), code('ESTATE'))
  await within(first)
  await assert.rejects(d.start(), code('ESTATE'))
  const call = d.call('100')
  const stopped = await within(d.stop())
  assert.equal(stopped.event, 'stopped')
  assert.equal((await call.ended).disposition, 'cancelled')
  await assert.rejects(d.stop(), code('ESTATE'))

  await within(d.start())
  assert.equal((await within(d.call('101').ended)).disposition, 'busy')
  await within(Promise.all([d.close(), d.close()]))

  await within(new Dialer().close())
  const quick = new Dialer(net.options)
  const starting = quick.start()
  await within(quick.close())
  assert.equal((await starting).event, 'started')
})

test('close ends calls and rejects what still waits', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net)
  const calls = Array.from({ length: 5 }, () => d.call('100'))
  await within(Promise.all(calls.map(c => c.answered)))
  const ended = calls.map(c => c.ended)
  await within(d.close())
  for (const end of await within(Promise.all(ended))) assert.equal(end.disposition, 'answered')
  assert.equal((await net.stop()).bye_rx, 5)
})

test('a listener that throws keeps no event from the others', async t => {
  const net = await Phonenet.open(t)
  const program = path.join(folder(t), 'throws.mjs')
  writeFileSync(program, `
    import { Dialer } from ${JSON.stringify(path.join(root, 'bindings', 'node', 'index.mjs'))}
    process.on('uncaughtException', err => console.log('thrown', err.message))
    const d = new Dialer(${JSON.stringify(net.options)})
    await d.start()
    d.on('call_dialing', () => { throw new Error('one') })
    d.on('call_ended', () => { throw new Error('two') })
    d.once('call_ended', () => console.log('another'))
    d.on('event', ev => console.log(ev.event))
    await d.call('101').ended
    setImmediate(() => d.close())
  `)
  const done = await within(run(program).ended)
  assert.equal(done.status, 0, done.err)
  assert.deepEqual(done.out.trim().split('\n').sort(), ['another', 'call_dialing', 'call_ended', 'stopped',
    'thrown one', 'thrown two'])
})

test('an abort hangs up', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net)
  const abort = new AbortController()
  const call = d.call('102', null, { signal: abort.signal })
  await within(once(call, 'call_ringing'))
  abort.abort()
  assert.equal((await within(call.ended)).disposition, 'cancelled')
  assert.throws(() => d.call('102', null, { signal: abort.signal }), { name: 'AbortError' })
})

test('an abort after the end, before it was pulled', async t => {
  const net = await Phonenet.open(t)
  const program = path.join(folder(t), 'abort.mjs')
  writeFileSync(program, `
    import { Dialer } from ${JSON.stringify(path.join(root, 'bindings', 'node', 'index.mjs'))}
    const d = new Dialer(${JSON.stringify(net.options)})
    await d.start()
    const abort = new AbortController()
    const call = d.call('101', null, { signal: abort.signal })
    while (d.stats().calls.ended === 0);
    abort.abort()
    console.log((await call.ended).disposition)
    const other = new AbortController()
    const last = d.call('102', null, { signal: other.signal })
    const closing = d.close()
    other.abort()
    await closing
    console.log((await last.ended).disposition)
  `)
  const done = await within(run(program).ended)
  assert.equal(done.err, '')
  assert.equal(done.out, 'busy\ncancelled\n')
})

test('played', async t => {
  const net = await Phonenet.open(t, '--answer-delay', '50')
  const d = await dialer(t, net)
  const call = d.call('114')
  await within(call.answered)
  call.play(writeWav(path.join(folder(t), 'tone.wav'), 0.1, 440), null)
  assert.equal((await within(call.played())).error, null)
  await assert.rejects(call.played({ signal: AbortSignal.abort() }), { name: 'AbortError' })
  const never = call.played()
  call.hangup()
  assert.equal(await within(never), null)
  await within(call.ended)
  assert.equal(await call.played(), null)
})

test('disposal', async t => {
  const net = await Phonenet.open(t)
  const d = await dialer(t, net)
  const dispose = Symbol.asyncDispose
  if (!dispose) return t.skip('this Node.js has none')
  const call = d.call('100')
  await within(call.answered)
  await within(call[dispose]())
  await within(call[dispose]())
  await within(d[dispose]())
  assert.throws(() => d.call('100'), code('ESTATE'))
})
