"""What the fault tests share: a network, the command under the shim, the rows.

Environment: PHONENET, SIPDIALER, SHIM (set by meson).
"""
import collections
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import pysip  # noqa: E402

PHONENET = os.environ["PHONENET"]
SIPDIALER = os.environ["SIPDIALER"]
SHIM = os.environ.get("SHIM", "")

_hosts = itertools.count(1)


class Failed(Exception):
    pass


def check(condition, text, *args):
    if not condition:
        raise Failed(text % args if args else text)


def host():
    """An address of our own, so that tests at the same time do not meet."""
    n = next(_hosts)
    return "127.%d.%d.%d" % (64 + os.getpid() % 63, os.getpid() // 63 % 250,
                             n % 250 + 1)


class Folder:
    """A temporary folder; kept and named if the test fails."""

    def __init__(self, name):
        self.path = tempfile.mkdtemp(prefix="sipdialer-%s-" % name)

    def __call__(self, *names):
        return os.path.join(self.path, *names)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            print("kept: " + self.path, file=sys.stderr)
        else:
            shutil.rmtree(self.path)


def network(*args, journal=None, address=None):
    args = list(args)
    if journal:
        args += ["--journal", journal]
    return pysip.Phonenet(PHONENET, "--listen", "%s:0" % (address or host()),
                          *args)


def server(addr):
    return ["-o", "sip.server=%s" % addr[0], "-o", "sip.port=%d" % addr[1]]


def contacts(path, count, digits):
    """A contact file; the last two digits choose the behaviour."""
    numbers = ["+1202%05d%02d" % (55000 + i, digits[i % len(digits)])
               for i in range(count)]
    with open(path, "w", encoding="utf-8") as f:
        f.write("number,name\n")
        for i, n in enumerate(numbers):
            f.write("%s,Contact %d\n" % (n, i))
    return numbers


def shim_env(**faults):
    env = dict(os.environ)
    env["LD_PRELOAD"] = SHIM
    for name, value in faults.items():
        if value is not None:
            env["FAULT_" + name.upper()] = str(value)
    return env


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def events(self):
        found = []
        for line in self.out.splitlines():
            if line.startswith("{"):
                try:
                    found.append(json.loads(line))
                except ValueError:
                    pass             # cut by a kill
        return found


def start(args, env=None, **more):
    return subprocess.Popen([SIPDIALER] + args, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env=env, **more)


def finish(child, timeout):
    try:
        out, err = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        raise Failed("no end within %s s; said: %s %s" %
                     (timeout, out[-500:], err[-500:]))
    return Result(child.returncode, out, err)


def run(args, env=None, timeout=30):
    return finish(start(args, env), timeout)


def rows(store, sql, *args):
    db = sqlite3.connect("file:%s?mode=ro" % store, uri=True, timeout=5)
    try:
        return db.execute(sql, args).fetchall()
    finally:
        db.close()


def integrity_of_copy(store, folder):
    """As the dead process left it: looking at it would recover it."""
    copy = tempfile.mkdtemp(dir=folder)
    for end in ("", "-wal"):
        if os.path.exists(store + end):
            shutil.copy(store + end, os.path.join(copy, "db" + end))
    db = sqlite3.connect(os.path.join(copy, "db"))
    try:
        got = db.execute("PRAGMA integrity_check").fetchall()
        tables = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        check(got == [("ok",)], "integrity: %r", got)
        if not tables[0]:
            return set()             # killed while it was made
        return {r[0] for r in db.execute("SELECT id FROM calls")} if \
            db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'calls'"
                       ).fetchone() else set()
    finally:
        db.close()
        shutil.rmtree(copy)


def store_check(store):
    got = run(["store", "check", store])
    check(got.code == 0, "store check: %d %s %s", got.code, got.out, got.err)
    got = rows(store, "PRAGMA integrity_check")
    check(got == [("ok",)], "integrity: %r", got)


def invites(journal):
    """number -> how many INVITEs (retransmissions are not counted)"""
    return collections.Counter(e["number"] for e in pysip.journal(journal)
                               if e["event"] == "invite")


def statuses(store):
    return dict(rows(store, "SELECT number, status FROM contacts"))


def main(tests):
    """Runs what was named on the command line, or all; exit status."""
    bad = 0
    for name, test in tests:
        try:
            test()
        except Failed as e:
            bad += 1
            print("not ok %s: %s" % (name, e), flush=True)
        else:
            print("ok %s" % name, flush=True)
    sys.exit(1 if bad else 0)
