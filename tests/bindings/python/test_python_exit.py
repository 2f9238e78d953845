#!/usr/bin/env python3
"""The end of things: interpreter exit with calls running, fork, libraries."""
import os
import signal
import subprocess
import sys

from pycommon import PACKAGE, WAIT, Case, main, until

CALLS = """
    import sys, os, threading
    import sipdialer
    d = sipdialer.Dialer(sip_local_address=sys.argv[1], sip_register="no",
                         sip_server=sys.argv[2], sip_port=int(sys.argv[3]))
    d.start()
    calls = [d.call("49301234%d00" % n) for n in range(10, 15)]
    for call in calls:
        assert call.answered().wait(20)
    print("up", flush=True)
"""


class Exit(Case):
    def hung_up(self, net):
        """All five calls ended by our BYE."""
        until(lambda: len(net.events("end")) == 5)
        self.assertEqual({e["by"] for e in net.events("end")}, {"caller"})
        self.assertEqual({e["dir"] for e in net.events("bye")}, {"rx"})

    def run_(self, tail, status=0, sig=None):
        net = self.network("--answer-delay", "0")
        child = self.python(CALLS + tail, self.ip, net.ip, net.port)
        if sig:
            self.assertEqual(child.stdout.readline(), "up\n")
            child.send_signal(sig)
        _, err, seconds = self.finish(child, status)
        self.assertLess(seconds, 12)
        self.hung_up(net)
        return err

    def test_the_program_just_ends(self):
        self.run_("")

    def test_an_exception_nobody_catches(self):
        self.assertIn("ZeroDivisionError", self.run_("    1 / 0\n", 1))

    def test_sys_exit(self):
        self.run_("    sys.exit(3)\n", 3)

    def test_with_a_thread_that_iterates(self):
        self.run_("""
    def forever():
        for event in d:
            pass
    threading.Thread(target=forever, daemon=True).start()
""")

    def test_control_c(self):
        self.run_("    for event in d:\n        pass\n", -signal.SIGINT, signal.SIGINT)

    def test_peers_that_hang(self):
        """Nobody answers a BYE: the end waits 5 s and no longer."""
        net = self.network("--answer-delay", "0")
        child = self.python(CALLS + "    for event in d:\n        pass\n",
                            self.ip, net.ip, net.port)
        self.assertEqual(child.stdout.readline(), "up\n")
        net.net.child.send_signal(signal.SIGSTOP)
        child.send_signal(signal.SIGINT)
        _, _, seconds = self.finish(child, -signal.SIGINT)
        self.assertLess(seconds, 12)       # 4 s, and a slow machine

    def test_byes_are_repeated_until_answered(self):
        net = self.network("--answer-delay", "0")
        tail = CALLS.replace("49301234%d00", "49301234%d18")     # loses two
        child = self.python(tail, self.ip, net.ip, net.port)
        self.finish(child)
        until(lambda: len(net.events("end")) == 5)
        self.assertEqual({e["by"] for e in net.events("end")}, {"caller"})
        self.assertEqual(sum(not e.get("lost") for e in net.events("bye")), 5)

    def test_inside_asyncio(self):
        err = self.run_("""
    import asyncio
    async def body():
        try:
            await asyncio.wait_for(calls[0].ended(), 0.1)
        except asyncio.TimeoutError:
            sys.exit(4)
    asyncio.run(body())
""", 4)
        self.assertNotIn("Task was destroyed", err)


