#!/usr/bin/env python3
"""A disk that is full or broken for a while, at each operation on the store.

disk.py [--points N] [--jobs J]: N points, spread evenly over the operations
of a campaign of 50 calls; 0: each operation with each kind of failure.

At every point: no crash; calls in progress go on; one line says that the
store fails and one that it works again; dialing pauses and resumes within 5 s;
each contact has its one call and its row.
"""
import argparse
import concurrent.futures
import errno
import os
import re
import sys
import time
import wave

import common
from common import Failed, check

CONTACTS = 50
HOW = ["ENOSPC", "EIO", "short", "EROFS"]
OPS = ["any", "fdatasync", "pwrite+write", "fsync+fdatasync+ftruncate"]
BAD_MS = 1200
RIGHT = {0: "answered", 1: "busy", 12: "answered", 3: "invalid_number",
         6: "rejected"}


def campaign(folder, addr, extra=()):
    return common.server(addr) + [
        "-o", "sip.register=no", "-o", "store.path=" + folder("store.db"),
        *extra, "--json", "campaign", "run", "--contacts", folder("c.csv"),
        "--retries", "0", "--cps", "60", "--max-calls", "10"]


def counts(path):
    with open(path, encoding="utf-8") as f:
        return dict((w[0], int(w[1])) for w in map(str.split, f)
                    if w[0] != "leak")


def one(ops, n, how):
    """A campaign with a fault at the nth operation; (faults, seconds)."""
    with common.Folder("disk") as folder:
        numbers = common.contacts(folder("c.csv"), CONTACTS,
                                  [0, 1, 12, 3, 0, 6])
        journal, store = folder("journal"), folder("store.db")
        net = common.network("--answer-delay", "60", "--talk-time", "150",
                             journal=journal)
        args = campaign(folder, net.addr)
        began = time.monotonic()
        try:
            got = common.run(args, common.shim_env(
                store=store, log=folder("log"), count=folder("count"),
                disk=n and "%s:%d:%s:%d" % (ops, n, how, BAD_MS)), 60)
            took = time.monotonic() - began
            early = got.code in (1, 3) and not common.invites(journal)
            if early:
                # no store to dial from: said so, nobody was called
                check("sipdialer: " in got.err, "exit %d, said %s", got.code,
                      got.err)
                got = common.run(args)
        finally:
            net.stop()
        check(got.code == 0, "exit %d: %s", got.code, got.err[-500:])
        common.store_check(store)
        seen = common.invites(journal)
        check(seen == {x: 1 for x in numbers}, "INVITEs: %d numbers, %s",
              len(seen), [x for x in seen if seen[x] > 1])
        left = {x: s for x, s in common.statuses(store).items()
                if s not in ("completed", "failed")}
        check(not left, "contacts: %s", left)
        rows = common.rows(store, "SELECT count(*) FROM calls")[0][0]
        check(rows == CONTACTS, "%d calls stored", rows)
        ends = [e for e in got.events() if e["event"] == "call_ended"]
        check(len(ends) == CONTACTS, "%d ends told", len(ends))
        wrong = [(e["to"], e["disposition"]) for e in ends
                 if e["disposition"] != RIGHT[int(e["to"][-2:])]]
        check(not wrong, "dispositions: %s", wrong)
        c = counts(folder("count")) if os.path.exists(folder("count")) else {}
        faults = c.get("faults", 0)
        with open(folder("log"), encoding="utf-8") as f:
            text = f.read()
        # what fails in the file itself is a checkpoint, which comes again
        # SQLite itself writes the rest after a short write
        met = "commit\n" in text and (how != "short" or
                                      "sync commit" in text)
        if met and not early:
            check(got.err.count("SIPDIALER_EIO: store") == 1 and
                  (got.err.count("the store works again") == 1 or
                   "disk good" not in text), "said: %r", got.err)
            reason = os.strerror(getattr(errno, how, errno.EIO))
            check(reason in got.err or "disk is full" in got.err or
                  how == "short", "no reason told: %r", got.err)
            check(took < 4 + BAD_MS / 1000, "took %.1f s", took)
        check(len(got.err.splitlines()) <= 8, "said too much: %s", got.err)
        return c.get("disk", 0), faults, took, early, got.err


def attempt(ops, n, how):
    try:
        return one(ops, n, how)
    except Failed as e:
        raise Failed("%s operation %d %s: %s" % (ops, n, how, e))


