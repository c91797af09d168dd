#!/bin/bash
# Checks the C kernels against their definitions on every instruction set that this machine has, on NEON under
# an emulator, and that they compile for Apple's systems.
#
#   Scripts/test-kernels.sh [--require-neon]
#
# Without a cross compiler or an emulator the NEON part is left out, unless --require-neon says that this is
# an error. CC names another clang.
set -euo pipefail
cd "$(dirname "$0")/.."

require_neon=false
case "${1:-}" in
    "") ;;
    --require-neon) require_neon=true ;;
    *) echo "usage: Scripts/test-kernels.sh [--require-neon]" >&2; exit 2 ;;
esac

cc=${CC:-clang}
command -v "$cc" > /dev/null || { echo "test-kernels: no $cc (it comes with the Swift toolchain; or set CC)" >&2; exit 2; }
kernels=Sources/CAttentionKernels
build=.build/kernel-tests
flags=(-std=c11 -g -Wall -Wextra -Werror -I"$kernels/include")
sources=("$kernels"/*.c Tests/CAttentionKernelsTests/*.c)
mkdir -p "$build"

echo "== this machine, $(uname -m)"
"$cc" -O2 "${flags[@]}" "${sources[@]}" -lm -o "$build/native"
"$build/native"

# -O1: the sanitisers' calls make -O2 slower to build and no stricter.
echo "== this machine, with the address and undefined-behaviour sanitisers"
sanitisers=(-fsanitize=address,undefined -fno-sanitize-recover=all)
echo 'int main(void) { return 0; }' > "$build/empty.c"
if "$cc" "${sanitisers[@]}" "$build/empty.c" -o "$build/empty" 2> /dev/null && "$build/empty"; then
    "$cc" -O1 "${sanitisers[@]}" "${flags[@]}" "${sources[@]}" -lm -o "$build/sanitised" 2> "$build/sanitised.log" ||
        { cat "$build/sanitised.log" >&2; exit 1; }  # a good build is full of an older linker's warnings
    "$build/sanitised" | grep -v 'largest error'
else
    echo "left out: $cc has no sanitiser runtime here"
fi

# Freestanding, so that no SDK is needed; system.c, which calls the system, needs one and is left to Apple's own
# machines. -O0 is quick, and code is made all the same.
for target in arm64-apple-macos15 x86_64-apple-macos15 arm64-apple-ios18; do
    echo "== compiling for $target"
    for source in "$kernels"/*.c; do
        [[ $(basename "$source") == system.c ]] && continue
        "$cc" -target "$target" -ffreestanding -O0 "${flags[@]}" -S -o /dev/null "$source"
    done
done

echo "== NEON"
if [[ $(uname -m) == arm64 || $(uname -m) == aarch64 ]]; then
    echo "this machine has it: checked above"
    exit 0
fi

missing=()
linker=aarch64-linux-gnu-gcc
command -v "$linker" > /dev/null || missing+=("the linker $linker")
emulator=$(command -v qemu-aarch64 || command -v qemu-aarch64-static || true)
[[ -n $emulator ]] || missing+=("the emulator qemu-aarch64")
headers=/usr/aarch64-linux-gnu/include
[[ -f $headers/math.h ]] || missing+=("the C library's headers in $headers")
if (( ${#missing[@]} > 0 )); then
    printf 'missing: %s\n' "${missing[@]}"
    echo "On Debian and Ubuntu: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
    if $require_neon; then exit 1; fi
    echo "left out"
    exit 0
fi
objects=()
for source in "${sources[@]}"; do
    object=$build/neon-$(basename "$source" .c).o
    "$cc" -target aarch64-linux-gnu -O2 "${flags[@]}" -isystem "$headers" -c "$source" -o "$object"
    objects+=("$object")
done
"$linker" -static "${objects[@]}" -lm -o "$build/neon"
"$emulator" "$build/neon"
