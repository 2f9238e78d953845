#!/usr/bin/env python3
"""bindings/python/sipdialer/_abi.py is what the header says: sizes, offsets, names and values, and
the signature of every function.

check-python-abi.py SOURCE_ROOT BUILD_ROOT
"""
import ctypes
import importlib.util
import os
import re
import subprocess
import sys
import tempfile

COMMENT = re.compile(r'/\*.*?\*/', re.S)
FUNCTION = re.compile(r'SIPDIALER_API\s+([^;(]*?)\b(sipdialer_\w+)\s*\(([^;]*?)\)\s*;', re.S)
ENUM = re.compile(r'enum\s+(\w+)\s*\{(.*?)\}', re.S)
EVENT = re.compile(r'struct sipdialer_event\s*\{(.*?)\n\}', re.S)


def load(root):
    """_abi.py alone: the package would look for the library."""
    path = os.path.join(root, 'bindings/python/sipdialer/_abi.py')
    spec = importlib.util.spec_from_file_location('_abi', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def python_type(abi, c_type):
    """The ctypes type of a C parameter or result."""
    ids = ctypes.POINTER(ctypes.c_uint64)
    return {
        'void': None, 'int': ctypes.c_int, 'size_t': ctypes.c_size_t,
        'uint32_t': ctypes.c_uint32, 'uint64_t': abi.ID, 'uint64_t *': ids,
        'char *': ctypes.c_char_p, 'const char *': ctypes.c_char_p,
        'const char *const *': abi.OPTIONS, 'void *': ctypes.c_void_p,
        'struct sipdialer *': abi.ENGINE, 'struct sipdialer **': ctypes.POINTER(abi.ENGINE),
        'const struct sipdialer_event *': abi.EVENT, 'sipdialer_event_h *': abi.EVENT_H,
        'sipdialer_wakeup_h *': abi.WAKEUP_H, 'int16_t *': abi.SAMPLES,
        'const int16_t *': abi.SAMPLES,
    }[c_type]


def bare(parameter):
    """Type of "const char *name"."""
    text = ' '.join(parameter.split())
    match = re.match(r'(.*?[\s*])\w+$', text)
    return match.group(1).strip() if match and text != 'void' else text


def functions(abi, header):
    problems, seen = [], set()
    for result, name, arguments in FUNCTION.findall(header):
        short = name[len('sipdialer_'):]
        seen.add(short)
        want = [python_type(abi, bare(a)) for a in arguments.split(',') if a.strip() != 'void']
        want_result = python_type(abi, ' '.join(result.split()))
        have = abi.FUNCTIONS.get(short)
        if have is None:
            problems.append(f'{name}: not in FUNCTIONS')
        elif have != (want_result, want):
            problems.append(f'{name}: {have}, the header has {(want_result, want)}')
    problems += [f'{n}: not in the header' for n in sorted(set(abi.FUNCTIONS) - seen)]
    return problems, len(seen)


def numbers(root, build, enums, fields):
    """What a C program says of every constant, offset and size."""
    lines = [f'printf("{c} %lld\\n", (long long){c});' for e in enums.values() for c in e]
    for f in fields:
        lines.append(f'printf("{f} %zu %zu\\n", offsetof(struct sipdialer_event, {f}), '
                     f'sizeof(((struct sipdialer_event *)0)->{f}));')
    lines.append('printf("sizeof %zu\\n", sizeof(struct sipdialer_event));')
    lines.append('printf("version %d %d\\n", SIPDIALER_VERSION_MAJOR, SIPDIALER_VERSION_MINOR);')
    text = ('#include <stddef.h>\n#include <stdio.h>\n#include <sipdialer/sipdialer.h>\n'
            'int main(void)\n{\n' + '\n'.join(lines) + '\nreturn 0;\n}\n')
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, 'abi.c'), os.path.join(folder, 'abi')
        with open(source, 'w', encoding='utf-8') as f:
            f.write(text)
        subprocess.run(os.environ.get('CC', 'cc').split() + [
            '-I', os.path.join(root, 'include'), '-I', os.path.join(build, 'include'), source,
            '-o', program], check=True)
        out = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return {words[0]: tuple(int(w) for w in words[1:])
            for words in (line.split() for line in out.splitlines())}


def compare_enums(abi, enums, said):
    problems = []
    ours = {name: (cls, prefix) for cls, (name, prefix) in abi.ENUMS.items()}
    for name, constants in enums.items():
        if name not in ours:
            problems.append(f'enum {name}: not in ENUMS')
            continue
        cls, prefix = ours[name]
        want = {c[len(prefix):]: said[c][0] for c in constants}
        have = {m.name: m.value for m in cls}
        if want != have:
            problems.append(f'enum {name}: differs in {sorted(set(want.items()) ^ set(have.items()))}')
    return problems + [f'enum {n}: not in the header' for n in sorted(set(ours) - set(enums))]


def compare_struct(abi, fields, said):
    problems = []
    ours = [f[0] for f in abi.RawEvent._fields_]
    if ours != fields:
        problems.append(f'struct sipdialer_event: {ours}, the header has {fields}')
    for f in set(ours) & set(fields):
        have = getattr(abi.RawEvent, f)
        if (have.offset, have.size) != said[f]:
            problems.append(f'{f}: offset and size {(have.offset, have.size)}, not {said[f]}')
    if ctypes.sizeof(abi.RawEvent) != said['sizeof'][0]:
        problems.append(f'sizeof: {ctypes.sizeof(abi.RawEvent)}, not {said["sizeof"][0]}')
    if abi.VERSION != said['version']:
        problems.append(f'VERSION: {abi.VERSION}, not {said["version"]}')
    return problems


def main():
    root, build = sys.argv[1], sys.argv[2]
    abi = load(root)
    with open(os.path.join(root, 'include/sipdialer/sipdialer.h'), encoding='utf-8') as f:
        header = COMMENT.sub('', f.read())
    enums = {name: re.findall(r'\b(SIPDIALER_\w+)\s*=', body) for name, body in ENUM.findall(header)}
    fields = re.findall(r'(\w+)\s*;', EVENT.search(header).group(1))
    said = numbers(root, build, enums, fields)
    problems, count = functions(abi, header)
    problems += compare_enums(abi, enums, said) + compare_struct(abi, fields, said)
    print('\n'.join(problems + [f'_abi.py: {count} functions, {len(enums)} enums, '
                                f'{len(fields)} fields']))
    sys.exit(1 if problems or not count or not enums or not fields else 0)


main()
