#!/usr/bin/env python3
"""Does make-docs.py see each missing part of a comment, and leave nothing of
the header out?

usage: test_make_docs.py MAKE_DOCS HEADER
"""
import importlib.util
import re
import sys


def load(path):
    spec = importlib.util.spec_from_file_location('make_docs', path)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


# What is taken out of the header, and what must be said about it.
BREAKS = [
    ('@param repeat times to play, 1 to 1,000,000',
     'sipdialer_call_play: no @param repeat'),
    (' * Thread: any.   Since: 0.1\n */\nSIPDIALER_API int sipdialer_fd(',
     'sipdialer_fd: no Thread:'),
    (' * Events: none.   Thread: any.   Since: 0.1\n */\n'
     'SIPDIALER_API int sipdialer_set(', 'sipdialer_set: no Events:'),
    (' * @return descriptor, or a negative enum sipdialer_error\n',
     'sipdialer_fd: no @return'),
    (' * Read an option as text.  Secrets read as "***" when set.\n',
     'sipdialer_get: does not say what it does'),
    ('/**< Done, or queued                        */',
     'sipdialer_error: SIPDIALER_OK has no comment'),
    ('/**< Campaign id, 0 if none                     */',
     'sipdialer_event: campaign has no comment'),
]


def left_out(header, page):
    """Names of the header that the page lacks: read here without a parser, so
    that what make-docs.py overlooks is seen."""
    bare = re.sub(r'/\*.*?\*/', '', header, flags=re.S)
    functions = re.findall(r'\b(sipdialer_\w+)\(', bare)
    types = re.findall(r'^(?:enum|struct) sipdialer_\w+(?= \{)', bare, re.M)
    event = re.search(r'struct sipdialer_event \{(.*?)\n\};', bare, re.S)
    rows = re.findall(r'\b(SIPDIALER_\w+)\s*=', bare) + \
        re.findall(r'(\w+);', event.group(1))
    if len(functions) < 40 or len(types) < 8 or len(rows) < 80:
        return ['the header cannot be read any more']
    lines = set(page.splitlines())
    return [name for name in functions + types
            if f'### `{name}`' not in lines or
            f'](#{name.replace(" ", "-")})' not in page] + \
        [name for name in rows if f'\n| `{name}` | ' not in page]


def main():
    make_docs = load(sys.argv[1])
    with open(sys.argv[2], encoding='utf-8') as file:
        header = file.read()
    lacking = left_out(header, make_docs.api_markdown(header))
    for name in lacking:
        print(f'not ok: {name} is not in docs/api.md')

    failed = len(lacking)
    for text, want in BREAKS:
        if text not in header:
            print(f'not ok: the header no longer has {text!r}')
            failed += 1
            continue
        keep = text[text.index('SIPDIALER_API') - 4:] \
            if 'SIPDIALER_API' in text else ''
        try:
            make_docs.api_markdown(header.replace(text, keep, 1))
            got = 'nothing missed'
        except make_docs.Missing as error:
            got = str(error)
        if got != want:
            print(f'not ok: wanted {want!r}, got {got!r}')
            failed += 1
    print(f'{len(BREAKS) + len(lacking) - failed} of {len(BREAKS)} gaps seen')
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
