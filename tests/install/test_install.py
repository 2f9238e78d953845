#!/usr/bin/env python3
"""What `meson install` leaves is enough: programs are built and run against
the installed tree alone, and the tree may be moved.

A language more is a method more of Programs: build or install the program in
self.dir with self.tree.env, which knows nothing of the build folder, and hand
its command to self.calls().
"""
import os
import shutil
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

import flow
import installed

HELLO = os.path.join(ROOT, "examples", "hello.c")
HERE = os.path.dirname(os.path.abspath(__file__))
NODE = os.path.join(ROOT, "bindings", "node")
HELLO_NODE = """
import { Dialer } from 'sipdialer'

const dialer = new Dialer()
dialer.on('event', event => console.log(JSON.stringify(event)))
await dialer.start()
await dialer.call(process.argv[2], { 'call.play': process.argv[3] }).ended
await dialer.close()
"""
PYTHON = os.path.join(ROOT, "bindings", "python")
HELLO_PYTHON = """
import json, os, sys
import sipdialer

with open("/proc/self/maps") as maps:
    assert os.environ["LD_LIBRARY_PATH"] + "/libsipdialer.so" in maps.read()
with sipdialer.Dialer() as dialer:
    call = dialer.call(sys.argv[1], call_play=sys.argv[2])
    for event in dialer:
        print(json.dumps(dict(event), separators=(",", ":")))
        if event.name == "call_ended":
            break
"""
UNLOAD = """
import ctypes, _ctypes, sys
for turn in range(3):
    lib = ctypes.CDLL(sys.argv[1])
    d = ctypes.c_void_p()
    assert lib.sipdialer_create(ctypes.byref(d)) == 0
    assert lib.sipdialer_start(d) == 0
    lib.sipdialer_destroy(d)
    _ctypes.dlclose(lib._handle)
    with open("/proc/self/maps") as maps:
        assert sys.argv[1] not in maps.read()
"""


def python_that_has(*modules):
    """This Python or the system's, None if neither has all of them."""
    for python in (sys.executable, "/usr/bin/python3"):
        if not subprocess.run([python, "-c", "import " + ", ".join(modules)],
                              capture_output=True, check=False).returncode:
            return python
    return None


class Case(flow.Case):
    def setUp(self):
        super().setUp()
        self.tree = installed.Installed(self.path(""))

    def put(self, source, name=None):
        """A copy in self.dir: nothing lies beside it."""
        return shutil.copy(source, self.path(name or
                                             os.path.basename(source)))

    def copy(self, package):
        """As it is without the checkout, and without what was built there."""
        shutil.copytree(package, self.path("package"),
                        ignore=shutil.ignore_patterns(
                            "build", "node_modules", "*.egg-info",
                            "__pycache__", "*.so*"))

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def loads(self, program):
        """The library that a program loads, and where from."""
        said = self.tool("ldd", program)
        return next(line.split()[2] for line in said.splitlines()
                    if "libsipdialer" in line)

    def tool(self, *command):
        return installed.tool(list(command), self.tree.env, self.dir)

    def calls(self, *command, env=None):
        """Runs a program that takes a SIP URI and a prompt, prints events as
        JSON lines and ends when the call has."""
        net = self.network("--no-media", "--no-fsync")
        done = subprocess.run(
            [*command, "sip:101@%s:%d" % (net.ip, net.port), "none"],
            env=env or self.tree.env, cwd=self.dir, capture_output=True,
            text=True, timeout=30, check=False)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said)
        self.assertIn('"disposition":"busy"', said)
        self.assertEqual(len(net.events("invite", "101")), 1)


