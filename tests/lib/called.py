"""An engine that a server of the test calls."""
import os
import shutil
import subprocess
import sys

import flow
from caller import Caller
from sipdialer_ct import Engine

DNS = "SIPDIALER_TEST_DNS"  # address of the name server, for the child


class Case(flow.Case):
    accept = "server"                    # whose calls

    def engine(self, **options):
        words = {"sip.server": self.ip, "sip.user": "alice",
                 "sip.register": "no", "sip.local_address": self.ip,
                 "incoming.accept": self.accept, "log.level": "warning"}
        words.update((k.replace("__", "."), v) for k, v in options.items())
        d = Engine(flow.LIBRARY, words)
        self.addCleanup(d.destroy)
        d.start()
        host, port = d.wait("started")["text"].split(":")[1:]
        self.address = host, int(port)
        return d

    def caller(self, ip=None, **more):
        c = Caller(self.address, ip or self.ip, **more)
        self.addCleanup(c.close)
        return c

    def with_name_server(self, ip):
        """The test again, in a child whose resolv.conf has that address; DNS
        is in its environment."""
        if os.geteuid() or not shutil.which("unshare") or \
                subprocess.run(["unshare", "-m", "true"], check=False,
                               stderr=subprocess.DEVNULL).returncode:
            self.skipTest("no mount namespace of its own")
        with open(self.path("resolv.conf"), "w", encoding="ascii") as f:
            f.write("nameserver %s\n" % ip)
        main = os.path.abspath(sys.argv[0])
        subprocess.run(
            ["unshare", "-m", "sh", "-c",
             'mount --bind "$0" /etc/resolv.conf && exec "$@"',
             self.path("resolv.conf"), sys.executable, "-m", "unittest",
             "-q", "%s.%s" % (os.path.splitext(os.path.basename(main))[0],
                              self.id().split(".", 1)[1])],
            cwd=os.path.dirname(main), check=True, timeout=60,
            env={**os.environ, DNS: ip})
