/* The chunks, byte by byte apart from their data:
 *
 *   hex-size [;chunk-signature=hex] CRLF data CRLF   … again
 *   0 [;chunk-signature=hex] CRLF
 *   [name:value CRLF]… [x-amz-trailer-signature:hex CRLF]   with a trailer
 *   CRLF
 *
 * A chunk's signature covers that of the one before it, so chunks cannot
 * change places; bytes are passed on before their chunk's signature is known
 * to be good, and whoever takes them keeps nothing where the body fails. */
#include "emulator/identity/sigbody.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "emulator/identity/amzsum.h"
#include "lib/str.h"

#define SIGBODY_LINE	1024u		/* of a chunk's head or a trailer */
/* the SHA-256 of nothing */
#define SIGBODY_EMPTY	"e3b0c44298fc1c149afbf4c8996fb924"		\
	"27ae41e4649b934ca495991b7852b855"

enum sigbody_state {
	SB_HEAD, SB_DATA, SB_CR, SB_LF, SB_TRAILER, SB_END
};

struct sigbody {
	struct sigbody_opts o;
	enum sigbody_fault fault;
	enum sigbody_state state;
	EVP_MD_CTX *sha;		/* of the whole, or of the chunk */
	struct amzsum *sum;
	struct buf line;
	struct buf trailer;		/* the lines that are signed */
	int64_t	left;			/* bytes of the chunk */
	int64_t	total;
	char	before[2 * SIGN_SHA256 + 1];	/* the last signature */
	char	mine[2 * SIGN_SHA256 + 1];	/* what the chunk says */
	bool	summed;
};

static void
sigbody_sha_begin(struct sigbody *b)
{

	BUG_ON(EVP_DigestInit_ex(b->sha, EVP_sha256(), NULL) != 1);
}

static void
sigbody_sha_end(struct sigbody *b, char hex[2 * SIGN_SHA256 + 1])
{
	unsigned char md[SIGN_SHA256];

	BUG_ON(EVP_DigestFinal_ex(b->sha, md, NULL) != 1);
	str_hex(hex, md, sizeof(md));
}

struct sigbody *
sigbody_new(struct arena *a, const struct sigbody_opts *o)
{
	struct sigbody *b = arena_alloc(a, sizeof(*b));

	b->o = *o;
	b->sha = EVP_MD_CTX_new();
	BUG_ON(b->sha == NULL);
	sigbody_sha_begin(b);
	buf_init(&b->line, SIGBODY_LINE);
	buf_init(&b->trailer, 4 * SIGBODY_LINE);
	if (o->sum_name != NULL)
		b->sum = amzsum_new(o->sum_name);
	if (o->seed != NULL)
		(void)snprintf(b->before, sizeof(b->before), "%s", o->seed);
	return (b);
}

void
sigbody_release(struct sigbody *b)
{

	if (b == NULL)
		return;
	EVP_MD_CTX_free(b->sha);
	b->sha = NULL;
	amzsum_free(b->sum);
	b->sum = NULL;
	buf_release(&b->line);
	buf_release(&b->trailer);
}

static void
sigbody_fail(struct sigbody *b, enum sigbody_fault f)
{

	if (b->fault == SIGBODY_OK)
		b->fault = f;
}

static void
sigbody_emit(struct sigbody *b, const void *p, size_t n)
{

	if (n == 0)
		return;
	b->total += (int64_t)n;
	BUG_ON(EVP_DigestUpdate(b->sha, p, n) != 1);
	if (b->sum != NULL)
		amzsum_add(b->sum, p, n);
	b->o.sink(b->o.cls, p, n);
}

/* ---- chunks ---- */

/* The signature b->mine is over the one before and one or two digests; it is
 * then the one before the next. */
static void
sigbody_check(struct sigbody *b, const char *what, const char *d1,
    const char *d2)
{
	struct arena a = ARENA_INIT;	/* chunks may be many and small */
	const char *text = arena_printf(&a, "%s\n%s\n%s\n%s\n%s%s%s", what,
	    b->o.date, b->o.scope, b->before, d1, d2 != NULL ? "\n" : "",
	    d2 != NULL ? d2 : "");

	if (!str_equal_secret(sign_v4(&a, b->o.key, text), b->mine))
		sigbody_fail(b, SIGBODY_CHUNK);
	memcpy(b->before, b->mine, sizeof(b->before));
	arena_release(&a);
}

static void
sigbody_chunk_end(struct sigbody *b)
{
	char hex[2 * SIGN_SHA256 + 1];

	if (!b->o.verify)
		return;
	sigbody_sha_end(b, hex);
	sigbody_sha_begin(b);
	sigbody_check(b, "AWS4-HMAC-SHA256-PAYLOAD", SIGBODY_EMPTY, hex);
}

static bool
sigbody_sig(const char *s, char sig[2 * SIGN_SHA256 + 1])
{

	if (strlen(s) != 2 * SIGN_SHA256 ||
	    strspn(s, "0123456789abcdef") != 2 * SIGN_SHA256)
		return (false);
	memcpy(sig, s, 2 * SIGN_SHA256 + 1);
	return (true);
}

