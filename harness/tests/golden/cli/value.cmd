run --out
