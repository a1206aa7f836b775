#!/usr/bin/env bash
# Starts the Docker daemon where it is installed and does not run. Does nothing where it answers; fails where there is none.
set -euo pipefail

readonly start_seconds=60

answers() { docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; }

answers && exit 0
if ! command -v dockerd >/dev/null; then
  echo "docker_daemon.sh: no Docker daemon answers, and dockerd is not installed (Debian: docker.io)" >&2
  exit 1
fi
if [[ "$(id -u)" != 0 ]]; then
  echo "docker_daemon.sh: no Docker daemon answers; start it, or run this as root" >&2
  exit 1
fi

log=/var/log/weir-dockerd.log
# In a session of its own: it stays when the terminal goes.
setsid dockerd </dev/null >>"$log" 2>&1 &
for ((tries = 0; tries < start_seconds * 5; ++tries)); do
  answers && exit 0
  sleep 0.2
done
tail -n 20 "$log" >&2
echo "docker_daemon.sh: dockerd does not answer after ${start_seconds}s; the end of $log is above" >&2
exit 1
