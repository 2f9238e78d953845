#!/usr/bin/env python3
"""Events through the Python package, as bench_host.c does it in C.

    SIPDIALER_LIBRARY=libsipdialer.so.0 bench_python.py ADDRESS CALLS

Calls to a busy number fill the library's queue; then the time is taken in
which this thread empties it.  Prints one JSON object.
"""
import asyncio
import json
import os
import platform
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "bindings", "python"))

import sipdialer  # noqa: E402


def iterate(dialer, calls):
    ends = events = 0
    for event in dialer:
        events += 1
        ends += event.name == "call_ended"
        if ends == calls:
            return events
    return events


def hooks(dialer, calls):
    seen = [0, 0]

    def count(event):
        seen[0] += 1
        if event.name == "call_ended":
            seen[1] += 1
            if seen[1] == calls:
                dialer.stop()

    dialer.on("event")(count)
    dialer.stopped().wait()
    return seen[0]


def aio(dialer, calls):
    async def body():
        ends = events = 0
        async for event in dialer:
            events += 1
            ends += event.name == "call_ended"
            if ends == calls:
                return events
        return events
    return asyncio.run(body())


def fill(dialer, address, calls):
    dialed = 0
    while dialed < calls:
        try:
            dialer.call("sip:101@" + address)
            dialed += 1
        except sipdialer.FullError:
            time.sleep(0.001)
    while dialer.stats()["calls"]["ended"] < calls:
        time.sleep(0.001)


def measure(consume, address, calls):
    """Events a second, and microseconds of CPU for each."""
    with sipdialer.Dialer(sip_local_address="127.0.0.1", events_max=1000000,
                          dial_max_calls=200) as dialer:
        fill(dialer, address, calls)
        wall, cpu = time.perf_counter(), time.thread_time()
        events = consume(dialer, calls)
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    return {"events": events, "events_per_s": round(events / wall),
            "cpu_us_per_event": round(cpu / events * 1e6, 2)}


def main():
    address, calls = sys.argv[1], int(sys.argv[2])
    out = {"bench": "python", "python": platform.python_version()}
    for consume in (iterate, hooks, aio):
        out[consume.__name__] = measure(consume, address, calls)
    print(json.dumps(out))


main()
