#!/bin/sh
# From a bare Debian 12 machine to a finished campaign: installs what is
# missing, builds, and dials 200 numbers of a simulated telephone network on
# loopback. No PBX, no network. Arguments go to `sipdialer demo`.
set -eu
cd "$(dirname "$0")/.."
. scripts/setup.sh
setup build
build_in build-demo --buildtype=release -Dtests=auto | tail -n 1
exec build-demo/examples/sipdialer/sipdialer demo "$@"
