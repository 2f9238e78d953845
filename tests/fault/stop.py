#!/usr/bin/env python3
"""Stop: at full load, twice, within a handler, by destroy alone."""
import os
import signal
import time

import common
from common import check
from library import Engine

CALLS = 100


def journal_ends(path):
    """call id -> how it ended"""
    return {e["call_id"]: e.get("by") for e in common.pysip.journal(path)
            if e["event"] == "end"}


def up(path):
    return len([e for e in common.pysip.journal(path)
                if e["event"] == "invite"])


def load(folder, digits=(0, 0, 2)):
    """A campaign with all its calls up, two of three answered."""
    common.contacts(folder("c.csv"), CALLS, digits)
    net = common.network("--answer-delay", "50", "--no-fsync",
                         journal=folder("journal"))
    child = common.start(common.server(net.addr) + [
        "-o", "sip.register=no", "-o", "store.path=" + folder("store.db"),
        "-o", "call.hangup_after_play=no", "--json", "campaign", "run",
        "--contacts", folder("c.csv"), "--cps", "0", "--retries", "0",
        "--max-calls", str(CALLS)])
    end = time.monotonic() + 10
    while up(folder("journal")) < CALLS:
        check(time.monotonic() < end, "%d calls of %d",
              up(folder("journal")), CALLS)
        time.sleep(0.02)
    time.sleep(0.3)                  # the answers and their ACKs
    return net, child


def full_load():
    with common.Folder("stop") as folder:
        net, child = load(folder)
        began = time.monotonic()
        child.send_signal(signal.SIGINT)
        try:
            got = common.finish(child, 10)
            took = time.monotonic() - began
            ends = journal_ends(folder("journal"))
        finally:
            net.stop()
        check(got.code == 1, "exit %d: %s", got.code, got.err)
        check(took <= 5, "took %.1f s", took)
        byes = sum(v == "caller" for v in ends.values())
        cancels = sum(v == "cancel" for v in ends.values())
        check(len(ends) == CALLS and byes + cancels == CALLS,
              "%d ends, %d BYE, %d CANCEL: %s", len(ends), byes, cancels,
              set(ends.values()))
        check(byes >= 60 and cancels >= 30, "%d BYE, %d CANCEL", byes,
              cancels)
        store = folder("store.db")
        rows = dict(common.rows(store, "SELECT disposition, count(*) FROM "
                                "calls GROUP BY 1"))
        check(sum(rows.values()) == CALLS, "rows: %r", rows)
        left = common.rows(store, "SELECT count(*) FROM attempts WHERE "
                           "status = 'dialing'")[0][0]
        check(not left, "%d attempts are open", left)
        told = [e for e in got.events() if e["event"] == "call_ended"]
        check(len(told) == CALLS, "%d ends told", len(told))
        common.store_check(store)
    print("stop: %d calls, %d BYE and %d CANCEL, %d rows, exit after %.2f s"
          % (CALLS, byes, cancels, CALLS, took))


def second_signal():
    with common.Folder("stop") as folder:
        net, child = load(folder)
        os.kill(net.child.pid, signal.SIGSTOP)   # so that BYEs are slow
        try:
            child.send_signal(signal.SIGINT)
            time.sleep(0.2)
            check(child.poll() is None, "ended before the second signal")
            began = time.monotonic()
            child.send_signal(signal.SIGINT)
            got = common.finish(child, 5)
            took = time.monotonic() - began
        finally:
            os.kill(net.child.pid, signal.SIGCONT)
            net.stop()
        check(got.code == 1 and took < 0.5, "exit %d after %.2f s", got.code,
              took)
        common.integrity_of_copy(folder("store.db"), folder.path)
    print("stop: a second signal ends it after %.3f s" % took)


