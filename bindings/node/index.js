'use strict'
const { Dialer } = require('./lib/dialer')
const { Call } = require('./lib/call')
const { Campaign } = require('./lib/campaign')
const { samplesOf } = require('./lib/audio')
const { SipdialerError } = require('./lib/error')

module.exports = { Dialer, Call, Campaign, SipdialerError, samplesOf }
