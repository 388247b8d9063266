run --litestream 9.9.9 00-smoke
