#!/bin/sh
# Build against other releases of libre, each static and shared, and see that
# they work: the unit suite, and the demo.
#
#   tests/libre.sh PREFIX...    where each is installed, with its pkgconfig
#
# Not part of tests/run.sh: Debian 12 has one release.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || {
	sed -n '2,7s/^# \{0,1\}//p' "$0"
	exit 2
}

status=0
for prefix; do
	for link in static shared; do
		dir=build-libre-$(basename "$prefix")-$link
		pc=$(find "$prefix" -name libre.pc -exec dirname {} \; | head -n 1)
		[ -n "$pc" ] || {
			echo "$prefix: no libre.pc in it" >&2
			exit 2
		}
		PKG_CONFIG_PATH=$pc meson setup --wipe "$dir" -Dlibre=$link \
			-Dwerror=true >"$dir.log" 2>&1 ||
			PKG_CONFIG_PATH=$pc meson setup "$dir" -Dlibre=$link \
				-Dwerror=true >"$dir.log" 2>&1
		release=$(sed -n 's/^ *libre found *: *//p' "$dir.log")
		libs=$(dirname "$pc")
		if ninja -C "$dir" >>"$dir.log" 2>&1 &&
			LD_LIBRARY_PATH=$libs meson test -C "$dir" --no-rebuild \
				--suite unit >>"$dir.log" 2>&1 &&
			LD_LIBRARY_PATH=$libs "$dir/examples/sipdialer/sipdialer" \
				demo >>"$dir.log" 2>&1; then
			echo "good: $release: $(sed -n 's/^Ok: *//p' "$dir.log") unit tests, demo"
		else
			echo "bad:  $release: see $dir.log"
			status=1
		fi
	done
done
exit $status
