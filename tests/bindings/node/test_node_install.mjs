// `npm install` of the package, as hosts do it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
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

// npm, without what this test's environment says; its status and text.
function install(cwd, what, env = {}) {
  const clean = { ...process.env, npm_config_update_notifier: 'false' }
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
for (const links of [false, true]) {
  test(`from a checkout, which builds the library and bundles it, install-links=${links}`, async t => {
    const source = folder(t)
    checkout(source, 'bindings', 'lib', 'include', 'examples', 'meson.build', 'meson_options.txt')
    const dir = project(t)
    const done = install(dir, [`--install-links=${links}`, path.join(source, 'bindings', 'node')],
      { PKG_CONFIG_LIBDIR: path.join(dir, 'none') + pcFolders() })
    assert.equal(done.status, 0, done.text)
    const release = path.join(dir, 'node_modules', 'sipdialer', 'build', 'Release')
    assert.ok(existsSync(path.join(release, 'libsipdialer.so.0')), readdirSync(release).join(' '))
    await works(t, dir)
  })
}

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
