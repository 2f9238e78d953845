// Dial the numbers of a CSV file; play a prompt to who answers.
//
//   node campaign.mjs contacts.csv prompt.wav sip.server=192.0.2.10 dial.retries=1
//
// Everything is kept in campaign.db: the same command again goes on where the
// last one stopped, by Ctrl-C or by kill -9. Nobody is called twice. At the end
// results.csv has a row for each contact.
import { Dialer } from 'sipdialer'

const [contacts, prompt, ...more] = process.argv.slice(2)
if (!prompt) {
  console.error('usage: campaign.mjs CONTACTS.csv PROMPT.wav [name=value ...]')
  process.exit(2)
}
const options = Object.fromEntries(more.map(o => o.split(/=(.*)/s)))
const dialer = new Dialer({ 'store.path': 'campaign.db', ...options })

dialer.on('call_ended', ev => console.log(`${ev.to}: ${ev.disposition}`))
dialer.on('campaign_progress', ev =>
  console.log(`${ev.total} contacts: ${ev.completed} answered, ${ev.failed} given up, ${ev.pending} to call`))
// calls in progress are hung up and stored
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => dialer.close())

try {
  await dialer.start()
  let campaign = (await dialer.campaigns()).find(c => c.name === contacts)
  if (!campaign) {
    campaign = await dialer.createCampaign(contacts, { 'call.play': prompt })
    const { errors } = await campaign.import(contacts)
    for (const { line, text } of errors) console.log(`line ${line}: ${text}`)
  }
  if (!['running', 'completed'].includes((await campaign.status()).status)) await campaign.start()
  await campaign.finished()
  console.log(`${await campaign.results('results.csv')} rows in results.csv`)
} catch (err) {
  if (err.code !== 'SIPDIALER_ECANCELLED') throw err
  console.log('stopped; the same command goes on')
} finally {
  await dialer.close()
}
