"""Puts the library into the package, if there is one to be had.

In this order: the file named by SIPDIALER_LIBRARY; built with meson, inside a
checkout of libsipdialer; none, then the system's is used at run time.
SIPDIALER_BUNDLE=no chooses the last; without it a checkout that cannot be built
is an error.
"""
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:                  # before setuptools 70
    try:
        from wheel.bdist_wheel import bdist_wheel
    except ImportError:
        sys.exit("sipdialer: this setuptools needs the package wheel: "
                 "pip install wheel, or setuptools 70 or later")

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
SONAME = "libsipdialer.so.0"


def plan():
    """Where the library comes from: "file", "meson" or None."""
    if os.environ.get("SIPDIALER_BUNDLE", "").lower() in ("no", "0", "false"):
        return None
    path = os.environ.get("SIPDIALER_LIBRARY")
    if path:
        # pip builds in another folder than that of its caller
        if not os.path.isabs(path) or not os.path.isfile(path):
            sys.exit("sipdialer: SIPDIALER_LIBRARY=%s: %s" % (
                path, "no such file" if os.path.isabs(path) else "must be an absolute path"))
        return "file"
    if not os.path.exists(os.path.join(TOP, "lib", "sipdialer.map")):
        return None
    missing = [t for t in ("meson", "ninja", "pkg-config") if not shutil.which(t)]
    if missing:
        sys.exit("sipdialer: to build the library %s must be in PATH; or name a built one "
                 "by SIPDIALER_LIBRARY, or use the system's by SIPDIALER_BUNDLE=no" %
                 ", ".join(missing))
    return "meson"


def build(target):
    """The library alone, without tests."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["meson", "setup", folder, TOP, "--buildtype=release",
                        "-Dtests=disabled"], check=True)
        subprocess.run(["meson", "compile", "-C", folder, "sipdialer:shared_library"],
                       check=True)
        shutil.copyfile(os.path.join(folder, "lib", SONAME), target)


class BuildPy(build_py):
    """And the library."""

    def run(self):
        super().run()
        how = plan()
        # an editable package is used where its sources are
        base = HERE if getattr(self, "editable_mode", False) else self.build_lib
        folder = os.path.join(base, "sipdialer", "_lib")
        shutil.rmtree(folder, ignore_errors=True)
        if not how:
            print("sipdialer: no library in the package, the system's is used")
            return
        os.makedirs(folder)
        target = os.path.join(folder, SONAME)
        if how == "file":
            shutil.copyfile(os.environ["SIPDIALER_LIBRARY"], target)
        else:
            build(target)
        os.chmod(target, 0o755)
        print("sipdialer: library from %s" % (
            os.environ["SIPDIALER_LIBRARY"] if how == "file" else "this checkout"))


class Package(Distribution):
    """Of this platform, with a library inside."""

    def has_ext_modules(self):
        return plan() is not None


class BdistWheel(bdist_wheel):
    """For any Python 3."""

    def get_tag(self):
        if plan() is None:
            return "py3", "none", "any"
        return "py3", "none", sysconfig.get_platform().replace("-", "_").replace(".", "_")


setup(distclass=Package, cmdclass={"build_py": BuildPy, "bdist_wheel": BdistWheel})
