#!/usr/bin/env bash
# emulator/tests/bench.sh BUILD: does gcs-bench measure?  Each check runs one
# measure at sizes that say nothing of speed, against the emulator alone.
set -u
O=$(realpath "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0

check() { # WHAT COMMAND…
    local what=$1
    shift
    if "$@" >"$tmp/out" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $what:"
        tail -n 20 "$tmp/out"
    fi
}

bench() {
    env -i PATH="$PATH" HOME="$tmp" TMPDIR="$tmp" ${ASAN_OPTIONS+ASAN_OPTIONS="$ASAN_OPTIONS"} \
        "$O/gcs-bench" --quick --rounds 1 --peers none "$@"
}

measures() { # NAME…: each gives figures that can be, and cleans up
    bench "${@/#/--only=}" --json "$tmp/json" || return 1
    python3 - "$tmp/json" "$@" <<'PY' || return 1
import json, sys
j = json.load(open(sys.argv[1]))
assert j["machine"]["cores"] > 0 and j["machine"]["file_system"] != "unknown", j["machine"]
of = {f["measure"] for f in j["figures"]}
assert set(sys.argv[2:]) <= of, of
for f in j["figures"]:
    assert len(f["runs"]) == 1 and f["median"] >= 0, f
    assert f["unit"] != "requests/s" or f["median"] > 1, f
assert j["peers"]["nginx"]["skipped"], j["peers"]
PY
    [ -z "$(ls -d "$tmp"/gcs-bench-* 2>/dev/null)" ]
}

refuses() { # WORD ARG…: exit 2, and a message with WORD
    local word=$1
    shift
    bench "$@"
    [ $? = 2 ] && grep -q "$word" "$tmp/out"
}

check 'uploads are measured' measures put-media
check 'downloads are measured' measures get-xml
check 'starts, deletes, lists are measured' measures start delete list
check 'growth, large objects and TLS are measured' measures grow big-put big-get memory tls
check 'a measure that is not there is refused' refuses 'no measure' --only put-medium
check 'rounds are a number' refuses 'rounds wants' --rounds 0

echo "bench: $passed passed, $failed failed, 0 skipped"
[ -z "${CHECK_SUM:-}" ] || echo "$passed $failed 0" >>"$CHECK_SUM"
[ $failed = 0 ]
