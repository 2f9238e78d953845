#!/usr/bin/env python3
"""The C sources are as clang-format leaves them (scripts/format.sh does it)."""
import re
import shutil
import subprocess
import sys

import tree

FOLDERS = {'lib', 'include', 'examples', 'tests', 'bindings'}


def main():
    top = tree.root()
    tool = shutil.which('clang-format')
    if not tool:
        print('skipped: clang-format is not installed')
        sys.exit(77)
    paths = tree.files(top, ('.c', '.h'), FOLDERS)
    # one process: most of the time of a small file is the start of the tool
    done = subprocess.run([tool, '--style=file', '--dry-run', '-Werror', *paths], cwd=top, capture_output=True)
    found = re.findall(r'^(\S+?:\d+):\d+: error: code should be clang-formatted', done.stderr.decode(), re.M)
    first = {}
    for place in found:
        first.setdefault(place.split(':')[0], place)
    problems = [place + ': run scripts/format.sh' for place in first.values()]
    if done.returncode and not problems:
        problems = [done.stderr.decode()]
    tree.finish(f'format of {len(paths)} files', problems)


main()
