"""The files that the style checks look at: what git knows, or all there is."""
import os
import subprocess
import sys

SKIPPED = {'.git', 'node_modules', '__pycache__'}


def root():
    """Top of the source tree: the argument, or two folders up."""
    if len(sys.argv) > 1:
        return os.path.abspath(sys.argv[1])
    return os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))


def _walk(top):
    for folder, folders, names in os.walk(top):
        folders[:] = [f for f in folders if f not in SKIPPED and not f.startswith('build')]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), top)


def files(top, suffixes=None, folders=None):
    """Sorted paths below top, with these suffixes, in these folders."""
    command = ['git', '-C', top, 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
    try:
        out = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        paths = [p for p in out.split('\0') if p]
    except (OSError, subprocess.CalledProcessError):
        paths = list(_walk(top))
    return sorted(p for p in set(paths)
                  if (not suffixes or p.endswith(suffixes))
                  and (not folders or p.split('/')[0] in folders)
                  and os.path.isfile(os.path.join(top, p)))


def read(top, path):
    with open(os.path.join(top, path), encoding='utf-8', errors='replace') as f:
        return f.read()


def finish(what, problems):
    """Print what was found and leave with the exit status of a test."""
    for problem in problems:
        print(problem)
    print(f'{what}: {len(problems)} problem(s)' if problems else f'{what}: good')
    sys.exit(1 if problems else 0)
