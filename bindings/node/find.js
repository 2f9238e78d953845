'use strict'
// Where the library and the headers of node are. binding.gyp asks on the
// command line, install.js by require().
//
// The library, the first that is there: SIPDIALER_LIBRARY (a libsipdialer.so
// beside or below its include folder), SIPDIALER_PREFIX (where it was
// installed), pkg-config (PKG_CONFIG_PATH), the checkout this folder is in.
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const headers = require('./headers')

// npm 9 copies a folder before it installs it, and says where it was.
function findCheckout() {
  const origin = (process.env.npm_package_resolved ?? '').replace(/^file:/, '')
  const places = [__dirname, origin].map(folder => path.join(folder, '..', '..'))
  return places.find(folder => fs.existsSync(path.join(folder, 'lib', 'sipdialer.map'))) ?? places[0]
}

const checkout = findCheckout()
const built = path.join(checkout, 'build-node')

function pkgConfig(env, ...args) {
  const run = spawnSync('pkg-config', [...args, 'sipdialer'], { env: { ...process.env, ...env }, encoding: 'utf8' })
  return run.status === 0 ? run.stdout.trim().split(/\s+/).filter(Boolean) : null
}

function below(...folders) {
  const file = path.join('sipdialer', 'sipdialer.h')
  return folders.filter(f => fs.existsSync(path.join(f, file)) || fs.existsSync(path.join(f, 'sipdialer', 'version.h')))
}

function ofFile(file) {
  const folder = path.dirname(path.resolve(file))
  const up = path.join(folder, '..')
  const includes = below(...(process.env.SIPDIALER_INCLUDE ?? '').split(':'),
    path.join(up, 'include'), path.join(up, '..', 'include'), '/usr/include')
  return { includes, libraries: [path.resolve(file)], folders: [folder] }
}

function byPkgConfig(env) {
  const cflags = pkgConfig(env, '--cflags-only-I')
  const libs = pkgConfig({ ...env, PKG_CONFIG_ALLOW_SYSTEM_LIBS: '1' }, '--libs')
  if (!cflags || !libs) return null
  const folders = libs.filter(f => f.startsWith('-L')).map(f => path.resolve(f.slice(2)))
  return { includes: cflags.map(f => f.slice(2)), libraries: libs, folders }
}

function inPrefix(prefix) {
  const lib = path.join(prefix, 'lib')
  const places = [lib, path.join(prefix, 'lib64')]
  if (fs.existsSync(lib)) places.push(...fs.readdirSync(lib).map(f => path.join(lib, f)))
  return { PKG_CONFIG_PATH: places.map(f => path.join(f, 'pkgconfig')).join(':') }
}

/** {includes, libraries, folders, bundle}, or null if there is no library. */
function library() {
  const { SIPDIALER_LIBRARY: file, SIPDIALER_PREFIX: prefix } = process.env
  if (file) return fs.existsSync(file) ? ofFile(file) : null
  if (prefix) return byPkgConfig(inPrefix(prefix))
  const found = byPkgConfig({})
  if (found) return found
  const folder = path.join(built, 'lib')
  if (!fs.existsSync(path.join(folder, 'libsipdialer.so'))) return null
  return { ...byPkgConfig({ PKG_CONFIG_PATH: path.join(built, 'meson-uninstalled') }), bundle: folder }
}

function sources() {
  return fs.readdirSync(path.join(__dirname, 'src')).filter(f => f.endsWith('.c')).map(f => 'src/' + f)
}

// Found again where it was linked; a bundled one lies beside the addon. The
// quotes and dollars are for gyp, make and the shell, one after the other.
function libraries(found) {
  const runpath = found.bundle ? [`"-Wl,-rpath,'$$ORIGIN'"`] : found.folders.map(f => '-Wl,-rpath,' + f)
  return [...found.libraries, ...runpath]
}

const answers = {
  sources,
  includes: () => library().includes,
  libraries: () => libraries(library())
}

if (require.main === module) console.log(answers[process.argv[2]]().join('\n'))
module.exports = { built, checkout, headers, library }
