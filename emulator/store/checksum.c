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
#define LANE		((size_t)4 << 10)

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

/* A CRC is a polynomial over GF(2) modulo the generator, its highest power in
 * the lowest bit; n further bytes multiply it by x^8n.  No branches: the bits
 * are as good as random. */
static uint32_t
checksum_crc_times(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (int i = 0; i < 32; i++) {
		product ^= b & (0u - (a >> 31));
		a <<= 1;
		b = b >> 1 ^ (CRC_POLY & (0u - (b & 1)));
	}
	return (product);
}

/* x^8n */
static uint32_t
checksum_crc_power(int64_t n)
{
	uint32_t square = 0x00800000u;		/* x^8 */
	uint32_t product = 0x80000000u;		/* 1 */

	for (; n > 0; n >>= 1) {
		if ((n & 1) != 0)
			product = checksum_crc_times(product, square);
		square = checksum_crc_times(square, square);
	}
	return (product);
}

#if defined(__x86_64__)
#define CRC_HARDWARE
#define CRC_TARGET	"sse4.2"
#define CRC_8(c, v)	__builtin_ia32_crc32di(c, v)
#define CRC_1(c, v)	__builtin_ia32_crc32qi((uint32_t)(c), v)

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
#define CRC_8(c, v)	__builtin_arm_crc32cd((uint32_t)(c), v)
#define CRC_1(c, v)	__builtin_arm_crc32cb((uint32_t)(c), v)
#else
#define CRC_TARGET	"+crc"
#define CRC_8(c, v)	__builtin_aarch64_crc32cx((uint32_t)(c), v)
#define CRC_1(c, v)	__builtin_aarch64_crc32cb((uint32_t)(c), v)
#endif

static bool
checksum_has_hw(void)
{

	return ((getauxval(AT_HWCAP) & (1u << 7)) != 0); /* HWCAP_CRC32 */
}
#endif

#if defined(CRC_HARDWARE)
static uint32_t crc_lane;			/* x^(8 LANE) */

static uint64_t
checksum_load(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (v);
}

/* The instruction takes three cycles, but one can be begun in each: three lanes
 * are computed side by side and joined.  Measured with pieces of 64 KiB and
 * more: 0.045 s/GB in place of 0.106. */
__attribute__((target(CRC_TARGET))) static uint32_t
checksum_crc_hw(uint32_t crc, const unsigned char *p, size_t n)
{
	uint64_t a = crc;	/* no zeroes to be put in front each time */

	for (; n >= 3 * LANE; n -= 3 * LANE, p += 3 * LANE) {
		uint64_t b = 0, c = 0;

		for (size_t i = 0; i < LANE; i += 8) {
			a = CRC_8(a, checksum_load(p + i));
			b = CRC_8(b, checksum_load(p + LANE + i));
			c = CRC_8(c, checksum_load(p + 2 * LANE + i));
		}
		b ^= checksum_crc_times((uint32_t)a, crc_lane);
		a = c ^ checksum_crc_times((uint32_t)b, crc_lane);
	}
	for (; n >= 8; n -= 8, p += 8)
		a = CRC_8(a, checksum_load(p));
	for (; n > 0; n--, p++)
		a = CRC_1(a, *p);
	return ((uint32_t)a);
}
#endif

static void
checksum_choose(void)
{

	checksum_crc_fill();
	crc_update = checksum_crc_table;
#if defined(CRC_HARDWARE)
	crc_lane = checksum_crc_power(LANE);
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

uint32_t
checksum_crc32c_join(uint32_t a, uint32_t b, int64_t n)
{

	return (checksum_crc_times(a, checksum_crc_power(n)) ^ b);
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
