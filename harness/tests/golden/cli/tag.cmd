run tag:nosuch
