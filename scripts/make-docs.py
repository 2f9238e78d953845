#!/usr/bin/env python3
"""Make docs/options.md from the option table and docs/api.md from the header.

usage: make-docs.py [--check] SOURCE_ROOT OPTION_LINES

OPTION_LINES is the program (tests/abi/docs/option_lines.c) that prints the
option table as JSON lines.  --check writes nothing and fails if a file differs
from what would be written.  Either way it fails on a public function whose
comment lacks a part: what it does, each parameter, its results, Events, Thread
and Since; and on an event that docs/events.md does not describe.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

# Parameters that mean the same everywhere and need no line of their own.
COMMON = {
    'd': 'engine',
    'call': 'call id',
    'campaign': 'campaign id',
    'request': '[out] request id; the DONE event of the request carries it',
    'options': 'NULL, or "name=value" strings ended by NULL',
    'number': 'number as a person writes it',
    'path': 'file, at most 4,095 bytes',
    'arg': 'given to the handler',
    'buf': '[out] text, terminated; may be NULL if size is 0',
    'size': 'bytes of buf',
    'error': 'enum sipdialer_error',
    'type': 'enum sipdialer_event_type',
    'disposition': 'enum sipdialer_disposition',
    'amd': 'enum sipdialer_amd',
    'status': 'number of the state',
}
LINES = ('Events', 'Thread', 'Since')
# Functions of these sections cause no events by themselves.
NO_EVENTS = {'events', 'about'}


class Missing(Exception):
    """A comment of the header lacks a part."""


def clean(comment):
    """Text of a /** */ comment, without stars."""
    lines = comment.strip()[3:-2].split('\n')
    return '\n'.join(re.sub(r'^\s*\* ?', '', line).rstrip()
                     for line in lines).strip()


def squeeze(text):
    return re.sub(r'\s+', ' ', text).strip()


class Function:
    def __init__(self, comment, declaration, section):
        self.section = section
        self.declaration = declaration
        self.text = clean(comment)
        match = re.match(r'(.*?)\b(sipdialer_\w+)\((.*)\)$',
                         squeeze(declaration), re.S)
        self.result, self.name, args = match.groups()
        self.result = self.result.strip()
        self.args = [re.search(r'(\w+)$', a.strip()).group(1)
                     for a in args.split(',') if a.strip() != 'void']
        self.like = None
        self.split()

    def split(self):
        text = self.text
        self.params = {}
        self.returns = ''
        self.lines = {}
        for key in LINES:
            match = re.search(key + r':\s+(.*?)(?=\.\s+(?:Thread|Since|Else)'
                              r'\b|\.?\s*\Z|\.?\n\n)', text, re.S)
            if match:
                self.lines[key] = squeeze(match.group(1))
                text = text.replace(match.group(0), '\n\n', 1)
        match = re.search(r'Else as\s+(sipdialer_\w+)\(\)\.?', text)
        if match:
            self.like = match.group(1)
            text = text.replace(match.group(0), '')
        match = re.search(r'^@return\s+(.*?)(?=^\s*$|\Z)', text, re.S | re.M)
        if match:
            self.returns = match.group(1)
            text = text.replace(match.group(0), '')
        for match in re.finditer(r'^@param\s+(\w+)\s+(.*?)(?=^@|^\s*$|\Z)',
                                 text, re.S | re.M):
            self.params[match.group(1)] = squeeze(match.group(2))
        text = re.sub(r'^@param\s+.*?(?=^@|^\s*$|\Z)', '', text,
                      flags=re.S | re.M)
        self.about = [squeeze(p) for p in re.split(r'\n\s*\n', text)
                      if squeeze(p).strip('. ')]

    def check(self, functions):
        """Fill in what another function says; complain of what is missing."""
        base = functions.get(self.like) if self.like else None
        if self.like and not base:
            raise Missing(f'{self.name}: no function {self.like}')
        if not self.about:
            raise Missing(f'{self.name}: does not say what it does')
        for name in self.params:
            if name not in self.args:
                raise Missing(f'{self.name}: @param {name} is no parameter')
        for arg in self.args:
            text = self.params.get(arg)
            if not text and base:
                text = base.params.get(arg)
            text = text or COMMON.get(arg)
            if not text:
                raise Missing(f'{self.name}: no @param {arg}')
            self.params[arg] = text
        if not self.returns and base:
            self.returns = base.returns
        named = self.result.endswith('*') and len(self.about[0]) < 200
        if not self.returns and self.result != 'void' and not named:
            raise Missing(f'{self.name}: no @return')
        wanted = ['Thread', 'Since']
        if self.section not in NO_EVENTS:
            wanted.insert(0, 'Events')
        for key in wanted:
            if key not in self.lines and base and key in base.lines:
                self.lines[key] = base.lines[key]
            if not self.lines.get(key):
                raise Missing(f'{self.name}: no {key}:')

    def return_rows(self):
        """(code, cause) rows; a row begins with a code, else it goes on."""
        rows = []
        for line in self.returns.split('\n'):
            line = squeeze(line)
            match = re.match(r'(SIPDIALER_\w+(?:, SIPDIALER_\w+)*),?\s*(.*)$',
                             line)
            if match:
                rows.append([match.group(1), match.group(2)])
            elif rows and line:
                rows[-1][1] = squeeze(rows[-1][1] + ' ' + line)
            elif line:
                rows.append(['', line])
        return rows

    def markdown(self):
        out = [f'### `{self.name}`', '', '```c',
               squeeze_declaration(self.declaration) + ';', '```', '']
        for paragraph in self.about:
            out += [escape(paragraph), '']
        if self.args:
            out += ['| parameter | |', '| --- | --- |']
            out += [f'| `{a}` | {cell(self.params[a])} |' for a in self.args]
            out += ['']
        rows = self.return_rows()
        if rows:
            out += ['| returns | |', '| --- | --- |']
            for code, cause in rows:
                codes = ', '.join(f'`{c}`' for c in code.split(', ') if c)
                out.append(f'| {codes} | {cell(cause)} |')
            out += ['']
        out.append('  \n'.join(f'{key}: {escape(self.lines[key])}.'
                               for key in LINES if key in self.lines))
        return out + ['']


def squeeze_declaration(text):
    return re.sub(r'\n\s+', '\n    ', text.strip())


def escape(text):
    """Markdown of plain text; what is in `...` is left alone."""
    parts = text.split('`')
    parts[::2] = [p.replace('*', r'\*').replace('<', '&lt;')
                  for p in parts[::2]]
    return '`'.join(parts)


def cell(text):
    return escape(text).replace('|', r'\|')


def one_line(text):
    return cell(squeeze(text))


def enum_markdown(name, comment, body):
    out = [f'### `enum {name}`', '', escape(squeeze(comment)), '',
           '| name | number | |', '| --- | --- | --- |']
    item = re.compile(r'(?:/\*\*(?P<before>.*?)\*/\s*)?(?P<name>SIPDIALER_\w+)'
                      r'\s*=\s*(?P<number>-?\d+),?'
                      r'(?:[ \t]*/\*\*<(?P<after>.*?)\*/)?', re.S)
    for match in item.finditer(body):
        text = match.group('before') or match.group('after')
        if not text:
            raise Missing(f'{name}: {match.group("name")} has no comment')
        text = re.sub(r'\n\s*\*', '\n', text)
        out.append(f'| `{match.group("name")}` | {match.group("number")} | '
                   f'{one_line(text)} |')
    return out + ['']


def struct_markdown(name, comment, body):
    out = [f'### `struct {name}`', '', escape(squeeze(comment)), '',
           '| field | type | |', '| --- | --- | --- |']
    body = re.sub(r'/\*[^*].*?\*/', '', body, flags=re.S)
    field = re.compile(r'(?P<type>[\w ]+?[ *]+)(?P<name>\w+);\s*'
                       r'(?:/\*\*<(?P<text>.*?)\*/)?', re.S)
    for match in field.finditer(body):
        if not match.group('text'):
            raise Missing(f'{name}: {match.group("name")} has no comment')
        text = re.sub(r'\n\s*\*', '\n', match.group('text'))
        out.append(f'| `{match.group("name")}` | '
                   f'`{squeeze(match.group("type"))}` | {one_line(text)} |')
    return out + ['']


DECLARATION = re.compile(
    r'/\* -{4} (?P<section>[\w ]+?) -+ \*/'
    r'|(?P<comment>/\*\*(?:(?!\*/).)*?\*/)\s*'
    r'(?:SIPDIALER_API\s+(?P<function>[^;]*?\));'
    r'|enum (?P<enum>\w+) \{(?P<enum_body>.*?)\n\};'
    r'|struct (?P<struct>\w+) \{(?P<struct_body>.*?)\n\};'
    r'|struct (?P<opaque>\w+);'
    r'|typedef (?P<typedef>[^;]*?);)', re.S)


def index(lines):
    """A row a section: what stands in it, with links."""
    out = ['| family | |', '| --- | --- |']
    for line in lines:
        match = re.match(r'(##|###) (.+)$', line)
        if not match:
            continue
        name = match.group(2)
        link = f'[{name}](#{name.strip("`").replace(" ", "-")})'
        if match.group(1) == '##':
            out.append(f'| {link} |')
        else:
            out[-1] += ('' if out[-1].endswith('|') else ',') + ' ' + link
    return [row if row.endswith(' |') else row + ' |' for row in out] + ['']


def api_markdown(header):
    """docs/api.md from the text of the header."""
    out = ['# The C interface', '',
           'Made by `scripts/make-docs.py` from '
           '`include/sipdialer/sipdialer.h`; change it there.', '']
    first = clean(re.search(r'/\*\*.*?\*/', header, re.S).group(0))
    for paragraph in re.split(r'\n\s*\n', first)[1:]:
        out += [escape(squeeze(paragraph)), '']

    functions, parts, section = {}, [['## types', '']], 'types'
    for match in DECLARATION.finditer(header):
        if match.group('section'):
            section = match.group('section')
            parts.append(['## ' + section, ''])
            continue
        about = clean(match.group('comment'))
        if match.group('function'):
            function = Function(match.group('comment'),
                                match.group('function'), section)
            functions[function.name] = function
            parts.append(function)
        elif match.group('enum'):
            parts.append(enum_markdown(match.group('enum'), about,
                                       match.group('enum_body')))
        elif match.group('struct'):
            parts.append(struct_markdown(match.group('struct'), about,
                                         match.group('struct_body')))
        elif match.group('opaque'):
            parts.append([f'### `struct {match.group("opaque")}`', '',
                          escape(squeeze(about)), ''])
        else:
            name = re.search(r'\(?(sipdialer_\w+)\)\(',
                             match.group('typedef')).group(1)
            parts.append([f'### `{name}`', '', '```c', 'typedef ' +
                          squeeze_declaration(match.group('typedef')) + ';',
                          '```', '', escape(squeeze(about)), ''])

    declared = re.findall(r'SIPDIALER_API[^;]*?\b(sipdialer_\w+)\(', header)
    for name in declared:
        if name not in functions:
            raise Missing(f'{name}: no comment')
    body = []
    for part in parts:
        if isinstance(part, Function):
            part.check(functions)
            body += part.markdown()
        else:
            body += part
    out += index(body) + body
    return '\n'.join(out).rstrip() + '\n'


GROUPS = {
    'sip': 'SIP: server, account, addresses',
    'media': 'Media: codecs, RTP',
    'dial': 'Dialing: limits, times, retries',
    'call': 'What a call does',
    'record': 'Recordings',
    'audio': 'Audio of the host',
    'amd': 'Who answers',
    'incoming': 'Calls that come in',
    'store': 'Store',
    'redis': 'Redis',
    'log': 'Log',
    'events': 'Events',
    'import': 'Contact files',
}

OPTIONS_HEAD = """\
# Options

