#!/usr/bin/env python3
"""scenario.txt, as a Python host does it: see there.

    scenario.py SCENARIO DEFAULTS
"""
import cmath
import math
import sys
import time
from array import array

import sipdialer

WAIT_S = 15


class Failed(Exception):
    """A step did not do what it says."""


def options(words):
    """call.audio=8000 -> {"call_audio": "8000"}"""
    return {name.replace(".", "_"): value
            for name, value in (word.split("=", 1) for word in words)}


def share(pcm, hz, rate):
    """How much of the energy is of this frequency: 0 to 1."""
    w = -2j * math.pi * hz / rate
    part = sum(s * cmath.exp(w * i) for i, s in enumerate(pcm))
    energy = sum(s * s for s in pcm)
    if energy / len(pcm) < 1e4:
        return 0
    return 2 * abs(part) ** 2 / (len(pcm) * energy)


class Runner:
    """The verbs of the scenario, by name."""

    def __init__(self, defaults):
        self.defaults = defaults
        self.dialer = None
        self.events = None
        self.seen = []                # events not yet expected
        self.names = {}               # of calls and campaigns
        self.hooks = {}               # event -> [hook, times]
        self.broken = None            # what a hook failed at

    def run(self, words):
        getattr(self, "do_" + words[0])(*words[1:])
        if self.broken:
            raise Failed(self.broken)

    # ---- engine ----------------------------------------------------------------

    def do_scene(self, *_):
        pass

    def do_dialer(self, *words):
        self.dialer = sipdialer.Dialer()
        self.dialer.load(self.defaults)
        self.dialer.on_hook_error(self.hook_failed)
        self.events = self.dialer.events(timeout=WAIT_S)
        for word in words:
            self.do_set(word)

    def do_start(self):
        self.dialer.start()

    def do_stop(self):
        self.dialer.stop()

    def do_close(self):
        self.dialer.close()

    def do_set(self, word):
        self.dialer.set(*word.split("=", 1))

    def do_get(self, name):
        print("  " + self.dialer.get(name))

    def do_fail(self, code, *words):
        try:
            self.run(words)
        except sipdialer.SipdialerError as e:
            if e.name != code:
                raise
            print("  " + str(e))
        else:
            raise Failed("it did not fail")

    # ---- calls -----------------------------------------------------------------

    def do_call(self, name, to, *words):
        self.names[name] = self.dialer.call(to, **options(words))

    def do_answer(self, name, *words):
        self.names[name].answer(**options(words))

    def do_reject(self, name, status):
        self.names[name].reject(int(status))

    def do_early(self, name, *words):
        self.names[name].early(**options(words))

    def do_redirect(self, name, to):
        self.names[name].redirect(to)

    def do_hold(self, name):
        self.names[name].hold()

    def do_resume(self, name):
        self.names[name].resume()

    def do_bridge(self, name, other):
        self.names[name].bridge(self.names[other])

    def do_unbridge(self, name):
        self.names[name].unbridge()

    def do_transfer(self, name, to):
        self.names[name].transfer(to)

    def do_attended(self, name, other):
        self.names[name].transfer(self.names[other])

    def do_accept(self, name, *words):
        self.names[name].accept_referral(**options(words))

    def do_decline(self, name, status):
        self.names[name].reject_referral(int(status))

    def do_account(self, name, *words):
        self.dialer.account_add(name, **{
            "sip_server": self.dialer.get("sip.server"),
            "sip_port": self.dialer.get("sip.port"), **options(words)})

    def do_noaccount(self, name):
        self.dialer.account_remove(name)

    def do_hangup(self, name):
        self.names[name].hangup()

    def do_play(self, name, path):
        self.names[name].play(path)

    def do_dtmf(self, name, keys):
        self.names[name].dtmf(keys)

    def do_record(self, name, path):
        self.names[name].record(path)

    def do_talk(self, name, hz, rate):
        audio, hz, rate = self.names[name].audio, float(hz), int(rate)
        window, heard, at = array("h"), 0, 0
        step = rate // 50
        end = time.monotonic() + WAIT_S
        while heard < 5:
            while at < 10 * rate:
                tone = array("h", [
                    int(8000 * math.sin(2 * math.pi * hz * i / rate))
                    for i in range(at, at + step)])
                taken = audio.write(tone)
                at += taken
                if taken < step:
                    break
            for samples in audio:
                window.extend(samples)
                break
            if time.monotonic() > end:
                raise Failed("not heard")
            if len(window) >= rate // 10:
                heard += share(window, hz, rate) > 0.8
                window = array("h")
        audio.clear()

    # ---- campaigns -------------------------------------------------------------

    def do_campaign(self, name, *words):
        self.names[name] = self.dialer.campaign(
            name, **options(words)).wait(WAIT_S)

    def do_import(self, name, path, *words):
        self.names[name].import_contacts(path, **options(words)).wait(WAIT_S)

    def do_add(self, name, number):
        self.names[name].add(number).wait(WAIT_S)

    def do_run(self, name):
        self.names[name].start().wait(WAIT_S)

    def do_results(self, name, path):
        self.names[name].results(path).wait(WAIT_S)

    def do_dnc(self, number):
        self.dialer.dnc_add(number).wait(WAIT_S)

    # ---- events ----------------------------------------------------------------

    def do_hook(self, event, verb, *words):
        def hook(ev):
            self.hooks[event][1] += 1
            if verb != "count":
                self.names["(hook)"] = ev.call
                self.run([verb, "(hook)", *words])

        if event in self.hooks:
            self.dialer.off(event, self.hooks[event][0])
        self.hooks[event] = [hook, 0]
        self.dialer.on(event)(hook)

    def do_hooked(self, event, times):
        if self.hooks[event][1] != int(times):
            raise Failed("%d times" % self.hooks[event][1])

    def hook_failed(self, error, event, hook):
        self.broken = "hook of %s: %s" % (event.name, error)

    def do_expect(self, event, *words):
        fields = dict(word.split("=", 1) for word in words)
        name = fields.pop("as", None)
        if "call" in fields:
            fields["call"] = self.names[fields["call"]]
        ev = self.take(event, fields)
        if name:
            self.names[name] = ev.call

    def take(self, event, fields):
        for i, ev in enumerate(self.seen):
            if self.matches(ev, event, fields):
                return self.seen.pop(i)
        for ev in self.events:
            if self.matches(ev, event, fields):
                return ev
            self.seen.append(ev)
        raise Failed("it did not come; %r" % self.seen[-20:])

    @staticmethod
    def matches(ev, event, fields):
        def text(value):
            return "null" if value is None else str(value)

        return ev.name == event and all(
            ev.call == want if field == "call" else text(ev[field]) == want
            for field, want in fields.items())


def main():
    runner = Runner(sys.argv[2])
    with open(sys.argv[1], encoding="utf-8") as f:
        for line in f.read().splitlines():
            if not line or line.startswith("#"):
                continue
            print(line, flush=True)
            runner.run(line.split())


if __name__ == "__main__":
    main()
