#!/usr/bin/env bash
# Says how to try the suite, once the demo's documents are in force.
cat <<TEXT

The suite is ready. Ask it something:

  curl http://127.0.0.1:${WEIR_PORT:-8080}/v1/chat/completions \\
    -H "Authorization: Bearer \$(docker compose run --rm --no-deps -T demo-key)" -H 'Content-Type: application/json' \\
    -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}'

TEXT
