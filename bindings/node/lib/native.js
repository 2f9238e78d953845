'use strict'
// The addon, from where it was built, and errors by the library's names.
const fs = require('node:fs')
const path = require('node:path')
const { SipdialerError } = require('./error')

const built = path.join(__dirname, '..', 'build', 'Release', 'sipdialer.node')

function load() {
  const file = process.env.SIPDIALER_NODE_ADDON || built
  if (!fs.existsSync(file)) {
    throw new Error(`sipdialer: the addon is not built, ${file} is not there: ` +
      'run `npm install` (or `npm rebuild`) and read what it says')
  }
  return require(path.resolve(file))
}

const native = load()
native.setErrorClass(SipdialerError)

// Events name their errors; numbers are for those who compare them.
const numbers = new Map()
for (let i = -1; native.strerror(i) !== '?'; i--) numbers.set(native.strerror(i), i)

function error(code, text) {
  return new SipdialerError(code, numbers.get(code) ?? 0, text || code)
}

// Not every way out of a process runs the hooks of the addon; engines that still
// run hang up here, 5 s at most.
process.once('exit', () => native.shutdown())

module.exports = { native, error }
