'use strict'
// Builds the addon: finds the library, or builds it in the checkout; nothing is
// downloaded. SIPDIALER_NODE_ADDON names an addon that is built already.
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const find = require('./find')

const HELP = `
sipdialer: the library was not found. One of these helps:
  * install it:  meson setup build && meson install -C build   (pkg-config then finds it)
  * say where it is:  SIPDIALER_PREFIX=/opt/sipdialer npm install ...
  * name it:  SIPDIALER_LIBRARY=/path/libsipdialer.so SIPDIALER_INCLUDE=/path/include npm install ...
  * install from a checkout of libsipdialer, with meson and its packages (scripts/setup.sh)
`

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
  if (!fs.existsSync(path.join(find.checkout, 'lib', 'sipdialer.map'))) fail(HELP)
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

function bundle(folder) {
  const release = path.join(__dirname, 'build', 'Release')
  for (const name of fs.readdirSync(folder).filter(f => /^libsipdialer\.so\.\d+$/.test(f))) {
    fs.copyFileSync(path.join(folder, name), path.join(release, name))
  }
}

function main() {
  if (process.env.SIPDIALER_NODE_ADDON) {
    return console.log('sipdialer: SIPDIALER_NODE_ADDON is set, nothing is built')
  }
  if (!find.headers) fail('sipdialer: the headers of node are not installed (Debian: apt install libnode-dev)')
  let library = find.library()
  if (!library || library.bundle) {
    if (process.env.SIPDIALER_LIBRARY || process.env.SIPDIALER_PREFIX) fail(HELP)
    buildLibrary()
    library = find.library()
  }
  if (!library) fail(HELP)
  nodeGyp(find.headers)
  if (library.bundle) bundle(library.bundle)
}

main()
