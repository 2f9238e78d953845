#!/usr/bin/env python3
"""SIPVicious, the scanner of every second attack: it finds the simulated
network, and nothing where the engine is."""
import os
import subprocess
import sys
import tempfile

import hostile
from hostile import Engine, flow

sys.path.insert(0, os.path.join(hostile.HERE, "..", "..", "lib"))
import pysip  # noqa: E402

SCANS = [
    ("svmap", "OPTIONS", ["-m", "OPTIONS"]),
    ("svmap", "INVITE", ["-m", "INVITE"]),
    ("svmap", "REGISTER", ["-m", "REGISTER"]),
    ("svwar", "REGISTER", ["-e", "1000-1019", "--force"]),
    ("svwar", "INVITE", ["-e", "1000-1019", "--force", "-m", "INVITE"]),
    ("svcrack", "", ["-u", "us", "-r", "1000-1099"]),
]


def scan(program, options, addr, home, port=iter(range(5100, 5200))):
    """The lines of its table: what it has found.  A port of its own, as the
    network repeats its answers."""
    got = subprocess.run(
        [program, "-p", str(addr[1]), "-b", flow.address(1), "-x",
         flow.address(1), "-P", str(next(port)), *options,
         addr[0]],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=60,
        env={**os.environ, "HOME": home})
    lines = [line for line in got.stdout.splitlines() if line[:2] == "| "]
    return lines[1:], got.stdout


def main():
    for program in ("svmap", "svwar", "svcrack"):
        flow.program(program, "sipvicious")
    ip, wrong = flow.address(), 0
    if not os.path.exists(flow.PHONENET):
        flow.skip("%s is not there" % flow.PHONENET)
    net = pysip.Phonenet(flow.PHONENET, "--listen", ip + ":0", "--user",
                         "us:1042", "--algorithm", "md5", "--quiet",
                         "--answer-delay", "0")
    engine = Engine(sip__server=ip, sip__port=net.addr[1], sip__user="us",
                    sip__password="1042", sip__local_address=ip)
    with tempfile.TemporaryDirectory() as home:
        found = iter(flow.parallel([
            lambda s=s, a=a: scan(s[0], s[2], a, home)
            for s in SCANS for a in (net.addr, engine.addr)]))
        for program, method, options in SCANS:
            theirs, text = next(found)
            ours, our_text = next(found)
            if not theirs:               # it waits 2 s for an answer, no longer
                theirs, text = scan(program, options, net.addr, home)
            print("%-8s %-9s network: %d, engine: %d" % (
                program, method, len(theirs), len(ours)))
            if ours:
                wrong += 1
                print(our_text)
            if not theirs and (program, method) != ("svwar", "REGISTER"):
                wrong += 1
                print("it does not find the network either:\n" + text)
    strangers = engine.stats()["sip"]["strangers"]
    print("%d requests of strangers" % strangers)
    status = engine.end()
    net.stop()
    sys.exit(1 if wrong or not strangers or status != (0, "") else 0)


if __name__ == "__main__":
    main()
