# Sourced by start_in_container.sh: gives a running server each new models.config, through the one file that it polls.
#
# A server starts with boot.config, the stable version alone. What it dies of is not given to it again until
# models.config asks for something else. Its note in serving/servers/ outlives it: WORD DIGEST DEATHS, of which DIGEST is
# that of a models.config without its comments, and WORD says how it went:
#
#   loading   it was given to the server, which has not loaded all of it: a server that starts and finds this died of it
#   served    all of it has loaded or failed; DEATHS counts how often the server died then, within an hour each time
#   stopped   the server does not have it now; it did not die while it was loading it
#   held      it is not given to the server again

deaths_allowed=2 forgotten_after=3600

say() { printf 'start_in_container: %s\n' "$1" >&2; }

digest_of() { # FILE: of what it asks for
    local digest
    digest=$(sed '/^#/d' -- "$1" | sha256sum)
    printf '%s' "${digest:0:16}"
}

write_note() { # WORD DIGEST DEATHS
    local new=''
    word=$1 digest=$2 deaths=$3
    # Other servers may write to that folder: a new file, so that nothing of theirs is opened.
    if ! { new=$(mktemp -- "$note.new.XXXXXX") && printf '%s %s %s\n' "$1" "$2" "$3" >"$new" &&
        chmod a+r -- "$new" && mv -fT -- "$new" "$note"; } 2>/dev/null; then
        [[ -z $new ]] || rm -f -- "$new"
        [[ -n ${told_no_note:-} ]] || say "cannot write $note; a models.config that kills this server is given to it again"
        told_no_note=yes
    fi
}

forget_note() { # models.config asks for something else, or a person has removed the note
    rm -f -- "$note" 2>/dev/null || true
    word='' digest='' deaths=0
}

read_note() { # sets word, digest and deaths: what became of the server before this one
    word='' digest='' deaths=0
    [[ -f $note && ! -L $note ]] && read -r -n 64 word digest deaths <"$note" || true
    [[ "$word $digest $deaths" =~ ^(loading|served|stopped|held)\ [0-9a-f]{16}\ [0-9]{1,3}$ ]] || word='' digest='' deaths=0
    case $word in
        loading) write_note held "$digest" $((deaths + 1)) ;;
        served)
            if ((deaths + 1 > deaths_allowed)); then write_note held "$digest" $((deaths + 1)); else write_note stopped "$digest" $((deaths + 1)); fi
            ;;
    esac
}

