#!/usr/bin/env python3
"""Files stay below 800 lines, functions below 80, the median of lib at most 15.

The public header is one by decision and more than half of it is doc comment, as
another check demands: there only the lines of C count.
"""
import ast
import re
import statistics

import tree

FILE_MAX = 800
FUNCTION_MAX = 80
MEDIAN_MAX = 15
FOLDERS = {'lib', 'include', 'examples', 'tests', 'bindings', 'scripts'}
SCRIPT = re.compile(r'^(\s*)(?:export |default |async |static |public |private |get |set )*'
                    r'(?:function\s*\*?\s*)?([\w$]+)\s*\([^;]*\)\s*(?::[^={]+)?\{\s*$')
NO_FUNCTION = {'if', 'for', 'while', 'switch', 'catch', 'return', 'function'}


def c_functions(lines):
    """(name, first line, lines): "{" and "}" stand alone in column 0."""
    begin = None
    for i, line in enumerate(lines):
        if line.rstrip() == '{' and i:
            begin = i
            while begin and lines[begin - 1].strip() and not lines[begin - 1].startswith(
                    ('#', '}', '/', ' *', '*')) and not lines[begin - 1].rstrip().endswith((';', '*/')):
                begin -= 1
        elif line.startswith('}') and begin is not None:
            head = ' '.join(lines[begin:begin + 3])
            name = re.search(r'(\w+)\s*\(', head)
            if name and not line.startswith(('};', '} ')):
                yield name.group(1), begin + 1, i - begin + 1
            begin = None


def doc_size(node):
    """Lines of the documentation, which in C stands before the function."""
    first = node.body[0]
    return first.end_lineno - first.lineno + 1 if ast.get_docstring(node) else 0


def python_functions(lines):
    for node in ast.walk(ast.parse('\n'.join(lines))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1 - doc_size(node)


def script_functions(lines):
    """JavaScript and TypeScript as formatted by hand: "}" below the head."""
    for i, line in enumerate(lines):
        head = SCRIPT.match(line)
        if not head or head.group(2) in NO_FUNCTION:
            continue
        for j in range(i + 1, len(lines)):
            if lines[j].startswith(head.group(1) + '}'):
                yield head.group(2), i + 1, j - i + 1
                break


def counted(path, lines):
    if not path.startswith('include/'):
        return len(lines)
    text = re.sub(r'/\*.*?\*/', '', '\n'.join(lines), flags=re.S)
    return sum(bool(line.strip()) for line in text.splitlines())


def functions(path, lines):
    if path.endswith(('.c', '.h')):
        return c_functions(lines)
    return python_functions(lines) if path.endswith('.py') else script_functions(lines)


def main():
    top = tree.root()
    problems, lengths, total = [], {}, 0
    for path in tree.files(top, ('.c', '.h', '.py', '.js', '.ts'), FOLDERS):
        lines = tree.read(top, path).splitlines()
        total += len(lines)
        if counted(path, lines) >= FILE_MAX:
            problems.append(f'{path}: {counted(path, lines)} lines, fewer than {FILE_MAX} wanted')
        for name, line, length in functions(path, lines):
            lengths.setdefault(path.split('/')[0], []).append(length)
            if length >= FUNCTION_MAX:
                problems.append(f'{path}:{line}: {name}() has {length} lines, '
                                f'fewer than {FUNCTION_MAX} wanted')
    for folder, some in sorted(lengths.items()):
        print(f'{folder}: {len(some)} functions, median {statistics.median(some):g}, '
              f'95 % within {sorted(some)[int(len(some) * 0.95)]}, longest {max(some)}')
    if statistics.median(lengths['lib']) > MEDIAN_MAX:
        problems.append(f'lib: the median function is longer than {MEDIAN_MAX} lines')
    tree.finish(f'sizes of {total} lines', problems)


main()
