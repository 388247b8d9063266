#!/usr/bin/env bash
# harness/tests/golden.sh LITEDRILL [--update]: what litedrill says, word for
# word.  golden/check: scenarios with mistakes, and every message about them.
# golden/run: scenarios whose verdict and report are known.  golden/cli: wrong
# command lines.  --update writes what it says now; read the difference.
set -u
drill=$(realpath "$1")
update=${2:-}
cd "$(dirname "$0")/../.." || exit 2
golden=harness/tests/golden
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0

same() { # NAME WANT-FILE GOT-FILE
    sed -i "s,$PWD/,,g" "$3"
    if [ "$update" = --update ]; then
        cp "$3" "$2"
    fi
    if diff -u "$2" "$3" >"$tmp/diff" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL golden $1:"
        cat "$tmp/diff"
    fi
}

for f in $golden/check/*.scn; do
    "$drill" check "$f" >"$tmp/got" 2>&1
    echo "exit $?" >>"$tmp/got"
    same "check/${f##*/}" "${f%.scn}.want" "$tmp/got"
done

for f in $golden/cli/*.cmd; do
    eval "set -- $(cat "$f")"
    "$drill" "$@" >"$tmp/got" 2>&1
    echo "exit $?" >>"$tmp/got"
    same "cli/${f##*/}" "${f%.cmd}.want" "$tmp/got"
done

# One run for all, split by drill; what differs from run to run is left out.
"$drill" run -j 4 --litestream 0.5.17 --report tap --out "$tmp/out" $golden/run \
    >"$tmp/tap" 2>"$tmp/err"
echo "exit $?" >"$tmp/got"
same run-exit "$golden/run/exit.want" "$tmp/got"
mkdir "$tmp/split"
sed -E -e 's/ # time=[0-9.]+s.*//' -e 's/^((not )?ok) [0-9]+/\1/' \
    -e '/^  (isolation|dir): /d' -e "s,$tmp/,,g" "$tmp/tap" |
    awk -v dir="$tmp/split" '
        /^(not )?ok / { id = $0; sub(/^(not )?ok - run\//, "", id); sub(/@.*/, "", id) }
        id != "" && !/^#/ { print > (dir "/" id) }'
for f in $golden/run/*.scn; do
    name=${f##*/}
    touch "$tmp/split/${name%.scn}"
    same "run/$name" "${f%.scn}.want" "$tmp/split/${name%.scn}"
done

echo "golden: $passed passed, $failed failed"
[ -z "${CHECK_SUM:-}" ] || echo "$passed $failed 0" >>"$CHECK_SUM"
[ $failed = 0 ]