class Programs(Case):
    def test_c_by_pkg_config(self):
        program = self.tree.compiled(self.put(HELLO), self.path("hello"),
                                     "c11")
        self.assertEqual(self.loads(program), self.tree.library)
        self.calls(program)

    def test_c_by_cmake(self):
        if not shutil.which("cmake"):
            self.skipTest("cmake is not installed")
        self.put(HELLO)
        self.put(os.path.join(HERE, "CMakeLists.txt"))
        env = dict(self.tree.env)
        del env["LD_LIBRARY_PATH"]       # CMake knows where it is
        installed.tool(["cmake", "-S", ".", "-B", "build"], env, self.dir)
        installed.tool(["cmake", "--build", "build"], env, self.dir)
        self.assertEqual(os.path.realpath(self.loads(self.path(
            "build/hello"))), os.path.realpath(self.tree.library))
        self.calls(self.path("build/hello"), env=env)

    def test_cpp(self):
        program = self.tree.compiled(
            self.put(os.path.join(HERE, "hello.cpp")), self.path("hello"),
            "c++17")
        self.assertEqual(self.loads(program), self.tree.library)
        self.calls(program)

    def test_c_not_installed(self):
        """build/meson-uninstalled serves who tries it out."""
        env = dict(os.environ, PKG_CONFIG_PATH=os.path.join(
            installed.BUILD, "meson-uninstalled"))
        flags = installed.tool(["pkg-config", "--cflags", "--libs",
                                "sipdialer"], env, self.dir).split()
        self.assertNotIn("-I" + os.path.join(os.path.realpath(ROOT), "lib"),
                         flags)
        installed.tool([os.environ.get("CC", "cc"), self.put(HELLO), "-o",
                        self.path("hello"), *flags], env, self.dir)
        self.calls(self.path("hello"), env=dict(env, LD_LIBRARY_PATH=next(
            f[2:] for f in flags if f.startswith("-L"))))


    def test_python(self):
        """pip, with nothing but the package and the installed library."""
        if not os.path.isfile(os.path.join(PYTHON, "pyproject.toml")):
            self.skipTest("the package is not there")
        python = python_that_has("setuptools", "wheel", "pip")
        if not python:
            self.skipTest("setuptools, wheel or pip is not there")
        self.copy(PYTHON)
        self.tool(python, "-m", "pip", "install", "--no-index",
                  "--no-deps", "--no-build-isolation",
                  "--disable-pip-version-check", "--target",
                  self.path("host"), self.path("package"))
        self.write("host/hello.py", HELLO_PYTHON)
        self.calls(python, self.path("host/hello.py"))

    def test_node(self):
        """npm, with nothing but the package and the installed library."""
        if not shutil.which("npm") or not os.path.isdir(NODE):
            self.skipTest("npm or the package is not there")
        self.copy(NODE)
        os.mkdir(self.path("host"))
        self.write("host/package.json", '{"private": true}')
        self.write("host/hello.mjs", HELLO_NODE)
        self.tool("npm", "install", "--prefix", self.path("host"),
                  "--offline", "--no-audit", "--no-fund", "--install-links",
                  self.path("package"))
        addon = self.path("host/node_modules/sipdialer/build/Release/"
                          "sipdialer.node")
        self.assertEqual(self.loads(addon), self.tree.library)
        self.calls("node", self.path("host/hello.mjs"))

    def test_loaded_and_unloaded(self):
        """A host that is a plugin, or has us as one."""
        self.tool(sys.executable, "-c", UNLOAD, self.tree.library)


class Tree(Case):
    def test_pkg_config_names_the_tree_and_no_other_library(self):
        flags = self.tree.pkg_config("--cflags", "--libs")
        self.assertEqual([f for f in flags if f.startswith("-l")],
                         ["-lsipdialer"])
        paths = [f[2:] for f in flags if f[:2] in ("-I", "-L")]
        self.assertEqual({os.path.normpath(p) for p in paths},
                         {os.path.join(self.tree.prefix, "include"),
                          self.tree.libdir})
        # all that it is made of is inside: linking it asks for nothing more
        self.assertEqual(self.tree.pkg_config("--static", "--libs-only-l"),
                         ["-lsipdialer"])
        version, = self.tree.pkg_config("--modversion")
        self.assertTrue(os.path.exists(self.tree.library[:-1] + version))

    def test_no_file_names_the_build(self):
        build = os.path.realpath(installed.BUILD).encode()
        for folder, _, names in os.walk(self.tree.prefix):
            for name in names:
                if name.endswith((".pc", ".cmake", ".h")):
                    with open(os.path.join(folder, name), "rb") as f:
                        self.assertNotIn(build, f.read(), name)

    def test_command_runs_where_it_lies(self):
        env = dict(self.tree.env)
        del env["LD_LIBRARY_PATH"]
        self.assertEqual(self.loads(self.tree.command), self.tree.library)
        done = subprocess.run(
            [self.tree.command, "demo", "--contacts", "5", "--cps", "50"],
            env=env, cwd=self.dir, capture_output=True, text=True, timeout=60,
            check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("5", done.stdout)

    def test_tree_may_be_moved(self):
        moved = self.path("moved")
        os.rename(self.tree.prefix, moved)
        done = subprocess.run(
            [os.path.join(moved, "bin", "sipdialer"), "help"],
            env={"PATH": os.environ["PATH"]}, capture_output=True, text=True,
            timeout=30, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    flow.main()
