// `npm install` of the package, as hosts do it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import test from 'node:test'
import { Phonenet, SKIPPED, folder, root, run, within } from './node_lib.mjs'

const build = process.env.SIPDIALER_BUILD
const bindings = path.join(root, 'bindings', 'node')

if (spawnSync('npm', ['--version']).status !== 0) {
  console.log('skipped: npm is not installed')
  process.exit(SKIPPED)
}

const HOST = `
  const { Dialer } = require('sipdialer')
  const d = new Dialer(JSON.parse(process.argv[2]))
  d.start().then(async () => {
    console.log((await d.call('101').ended).disposition)
    await d.close()
  })
`

// A copy of what git has, so that nothing is built in the checkout.
function checkout(to, ...names) {
  const skipped = /\/(\.git|node_modules|build[^/]*|__pycache__)$/
  for (const name of names) {
    cpSync(path.join(root, name), path.join(to, name), { recursive: true, filter: file => !skipped.test(file) })
  }
}

// npm, without what this test's environment says; its status and text.  The
// compiler does not optimize: whether all is found and built is asked here.
function install(cwd, what, env = {}) {
  const fast = { CFLAGS: '-O0 -U_FORTIFY_SOURCE', CXXFLAGS: '-O0 -U_FORTIFY_SOURCE' }
  const clean = { ...process.env, ...fast, npm_config_update_notifier: 'false' }
  for (const name of Object.keys(clean)) if (/^(SIPDIALER_|PKG_CONFIG|LD_PRELOAD)/.test(name)) delete clean[name]
  const args = ['install', '--no-audit', '--no-fund', '--foreground-scripts', ...what]
  const done = spawnSync('npm', args, { cwd, env: { ...clean, ...env }, encoding: 'utf8', timeout: 150000 })
  return { status: done.status, text: done.stdout + done.stderr }
}

function project(t) {
  const dir = path.join(folder(t), 'host')
  mkdirSync(dir)
  writeFileSync(path.join(dir, 'package.json'), '{"name": "host", "version": "1.0.0", "private": true}')
  writeFileSync(path.join(dir, 'host.js'), HOST)
  return dir
}

async function works(t, dir) {
  const net = await Phonenet.open(t)
  const done = await within(run(path.join(dir, 'host.js'), [JSON.stringify(net.options)],
    { env: { SIPDIALER_NODE_ADDON: '' } }).ended)
  assert.equal(done.out, 'busy\n', done.err)
}

// npm 9 copies the folder (install-links), the others link to it.
test('from a checkout, which builds the library and bundles it', async t => {
  const source = folder(t)
  checkout(source, 'bindings', 'lib', 'include', 'examples', 'meson.build', 'meson_options.txt')
  for (const links of [true, false]) {
    const dir = project(t)
    const done = install(dir, [`--install-links=${links}`, path.join(source, 'bindings', 'node')],
      { PKG_CONFIG_LIBDIR: path.join(dir, 'none') + pcFolders() })
    assert.equal(done.status, 0, done.text)
    const release = path.join(dir, 'node_modules', 'sipdialer', 'build', 'Release')
    assert.ok(existsSync(path.join(release, 'libsipdialer.so.0')), readdirSync(release).join(' '))
    await works(t, dir)
  }
})

// No pkg-config at all: a PATH of links to what is needed.
function without(t, program) {
  const bin = folder(t)
  for (const dir of process.env.PATH.split(':').reverse()) {
    for (const name of existsSync(dir) ? readdirSync(dir) : []) {
      if (name === program || name === 'x86_64-linux-gnu-' + program) continue
      rmSync(path.join(bin, name), { force: true })
      symlinkSync(path.join(dir, name), path.join(bin, name))
    }
  }
  return bin
}

// As `node find.js what` in an empty checkout whose library is built.
function found(t, what, { name = 'checkout', env = {} } = {}) {
  const source = path.join(folder(t), name)
  checkout(source, 'bindings/node', 'include')
  for (const file of ['lib/libsipdialer.so', 'lib/libsipdialer.so.0', 'lib/libsipdialer.so.0.p', 'include/sipdialer/version.h']) {
    mkdirSync(path.dirname(path.join(source, 'build-node', file)), { recursive: true })
    writeFileSync(path.join(source, 'build-node', file), '')
  }
  const { SIPDIALER_LIBRARY, SIPDIALER_PREFIX, ...clean } = process.env
  const done = spawnSync(process.execPath, ['find.js', what], {
    cwd: path.join(source, 'bindings', 'node'), encoding: 'utf8',
    env: { ...clean, PKG_CONFIG_PATH: '', PKG_CONFIG_LIBDIR: path.join(source, 'none'), ...env }
  })
  return { ...done, lines: done.stdout.trim().split('\n'), source }
}

