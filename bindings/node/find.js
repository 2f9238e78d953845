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

const HELP = `
sipdialer: the library was not found. One of these helps:
  * install it:  meson setup build && meson install -C build   (pkg-config then finds it)
  * say where it is:  SIPDIALER_PREFIX=/opt/sipdialer npm install ...
  * name it:  SIPDIALER_LIBRARY=/path/libsipdialer.so SIPDIALER_INCLUDE=/path/include npm install ...
  * install from a checkout of libsipdialer, with meson and its packages (scripts/setup.sh)
`

function fail(text) {
  throw new Error('sipdialer: ' + text)
}

// npm 9 copies a folder before it installs it, and says where it was.
function findCheckout() {
  const origin = (process.env.npm_package_resolved ?? '').replace(/^file:/, '')
  const places = [__dirname, origin].map(folder => path.join(folder, '..', '..'))
  return places.find(folder => fs.existsSync(path.join(folder, 'lib', 'sipdialer.map'))) ?? places[0]
}

const checkout = findCheckout()
const built = path.join(checkout, 'build-node')

// Words as a shell has them: pkg-config quotes what is not plain.
function words(text) {
  const found = text.match(/(?:[^\s\\'"]|\\[^]|'[^']*'|"(?:[^"\\]|\\[^])*")+/g) ?? []
  return found.map(word => word.replace(/'([^']*)'|\\([^])|"/g, (_, quoted, escaped) => quoted ?? escaped ?? ''))
}

function pkgConfig(env, ...args) {
  const run = spawnSync('pkg-config', [...args, 'sipdialer'], { env: { ...process.env, ...env }, encoding: 'utf8' })
  if (run.error && env.PKG_CONFIG_PATH) fail('SIPDIALER_PREFIX needs pkg-config (Debian: apt install pkgconf)')
  return run.status === 0 ? words(run.stdout) : null
}

// The first folders that have our headers; version.h is made by the build.
function headersIn(...folders) {
  const having = name => folders.find(f => f && fs.existsSync(path.join(f, 'sipdialer', name)))
  const found = [having('sipdialer.h'), having('version.h')]
  return found.every(Boolean) ? [...new Set(found)] : null
}

function ofFile(file) {
  const folder = path.dirname(path.resolve(file))
  const up = path.join(folder, '..')
  const includes = headersIn(...(process.env.SIPDIALER_INCLUDE ?? '').split(':'),
    path.join(up, 'include'), path.join(up, '..', 'include'), '/usr/include')
  if (!includes) {
    fail(`sipdialer/sipdialer.h and sipdialer/version.h are not beside ${file}: name their folders in ` +
      'SIPDIALER_INCLUDE, with a colon between them')
  }
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

// What buildLibrary() of install.js made. Paths are relative: those of gyp to
// this folder, those of the linker to build/.
function inCheckout() {
  const folder = path.join(built, 'lib')
  if (!fs.existsSync(path.join(folder, 'libsipdialer.so'))) return null
  const from = (...names) => path.relative(path.join(__dirname, ...names), folder)
  return {
    includes: [path.join(checkout, 'include'), path.join(built, 'include')].map(f => path.relative(__dirname, f)),
    libraries: [path.join(from('build'), 'libsipdialer.so')],
    folders: [],
    bundle: fs.readdirSync(folder).filter(f => /^libsipdialer\.so\.[\d.]+$/.test(f)).map(f => path.join(from(), f))
  }
}

// node-gyp writes makefiles, which know no way to quote all of these.
function checked(found) {
  const paths = found && [...found.includes, ...found.libraries, ...found.folders]
  const wrong = paths?.find(f => /[\s'"$\\#;&()*?|<>`]/.test(f))
  if (wrong) fail(`${wrong}: node-gyp cannot build with a space or such a character in a path; use a link without`)
  return found
}

function anyLibrary() {
  const { SIPDIALER_LIBRARY: file, SIPDIALER_PREFIX: prefix } = process.env
  if (file) return fs.existsSync(file) ? ofFile(file) : null
  if (prefix) return byPkgConfig(inPrefix(prefix))
  return byPkgConfig({}) ?? inCheckout()
}

/** {includes, libraries, folders, bundle: files to lie beside the addon}, or null if there is no library. */
function library() {
  return checked(anyLibrary())
}

function wanted() {
  return library() ?? fail(HELP)
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
  includes: () => wanted().includes,
  libraries: () => libraries(wanted()),
  bundle: () => wanted().bundle ?? []
}

function main() {
  try {
    console.log(answers[process.argv[2]]().join('\n'))
  } catch (err) {
    console.error(err.message)
    process.exitCode = 1
  }
}

if (require.main === module) main()
module.exports = { HELP, built, checkout, headers, library, words }
