#!/usr/bin/env python3
"""The package is typed: mypy --strict, with right and wrong uses."""
import os
import re
import shutil
import subprocess

from pycommon import PACKAGE, Case, flow, main

USES = '''
import sipdialer
from typing import List, Optional

def right(d: sipdialer.Dialer) -> None:
    call: sipdialer.Call = d.call("1", call_play="a.wav", dial_ring_timeout=20)
    event: Optional[sipdialer.Event] = call.answered().wait(1)
    name: str = call.ended().wait().disposition
    rows: int = d.get_campaign(1).results("r.csv").wait()
    all_: List[sipdialer.Campaign] = d.campaigns().wait()
    sipdialer.Dialer(sip_transport="tcp", sip_register=False, media_codecs=["pcma"])

    @d.on("call_ended")
    def ended(e: sipdialer.Event) -> None:
        if e.call:
            print(e.call.id, e.rtp["mos"], e.from_)
    rate: int = 16000
    written: sipdialer.Pending[int] = d.call("1", call_audio=rate).audio.write_all(b"")
    d.on(sipdialer.EventType.CALL_ENDED)(print)
    d.set("log.level", sipdialer.LogLevel.DEBUG)
    sipdialer.Dialer(log_level=sipdialer.LogLevel.DEBUG, store_path=b"x.db")
    print(name == sipdialer.Disposition.BUSY, sipdialer.__version__, rows, all_, event, written)
    for e in d.events(timeout=1.5):
        print(e.sip_status)

async def right_too(d: sipdialer.Dialer) -> None:
    async with d:
        found: bool = await d.dnc_check("1")
        async for event in d:
            print(event.name, found)
        done: sipdialer.Event = await d.get_campaign(1).import_contacts("c.csv")
        print(done.failed)

def wrong(d: sipdialer.Dialer) -> None:
    sipdialer.Dialer(sip_port="5060")                   # wrong: arg-type
    sipdialer.Dialer(sip_transport="sctp")              # wrong: arg-type
    sipdialer.Dialer(sip_sever="x")                     # wrong: call-arg
    d.call("1", sip_server="x")                         # wrong: call-arg
    d.call(1)                                           # wrong: arg-type
    number: int = d.campaign("x").wait()                # wrong: assignment
    d.on("typo")(print)                                 # wrong: arg-type
    for e in d:
        print(e.dispositon)                             # wrong: attr-defined
'''


class Types(Case):
    def mypy(self, *args):
        return subprocess.run(
            ["mypy", "--strict", "--show-error-codes", "--cache-dir", self.path("cache"), *args],
            cwd=PACKAGE, capture_output=True, text=True, check=False,
            env=dict(os.environ, MYPYPATH=PACKAGE))

    def test_the_package(self):
        done = self.mypy("--python-version", "3.9", "sipdialer")
        if "is not supported" in done.stderr:    # a mypy that forgot 3.9
            done = self.mypy("sipdialer")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_uses(self):
        path = self.path("uses.py")
        with open(path, "w", encoding="utf-8") as f:
            f.write(USES)
        done = self.mypy(path)
        want = {(n, m.group(1)) for n, line in enumerate(USES.splitlines(), 1)
                for m in [re.search(r"# wrong: (\S+)", line)] if m}
        have = {(int(n), code) for n, code in
                re.findall(r"uses\.py:(\d+): error: .*\[([\w-]+)\]", done.stdout)}
        self.assertEqual(have, want, done.stdout + done.stderr)


if __name__ == "__main__":
    if not shutil.which("mypy"):
        flow.skip("mypy is not installed")
    main(workers=1)