test('the library of a checkout needs no pkg-config, and no plain path', t => {
  for (const env of [{}, { PATH: without(t, 'pkg-config') }]) {
    assert.deepEqual(found(t, 'includes', { env }).lines, ['../../include', '../../build-node/include'])
    assert.equal(found(t, 'libraries', { env }).lines[0], '../../../build-node/lib/libsipdialer.so')
    assert.deepEqual(found(t, 'bundle', { env, name: 'it is here' }).lines, ['../../build-node/lib/libsipdialer.so.0'])
  }
  const { status, stderr } = found(t, 'includes', { env: { PATH: without(t, 'pkg-config'), SIPDIALER_PREFIX: '/opt/x' } })
  assert.notEqual(status, 0)
  assert.match(stderr, /^sipdialer: SIPDIALER_PREFIX needs pkg-config/)
})

test('what node-gyp cannot build with is refused by name', t => {
  const { source } = found(t, 'includes')
  const link = path.join(source, 'a prefix')
  mkdirSync(path.join(link, 'lib', 'pkgconfig'), { recursive: true })
  writeFileSync(path.join(link, 'lib', 'pkgconfig', 'sipdialer.pc'),
    `Name: x\nDescription: x\nVersion: 1\nCflags: "-I${link}/include"\nLibs: "-L${link}/lib" -lsipdialer\n`)
  const spaced = found(t, 'includes', { env: { SIPDIALER_PREFIX: link } })
  assert.notEqual(spaced.status, 0)
  assert.match(spaced.stderr, /a prefix\/include: node-gyp cannot build with a space/)

  const lonely = path.join(source, 'build-node', 'lib', 'libsipdialer.so')
  rmSync(path.join(source, 'include'), { recursive: true })
  const headless = found(t, 'includes', { env: { SIPDIALER_LIBRARY: lonely, SIPDIALER_INCLUDE: '' } })
  if (!existsSync('/usr/include/sipdialer/sipdialer.h')) {
    assert.notEqual(headless.status, 0)
    assert.match(headless.stderr, /sipdialer\.h .*SIPDIALER_INCLUDE/)
  }
})

test('words of pkg-config', () => {
  const { words } = createRequire(import.meta.url)(path.join(bindings, 'find.js'))
  assert.deepEqual(words('-I/a\\ b -L/c -I"/d e" \n-I\'/f "g\'\n'), ['-I/a b', '-L/c', '-I/d e', '-I/f "g'])
  assert.deepEqual(words('\n'), [])
})

// The folders of pkg-config, without the place of an installed library.
function pcFolders() {
  const done = spawnSync('pkg-config', ['--variable=pc_path', 'pkg-config'], { encoding: 'utf8' })
  const dirs = done.stdout.trim().split(':')
  return dirs.filter(d => !existsSync(path.join(d, 'sipdialer.pc'))).map(d => ':' + d).join('')
}

test('from a packed file, against an installed library', async t => {
  const prefix = path.join(folder(t), 'prefix')
  const set = spawnSync('meson', ['install', '-C', build, '--no-rebuild', '--quiet', '--destdir', prefix], { encoding: 'utf8' })
  assert.equal(set.status, 0, set.stdout + set.stderr)
  const library = findLibrary(prefix)
  const source = folder(t)
  checkout(source, 'bindings/node')
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', source], {
    cwd: path.join(source, 'bindings', 'node'), encoding: 'utf8'
  })
  assert.equal(packed.status, 0, packed.stderr)
  const dir = project(t)
  const include = path.resolve(library, '..', '..', '..', 'include')
  const done = install(dir, [path.join(source, packed.stdout.trim())],
    { SIPDIALER_LIBRARY: library, SIPDIALER_INCLUDE: `${include}:${path.resolve(include, '..', '..', 'include')}` })
  assert.equal(done.status, 0, done.text)
  const license = readFileSync(path.join(dir, 'node_modules', 'sipdialer', 'LICENSE'), 'utf8')
  assert.equal(license, readFileSync(path.join(root, 'LICENSE'), 'utf8'))
  await works(t, dir)
})

function findLibrary(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const file = path.join(dir, entry.name)
    const found = entry.isDirectory() ? findLibrary(file) : entry.name === 'libsipdialer.so' && file
    if (found) return found
  }
}

test('by pkg-config, from a build folder', async t => {
  const source = folder(t)
  checkout(source, 'bindings/node')
  const dir = project(t)
  const done = install(dir, [path.join(source, 'bindings', 'node')], { PKG_CONFIG_PATH: path.join(build, 'meson-uninstalled') })
  assert.equal(done.status, 0, done.text)
  await works(t, dir)
})

test('without a library it says what to do', t => {
  const source = folder(t)
  checkout(source, 'bindings/node')
  const dir = project(t)
  const done = install(dir, [path.join(source, 'bindings', 'node')], { SIPDIALER_PREFIX: path.join(dir, 'none') })
  assert.notEqual(done.status, 0)
  assert.match(done.text, /the library was not found[^]*SIPDIALER_PREFIX/)
  const other = run(path.join(dir, 'host.js'), ['{}'], { env: { SIPDIALER_NODE_ADDON: '' } })
  return within(other.ended).then(({ status, err }) => {
    assert.notEqual(status, 0)
    assert.ok(bindings && err)
  })
})
