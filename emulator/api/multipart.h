/* emulator/api/multipart.h: a multipart body (related, form-data) while it
 * streams by, as lenient as the real service: lines end in CRLF or LF,
 * boundaries come bare, in double or in single quotes, parts need no
 * Content-Type.  Knows MIME; nothing of what the parts mean. */
#ifndef EMULATOR_MULTIPART_H
#define EMULATOR_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"

struct multipart;

/* Bytes of part 0, 1, …; pieces of any size, never empty. */
typedef void	multipart_sink(void *cls, int part, const void *p, size_t n);

/* The headers of a part are complete; its bytes, if any, come after this. */
typedef void	multipart_begin(void *cls, int part);

/* The boundary in a Content-Type header, in the arena; NULL: there is none. */
const char	*multipart_boundary(struct arena *, const char *content_type);
/* Lives in the arena, apart from what multipart_release() frees. */
struct multipart	*multipart_new(struct arena *, const char *boundary,
    multipart_sink *, void *cls);
void	multipart_release(struct multipart *);
/* Asks to be told where parts begin; cls is the sink's. */
void	multipart_on_begin(struct multipart *, multipart_begin *);
/* The next bytes, cut anywhere.  What follows the end is ignored. */
void	multipart_feed(struct multipart *, const void *p, size_t n);
/* NULL while all is well; else what is wrong.  Sticks. */
const char	*multipart_error(const struct multipart *);
/* The closing boundary was seen. */
bool	multipart_done(const struct multipart *);
/* Parts begun so far. */
int	multipart_parts(const struct multipart *);
/* A header of the newest part in the arena, or NULL. */
const char	*multipart_header(const struct multipart *, struct arena *,
    const char *name);

#endif
