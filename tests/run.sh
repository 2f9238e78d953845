#!/bin/sh
# Install what is missing, build, and run every test.
#
#   tests/run.sh            all suites
#   tests/run.sh --asan     unit and fuzz suites under ASan + UBSan
#   tests/run.sh --tsan     unit suite under TSan
#   tests/run.sh --suite flow ...   arguments go to `meson test`
set -eu
cd "$(dirname "$0")/.."
. scripts/setup.sh
setup build test

mode=plain
case "${1-}" in
--asan | --tsan)
	mode=${1#--}
	shift
	;;
esac

case $mode in
plain)
	dir=build
	build_in $dir -Dwerror=true
	;;
asan)
	dir=build-asan
	build_in $dir -Dwerror=true --buildtype=debug -Db_lundef=false \
		-Db_sanitize=address,undefined
	[ $# -gt 0 ] || set -- --suite unit --suite fuzz
	;;
tsan)
	dir=build-tsan
	build_in $dir -Dwerror=true -Db_lundef=false -Db_sanitize=thread
	[ $# -gt 0 ] || set -- --suite unit
	;;
esac

log=$dir/meson-logs/testlog.txt
rm -f "$log"
status=0
# most of them wait for telephones
meson test -C "$dir" --no-rebuild --print-errorlogs \
	--num-processes $((3 * $(nproc))) "$@" || status=$?

count() {
	sed -n "s/^$1: *\([0-9][0-9]*\).*/\1/p" "$log" | tail -n 1
}
passed=$(count Ok)
failed=$(($(count Fail) + $(count Timeout) + $(count 'Unexpected Pass')))
skipped=$(count Skipped)
echo "$mode: ${passed:-0} passed, $failed failed, ${skipped:-0} skipped"
[ "${passed:-0}" -gt 0 ] || {
	echo "tests: no test ran" >&2
	exit 1
}
exit $status
