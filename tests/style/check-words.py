#!/usr/bin/env python3
"""Words that do not belong in the sources: notes to self, paths of one machine, registries; in lib/
also functions that write without a limit, or start a shell."""
import re

import tree

BINARY = ('.wav', '.png', '.ico', '.gz', '.zip', '.db', '.bin')
# Spelled so that this file does not contain them.
RULES = [
    (re.compile(r'\b(TO' r'DO|FIX' r'ME|X' r'XX|HA' r'CK)\b'), 'a note to self'),
    (re.compile(r'(?<![\w.}$)*-])/(wor' r'k|hom' r'e|roo' r't)/'), 'a path of one machine'),
    (re.compile(r'(?<![\w.}$)*-])/tm' r'p/[\w.+-]+/'), 'a path of one machine'),
    (re.compile(r'\b(pypi\.' r'org|pythonhosted\.' r'org|npmjs\.' r'(org|com)|crates\.' r'io|'
                r'deb\.debian\.' r'org|proxy\.golang\.' r'org|rubygems\.' r'org|(gh' r'cr|quay|docker)\.io)\b'),
     'the host of a registry'),
]
# In lib/ only: snprintf(), memcpy() with a length that was checked, fgets(), no shell.
CALLS = re.compile(r'(?<![\w.>])(strcpy|stpcpy|strcat|sprintf|vsprintf|gets|system|popen)\s*\(')


def unlimited(path, line):
    """The call of lib/ that has no limit, or None."""
    found = CALLS.search(line) if path.startswith('lib/') and path.endswith(('.c', '.h')) else None
    return found and found.group(1)


def main():
    top = tree.root()
    problems = []
    paths = [p for p in tree.files(top) if not p.endswith(BINARY)]
    for path in paths:
        for number, line in enumerate(tree.read(top, path).splitlines(), 1):
            for rule, what in RULES:
                found = rule.search(line)
                if found:
                    problems.append(f'{path}:{number}: {found.group(0)}: {what}')
            call = unlimited(path, line)
            if call:
                problems.append(f'{path}:{number}: {call}(): no limit, or a shell')
    tree.finish(f'words of {len(paths)} files', problems)


main()
