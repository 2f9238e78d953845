#!/usr/bin/env python3
"""The command's manners: exit status and one clear line for every mistake,
JSON lines that parse, Ctrl-C once and twice."""
import os
import resource
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "lib"))

import flow  # noqa: E402
from flow import run  # noqa: E402


class Mistakes(flow.Case):
    """Nothing is dialed, nothing is made."""

    def wrong(self, status, words, *args, **popen):
        r = run(*args, **popen)
        line = self.one_line(r, status, *words)
        self.assertEqual(r.out, "", r)
        return line

    def test_wrong_option_names_the_nearest(self):
        self.wrong(2, ("sip.servr", "sip.server"), "-o", "sip.servr=x",
                   "call", "1")
        self.wrong(2, ("dial.ringtimeout", "dial.ring_timeout"), "-o",
                   "dial.ringtimeout=5", "call", "1")

    def test_bad_values_say_the_range(self):
        self.wrong(2, ("dial.ring_timeout", "\"2\"", "5", "300"), "-o",
                   "dial.ring_timeout=2", "call", "1")
        self.wrong(2, ("dial.max_calls", "\"many\""), "-o",
                   "dial.max_calls=many", "call", "1")
        self.wrong(2, ("sip.transport", "udp", "tcp"), "-o",
                   "sip.transport=pigeon", "call", "1")
        self.wrong(2, ("media.codecs", "gsm"), "-o", "media.codecs=gsm",
                   "call", "1")
        self.wrong(2, ("dial.ring_timeout", "soon"), "call", "1",
                   "--ring-timeout", "soon")
        self.wrong(2, ("name=value",), "-o", "sip.server", "call", "1")

    def test_unknown_command_and_flag(self):
        self.wrong(2, ("dail",), "dail", "1")
        self.wrong(2, ("--loud",), "--loud", "call", "1")
        self.wrong(2, ("--colour",), "call", "1", "--colour", "red")
        self.wrong(2, ("--play", "value"), "call", "1", "--play")
        self.wrong(2, ("2",), "call", "1", "2")
        self.wrong(2, ("which number",), "call")
        self.wrong(2, ("-o", "before the command"), "call", "1", "-o",
                   "amd.enabled=yes")
        self.wrong(2, ("explode",), "-o", "store.path=" +
                   self.path("x.db"), "campaign", "explode", "1")
        self.assertFalse(os.path.exists(self.path("x.db")))

    def test_no_arguments_print_the_usage(self):
        r = run()
        self.assertEqual(r.status, 2, r)
        self.assertIn("usage: sipdialer", r.out + r.err)
        r = run("help")
        self.assertEqual((r.status, r.err), (0, ""), r)
        self.assertIn("usage: sipdialer", r.out)

    def test_missing_files(self):
        missing = self.path("nothing.wav")
        self.wrong(2, (missing, "No such file"), "call", "1", "--play",
                   missing)
        self.wrong(2, (missing, "No such file"), "campaign", "run",
                   "--contacts", missing)
        self.wrong(2, (missing,), "-c", missing, "call", "1")
        self.wrong(2, (self.dir, "not a regular file"), "call", "1",
                   "--play", self.dir)

    def test_option_file_says_line(self):
        path = self.path("options")
        with open(path, "w", encoding="utf-8") as f:
            f.write("# mine\nsip.port = 5070\nsip.prot = 1\n")
        self.wrong(2, (path, "3", "sip.prot", "sip.port"), "-c", path,
                   "call", "1")

    def test_bad_numbers_are_refused_before_anything_is_sent(self):
        net = self.network()
        for number in ("", "sip:", "12 34", "1\r\nEvil: x",
                       "sip:1@127.0.0.1?Evil=x", "9" * 300):
            r = run(*net.options, "call", number)
            self.one_line(r, 2)
        self.assertEqual(net.events("invite"), [])

    def test_bad_wavs_are_refused_before_anybody_is_called(self):
        net = self.network()
        good = self.path("good.wav")
        flow.write_wav(good, flow.voice(0.2))
        with open(good, "rb") as f:
            head = f.read()
        for name, data in (("empty", b""), ("text", b"hello there" * 9),
                           ("cut", head[:30])):
            path = self.path(name + ".wav")
            with open(path, "wb") as f:
                f.write(data)
            csv = flow.contacts(self.path("c.csv"), ["+4930123400"])
            r = run(*net.options, "-o", "store.path=" + self.path("s.db"),
                    "campaign", "run", "--contacts", csv, "--play", path,
                    "--name", name)
            self.assertNotEqual(r.status, 0, r)
            self.assertIn(path, r.err, r)
            r = run(*net.options, "call", "+4930123400", "--play", path)
            # what says itself that it is no WAV file is wrong usage
            self.assertEqual(r.status, 1 if name == "cut" else 2, r)
            self.assertIn(path, r.out + r.err, r)
        self.assertEqual(net.events("invite"), [])

    def campaign(self, csv, *args, **popen):
        return run(*self.net.options, "-o", "store.path=" +
                   self.path("s.db"), *args, "campaign", "run",
                   "--contacts", csv, **popen)

    def test_malformed_csv(self):
        self.net = self.network()
        for name, data, words in (
                ("empty", b"", ("empty",)),
                ("nohead", b"+4930123400,Ann\n+4930123401,Bob\n",
                 ("header",)),
                ("nonumber", b"name,town\nAnn,Bonn\n", ("number",)),
                ("binary", bytes(range(256)) * 40, ()),
                ("utf16", "number,name\n+4930123400,Ann\n".encode("utf-16"),
                 ("UTF-8",))):
            path = self.path(name + ".csv")
            with open(path, "wb") as f:
                f.write(data)
            with self.subTest(csv=name):
                self.one_line(self.campaign(path), 3, path, *words)
        self.assertEqual(self.net.events("invite"), [])
        # a good one of the same name goes on from there
        path = flow.contacts(self.path("nohead.csv"), ["+4930123401"])
        r = self.campaign(path, "-o", "dial.retries=0")
        self.assertEqual(r.status, 0, r)
        self.assertEqual(len(self.net.events("invite")), 1)

    def test_quote_that_is_never_closed(self):
        self.net = self.network()
        path = self.path("quote.csv")
        with open(path, "wb") as f:
            f.write(b"number,name\n\"+4930123400,Ann\n")
        self.one_line(self.campaign(path), 1, "line 2", "quote")
        self.assertEqual(self.net.events("invite"), [])

    def test_rows_refused_name_their_lines(self):
        self.net = self.network()
        path = self.path("rows.csv")
        with open(path, "w", encoding="utf-8") as f:
            f.write("number,name\n+4930123401,A\nabc,B\n+4930123401,C\n"
                    "+4930123403,D\n")
        r = self.campaign(path, "-o", "dial.retries=0")
        self.assertEqual(r.status, 1, r)
        self.assertEqual([line.split(":")[1].strip()
                          for line in r.err.splitlines()],
                         ["line 3", "line 4"], r)
        self.assertEqual(len(self.net.events("invite")), 2)

    def test_no_such_campaign_and_no_store(self):
        base = ("-o", "store.path=" + self.path("s.db"), "-o",
                "sip.local_address=" + self.ip, "campaign")
        self.wrong(3, ("s.db",), *base, "list")
        self.assertFalse(os.path.exists(self.path("s.db")))
        self.assertEqual(run(*base, "new", "one").status, 0)
        for verb in ("status", "pause", "cancel"):
            self.wrong(1, ("7",), *base, verb, "7")
        self.wrong(1, ("7",), *base, "results", "7", self.path("r.csv"))
        self.assertFalse(os.path.exists(self.path("r.csv")))
        self.wrong(2, ("seven",), *base, "status", "seven")
        self.wrong(3, ("store.path",), "campaign", "list", cwd=self.dir)

    def test_store_of_somebody_else(self):
        path = self.path("s.db")
        with open(path, "wb") as f:
            f.write(b"this is not a database, it is a diary\n" * 200)
        before = os.stat(path)
        self.wrong(3, (path,), "-o", "store.path=" + path, "-o",
                   "sip.local_address=" + self.ip, "campaign", "list")
        self.assertEqual(os.stat(path).st_size, before.st_size)

    def test_read_only_folder(self):
        if os.geteuid() == 0:
            # root may write everywhere but where nothing can be made
            path = "/proc/sipdialer.db"
        else:
            os.mkdir(self.path("ro"), 0o500)
            path = self.path("ro/s.db")
        self.wrong(3, (path,), "-o", "store.path=" + path, "-o",
                   "sip.local_address=" + self.ip, "campaign", "list")
        self.net = self.network()
        csv = flow.contacts(self.path("c.csv"), ["+4930123401"])
        r = self.campaign(csv, "-o", "dial.retries=0")
        self.assertEqual(r.status, 0, r)
        results = os.path.join(os.path.dirname(path), "r.csv")
        self.wrong(1, (results,), "-o", "store.path=" + self.path("s.db"),
                   "-o", "sip.local_address=" + self.ip, "campaign",
                   "results", "1", results)

    def test_address_in_use_and_not_ours(self):
        net = self.network()
        self.wrong(3, (net.ip, str(net.port)), "-o", "sip.local_address=" +
                   net.ip, "-o", "sip.local_port=%d" % net.port, "call",
                   "sip:1@127.0.0.1")
        self.wrong(3, ("192.0.2.7",), "-o", "sip.local_address=192.0.2.7",
                   "call", "sip:1@127.0.0.1")

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            p = subprocess.run([flow.EXE, "help", "options"], stdout=full,
                               stderr=subprocess.PIPE, text=True,
                               timeout=10, check=False)
        self.assertEqual(p.returncode, 1)
        self.assertIn("No space left", p.stderr)


