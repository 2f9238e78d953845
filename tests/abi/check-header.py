#!/usr/bin/env python3
"""The header compiles alone, as C11, C17, C++11, C++17 and C++20, without a warning.

check-header.py SOURCE_ROOT BUILD_ROOT
"""
import os
import shutil
import subprocess
import sys
import tempfile

WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Werror']
TEXT = '''#include <sipdialer/sipdialer.h>
#include <sipdialer/sipdialer.h>
int use(void);
int use(void) { return sipdialer_version() == NULL ? SIPDIALER_EINVAL : SIPDIALER_OK; }
'''


def compiles(command, standard, suffix, includes):
    """None if all is well, else what the compiler said."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'header' + suffix)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(TEXT)
        extra = ['-Wstrict-prototypes'] if suffix == '.c' else []
        done = subprocess.run(command.split() + [f'-std={standard}', *WARNINGS, *extra, *includes,
                                                 '-c', path, '-o', os.path.join(folder, 'header.o')],
                              capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else None


def main():
    root, build = sys.argv[1], sys.argv[2]
    includes = ['-I', os.path.join(root, 'include'), '-I', os.path.join(build, 'include')]
    failed = False
    for command, standard, suffix in ((os.environ.get('CC', 'cc'), 'c11', '.c'),
                                      (os.environ.get('CC', 'cc'), 'c17', '.c'),
                                      (os.environ.get('CXX', 'c++'), 'c++11', '.cpp'),
                                      (os.environ.get('CXX', 'c++'), 'c++17', '.cpp'),
                                      (os.environ.get('CXX', 'c++'), 'c++20', '.cpp')):
        if not shutil.which(command.split()[0]):
            print(f'{standard}: skipped, no {command}')
            continue
        said = compiles(command, standard, suffix, includes)
        print(f'{standard}: {"failed" if said else "good"}')
        if said:
            print(said)
            failed = True
    sys.exit(1 if failed else 0)


main()
