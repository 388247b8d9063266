#!/usr/bin/env bash
# harness/tests/tester.sh LITEDRILL: who tests the tester.  Each line runs a
# drill against something broken (a wrapper around the real Litestream, a fault
# that an emulator would have as a bug, a deployment with a known mistake); it
# must turn to FAIL, for the reason given, and for no other.
set -u
drill=$(realpath "$1")
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0

# Private keys, access tokens, assertions and client secrets: in nothing that a
# drill leaves behind.
secrets='BEGIN (RSA )?PRIVATE KEY|ya29\.[A-Za-z0-9._-]{20}'
secrets+='|eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.|GOCSPX-[A-Za-z0-9]{8}'

# wrapper NAME VERSION: makes $tmp/NAME-VERSION/NAME, prints its path
wrapper() {
    local dir=$tmp/$1-$2
    if [ ! -d "$dir" ]; then
        mkdir "$dir"
        cp "harness/tests/broken/$1" "$dir/$1"
        cp "build/tools/litestream-$2" "$dir/litestream.real"
    fi
    printf '%s\n' "$dir/$1"
}

# must REASON-REGEX ID ARG…: `litedrill run ARG… ID` ends with exit 1, and its
# report has the reason.  Most of a red drill is waiting for what never comes,
# so several run at once.
must() {
    while [ "$(jobs -rp | wc -l)" -ge 6 ]; do
        wait -n
    done
    n=$((n + 1))
    must_one "$tmp/$n" "$@" &
}

must_one() {
    local file=$1 why=$2 id=$3 out rc
    shift 3
    out=$("$drill" run --out "$file.out" "$@" "scenarios/$id.scn" 2>&1)
    rc=$?
    # A wrapper that did not find the real one proves nothing.
    if grep -rqs --include=replicator.log 'litestream.real.*not found' \
        "$file.out"; then
        echo "FAIL $id $* (the wrapper found no litestream.real)"
    elif grep -raEl "$secrets" "$file.out" || grep -E "$secrets" <<<"$out"; then
        echo "FAIL $id $* (a credential is in its report or its folder)"
    elif [ $rc = 1 ] && grep -qE "$why" <<<"$out"; then
        echo "ok   $id $*"
    else
        echo "FAIL $id $* (exit $rc, wanted 1 and /$why/):"
        sed 's/^/    /' <<<"$out"
    fi | sed "s,$tmp/,,g" >"$file"
}

for v in ${TESTER_RELEASES:-0.3.13 0.5.17}; do
    case $v in      # what a sync uploads
    0.3.*) upload='*.wal.lz4' ;;
    *) upload='*/ltx/0/*' ;;
    esac
    w=$(wrapper older-state "$v")
    must 'synced' 00-smoke/replicate-restore --litestream "$w"
    w=$(wrapper drops-uploads "$v")
    must 'synced' 00-smoke/replicate-restore --litestream "$w"
    must 'bucket.objects' 10-runbook/seed-empty-file --litestream "$w"
    w=$(wrapper corrupt-page "$v")
    must 'synced|restored' 50-restore/parallelism-8 --litestream "$w"
    w=$(wrapper exit-zero "$v")
    must 'exit|status' 10-runbook/empty-bucket --litestream "$w"
    must 'exit|status' 10-runbook/no-role --litestream "$w"
    must 'exit|status' 10-runbook/deleted-key --litestream "$w"

    must 'synced' 00-smoke/replicate-restore --litestream "$v" \
        --inject 'forget on=storage.objects.insert every=1'
    must 'synced|restored' 50-restore/parallelism-1 --litestream "$v" \
        --inject "forget on=storage.objects.insert object=$upload nth=2"
    must 'synced|restored' 50-restore/parallelism-1 --litestream "$v" \
        --inject 'stale on=storage.objects.list back=2'

    for id in outage-403-list outage-403-get outage-403-token outage-503 outage-refused first-run-refused; do
        must 'process\(deployment\)' "10-runbook/$id" --litestream "$v" \
            --deployment fixtures/broken/naive-entrypoint
    done
done
wait
for ((i = 1; i <= n; i++)); do
    cat "$tmp/$i"
done
passed=0
for ((i = 1; i <= n; i++)); do
    ! grep -q "^ok " "$tmp/$i" || passed=$((passed + 1))
done
failed=$((n - passed))
echo "tester: $passed passed, $failed failed"
[ -z "${CHECK_SUM:-}" ] || echo "$passed $failed 0" >>"$CHECK_SUM"
[ $failed = 0 ]
