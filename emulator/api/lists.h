/* emulator/api/lists.h: listing objects: parameters in, pages out.  Knows the
 * query of objects.list; the order and the cut are the store's. */
#ifndef EMULATOR_LISTS_H
#define EMULATOR_LISTS_H

#include "emulator/http/req.h"

void	lists_objects_h(struct req *);

/* maxResults (or the name given): 1 .. 1000.  -1: a 400 has been stored. */
int	lists_max(struct req *, const char *param, int *max);
/* pageToken decoded into the arena; "" where there is none, NULL: a 400. */
const char	*lists_page(struct req *, const char *param);
/* A text of the query, "" where there is none. */
const char	*lists_text(const struct req *, const char *param);
/* The page that q asks for, its max and after taken from the query by the
 * names given; l is in the arena.  -1: the error has been stored. */
int	lists_read(struct req *, struct store_list *q, const char *max_param,
    const char *page_param, struct store_listing *l);
/* Where a page goes on behind that object, as store_listing's next. */
const char	*lists_after(struct req *, const struct store_list *,
    const struct object *);
/* The other way of lists_page(). */
const char	*lists_page_token(struct req *, const char *next);

#endif
