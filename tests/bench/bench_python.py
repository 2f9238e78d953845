#!/usr/bin/env python3
"""Events through the Python package: prints one JSON object.

    SIPDIALER_LIBRARY=build/lib/libsipdialer.so.0 tests/bench/bench_python.py [EVENTS]

Two floods, each pulled after the library has made it: refused rows of a
contact file (import_error, a small event) and calls to a number that is busy
(call_dialing, call_ringing, call_ended; with SIPDIALER_PHONENET only).  CPU is
that of the pulling thread.
"""
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "bindings", "python"))

import sipdialer  # noqa: E402


def until_quiet(dialer):
    """Waits until the library makes no more events: (waiting, seq of the
    last)."""
    last, at = -1, time.monotonic()
    while time.monotonic() - at < 0.5:
        events = dialer.stats()["events"]
        if events["waiting"] != last:
            last, at = events["waiting"], time.monotonic()
        time.sleep(0.01)
    return last, last + events["delivered"]


def iterate(dialer, last):
    for event in dialer:
        if event.seq == last:
            break


def hooks(dialer, last):
    dialer.on("event")(lambda event: event.seq == last and dialer.stop())
    dialer.stopped().wait()


def aio(dialer, last):
    async def body():
        async for event in dialer:
            if event.seq == last:
                break
    asyncio.run(body())


def measure(consume, dialer):
    """Events a second, and microseconds of CPU for each."""
    count, last = until_quiet(dialer)
    wall, cpu = time.perf_counter(), time.thread_time()
    consume(dialer, last)
    wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    return {"events": count, "events_per_s": round(count / wall),
            "cpu_us_per_event": round(cpu / count * 1e6, 2)}


def flood_import(consume, events, folder):
    path = os.path.join(folder, "bad.csv")
    with open(path, "w", encoding="utf-8") as f:
        f.write("number\n" + "x\n" * events)
    with sipdialer.Dialer(sip_local_address="127.0.0.1", events_max=events + 10000,
                          store_path=os.path.join(folder, "s.db")) as dialer:
        campaign = dialer.campaign("bench").wait()
        campaign.import_contacts(path, import_max_errors=events)
        return measure(consume, dialer)


def flood_calls(consume, calls, address):
    with sipdialer.Dialer(sip_local_address="127.0.0.1", events_max=calls * 10,
                          dial_max_calls=400, log_level="error") as dialer:
        dialed = 0
        while dialed < calls:
            try:
                dialer.call("sip:%d01@%s" % (dialed, address))
                dialed += 1
            except sipdialer.FullError:
                time.sleep(0.002)
        return measure(consume, dialer)


def main():
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 200000
    out = {"bench": "python", "python": platform.python_version(),
           "library": sipdialer.version()}
    net = None
    if "SIPDIALER_PHONENET" in os.environ:
        net = subprocess.Popen(
            [os.environ["SIPDIALER_PHONENET"], "--listen", "127.0.0.1:0", "--no-media",
             "--no-fsync", "--quiet", "--parent-dies"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        address = net.stdout.readline().split("udp:")[1].strip()
    for consume in (iterate, hooks, aio):
        with tempfile.TemporaryDirectory() as folder:
            out["import_error_" + consume.__name__] = flood_import(consume, events, folder)
        if net:
            out["calls_" + consume.__name__] = flood_calls(consume, events // 20, address)
    if net:
        net.stdin.close()
        net.wait()
        net.stdout.close()
    print(json.dumps(out))


main()
