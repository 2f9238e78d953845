#!/usr/bin/env python3
"""Calls that come in, by the message: what telephones seldom do."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
from caller import Caller  # noqa: E402
from sipdialer_ct import Engine  # noqa: E402


class IncomingRaw(flow.Case):
    def engine(self, **options):
        words = {"sip.server": self.ip, "sip.user": "alice",
                 "sip.register": "no", "sip.local_address": self.ip,
                 "incoming.accept": "server", "log.level": "warning"}
        words.update((k.replace("__", "."), v) for k, v in options.items())
        d = Engine(flow.LIBRARY, words)
        self.addCleanup(d.destroy)
        d.start()
        self.address = d.wait("started")["text"].split(":")[1:]
        return d

    def caller(self, ip=None, **more):
        c = Caller((self.address[0], int(self.address[1])), ip or self.ip,
                   **more)
        self.addCleanup(c.close)
        return c

    def rings(self, d, **more):
        """A call that rings, and the caller."""
        c = self.caller()
        c.invite(**more)
        c.until("SIP/2.0 180")
        return c, d.wait("call_incoming")["call"]

    def test_host_speaks_before_the_answer_to_our_offer(self):
        d = self.engine()
        c, call = self.rings(d, body="")
        settings, host = self.path("settings.wav"), self.path("host.wav")
        d.answer(call, "call.record=" + settings)
        c.until("SIP/2.0 200")
        d.record(call, host)
        d.dtmf(call, "7")
        c.send("INFO", 2, "Signal=5\r\nDuration=160\r\n",
               ctype="application/dtmf-relay")
        c.until("SIP/2.0 200")
        self.assertEqual(d.wait("call_dtmf")["text"], "5")
        c.send("ACK", 1, c.sdp())
        d.wait("call_answered")
        c.send("BYE", 3)
        e = d.wait("call_ended")
        self.assertEqual((e["recording"], e["disposition"], e["dtmf"]),
                         (host, "answered", "5"), e)
        self.assertFalse(os.path.exists(settings))


if __name__ == "__main__":
    flow.main()
