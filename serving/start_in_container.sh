#!/bin/bash
# Starts a model server inside its container, with the flags of serving/flags: start_in_container.sh SERVER [ARGUMENT …]
#
#   SENTIMENT_HOME   holds serving/models/, at the same path as outside
#   THREADS          threads that the server computes with; default: one per core of the machine
#
# TensorFlow Serving opens no port before it has a model, so this script waits until the first one is published.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
config=$SENTIMENT_HOME/serving
[[ -f $config/flags ]] || config=$here
# shellcheck source=serving/read_flags.sh
. "$here/read_flags.sh"
read_flags "$config/flags" "$config" || exit
if [[ -n ${THREADS:-} ]]; then
    flags+=("--tensorflow_intra_op_parallelism=$THREADS" "--tensorflow_inter_op_parallelism=$THREADS")
fi

models=$SENTIMENT_HOME/serving/models/models.config
[[ -f $models ]] || echo "start_in_container: no model is published yet; waiting for $models" >&2
until [[ -f $models ]]; do sleep 1; done
exec "$@" --port=8500 --rest_api_port=8501 "--model_config_file=$models" "${flags[@]}"
