/* CRC32C is reflected, polynomial 0x1EDC6F41 (reversed 0x82F63B78).  The
 * processor's instruction is asked for once at run time, so that one build
 * serves every machine of its architecture. */
#include "emulator/store/checksum.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include "lib/str.h"

#define CRC_POLY	0x82f63b78u

typedef uint32_t crc_fn(uint32_t crc, const unsigned char *p, size_t n);

static uint32_t crc_table[8][256];
static crc_fn *crc_update;
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

/* Eight bytes a turn, one table for each ("slicing by 8"). */
static uint32_t
checksum_crc_table(uint32_t crc, const unsigned char *p, size_t n)
{

	for (; n >= 8; n -= 8, p += 8) {
		uint32_t lo = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 |
		    (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);

		crc = crc_table[7][lo & 255] ^ crc_table[6][lo >> 8 & 255] ^
		    crc_table[5][lo >> 16 & 255] ^ crc_table[4][lo >> 24] ^
		    crc_table[3][p[4]] ^ crc_table[2][p[5]] ^
		    crc_table[1][p[6]] ^ crc_table[0][p[7]];
	}
	for (; n > 0; n--, p++)
		crc = crc >> 8 ^ crc_table[0][(crc ^ *p) & 255];
	return (crc);
}

static void
checksum_crc_fill(void)
{

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? CRC_POLY : 0);
		crc_table[0][i] = c;
	}
	for (int t = 1; t < 8; t++)
		for (int i = 0; i < 256; i++) {
			uint32_t c = crc_table[t - 1][i];

			crc_table[t][i] = c >> 8 ^ crc_table[0][c & 255];
		}
}

#if defined(__x86_64__)
#define CRC_HARDWARE

__attribute__((target("sse4.2"))) static uint32_t
checksum_crc_hw(uint32_t crc, const unsigned char *p, size_t n)
{
	uint64_t c = crc, v;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&v, p, 8);
		c = __builtin_ia32_crc32di(c, v);
	}
	for (; n > 0; n--, p++)
		c = __builtin_ia32_crc32qi((uint32_t)c, *p);
	return ((uint32_t)c);
}

static bool
checksum_has_hw(void)
{

	__builtin_cpu_init();
	return (__builtin_cpu_supports("sse4.2"));
}
#elif defined(__aarch64__)
#define CRC_HARDWARE

#if defined(__clang__)
#define CRC_TARGET	"crc"
#define CRC_8(c, v)	__builtin_arm_crc32cd(c, v)
#define CRC_1(c, v)	__builtin_arm_crc32cb(c, v)
#else
#define CRC_TARGET	"+crc"
#define CRC_8(c, v)	__builtin_aarch64_crc32cx(c, v)
#define CRC_1(c, v)	__builtin_aarch64_crc32cb(c, v)
#endif

__attribute__((target(CRC_TARGET))) static uint32_t
checksum_crc_hw(uint32_t crc, const unsigned char *p, size_t n)
{
	uint64_t v;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&v, p, 8);
		crc = CRC_8(crc, v);
	}
	for (; n > 0; n--, p++)
		crc = CRC_1(crc, *p);
	return (crc);
}

static bool
checksum_has_hw(void)
{

	return ((getauxval(AT_HWCAP) & (1u << 7)) != 0); /* HWCAP_CRC32 */
}
#endif

static void
checksum_choose(void)
{

	checksum_crc_fill();
	crc_update = checksum_crc_table;
#if defined(CRC_HARDWARE)
	if (checksum_has_hw())
		crc_update = checksum_crc_hw;
#endif
}

uint32_t
checksum_crc32c(uint32_t crc, const void *p, size_t n)
{

	(void)pthread_once(&crc_once, checksum_choose);
	return (~crc_update(~crc, p, n));
}

uint32_t
checksum_crc32c_portable(uint32_t crc, const void *p, size_t n)
{

	(void)pthread_once(&crc_once, checksum_choose);
	return (~checksum_crc_table(~crc, p, n));
}

/* A CRC is a polynomial over GF(2) modulo the generator, its highest power in
 * the lowest bit; n further bytes multiply it by x^8n. */
static uint32_t
checksum_crc_times(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (; a != 0; a <<= 1) {
		if ((a & 0x80000000u) != 0)
			product ^= b;
		b = b >> 1 ^ ((b & 1) != 0 ? CRC_POLY : 0);
	}
	return (product);
}

uint32_t
checksum_crc32c_join(uint32_t a, uint32_t b, int64_t n)
{
	uint32_t square = 0x00800000u;		/* x^8 */

	for (; n > 0; n >>= 1) {
		if ((n & 1) != 0)
			a = checksum_crc_times(a, square);
		square = checksum_crc_times(square, square);
	}
	return (a ^ b);
}

struct checksum_md5 {
	EVP_MD_CTX *ctx;
};

struct checksum_md5 *
checksum_md5_new(void)
{
	struct checksum_md5 *m = mem_alloc(sizeof(*m));

	m->ctx = EVP_MD_CTX_new();
	BUG_ON(m->ctx == NULL);
	BUG_ON(EVP_DigestInit_ex(m->ctx, EVP_md5(), NULL) != 1);
	return (m);
}

struct checksum_md5 *
checksum_md5_copy(const struct checksum_md5 *m)
{
	struct checksum_md5 *c = mem_alloc(sizeof(*c));

	c->ctx = EVP_MD_CTX_new();
	BUG_ON(c->ctx == NULL);
	BUG_ON(EVP_MD_CTX_copy_ex(c->ctx, m->ctx) != 1);
	return (c);
}

void
checksum_md5_add(struct checksum_md5 *m, const void *p, size_t n)
{

	BUG_ON(EVP_DigestUpdate(m->ctx, p, n) != 1);
}

void
checksum_md5_get(const struct checksum_md5 *m, unsigned char dst[16])
{
	struct checksum_md5 *c = checksum_md5_copy(m);

	BUG_ON(EVP_DigestFinal_ex(c->ctx, dst, NULL) != 1);
	checksum_md5_free(c);
}

void
checksum_md5_free(struct checksum_md5 *m)
{

	if (m == NULL)
		return;
	EVP_MD_CTX_free(m->ctx);
	free(m);
}

void
checksum_crc32c_b64(char dst[9], uint32_t crc)
{
	unsigned char p[4] = { (unsigned char)(crc >> 24),
		(unsigned char)(crc >> 16), (unsigned char)(crc >> 8),
		(unsigned char)crc };

	dst[str_b64_put(dst, p, sizeof(p), false)] = '\0';
}

void
checksum_md5_b64(char dst[25], const unsigned char md5[16])
{

	dst[str_b64_put(dst, md5, 16, false)] = '\0';
}
