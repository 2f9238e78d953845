"""The tree of `meson install`, in a folder of its own, and an environment in
which programs find it and nothing of the build folder.

SIPDIALER_BUILD names the build folder.
"""
import glob
import os
import shlex
import signal
import subprocess

BUILD = os.environ.get("SIPDIALER_BUILD", "build")
# What could lead a compiler or a loader elsewhere.
ELSEWHERE = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH",
             "LD_LIBRARY_PATH", "PKG_CONFIG_PATH", "CMAKE_PREFIX_PATH",
             "DESTDIR", "SIPDIALER", "SIPDIALER_LIBRARY",
             "SIPDIALER_PHONENET")
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def tool(command, env, folder, timeout=60):
    """Runs a program to its end, with all that it starts; what it said."""
    child = subprocess.Popen(command, env=env, cwd=folder, text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True)
    try:
        said, _ = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        said, _ = child.communicate()
        said += "\nstill running after %g s" % timeout
    if child.returncode:
        raise AssertionError("%s\nexit status %d\n%s" % (
            shlex.join(command), child.returncode, said))
    return said


class Installed:
    def __init__(self, root):
        """Installs below root, which stands for the file system's root."""
        tool(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir",
              root], dict(os.environ), root)
        header, = glob.glob(root + "/**/include/sipdialer/sipdialer.h",
                            recursive=True)
        self.root = root
        self.prefix = os.path.dirname(os.path.dirname(
            os.path.dirname(header)))
        pc, = glob.glob(self.prefix + "/**/sipdialer.pc", recursive=True)
        self.libdir = os.path.dirname(os.path.dirname(pc))
        self.library = os.path.join(self.libdir, "libsipdialer.so.0")
        self.command = os.path.join(self.prefix, "bin", "sipdialer")

        self.env = {k: v for k, v in os.environ.items() if k not in ELSEWHERE}
        self.env.update({
            "PATH": os.path.join(self.prefix, "bin") + ":" +
                    os.environ.get("PATH", ""),
            "PKG_CONFIG_PATH": os.path.dirname(pc),
            "PKG_CONFIG_SYSROOT_DIR": root,
            "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1",
            "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1",
            "CMAKE_PREFIX_PATH": self.prefix,
            "LD_LIBRARY_PATH": self.libdir,
        })

    def pkg_config(self, *args):
        return tool(["pkg-config", *args, "sipdialer"], self.env,
                    self.root).split()

    def compiled(self, source, program, std=None):
        """A C or C++ program, built by pkg-config's words; its path."""
        cpp = source.endswith(".cpp")
        compiler = os.environ.get("CXX", "c++") if cpp else \
            os.environ.get("CC", "cc")
        tool([*shlex.split(compiler), *(["-std=" + std] if std else []),
              *WARNINGS, source, "-o", program,
              *self.pkg_config("--cflags", "--libs")],
             self.env, os.path.dirname(source))
        return program
