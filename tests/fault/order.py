#!/usr/bin/env python3
"""The intent is on the disk before its INVITE leaves, for each of 200 calls.

The shim writes a line after each fdatasync() of the write-ahead log, with the
numbers its transaction carries, and one before each INVITE is sent.
"""
import sys

import common
from common import check

CALLS = 200


def main():
    with common.Folder("order") as folder:
        store = folder("store.db")
        numbers = common.contacts(folder("c.csv"), CALLS, [0, 1, 12, 3, 6])
        net = common.network("--answer-delay", "30", "--talk-time", "50")
        try:
            got = common.run(
                common.server(net.addr) + [
                    "-o", "sip.register=no", "-o", "store.path=" + store,
                    "campaign", "run", "--contacts", folder("c.csv"),
                    "--retries", "0", "--cps", "150", "--max-calls", "30"],
                common.shim_env(store=store, log=folder("log")))
        finally:
            net.stop()
        check(got.code == 0, "exit %d: %s", got.code, got.err)
        durable, invited, syncs, late = set(), set(), 0, []
        with open(folder("log"), encoding="utf-8") as f:
            for line in f:
                what, *rest = line.split()
                if what == "synced" and rest[0] == "intent":
                    durable.update(rest[1:])
                    syncs += 1
                elif what == "invite":
                    invited.add(rest[0])
                    if rest[0] not in durable:
                        late.append(rest[0])
        check(invited == set(numbers), "%d of %d numbers got an INVITE",
              len(invited), len(numbers))
        check(not late, "INVITE before its intent was durable: %s", late)
        print("order: %d INVITEs, each after the fdatasync of its intent "
              "(%d syncs carried intents)" % (len(invited), syncs))


if __name__ == "__main__":
    try:
        main()
    except common.Failed as e:
        sys.exit("not ok: %s" % e)
