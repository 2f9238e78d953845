// Call a number and say how it came out: node hello.mjs 1001
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const number = process.argv[2]
const dialer = spawn('sipdialer', ['--json', 'call', number], { stdio: ['ignore', 'pipe', 'inherit'] })

for await (const line of createInterface({ input: dialer.stdout })) {
  const event = JSON.parse(line)
  console.log(event.event, event.disposition ?? '')
}
