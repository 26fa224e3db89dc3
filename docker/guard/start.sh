#!/bin/bash
# Starts the guard: nginx, with the token of the environment and the certificate in a folder.
#
#   SENTIMENT_SERVING_TOKEN   what every request must bring: 16 or more of A-Z a-z 0-9 . _ ~ + / = -
#   CERTIFICATES              the folder of serving.crt and serving.key        /certificates
#   REST, GRPC                the server behind it                             serving:8501, serving:8500
#   REST_PORT, GRPC_PORT      where the guard listens                          8501, 8500
#   RESOLVER                  who knows the server's name; empty: REST and GRPC are addresses    127.0.0.11, Docker's
set -euo pipefail
export LC_ALL=C

refuse() {
    printf 'guard: %s; found %s. %s\n' "$1" "$2" "$3" >&2
    exit 2
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
token=${SENTIMENT_SERVING_TOKEN:-} certificates=${CERTIFICATES:-/certificates} resolver=${RESOLVER-127.0.0.11}
rest=${REST:-serving:8501} grpc=${GRPC:-serving:8500}
# Other characters would end the string in nginx's file, or stand for a variable. The token itself is not shown.
[[ $token =~ ^[A-Za-z0-9._~+/=-]{16,}$ ]] ||
    refuse "SENTIMENT_SERVING_TOKEN must be 16 or more of A-Z a-z 0-9 . _ ~ + / = -" "${#token} characters" "Make one: openssl rand -hex 32"
for file in serving.crt serving.key; do
    [[ -r $certificates/$file ]] || refuse "$certificates must hold $file" "no file that user $(id -u) can read" "Put it there; the guide says how."
done

umask 077
folder=$(mktemp -d "${TMPDIR:-/tmp}/guard.XXXXXX")
chmod 711 "$folder"  # started as root, nginx works as somebody else, who keeps long requests here
config=$(<"$here/nginx.conf")
config=${config//@TOKEN@/"$token"}
config=${config//@FOLDER@/"$folder"}
config=${config//@CERTIFICATES@/"$certificates"}
config=${config//@RESOLVER@/"${resolver:+resolver $resolver valid=10s;}"}
config=${config//@REST@/"$rest"}
config=${config//@GRPC@/"$grpc"}
config=${config//@REST_PORT@/"${REST_PORT:-8501}"}
config=${config//@GRPC_PORT@/"${GRPC_PORT:-8500}"}
printf '%s\n' "$config" >"$folder/nginx.conf"
unset SENTIMENT_SERVING_TOKEN
exec nginx -c "$folder/nginx.conf"
