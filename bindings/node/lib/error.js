'use strict'

/**
 * What a verb refused, or how a request failed. `code` is the name of an error
 * of the library, such as 'SIPDIALER_EINVAL'; `errno` its number.
 */
class SipdialerError extends Error {
  constructor(code, errno, message) {
    super(message)
    this.code = code
    this.errno = errno
  }
}
SipdialerError.prototype.name = 'SipdialerError'

module.exports = { SipdialerError }
