#!/usr/bin/env python3
"""scenarios/mistakes.py BUILD [--update|--cheap]: README's table of mistakes.  Runs the
drills tagged `mistake` and compares what they saw with the record, which is
scenarios/10-runbook/mistakes.md; --update writes it and the README instead.
--cheap runs nothing: it compares the README with the record."""
import difflib
import json
import os
import re
import subprocess
import sys
import tempfile

os.chdir(os.path.dirname(os.path.abspath(__file__)) + "/..")
RECORD = "scenarios/10-runbook/mistakes.md"
MARKS = "<!-- mistakes -->\n", "<!-- /mistakes -->\n"
RELEASES = "0.3.13", "0.5.17"


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def said(folder):
    """The error as printed, without what differs from run to run."""
    name = next(n for n in ("exec.log", "replicator.log")
                if os.path.exists(f"{folder}/{n}"))
    text = read(f"{folder}/{name}")
    # Of several at once the one of replication comes first.
    found = (re.search(r'monitor error.* error="((?:[^"\\]|\\.)*)"', text) or
             re.search(r'error="((?:[^"\\]|\\.)*)"', text))
    if found:
        text = found.group(1).replace('\\"', '"').replace("\\n", "\n")
    else:
        text = re.search(r"(?ms)^Error: (.*)", text).group(1)
    text = re.sub(r'https://[^" ]*', "…", text)
    return " ".join(text.split()).replace("|", "\\|").replace("`", "'")


def table(build, out):
    run = subprocess.run(
        [f"{build}/litedrill", "run", "-L", "-j", "2", "--out", out,
         "tag:mistake"], stdout=subprocess.PIPE, text=True)
    skipped = re.search(r"(?m)^.* # SKIP .*", run.stdout)
    if skipped:
        print(skipped.group())
        sys.exit(77)
    if run.returncode != 0:
        sys.exit(run.stdout)
    rows = []
    base = f"{out}/10-runbook"
    for name in sorted({d.split("@")[0] for d in os.listdir(base)}):
        got = [json.loads(read(f"{base}/{name}@{v}/result.json"))
               for v in RELEASES]
        if got[0]["finding"] != got[1]["finding"] or not got[0]["finding"]:
            sys.exit(f"{name}: the releases' findings differ, or are none")
        texts = [f"`{said(f'{base}/{name}@{v}')}`" for v in RELEASES]
        rows.append(f"| {name} | {texts[0]} | {texts[1]} | "
                    f"{got[0]['finding']} |\n")
    return ("| mistake | what 0.3 says | what 0.5 says | what it really is |\n"
            "|---|---|---|---|\n" + "".join(rows))


def split(text):
    head, rest = text.split(MARKS[0])
    return (head, *rest.split(MARKS[1]))


mode = sys.argv[2] if len(sys.argv) > 2 else ""
readme = split(read("README.md"))
if mode != "--cheap":
    with tempfile.TemporaryDirectory() as out:
        seen = table(sys.argv[1], out)
    if mode == "--update":
        for path, text in ((RECORD, seen), ("README.md", readme[0] + MARKS[0]
                           + seen + MARKS[1] + readme[2])):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        sys.exit()
    if seen != read(RECORD):
        sys.stdout.writelines(difflib.unified_diff(
            read(RECORD).splitlines(True), seen.splitlines(True)))
        sys.exit(f"{RECORD} is not what the drills saw: make mistakes")
if readme[1] != read(RECORD):
    sys.exit(f"README.md's table is not {RECORD}: make mistakes")
