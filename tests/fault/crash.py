#!/usr/bin/env python3
"""kill -9 during campaigns: nobody is lost, nobody is called twice.

crash.py [--kills N] [--seed S] [--jobs J]

Each campaign is killed several times, at a named point (see shim.c) or at a
random moment, and started again by the same command until it is complete.
Then the network's journal and the store are compared.
"""
import argparse
import concurrent.futures
import random
import re
import signal
import sys
import threading
import time

import common
from common import Failed, check

POINTS = ["intent-commit", "intent-sync", "intent-synced", "intent-committed",
          "invite", "invited", "answer", "result-commit", "result-sync",
          "result-synced", "result-committed", "random"]
CONTACTS = 40
KILLS_EACH = 5
MAX_CALLS = 8


class Campaign:
    def __init__(self, folder, rng, points):
        self.dir, self.rng, self.points = folder, rng, points
        self.store = folder("store.db")
        self.journal = folder("journal")
        self.log = folder("log")
        self.reported = 0        # interrupted contacts that restarts told
        self.other = None        # of the last summary
        self.killed = {}         # point -> how often
        self.ended = {}          # call -> disposition, as events told

    def args(self, addr):
        return common.server(addr) + [
            "-o", "sip.register=no", "-o", "store.path=" + self.store,
            "--json", "campaign", "run", "--contacts", self.dir("c.csv"),
            "--retries", "0", "--cps", "60", "--max-calls", str(MAX_CALLS)]

    def once(self, addr, point):
        """One process; True: it came to its end before the fault."""
        fault = None
        if point and point != "random":
            fault = "%s:%d" % (point, self.rng.randrange(1, 9))
        child = common.start(self.args(addr), common.shim_env(
            store=self.store, log=self.log, kill=fault))
        timer = None
        if point == "random":
            timer = threading.Timer(self.rng.uniform(0.005, 0.6), child.kill)
            timer.start()
        try:
            got = common.finish(child, 60)
        finally:
            if timer:
                timer.cancel()
        told = re.search(r"(\d+) contacts were in a call when", got.err)
        self.reported += int(told.group(1)) if told else 0
        for e in got.events():
            if e.get("event") == "call_ended":
                self.ended[e["call"]] = e["disposition"]
            elif e.get("event") == "summary":
                self.other = e.get("other")
        if got.code == -signal.SIGKILL:
            kept = common.integrity_of_copy(self.store, self.dir.path) \
                if common.os.path.exists(self.store) else set()
            lost = [c for c in self.ended if c not in kept]
            check(not lost, "%s: told the end of calls %s, no rows", fault,
                  lost)
            self.killed[point] = self.killed.get(point, 0) + 1
            # the same command would begin a second campaign
            return self.complete()
        check(got.code == 0, "%s: exit %d: %s", fault, got.code,
              got.err[-400:])
        return True

    def complete(self):
        try:
            got = common.rows(self.store, "SELECT status FROM campaigns")
        except common.sqlite3.Error:
            return False             # killed while it was made
        return got == [("completed",)]

    def compare(self, numbers):
        common.store_check(self.store)
        seen = common.invites(self.journal)
        state = common.statuses(self.store)
        check(set(state) == set(numbers), "contacts: %d of %d are stored",
              len(state), len(numbers))
        twice = [n for n in seen if seen[n] > 1]
        check(not twice, "called twice: %s", twice)
        for number, status in state.items():
            check(status in ("completed", "failed", "interrupted"),
                  "%s is %s", number, status)
            check(number in seen or status == "interrupted",
                  "%s is %s, but nobody called", number, status)
        unheard = [n for n in state if n not in seen]
        kills = sum(self.killed.values())
        # more cannot have been written down and not yet dialed
        check(len(unheard) <= MAX_CALLS * kills, "%d were never called",
              len(unheard))
        interrupted = [n for n in state if state[n] == "interrupted"]
        # a line is lost with the process that was about to say it
        check(self.reported <= len(interrupted) and
              self.other in (None, len(interrupted)),
              "%d are interrupted, lines told %d, the summary %s",
              len(interrupted), self.reported, self.other)
        wrong = common.rows(
            self.store, "SELECT count(*) FROM contacts c WHERE 1 != (SELECT "
            "count(*) FROM attempts a JOIN calls k ON k.id = a.call WHERE "
            "a.contact = c.id AND a.status = CASE c.status WHEN "
            "'interrupted' THEN 'interrupted' ELSE 'ended' END)")[0][0]
        check(not wrong, "%d contacts without their one attempt", wrong)
        told = dict(common.rows(self.store,
                                "SELECT id, disposition FROM calls"))
        for call, disposition in self.ended.items():
            check(told.get(call) == disposition, "call %d: told %s, row %s",
                  call, disposition, told.get(call))
        return len(interrupted), len(unheard)

    def run(self):
        numbers = common.contacts(self.dir("c.csv"), CONTACTS,
                                  [0, 1, 12, 3, 0, 6])
        net = common.network("--answer-delay", "60", "--talk-time", "150",
                             journal=self.journal)
        try:
            for point in list(self.points) + [None]:
                if self.once(net.addr, point):
                    break
        finally:
            net.stop()
        return self.compare(numbers)


