#!/usr/bin/env python3
"""Make bindings/python/sipdialer/_options.py from the option table.

usage: make-python-options.py [--check] SOURCE_ROOT OPTION_LINES

OPTION_LINES is the program (tests/abi/docs/option_lines.c) that prints the
option table as JSON lines.  --check writes nothing and fails if the file
differs from what would be written.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import textwrap

WIDTH = 96

HEAD = '''"""Options as keyword arguments: made by scripts/make-python-options.py from the
table in lib/api/options_table.c; change it there.  An argument that is None is
not set.  Options of docs/options.md: `sip.server` is `sip_server=`.
"""
import os
from typing import TYPE_CHECKING, Any, Dict, Literal, Optional, Sequence, Union

from . import _words

if TYPE_CHECKING:
    from ._call import Call
    from ._campaign import Campaign
    from ._event import Event
    from ._slot import Pending

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
Text = Union[str, Sequence[str]]
'''

# class, its doc, methods: (scope, name, parameters, result, doc, body)
CLASSES = [
    ('DialerOptions', '''An engine: a SIP account or trunk, its calls and its campaigns.

    `with Dialer(sip_server="192.0.2.10", sip_user="1001") as dialer:` starts
    it and, at the end, hangs up every call, saves and frees; `async with` does
    so under asyncio.  Without `with`: start(), and close().''', [
        ('engine', '__init__', '', 'None', None, 'self._open({})'),
        ('call', 'call', 'to: str', '"Call"',
         'Dials a number, or a SIP URI.  Options set here are for this call only.',
         'return self._call(to, {})'),
        ('account', 'account_add', 'name: str', 'None',
         'Adds an account, a SIP stack of its own (docs/accounts.md), before or after\n'
         '        start(); calls go through it by call_account=.  Options as of Dialer.',
         'self._account_add(name, {})'),
        ('campaign', 'campaign', 'name: str', '"Pending[Campaign]"',
         'Makes a campaign, in state draft, in the store (store_path=).  Options as for\n'
         '        call(), and:',
         'return self._campaign(name, {})'),
    ]),
    ('CallOptions', None, [
        ('call', 'answer', '', 'None',
         'Answers an incoming call.  Options as for Dialer.call().',
         'self._answer({})'),
        ('call', 'early', '', 'None',
         'Audio before the answer of an incoming call: the event `call_early_media`\n'
         '        comes once it is heard.  Options as for Dialer.call().',
         'self._early({})'),
        ('call', 'accept_referral', '', '"Call"',
         'Calls whom the far end asked for by the event `call_referred`.  Options as\n'
         '        for Dialer.call().',
         'return self._accept_referral({})'),
    ]),
    ('CampaignOptions', None, [
        ('import', 'import_contacts', 'path: Path', '"Pending[Event]"',
         'Takes contacts from a CSV file (docs/csv.md).  The event `done` tells\n'
         '        how many: `count` taken, `failed` refused, `total` rows.',
         'return self._import(path, {})'),
    ]),
]

# What the class that has the options must bring along.
STUBS = {
    '_open': 'options_: Dict[str, Any]) -> None',
    '_call': 'to: str, options_: Dict[str, Any]) -> "Call"',
    '_account_add': 'name: str, options_: Dict[str, Any]) -> None',
    '_campaign': 'name: str, options_: Dict[str, Any]) -> "Pending[Campaign]"',
    '_answer': 'options: Dict[str, Any]) -> None',
    '_early': 'options: Dict[str, Any]) -> None',
    '_accept_referral': 'options: Dict[str, Any]) -> "Call"',
    '_import': 'path: Path, options: Dict[str, Any]) -> "Pending[Event]"',
}


def keyword(option):
    return option['name'].replace('.', '_', 1)


def alias(option):
    """SipTransport of sip.transport."""
    return ''.join(part.title() for part in keyword(option).split('_'))


def python_type(option):
    kind = option['type']
    if kind == 'enum':
        return alias(option)
    return {'path': 'Path', 'int': 'int', 'num': 'float', 'bool': 'bool', 'list': 'Text',
            'lines': 'Text'}.get(kind, 'str')


def aliases(options):
    """The words of an option; numbers as int, yes and no as bool, too."""
    for option in options:
        if option['type'] != 'enum':
            continue
        words = option['words']
        text = 'Literal[' + ', '.join(json.dumps(w) for w in words) + ']'
        if any(w.isdigit() for w in words):
            text = f'Union[int, {text}]'
        if 'yes' in words and 'no' in words:
            text = f'Union[bool, {text}]'
        if option['name'] == 'log.level':
            text = f'Union[_words.LogLevel, {text}]'
        yield f'{alias(option)} = {text}'


def limits(option):
    """What a value may be, in a few words."""
    out = [{'enum': 'word', 'num': 'number', 'int': 'int', 'string': 'str', 'secret': 'secret str',
            'lines': 'str or list', 'list': 'str or list'}.get(option['type'], option['type'])]
    if 'min' in option:
        unit = f' {option["unit"]}' if option.get('unit') else ''
        out.append(f'{option["min"]:,} to {option["max"]:,}{unit}')
    if option.get('default') not in (None, ''):
        out.append(f'default {option["default"]}')
    return ', '.join(out)


def doc_lines(options, indent):
    pad = ' ' * indent
    for option in options:
        text = f'{keyword(option)}: {limits(option)}. {option["doc"]}'
        # a backslash would be an escape
        text = text.replace('\\', '\\\\')
        yield from textwrap.wrap(text, WIDTH, initial_indent=pad, subsequent_indent=pad + '    ',
                                 break_on_hyphens=False)


def signature(name, first, options, result):
    head = f'    def {name}('
    pad = ' ' * len(head)
    items = ['self'] + ([first] if first else []) + ['*']
    items += [f'{keyword(o)}: Optional[{python_type(o)}] = None' for o in options]
    lines, line = [], head
    for i, item in enumerate(items):
        piece = item + (',' if i < len(items) - 1 else f') -> {result}:')
        if len(line) + len(piece) > WIDTH and line.strip() != head.strip():
            lines.append(line.rstrip())
            line = pad
        line += piece + ' '
    return lines + [line.rstrip()]


def method(options, spec):
    scope, name, first, result, doc, body = spec
    mine = [o for o in options if scope in o['scope']]
    out = signature(name, first, mine, result)
    # those of one call are told there
    told = [o for o in mine if scope != 'campaign' or 'call' not in o['scope']]
    # too many to tell them again
    if doc and (scope == 'account' or 'as for Dialer.call()' in ' '.join(doc.split())):
        out += [f'        """{doc}"""']
    elif doc:
        out += [f'        """{doc}', ''] + list(doc_lines(told, 8)) + ['        """']
    return out + ['        ' + body.format('locals()')]


def stub(body):
    name = body.split('self.')[1].split('(')[0]
    return [f'        def {name}(self, {STUBS[name]}: ...']


def make(options):
    out = [HEAD] + list(aliases(options)) + ['', '# name -> type']
    out += ['NAMES: Dict[str, str] = {']
    out += [f'    "{o["name"]}": "{o["type"]}",' for o in options] + ['}']
    for name, doc, methods in CLASSES:
        out += ['', '', f'class {name}:']
        if doc:
            out += [f'    """{doc}', '', '    Options:', '']
            out += list(doc_lines(options, 4)) + ['    """']
        else:
            out += ['    """Methods with options."""']
        out += ['', '    __slots__ = ()', '', '    if TYPE_CHECKING:']
        for spec in methods:
            out += stub(spec[5])
        for spec in methods:
            out += [''] + method(options, spec)
    return '\n'.join(out) + '\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--check', action='store_true')
    parser.add_argument('root', type=pathlib.Path)
    parser.add_argument('option_lines')
    args = parser.parse_args()
    lines = subprocess.run([args.option_lines], capture_output=True, check=True, text=True).stdout
    text = make([json.loads(line) for line in lines.splitlines()])
    path = args.root / 'bindings/python/sipdialer/_options.py'
    if not args.check:
        path.write_text(text, encoding='utf-8')
    elif not path.exists() or path.read_text(encoding='utf-8') != text:
        sys.exit(f'{path} is not current: run scripts/make-python-options.py')


main()
