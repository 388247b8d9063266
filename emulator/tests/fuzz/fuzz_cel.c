/* identity/cel: what cel_check() takes can be evaluated, and an expression and
 * its negation never both hold. */
#include "emulator/identity/cel.h"
#include "emulator/tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct cel_env env = { .name = "projects/_/buckets/b/objects/a/b",
	    .type = "storage.googleapis.com/Object", .time_us = 1 };
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	const char *text = fuzz_text(&a, p, n);
	bool holds = cel_holds(text, &env, &a);

	if (cel_check(text, &e) == 0)
		MUST(!holds || !cel_holds(arena_printf(&a, "!(%s)", text),
		    &env, &a));
	else
		MUST(!holds && err_msg(&e)[0] != '\0');
	err_release(&e);
	arena_release(&a);
	return (0);
}
