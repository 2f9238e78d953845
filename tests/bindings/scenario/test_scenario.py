#!/usr/bin/env python3
"""scenario.txt in C, Python and Node, each against a telephone network of its
own: all of it works, and what they print is the same.

    test_scenario.py LANGUAGE=COMMAND ...
"""
import difflib
import os
import shlex
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "lib"))

import flow  # noqa: E402

SCENARIO = os.path.join(HERE, "scenario.txt")
RUNNERS = {}

CONTACTS = """number,name
1000100,Anna
1000101,Bruno
1000103,Clara
oops,Nobody
1000900,Dora
"""

# of the campaign: number -> disposition of its last call, else its status
RESULTS = {"1000100": "answered", "1000101": "busy",
           "1000103": "invalid_number", "1000900": "dnc",
           "1000700": "answered"}


def options(net, ip):
    return {
        "sip.server": net.ip, "sip.port": net.port, "sip.user": "1000",
        "sip.password": "secret", "sip.local_address": ip,
        "store.path": "store", "incoming.accept": "server",
        "log.level": "warning",
    }


class Scenario(flow.Case):
    def prepare(self, language, net):
        """The folder that a runner works in."""
        folder = self.path(language)
        os.mkdir(folder)
        with open(os.path.join(folder, "defaults"), "w",
                  encoding="utf-8") as f:
            f.writelines("%s = %s\n" % o
                         for o in options(net, self.ip).items())
        with open(os.path.join(folder, "contacts.csv"), "w",
                  encoding="utf-8") as f:
            f.write(CONTACTS)
        flow.write_wav(os.path.join(folder, "prompt.wav"),
                       flow.tone(0.3, 400))
        return folder

    def run_language(self, language):
        net = self.network("--answer-delay", "200", name=language + ".jsonl")
        folder = self.prepare(language, net)
        done = subprocess.run(
            [*shlex.split(RUNNERS[language]), SCENARIO, "defaults"],
            cwd=folder, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        self.assertEqual(done.returncode, 0, language + ":\n" + done.stdout)
        rows = flow.rows(os.path.join(folder, "results.csv"))
        self.assertEqual(
            {row["number"]: row["last_disposition"] or row["status"]
             for row in rows}, RESULTS, language)
        # nobody is left on the line: the end came with BYE and CANCEL
        self.assertEqual(net.stop()["active"], 0, language)
        return done.stdout

    def test_languages(self):
        said = dict(zip(RUNNERS, flow.parallel(
            [lambda name=name: self.run_language(name)
             for name in RUNNERS])))
        first, *others = said
        for other in others:
            self.assertEqual(said[other], said[first], "\n".join(
                difflib.unified_diff(
                    said[first].splitlines(), said[other].splitlines(),
                    first, other, lineterm="")))
        self.assertEqual(said[first].splitlines()[-1], "close")
        print(said[first])
        print("the same in: " + ", ".join(said))


if __name__ == "__main__":
    RUNNERS.update(a.split("=", 1) for a in sys.argv[1:])
    unittest.main(argv=sys.argv[:1])
