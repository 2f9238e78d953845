#!/usr/bin/env python3
"""What the README says, done: its C, Python and Node programs are built and
run against the simulated network, and are the ones in examples/."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

LIBRARY = os.environ["SIPDIALER_LIBRARY"]
COMMAND = os.environ["SIPDIALER"]


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def snippet(language):
    text = read(ROOT, "README.md")
    return re.search(r"```%s\n(.*?)```" % language, text, re.S).group(1)


def example(name):
    return read(ROOT, "examples", name).split("\n", 1)[1]


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net = subprocess.Popen(
            [os.environ["SIPDIALER_PHONENET"], "--listen", "127.0.0.1:0",
             "--parent-dies", "--quiet"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        cls.address = cls.net.stdout.readline().split("udp:")[1].strip()
        cls.dir = tempfile.mkdtemp(prefix="sipdialer-readme-")
        cls.env = dict(os.environ, PATH=os.path.dirname(COMMAND) + ":" +
                       os.environ["PATH"],
                       LD_LIBRARY_PATH=os.path.dirname(LIBRARY))

    @classmethod
    def tearDownClass(cls):
        cls.net.stdin.close()
        cls.net.wait(10)
        cls.net.stdout.close()
        shutil.rmtree(cls.dir)

    def said(self, *command):
        done = subprocess.run(command, env=self.env, cwd=self.dir,
                              capture_output=True, text=True, timeout=30)
        return done.stdout + done.stderr

    def test_python(self):
        code = snippet("python")
        self.assertEqual(code, example("hello.py"))
        path = os.path.join(self.dir, "hello.py")
        write(path, code)
        self.assertIn("call_ended busy", self.said(
            sys.executable, path, "sip:101@" + self.address))

    def test_node(self):
        code = snippet("js")
        self.assertEqual(code, example("hello.mjs"))
        if not shutil.which("node"):
            self.skipTest("node is not installed")
        path = os.path.join(self.dir, "hello.mjs")
        write(path, code)
        self.assertIn("call_ended busy", self.said(
            "node", path, "sip:101@" + self.address))

    def compiled(self, source):
        program = os.path.join(self.dir, "program")
        subprocess.run(
            [os.environ.get("CC", "cc"), "-Wall", "-Werror", source,
             "-I" + os.path.join(ROOT, "include"),
             "-I" + os.path.join(os.path.dirname(LIBRARY), "..", "include"),
             LIBRARY, "-o", program], check=True, cwd=self.dir)
        return program

    def test_c(self):
        source = os.path.join(self.dir, "readme.c")
        write(source, snippet("c"))
        # the prompt of the example is not there: that is what it says
        self.assertIn("failed", self.said(
            self.compiled(source), "sip:100@" + self.address))

    def test_hello_c_is_short_and_calls(self):
        source = os.path.join(ROOT, "examples", "hello.c")
        self.assertLess(len(read(source).splitlines()), 60)
        said = self.said(self.compiled(source), "sip:101@" + self.address,
                         "none")
        self.assertIn('"disposition":"busy"', said)


if __name__ == "__main__":
    unittest.main()
