#!/usr/bin/env python3
"""Floors and circles: base <- port <- core <- api.

* An include never climbs to a higher floor.
* No circle of files.
* No circle of rooms, the folders of lib.
* Headers of third parties are included in lib/port only.
* core/campaign is pure: it includes base and itself, no clock, no I/O.
"""
import re

import tree

FLOORS = ['base', 'port', 'core', 'api']
FOREIGN = re.compile(r'^(re|rem|re_\w+|sqlite3|sndfile|samplerate|gsm|uuid)\.h$|'
                     r'^(re|rem|openssl|hiredis|speex|opus|spandsp|curl|baresip|sndfile)/')
PURE_SYSTEM = {'assert.h', 'errno.h', 'inttypes.h', 'limits.h', 'math.h', 'stdarg.h', 'stdbool.h',
               'stddef.h', 'stdint.h', 'stdio.h', 'stdlib.h', 'string.h'}
IMPURE_CALL = re.compile(r'\b(time|clock|clock_gettime|gettimeofday|rand|random|srand|fopen|open|'
                         r'printf|fprintf|puts|getenv|localtime|mktime)\s*\(')
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)


def floor(path):
    name = path.split('/')[0]
    return FLOORS.index(name) if name in FLOORS else None


def room(path):
    return path.rsplit('/', 1)[0]


def check_include(where, path, kind, name, known, problems):
    """One include of lib/path."""
    if kind == '"' and name not in known:
        problems.append(f'{where}: "{name}" is no file of lib/ (write "floor/file.h")')
        return
    if kind == '<' and FOREIGN.match(name) and not path.startswith('port/'):
        problems.append(f'{where}: <{name}> belongs in lib/port only')
    if kind == '"' and floor(name) is not None and floor(name) > floor(path):
        problems.append(f'{where}: {path.split("/")[0]} must not include {name}')
    if path.startswith('core/campaign/'):
        pure = (name.startswith(('base/', 'core/campaign/')) and name != 'base/clock.h'
                if kind == '"' else name in PURE_SYSTEM or name.startswith('sipdialer/'))
        if not pure:
            problems.append(f'{where}: core/campaign is pure, it cannot include {name}')


def circles(graph):
    """One path for each circle found by depth first search."""
    state, found = {}, []

    def visit(node, path):
        state[node] = 1
        for other in sorted(graph.get(node, ())):
            if state.get(other) == 1:
                found.append(path[path.index(other):] + [other])
            elif other not in state:
                visit(other, path + [other])
        state[node] = 2

    for node in sorted(graph):
        if node not in state:
            visit(node, [node])
    return found


def main():
    top = tree.root()
    paths = [p[4:] for p in tree.files(top, ('.c', '.h'), {'lib'})]
    known, graph, rooms, problems = set(paths), {}, {}, []
    for path in paths:
        text = tree.read(top, 'lib/' + path)
        if floor(path) is None:
            problems.append(f'lib/{path}: not on a floor ({", ".join(FLOORS)})')
            continue
        for kind, name in INCLUDE.findall(text):
            check_include('lib/' + path, path, kind, name, known, problems)
            if kind != '"' or name not in known:
                continue
            graph.setdefault(path, set()).add(name)
            if room(name) != room(path):
                rooms.setdefault(room(path), set()).add(room(name))
        if path.startswith('core/campaign/'):
            for call in IMPURE_CALL.findall(COMMENT.sub('', text)):
                problems.append(f'lib/{path}: core/campaign is pure, it cannot call {call}()')
    for circle in circles(graph) + circles(rooms):
        problems.append('circle: ' + ' -> '.join(circle))
    tree.finish(f'layers of {len(paths)} files', problems)


main()