def one(seed, points):
    with common.Folder("crash") as folder:
        c = Campaign(folder, random.Random(seed), points)
        try:
            return c.run(), c.killed
        except Failed as e:
            raise Failed("seed %d, points %s: %s" % (seed, points, e))


def nobody_left():
    """Killed with the last calls up: the same command dials nobody again,
    though the campaign is over before it can look."""
    with common.Folder("crash") as folder:
        c = Campaign(folder, random.Random(1), [])
        numbers = common.contacts(folder("c.csv"), 3, [0])
        net = common.network("--answer-delay", "60", "--user", "a:b",
                             journal=c.journal)
        args = ["-o", "sip.user=a", "-o", "sip.password=b"] + [
            a.replace("register=no", "register=yes")
            for a in c.args(net.addr)]
        try:
            got = common.run(args, common.shim_env(store=c.store,
                                                   kill="answer:3"))
            check(got.code == -signal.SIGKILL, "exit %d: %s", got.code,
                  got.err)
            got = common.run(args)
        finally:
            net.stop()
        check(got.code == 0, "exit %d: %s", got.code, got.err)
        seen = common.invites(c.journal)
        check(seen == {n: 1 for n in numbers}, "INVITEs: %r", dict(seen))
        check("3 contacts were in a call when" in got.err, "said: %s %s",
              got.err, got.out)
        e = got.events()[-1]
        # it may be over before we follow it: then without counts
        check((e["event"], e["status"], e.get("other", 3)) ==
              ("summary", "completed", 3), "%r", e)
    print("ok: nobody left after a crash, nobody dialed")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--kills", type=int, default=20)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--jobs", type=int, default=4)
    o = p.parse_args()
    started = time.monotonic()
    rng = random.Random(o.seed)
    try:
        nobody_left()
    except Failed as e:
        sys.exit("not ok: nobody left: %s" % e)
    killed, interrupted, unheard, campaigns, bad = {}, 0, 0, 0, 0
    order = [x for i in range(o.kills) for x in POINTS]
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        while sum(killed.values()) < o.kills and not bad:
            left = o.kills - sum(killed.values())
            batch = []
            for _ in range(min(4 * o.jobs,
                               (left + KILLS_EACH - 1) // KILLS_EACH)):
                points = [order.pop(0) for _ in range(KILLS_EACH)]
                batch.append(pool.submit(one, rng.getrandbits(30), points))
            for f in batch:
                campaigns += 1
                try:
                    (i, u), k = f.result()
                except Failed as e:
                    print("not ok: %s" % e, flush=True)
                    bad += 1
                    continue
                interrupted += i
                unheard += u
                for point, n in k.items():
                    killed[point] = killed.get(point, 0) + n
    print("crash: %d kills in %d campaigns of %d contacts, %.0f s" %
          (sum(killed.values()), campaigns, CONTACTS,
           time.monotonic() - started))
    print("  by point: " + ", ".join("%s %d" % k for k in
                                     sorted(killed.items())))
    print("  called twice 0, lost 0, damaged stores 0; interrupted %d, of "
          "them %d never called" % (interrupted, unheard))
    sys.exit(1 if bad or sum(killed.values()) < o.kills else 0)


if __name__ == "__main__":
    main()
