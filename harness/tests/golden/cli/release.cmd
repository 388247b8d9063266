run --tools harness/tests/golden/cli --litestream 9.9.9 00-smoke
