#!/bin/sh
# Makes what deploy/secrets lacks, and touches nothing that is there: passwords nobody chose, and a
# certificate for a first look, to be replaced by the authority's own. It bears the name in XUNJIAN_HOST, of
# the environment or of .env beside compose.yaml, which reads it there too.
set -eu
cd "$(dirname "$0")"
umask 077
command -v openssl >/dev/null || { echo "openssl 未安装 is not installed: it makes passwords and keys" >&2; exit 1; }
mkdir -p secrets
missing() { [ ! -e "secrets/$1" ]; }
# Whole or not there: what a failure left half made would be believed the next time.
keep() { printf '%s\n' "$2" >"secrets/.made" && mv "secrets/.made" "secrets/$1"; }
random() { value=$(openssl rand -hex 24); }

for name in postgres_password metrics_token backup_passphrase; do
  if missing "$name"; then random; keep "$name" "$value"; fi
done
if missing database_url; then
  value=$(cat secrets/postgres_password)
  keep database_url "postgresql+psycopg://xunjian:$value@postgres:5432/xunjian"
fi
if missing s3.env; then
  random
  keep s3.env "AWS_ACCESS_KEY_ID=xunjian
AWS_SECRET_ACCESS_KEY=$value"
fi
if missing tls_key && missing tls_certificate; then
  host=${XUNJIAN_HOST:-$(sed -n 's/^XUNJIAN_HOST=//p' ../.env 2>/dev/null | tail -n 1 | tr -d "\"' \r")}
  host=${host:-localhost}
  said=$(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$host" \
    -addext "subjectAltName=DNS:$host" -keyout secrets/.key -out secrets/.certificate 2>&1) || {
    echo "证书未能生成 no certificate for $host: $said" >&2
    exit 1
  }
  mv secrets/.certificate secrets/tls_certificate
  mv secrets/.key secrets/tls_key
fi
# The accounts in the images read these; the folder itself is closed to everybody else.
chmod 0444 secrets/database_url secrets/metrics_token secrets/backup_passphrase secrets/postgres_password
# Docker brings them in without a label of its own.
if command -v selinuxenabled >/dev/null && selinuxenabled; then chcon -R -t container_file_t secrets; fi
