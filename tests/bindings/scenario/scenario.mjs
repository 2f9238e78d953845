// scenario.txt, as a Node.js host does it: see there.
//
//     node scenario.mjs SCENARIO DEFAULTS
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { Dialer, SipdialerError } = require(process.env.SIPDIALER_NODE ?? 'sipdialer')

const WAIT_MS = 15000
const [, , scenario, defaults] = process.argv

let dialer
let news = () => {}
const seen = [] // events not yet expected
const names = new Map() // of calls and campaigns
const hooks = new Map() // event -> {listener, times}

const split = word => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
const options = words => Object.fromEntries(words.map(split))
const named = name => names.get(name)

/** How much of the energy is of this frequency: 0 to 1. */
function share(pcm, hz, rate) {
  let re = 0, im = 0, energy = 0
  pcm.forEach((s, i) => {
    re += s * Math.cos(2 * Math.PI * hz * i / rate)
    im += s * Math.sin(2 * Math.PI * hz * i / rate)
    energy += s * s
  })
  return energy / pcm.length < 1e4 ? 0 : 2 * (re * re + im * im) / (pcm.length * energy)
}

/** A tone into a call until it is heard coming back. */
async function talk(call, hz, rate) {
  const step = rate / 50
  const window = new Int16Array(rate / 10)
  const end = Date.now() + WAIT_MS
  let at = 0, have = 0, heard = 0
  const tone = () => Int16Array.from({ length: step }, (_, i) => 8000 * Math.sin(2 * Math.PI * hz * (at + i) / rate))
  while (heard < 5) {
    for (let taken = step; taken === step && at < 10 * rate; at += taken) taken = call.writeAudio(tone())
    const n = call.readAudio(window.subarray(have))
    have += n
    if (n === 0) await once(call, 'call_audio', end)
    if (have < window.length) continue
    if (share(window, hz, rate) > 0.8) heard++
    have = 0
  }
  call.clearAudio()
}

function once(emitter, name, end) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('nothing in time')), end - Date.now())
    emitter.once(name, () => {
      clearTimeout(late)
      resolve()
    })
  })
}

function matches(ev, event, fields) {
  return ev.event === event && Object.entries(fields).every(([field, want]) => String(ev[field]) === want)
}

async function take(event, fields) {
  const end = Date.now() + WAIT_MS
  for (;;) {
    const i = seen.findIndex(ev => matches(ev, event, fields))
    if (i >= 0) return seen.splice(i, 1)[0]
    const left = end - Date.now()
    if (left <= 0) throw new Error('it did not come')
    let late
    await Promise.race([new Promise(resolve => { news = resolve }),
      new Promise(resolve => { late = setTimeout(resolve, left) })])
    clearTimeout(late)
  }
}

const verbs = {
  scene() {},
  async dialer(...words) {
    dialer = new Dialer()
    await dialer.load(defaults)
    dialer.on('event', ev => {
      if (ev.event !== 'call_audio') seen.push(ev)
      news()
    })
    words.forEach(verbs.set)
  },
  start: () => dialer.start(),
  stop: () => dialer.stop(),
  close: () => dialer.close(),
  set: word => dialer.set(...split(word)),
  get: name => console.log('  ' + dialer.get(name)),
  async fail(code, verb, ...words) {
    try {
      await verbs[verb](...words)
    } catch (err) {
      if (!(err instanceof SipdialerError) || err.code !== code) throw err
      console.log('  ' + err.message)
      return
    }
    throw new Error('it did not fail')
  },

  call: (name, to, ...words) => { names.set(name, dialer.call(to, options(words))) },
  answer: (name, ...words) => named(name).answer(options(words)),
  reject: (name, status) => named(name).reject(Number(status)),
  early: (name, ...words) => named(name).early(options(words)),
  redirect: (name, to) => named(name).redirect(to),
  hold: name => named(name).hold(),
  resume: name => named(name).resume(),
  bridge: (name, other) => named(name).bridge(named(other)),
  unbridge: name => named(name).unbridge(),
  transfer: (name, to) => named(name).transfer(to),
  attended: (name, other) => named(name).transfer(named(other)),
  accept: (name, ...words) => named(name).acceptReferral(options(words)),
  decline: (name, status) => named(name).rejectReferral(Number(status)),
  account: (name, ...words) => dialer.accountAdd(name, {
    'sip.server': dialer.get('sip.server'), 'sip.port': dialer.get('sip.port'), ...options(words)
  }),
  noaccount: name => dialer.accountRemove(name),
  hangup: name => named(name).hangup(),
  play: (name, path) => named(name).play(path),
  dtmf: (name, keys) => named(name).dtmf(keys),
  record: (name, path) => named(name).record(path),
  talk: (name, hz, rate) => talk(named(name), Number(hz), Number(rate)),

  async campaign(name, ...words) { names.set(name, await dialer.createCampaign(name, options(words))) },
  import: (name, path, ...words) => named(name).import(path, options(words)),
  add: (name, number) => named(name).addContact(number),
  run: name => named(name).start(),
  results: (name, path) => named(name).results(path),
  dnc: number => dialer.dncAdd(number),

  hook(event, verb, ...words) {
    const hook = { times: 0 }
    hook.listener = (ev, call) => {
      hook.times++
      names.set('(hook)', call)
      if (verb !== 'count') verbs[verb]('(hook)', ...words)
    }
    if (hooks.has(event)) dialer.off(event, hooks.get(event).listener)
    hooks.set(event, hook)
    dialer.on(event, hook.listener)
  },
  hooked(event, times) {
    const got = hooks.get(event).times
    if (got !== Number(times)) throw new Error(`${got} times`)
  },
  async expect(event, ...words) {
    const { as, ...fields } = options(words)
    if (fields.call) fields.call = String(named(fields.call).id)
    const ev = await take(event, fields)
    if (as) names.set(as, dialer.getCall(ev.call) ?? { id: ev.call })
  },
}

for (const line of readFileSync(scenario, 'utf8').split('\n')) {
  if (!line || line.startsWith('#')) continue
  console.log(line)
  const [verb, ...words] = line.split(' ')
  await verbs[verb](...words)
}
