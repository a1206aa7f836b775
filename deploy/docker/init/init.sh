#!/usr/bin/env bash
# The one-shot container `init` of compose.yaml: makes all secrets and certificates, each service's into a volume of its own, before
# anything else starts. At later starts it renews certificates that end soon, and changes nothing else.
set -euo pipefail
umask 077

bash /weir/scripts/make_secrets.sh /secrets --container

# What the profile demo applies: the documents of the quick start, a key for them, and the mock as their provider.
demo=/secrets/demo
mkdir -p "$demo"/{documents,secrets}
[[ -s "$demo/secrets/demo_key" ]] || printf 'demo-%s\n' "$(openssl rand -hex 24)" >"$demo/secrets/demo_key"
cp /weir/samples/*.yaml "$demo/documents/"
cat >"$demo/documents/provider.yaml" <<'DOCUMENT'
kind: Provider
name: quickstart
spec:
  baseUrl: https://mock:8443/v1
DOCUMENT
chown -R 10001:10001 "$demo"
echo "init: ready"
