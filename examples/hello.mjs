// Call a number, play a prompt, say how it came out: node hello.mjs sip:1001@192.0.2.10
import { Dialer } from 'sipdialer'

const dialer = new Dialer()
dialer.on('event', ev => console.log(ev.event, ev.disposition ?? ''))
await dialer.start()

const call = dialer.call(process.argv[2], {
  'call.play': 'prompt.wav',
  'call.hangup_after_play': true
})
if (await call.answered) console.log('they pick up')
const { disposition, talk_ms: ms } = await call.ended
console.log(`${disposition} after ${ms / 1000} s`)

await dialer.close()
