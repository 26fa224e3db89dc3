#!/bin/bash
# Starts TensorFlow Serving in Docker with what `sentiment` publishes and the flags of serving/flags.
#
#   serving/run_serving.sh
#   CONTAINER_RAM=8g CONTAINER_CPU=4 DEVICE=gpu serving/run_serving.sh
#
#   SENTIMENT_HOME   holds serving/models/            this checkout
#   CONTAINER_RAM    the container's memory           4g; a model that does not fit is killed while it loads
#   CONTAINER_CPU    the container's cores            all of the machine
#   DEVICE           cpu or gpu                       cpu
#   GPUS             which GPUs, as Docker names them all
#   IMAGE            the server's image               tensorflow/serving:2.17.0, or 2.17.0-gpu
#   NAME             the container's name             sentiment-serving
#   BIND             the address to listen on         127.0.0.1: whoever reaches the ports can use and reload it; see the guide
#   GRPC_PORT        8500                             REST_PORT    8501
#
# Models are mounted read-only at the path that models.config names: to choose another path in the container, set
# SENTIMENT_SERVING_BASE_PATH before the first `sentiment publish`. Stop it: docker rm --force sentiment-serving
set -euo pipefail
export LC_ALL=C

refuse() {
    printf 'run_serving: %s; found %s. %s\n' "$1" "$2" "$3" >&2
    exit 2
}

number() { # NAME VALUE: a port
    [[ $2 =~ ^[0-9]{1,5}$ ]] && ((10#$2 >= 1 && 10#$2 <= 65535)) || refuse "$1 must be a port" "$2" "Set it to a number from 1 to 65535."
}

mountable() { # PATH: Docker's --mount separates by commas and quotes by quotation marks
    [[ $1 == /* && $1 != *[,\"]* ]] || refuse "a mounted path must be absolute, without , and \"" "$1" "Move or rename the folder."
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
home=${SENTIMENT_HOME:-$(dirname "$here")}
models=$home/serving/models
name=${NAME:-sentiment-serving} bind=${BIND:-127.0.0.1} device=${DEVICE:-cpu}
grpc_port=${GRPC_PORT:-8500} rest_port=${REST_PORT:-8501} ram=${CONTAINER_RAM:-4g} cpu=${CONTAINER_CPU:-}

case $device in
    cpu) image=${IMAGE:-tensorflow/serving:2.17.0} gpu=() ;;
    # Otherwise the first model takes all of the GPU's memory, and none is left for a canary.
    gpu) image=${IMAGE:-tensorflow/serving:2.17.0-gpu} gpu=(--gpus "${GPUS:-all}" --env TF_FORCE_GPU_ALLOW_GROWTH=true) ;;
    *) refuse "DEVICE must be cpu or gpu" "$device" "Set it to one of them." ;;
esac
number GRPC_PORT "$grpc_port"
number REST_PORT "$rest_port"
[[ $image != -* && $name =~ ^[A-Za-z0-9][A-Za-z0-9_.-]*$ ]] || refuse "NAME must be a container's name, IMAGE an image's" "$name, $image" "Correct NAME or IMAGE."
[[ $bind =~ ^[0-9a-fA-F.:]+$ ]] || refuse "BIND must be an address" "$bind" "Set it to an IP address, such as 127.0.0.1."
[[ $ram =~ ^[0-9]+[bkmgBKMG]?$ ]] || refuse "CONTAINER_RAM must be a size such as 8g" "$ram" "Set it to such a size."
[[ -z $cpu || $cpu =~ ^[0-9]+(\.[0-9]+)?$ ]] || refuse "CONTAINER_CPU must be a number of cores" "$cpu" "Set it to a number such as 2 or 1.5."

# The flags of this home, or else those beside this script; {serving} is their folder in the container.
config=$home/serving
[[ -f $config/flags ]] || config=$here
# shellcheck source=serving/read_flags.sh
. "$here/read_flags.sh"
read_flags "$config/flags" /serving || exit

[[ -f $models/models.config ]] || refuse "a model must have been published" "no $models/models.config" "Run \`sentiment canary\` first, or set SENTIMENT_HOME."
# A text proto writes characters other than ASCII as \nnn, and quotes with a backslash.
base=$(sed -n "s/\\\\\(['\"]\)/\1/g; s/^ *base_path: \"\(.*\)\"\$/\1/p" "$models/models.config" | head -n 1)
base=$(printf '%b' "$base")
base=${base:-${SENTIMENT_SERVING_BASE_PATH:-$models/sentiment}}
mount=${base%/*}
mountable "$models"
mountable "$config"
mountable "$here"
mountable "$mount/"
[[ -n $mount ]] || refuse "the models' base path must be below a folder" "$base" "Set SENTIMENT_SERVING_BASE_PATH to such a path."

limits=(--memory "$ram" --memory-swap "$ram")
threads=()
if [[ -n $cpu ]]; then
    limits+=(--cpus "$cpu")
    # TensorFlow counts the machine's cores, not the container's: threads beyond the cores would only wait.
    cores=${cpu%.*}
    [[ $cpu == *.* || $cores -eq 0 ]] && cores=$((cores + 1))
    threads=(--env "THREADS=$cores")
fi

command -v docker >/dev/null || refuse "Docker must be installed" "no docker" "Install it, or run \`sentiment serve\`."
docker info >/dev/null 2>&1 || refuse "a Docker engine must answer" "none" "Start it: \`docker info\` says what is wrong."
! docker container inspect "$name" >/dev/null 2>&1 || refuse "the container's name must be free" "a container $name" "Remove it with \`docker rm --force $name\`, or set NAME."

# What the server died of is noted below the home, so that it is not given to the server again. A new container may have
# more memory.
notes=$home/serving/servers
mkdir -p -- "$notes" || refuse "the server's notes need a folder" "none that can be made at $notes" "Make it writable."
rm -f -- "$notes/$name"

# --init passes signals on. The server runs as this user, so it reads what this user may read, and nothing more.
docker run --detach --init --name "$name" --restart unless-stopped --log-driver local --log-opt max-size=20m --log-opt max-file=5 \
    --user "$(id -u):$(id -g)" --cap-drop ALL --security-opt no-new-privileges \
    "${limits[@]}" ${gpu[@]+"${gpu[@]}"} \
    --publish "$bind:$grpc_port:8500" --publish "$bind:$rest_port:8501" \
    --mount "type=bind,source=$models,target=$mount,readonly" \
    --mount "type=bind,source=$config,target=/serving,readonly" \
    --mount "type=bind,source=$here,target=/scripts,readonly" \
    --mount "type=bind,source=$notes,target=/notes" \
    --env "MODELS=$mount" --env SERVING=/serving --env NOTES=/notes --env "SERVER_NAME=$name" ${threads[@]+"${threads[@]}"} \
    --entrypoint bash "$image" /scripts/start_in_container.sh tensorflow_model_server >/dev/null
echo "run_serving: $image as $name: gRPC at $bind:$grpc_port, REST at http://$bind:$rest_port. Its log: docker logs $name" >&2
