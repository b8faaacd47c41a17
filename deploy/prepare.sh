#!/bin/sh
# Makes what deploy/secrets lacks, and touches nothing that is there: passwords nobody chose, and a
# certificate for a first look, to be replaced by the authority's own.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
random() { openssl rand -hex 24; }
missing() { [ ! -e "secrets/$1" ]; }

if missing postgres_password; then random >secrets/postgres_password; fi
if missing database_url; then
  echo "postgresql+psycopg://xunjian:$(cat secrets/postgres_password)@postgres:5432/xunjian" >secrets/database_url
fi
if missing metrics_token; then random >secrets/metrics_token; fi
if missing backup_passphrase; then random >secrets/backup_passphrase; fi
if missing s3.env; then
  printf 'AWS_ACCESS_KEY_ID=xunjian\nAWS_SECRET_ACCESS_KEY=%s\n' "$(random)" >secrets/s3.env
fi
if missing tls_key; then
  name=${XUNJIAN_HOST:-localhost}
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$name" \
    -addext "subjectAltName=DNS:$name" -keyout secrets/tls_key -out secrets/tls_certificate 2>/dev/null
fi
# The accounts in the images read these; the folder itself is closed to everybody else.
chmod 0444 secrets/database_url secrets/metrics_token secrets/backup_passphrase secrets/postgres_password
