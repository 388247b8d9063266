run --report junt=x 00-smoke
