#!/usr/bin/env python3
"""A network that loses, doubles, reorders and delays; a PBX that dies.

network.py [--loss PERCENT] [--calls N]
"""
import argparse
import os
import signal
import sys
import time

import common
from common import Failed, check

sys.path.insert(0, os.path.join(common.HERE, "..", "lib"))
from relay import Relay  # noqa: E402

RIGHT = {0: "answered", 1: "busy", 3: "invalid_number", 6: "rejected",
         12: "answered"}


def lossy(calls, loss, least):
    with common.Folder("net") as folder:
        numbers = common.contacts(folder("c.csv"), calls, [0, 1, 3, 6, 12])
        net = common.network("--answer-delay", "100", "--talk-time", "500",
                             "--no-fsync", journal=folder("journal"))
        relay = Relay(net.addr, common.host(), loss=loss, duplicate=0.05,
                      reorder=0.1, delay=(0.0, 0.02), seed=7)
        try:
            got = common.run(
                common.server(relay.addr) + [
                    "-o", "sip.register=no",
                    "-o", "store.path=" + folder("store.db"), "--json",
                    "campaign", "run", "--contacts", folder("c.csv"),
                    "--retries", "0", "--cps", "50", "--max-calls", "100"],
                timeout=100)
            # calls whose end the network has not heard of yet
            end = time.monotonic() + 35
            while True:
                events = common.pysip.journal(folder("journal"))
                up = {e["call_id"] for e in events if e["event"] == "invite"}
                up -= {e["call_id"] for e in events if e["event"] == "end"}
                if not up or time.monotonic() > end:
                    break
                time.sleep(0.1)
        finally:
            relay.close()
            stats = net.stop()
        check(got.code == 0, "exit %d: %s", got.code, got.err)
        check(relay.dropped > 0 or not loss, "nothing was lost")
        check(not up, "%d calls are left open at the far end", len(up))
        seen = common.invites(folder("journal"))
        check(all(n == 1 for n in seen.values()), "called twice: %s",
              [x for x in seen if seen[x] > 1])
        ends = {e["to"]: e["disposition"] for e in got.events()
                if e["event"] == "call_ended"}
        told = [e["to"] for e in got.events() if e["event"] == "call_ended"]
        check(sorted(told) == sorted(numbers), "%d ends of %d calls",
              len(told), calls)
        right = [n for n in numbers if ends[n] == RIGHT[int(n[-2:])]]
        wrong = {n: ends[n] for n in numbers if n not in right}
        check(len(right) >= least * calls, "%d of %d are right; wrong: %s",
              len(right), calls, wrong)
        common.store_check(folder("store.db"))
        rows = common.rows(folder("store.db"), "SELECT count(*) FROM calls")
        check(rows == [(calls,)], "%r rows", rows)
    print("network: %d calls at %.0f %% loss, 5 %% doubled, 10 %% out of "
          "order: %d right, none open, none twice (%d of %d packets lost, "
          "%d INVITEs came again)" %
          (calls, loss * 100, len(right), relay.dropped,
           relay.dropped + relay.passed, stats["retransmissions"]))


def pbx_dies(calls=60):
    """Killed with all calls up, and back on the same port 3 s later."""
    with common.Folder("net") as folder:
        numbers = common.contacts(folder("c.csv"), calls, [0])
        options = ["--answer-delay", "100", "--no-fsync", "--user", "a:b"]
        address = common.host()
        net = common.network(*options, "--talk-time", "60000",
                             journal=folder("j1"), address=address)
        store = folder("store.db")
        child = common.start(common.server(net.addr) + [
            "-o", "sip.user=a", "-o", "sip.password=b",
            "-o", "sip.register_expires=60", "-o", "media.rtp_timeout=3",
            "-o", "call.hangup_after_play=no", "-o", "store.path=" + store,
            "--json", "campaign", "run", "--contacts", folder("c.csv"),
            "--retries", "0", "--cps", "40", "--max-calls", "20"])
        back = None
        try:
            end = time.monotonic() + 10
            while common.rows(store, "SELECT count(*) FROM attempts")[0][0] \
                    < 20 if os.path.exists(store) and common.os.path.getsize(
                        store) else True:
                check(time.monotonic() < end, "no calls")
                time.sleep(0.05)
            time.sleep(0.5)
            os.kill(net.child.pid, signal.SIGKILL)
            net.child.wait()
            died = time.monotonic()
            time.sleep(3)
            back = common.pysip.Phonenet(
                common.PHONENET, "--listen", "%s:%d" % net.addr, *options,
                "--talk-time", "300", "--journal", folder("j2"))
            returned = time.monotonic()
            got = common.finish(child, 90)
            over = time.monotonic()
        finally:
            if child.poll() is None:
                child.kill()
            stats = back.stop() if back else {}
        check(got.code == 0, "exit %d: %s", got.code, got.err)
        first, second = (common.invites(folder(j)) for j in ("j1", "j2"))
        twice = [n for n in numbers if first[n] + second[n] > 1]
        spent = calls - len(set(first) | set(second))
        check(not twice, "called twice: %s", twice)
        ends = {e["to"]: e["disposition"] for e in got.events()
                if e["event"] == "call_ended"}
        check(len(ends) == calls, "%d ends", len(ends))
        check(len(second) >= calls - len(first) - 20 - spent,
              "only %d calls after the return", len(second))
        left = common.rows(store, "SELECT status, count(*) FROM contacts "
                           "GROUP BY 1")
        check({s for s, _ in left} <= {"completed", "failed"}, "%r", left)
        good = sum(d == "answered" for d in ends.values())
    print("network: PBX killed with %d of %d calls up, back after 3 s: "
          "campaign over %.1f s later, %d calls then (%d REGISTERs), %d "
          "contacts spent on the dead PBX, %d answered, none twice" %
          (len(first), calls, over - returned, len(second),
           stats["registers"], spent, good))
    return died


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--calls", type=int, default=100)
    p.add_argument("--loss", type=float, default=5)
    o = p.parse_args()
    common.main([
        ("lossy", lambda: lossy(o.calls, o.loss / 100,
                                0.99 if o.loss <= 5 else 0.95)),
        ("pbx dies", pbx_dies),
    ])


if __name__ == "__main__":
    main()
