#!/usr/bin/env python3
"""Measures everything of docs/performance.md in one run.

Builds the library twice in temporary directories (release; and "stock", on the
shared libre with libre's own timers; the baseline of calls a second is a bare
caller on libre, tests/bench/bench_stock.c), runs each bench against the simulated
telephone network on another core, compares with other programs where they are
installed, and prints a table; --json FILE keeps every figure.

    scripts/bench.py                 as for docs/performance.md, 20 minutes
    scripts/bench.py --quick         3 minutes, to see whether it works
    scripts/bench.py --only a,j      some parts: letters of the table
"""
import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import bench_peers

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORES = sorted(os.sched_getaffinity(0))
OURS, FAR = CORES[0], CORES[-1]


def build(directory, libre):
    """A release build; only what the benches need."""
    if not os.path.exists(os.path.join(directory, "build.ninja")):
        subprocess.run(["meson", "setup", directory, ROOT,
                        "--buildtype=release", f"-Dlibre={libre}"],
                       check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", directory], check=True,
                   stdout=subprocess.DEVNULL)
    return directory


class Far:
    """The simulated telephone network, on the other core."""

    def __init__(self, release, *args):
        program = f"{release}/tests/phonenet/sipdialer-phonenet"
        self.p = subprocess.Popen(
            ["taskset", "-c", str(FAR), program, "--no-fsync", "--quiet",
             "--parent-dies", "--answer-delay", "0", "--stats-on-exit",
             *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        line = self.p.stdout.readline()
        if " udp:" not in line:
            raise RuntimeError(f"phonenet: {line}")
        self.address = line.split(" udp:")[1].split()[0]
        self.stats = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.stdin.close()
        for line in self.p.stdout:
            if line.startswith("{"):
                self.stats = json.loads(line)
        self.p.wait(20)


def bench(directory, name, *args, pin=True, cwd=None):
    """Run one bench program; its JSON."""
    command = [f"{directory}/tests/bench/{name}", *map(str, args)]
    if pin:
        command = ["taskset", "-c", str(OURS), *command]
    p = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=cwd,
                       timeout=900, check=True)
    return json.loads(p.stdout.splitlines()[-1])


def median(values):
    return statistics.median(values)


def spread(values, form="{:.1f}"):
    if len(values) == 1:
        return form.format(values[0])
    return (form + " (" + form + "-" + form + ")").format(
        median(values), min(values), max(values))


class Bench:
    """All parts; each appends rows to the table and figures to the JSON."""

    def __init__(self, args, work):
        self.args = args
        self.work = work
        self.rows = []
        self.figures = {}
        self.long = 10 if args.quick else args.seconds
        self.short = 4 if args.quick else 10
        self.times = 1 if args.quick else 3
        base = args.build_dir or work
        self.release = build(os.path.join(base, "release"), "static")
        self.stock = None
        if "a" in args.only:
            self.stock = build(os.path.join(base, "stock"), "shared")

    def row(self, part, what, target, measured, met):
        self.rows.append((part, what, target, measured, met))
        mark = {True: "met", False: "MISSED", None: ""}[met]
        print(f"{part}  {what:44} {target:>14}  {measured:34} {mark}",
              flush=True)

    def keep(self, name, value):
        self.figures.setdefault(name, []).append(value)
        return value

    # a: calls a second -----------------------------------------------------

    def sustained(self, name, rates, run):
        """The highest rate that holds; a ladder upwards."""
        best = 0
        for rate in rates:
            with Far(self.release, "--no-media", "--inactive") as far:
                r = run(far.address, rate)
            r["far"] = {k: far.stats.get(k)
                        for k in ("retransmissions", "unacked")}
            self.keep(name, r)
            if (r["calls_per_s"] < 0.98 * rate or r["refused"] or
                    r["failed"] > r["begun"] / 1000 or r["drain_s"] > 5):
                break
            best = rate
        return best

    def calls(self, directory, address, rate):
        return bench(directory, "bench_calls", "--server", address, "--rate",
                     rate, "--seconds", self.long)

    def a(self):
        # the bare caller of libre first: it needs no media, no host
        stock = self.sustained(
            "stock", (100, 200, 300, 400, 500),
            lambda address, rate: bench(self.release, "bench_stock", address,
                                        rate, self.long))
        ours = self.sustained(
            "calls", (6000, 7000, 8000, 9000),
            lambda address, rate: self.calls(self.release, address, rate))
        self.row("a", f"calls/s, public API, {self.long} s", ">= 6,000",
                 f"{ours:,}", ours >= 6000)
        ratio = ours / stock if stock else 0
        self.row("a", f"a bare caller on stock libre: {stock:,}; ratio",
                 ">= 15", f"{ratio:.1f}", ratio >= 15)

        def on_stock(address, rate):
            return self.calls(self.stock, address, rate)

        rate = 600
        self.sustained("calls_on_stock", (rate,), on_stock)
        self.sustained("calls_at_600", (rate,), lambda address, rate:
                       self.calls(self.release, address, rate))
        us = [self.figures[k][-1]["loop_us_per_call"]
              for k in ("calls_on_stock", "calls_at_600")]
        self.row("a", "this library on libre's timers, 600/s, us a call", "",
                 f"{us[0]:.0f} (ours {us[1]:.0f})", None)

    # b: campaign -----------------------------------------------------------

    def campaign(self, rate, seconds):
        contacts = int((rate or 8000) * (seconds + 5))
        with Far(self.release, "--no-media", "--inactive", "--mix",
                 "human=100") as far:
            r = bench(self.release, "bench_campaign", "--dir", self.args.dir,
                      "--contacts", contacts, "--server", far.address,
                      "--rate", rate, "--seconds", seconds)
        r["far"] = {k: far.stats.get(k)
                    for k in ("duplicates", "retransmissions", "unacked")}
        return self.keep("campaign", r)

    def b(self):
        r = self.campaign(2500, self.long)
        self.row("b", f"campaign calls/s, intent durable, {self.long} s",
                 ">= 2,000", f"{r['calls_per_s']:,.0f} of 2,500 asked",
                 r["calls_per_s"] >= 2000 and not r["failed"])
        r = self.campaign(0, self.short)
        self.row("b", "the same without a limit", "",
                 f"{r['calls_per_s']:,.0f}", None)

    # c: against sipp --------------------------------------------------------

    def sipp(self, address, rate, seconds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            ["taskset", "-c", str(OURS), "sipp", "-sn", "uac", address,
             "-s", "4930100", "-r", str(rate), "-m", str(rate * seconds),
             "-l", "20000", "-d", "0", "-i", "127.0.0.1", "-nostdin"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            check=True, timeout=seconds + 60, cwd=self.work)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = (after.ru_utime + after.ru_stime - before.ru_utime -
               before.ru_stime)
        return cpu * 1e6 / (rate * seconds)

    def c(self):
        if not shutil.which("sipp"):
            self.row("c", "CPU per call against sipp", "<= 2.5", "no sipp",
                     None)
            return
        ours, theirs, ratios = [], [], []
        for _ in range(max(self.times, 3)):
            with Far(self.release, "--no-media", "--inactive") as far:
                r = bench(self.release, "bench_calls", "--server",
                          far.address, "--rate", 1000, "--seconds",
                          self.short)
                ours.append(self.keep("against_sipp", r)["cpu_us_per_call"])
                theirs.append(self.keep(
                    "sipp_us_per_call",
                    self.sipp(far.address, 1000, self.short)))
                ratios.append(ours[-1] / theirs[-1])
        self.row("c", "CPU per call at 1,000/s, us", "", spread(ours), None)
        self.row("c", "sipp uac, us", "", spread(theirs), None)
        self.row("c", "ratio", "<= 2.5", spread(ratios, "{:.2f}"),
                 median(ratios) <= 2.5)

    # d: held calls ----------------------------------------------------------

    def d(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        held = min(10000, (hard - 400) // 2)
        us = {0: [], held: []}
        for _ in range(max(self.times, 3)):
            for base in us:
                with Far(self.release, "--no-media", "--inactive") as far:
                    r = bench(self.release, "bench_calls", "--server",
                              far.address, "--rate", 500, "--seconds",
                              self.short, "--base", base, "--base-rate",
                              2000)
                us[base].append(self.keep("held", r)["loop_us_per_call"])
        growth = (median(us[held]) / median(us[0]) - 1) * 100
        self.row("d", f"loop CPU per call, 0 to {held:,} held, growth %",
                 "<= 10", f"{growth:+.1f} ({median(us[0]):.0f} to "
                 f"{median(us[held]):.0f} us)", growth <= 10)

    # e, f: media -------------------------------------------------------------

    def media(self, calls, *how):
        """A media thread and as many calls; with real-time priority where
        that is allowed."""
        return [self.keep("media", bench(self.release, "bench_media", calls,
                                         self.short, "fifo", *how,
                                         pin=False))
                for _ in range(self.times)]

    def e(self):
        for calls, how in ((500, ()), (1000, ()), (2500, ()),
                           (2500, ("ear",))):
            runs = self.media(calls, *how)
            target = bool(how)
            what = " that are listened to" if how else ""
            self.row("e", f"media thread, {calls:,} calls{what}, % of a core",
                     "<= 85" if target else "",
                     spread([r["cpu_percent"] for r in runs]),
                     median([r["cpu_percent"] for r in runs]) <= 85
                     if target else None)
        late = [r["late_p99_ms_below"] for r in runs]
        due = [r["sent_to_due"] * 100 for r in runs]
        self.row("e", "its lateness p99, below ms", "< 5",
                 spread(late, "{:.0f}"), median(late) <= 5)
        self.row("e", "its packets sent of those due, %", "> 99.9",
                 spread(due, "{:.3f}"), median(due) > 99.9)
        self.full(200 if self.args.quick else 1000)
        self.peers()

    def prompt(self, seconds):
        """8 kHz mono, a 1 kHz square wave."""
        path = os.path.join(self.work, f"prompt-{seconds}.wav")
        samples = (b"\x40\x1f" * 4 + b"\xc0\xe0" * 4) * (seconds * 1000)
        n = len(samples)
        head = (b"RIFF" + (36 + n).to_bytes(4, "little") + b"WAVEfmt " +
                (16).to_bytes(4, "little") + (1).to_bytes(2, "little") +
                (1).to_bytes(2, "little") + (8000).to_bytes(4, "little") +
                (16000).to_bytes(4, "little") + (2).to_bytes(2, "little") +
                (16).to_bytes(2, "little") + b"data" + n.to_bytes(4, "little"))
        with open(path, "wb") as f:
            f.write(head + samples)
        return path

    def full(self, calls):
        """Real calls with a prompt, all of the library."""
        with Far(self.release) as far:
            r = bench(self.release, "bench_calls", "--server", far.address,
                      "--rate", 1, "--seconds", self.short, "--base", calls,
                      "--base-rate", 100, "--option",
                      f"call.play={self.prompt(240)}")
        self.keep("full_stack", r)
        self.row("e", f"whole process, {calls:,} calls, % of a core", "",
                 f"{r['cpu_percent']:.1f}", None)
        # a short one: what all calls share is not theirs
        with Far(self.release) as far:
            r = bench(self.release, "bench_calls", "--server", far.address,
                      "--rate", 1, "--seconds", 3, "--base", calls,
                      "--base-rate", 200, "--option",
                      f"call.play={self.prompt(10)}")
        self.row("f", "memory per call with media, KiB", "<= 24",
                 f"{r['base_rss_kb_per_call']:.1f}",
                 r["base_rss_kb_per_call"] <= 24)

    def ours(self, calls, prompt):
        """% of a core of a call with a prompt, all of the library."""
        with Far(self.release) as far:
            r = bench(self.release, "bench_calls", "--server", far.address,
                      "--rate", 1, "--seconds", self.short, "--base", calls,
                      "--base-rate", 100, "--option", f"call.play={prompt}")
        return r["cpu_percent"] / calls

    def peers(self):
        """As many calls by others and by us, in turn."""
        prompt = self.prompt(240)
        others = {
            # calls, target, how
            "pjsua": (bench_peers.pjsua_calls(), 2,
                      lambda far, n: bench_peers.pjsua(
                          far, OURS, prompt, n, self.short, self.work)),
            "baresip": (16, 10, lambda far, n: bench_peers.baresip(
                far, OURS, prompt, n, self.short, self.work)),
            "sipp": (200, None, lambda far, n: bench_peers.sipp(
                far, OURS, prompt, n, self.short, self.work)),
        }
        many, mine = [], {name: [] for name in others}
        theirs = {name: [] for name in others}
        for _ in range(self.times):
            many.append(self.keep("ours_at_1000_percent",
                                  self.ours(1000, prompt)))
            for name, (calls, _, run) in list(others.items()):
                try:
                    with Far(self.release) as far:
                        percent = run(far, calls)
                except RuntimeError as why:
                    self.row("e", f"against {name}", "", str(why), None)
                    del others[name]
                    continue
                theirs[name].append(self.keep(f"{name}_percent_per_call",
                                              percent))
                mine[name].append(self.keep(f"ours_at_{calls}_percent",
                                            self.ours(calls, prompt)))
                # a call that sends nothing costs nothing
                self.keep(f"{name}_packets", far.stats.get("rtp_rx"))
        self.row("e", "by us, 1,000 calls with a prompt, % a call", "",
                 spread(many, "{:.4f}"), None)
        for name, (calls, target, _) in others.items():
            ratios = [t / m for t, m in zip(theirs[name], many)]
            self.row("e", f"{name}, {calls} calls with a prompt, % a call",
                     "", spread(theirs[name], "{:.4f}"), None)
            self.row("e", f"by us, {calls} calls", "",
                     spread(mine[name], "{:.4f}"), None)
            self.row("e", "ratio of calls a core, at 1,000 of ours",
                     f">= {target}" if target else "",
                     spread(ratios), median(ratios) >= target
                     if target else None)

    # g: events ---------------------------------------------------------------

    def g(self):
        r = self.keep("events", bench(self.release, "bench_events",
                                      pin=False))
        self.row("g", "events/s through the queue", ">= 1,000,000",
                 f"{r['median_per_s']:,} ({r['min_per_s']:,}-"
                 f"{r['max_per_s']:,})", r["median_per_s"] >= 1000000)

    # h: import -----------------------------------------------------------------

    def h(self):
        runs = [self.keep("import", bench(
            self.release, "bench_campaign", "--dir", self.args.dir,
            "--contacts", 1000000, pin=False)) for _ in range(self.times)]
        small = self.keep("import_small", bench(
            self.release, "bench_campaign", "--dir", self.args.dir,
            "--contacts", 200000, pin=False))
        s = [r["import_s"] for r in runs]
        self.row("h", "1,000,000 contacts imported, s", "<= 4",
                 spread(s, "{:.2f}"), median(s) <= 4)
        peak = median([r["import_rss_kb"][2] for r in runs]) / 1024
        flat = small["import_rss_kb"][2] / 1024
        self.row("h", "its largest RSS, MiB (of 200,000)", "flat",
                 f"{peak:.0f} ({flat:.0f})", peak <= flat * 1.25)

    # i: due contacts ------------------------------------------------------------

    def i(self):
        rows = 1000000 if self.args.quick else 10000000
        where = os.path.join(self.args.dir, f"bench-store-{os.getpid()}")
        os.makedirs(where)
        try:
            r = self.keep("store", bench(self.release, "bench_store", rows,
                                         where, pin=False))
        finally:
            shutil.rmtree(where)
        p99 = next(v for k, v in r.items()
                   if k.startswith("due_") and k.endswith("p99_us"))
        self.row("i", f"due query at {rows:,} contacts, p99 us",
                 "<= 1,000", f"{p99:,}", p99 <= 1000)

    # j: answer to sound -----------------------------------------------------------

    def j(self):
        for rate in (50, 200):
            runs = [self.keep("answer", bench(
                self.release, "bench_answer", rate, self.short, pin=False,
                cwd=self.work)) for _ in range(self.times)]
            p99 = [r["p99_ms"] for r in runs]
            self.row("j", "answer to first sound, "
                     f"{runs[0]['at_once']:.0f} calls up, p99 ms", "<= 20",
                     spread(p99), median(p99) <= 20)

    # k: audio of the host -----------------------------------------------------

    def k(self):
        for calls, rate in ((500, 8000), (1000, 8000), (500, 16000)):
            runs = []
            for _ in range(self.times):
                with Far(self.release) as far:
                    runs.append(self.keep("audio", bench(
                        self.release, "bench_audio", far.address, calls,
                        self.short, rate)))
            what = f"audio through the host, {calls:,} calls, {rate:,} Hz"
            self.row("k", f"{what}, % of a core", "",
                     spread([r["cpu_percent"] for r in runs]), None)
            self.row("k", "its lateness p99, below ms", "",
                     spread([r["late_p99_ms_below"] for r in runs],
                            "{:.0f}"), None)
            self.row("k", "its audio lost, ms of a call and s", "0",
                     spread([r["lost_ms"] / calls / r["seconds"]
                             for r in runs], "{:.3f}"),
                     median([r["lost_ms"] for r in runs]) == 0)

    # l: events into a host --------------------------------------------------

    def l(self):  # noqa: E743
        tests = os.path.join(ROOT, "tests", "bench")
        addon = f"{self.release}/bindings/node/sipdialer.node"
        env = dict(os.environ, SIPDIALER_NODE_ADDON=addon,
                   SIPDIALER_LIBRARY=f"{self.release}/lib/libsipdialer.so.0")
        hosts = {"C": [f"{self.release}/tests/bench/bench_host"],
                 "Python": [sys.executable, f"{tests}/bench_python.py"]}
        if os.path.exists(addon):
            hosts["Node"] = ["node", f"{tests}/bench_node.mjs"]
        runs = {}
        for _ in range(self.times):
            with Far(self.release, "--no-media") as far:
                for host, command in hosts.items():
                    done = subprocess.run(
                        [*command, far.address, str(2000 * self.short)],
                        stdout=subprocess.PIPE, text=True, env=env,
                        timeout=300, check=True)
                    r = self.keep("host", json.loads(done.stdout))
                    for way, got in r.items():
                        if isinstance(got, dict):
                            runs.setdefault((host, way), []).append(got)
        for (host, way), got in runs.items():
            self.row("l", f"events/s into {host}, {way}", "",
                     spread([r["events_per_s"] for r in got], "{:,.0f}"),
                     None)
            self.row("l", "its CPU an event, us", "",
                     spread([r["cpu_us_per_event"] for r in got], "{:.2f}"),
                     None)

    # m: floods ----------------------------------------------------------------

    def m(self):
        folder = os.path.join(ROOT, "tests", "flow", "hostile")
        out = subprocess.run(
            [sys.executable, os.path.join(folder, "flood.py"), "bench",
             f"{self.release}/tests/phonenet/sipdialer-phonenet", "200",
             "10000", "3" if self.args.quick else "5", str(self.times)],
            env={**os.environ, "SIPDIALER_HOSTILE":
                 f"{self.release}/tests/flow/hostile/hostile_engine"},
            stdout=subprocess.PIPE, text=True, check=True,
            timeout=600).stdout
        r = self.keep("flood", json.loads(out))
        for name, f in r.items():
            if not isinstance(f, dict):
                continue
            target = "> 99.9" if "answers" in f else ""
            self.row("m", f"packets on time, 200 calls; {name}, %", target,
                     f"{f['below_20ms']:.3f} (lowest {f['lowest']:.3f}; CPU "
                     f"{f['cpu_percent']:.0f} %)",
                     f["below_20ms"] > 99.9 if target else None)

    # r: recordings -------------------------------------------------------------

    def r(self):
        for kind in ("mono", "stereo"):
            runs = [self.keep("record", bench(
                self.release, "bench_record", 1000, self.short, kind,
                self.args.dir, pin=False)) for _ in range(self.times)]
            runs = [(r["without"], r["with"]) for r in runs]
            self.row("r", f"1,000 calls recorded, {kind}: frames lost", "0",
                     spread([b["lost_frames"] for _, b in runs], "{:.0f}"),
                     not any(b["lost_frames"] for _, b in runs))
            self.row("r", "media thread's lateness, p99, ms", "< 5",
                     "below " + spread([b["late_p99_ms_below"]
                                        for _, b in runs], "{:.0f}"),
                     median([b["late_p99_ms_below"] for _, b in runs]) <= 5)
            self.row("r", "share of a core: media, store thread, %", "",
                     spread([b["media_cpu_percent"] for _, b in runs]) +
                     ", " +
                     spread([b["store_cpu_percent"] for _, b in runs]), None)
            self.row("r", "written, MB/s", "",
                     spread([b["disk_bytes_per_s"] / 1e6
                             for _, b in runs]), None)
            self.row("r", "200 results/s stored meanwhile, p99, ms", "",
                     spread([b["store_p99_ms"] for _, b in runs]) +
                     "; without " +
                     spread([a["store_p99_ms"] for a, _ in runs]), None)

    # p: what is heard of a call -----------------------------------------------

    def p(self):
        runs = [self.keep("detect", bench(self.release, "bench_detect"))
                for _ in range(self.times)]
        us = [r["ear_us"] for r in runs]
        self.row("p", "listening to a call, us a frame", "<= 2.5",
                 spread(us, "{:.2f}"), median(us) <= 2.5)
        us = [r["voice_us"] for r in runs]
        self.row("p", "of it, speech", "<= 5", spread(us, "{:.2f}"),
                 median(us) <= 5)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="a,b,c,d,e,g,h,i,j,k,l,m,r,p",
                        help="letters; f comes with e")
    parser.add_argument("--seconds", type=int, default=45,
                        help="of a run for calls a second (45)")
    parser.add_argument("--json", help="file for all figures")
    parser.add_argument("--build-dir", help="keep the builds there")
    parser.add_argument("--dir", help="for databases: a directory on the disk "
                        "to measure (default: a new one here)")
    args = parser.parse_args()
    args.only = [x for x in args.only.split(",") if x]

    if len(CORES) < 2:
        print("one core only: the far end shares it, figures are low",
              file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="sipdialer-bench-") as work, \
            tempfile.TemporaryDirectory(prefix="bench-", dir=args.dir or
                                        os.getcwd()) as disk:
        args.dir = disk
        b = Bench(args, work)
        failed = False
        for part in args.only:
            try:
                getattr(b, part)()
            except (subprocess.SubprocessError, RuntimeError, OSError) as e:
                print(f"{part}  could not measure: {e}", file=sys.stderr)
                failed = True
        result = {
            "date": time.strftime("%Y-%m-%d"), "cores": len(CORES),
            "load": os.getloadavg(),
            "table": [dict(zip(("part", "what", "target", "measured", "met"),
                               r)) for r in b.rows],
            "figures": b.figures,
        }
        text = json.dumps(result)
        if args.json:
            with open(args.json, "w", encoding="utf-8") as f:
                f.write(text + "\n")
        else:
            print(text)

    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
