run --emulator /nonexistent 00-smoke
