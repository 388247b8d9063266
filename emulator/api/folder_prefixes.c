/* A listing finds common prefixes where there are objects; with
 * includeFoldersAsPrefixes folders are prefixes too, empty ones and managed
 * ones.  Each page of objects covers a stretch of names; the folders of that
 * stretch are merged in, and the page is cut again where it has become too
 * long.
 * https://cloud.google.com/storage/docs/json_api/v1/objects/list */
#include <stdlib.h>
#include <string.h>

#include "emulator/api/folders.h"
#include "emulator/api/lists.h"
#include "lib/str.h"

/* The name in a position of a listing (store_list.c); "" at the start. */
static const char *
folder_prefixes_name(const char *at)
{
	const char *colon;

	if (*at == 'v' && (colon = strchr(at, ':')) != NULL)
		return (colon + 1);
	return (*at != '\0' ? at + 1 : at);
}

static bool
folder_prefixes_has(const struct store_listing *l, const char *name)
{

	for (size_t i = 0; i < l->nprefixes; i++)
		if (strcmp(l->prefixes[i], name) == 0)
			return (true);
	return (false);
}

static int
folder_prefixes_order(const void *a, const void *b)
{

	return (strcmp(*(const char *const *)a, *(const char *const *)b));
}

/* The folders of one kind in the stretch, onto l's prefixes. */
static enum store_rc
folder_prefixes_add(struct req *rq, const struct store_list *l, bool managed,
    const char *last, struct store_listing *out)
{
	struct folder_query q = { .managed = managed, .prefix = l->prefix,
		.start = l->start, .end = l->end, .one_level = true,
		.after = folder_prefixes_name(l->after),
		.max = l->max + 1 };	/* so that a cut is seen */
	const char **grown;
	struct folder *f;
	enum store_rc rc;
	bool more;
	size_t n;

	rc = store_folder_list(rq->emu->store, rq->bucket, &q, &rq->arena, &f,
	    &n, &more);
	if (rc != STORE_OK)
		return (rc == STORE_NO_HIERARCHY ? STORE_OK : rc);
	grown = arena_alloc(&rq->arena, (out->nprefixes + n + 1) *
	    sizeof(*grown));
	if (out->nprefixes > 0)
		memcpy(grown, out->prefixes, out->nprefixes * sizeof(*grown));
	out->prefixes = grown;
	for (size_t i = 0; i < n; i++)
		if (strlen(f[i].name) > strlen(l->prefix) &&
		    (last == NULL || strcmp(f[i].name, last) <= 0) &&
		    !folder_prefixes_has(out, f[i].name))
			grown[out->nprefixes++] = f[i].name;
	return (STORE_OK);
}

/* The first l->max of objects and prefixes by name, and where to go on. */
static void
folder_prefixes_cut(struct req *rq, const struct store_list *l,
    struct store_listing *out)
{
	bool prefix = false;
	size_t o = 0, p = 0;

	while (o + p < (size_t)l->max) {
		prefix = o == out->nobjects || (p < out->nprefixes &&
		    strcmp(out->prefixes[p], out->objects[o].name) < 0);
		if (prefix)
			p++;
		else
			o++;
	}
	out->nobjects = o;
	out->nprefixes = p;
	if (prefix)
		out->next = arena_printf(&rq->arena, "p%s",
		    out->prefixes[p - 1]);
	else
		out->next = lists_after(rq, l, &out->objects[o - 1]);
}

int
folder_prefixes(struct req *rq, const struct store_list *l,
    struct store_listing *out)
{
	const char *last = out->next != NULL ?
	    folder_prefixes_name(out->next) : NULL;
	enum store_rc rc;

	rc = folder_prefixes_add(rq, l, false, last, out);
	if (rc == STORE_OK)
		rc = folder_prefixes_add(rq, l, true, last, out);
	if (rc != STORE_OK) {
		req_fail_rc(rq, rc);
		return (-1);
	}
	qsort(out->prefixes, out->nprefixes, sizeof(*out->prefixes),
	    folder_prefixes_order);
	if (out->nobjects + out->nprefixes > (size_t)l->max)
		folder_prefixes_cut(rq, l, out);
	return (0);
}