/* `size[;chunk-signature=…]` */
static bool
sigbody_head(struct sigbody *b)
{
	const char *s = b->line.p, *word = ";chunk-signature=";
	size_t n = strspn(s, "0123456789abcdefABCDEF");

	if (n == 0 || n > 10)
		return (false);
	b->left = strtoll(s, NULL, 16);
	if (b->o.is_signed)
		return (str_starts(s + n, word) &&
		    sigbody_sig(s + n + strlen(word), b->mine));
	return (s[n] == '\0');
}

static void
sigbody_trailer_end(struct sigbody *b)
{

	struct arena a = ARENA_INIT;

	b->state = SB_END;
	if (!b->o.is_signed || !b->o.trailer)
		return;
	if (b->mine[0] == '\0')
		sigbody_fail(b, SIGBODY_MALFORMED);
	else if (b->o.verify)
		sigbody_check(b, "AWS4-HMAC-SHA256-TRAILER", sign_sha256(&a,
		    b->trailer.p, b->trailer.len), NULL);
	arena_release(&a);
}

/* One line behind the last chunk. */
static bool
sigbody_trailer(struct sigbody *b)
{
	char *s = b->line.p, *v = strchr(s, ':');

	if (*s == '\0') {
		sigbody_trailer_end(b);
		return (true);
	}
	if (!b->o.trailer || v == NULL)
		return (false);
	*v++ = '\0';
	v += strspn(v, " ");
	if (strcasecmp(s, "x-amz-trailer-signature") == 0)
		return (sigbody_sig(v, b->mine));
	buf_addf(&b->trailer, "%s:%s\n", s, v);
	if (b->sum != NULL && b->o.sum == NULL &&
	    strncasecmp(s, "x-amz-checksum-", 15) == 0 &&
	    strcasecmp(s + 15, b->o.sum_name) == 0 && !b->summed) {
		b->summed = true;
		if (!amzsum_is(b->sum, v))
			sigbody_fail(b, SIGBODY_SUM);
	}
	return (buf_ok(&b->trailer));
}

/* A line is whole. */
static bool
sigbody_line(struct sigbody *b)
{

	if (b->line.len > 0 && b->line.p[b->line.len - 1] == '\r')
		buf_cut(&b->line, b->line.len - 1);
	if (strlen(b->line.p) != b->line.len)
		return (false);
	if (b->state == SB_TRAILER)
		return (sigbody_trailer(b));
	if (!sigbody_head(b))
		return (false);
	b->state = SB_DATA;
	if (b->left == 0) {
		b->state = SB_TRAILER;
		sigbody_chunk_end(b);
		b->mine[0] = '\0';
	}
	return (true);
}

static size_t
sigbody_step(struct sigbody *b, const char *p, size_t n)
{
	bool ok = true;

	switch (b->state) {
	case SB_DATA:
		if ((int64_t)n > b->left)
			n = (size_t)b->left;
		sigbody_emit(b, p, n);
		b->left -= (int64_t)n;
		if (b->left == 0) {
			sigbody_chunk_end(b);
			b->state = SB_CR;
		}
		return (n);
	case SB_CR:
		ok = *p == '\r';
		b->state = SB_LF;
		break;
	case SB_LF:
		ok = *p == '\n';
		b->state = SB_HEAD;
		break;
	case SB_HEAD:
	case SB_TRAILER:
		if (*p != '\n') {
			buf_addc(&b->line, *p);
			ok = buf_ok(&b->line);
			break;
		}
		ok = sigbody_line(b);
		buf_reset(&b->line);
		break;
	case SB_END:
		ok = false;
		break;
	}
	if (!ok)
		sigbody_fail(b, SIGBODY_MALFORMED);
	return (1);
}

/* ---- in and out ---- */

void
sigbody_feed(struct sigbody *b, const void *data, size_t n)
{
	const char *p = data;

	if (!b->o.chunked) {
		sigbody_emit(b, p, n);
		return;
	}
	while (n > 0 && b->fault == SIGBODY_OK) {
		size_t k = sigbody_step(b, p, n);

		p += k;
		n -= k;
	}
}

void
sigbody_end(struct sigbody *b)
{
	char hex[2 * SIGN_SHA256 + 1];

	if (b->o.chunked && b->fault == SIGBODY_OK &&
	    (b->state != SB_END || (b->o.decoded_length >= 0 &&
	    b->total != b->o.decoded_length)))
		sigbody_fail(b, SIGBODY_SHORT);
	if (b->o.sha256 != NULL) {
		sigbody_sha_end(b, hex);
		if (!str_equal_secret(hex, b->o.sha256))
			sigbody_fail(b, SIGBODY_SHA256);
	}
	if (b->sum != NULL && (b->o.sum == NULL ? !b->summed :
	    !amzsum_is(b->sum, b->o.sum)))
		sigbody_fail(b, SIGBODY_SUM);
}

enum sigbody_fault
sigbody_fault(const struct sigbody *b)
{

	return (b->fault);
}
