"""baresip as the far end: it answers by itself, sends back what it hears, and
keeps it in a file."""
import glob
import json
import os
import subprocess

import flow
from flow import run

BARESIP = flow.program("baresip", "baresip-core")
INCOMING = os.path.join(os.environ.get("SIPDIALER_EXAMPLES", ""), "incoming")
MODULES = next(iter(glob.glob("/usr/lib/baresip/modules") +
                    glob.glob("/usr/lib/*/baresip/modules")), None)

CONFIG = """sip_listen %(ip)s:%(port)d
net_interface %(ip)s
call_max_calls 8
call_local_timeout 60
module_path %(modules)s
module g711.so
module aubridge.so
module sndfile.so
%(more)smodule_app account.so
module_app menu.so
audio_player aubridge,line
audio_source aubridge,line
audio_alert aubridge,nil
ringback_disabled yes
audio_level no
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_buffer 20-160
snd_path %(dir)s
rtp_ports %(rtp)d-%(rtp_end)d
"""


class Phone(flow.Case):
    more_modules = ()                    # beside those every call needs
    account = ""                         # parameters of its account

    def setUp(self):
        super().setUp()
        self.sounds = self.path("heard")
        os.mkdir(self.sounds)
        self.home = self.path("home")
        os.mkdir(self.home)
        self.log = open(self.path("log"), "w", encoding="utf-8")
        self.addCleanup(self.log.close)
        self.start()
        self.addCleanup(self.end)

    def configure(self):
        self.port = flow.free_port(self.ip)
        rtp = 20000 + os.getpid() * 16 % 40000
        for name, text in (
                ("config", CONFIG % {
                    "ip": self.ip, "port": self.port, "modules": MODULES,
                    "dir": self.sounds, "rtp": rtp, "rtp_end": rtp + 1000,
                    "more": "".join("module %s.so\n" % m for m in
                                    self.more_modules)}),
                ("accounts", "<sip:phone@%s:%d>;regint=0;answermode=auto;"
                 "audio_codecs=PCMU/8000/1,PCMA/8000/1%s\n" % (
                     self.ip, self.port, self.account)),
                ("contacts", "")):
            with open(os.path.join(self.home, name), "w",
                      encoding="utf-8") as f:
                f.write(text)

    def start(self, *args):
        self.configure()
        self.child = subprocess.Popen(
            [BARESIP, "-f", self.home, "-v", *args], stdin=subprocess.PIPE,
            stdout=self.log, stderr=self.log, cwd=self.dir,
            env={**os.environ, "HOME": self.home})
        flow.until(lambda: self.child.poll() is not None or
                   flow.listens("udp", self.ip, self.port), 15,
                   "baresip listens")
        self.assertIsNone(self.child.poll(), self.text())

    def end(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.child.stdin.close()

    def text(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()[-4000:]

    def call(self, *args, options=()):
        r = run("-o", "sip.local_address=" + self.ip, *options, "--json",
                "call", "sip:phone@%s:%d" % (self.ip, self.port),
                "--ring-timeout", 20, "--max-duration", 8, *args)
        self.assertEqual((r.status, r.last["disposition"]),
                         (0, "answered"), "%r\n%s" % (r, self.text()))
        return r

    def heard(self):
        """What baresip decoded, once it has closed the file."""
        path = flow.until(lambda: glob.glob(self.sounds + "/*dec.wav"), 5,
                          "baresip's recording")[0]
        size = [0]

        def grown():
            old, size[0] = size[0], os.path.getsize(path)
            return size[0] > 8000 and old == size[0]
        flow.until(grown, 5, "a recording of some length")
        return flow.read_wav(path)

    def its_call(self, prompt, *options):
        """It calls us; the events of the call that ended, and of its
        answer."""
        self.end()                       # it is to begin with a call
        port = flow.free_port(self.ip)
        with open(self.path("events"), "w", encoding="utf-8") as out:
            host = subprocess.Popen(
                [INCOMING, prompt, "sip.server=" + self.ip, "sip.user=alice",
                 "sip.register=no", "sip.local_address=" + self.ip,
                 "sip.local_port=%d" % port, *options], stdout=out)

        def events(name):
            with open(self.path("events"), encoding="utf-8") as f:
                return [json.loads(line) for line in f
                        if line.endswith("}\n") and name in line]
        try:
            flow.until(lambda: events("started"), 10, "start")
            self.start("-e", "/dial sip:alice@%s:%d" % (self.ip, port))
            e = flow.until(lambda: events("call_ended"), 15,
                           "end of call")[0]
        finally:
            host.kill()
            host.wait()
        return e, events("call_answered")


def main():
    if not MODULES:
        flow.skip("baresip has no modules")
    flow.main()
