'use strict'
// What the objects know of each other, kept out of the users' sight.

module.exports = {
  HANDLE: Symbol('handle'), // of a dialer: the engine
  ASK: Symbol('ask'),       // of a dialer: a verb that answers by a DONE
  WAIT: Symbol('wait'),     // of a dialer: a promise of an event
  RINGS: Symbol('rings'),   // of a call: it came in and is not answered yet
  DIALED: Symbol('dialed'), // of a dialer: the object of a call just made
  TAKE: Symbol('take'),     // of calls, campaigns, readers: an event for them
  DETACH: Symbol('detach')  // of a dialer: a reader leaves, or has room again
}
