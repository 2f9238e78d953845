#!/usr/bin/env python3
"""What the library exports is what its header declares, and nothing else.

check-symbols.py LIBRARY SOURCE_ROOT
"""
import os
import re
import subprocess
import sys

COMMENT = re.compile(r'/\*.*?\*/', re.S)
DECLARED = re.compile(r'\bSIPDIALER_API\b[^;{]*?\b(sipdialer_\w+)\s*\(')


def declared(root):
    with open(os.path.join(root, 'include/sipdialer/sipdialer.h'), encoding='utf-8') as f:
        return set(DECLARED.findall(COMMENT.sub('', f.read())))


def nodes(root):
    """Names of version nodes: nm lists them as absolute symbols."""
    with open(os.path.join(root, 'lib/sipdialer.map'), encoding='utf-8') as f:
        return set(re.findall(r'^(\w+)\s*\{', f.read(), re.M))


def exported(library):
    out = subprocess.run(['nm', '-D', '--defined-only', library], capture_output=True, check=True,
                         text=True).stdout
    return {line.split()[-1].split('@')[0] for line in out.splitlines() if line.strip()}


def main():
    library, root = sys.argv[1], sys.argv[2]
    want, have = declared(root), exported(library) - nodes(root)
    for name in sorted(want - have):
        print(f'declared, but not exported: {name}')
    for name in sorted(have - want):
        print(f'exported, but not declared: {name}')
    print(f'symbols: {len(want)} declared, {len(have)} exported')
    sys.exit(1 if want != have or not want else 0)


main()
