#!/usr/bin/env python3
"""Every fenced snippet of README.md and docs/ is run, and every link leads
somewhere.

A snippet has a folder of its own, the installed tree (installed.py) in its
environment, and a simulated network on port 5060 of an address of its own for
a PBX.  It must end with status 0.

    c, cpp   with main(): built with pkg-config's flags and run; without:
             what stands in a function of such a program, where `d` is an
             engine that runs with a server and a store, `to` whom to call.
             Those of docs/api.md are declarations, and as in the header.
    python   run; `sipdialer` is bindings/python, if that is there
    js       run by node; `sipdialer` is bindings/node, if that is there
    sh       run by `sh -eu`
    cmake    CMakeLists.txt: set up and built
    meson    meson.build: set up and built, also with us as a subproject
    ini      a file of options: loaded
    json     read
    console  a session on the reader's machine: the paths in it exist
    text, mermaid   not looked at

Another word after the fence, or none, is an error.

Programs have whom to call as their first argument and in SIPDIALER_TO.  In all
of them 192.0.2.10 becomes the network's address.  Beside them lie prompt.wav,
contacts.csv, secret (the password of account 1001) and main.c (hello.c).
"""
import glob
import json
import os
import re
import shutil
import socket
import sys
import textwrap

ROOT = os.path.realpath(os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

import flow
import installed

PBX = "192.0.2.10"
NUMBER = "1100"                       # a human
FENCE = re.compile(r"^( *)```(\S*)[ \t]*\n(.*?)^ *```[ \t]*$", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Folders of the binding's own environment.
PYTHON = os.path.join(ROOT, "bindings", "python")
NODE = os.path.join(ROOT, "bindings", "node")

BODY = """\
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sipdialer/sipdialer.h>

static int snippet(struct sipdialer *d, const char *to)
{
	(void)d;
	(void)to;
%s
	return 0;
}

int main(int argc, char **argv)
{
	struct sipdialer *d;
	int err = argc != 2 || sipdialer_create(&d) ||
		  sipdialer_set(d, "sip.server", "192.0.2.10") ||
		  sipdialer_set(d, "store.path", "store.db") ||
		  sipdialer_start(d) || snippet(d, argv[1]);

	if (err)
		fprintf(stderr, "%%s\\n", sipdialer_last_error());
	sipdialer_destroy(d);
	return err;
}
"""


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def free(ip, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.bind((ip, port))
        except OSError:
            return False
    return True


def pages():
    """README.md and every page of docs/, examples/ and bindings/."""
    found = [os.path.join(ROOT, "README.md"),
             os.path.join(ROOT, "examples", "README.md")]
    for folder in ("docs", "bindings"):
        found += glob.glob(os.path.join(ROOT, folder, "**", "*.md"),
                           recursive=True)
    return sorted(p for p in found if "node_modules" not in p)


def snippets(page):
    """(line, language, text) of each fence of a page."""
    text = read(page)
    for m in FENCE.finditer(text):
        yield (text.count("\n", 0, m.start()) + 1, m.group(2),
               textwrap.dedent(m.group(3)))


class World:
    """What all snippets share: the installed tree and the network.  A binding
    that the environment has comes from the build (meson.build)."""

    def __init__(self, case):
        self.tree = installed.Installed(case.dir)
        ip = flow.address()
        if not free(ip, 5060):
            flow.skip("port 5060 is taken, by a server on all addresses?")
        self.net = flow.Network(
            case, "--no-fsync", "--answer-delay", "50", "--talk-time",
            "1500", "--user", "1001:secret", listen=ip + ":5060")
        self.ip = ip
        self.env = dict(
            self.tree.env, SIPDIALER_LIBRARY=self.tree.library,
            SIPDIALER_TO="sip:%s@%s" % (NUMBER, ip),
            PYTHONDONTWRITEBYTECODE="1")
        if os.path.isdir(PYTHON):
            self.env["PYTHONPATH"] = PYTHON


class Snippet(flow.Case):
    """One method a snippet, made below."""

    world = None

    def setUp(self):
        super().setUp()
        flow.write_wav(self.path("prompt.wav"), flow.tone(0.3, 440))
        flow.contacts(self.path("contacts.csv"), ["1200", "1300", "1400"])
        self.write("secret", "secret\n")
        shutil.copy(os.path.join(ROOT, "examples", "hello.c"),
                    self.path("main.c"))

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text.replace(PBX, self.world.ip))
        return self.path(name)

    def tool(self, *command):
        return installed.tool(list(command), self.world.env, self.dir, 30)

    def program(self, *command):
        self.tool(*command, self.world.env["SIPDIALER_TO"])

    def needs(self, *names):
        for name in names:
            if not shutil.which(name):
                self.skipTest(name + " is not installed")

    def run_c(self, text, suffix=".c"):
        whole = "main(" in text
        if not whole:
            text = BODY % textwrap.indent(text, "\t")
        source = self.write("snippet" + suffix, text)
        self.program(self.world.tree.compiled(source, self.path("snippet")))

    def run_cpp(self, text):
        self.run_c(text, ".cpp")

    def run_python(self, text):
        self.program(sys.executable, self.write("snippet.py", text))

    def run_js(self, text):
        self.needs("node")
        if os.path.isdir(NODE):
            os.mkdir(self.path("node_modules"))
            os.symlink(NODE, self.path("node_modules/sipdialer"))
        name = "snippet.cjs" if "require(" in text else "snippet.mjs"
        self.program("node", self.write(name, text))

    def run_sh(self, text):
        self.tool("sh", "-eu", self.write("snippet.sh", text))

    def run_cmake(self, text):
        self.needs("cmake")
        self.write("CMakeLists.txt", text)
        self.tool("cmake", "-S", ".", "-B", "build")
        self.tool("cmake", "--build", "build")

    def run_meson(self, text):
        self.write("meson.build", text)
        self.tool("meson", "setup", "build")
        self.tool("ninja", "-C", "build")
        if "fallback" in text:
            os.mkdir(self.path("subprojects"))
            os.symlink(ROOT, self.path("subprojects/libsipdialer"))
            self.tool("meson", "setup", "--wrap-mode=forcefallback", "build2")

    def run_ini(self, text):
        self.tool("sipdialer", "-c", self.write("options", text), "help",
                  "options")

    def run_json(self, text):
        json.loads(text)

    def run_console(self, text):
        for path in re.findall(r"^\$ (?:\S+=\S* )*([\w.-]+/\S+)", text, re.M):
            self.assertTrue(os.path.exists(os.path.join(ROOT, path)), path)

    def run_text(self, text):
        pass

    run_mermaid = run_text

    def api(self):
        """All declarations of docs/api.md once more, after the header's."""
        source = self.write("api.c", "#include <sipdialer/sipdialer.h>\n" +
                            "".join(text for _, language, text in snippets(
                                os.path.join(ROOT, "docs", "api.md"))
                                if language == "c") +
                            "int main(void) { return 0; }\n")
        self.program(self.world.tree.compiled(source, self.path("api")))


class Pages(flow.Case):
    def test_links_lead_somewhere(self):
        for page in pages():
            text = FENCE.sub("", read(page))
            for link in LINK.findall(text):
                if re.match(r"[a-z]+:", link):
                    continue
                path, _, anchor = link.partition("#")
                target = os.path.normpath(os.path.join(
                    os.path.dirname(page), path)) if path else page
                where = "%s: %s" % (os.path.relpath(page, ROOT), link)
                self.assertTrue(os.path.exists(target), where)
                if anchor:
                    self.assertIn(anchor, self.anchors(target), where)

    @staticmethod
    def anchors(page):
        """The anchors that headings get where such pages are shown."""
        heads = re.findall(r"^#+ (.+?)\s*$", FENCE.sub("", read(page)), re.M)
        return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-")
                for h in heads}

    def test_quoted_programs_are_the_examples(self):
        """Whole programs of the README are files of examples/, without
        their first line."""
        text = {language: text for _, language, text in reversed(list(
            snippets(os.path.join(ROOT, "README.md"))))}
        for language, name in (("python", "hello.py"), ("js", "hello.mjs")):
            self.assertEqual(text[language], read(os.path.join(
                ROOT, "examples", name)).split("\n", 1)[1])

    def test_a_broken_snippet_is_noticed(self):
        """Snippets that must fail, so that those that pass mean something."""
        for language, text in (("c", "return 1;"), ("c", "no_such_verb(d);"),
                               ("python", "raise SystemExit(3)"),
                               ("sh", "sipdialer no-such-command"),
                               ("ini", "no.such.option = 1"),
                               ("console", "$ tests/no-such-file"),
                               ("", "x"), ("basic", "10 PRINT")):
            case = Snippet("run_text")
            case.setUp()
            try:
                with self.assertRaises(AssertionError, msg=text):
                    one(case, language, text)
            finally:
                case.doCleanups()


def one(case, language, text):
    run = getattr(case, "run_" + language, None) if language else None
    if not run:
        raise AssertionError("nobody can run the language %r of this fence; "
                             "what is not a program is `text`" % language)
    run(text)


def make_methods():
    """A test method for each snippet, named by page and line."""
    for page in pages():
        name = os.path.relpath(page, ROOT)
        if name == os.path.join("docs", "api.md"):
            Snippet.test_api_declarations = Snippet.api
            continue
        for line, language, text in snippets(page):
            method = "test_%s_line_%d" % (re.sub(r"\W", "_", name), line)
            setattr(Snippet, method, lambda self, language=language,
                    text=text: one(self, language, text))


class Setting(flow.Case):
    """Only to have a folder that lasts as long as the process."""


if __name__ == "__main__":
    make_methods()
    setting = Setting("setUp")
    setting.setUp()
    Snippet.world = World(setting)
    try:
        flow.main()
    finally:
        setting.doCleanups()