Made by `scripts/make-docs.py` from the table in `lib/api/options_table.c`;
change it there.

Every option is text, `group.name = value`.  It is set on the engine by
`sipdialer_set()`, from a file of `name = value` lines by `sipdialer_load()`
(`#` begins a comment at the start of a line or after a blank; all lines are
checked before any takes effect; 1 MiB at most; below a line `[account NAME]`
they are of that account), or on the command line by `-o name=value`.

* **scope**: every option may be set on the engine.  `call`: also for one call,
  in the list given to `sipdialer_call()`; `account`: for one account
  (`sipdialer_account_add()`, docs/accounts.md); `campaign`: for one campaign
  (`sipdialer_campaign_create()`), kept in the store; `import`: for one contact
  file (`sipdialer_contact_import()`); `account`: for one account
  (`sipdialer_account_add()`).  What is not set there is as the engine has it;
  [accounts.md](accounts.md) says what an account does not take from it.
* **when**: `any time`: also while the engine runs, for what begins after that;
  `before start`: `SIPDIALER_ESTATE` while it runs.
* A wrong value gives `SIPDIALER_EINVAL`, and `sipdialer_last_error()` names
  option, value and range.  An unknown name gives `SIPDIALER_ENOENT` and names
  the nearest option.  A value marked *not yet* gives `SIPDIALER_ENOSYS`.
