#!/bin/sh
# Format the C sources in place, as tests/style/check-format.py wants them.
# Tables kept by hand stand between "clang-format off" and "clang-format on".
set -eu
cd "$(dirname "$0")/.."

sources() {
	git ls-files --cached --others --exclude-standard \
		'lib/*.[ch]' 'include/*.[ch]' 'examples/*.[ch]' 'tests/*.[ch]' 'bindings/*.[ch]' |
		while read -r file; do
			[ -f "$file" ] && printf '%s\0' "$file"
		done
}

# twice: a string that it broke is aligned by the second run only
sources | xargs -0 clang-format --style=file -i
sources | xargs -0 clang-format --style=file -i
