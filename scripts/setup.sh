#!/bin/sh
# Install what is missing, with the system's package manager. Sourced by
# examples/demo.sh and tests/run.sh; does nothing when all is there.
#
#   . scripts/setup.sh; setup build [test]

# dpkg-dev: without it meson installs into lib64, where nobody looks.
build_packages="gcc meson ninja-build dpkg-dev pkg-config libre-dev \
libsqlite3-dev libssl-dev zlib1g-dev libsndfile1-dev libspeexdsp-dev \
libopus-dev libcmocka-dev python3"
# The tests call real telephones and servers; each test says "skipped" where
# its peer is missing.
test_packages="g++ cmake clang clang-format valgrind sip-tester baresip-core \
kamailio kamailio-tls-modules openssl flite sox strace mypy python3-pip \
python3-setuptools python3-wheel python3-venv sipvicious"

missing() {
	for package in "$@"; do
		dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
			grep -q '^installed$' || printf '%s ' "$package"
	done
}

# Node.js may come from elsewhere, complete: Debian's packages only for what is
# not there.
missing_node() {
	command -v node >/dev/null || printf 'nodejs '
	command -v npm >/dev/null || printf 'npm '
	command -v make >/dev/null || printf 'make '
	node=$(readlink -f "$(command -v node)" || :)
	for headers in "${node%/bin/*}/include/node" /usr/include/node; do
		[ -f "$headers/node_api.h" ] && [ -f "$headers/uv.h" ] && return
	done
	printf 'libnode-dev node-gyp '
}

setup() {
	command -v dpkg-query >/dev/null 2>&1 || {
		echo "setup: not a Debian system; install by hand:" \
			"$build_packages" >&2
		return 0
	}
	wanted=$build_packages
	[ "${2-}" = test ] && wanted="$wanted $test_packages $(missing_node)"
	# shellcheck disable=SC2086
	absent=$(missing $wanted)
	[ -z "$absent" ] && return 0

	as_root=
	if [ "$(id -u)" -ne 0 ]; then
		as_root=sudo
		command -v sudo >/dev/null 2>&1 || {
			echo "setup: run as root, or install sudo, to install:" \
				"$absent" >&2
			return 1
		}
	fi
	echo "setup: installing $absent"
	$as_root apt-get update -qq || return 1
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq \
		--no-install-recommends $absent </dev/null >/dev/null || return 1
}

# The build folder, made once: build_in DIR [meson options]
build_in() {
	dir=$1
	shift
	if [ -f "$dir/build.ninja" ]; then
		meson configure "$dir" "$@" >/dev/null || return 1
	else
		meson setup "$dir" "$@" >/dev/null || {
			cat "$dir/meson-logs/meson-log.txt" >&2
			return 1
		}
	fi
	ninja -C "$dir" || return 1
}
