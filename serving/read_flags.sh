# Sourced by the scripts that start TensorFlow Serving: `read_flags FILE SERVING` puts FILE's flags into array `flags`.
# SERVING is the folder of FILE as the server sees it. It prints a line and returns 2 when a line is not a flag.

read_flags() {
    local line
    flags=()
    while IFS= read -r line || [[ -n $line ]]; do
        [[ -z $line || $line == '#'* ]] && continue
        if ! [[ $line =~ ^--[a-z0-9_]+=[!-~]+$ ]]; then
            printf 'a line of %s must be --name=value; found %s. Correct it.\n' "$1" "$line" >&2
            return 2
        fi
        flags+=("${line//'{serving}'/"$2"}")
    done <"$1"
}
