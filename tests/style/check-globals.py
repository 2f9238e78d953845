#!/usr/bin/env python3
"""No writable globals in the library: what is not const is thread-local, or stands here with its
reason.

check-globals.py SOURCE_ROOT LIBRARY.a
"""
import os
import re
import shutil
import subprocess
import sys

import tree

# (file of the archive, name): why it may be
ALLOWED = {
    ('api_options_table.c.o', 'json'): 'the JSON of the options, written once by pthread_once()',
    ('api_options_table.c.o', 'json_once'): 'its pthread_once_t',
    ('port_sip_transport_tls.c.o', 'index_all'): 'of OpenSSL, which takes one of a process and gives it back to none',
    ('port_sip_transport_tls.c.o', 'once'): 'its pthread_once_t',
}
# Sanitizers keep their own notes beside the program.
NOT_OURS = re.compile(r'^(__asan|__odr_asan|__ubsan|__sanitizer|__tsan|__gcov|\.L)')


def symbols(tool, archive):
    """(object, name, section) of each datum that is defined."""
    done = subprocess.run([tool, '--format=sysv', '--defined-only', archive],
                          capture_output=True, check=True, text=True)
    file = ''
    for line in done.stdout.splitlines():
        head = re.search(r'\[([^\]]+\.o)\]', line)
        if head:
            file = os.path.basename(head.group(1))
        columns = [c.strip() for c in line.split('|')]
        if len(columns) == 7:
            yield file, columns[0], columns[6]


def writable(section):
    """.data and .bss; not .data.rel.ro, which is const after relocation, nor .tbss, of a thread."""
    return section.startswith(('.data', '.bss', '*COM*', 'COMMON')) and not section.startswith('.data.rel.ro')


def main():
    tool = shutil.which('nm')
    if not tool:
        print('skipped: nm is not installed')
        sys.exit(77)
    total, problems, seen = 0, [], set()
    for file, name, section in symbols(tool, sys.argv[2]):
        total += 1
        # a static of a function is "name.0"
        plain = re.sub(r'\.\d+$', '', name)
        if not writable(section) or NOT_OURS.search(name):
            continue
        if (file, plain) in ALLOWED:
            seen.add((file, plain))
        else:
            problems.append(f'{file}: {plain} in {section}: a writable global')
    for gone in sorted(set(ALLOWED) - seen):
        problems.append(f'{gone[0]}: {gone[1]} is allowed, and not there')
    if not total:
        problems.append(f'{sys.argv[2]}: no symbols')
    tree.finish(f'globals among {total} symbols', problems)


main()
