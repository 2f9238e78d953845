#!/bin/sh
# Real speech for phonenet --sounds DIR: 8 kHz 16-bit mono WAVs by flite.
# Without flite (Debian: apt install flite sox) the built-in sounds do.
set -eu

dir=${1:?usage: make-sounds.sh DIR}
for tool in flite sox; do
	command -v $tool >/dev/null || {
		echo "make-sounds: $tool is not installed; phonenet's" \
			"built-in sounds will do" >&2
		exit 77
	}
done
mkdir -p "$dir"
raw=$(mktemp --suffix=.wav)
trap 'rm -f "$raw"' EXIT

say() {
	flite -voice "$2" -t "$3" -o "$raw"
	sox "$raw" -r 8000 -b 16 -c 1 "$dir/$1.wav"
	echo "$dir/$1.wav"
}

say hello slt "Hello?"
say announcement slt "Please hold the line. Your call is being connected."
say not-in-service slt "The number you have dialed is not in service.
 Please check the number and dial again."
say greeting rms "Hi, you have reached Robert. I can not take your call
 right now. Please leave a message after the tone."
say long rms "Thank you for calling. Our office is closed at the moment.
 Our opening hours are Monday to Friday, from nine in the morning until
 six in the evening. For urgent matters, please send us an email, or visit
 our web site. We are looking forward to your call and wish you a very
 pleasant day."
