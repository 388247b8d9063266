/* lib/err.h: one message on its way up to whoever prints it.  Knows nothing
 * of where it is printed.  The message is made where the cause is first
 * known; callers on the way up add context with err_prefix().  Every function
 * takes e == NULL (the message is dropped) and returns -1, so that a failing
 * function can end with `return (err_set(e, …));`. */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include "lib/mem.h"

struct err {
	char	*msg;		/* heap, or NULL while there is none */
};

#define ERR_INIT { NULL }

/* Replaces a message that is there already. */
int	err_set(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same, followed by ": " and the text of errno. */
int	err_setno(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Puts the text and ": " in front of the message. */
int	err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Never NULL. */
const char	*err_msg(const struct err *e);
void	err_release(struct err *e);

#endif
