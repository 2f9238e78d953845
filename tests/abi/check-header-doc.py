#!/usr/bin/env python3
"""The header is its own manual: at least 60 % comment, and each function says from which thread
it may be called and since when.  "Else as f()" points to another function's text.

check-header-doc.py SOURCE_ROOT
"""
import os
import re
import sys

COMMENT_MIN = 60  # per cent of the lines that are not empty
FUNCTION = re.compile(r'/\*\*((?:(?!\*/).)*)\*/\s*SIPDIALER_API\b[^;]*?\b(sipdialer_\w+)\s*\(', re.S)
ALL = re.compile(r'^SIPDIALER_API\b[^;]*?\b(sipdialer_\w+)\s*\(', re.M)
ELSE_AS = re.compile(r'[Ee]lse\s+(?:\*\s+)?as\s+(?:\*\s+)?(sipdialer_\w+)')


def share(text):
    """Per cent of non-empty lines that are, or carry, a comment."""
    lines = comment = 0
    inside = False
    for line in text.splitlines():
        if not line.strip():
            continue
        lines += 1
        if inside or '/*' in line:
            comment += 1
            inside = '*/' not in line.rsplit('/*', 1)[-1]
    return 100 * comment / lines


def main():
    with open(os.path.join(sys.argv[1], 'include/sipdialer/sipdialer.h'), encoding='utf-8') as f:
        text = f.read()
    problems = []
    documented = {name: doc for doc, name in FUNCTION.findall(text)}
    names = ALL.findall(text)
    for name in names:
        doc = documented.get(name)
        if doc is None:
            problems.append(f'{name}: no doc comment')
            continue
        other = ELSE_AS.search(doc)
        if other and other.group(1) not in names:
            problems.append(f'{name}: "else as" names no function: {other.group(1)}')
        for part in ('Thread:', 'Since:'):
            if part not in doc and not other:
                problems.append(f'{name}: no "{part}"')
    per_cent = share(text)
    if per_cent < COMMENT_MIN:
        problems.append(f'{per_cent:.0f} % comment, at least {COMMENT_MIN} wanted')
    print('\n'.join(problems + [f'header: {len(names)} functions, {per_cent:.0f} % comment']))
    sys.exit(1 if problems or not names else 0)


main()
