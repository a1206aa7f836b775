#!/usr/bin/env bash
# What instructions a request of a rung costs: see README.md. Arguments are those of `instructions.sh --help`.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
export PYTHONDONTWRITEBYTECODE=1
exec python3 -m weir_load.instructions "$@"
