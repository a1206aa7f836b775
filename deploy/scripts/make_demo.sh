#!/usr/bin/env bash
# Makes what a suite's demo is: the documents of the quick start, a key for them, and a mock as their provider.
#
#   deploy/scripts/make_demo.sh DIR BASE_URL     DIR/documents, DIR/secrets/demo_key (kept where it is there); BASE_URL of the mock
set -euo pipefail
umask 077

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
dir="$1"
mkdir -p "$dir"/{documents,secrets}
# Not of the form that weir gives to keys of its own making, wr_...
[[ -s "$dir/secrets/demo_key" ]] || printf 'demo-%s\n' "$(openssl rand -hex 24)" >"$dir/secrets/demo_key"
cp "$here"/../samples/quickstart/*.yaml "$dir/documents/"
cat >"$dir/documents/provider.yaml" <<DOCUMENT
kind: Provider
name: quickstart
spec:
  baseUrl: $2
DOCUMENT
