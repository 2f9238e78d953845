'use strict'
// Prints the folder of node_api.h and uv.h that belongs to this node, or "".
const fs = require('node:fs')
const path = require('node:path')

const folders = [
  process.env.SIPDIALER_NODE_HEADERS,
  path.join(path.dirname(fs.realpathSync(process.execPath)), '..', 'include', 'node'),
  '/usr/include/node'
]

function has(folder) {
  return folder && fs.existsSync(path.join(folder, 'node_api.h'))
}

const found = folders.find(has)
if (require.main === module) process.stdout.write(found ? path.resolve(found) : '')
module.exports = found ? path.resolve(found) : null
