#!/bin/sh
# `livechat …`, with the token of a client read from the file that LIVECHAT_TOKEN_FILE names, so that it stands in no configuration.
set -eu
if [ -n "${LIVECHAT_TOKEN_FILE:-}" ]; then
  if [ ! -r "$LIVECHAT_TOKEN_FILE" ]; then
    echo "LIVECHAT_TOKEN_FILE names \`$LIVECHAT_TOKEN_FILE\`, which cannot be read: mount the secret there, readable by uid $(id -u)." >&2
    exit 2
  fi
  LIVECHAT_TOKEN=$(cat "$LIVECHAT_TOKEN_FILE")
  export LIVECHAT_TOKEN
  unset LIVECHAT_TOKEN_FILE
fi
exec livechat "$@"
