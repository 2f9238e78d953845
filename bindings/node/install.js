'use strict'
// Builds the addon: finds the library, or builds it in the checkout; nothing is
// downloaded. SIPDIALER_NODE_ADDON names an addon that is built already.
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const find = require('./find')

function fail(text) {
  console.error(text)
  process.exit(1)
}

function run(command, args, what) {
  console.log(`sipdialer: ${[command, ...args].join(' ')}`)
  const done = spawnSync(command, args, { cwd: __dirname, stdio: 'inherit' })
  if (done.error) fail(`sipdialer: ${what}: ${done.error.message}`)
  if (done.status) fail(`sipdialer: ${what}: exit status ${done.status}`)
}

// Built again where the checkout has changed.
function buildLibrary() {
  if (!fs.existsSync(path.join(find.checkout, 'lib', 'sipdialer.map'))) fail(find.HELP)
  if (!fs.existsSync(path.join(find.built, 'build.ninja'))) {
    run('meson', ['setup', find.built, find.checkout, '--buildtype=release', '-Dtests=disabled', '-Dbindings=disabled'],
      'setting up the build of the library')
  }
  run('ninja', ['-C', find.built], 'building the library')
}

function nodeGyp(headers) {
  const args = ['rebuild', '--nodedir=' + path.resolve(headers, '..', '..')]
  const own = process.env.npm_config_node_gyp // of the npm that runs us
  if (own && fs.existsSync(own)) run(process.execPath, [own, ...args], 'building the addon')
  else run('node-gyp', args, 'building the addon (is node-gyp installed?)')
}

function main() {
  if (process.env.SIPDIALER_NODE_ADDON) {
    return console.log('sipdialer: SIPDIALER_NODE_ADDON is set, nothing is built')
  }
  if (!find.headers) fail('sipdialer: the headers of node are not installed (Debian: apt install libnode-dev)')
  let library = find.library()
  if (!library || library.bundle) {
    if (process.env.SIPDIALER_LIBRARY || process.env.SIPDIALER_PREFIX) fail(find.HELP)
    buildLibrary()
    library = find.library()
  }
  if (!library) fail(find.HELP)
  nodeGyp(find.headers)
}

try {
  main()
} catch (err) {
  fail(err.message)
}
