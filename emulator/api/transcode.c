#include "emulator/api/transcode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/log.h"

#define INPUT	(32u << 10)

struct transcode {
	z_stream z;
	struct store_reader r;
	int64_t	pos;		/* of the next compressed byte */
	bool	whole;		/* a member of the file has ended */
	unsigned char in[INPUT];
};

/* Is the word in the list, as `word` or `word;q=` something above 0? */
static bool
transcode_lists(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list != NULL && *list != '\0') {
		size_t n;

		list += strspn(list, ", \t");
		n = strcspn(list, ",; \t");
		if (n == len && strncasecmp(list, word, n) == 0) {
			list += n + strspn(list + n, " \t");
			if (*list != ';')
				return (true);
			list += 1 + strspn(list + 1, " \t");
			return (strncasecmp(list, "q=", 2) != 0 ||
			    strtod(list + 2, NULL) > 0);
		}
		list += strcspn(list, ",");
	}
	return (false);
}

/* The first bytes say gzip; an object that only claims to be it is given as it
 * is stored. */
static bool
transcode_magic(const struct store_reader *r)
{
	unsigned char b[2] = { 0, 0 };

	if (r->size < 18)		/* head and tail of an empty file */
		return (false);
	if (r->fd < 0)
		memcpy(b, r->data, 2);
	else if (pread(r->fd, b, 2, 0) != 2)
		return (false);
	return (b[0] == 0x1f && b[1] == 0x8b);
}

bool
transcode_wanted(struct req *rq, const json_t *attrs,
    const struct store_reader *r)
{
	const char *enc = json_string_value(json_object_get(attrs,
	    "contentEncoding"));
	const char *cache = json_string_value(json_object_get(attrs,
	    "cacheControl"));

	return (enc != NULL && strcasecmp(enc, "gzip") == 0 &&
	    !transcode_lists(cache, "no-transform") &&
	    !transcode_lists(req_header(rq, "Accept-Encoding"), "gzip") &&
	    transcode_magic(r));
}

/* More compressed bytes for zlib; -1: the payload cannot be read. */
static int
transcode_fill(struct transcode *t)
{
	int64_t left = t->r.size - t->pos;
	size_t n = left < (int64_t)INPUT ? (size_t)left : INPUT;
	ssize_t k;

	if (t->r.fd < 0) {
		memcpy(t->in, t->r.data + t->pos, n);
		k = (ssize_t)n;
	} else
		do
			k = pread(t->r.fd, t->in, n, t->pos);
		while (k < 0 && errno == EINTR);
	if (k < 0 || (k == 0 && n > 0))
		return (-1);
	t->pos += k;
	t->z.next_in = t->in;
	t->z.avail_in = (uInt)k;
	return (0);
}

/* One step; 0, 1 at the end, -1 for damage. */
static int
transcode_step(struct transcode *t)
{
	int rc;

	if (t->z.avail_in == 0 && t->pos < t->r.size && transcode_fill(t))
		return (-1);
	if (t->whole) {
		if (t->z.avail_in == 0)
			return (1);
		/* Another member follows, or what is no member. */
		if (inflateReset(&t->z) != Z_OK)
			return (-1);
		t->whole = false;
	}
	rc = inflate(&t->z, Z_NO_FLUSH);
	t->whole = rc == Z_STREAM_END;
	if (rc == Z_OK || rc == Z_STREAM_END)
		return (0);
	return (-1);
}

static ssize_t
transcode_read(void *cls, char *p, size_t n)
{
	struct transcode *t = cls;
	int rc = 0;

	t->z.next_out = (Bytef *)p;
	t->z.avail_out = (uInt)n;
	while (rc == 0 && t->z.avail_out > 0)
		rc = transcode_step(t);
	if (rc < 0 && t->z.avail_out == n) {
		log_info("transcode the object is no whole gzip file");
		return (-1);
	}
	return ((ssize_t)(n - t->z.avail_out));
}

static void
transcode_done(void *cls)
{
	struct transcode *t = cls;

	(void)inflateEnd(&t->z);
	store_read_close(&t->r);
	free(t);
}

void
transcode_reply(struct req *rq, struct store_reader *r)
{
	struct transcode *t = mem_alloc(sizeof(*t));

	t->r = *r;
	BUG_ON(inflateInit2(&t->z, 16 + MAX_WBITS) != Z_OK);
	req_reply_stream(rq, 200, &(struct req_stream){
	    .read = transcode_read, .done = transcode_done, .cls = t });
}
