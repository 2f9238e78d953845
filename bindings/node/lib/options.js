'use strict'
// Options as JavaScript writes them: {'call.play': 'a.wav', 'dial.retries': 2}.
const { native, error } = require('./native')

const table = []
for (let i = 0, text; (text = native.optionJson(i)) !== null; i++) table.push(JSON.parse(text))

const lines = new Set(table.filter(o => o.type === 'lines').map(o => o.name))

function text(name, value) {
  switch (typeof value) {
    case 'string': return value
    case 'boolean': return value ? 'yes' : 'no'
    case 'bigint': return String(value)
    case 'number':
      if (Number.isFinite(value)) return String(value)
      break
    case 'object':
      if (Array.isArray(value)) return value.map(v => text(name, v)).join(',')
  }
  throw error('SIPDIALER_EINVAL', `${name}: a string, a number, true, false or an array of these is wanted`)
}

// An object that holds options: not a Map, an array, a date.
function checked(options) {
  if (Object.prototype.toString.call(options) !== '[object Object]') {
    throw error('SIPDIALER_EINVAL', "options: an object such as {'call.play': 'a.wav'} is wanted")
  }
  for (const name of Object.keys(options)) {
    if (name.includes('=')) throw error('SIPDIALER_EINVAL', `${name}: a name of an option has no '='`)
  }
  return options
}

// [name, text] of each option; null is the default, undefined is left out.
function entries(options) {
  const found = []
  for (const [name, value] of Object.entries(checked(options ?? {}))) {
    if (value === undefined) continue
    if (value === null) found.push([name, null])
    else if (lines.has(name) && Array.isArray(value)) for (const v of value) found.push([name, text(name, v)])
    else found.push([name, text(name, value)])
  }
  return found
}

// "name=value" strings for one call, campaign or file; null: none. Of those,
// null is the dialer's value.
function list(options) {
  const all = entries(options).filter(([, value]) => value !== null)
  return all.length ? all.map(([name, value]) => `${name}=${value}`) : null
}

module.exports = { entries, list, table }
