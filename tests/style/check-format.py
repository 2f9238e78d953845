#!/usr/bin/env python3
"""The C sources are as clang-format leaves them (scripts/format.sh does it)."""
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
    problems = []
    for path in paths:
        done = subprocess.run([tool, '--style=file', path], cwd=top, capture_output=True, check=True)
        formatted = done.stdout.decode().splitlines()
        lines = tree.read(top, path).splitlines()
        if formatted != lines:
            first = next((i for i, (a, b) in enumerate(zip(lines, formatted)) if a != b),
                         min(len(lines), len(formatted)))
            problems.append(f'{path}:{first + 1}: run scripts/format.sh')
    tree.finish(f'format of {len(paths)} files', problems)


main()