class FullDisk(flow.Case):
    def test_full_disk_is_one_line_and_nobody_is_called_twice(self):
        net = self.network("--answer-delay", "50")
        numbers = ["+49301%04d00" % i for i in range(400)]
        csv = flow.contacts(self.path("c.csv"), numbers)
        store = self.small_disk()
        args = [*net.options, "-o", "store.path=" + store, "campaign", "run",
                "--contacts", csv, "--max-duration", 1, "--cps", 100]
        c = self.command(*args, **self.limit)
        r = c.wait(40)
        self.assertIn(r.status, (1, 3), r)
        self.assertIn("SIPDIALER_EIO", r.err)
        self.assertLessEqual(len(r.err.splitlines()), 3, r)
        self.room()
        r = run(*args)
        invited = [e["number"] for e in net.events("invite")]
        self.assertEqual(len(invited), len(set(invited)))
        self.assertIn(r.status, (0, 1), r)

    def small_disk(self):
        """A file system of 256 KiB for root, else files of that size."""
        self.limit = {}
        self.room = lambda: None
        mount = self.path("disk")
        os.mkdir(mount)
        if os.geteuid() == 0:
            p = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k",
                                "tmpfs", mount], check=False,
                               stderr=subprocess.DEVNULL)
            if not p.returncode:
                self.addCleanup(subprocess.run, ["umount", "-l", mount],
                                check=False)
                self.room = lambda: subprocess.run(
                    ["mount", "-o", "remount,size=64m", mount], check=True)
                return os.path.join(mount, "s.db")

        def small():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (96 << 10, 96 << 10))
        self.limit = {"preexec_fn": small}
        return os.path.join(mount, "s.db")


