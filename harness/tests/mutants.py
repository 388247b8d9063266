#!/usr/bin/env python3
"""mutants.py BUILD [RELEASE…]: who tests the tester, by rule and end to end.

A mutant is the real Litestream with one defect around it, or an emulator with
one that an emulator could have; the drills that look are columns, and a cell
has the property that turned it red.  What no drill sees survives.  Ends with 1
where less than 98 % are killed, or where a drill is red with no mutant at all.
The table goes to out/mutants.txt."""
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
LOOKERS = {
    "smoke": ["run", "00-smoke/replicate-restore"],
    "term": ["run", "40-crash/term-before-sync"],
    "places": ["run", "50-restore/any-place"],
    "litter": ["run", "50-restore/failed-leaves-nothing"],
    "explore": ["explore", "--repeat", "0", "harness/tests/session.scn"],
}
WRAPPED = (["lost-1", "lost-3", "lost-20", "changed-1", "changed-7", "hole-1", "hole-9",
            "sum-1", "sum-7", "side-1", "side-8", "more-1", "more-2", "empty", "cut-1", "cut-2", "cut-3",
            "nothing", "hangs", "panic", "one", "litter", "quits", "deaf", "unsynced"]
           + [f"zero-{n}" for n in (1, 2, 3, 4, 5)]
           + [f"byte-{n}" for n in (20, 100, 4096 + 20, 2 * 4096 - 40, 3 * 4096 - 60)])


def emulators(release):
    """Faults that an emulator would have as a bug: each kind of wrong answer,
    for each kind of object, at several places."""
    old = release.startswith("0.3")
    log = "*.wal.lz4" if old else "*/ltx/0/*"
    snapshot = "*.snapshot.lz4" if old else "*/ltx/9/*"
    for name, glob in (("log", log), ("snapshot", snapshot)):
        # One snapshot that is forgotten loses nothing: level 0 has it all.
        for n in (1, 2, 4) if name == "log" else ():
            yield f"forgets {name} {n}", f"forget on=storage.objects.insert object={glob} nth={n}"
        for n in (1, 2, 4):
            yield (f"keeps a wrong byte of {name} {n}",
                   f"corrupt on=storage.objects.insert object={glob} nth={n} after-bytes=60")
        for at in (20, 60):
            yield (f"answers a wrong byte of {name} at {at}",
                   f"corrupt on=storage.objects.get object={glob} times=always after-bytes={at}")
            yield (f"answers {at} bytes of {name}",
                   f"truncate on=storage.objects.get object={glob} times=always after-bytes={at} hide=true")
    for back in (2, 5, 20):
        yield f"lists as of {back} changes ago", f"stale on=storage.objects.list back={back} times=always"
    yield "forgets all snapshots", f"forget on=storage.objects.insert object={snapshot} every=1"
    yield "forgets all", "forget on=storage.objects.insert every=1"
    yield "forgets every third", "forget on=storage.objects.insert every=3"


def look(build, tools, release, mutant, wrapper, rule, looker):
    """The property that made it red, '.' where it stayed green, '?' where the
    mutant never came to act, '!' where the drill itself broke."""
    words = LOOKERS[looker]
    with tempfile.TemporaryDirectory(prefix="mutants-") as tmp:
        which = release
        if wrapper:
            which = f"{tmp}/bin/mutant-{wrapper}"
            os.mkdir(f"{tmp}/bin")
            shutil.copy(f"{TOP}/harness/tests/broken/mutant", which)
            shutil.copy(f"{tools}/litestream-{release}", f"{tmp}/bin/litestream.real")
            os.link(f"{tmp}/bin/litestream.real", f"{tmp}/bin/other")
        args = [f"{build}/litedrill", words[0], "--out", f"{tmp}/out", "--litestream", which,
                "--tools", tools, "--report", f"json={tmp}/result.json"]
        if words[0] == "explore":
            args += ["--known", f"{TOP}/scenarios/70-explore/known", "-j", "1"]
        if rule:
            args += ["--inject", rule]
        got = subprocess.run(args + words[1:], cwd=TOP, capture_output=True, text=True, check=False)
        try:
            result = json.load(open(f"{tmp}/result.json", encoding="utf-8"))["results"][0]
        except (OSError, ValueError, IndexError):
            return "! " + got.stderr.strip()[-100:]
        if result["verdict"] == "FAIL":
            known = result["known_bug"] is not None and looker != "explore"
            return "." if known and not mutant else result["property"] or "fails"
        if result["verdict"] == "PASS":
            return "."
        if result["verdict"] == "SKIP":
            return "-"
        why = result["why"] or ""
        return "?" if "never fired" in why or "inconclusive" in why else "! " + why[:100]


def main():
    build = os.path.realpath(sys.argv[1])
    tools = os.path.realpath(os.path.join(TOP, "build/tools"))
    releases = sys.argv[2:] or ["0.3.13", "0.5.17"]
    mutants = []
    for release in releases:
        mutants.append((release, "", None, None))
        mutants += [(release, f"restore or replicate: {w}", w, None) for w in WRAPPED]
        mutants += [(release, f"the emulator {name}", None, rule) for name, rule in emulators(release)]
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("J", "5"))) as pool:
        cells = {(m, k): pool.submit(look, build, tools, *m, k) for m in mutants for k in LOOKERS}
    lines, killed, made, wrong, alone = [], 0, 0, [], {k: 0 for k in LOOKERS}
    lines.append(f"{'':8}{'':48}" + "".join(f"{k:<18}" for k in LOOKERS))
    for m in mutants:
        row = {k: cells[m, k].result() for k in LOOKERS}
        red = [k for k, c in row.items() if c[0] not in ".?-!"]
        lines.append(f"{m[0]:8}{m[1] or '(no mutant)':48}" + "".join(f"{row[k]:<18}" for k in LOOKERS).rstrip())
        if not m[1]:
            wrong += [f"{m[0]}: {k} is {row[k]} with no mutant" for k in LOOKERS if row[k] not in ".-"]
            continue
        if all(c in "?-" for c in row.values()):
            continue            # it never came to act: no mutant
        made += 1
        killed += bool(red)
        if len(red) == 1:
            alone[red[0]] += 1
        if not red:
            wrong.append(f"{m[0]}: {m[1]} survives")
    lines.append("killed by one alone: " + ", ".join(f"{k} {n}" for k, n in alone.items()))
    lines.append(f"{made} mutants, {killed} killed ({100 * killed / max(made, 1):.1f} %)")
    text = "\n".join(lines) + "\n"
    os.makedirs(f"{TOP}/out", exist_ok=True)
    open(f"{TOP}/out/mutants.txt", "w", encoding="utf-8").write(text)
    print(text + "\n".join(wrong))
    if made < 50:
        print(f"only {made} mutants came to act, wanted 50")
    return 1 if made < 50 or killed < 0.98 * made or any("no mutant" in w for w in wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
