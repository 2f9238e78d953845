"""What the tests of the Python package share."""
import os
import subprocess
import sys
import textwrap
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
PACKAGE = os.path.join(ROOT, "bindings", "python")
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
sys.path.insert(0, PACKAGE)

import flow  # noqa: E402
import sipdialer  # noqa: E402

WAIT = 20                            # seconds; nothing here takes that long


class Case(flow.Case):
    """Dialers that are closed, and children that are ended, with the test."""

    def dialer(self, net=None, start=True, **options):
        if net:
            options.setdefault("sip_server", net.ip)
            options.setdefault("sip_port", net.port)
            options.setdefault("sip_register", "no")
        d = sipdialer.Dialer(sip_local_address=self.ip, **options)
        self.addCleanup(d.close)
        if start:
            d.start()
        return d

    def python(self, code, *args, env=(), **popen):
        """A child that runs code; it finds the package and the tests' libs."""
        path = os.pathsep.join([PACKAGE, os.path.join(ROOT, "tests", "lib")])
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), *[str(a) for a in args]],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL,
            env=dict(os.environ, PYTHONPATH=path, **dict(env)), **popen)
        self.addCleanup(end, child)
        return child

    def finish(self, child, status=0, timeout=WAIT):
        """(stdout, stderr, seconds) of a child that must end by itself."""
        began = time.monotonic()
        out, err = child.communicate(timeout=timeout)
        self.assertEqual(child.returncode, status, out + err)
        return out, err, time.monotonic() - began


def end(child):
    if child.poll() is None:
        child.kill()
    child.communicate()


def names(events):
    return [e.name for e in events]


main = flow.main
until = flow.until
