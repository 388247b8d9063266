#include <string.h>

#include "lib/mem.h"
#include "lib/nul.h"
#include "lib/str.h"
#include "lib/tests/unit.h"

/* All texts of up to four of these bytes, the unlucky ones. */
static const char bytes[] = { '\0', '\1', '\2', 'a', '%' };

struct text {
	char	raw[5], in[9];
	size_t	n;
};

static struct text texts[1000];
static size_t ntexts;

static void
make(void)
{
	size_t all = 1;

	ntexts = 0;
	for (size_t n = 0; n <= 4; n++, all *= NELEMS(bytes))
		for (size_t i = 0; i < all; i++) {
			struct text *t = &texts[ntexts++];
			struct buf b;

			ck_assert_uint_lt(ntexts, NELEMS(texts));
			*t = (struct text){ .n = n };
			for (size_t k = 0, v = i; k < n; k++) {
				t->raw[k] = bytes[v % NELEMS(bytes)];
				v /= NELEMS(bytes);
			}
			buf_init(&b, 100);
			nul_add(&b, t->raw, n);
			ck_assert_uint_eq(strlen(b.p), b.len);
			memcpy(t->in, b.p, b.len + 1);
			buf_release(&b);
		}
}

static int
order(const struct text *a, const struct text *b)
{
	size_t n = a->n < b->n ? a->n : b->n;
	int d = memcmp(a->raw, b->raw, n);

	return (d != 0 ? d : (a->n > b->n) - (a->n < b->n));
}

static int
sign(int d)
{

	return ((d > 0) - (d < 0));
}

START_TEST(order_prefixes_ends_and_parts_stay)
{

	make();
	for (size_t i = 0; i < ntexts; i++)
		for (size_t k = 0; k < ntexts; k++) {
			const struct text *a = &texts[i], *b = &texts[k];
			bool fits = a->n >= b->n;

			/* Check notes each assertion in a file: a million of
			 * them took the four seconds that a test has. */
			if (sign(strcmp(a->in, b->in)) == sign(order(a, b)) &&
			    str_starts(a->in, b->in) == (fits &&
			    memcmp(a->raw, b->raw, b->n) == 0) &&
			    nul_ends(a->in, b->in) == (fits &&
			    memcmp(a->raw + a->n - b->n, b->raw, b->n) == 0) &&
			    (nul_find(a->in, b->in) != NULL) ==
			    (memmem(a->raw, a->n, b->raw, b->n) != NULL))
				continue;
			ck_abort_msg("text %zu and text %zu", i, k);
		}
}
END_TEST

START_TEST(every_form_goes_there_and_back)
{

	make();
	for (size_t i = 0; i < ntexts; i++) {
		const struct text *t = &texts[i];
		char s[32], url[32];
		struct buf b;
		size_t n;

		(void)snprintf(s, sizeof(s), "%s", t->in);
		ck_assert_uint_eq(nul_out(s), t->n);
		ck_assert_mem_eq(s, t->raw, t->n + 1);
		ck_assert_uint_eq(nul_len(t->in), t->n);
		ck_assert_int_eq(nul_has(t->in),
		    memchr(t->raw, 0, t->n) != NULL);

		buf_init(&b, 100);
		nul_pct_encode(&b, t->in, false);
		n = str_pct_put(url, t->raw, t->n, false);
		ck_assert_uint_eq(b.len, n);
		ck_assert_mem_eq(b.p, url, n);
		nul_url(b.p);
		ck_assert(str_pct_decode(b.p, &n, false));
		ck_assert_str_eq(b.p, t->in);
		buf_release(&b);
	}
}
END_TEST

START_TEST(json_goes_there_and_back)
{

	make();
	for (size_t i = 0; i < ntexts; i++) {
		const struct text *t = &texts[i];
		json_t *j = json_pack("{s:o, s:s}", "k\\u0001\"\\", json_stringn(
		    t->raw, t->n), "z", "\\u0000\\\\u0001"), *in, *back;
		char *text = json_dumps(j, JSON_INDENT(2)), *out;
		size_t n;

		in = nul_json(text, strlen(text), true, 0, NULL);
		ck_assert_str_eq(json_string_value(json_object_get(in,
		    "k\\u0001\"\\")), t->in);
		ck_assert_int_eq(nul_has(t->in), (back = nul_json(text,
		    strlen(text), false, 0, NULL)) == NULL);
		json_decref(back);
		out = json_dumps(in, JSON_INDENT(2));
		n = nul_json_out(out, strlen(out));
		ck_assert_uint_eq(strlen(out), n);
		ck_assert_str_eq(out, text);
		back = json_loadb(out, n, JSON_ALLOW_NUL, NULL);
		ck_assert(json_equal(back, j));
		json_decref(back);
		json_decref(in);
		json_decref(j);
		free(text);
		free(out);
	}
}
END_TEST

START_TEST(what_is_malformed_stays_so)
{
	static const char *const json[] = { "\"\\u000", "\"\\u0000", "\"\\",
		"\"\\u0001\\", "{\"a\":\"\\ud800\\u0000\"}", "\\u0000", "",
		"[{\"a\":{\"\\u0001\\u0000\":1}}]" };
	static const char *const urls[] = { "%", "%0", "%0%00", "a%0", "%%00",
		"%2%00", "%00%0" };
	size_t n;

	for (size_t i = 0; i < NELEMS(json); i++) {
		/* No NUL behind it, so that a byte too many shows. */
		char *p = mem_dup(json[i], strlen(json[i]));

		ck_assert_ptr_null(nul_json(p, strlen(json[i]), true,
		    JSON_DECODE_ANY, NULL));
		free(p);
	}
	for (size_t i = 0; i < NELEMS(urls); i++) {
		char *s = mem_strdup(urls[i]);

		nul_url(s);
		ck_assert(!str_pct_decode(s, &n, false));
		free(s);
	}
}
END_TEST

START_TEST(globs_see_one_character)
{

	ck_assert(nul_glob("?", "\1\1") && nul_glob("?", "\1\2"));
	ck_assert(!nul_glob("??", "\1\1") && nul_glob("??", "\1\1\2"));
	ck_assert(nul_glob("\1\1*", "\1\1x") && !nul_glob("\1\2*", "\1\1x"));
	ck_assert(!nul_glob("*\1\2", "\1\1\2") && nul_glob("*\2", "\1\1\2"));
}
END_TEST

Suite *
suite(void)
{
	Suite *s = suite_create("nul");
	TCase *t = tcase_create("nul");

	tcase_add_test(t, order_prefixes_ends_and_parts_stay);
	tcase_add_test(t, every_form_goes_there_and_back);
	tcase_add_test(t, json_goes_there_and_back);
	tcase_add_test(t, what_is_malformed_stays_so);
	tcase_add_test(t, globs_see_one_character);
	suite_add_tcase(s, t);
	return (s);
}
