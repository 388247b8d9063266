run 00-smoke harness/tests/golden/check/empty.scn