class Fork(Case):
    def test_a_child_cannot_use_it_and_does_no_harm(self):
        net = self.network("--answer-delay", "0")
        child = self.python("""
            import os, sys
            import sipdialer
            d = sipdialer.Dialer(sip_local_address=sys.argv[1], sip_register="no",
                                 sip_server=sys.argv[2], sip_port=int(sys.argv[3]))
            d.start()
            call = d.call("4930123400")
            call.answered().wait(20)
            pid = os.fork()
            if not pid:
                for verb in (call.hangup, d.stop, lambda: d.call("1"),
                             lambda: call.ended().wait(1), lambda: next(d.events())):
                    try:
                        verb()
                        print("worked")
                    except sipdialer.StateError as e:
                        assert "fork" in str(e), e
                d.close()
                with sipdialer.Dialer(sip_local_address=sys.argv[1]) as own:
                    print(next(own.events(timeout=20)).name, flush=True)
                sys.exit(7)          # with finalizers and atexit
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
            assert not call.ended().done()
            call.dtmf("5")
            call.hangup()
            print(call.ended().wait(20).disposition)
            d.close()
            """, self.ip, net.ip, net.port)
        out, err, _ = self.finish(child)
        self.assertEqual(out.split(), ["started", "answered"], err)

    def test_a_lock_that_a_thread_had_at_the_fork(self):
        """In the child it is held for ever: nothing there may take it."""
        child = self.python("""
            import os, sys, threading
            import sipdialer
            d = sipdialer.Dialer(sip_local_address=sys.argv[1])
            d.start()
            has, leave = threading.Event(), threading.Event()
            def hold(_):
                has.set()
                leave.wait(20)
            thread = threading.Thread(target=d._handle.call, args=(hold,))
            thread.start()
            has.wait(20)
            pid = os.fork()
            if not pid:
                for verb in (d.start, d.stop, lambda: d.call("1"), d.events, d.calls,
                             lambda: d.get_call(1), d.campaigns, lambda: d.stopped().wait(1),
                             lambda: d.get_campaign(1).finished()):
                    try:
                        verb()
                        print("worked")
                    except sipdialer.StateError as e:
                        assert "fork" in str(e), e
                d.close()
                print(repr(d)[:7], flush=True)
                os._exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
            leave.set()
            thread.join()
            d.close()
            """, self.ip)
        self.assertEqual(self.finish(child)[0], "<Dialer\n")

    def test_subprocesses_do_not_inherit_descriptors(self):
        d = self.dialer()
        next(d.events(timeout=WAIT))
        mine = {os.readlink("/proc/self/fd/%d" % fd) for fd in
                (d._handle.wake_fd, d._handle.wake_w)}
        done = subprocess.run(
            [sys.executable, "-c", "import os\nfor fd in os.listdir('/proc/self/fd'):\n"
             "    try: print(os.readlink('/proc/self/fd/' + fd))\n"
             "    except OSError: pass"],
            capture_output=True, text=True, close_fds=False, check=True)
        self.assertFalse(mine & set(done.stdout.split("\n")))


class Library(Case):
    def load(self, **env):
        child = self.python("import sipdialer; print(sipdialer.version())", env=env)
        out, err = child.communicate(timeout=WAIT)
        return child.returncode, out, err

    def test_where_it_looked(self):
        status, _, err = self.load(SIPDIALER_LIBRARY="/nowhere/lib.so")
        self.assertEqual(status, 1)
        self.assertIn("LibraryError", err)
        self.assertIn("environment variable SIPDIALER_LIBRARY: /nowhere/lib.so", err)
        status, out, err = self.load(SIPDIALER_LIBRARY="")
        if status:               # none is installed
            self.assertIn(os.path.join(os.path.realpath(PACKAGE), "sipdialer", "_lib"),
                          err.replace(PACKAGE, os.path.realpath(PACKAGE)))
            self.assertIn("system: libsipdialer.so.0", err)
        else:
            self.assertRegex(out, r"^\d")

    def test_another_abi_is_refused(self):
        source, library = self.path("fake.c"), self.path("fake.so")
        with open(source, "w", encoding="utf-8") as f:
            f.write('const char *sipdialer_version(void);\n'
                    'const char *sipdialer_version(void) { return "1.0.0"; }\n')
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", library, source],
                       check=True)
        status, _, err = self.load(SIPDIALER_LIBRARY=library)
        self.assertEqual(status, 1)
        self.assertIn("is version 1.0.0, this package needs 0.1", err)
        self.assertIn("it lacks sipdialer_create", err)


if __name__ == "__main__":
    main()
