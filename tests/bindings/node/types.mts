// Compiled with `tsc --noEmit`, never run: right uses of the declarations, and
// wrong ones that the compiler must refuse.
import sipdialer, { Call, Campaign, Dialer, SipdialerError, samplesOf } from 'sipdialer'
import type { CallEndedEvent, DialerEvent, Disposition } from 'sipdialer'

async function right(): Promise<void> {
  const d = new Dialer({ 'sip.server': '192.0.2.1', 'sip.port': 5060, 'sip.register': true, 'media.codecs': ['pcma'] })
  const version: string = Dialer.version
  d.set('dial.ring_timeout', 20)
  d.set('sip.user', null)
  const active: number = d.stats().calls.active + d.stats().calls.by_disposition.busy
  console.log(active, (await d.registered({ signal: AbortSignal.timeout(1) })).expires_s)
  await d.load('options.conf')
  const address: string = (await d.start()).text

  d.on('call_ended', (ev, call) => {
    const disposition: Disposition = ev.disposition
    const id: number = call.id
    console.log(disposition, id, ev.rtp.lost)
  })
  d.once('event', ev => { if (ev.event === 'call_dtmf') console.log(ev.text.length) })

  const call: Call = d.call('1001', { 'call.play': 'a.wav', 'call.hangup_after_play': true }, { signal: AbortSignal.timeout(1) })
  const answered = await call.answered
  if (answered) console.log(answered.ring_ms)
  const ended: CallEndedEvent = await call.ended
  call.play('b.wav', { repeat: 2 })
  console.log((await call.played())?.error)
  call.record(null)

  d.on('call_incoming', (ev, other) => {
    if (ev.from === 'anonymous') other.reject(603)
    else other.answer({ 'call.audio': 8000 })
    console.log(other.incoming?.text)
  })
  audio(call)

  const campaign: Campaign = await d.createCampaign('spring', { 'dial.calls_per_second': 5 })
  const { count, errors } = await campaign.import('a.csv', { 'import.max_errors': 10 })
  await campaign.addContact('+4930123456', { name: 'A', custom: { city: 'Berlin' } })
  const added = await campaign.addContacts(['+4930123457', { number: '+4930123458', name: null, custom: {} }])
  console.log(added.count, added.errors[0]?.code)
  const last = await campaign.finished()
  console.log(last.by_disposition.busy ?? 0, count, errors[0]?.line)

  for await (const ev of d) show(ev)
  for await (const ev of d.events({ events: ['call_ended', 'lost'] })) {
    if (ev.event === 'lost') console.log(ev.count)
    else console.log(ev.disposition)
  }
  try {
    d.getCall(5)?.hangup()
  } catch (err) {
    if (err instanceof SipdialerError && err.code === 'SIPDIALER_ENOENT') console.log(err.errno)
  }
  await d.close()
  await using other = new sipdialer.Dialer()
  console.log(version, address, ended, other.get('sip.port'))
}

function show(ev: DialerEvent): void {
  console.log(ev.event, ev.seq)
}

async function audio(call: Call): Promise<void> {
  const room = new Int16Array(160)
  console.log(call.readAudio(room), call.writeAudio(room), call.clearAudio())
  call.audio.write(room)
  for await (const chunk of call.openAudio({ highWaterMark: 3200 })) console.log(samplesOf(chunk).length)
}

async function wrong(d: Dialer, call: Call): Promise<void> {
  // @ts-expect-error no such option
  new Dialer({ 'sip.sever': 'x' })
  // @ts-expect-error not a word of this option
  new Dialer({ 'sip.transport': 'sctp' })
  // @ts-expect-error of engine scope
  d.call('1001', { 'sip.server': 'x' })
  // @ts-expect-error no such kind
  d.on('call_over', () => {})
  // @ts-expect-error this kind has no such field
  d.on('call_ringing', ev => ev.disposition)
  // @ts-expect-error it may not be answered
  const codec = (await call.answered).codec
  // @ts-expect-error calls are made by a dialer
  new Call(d, 5)
  // @ts-expect-error a number is not text
  call.dtmf(5)
  // @ts-expect-error 16 bits
  call.writeAudio(new Float32Array(4))
  // @ts-expect-error not a rate
  d.call('1001', { 'call.audio': 44100 })
  // @ts-expect-error not a kind
  d.events({ events: ['call_over'] })
  // @ts-expect-error no such counter
  d.stats().calls.nothing
  // @ts-expect-error the module has no such thing
  sipdialer.default
  // @ts-expect-error no such code
  if (new SipdialerError('SIPDIALER_OOPS', 1, '')) console.log(codec)
}

console.log(right, wrong)
