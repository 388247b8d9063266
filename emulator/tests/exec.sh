#!/usr/bin/env bash
# emulator/tests/exec.sh BUILD: real programs, unmodified, under `gcs-emulator
# exec`, each in both kinds of place: this machine's network, by proxies, and a
# private one.  That they went the way that is meant is read from the journal.
# A program that is not here is a visible SKIP; ci/setup and ci/clients (make
# conformance) bring what can be had.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
O=$(realpath "$1")
clients=$top/build/clients
tools=$top/build/tools
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 skipped=0
PATH=$PATH:$clients/rclone
cp -r "$top/emulator/tests/clients" "$tmp/c"

skip() { # NAME NET WHY
    echo "SKIP $1, net=$2: $3"
    skipped=$((skipped + 1))
}

emulate() { # NET ARG…
    local net=$1
    shift
    env -i PATH="$PATH" HOME="$tmp" TMPDIR="$tmp" LANG=C.UTF-8 \
        ${ASAN_OPTIONS+ASAN_OPTIONS="$ASAN_OPTIONS"} \
        timeout -k 5 120 "$O/gcs-emulator" exec --net "$net" "$@"
}

# Were there requests for storage, all of them by this way?
went() { # VIA
    grep -q "\"via\": *\"$1\".*\"api\": *\"storage\." "$tmp/journal" || {
        echo "no request for storage went by way of '$1':"
        tail -n 3 "$tmp/journal"
        return 1
    }
    ! grep '"api": *"storage\.' "$tmp/journal" | grep -v "\"via\": *\"$1\""
}

both() { # NAME MISSING SCRIPT: MISSING is a program that it needs, or a path
    local name=$1 needs=$2 script=$3 net via
    for net in host private; do
        via=proxy
        [ $net = host ] || via=direct
        if ! command -v "$needs" >/dev/null && [ ! -e "$needs" ]; then
            skip "$name" $net "${needs##*/} is missing"
        elif [ $net = private ] && ! $private; then
            skip "$name" $net "no private network is allowed here"
        elif rm -f "$tmp/journal" &&
            emulate $net --seed "$tmp/c/seed.json" --credentials "$tmp/c/client.json" \
                --journal "$tmp/journal" -- bash -euc "cd '$tmp'; $script" >"$tmp/out" 2>&1 &&
            went $via >>"$tmp/out" 2>&1; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "FAIL $name, net=$net:"
            tail -n 20 "$tmp/out"
        fi
    done
}

private=false
emulate private --credentials own -- true 2>/dev/null && private=true

both curl curl '
    [ "$(curl -sSf https://storage.googleapis.com/clients-bucket/seeded)" = seeded ]
    [ "$(curl -sSf https://clients-bucket.storage.googleapis.com/seeded)" = seeded ]'

both gcloud gcloud '
    echo "from gcloud" >g
    gcloud storage cp g gs://clients-bucket/gcloud
    gcloud storage cat gs://clients-bucket/gcloud | cmp - g
    [ "$(gcloud storage ls gs://clients-bucket/gcloud)" = gs://clients-bucket/gcloud ]'

both gsutil gsutil '
    echo "from gsutil" >u
    gsutil cp u gs://clients-bucket/gsutil
    gsutil cat gs://clients-bucket/gsutil | cmp - u'

both 'gsutil, XML API' gsutil '
    echo "from gsutil by XML" >u
    gsutil -o GSUtil:prefer_api=xml cp u gs://clients-bucket/gsutil
    gsutil -o GSUtil:prefer_api=xml cat gs://clients-bucket/gsutil | cmp - u'

both rclone rclone '
    echo "from rclone" >r
    rclone() { command rclone --gcs-bucket-policy-only --retries 1 "$@"; }
    rclone copyto r :gcs:clients-bucket/rclone
    rclone cat :gcs:clients-bucket/rclone | cmp - r
    mkdir -p tree/sub && head -c 9000000 /dev/urandom >tree/big && cp r "tree/sub/a b"
    rclone sync tree :gcs:clients-bucket/tree
    rclone check --download tree :gcs:clients-bucket/tree'

for version in 0.3.13 0.5.17; do
    url=gs://clients-bucket/db
    [ $version != 0.3.13 ] || url=gcs://clients-bucket/db
    both "Litestream $version" "$tools/litestream-$version" "
        rm -rf ls && mkdir ls && cd ls
        ls=$tools/litestream-$version
        sqlite3 db 'PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES (7);'
        there() {
            rm -f copy* && \$ls restore -o copy $url >&2 && [ \"\$(sqlite3 copy 'SELECT x FROM t')\" = 7 ]
        }
        \$ls replicate db $url & replicator=\$!
        until there; do kill -0 \$replicator; done
        kill \$replicator
        wait \$replicator || true"
done

both 'google-cloud-storage for Python' "$clients/python" "
    PYTHONPATH=$clients/python python3 c/storage.py"

both '@google-cloud/storage for Node' "$clients/node" "
    NODE_PATH=$clients/node/node_modules node c/storage.js"

both Java javac 'java c/Storage.java'

both 'google-cloud-storage for Java' "$clients/java" "
    java -cp '$clients/java/*' c/Library.java"

echo "exec: $passed passed, $failed failed, $skipped skipped"
[ -z "${CHECK_SUM:-}" ] || echo "$passed $failed $skipped" >>"$CHECK_SUM"
[ $failed = 0 ]