def silent_peer():
    """The far end answers no BYE: stop is bounded all the same."""
    with common.Folder("stop") as folder:
        net, child = load(folder)
        os.kill(net.child.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            child.send_signal(signal.SIGINT)
            got = common.finish(child, 15)
            took = time.monotonic() - began
        finally:
            os.kill(net.child.pid, signal.SIGCONT)
            net.stop()
        check(took <= 5, "took %.1f s", took)
        rows = common.rows(folder("store.db"),
                           "SELECT count(*) FROM calls")[0][0]
        check(rows == CALLS, "%d rows; %s", rows, got.err)
    print("stop: %d calls to a dead peer, %d rows, exit after %.2f s" %
          (CALLS, rows, took))


def engine(net, **more):
    return Engine(net.addr, sip__register="no", log__level="warning", **more)


def destroy_alone():
    with common.Folder("stop") as folder:
        net = common.network("--answer-delay", "20", "--no-fsync",
                             journal=folder("journal"))
        d = engine(net, store__path=folder("store.db"))
        check(d.start() == 0, "start")
        for i in range(20):
            d.call("+1202%05d%02d" % (i, 2 * (i % 2)))
        end = time.monotonic() + 5
        answered = 0
        while answered < 10 and time.monotonic() < end:
            e = d.next(1)
            answered += bool(e) and e["event"] == "call_answered"
        began = time.monotonic()
        d.destroy()
        took = time.monotonic() - began
        ends = journal_ends(folder("journal"))
        net.stop()
        check(took <= 5, "took %.1f s", took)
        check(len(ends) == 20 and set(ends.values()) == {"caller", "cancel"},
              "%r", ends)
        rows = common.rows(folder("store.db"), "SELECT count(*) FROM calls")
        check(rows == [(20,)], "%r rows", rows)
    print("stop: destroy with 20 calls up, %.2f s" % took)


def in_handler():
    """stop() within the handler of each kind of event of a call."""
    with common.Folder("stop") as folder:
        net = common.network("--answer-delay", "20", "--no-fsync")
        kinds = ["started", "call_dialing", "call_ringing", "call_answered",
                 "call_ended", "stopped"]
        for kind in kinds:
            d = engine(net, store__path=folder("store.db"))
            seen, results = [], []

            def handler(e, kind=kind, seen=seen, results=results, d=d):
                seen.append(e["event"])
                if e["event"] == kind:
                    results.append(d.stop())
                    results.append(d.stop())
                    results.append(d.dispatch(0))
                if e["event"] == "call_answered" and kind in (
                        "call_ended", "stopped"):
                    d.stop()

            d.on_all(handler)
            check(d.start() == 0, "start")
            d.call("+12025550100")
            end = time.monotonic() + 8
            while "stopped" not in seen and time.monotonic() < end:
                check(d.dispatch(0.5) >= 0, "dispatch")
            check("stopped" in seen, "%s: no STOPPED: %s", kind, seen)
            check("call_ended" in seen, "%s: no CALL_ENDED: %s", kind, seen)
            check(seen[-1] == "stopped", "%s: after STOPPED: %s", kind, seen)
            check(len(results) == 3 and results[2] < 0,
                  "%s: results %s", kind, results)
            check(d.start() == 0, "%s: start again", kind)
            check(d.stop() == 0, "%s: stop again", kind)
            d.destroy()
        net.stop()
    print("stop: within handlers of %s" % ", ".join(kinds))


def at_once():
    """Start and stop in turn, with nothing between them."""
    with common.Folder("stop") as folder:
        net = common.network()
        d = engine(net, store__path=folder("store.db"))
        for _ in range(10):
            check(d.start() == 0, "start")
            check(d.stop() == 0, "stop")
            got = d.wait(lambda e: e["event"] == "stopped", 5)
            check(got, "no STOPPED")
        d.destroy()
        d = engine(net)
        d.destroy()
        net.stop()
    print("stop: 10 times right after start")


if __name__ == "__main__":
    common.main([(f.__name__, f) for f in (
        full_load, second_signal, silent_peer, destroy_alone, in_handler,
        at_once)])
