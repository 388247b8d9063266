/* emulator/fault/retry_test.h: the Retry Test API, by which the conformance
 * suites of Google's client libraries order failures: a test is a list of
 * instructions for each method, and a request that carries its id in
 * x-retry-test-id uses up the next one for its method.  An instruction is a
 * rule of fault.h for that one request (retry_rule.c says which).  Knows
 * tests and who has used what; not what an instruction does.
 * https://github.com/googleapis/storage-testbench#retry-test-api
 *
 * Bounded: of RETRY_TESTS_MAX tests the oldest goes, and a test's text is
 * limited.  Open to whoever may talk to the plain endpoint, since the suites
 * send no token. */
#ifndef EMULATOR_RETRY_TEST_H
#define EMULATOR_RETRY_TEST_H

#include "emulator/http/req.h"

#define RETRY_TESTS_MAX		1000
#define RETRY_TEXT_MAX		(16 << 10)	/* bytes of a test's JSON */

struct retry_tests;

struct retry_tests	*retry_tests_new(void);
void	retry_tests_free(struct retry_tests *);

/* Does the request carry the id of a test that is there?  Such a request is
 * exempt from a bucket's retention. */
bool	retry_test_live(const struct req *);

void	retry_test_create_h(struct req *);
void	retry_test_get_h(struct req *);
void	retry_test_delete_h(struct req *);
void	retry_test_list_h(struct req *);

#endif
