#include "lib/secret.h"

#include <sys/prctl.h>

#include "lib/mem.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||	\
    __has_feature(leak_sanitizer)
#define SECRET_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SECRET_SANITIZED
#endif

/* A core limit of 0 would not do: it does not hold for core_pattern's pipes,
 * and every program that is started would inherit it. */
void
secret_no_core(void)
{

#ifndef SECRET_SANITIZED
	BUG_ON(prctl(PR_SET_DUMPABLE, 0) != 0);
#endif
}
