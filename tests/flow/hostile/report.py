#!/usr/bin/env python3
"""Writes the table of docs/hostile.md: report.py, with SIPDIALER_HOSTILE set.

Runs every part of replay.py and puts what was seen between the two marks.
"""
import json
import os
import subprocess
import sys
import tempfile

import hostile
import replay
import verdict

PAGE = os.path.join(hostile.HERE, "..", "..", "..", "docs", "hostile.md")
BEGIN, END = "<!-- table: tests/flow/hostile/report.py -->", "<!-- end -->"


def rows_of(part, folder):
    status = subprocess.run(
        [sys.executable, os.path.join(hostile.HERE, "replay.py"), part],
        env={**os.environ, "SIPDIALER_HOSTILE_RESULTS": folder},
        stdout=subprocess.DEVNULL, check=False).returncode
    if status == hostile.flow.SKIPPED:
        sys.exit("no corpus: see SIPDIALER_CORPUS")
    with open(os.path.join(folder, part + ".json"), encoding="utf-8") as f:
        got = json.load(f)
    return got["rows"], len(got["wrong"])


def main():
    lines = ["| files | thrown as | what came of it |", "| --- | --- | --- |"]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for part in replay.PARTS:
            rows, bad = rows_of(part, folder)
            wrong += bad
            for _, name, how, words in rows:
                lines.append("| `%s` | %s | %s |" % (
                    name, ", ".join(w for w in (part, how) if w), ", ".join(
                        "%d %s" % (n, w) for w, n in sorted(words.items()))))
    lines.append("")
    lines.append("Not as the manifest says, and not among the %d of "
                 "`verdict.py`: %d." % (len(verdict.KNOWN), wrong))
    with open(PAGE, encoding="utf-8") as f:
        text = f.read()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + tail)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