* Secrets read as `***`.
"""


def option_values(option):
    kind = option['type']
    if kind in ('enum', 'list'):
        later = option.get('later', [])
        words = ', '.join(f'`{w}`' + (' *(not yet)*' if w in later else '')
                          for w in option['words'])
        return words if kind == 'enum' else f'list of {words}'
    if kind == 'bool':
        return '`yes`, `no`'
    if kind in ('int', 'num'):
        unit = f' {option["unit"]}' if option['unit'] else ''
        name = 'whole number' if kind == 'int' else 'number'
        return f'{name}, {option["min"]:,} to {option["max"]:,}{unit}'
    names = {'string': 'text', 'secret': 'secret text', 'path': 'path',
             'lines': 'lines of text'}
    return f'{names[kind]}, at most {option["max_bytes"]:,} bytes'


def options_markdown(options):
    out = [OPTIONS_HEAD]
    for group, title in GROUPS.items():
        rows = [o for o in options if o['name'].split('.')[0] == group]
        out += [f'## {title}', '',
                '| option | value | default | scope | when | |',
                '| --- | --- | --- | --- | --- | --- |']
        for option in rows:
            scope = ', '.join(option['scope'])
            when = 'any time' if option['live'] else 'before start'
            if not option['built_in']:
                when = '*not yet*: only the default'
            default = f'`{option["default"]}`' if option['default'] else ''
            out.append(f'| `{option["name"]}` | {option_values(option)} | '
                       f'{default} | {scope} | {when} | '
                       f'{cell(option["doc"])} |')
        out.append('')
    unknown = {o['name'].split('.')[0] for o in options} - set(GROUPS)
    if unknown:
        raise Missing(f'groups without a title: {sorted(unknown)}')
    return '\n'.join(out).rstrip() + '\n'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--check', action='store_true')
    parser.add_argument('root', type=pathlib.Path)
    parser.add_argument('option_lines')
    args = parser.parse_args()

    header = args.root / 'include' / 'sipdialer' / 'sipdialer.h'
    lines = subprocess.run([args.option_lines], check=True, timeout=60,
                           stdout=subprocess.PIPE, text=True).stdout
    try:
        made = {
            'api.md': api_markdown(header.read_text('utf-8')),
            'options.md': options_markdown(
                [json.loads(line) for line in lines.splitlines()]),
        }
    except Missing as error:
        print(f'{header.name}: {error}', file=sys.stderr)
        return 1

    different = 0
    events = args.root / 'docs' / 'events.md'
    text = events.read_text('utf-8') if events.exists() else ''
    for kind in re.findall(r'SIPDIALER_EVENT_(\w+) = [1-9]',
                           header.read_text('utf-8')):
        if f'| `{kind}` |' not in text:
            print(f'docs/events.md does not describe {kind}',
                  file=sys.stderr)
            different = 1

    for name, text in made.items():
        path = args.root / 'docs' / name
        if path.exists() and path.read_text('utf-8') == text:
            continue
        different = 1
        if args.check:
            print(f'docs/{name} is not what the sources make; run '
                  '`meson compile docs`', file=sys.stderr)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, 'utf-8')
            print(f'docs/{name} written')
    return different if args.check else 0


if __name__ == '__main__':
    sys.exit(main())