def sweep(points, jobs):
    total = {}
    for ops in OPS:
        total[ops] = attempt(ops, 10 ** 9, "EIO")[0]
    if points:
        each = points // len(OPS)
        plan = [(ops, 1 + i * total[ops] // each, HOW[(i + k) % len(HOW)])
                for k, ops in enumerate(OPS) for i in range(each)]
    else:
        plan = [(ops, n, how) for ops in OPS
                for n in range(1, total[ops] + 1) for how in HOW]
    hit, early, slowest, bad = 0, 0, 0, 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for f in [pool.submit(attempt, *p) for p in plan]:
            try:
                _, faults, took, refused, _ = f.result()
            except Failed as e:
                bad += 1
                print("not ok: %s" % e, flush=True)
                continue
            hit += faults > 0
            early += refused
            slowest = max(slowest, took)
    print("disk: %d points of %s operations, %d met a fault (%d at start, "
          "told and refused); slowest campaign %.1f s with the disk bad for "
          "%.1f s" % (len(plan), total["any"], hit, early, slowest,
                      BAD_MS / 1000))
    return bad


def recordings():
    """No room for recordings: the calls and their rows do not mind."""
    with common.Folder("disk") as folder:
        numbers = common.contacts(folder("c.csv"), 6, [0])
        os.mkdir(folder("wavs"))
        net = common.network("--answer-delay", "60", "--talk-time", "2500")
        try:
            got = common.run(
                campaign(folder, net.addr,
                         ["-o", "call.record=" + folder("wavs"),
                          "-o", "call.hangup_after_play=no"]),
                common.shim_env(path="/wavs/", count=folder("count"),
                                disk="any:4:ENOSPC:60000"))
        finally:
            net.stop()
        check(got.code == 0, "recordings: exit %d: %s", got.code, got.err)
        check(counts(folder("count"))["faults"] > 0, "recordings: no fault")
        ends = [e for e in got.events() if e["event"] == "call_ended"]
        check(sorted(e["to"] for e in ends) == sorted(numbers) and
              all(e["disposition"] == "answered" and e["talk_ms"] > 2000
                  for e in ends), "recordings: %r", ends)
        check(os.strerror(errno.ENOSPC) in got.err, "recordings: said %r",
              got.err)
        check(got.err.count("No space") <= 2 * len(numbers), "recordings: said too much: %s",
              got.err)
        common.store_check(folder("store.db"))
    print("disk: 6 calls went on with no room for their recordings; said: %s"
          % got.err.splitlines()[0])


def stalled():
    """The disk of a recording stands still for 5.5 s, its ring holds 4: what
    is lost is counted and silent, the call goes on in time."""
    with common.Folder("disk") as folder:
        net = common.network("--answer-delay", "60", "--talk-time", "7500")
        os.mkdir(folder("wavs"))
        try:
            got = common.run(
                common.server(net.addr) +
                ["-o", "sip.register=no", "--json", "call", "4930123400",
                 "--record", folder("wavs/r.wav")],
                common.shim_env(path="/wavs/", count=folder("count"),
                                disk="pwrite:3:stall:5500"))
        finally:
            net.stop()
        check(counts(folder("count"))["faults"] > 0, "stalled: no stall")
        e = got.events()[-1]
        check(e["disposition"] == "answered" and e["talk_ms"] > 7000 and
              e["rtp"]["tx"] > 0.9 * e["talk_ms"] / 20, "stalled: %r", e)
        said = re.search(r"(\d+) ms of audio replaced by silence", got.err)
        check(said, "stalled: said %r", got.err)
        lost = int(said[1])
        check(500 < lost < 2500, "stalled: %d ms lost", lost)
        with wave.open(folder("wavs/r.wav")) as w:
            ms = w.getnframes() / 8
        check(abs(ms - e["talk_ms"]) < 200, "stalled: %d ms recorded", ms)
    print("disk: it stood still for 5.5 s: %d ms of a recording lost, none of "
          "the call" % lost)


def show():
    """One case in words: what the user sees."""
    with common.Folder("disk") as folder:
        common.contacts(folder("c.csv"), CONTACTS, [0, 1, 12, 3, 0, 6])
        net = common.network("--answer-delay", "60", "--talk-time", "150")
        try:
            got = common.run(campaign(folder, net.addr), common.shim_env(
                store=folder("store.db"),
                disk="fdatasync:20:ENOSPC:%d" % BAD_MS))
        finally:
            net.stop()
    print(got.err)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--points", type=int, default=24)
    p.add_argument("--jobs", type=int, default=6)
    p.add_argument("--show", action="store_true")
    o = p.parse_args()
    if o.show:
        show()
        return
    bad = 0
    for test in (recordings, stalled):
        try:
            test()
        except Failed as e:
            print("not ok: %s" % e)
            bad += 1
    bad += sweep(o.points, o.jobs)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
