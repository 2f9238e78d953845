// The TypeScript declarations: right uses compile, wrong ones do not.
//
// The compiler comes from npm, once, into the build folder.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { SKIPPED, here, root } from './node_lib.mjs'

const project = path.join(process.env.SIPDIALER_BUILD, 'node-types')
const tsc = path.join(project, 'node_modules', 'typescript', 'bin', 'tsc')
const wanted = JSON.parse(readFileSync(path.join(root, 'bindings', 'node', 'package.json'))).devDependencies

function setUp() {
  mkdirSync(project, { recursive: true })
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ private: true, devDependencies: wanted }))
  if (existsSync(tsc)) return true
  const npm = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: project, encoding: 'utf8' })
  if (npm.status === 0) return true
  console.log(`skipped: npm could not install the compiler: ${npm.error ?? npm.stderr}`)
  return false
}

if (!setUp()) process.exit(SKIPPED)

const folder = path.join(project, 'node_modules', 'sipdialer')
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
for (const name of ['index.d.ts', 'index.d.mts', 'package.json', 'types']) {
  cpSync(path.join(root, 'bindings', 'node', name), path.join(folder, name), { recursive: true })
}

// All of them at once: the compiler begins by reading its own declarations.
function compile(files) {
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(project, name), text)
  const names = Object.keys(files)
  cpSync(path.join(here, 'tsconfig.json'), path.join(project, 'tsconfig.base.json'))
  const config = `tsconfig.${names[0]}.json`
  writeFileSync(path.join(project, config), JSON.stringify({ extends: './tsconfig.base.json', files: names }))
  return spawnSync(process.execPath, [tsc, '-p', config], { cwd: project, encoding: 'utf8' })
}

test('uses in a module and in a CommonJS file', () => {
  const uses = readFileSync(path.join(here, 'types.mts'), 'utf8')
  const required = uses.replace('import sipdialer, {', "import sipdialer = require('sipdialer')\nimport {")
  const done = compile({ 'uses.mts': uses, 'uses.cts': required })
  assert.equal(done.stdout, '')
  assert.equal(done.status, 0)
})

test('the compiler looks', () => {
  const done = compile({ 'bad.mts': "import { Dialer } from 'sipdialer'\nnew Dialer({ 'sip.port': true })\n" })
  assert.notEqual(done.status, 0)
  assert.match(done.stdout, /^bad\.mts\(2,/)
})
