# Sourced by what starts TensorFlow Serving: `read_flags FILE SERVING` leaves the flags of FILE in the array `flags`.
# SERVING is the folder of FILE as the server sees it. Prints a line and returns 2 where a line is no flag.

read_flags() {
    local line
    flags=()
    while IFS= read -r line || [[ -n $line ]]; do
        [[ -z $line || $line == '#'* ]] && continue
        if ! [[ $line =~ ^--[a-z0-9_]+=[!-~]+$ ]]; then
            printf 'a line of %s must be --name=value; found %s. Mend it.\n' "$1" "$line" >&2
            return 2
        fi
        flags+=("${line//'{serving}'/"$2"}")
    done <"$1"
}
