#!/usr/bin/env bash
# Compiles a precompiled header as it is told to, and writes OUTPUT.sum beside it: a sum over what went into it.
#
#   compile_pch.sh COMPILER ARGUMENT...
#
# ccache reads the sum in place of the header (pch_external_checksum). The header itself names its sources by absolute paths, so
# it is another one in every checkout, and nothing compiled with it would be found again from another.
set -euo pipefail

"$@"

output='' dependencies='' previous=''
for argument in "$@"; do
  case "$previous" in
    -o) output="$argument" ;;
    -MF) dependencies="$argument" ;;
  esac
  previous="$argument"
done
case "$output" in
  *.pch | *.gch) ;;
  *) exit 0 ;;  # The target's empty source file.
esac

# "target: file file \", spaces in names escaped.
sed -e 's/\\$//' -e '1s/^[^:]*://' "$dependencies" | xargs sha256sum | cut -d ' ' -f 1 | sha256sum >"$output.sum"
