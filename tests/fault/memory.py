#!/usr/bin/env python3
"""Memory that is not to be had: the Nth allocation fails, for many N.

memory.py [--points N] [--jobs J] [--who LIBRARY] [--at N]

A point is a process of its own (flow.c) with one failing allocation of LIBRARY
(its part of a file name; libsipdialer has libre inside).  It must keep all
promises, end with status 0, give everything back, and leave a sound store.
--points 0: every one.  --at N: only that one, and all that was said.
"""
import argparse
import collections
import concurrent.futures
import os
import queue
import signal
import subprocess
import sys
import time
import wave

import common
from common import Failed, check

FLOW = os.environ["FLOW"]
LIBRARY = os.environ["LIBRARY"]
TIMEOUT = 60


def files(folder):
    with open(folder("c.csv"), "w", encoding="utf-8") as f:
        f.write('number,name,city\n+120255511200,"Miller, A",Bonn\n'
                '+120255511301,B,"x ""y"""\n+120255511403,C,\n')
    with wave.open(folder("p.wav"), "wb") as w:
        w.setparams((1, 2, 8000, 0, "NONE", ""))
        w.writeframes(bytes(1600))


def one(net, shared, who, n):
    with common.Folder("mem") as folder:
        env = common.shim_env(alloc="%d:%s" % (n, who),
                              count=folder("count"), log=folder("log"))
        child = subprocess.Popen(
            [FLOW, net.addr[0], str(net.addr[1]), shared("c.csv"),
             shared("p.wav"), folder.path], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=env)
        said, count, where = "", {}, ""
        try:
            got = common.finish(child, TIMEOUT)
            said = got.out
            why = "signal %s" % signal.Signals(-got.code).name \
                if got.code < 0 else "exit %d" % got.code if got.code else ""
        except Failed as e:
            why = "hang: %s" % e
        if os.path.exists(folder("log")):
            with open(folder("log"), encoding="utf-8") as f:
                where = next((x for x in f if x.startswith("alloc")), "")
        leaks = []
        if os.path.exists(folder("count")):
            with open(folder("count"), encoding="utf-8") as f:
                for w in map(str.split, f):
                    if w[0] == "leak":
                        leaks.append(w[1])
                    else:
                        count[w[0]] = int(w[1])
        broken = [x for x in said.splitlines() if x.startswith("BROKEN")]
        if why and broken:
            why += " " + "; ".join(broken)
        if not why and os.path.exists(folder("store.db")):
            try:
                common.store_check(folder("store.db"))
            except Failed as e:
                why = str(e)
        return why, where, count, leaks, said


def symbols(addresses):
    got = subprocess.run(["addr2line", "-f", "-s", "-e", LIBRARY] +
                         ["%x" % (int(a, 16) - 1) for a in addresses],
                         stdout=subprocess.PIPE, text=True, check=False)
    lines = got.stdout.split("\n")
    return ["%s (%s)" % (lines[i], lines[i + 1].split(" ")[0])
            for i in range(0, len(lines) - 1, 2)]


def base():
    """Where the executable segment begins, to which offsets refer."""
    got = subprocess.run(["readelf", "-lW", LIBRARY], stdout=subprocess.PIPE,
                         text=True, check=False).stdout
    for line in got.splitlines():
        w = line.split()
        if w and w[0] == "LOAD" and "E" in "".join(w[6:-1]):
            return int(w[2], 16)
    return 0


def trace(addresses):
    offset = base()
    return symbols(["%x" % (int(a, 16) + offset) for a in addresses])


def late(why):
    """Nothing is wrong but the time it took, or it may be: so it is on a
    machine that has too much to do, too."""
    return why.count("BROKEN") == 1 and ("took more than" in why or
                                         "no CALL_ENDED" in why)


def sweep(o, nets, shared):
    free = queue.Queue()
    for net in nets:
        free.put(net)

    def point(n):
        net = free.get()
        try:
            return (n,) + one(net, shared, o.who, n)
        finally:
            free.put(net)

    began = time.monotonic()
    n, why, _, count, leaks, said = point(10 ** 9)
    check(not why, "without a fault: %s %s", why, said[-2000:])
    check(not leaks, "leaks without a fault: %s", trace(leaks))
    total = count["allocs"]
    step = max(1, total // o.points) if o.points else 1
    points = range(1 + o.offset % step, total + 1, step)
    kinds, slow = collections.Counter(), []

    def tell(n, why, where, count, leaks, said):
        if not why and not leaks:
            return
        stack = trace(where.split()[2:8]) if where else ["not reached"]
        text = why or "leak of %s" % ", ".join(
            trace(leaks)[:4] if o.who == "libsipdialer" else leaks[:4])
        key = (text[:60], tuple(stack[:3]))
        kinds[key] += 1
        if kinds[key] <= 2:
            print("not ok: allocation %d: %s\n    at %s" %
                  (n, text, " < ".join(stack)), flush=True)

    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        for got in pool.map(point, points):
            if late(got[1]) and not got[4]:
                slow.append(got[0])
            else:
                tell(*got)
    for n in slow:                   # once more, alone
        tell(*point(n))
    bad = sum(kinds.values())
    print("memory: %d of %d allocations of %s failed, one in each process, "
          "%d bad (%d kinds), %.0f s" %
          (len(points), total, o.who, bad, len(kinds),
           time.monotonic() - began))
    return bad


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--points", type=int, default=500)
    p.add_argument("--offset", type=int, default=0)
    p.add_argument("--jobs", type=int, default=24)
    p.add_argument("--who", default="libsipdialer")
    p.add_argument("--at", type=int)
    o = p.parse_args()
    os.nice(10)    # others listen to audio meanwhile
    with common.Folder("mem") as shared:
        files(shared)
        nets = [common.network("--answer-delay", "10", "--no-fsync", "--user",
                               "alice:secret")
                for _ in range(1 if o.at else o.jobs)]
        try:
            if o.at:
                why, where, count, leaks, said = one(nets[0], shared, o.who,
                                                     o.at)
                print(said)
                print("\n".join(trace(where.split()[2:])))
                print(why, count, trace(leaks))
                bad = bool(why or leaks)
            else:
                bad = sweep(o, nets, shared)
        finally:
            for net in nets:
                net.stop()
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
