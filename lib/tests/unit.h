/* lib/tests/unit.h: the main() that every test program of lib/ has.  The
 * including file defines suite(). */
#ifndef LIB_TESTS_UNIT_H
#define LIB_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

Suite	*suite(void);

int
main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

#endif