read_config() { # FILE: sets model, versions (" 1 2 ") and labels (" stable=1 canary=2 ") from the layout that we render
    local line key=''
    model='' versions=' ' labels=' '
    while IFS= read -r line || [[ -n $line ]]; do
        if [[ $line =~ ^\ *name:\ \"([^\"\\]*)\"$ ]]; then model=${BASH_REMATCH[1]}
        elif [[ $line =~ ^\ *versions:\ ([0-9]+)$ ]]; then versions+="${BASH_REMATCH[1]} "
        elif [[ $line =~ ^\ *key:\ \"([^\"\\]*)\"$ ]]; then key=${BASH_REMATCH[1]}
        elif [[ $line =~ ^\ *value:\ ([0-9]+)$ ]]; then labels+="$key=${BASH_REMATCH[1]} "; fi
    done <"$1"
}

# A note keeps only versions from a server that are not to be stable: whoever writes one must not be able to keep
# customers from the stable version that the history names.
may_be_held_back() { # GIVEN WANTED
    local had version new=''
    read_config "$1"
    had=$versions
    read_config "$2"
    for version in $versions; do [[ $had == *" $version "* ]] || new=yes; done
    [[ -n $new ]] || return 1
    [[ ! $labels =~ \ stable=([0-9]+)\  || $had == *" ${BASH_REMATCH[1]} "* ]]
}

# A server refuses to move a label to a version that it has not loaded, and then loads nothing that is new either
# (server_core.cc:UpdateModelVersionLabelMap). So a label that would move to a version which the server was never given
# stays where it is until that version has loaded.
bridged() { # GIVEN WANTED: prints WANTED, with those labels as they are in GIVEN
    local given_versions given_labels line key='' stay=' ' label old
    read_config "$1"
    given_versions=$versions given_labels=$labels
    read_config "$2"
    for label in $labels; do
        [[ $given_labels =~ \ ${label%=*}=([0-9]+)\  ]] || continue
        old=${BASH_REMATCH[1]}
        [[ $given_versions == *" ${label#*=} "* || $old == "${label#*=}" ]] || stay+="${label%=*}=$old "
    done
    local missing=''
    for label in $stay; do [[ $versions == *" ${label#*=} "* ]] || missing+="${label#*=} "; done
    while IFS= read -r line || [[ -n $line ]]; do
        [[ $line =~ ^\ *key:\ \"([^\"\\]*)\"$ ]] && key=${BASH_REMATCH[1]}
        if [[ -n $missing && $line =~ ^(\ *)versions:\ [0-9]+$ ]]; then
            for old in $missing; do printf '%sversions: %s\n' "${BASH_REMATCH[1]}" "$old"; done
            missing=''
        fi
        if [[ $line =~ ^(\ *)value:\ [0-9]+$ && $stay =~ \ $key=([0-9]+)\  ]]; then
            line="${line%%value*}value: ${BASH_REMATCH[1]}"
        fi
        printf '%s\n' "$line"
    done <"$2"
}

ask() { # PATH: prints what the server answers over REST; fails when it does not listen
    { exec 3<>"/dev/tcp/127.0.0.1/$rest_port"; } 2>/dev/null || return
    [[ -n $1 ]] || return 0
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" >&3
    timeout 3 cat <&3
}

has_settled() { # whether every version that the server was given has loaded or failed
    local answer version
    read_config "$given"
    [[ $versions == ' ' ]] && return
    answer=$(ask "/v1/models/$model" 2>/dev/null | tr -d '[:space:]\0') || true
    if [[ $answer != *model_version_status* ]]; then # a token or TLS is in the way, or nothing is loaded yet
        ((SECONDS - given_at >= 300))
        return
    fi
    for version in $versions; do
        [[ $answer =~ \"version\":\"$version\",\"state\":\"(AVAILABLE|END)\" ]] || return 1
    done
}

give() { # NEXT: gives the server a file that is wanted, unless the server died of it
    local found
    found=$(digest_of "$1")
    [[ $word != held || $digest == "$found" ]] || forget_note
    if [[ $(digest_of "$given") == "$found" ]]; then
        mv -f -- "$1" "$given"
        return
    fi
    if [[ $word == held && $digest == "$found" ]] && may_be_held_back "$given" "$1"; then
        say "models.config is held back, because the server died of it; \`sentiment status\` says what to do"
        return
    fi
    [[ $digest == "$found" ]] || deaths=0
    bridging=''
    bridged "$given" "$1" >"$1.bridge"
    if [[ $(digest_of "$1.bridge") == "$found" ]]; then rm -f -- "$1.bridge"; else bridging=yes; mv -f -- "$1.bridge" "$1"; fi
    [[ $(digest_of "$given") == "$(digest_of "$1")" ]] || write_note loading "$found" "$deaths"
    given_at=$SECONDS
    mv -f -- "$1" "$given"
}

follow() { # one look at models.config; call it every second
    if [[ $word == held && ! -f $note ]]; then # a person has removed it
        forget_note
        : >"$seen"
    fi
    if [[ -f $wanted ]] && { ! cmp -s -- "$wanted" "$seen" || { [[ -n $bridging ]] && has_settled; }; }; then
        cp -- "$wanted" "$seen.new" && cp -- "$seen.new" "$given.next" && mv -f -- "$seen.new" "$seen"
        give "$given.next"
    elif [[ $word == loading ]] && has_settled; then
        write_note served "$digest" "$deaths"
    elif [[ $word == served && $deaths -gt 0 ]] && ((SECONDS - given_at > forgotten_after)); then
        write_note served "$digest" 0
    fi
}

stopped() { # notes that the server was asked to stop, so that its end is no death
    [[ $word != loading && $word != served ]] || write_note stopped "$digest" "$deaths"
}
