run --jbos 3
