#!/usr/bin/env python3
"""The password is nowhere but in its file and in memory.

A canary is registered and dialed with, refused and taken; then everything that
came out is searched for it and for the digests made of it.
"""
import ctypes
import hashlib
import os
import time

import common
from common import check
from library import LIB, Engine

USER, REALM = "alice", "phonenet"
CANARY = "c4n4ry-Xq7'%s\"<pw>"


def forms():
    """The canary and what leads to it, as bytes."""
    a1 = ("%s:%s:%s" % (USER, REALM, CANARY)).encode()
    plain = CANARY.encode()
    yield plain
    yield b"c4n4ry"
    yield plain.hex().encode()
    for h in (hashlib.md5, hashlib.sha256):
        yield h(a1).hexdigest().encode()
        yield h(a1).digest()


def search(what, data):
    if isinstance(data, str):
        data = data.encode()
    for form in forms():
        check(form not in data, "%s has %r", what, form)
    return len(data)


def search_folder(folder, but=()):
    n = 0
    for top, _, names in os.walk(folder.path):
        for name in names:
            path = os.path.join(top, name)
            if name in but:
                continue
            with open(path, "rb") as f:
                n += search(name, f.read())
            mode = os.stat(path).st_mode & 0o777
            if name.startswith(("store.db", "call-")):
                check(mode == 0o600, "%s has mode %o", name, mode)
    return n


def command():
    """The command with sip.password_file: its process, lines and files."""
    with common.Folder("canary") as folder:
        common.contacts(folder("c.csv"), 6, [0, 1, 12])
        os.mkdir(folder("wavs"))
        with open(folder("pw"), "w", encoding="utf-8") as f:
            f.write(CANARY + "\n")
        net = common.network("--answer-delay", "20", "--talk-time", "1500",
                             "--require-auth", "--user",
                             "%s:%s" % (USER, CANARY),
                             journal=folder("journal"))
        args = common.server(net.addr) + [
            "-o", "sip.user=" + USER,
            "-o", "sip.password_file=" + folder("pw"),
            "-o", "log.level=debug", "-o", "call.record=" + folder("wavs"),
            "-o", "call.hangup_after_play=no",
            "-o", "store.path=" + folder("store.db"), "--json",
            "campaign", "run", "--contacts", folder("c.csv"),
            "--results", folder("results.csv"), "--retries", "0"]
        try:
            child = common.start(args)
            end = time.monotonic() + 10
            while not common.invites(folder("journal")):
                check(time.monotonic() < end and child.poll() is None,
                      "no call")
                time.sleep(0.02)
            n = 0
            for name in ("cmdline", "environ", "comm"):
                with open("/proc/%d/%s" % (child.pid, name), "rb") as f:
                    n += search("/proc/PID/" + name, f.read())
            # beside the running store: what is in its log
            n += search_folder(folder, but=("pw",))
            got = common.finish(child, 30)
        finally:
            net.stop()
        check(got.code == 0, "exit %d: %s", got.code, got.err)
        check("debug: " in got.err, "no debug lines")
        n += search("stdout", got.out) + search("stderr", got.err)
        check(os.listdir(folder("wavs")), "no recordings")
        n += search_folder(folder, but=("pw",))
    print("secrets: command, %d bytes searched" % n)


def refused():
    """A wrong password, and the option on the command line's own errors."""
    with common.Folder("canary") as folder:
        net = common.network("--user", USER + ":other")
        with open(folder("pw"), "w", encoding="utf-8") as f:
            f.write(CANARY + "\n")
        common.contacts(folder("c.csv"), 1, [0])
        got = common.run(common.server(net.addr) + [
            "-o", "sip.user=" + USER, "-o",
            "sip.password_file=" + folder("pw"), "-o", "log.level=debug",
            "--json", "call", "+12025550100"])
        net.stop()
        check(got.code == 3, "exit %d: %s", got.code, got.err)
        search("refused", got.out + got.err)
        got = common.run(["-o", "sip.password=" + CANARY * 40, "call", "1"])
        check(got.code == 2, "too long: exit %d", got.code)
        search("too long", got.out + got.err)
        with open(folder("conf"), "w", encoding="utf-8") as f:
            f.write("sip.password = %s\nno.such = 1\n" % (CANARY * 40))
        got = common.run(["-c", folder("conf"), "call", "1"])
        check(got.code == 2, "file: exit %d", got.code)
        search("file", got.out + got.err)
    print("secrets: refused, too long, in a bad options file")


def library():
    """Events, stats, option and errors of the library."""
    with common.Folder("canary") as folder:
        net = common.network("--answer-delay", "20", "--require-auth",
                             "--user", "%s:%s" % (USER, CANARY))
        d = Engine(net.addr, sip__user=USER, sip__password=CANARY,
                   log__level="debug", store__path=folder("store.db"))
        buf = ctypes.create_string_buffer(1024)
        LIB.sipdialer_get.argtypes = [ctypes.c_void_p, ctypes.c_char_p,
                                      ctypes.c_char_p, ctypes.c_size_t]
        LIB.sipdialer_get(d.p, b"sip.password", buf, len(buf))
        check(buf.value == b"***", "option reads %r", buf.value)
        check(d.start() == 0, "start")
        got = d.wait(lambda e: e.get("status") == "registered", 5)
        check(got, "not registered")
        d.call("+12025550012")
        ended = d.wait(lambda e: e["event"] == "call_ended", 10)
        check(ended and ended[-1]["disposition"] == "answered", "%r", ended)
        n = search("stats", d.stats())
        d.stop()
        over = d.wait(lambda e: e["event"] == "stopped", 6)
        n += search("events", repr(got) + repr(ended) + repr(over))
        for e in got + ended + over:    # repr() may have quoted it
            check(not any(CANARY in v for v in e.values()
                          if isinstance(v, str)), "%r", e)
        d.destroy()
        n += search_folder(folder)
        net.stop()
    print("secrets: library, %d bytes of events, stats and store" % n)


if __name__ == "__main__":
    common.main([(f.__name__, f) for f in (command, refused, library)])
