#!/usr/bin/env python3
"""Make bindings/node/types/generated.d.ts: the options and the words of the library.

usage: make-node-types.py [--check] SOURCE_ROOT LIBRARY

LIBRARY is the built libsipdialer.so; its option table and its words become TypeScript.  --check writes
nothing and fails if the file differs from what would be written.
"""
import argparse
import ctypes
import json
import pathlib
import sys

PATH = 'bindings/node/types/generated.d.ts'
HEAD = '''// Made by scripts/make-node-types.py from the option table and the words of the library.
// Change those, not this file.
'''
SCOPES = (
    ('DialerOptions', 'engine', 'Options of a dialer: `new Dialer(options)`, `dialer.set()`.'),
    ('CallOptions', 'call', 'Options of one call.'),
    ('AccountOptions', 'account', 'Options of one account.'),
    ('CampaignOptions', 'campaign', 'Options of one campaign, kept in the store.'),
    ('ImportOptions', 'import', 'Options of one contact file.'),
)
WORDS = (
    ('EventName', 'sipdialer_event_name', 1, 'Kinds of events.'),
    ('Disposition', 'sipdialer_disposition_name', 0, 'How a call came out.'),
    ('AmdVerdict', 'sipdialer_amd_name', 0, 'Who answered, as heard.'),
    ('CampaignStatus', 'sipdialer_campaign_status_name', 0, 'State of a campaign.'),
    ('RegistrationStatus', 'sipdialer_registration_name', 0, 'Registration at the SIP server.'),
)
GAP = 64  # numbers of events have gaps, none as long as this


def library(path):
    lib = ctypes.CDLL(path)
    lib.sipdialer_option_json.restype = ctypes.c_char_p
    lib.sipdialer_option_json.argtypes = [ctypes.c_size_t]
    for name in [w[1] for w in WORDS] + ['sipdialer_strerror']:
        getattr(lib, name).restype = ctypes.c_char_p
    return lib


def options(lib):
    found = []
    while True:
        text = lib.sipdialer_option_json(len(found))
        if text is None:
            return found
        found.append(json.loads(text.decode()))


def words(lib, function, first, step=1):
    """The words of a table, over its gaps, without "?"."""
    found, number, missed = [], first, 0
    while missed < GAP:
        word = getattr(lib, function)(number).decode()
        missed = missed + 1 if word == '?' else 0
        if word != '?':
            found.append(word)
        number += step
    return found


def union(names):
    return ' | '.join(f"'{n}'" for n in names)


def type_of(option):
    kind = option['type']
    if kind == 'enum':
        # JavaScript has numbers and truth values for such words
        more = [w for w in option['words'] if w.isdigit()]
        more += ['boolean'] if {'yes', 'no'} <= set(option['words']) else []
        return ' | '.join([union(option['words'])] + more)
    if kind == 'list':
        one = union(option['words']) if option.get('words') else 'string'
        return f'string | readonly ({one})[]'
    return {
        'bool': "boolean | 'yes' | 'no'",
        'int': 'number | bigint | `${number}`',
        'num': 'number | `${number}`',
        'lines': 'string | readonly string[]',
    }.get(kind, 'string')


def comment(option):
    parts = [option['doc'].rstrip('.') + '.']
    if 'min' in option:
        unit = f" {option['unit']}" if option['unit'] else ''
        parts.append(f"{option['min']:g} to {option['max']:g}{unit}."
                     if isinstance(option['max'], float) else
                     f"{option['min']:,} to {option['max']:,}{unit}.")
    if option['default']:
        parts.append(f"Default: {option['default']}.")
    if not option['built_in']:
        parts.append('Not yet: only the default.')
    elif option.get('later'):
        parts.append(f"Not yet: {', '.join(option['later'])}.")
    return ' '.join(parts).replace('*/', '* /')


def interface(name, scope, text, table):
    lines = [f'/** {text} */', f'export interface {name} {{']
    for option in table:
        if scope in option['scope']:
            lines += [f'  /** {comment(option)} */', f"  '{option['name']}'?: {type_of(option)} | null"]
    return '\n'.join(lines + ['}', ''])


def union_type(name, text, names):
    body = ''.join(f"\n  | '{n}'" for n in names)
    return f'/** {text} */\nexport type {name} ={body}\n'


def make(lib):
    table = options(lib)
    parts = [HEAD] + [interface(*scope, table) for scope in SCOPES]
    parts += [union_type(name, text, words(lib, function, first))
              for name, function, first, text in WORDS]
    parts.append(union_type('ErrorCode', 'Errors of the library.',
                            words(lib, 'sipdialer_strerror', -1, -1)))
    return '\n'.join(parts)


def main():
    args = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    args.add_argument('--check', action='store_true')
    args.add_argument('source_root', type=pathlib.Path)
    args.add_argument('library')
    given = args.parse_args()
    path, made = given.source_root / PATH, make(library(given.library))
    if given.check:
        if not path.exists() or path.read_text(encoding='utf-8') != made:
            sys.exit(f'{PATH} is not current: run scripts/make-node-types.py . LIBRARY')
        print(f'{PATH}: current')
        return
    path.parent.mkdir(exist_ok=True)
    path.write_text(made, encoding='utf-8')


main()
