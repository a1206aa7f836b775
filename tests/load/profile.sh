#!/usr/bin/env bash
# Where the CPU time of a rung goes: see README.md. Arguments are those of `profile.sh --help`.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
export PYTHONDONTWRITEBYTECODE=1
exec python3 -m weir_load.profile "$@"
