#!/usr/bin/env python3
"""The PBX dies and comes back: when does the registration?

registration.py [--away S] [--max S]: not in the suite, the refresh of the
shortest registration (60 s) is what finds out.
"""
import argparse
import os
import signal
import sys
import time

import common
from common import check
from library import Engine


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--away", type=float, default=60)
    p.add_argument("--max", type=float, default=30)
    o = p.parse_args()
    options = ["--no-fsync", "--user", "a:b"]
    net = common.network(*options)
    d = Engine(net.addr, sip__user="a", sip__password="b",
               sip__register_expires="60")
    check(d.start() == 0, "start")

    def status(word):
        return lambda e: e.get("status") == word

    check(d.wait(status("registered"), 5), "not registered")
    os.kill(net.child.pid, signal.SIGKILL)
    net.child.wait()
    died = time.monotonic()
    check(d.wait(status("failed"), 120), "the loss is not told")
    told = time.monotonic()
    time.sleep(max(0, o.away - (told - died)))
    back = common.pysip.Phonenet(common.PHONENET, "--listen",
                                 "%s:%d" % net.addr, *options)
    began = time.monotonic()
    check(d.wait(status("registered"), 120), "not registered again")
    took = time.monotonic() - began
    d.destroy()
    back.stop()
    print("registration: lost after %.0f s, away for %.0f s, back %.1f s "
          "after the PBX" % (told - died, began - died, took))
    return 0 if took <= o.max else 1


if __name__ == "__main__":
    sys.exit(main())
