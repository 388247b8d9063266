/* lib/mem.h: heap memory that cannot fail, and the check for impossible
 * states.  Knows nothing of what is stored.  Out of memory ends the process
 * with one line on stderr: code after a failed allocation in a test tool is
 * code that nobody runs. */
#ifndef LIB_MEM_H
#define LIB_MEM_H

#include <stddef.h>

#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define MUST_USE __attribute__((warn_unused_result))
#define NELEMS(a) (sizeof(a) / sizeof((a)[0]))

/* Each result is never NULL and is freed with free(3). */
void	*mem_alloc(size_t n);			/* zeroed */
void	*mem_realloc(void *p, size_t n);
void	*mem_dup(const void *p, size_t n);
char	*mem_strdup(const char *s);
char	*mem_strndup(const char *s, size_t n);	/* NUL-terminated */
char	*mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Pages of their own, zeroed and not there until they are touched; they go back
 * to the system at once, where the heap would keep them.  For what is large
 * and not needed for long. */
void	*mem_map(size_t n);
void	mem_unmap(void *p, size_t n);

/* For states that no input can cause; never for input. */
#define BUG_ON(cond) do {						\
	if (cond)							\
		mem_bug(__FILE__, __LINE__, #cond);			\
} while (0)
_Noreturn void	mem_bug(const char *file, int line, const char *what);

#endif
