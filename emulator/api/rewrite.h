/* emulator/api/rewrite.h: objects made of others on the server's side: copy,
 * rewrite (in several calls where asked for), move.
 * https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite ,
 * https://cloud.google.com/storage/docs/json_api/v1/objects/move
 * Knows the calls; payloads are shared, so no byte is copied. */
#ifndef EMULATOR_REWRITE_H
#define EMULATOR_REWRITE_H

#include "emulator/http/req.h"

void	rewrite_h(struct req *);
void	rewrite_copy_h(struct req *);
void	rewrite_move_h(struct req *);

/* One copy as either API asks for it. */
struct rewrite {
	const char *from_bucket, *from;
	const char *to_bucket, *to;
	struct store_cond from_c, to_c;
	const json_t *in;	/* the new object's metadata, or NULL: a copy
				 * of the source's */
};
/* All of it now; -1: the error has been stored. */
int	rewrite_run(struct req *, struct rewrite *, struct object *out);
/* Drops what unfinished rewrites have left behind for a week. */
void	rewrite_expire(struct emu *);

#endif
