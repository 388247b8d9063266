#include "emulator/identity/amzsum.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/str.h"

struct amzsum {
	uint64_t table[256], crc, ones;
	size_t	width;			/* bytes of the CRC; 0: it is a SHA */
	EVP_MD_CTX *md;
};

/* All three are reflected, begin with ones and end complemented. */
static const struct {
	const char *name;
	uint64_t poly;
	size_t	width;
} crcs[] = {
	{ "crc32", 0xedb88320u, 4 },
	{ "crc32c", 0x82f63b78u, 4 },
	{ "crc64nvme", 0x9a6c9329ac4bc9b5u, 8 },
};

static void
amzsum_table(struct amzsum *s, uint64_t poly, size_t width)
{

	s->width = width;
	s->ones = width == 8 ? UINT64_MAX : UINT32_MAX;
	s->crc = s->ones;
	for (unsigned i = 0; i < 256; i++) {
		uint64_t c = i;

		for (int k = 0; k < 8; k++)
			c = (c & 1) != 0 ? poly ^ c >> 1 : c >> 1;
		s->table[i] = c;
	}
}

struct amzsum *
amzsum_new(const char *name)
{
	struct amzsum *s = mem_alloc(sizeof(*s));
	const EVP_MD *md = NULL;

	for (size_t i = 0; i < NELEMS(crcs); i++)
		if (strcmp(name, crcs[i].name) == 0) {
			amzsum_table(s, crcs[i].poly, crcs[i].width);
			return (s);
		}
	if (strcmp(name, "sha1") == 0)
		md = EVP_sha1();
	else if (strcmp(name, "sha256") == 0)
		md = EVP_sha256();
	if (md == NULL) {
		free(s);
		return (NULL);
	}
	s->md = EVP_MD_CTX_new();
	BUG_ON(s->md == NULL || EVP_DigestInit_ex(s->md, md, NULL) != 1);
	return (s);
}

void
amzsum_add(struct amzsum *s, const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t c = s->crc;

	if (s->md != NULL) {
		BUG_ON(EVP_DigestUpdate(s->md, p, n) != 1);
		return;
	}
	for (size_t i = 0; i < n; i++)
		c = s->table[(c ^ p[i]) & 255] ^ c >> 8;
	s->crc = c;
}

bool
amzsum_is(struct amzsum *s, const char *b64)
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned n = (unsigned)s->width;
	struct buf b;
	bool ok;

	if (s->md != NULL)
		BUG_ON(EVP_DigestFinal_ex(s->md, raw, &n) != 1);
	else
		for (size_t i = 0; i < s->width; i++)
			raw[i] = (unsigned char)((s->crc ^ s->ones) >>
			    8 * (s->width - 1 - i));
	buf_init(&b, 256);
	str_b64_encode(&b, raw, n, false);
	ok = strcmp(b.p, b64) == 0;
	buf_release(&b);
	return (ok);
}

void
amzsum_free(struct amzsum *s)
{

	if (s == NULL)
		return;
	EVP_MD_CTX_free(s->md);
	free(s);
}
