run -j 0 00-smoke
