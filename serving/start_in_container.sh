#!/bin/bash
# Starts a model server inside its container, with the flags of serving/flags: start_in_container.sh SERVER [ARGUMENT …]
#
#   SENTIMENT_HOME   holds serving/models/, at the same path as outside
#   MODELS           the folder of models.config and boot.config        SENTIMENT_HOME/serving/models
#   SERVING          the folder of flags                                SENTIMENT_HOME/serving, or that of this script
#   NOTES            where the server's note is kept; it can be written  SENTIMENT_HOME/serving/servers
#   SERVER_NAME      the name of that note                              the machine's name
#   THREADS          threads that the server computes with              one per core of the machine
#   GRPC_PORT        8500                             REST_PORT         8501
#   LOOK_SECONDS     between looks at models.config                     1
#
# TensorFlow Serving opens no port before it has a model, so this script waits until the first one is published. It starts
# the server with boot.config, which has the stable version alone: its start ends with the first version that has loaded
# or failed, and a broken canary must not be that. When the server answers, follow_config.sh gives it models.config.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
serving=${SERVING:-$SENTIMENT_HOME/serving}
[[ -f $serving/flags ]] || serving=$here
# shellcheck source=serving/read_flags.sh
. "$here/read_flags.sh"
# shellcheck source=serving/follow_config.sh
. "$here/follow_config.sh"
read_flags "$serving/flags" "$serving" || exit
if [[ -n ${THREADS:-} ]]; then
    # An export computes two batches at a time: with half of the threads for each, none waits for another's processor.
    flags+=("--tensorflow_intra_op_parallelism=$(((THREADS + 1) / 2))" "--tensorflow_inter_op_parallelism=$THREADS")
fi

models=${MODELS:-$SENTIMENT_HOME/serving/models}
note=${NOTES:-$SENTIMENT_HOME/serving/servers}/${SERVER_NAME:-$HOSTNAME}
rest_port=${REST_PORT:-8501}
wanted=$models/models.config
private=$(mktemp -d)
given=$private/models.config seen=$private/seen bridging='' given_at=0 server=''
trap 'rm -rf -- "$private"' EXIT
trap 'if [[ -n $server ]]; then stopped; kill -TERM "$server" 2>/dev/null || true; else exit 143; fi' TERM INT

[[ -f $wanted ]] || say "no model is published yet; waiting for $wanted"
until [[ -f $wanted ]]; do sleep 1; done
first=$models/boot.config
# A home that nothing has changed since boot.config exists, or a server that would never read its file again.
[[ -f $first && " ${flags[*]} " =~ \ --model_config_file_poll_wait_seconds=0*[1-9] ]] || first=$wanted
read_note
cp -- "$first" "$given"
cp -- "$first" "$seen"

"$@" "--port=${GRPC_PORT:-8500}" "--rest_api_port=$rest_port" "--model_config_file=$given" "${flags[@]}" &
server=$!
is_running() { kill -0 "$server" 2>/dev/null; }
while is_running && ! (ask ''); do sleep "${LOOK_SECONDS:-1}"; done
while is_running; do
    follow
    sleep "${LOOK_SECONDS:-1}"
done
status=0
wait "$server" || status=$?
exit "$status"
