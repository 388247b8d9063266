/* harness/run/result.h: a drill's result as JSON: what its child hands to the
 * pool, and result.json in its folder.  Knows struct result; not formats. */
#ifndef HARNESS_RESULT_H
#define HARNESS_RESULT_H

#include <jansson.h>

#include "harness/run/pool.h"

/* What a finished drill has to say; strings stay the run's. */
void	result_of_run(struct result *, const struct run *);
json_t	*result_to_json(const struct result *);
/* Strings in the arena; -1: it is not one. */
int	result_from_json(struct result *, struct arena *, const json_t *);
/* DIR/result.json. */
void	result_save(const struct result *, const char *dir);

#endif
