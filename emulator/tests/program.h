/* emulator/tests/program.h: where the program is that was built with a test.
 * Knows the build's tree; does not start anything. */
#ifndef EMULATOR_TESTS_PROGRAM_H
#define EMULATOR_TESTS_PROGRAM_H

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "lib/mem.h"

/* BUILD/gcs-emulator, of this BUILD/emulator/tests/test_x; to be freed. */
static inline char *
program_path(void)
{
	char self[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	BUG_ON(n <= 0);
	self[n] = '\0';
	for (int up = 0; up < 3; up++) {
		slash = strrchr(self, '/');
		BUG_ON(slash == NULL);
		*slash = '\0';
	}
	return (mem_printf("%s/gcs-emulator", self));
}

#endif
