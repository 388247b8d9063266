run --litestream /bin/true 00-smoke
