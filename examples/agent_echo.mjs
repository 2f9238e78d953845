// An agent that repeats what it hears: node agent_echo.mjs sip:1001@192.0.2.10
//
// Without a number it waits for calls of the server: node agent_echo.mjs
// sip.server=192.0.2.10 sip.user=1001 sip.password_file=secret. An agent of your
// own puts its ears and its voice in the place of the two lines in talk().
import { Dialer, samplesOf } from 'sipdialer'

const RATE = 8000 // samples a second

const args = process.argv.slice(2)
const options = Object.fromEntries(args.filter(a => /^\w+\.\w+=/.test(a)).map(a => a.split(/=(.*)/s)))
const to = args.find(a => !/^\w+\.\w+=/.test(a))

async function talk(call) {
  let heard = 0
  for await (const chunk of call.audio) {
    heard += samplesOf(chunk).length
    call.audio.write(chunk)
  }
  const { disposition } = await call.ended
  console.log(`${disposition}, heard ${(heard / RATE).toFixed(1)} s`)
}

const dialer = new Dialer({ 'call.audio': RATE, 'incoming.accept': to ? 'no' : 'server', ...options })
process.once('SIGINT', () => dialer.close())
await dialer.start()

if (to) {
  await talk(dialer.call(to))
  await dialer.close()
} else {
  dialer.on('call_incoming', (ev, call) => {
    console.log(`${ev.from} calls ${ev.to}`)
    call.answer()
    talk(call)
  })
}
