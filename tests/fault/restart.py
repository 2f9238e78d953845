#!/usr/bin/env python3
"""From a restart after kill -9 to the first INVITE, with 100,000 contacts.

restart.py [--contacts N] [--max S]: fails if it takes more than S seconds.
"""
import argparse
import signal
import sys
import time

import common
from common import check


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--contacts", type=int, default=100000)
    p.add_argument("--max", type=float, default=2.0)
    o = p.parse_args()
    with common.Folder("restart") as folder:
        store, journal = folder("store.db"), folder("journal")
        with open(folder("c.csv"), "w", encoding="utf-8") as f:
            f.write("number,name\n")
            for i in range(o.contacts):
                f.write("+1202%06d00,Contact %d\n" % (i, i))
        net = common.network("--answer-delay", "60", journal=journal)
        args = common.server(net.addr) + [
            "-o", "sip.register=no", "-o", "store.path=" + store, "--json",
            "campaign", "run", "--contacts", folder("c.csv"),
            "--retries", "0", "--cps", "100", "--max-calls", "20"]
        try:
            begun = time.monotonic()
            got = common.run(args, common.shim_env(store=store,
                                                   kill="invited:20"), 120)
            first = time.monotonic() - begun
            check(got.code == -signal.SIGKILL, "exit %d: %s", got.code,
                  got.err)
            before = sum(common.invites(journal).values())
            begun = time.time()
            child = common.start(args, common.shim_env(store=store,
                                                       kill="invited:1"))
            got = common.finish(child, 60)
            check(got.code == -signal.SIGKILL, "exit %d: %s", got.code,
                  got.err)
            end = time.monotonic() + 5
            while True:
                calls = [e["t_ms"] for e in common.pysip.journal(journal)
                         if e["event"] == "invite"]
                if len(calls) > before:
                    break
                check(time.monotonic() < end, "no INVITE after the restart")
                time.sleep(0.01)
        finally:
            net.stop()
        took = calls[before] / 1000 - begun
        print("restart: %d contacts, import to the 20th INVITE %.2f s, "
              "restart to the first INVITE %.2f s" %
              (o.contacts, first, took))
        return 0 if took <= o.max else 1


if __name__ == "__main__":
    sys.exit(main())
