#!/usr/bin/env python3
"""pip install bindings/python, offline: the wheel, its tag, what is inside, and
a call by the installed copy."""
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

from pycommon import PACKAGE, ROOT, Case, flow, main, sipdialer

def has_tools(python):
    return python and not subprocess.run(
        [python, "-c", "import setuptools, wheel, pip"], check=False,
        stderr=subprocess.DEVNULL, env=dict(os.environ, PYTHONWARNINGS="ignore")).returncode


# the system's, where another one in PATH lacks its packages
PYTHON = next((p for p in (sys.executable, "/usr/bin/python3") if has_tools(p)), None)
LIBRARY = os.environ["SIPDIALER_LIBRARY"]
CODE = """
import os, sys
import sipdialer
from sipdialer import _library
print(os.path.realpath(_library.lib.path))
print(sipdialer.__file__)
with sipdialer.Dialer(sip_local_address=sys.argv[1]) as d:
    print(d.call(sys.argv[2]).ended().wait(20).disposition)
"""


class Install(Case):
    def setUp(self):
        super().setUp()
        # pip writes build/ and *.egg-info beside the sources
        self.source = self.path("source")
        shutil.copytree(PACKAGE, self.source, ignore=shutil.ignore_patterns(
            "build", "*.egg-info", "__pycache__", "_lib", ".mypy_cache"))

    def run_(self, *command, **env):
        done = subprocess.run(
            command, cwd=self.dir, capture_output=True, text=True, check=False,
            env=dict({k: v for k, v in os.environ.items() if k != "SIPDIALER_LIBRARY"},
                     PYTHONWARNINGS="ignore", **env))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def wheel(self, source=None, **env):
        out = self.path("wheels%d" % len(os.listdir(self.dir)))
        self.run_(PYTHON, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps",
                  "--no-index", "-q", "-w", out, source or self.source, **env)
        names = os.listdir(out)
        self.assertEqual(len(names), 1)
        return os.path.join(out, names[0])

    def test_with_the_library_inside(self):
        wheel = self.wheel(SIPDIALER_LIBRARY=LIBRARY)
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        self.assertTrue(wheel.endswith("-py3-none-%s.whl" % platform), wheel)
        with zipfile.ZipFile(wheel) as z:
            inside = set(z.namelist())
            licence, = [z.read(n) for n in inside if n.endswith("LICENSE")]
        with open(os.path.join(ROOT, "LICENSE"), "rb") as f:
            self.assertEqual(licence, f.read())
        self.assertIn("sipdialer/_lib/libsipdialer.so.0", inside)
        self.assertIn("sipdialer/py.typed", inside)
        sources = {"sipdialer/" + n for n in os.listdir(os.path.join(PACKAGE, "sipdialer"))
                   if n.endswith(".py")}
        self.assertEqual({n for n in inside if n.endswith(".py")}, sources)

        self.run_(PYTHON, "-m", "venv", "--without-pip", self.path("venv"))
        python = self.path("venv/bin/python")
        self.run_(PYTHON, "-m", "pip", "--python", python, "install", "--no-index",
                  "--no-deps", "-q", wheel)
        net = self.network()
        library, file, disposition = self.run_(
            python, "-c", CODE, self.ip, "sip:101@%s:%d" % (net.ip, net.port)).splitlines()
        for path in (library, file):
            self.assertTrue(path.startswith(os.path.realpath(self.path("venv"))), path)
        self.assertEqual(disposition, "busy")

    def test_without_a_library(self):
        wheel = self.wheel(SIPDIALER_BUNDLE="no")
        self.assertTrue(wheel.endswith("-py3-none-any.whl"), wheel)
        with zipfile.ZipFile(wheel) as z:
            self.assertFalse([n for n in z.namelist() if ".so" in n])

    def test_from_a_source_archive(self):
        self.run_(PYTHON, "-c",
                  "import os, setuptools.build_meta as b; os.chdir('source'); b.build_sdist('..')")
        archive = [n for n in os.listdir(self.dir) if n.endswith(".tar.gz")]
        self.assertEqual(len(archive), 1)
        with tarfile.open(self.path(archive[0])) as t:
            names = {n.split("/", 1)[1] for n in t.getnames() if "/" in n}
        for name in ("setup.py", "pyproject.toml", "README.md", "PKG-INFO",
                     "sipdialer/__init__.py", "sipdialer/py.typed"):
            self.assertIn(name, names)
        self.assertFalse([n for n in names if ".so" in n or "__pycache__" in n])
        self.wheel(self.path(archive[0]), SIPDIALER_LIBRARY=LIBRARY)

    def refused(self, source, **env):
        """What pip says when it must not succeed."""
        done = subprocess.run(
            [PYTHON, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index",
             "-w", self.path("none"), source], cwd=self.dir, capture_output=True, text=True,
            check=False, env=dict({k: v for k, v in os.environ.items()
                                   if k != "SIPDIALER_LIBRARY"}, PYTHONWARNINGS="ignore", **env))
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stdout + done.stderr

    def test_a_library_that_cannot_be_had(self):
        self.assertIn("must be an absolute path", self.refused(
            self.source, SIPDIALER_LIBRARY="libsipdialer.so.0"))
        self.assertIn("no such file", self.refused(
            self.source, SIPDIALER_LIBRARY="/nowhere/libsipdialer.so.0"))
        # a checkout, but none of meson, ninja and pkg-config
        os.makedirs(self.path("lib"))
        os.makedirs(self.path("empty"))
        shutil.copy(os.path.join(ROOT, "lib", "sipdialer.map"), self.path("lib"))
        checkout = self.path("bindings/python")
        shutil.copytree(self.source, checkout)
        text = self.refused(checkout, PATH=self.path("empty"))
        self.assertRegex(text, "meson, ninja, pkg-config must be in PATH")
        self.assertIn("SIPDIALER_BUNDLE=no", text)

    def test_editable(self):
        code = ("import setuptools.build_meta as b, sys; "
                "sys.exit(not hasattr(b, 'build_editable'))")
        if subprocess.run([PYTHON, "-c", code], check=False).returncode:
            self.skipTest("setuptools before 64")
        self.run_(PYTHON, "-m", "venv", "--without-pip", self.path("venv"))
        python = self.path("venv/bin/python")
        self.run_(PYTHON, "-m", "pip", "--python", python, "install", "--no-index",
                  "--no-deps", "--no-build-isolation", "-q", "-e", self.source,
                  SIPDIALER_LIBRARY=LIBRARY,
                  PYTHONPATH=self.run_(PYTHON, "-c", "import os, setuptools; print("
                                       "os.path.dirname(os.path.dirname(setuptools.__file__)))"
                                       ).strip())
        where = self.run_(python, "-c", "import sipdialer._library as l; print(l.lib.path)")
        self.assertEqual(os.path.realpath(where.strip()), os.path.realpath(
            os.path.join(self.source, "sipdialer", "_lib", "libsipdialer.so.0")))

    def test_version_is_that_of_the_library(self):
        def find(path, pattern):
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                return re.search(pattern, f.read(), re.M).group(1)
        self.assertEqual(find("bindings/python/pyproject.toml", r'^version = "(.*)"'),
                         find("meson.build", r"^  version: '(.*)'"))
        self.assertEqual(find("bindings/python/pyproject.toml", r'^version = "(.*)"'),
                         sipdialer.__version__)


if __name__ == "__main__":
    if not PYTHON:
        flow.skip("python3-pip, python3-setuptools or python3-wheel is not installed")
    main(workers=2)