class Json(flow.Case):
    def test_lines_parse_and_have_the_fields(self):
        net = self.network("--answer-delay", "50")
        r = run(*net.options, "--json", "call", "+4930123415",
                "--max-duration", 2)
        self.assertEqual((r.status, r.err), (0, ""), r)
        e = r.last
        self.assertEqual([x["event"] for x in r.events][:3],
                         ["call_dialing", "call_ringing", "call_answered"])
        for name, kind in (
                ("event", str), ("call", int), ("direction", str),
                ("to", str), ("disposition", str), ("sip_status", int),
                ("reason", str), ("q850", int), ("ring_ms", int),
                ("talk_ms", int), ("codec", str), ("srtp", object),
                ("amd", object), ("dtmf", str), ("rtp", dict),
                ("recording", object)):
            self.assertIn(name, e)
            self.assertIsInstance(e[name], kind, name)
        self.assertLessEqual({"tx", "rx", "lost", "jitter_ms", "mos"},
                             set(e["rtp"]))
        self.assertEqual((e["event"], e["dtmf"]), ("call_ended", "1234#"))
        seqs = [x["seq"] for x in r.events]
        self.assertEqual(seqs, sorted(set(seqs)))

    def test_help_options_are_json_too(self):
        r = run("--json", "help", "options")
        self.assertEqual(r.status, 0)
        names = [o["name"] for o in (flow.json.loads(line) for line in
                                     r.out.splitlines())]
        self.assertEqual(len(names), len(set(names)))
        self.assertIn("sip.server", names)
        plain = run("help", "options").out
        for name in names:
            self.assertIn("\n" + name + " (", "\n" + plain)


