/* emulator/api/compose.h: an object made of others of its bucket,
 * https://cloud.google.com/storage/docs/composite-objects , by both APIs.
 * Knows what may be joined and who may; the bytes are the store's. */
#ifndef EMULATOR_COMPOSE_H
#define EMULATOR_COMPOSE_H

#include "emulator/http/req.h"

#define COMPOSE_MAX	32

/* storage.objects.compose of the JSON API. */
void	compose_json_h(struct req *);
/* PUT ?compose of the XML API (xml_compose.c). */
void	compose_xml_h(struct req *);

/* What either API asks for. */
struct compose_source {
	const char *name;
	struct store_cond cond;		/* generation, gen_match */
};
struct compose {
	struct compose_source src[COMPOSE_MAX];
	size_t	n;
	const char *attrs;		/* of the new object */
	struct store_cond cond;		/* of it */
	struct store_expect expect;
	bool	drop_sources;
};
/* rq->object in rq->bucket becomes that.  -1: the error has been stored. */
int	compose_run(struct req *, struct compose *, struct object *out);
/* The error of a request that names n sources; -1, or 0 where n is right. */
int	compose_check_count(struct req *, size_t n);

#endif