class Interrupt(flow.Case):
    def talking(self, number, event):
        self.net = self.network("--answer-delay", "50")
        prompt = flow.write_wav(self.path("p.wav"), flow.voice(30, seed=2))
        c = self.command(*self.net.options, "--json", "call", number,
                         "--play", prompt)
        flow.until(lambda: self.net.events(event), 10, event)
        return c

    def test_ctrl_c_hangs_up_a_call(self):
        c = self.talking("+4930123400", "answer")
        time.sleep(0.3)
        at = time.monotonic()
        c.signal()
        r = c.wait(6)
        self.assertLess(time.monotonic() - at, 5)
        self.assertEqual(r.last["disposition"], "answered", r)
        self.assertEqual(self.net.events("end")[0]["by"], "caller")
        self.assertEqual(self.net.stop()["unacked"], 0)

    def test_ctrl_c_cancels_a_ringing_call(self):
        c = self.talking("+4930123402", "invite")
        time.sleep(0.3)
        c.signal()
        r = c.wait(6)
        self.assertEqual((r.status, r.last["disposition"]),
                         (1, "cancelled"), r)
        self.assertEqual(self.net.events("end")[0]["by"], "cancel")

    def test_sigterm_is_as_clean(self):
        c = self.talking("+4930123400", "answer")
        c.signal(signal.SIGTERM)
        r = c.wait(6)
        self.assertIn(r.status, (0, 1), r)
        self.assertEqual(self.net.events("end")[0]["by"], "caller")

    def test_second_ctrl_c_ends_at_once(self):
        c = self.talking("+4930123417", "invite")    # says nothing, ever
        time.sleep(0.2)
        c.signal()
        time.sleep(0.3)
        self.assertIsNone(c.child.poll())
        at = time.monotonic()
        c.signal()
        r = c.wait(3)
        self.assertLess(time.monotonic() - at, 0.5)
        self.assertEqual(r.status, 1, r)

    def test_campaign_ends_within_5_s(self):
        net = self.network("--answer-delay", "50")
        numbers = ["+49301%04d%s" % (i, d) for i in range(5)
                   for d in ("00", "02", "17", "18")]
        csv = flow.contacts(self.path("c.csv"), numbers)
        prompt = flow.write_wav(self.path("p.wav"), flow.voice(20, seed=3))
        c = self.command(*net.options, "-o", "store.path=" +
                         self.path("s.db"), "campaign", "run", "--contacts",
                         csv, "--cps", 0, "--play", prompt)
        flow.until(lambda: len(net.events("answer")) >= 10, 10)
        at = time.monotonic()
        c.signal()
        r = c.wait(8)
        self.assertLess(time.monotonic() - at, 5.5, r)
        self.assertEqual(r.status, 1, r)
        ended = {e["number"]: e["by"] for e in net.events("end")}
        for n in numbers:
            if n[-2:] in ("00", "18"):
                self.assertEqual(ended.get(n), "caller", n)
            elif n[-2:] == "02":
                self.assertEqual(ended.get(n), "cancel", n)


if __name__ == "__main__":
    flow.main()
