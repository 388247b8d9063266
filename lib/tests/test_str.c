#include <string.h>

#include "lib/str.h"
#include "lib/tests/unit.h"

static const struct glob_case {
	const char *pattern, *s;
	bool match;
} globs[] = {
	{ "", "", true }, { "", "a", false }, { "*", "", true },
	{ "*", "a/b", true }, { "a*b", "ab", true }, { "a*b", "axxb", true },
	{ "a*b", "axxc", false }, { "?", "a", true }, { "?", "", false },
	{ "a?c", "abc", true }, { "**", "x", true }, { "*.*", "a.b", true },
	{ "storage.objects.*", "storage.objects.get", true },
	{ "storage.objects.*", "storage.buckets.get", false },
	{ "*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	{ "[a]", "[a]", true }, { "*x", "xx", true },
};

START_TEST(glob_matches)
{

	ck_assert_msg(str_glob(globs[_i].pattern, globs[_i].s) ==
	    globs[_i].match, "'%s' on '%s'", globs[_i].pattern, globs[_i].s);
}
END_TEST

START_TEST(starts_and_ends)
{

	ck_assert(str_starts("abc", "ab") && str_starts("abc", ""));
	ck_assert(!str_starts("ab", "abc") && !str_starts("", "a"));
	ck_assert(str_ends("abc", "bc") && str_ends("abc", ""));
	ck_assert(!str_ends("bc", "abc") && !str_ends("abc", "ab"));
}
END_TEST

static const struct int_case {
	const char *s;
	bool ok;
	int64_t v;
} ints[] = {
	{ "0", true, 0 }, { "-7", true, -7 }, { "007", true, 7 },
	{ "9223372036854775807", true, INT64_MAX },
	{ "-9223372036854775808", true, INT64_MIN },
	{ "9223372036854775808", false, 0 }, { "", false, 0 },
	{ "+1", false, 0 }, { " 1", false, 0 }, { "1 ", false, 0 },
	{ "-", false, 0 }, { "--1", false, 0 }, { "0x1", false, 0 },
	{ "1.0", false, 0 },
};

START_TEST(int64_fills_the_string)
{
	int64_t v = 0;

	ck_assert_msg(str_int64(ints[_i].s, &v) == ints[_i].ok, "'%s'",
	    ints[_i].s);
	if (ints[_i].ok)
		ck_assert(v == ints[_i].v);
}
END_TEST

static const struct int_case bytes[] = {
	{ "0", true, 0 }, { "512", true, 512 }, { "512B", true, 512 },
	{ "64KiB", true, 65536 }, { "16MiB", true, 16 << 20 },
	{ "1GiB", true, 1 << 30 }, { "2k", true, 2000 },
	{ "2kB", true, 2000 }, { "3MB", true, 3000000 },
	{ "9223372036854775807", true, INT64_MAX },
	{ "9223372036854775807KiB", false, 0 }, { "", false, 0 },
	{ "KiB", false, 0 }, { "-1", false, 0 }, { "1 KiB", false, 0 },
	{ "1.5KiB", false, 0 }, { "1kib", false, 0 },
	{ "99999999999999999999", false, 0 },
};

START_TEST(bytes_have_units)
{
	struct err e = ERR_INIT;
	int64_t v = 0;

	ck_assert_msg((str_parse_bytes(bytes[_i].s, &v, &e) == 0) ==
	    bytes[_i].ok, "'%s'", bytes[_i].s);
	if (bytes[_i].ok)
		ck_assert(v == bytes[_i].v);
	else
		ck_assert_ptr_nonnull(strstr(err_msg(&e), "64KiB"));
	err_release(&e);
}
END_TEST

static const struct pct_case {
	const char *raw, *all, *slash;	/* encoded; with '/' kept */
} pcts[] = {
	{ "", "", "" }, { "aZ09-._~", "aZ09-._~", "aZ09-._~" },
	{ "a/b c", "a%2Fb%20c", "a/b%20c" }, { "%", "%25", "%25" },
	{ "\xc3\xa9+&=?#", "%C3%A9%2B%26%3D%3F%23", "%C3%A9%2B%26%3D%3F%23" },
	{ "!*'()", "%21%2A%27%28%29", "%21%2A%27%28%29" },
};

START_TEST(percent_encoding_goes_there_and_back)
{
	const struct pct_case *t = &pcts[_i];
	struct buf b;
	size_t n = 99;
	char *s;

	buf_init(&b, 1000);
	str_pct_encode(&b, t->raw, strlen(t->raw), false);
	ck_assert_str_eq(b.p, t->all);
	s = buf_detach(&b);
	ck_assert(str_pct_decode(s, &n, false));
	ck_assert_str_eq(s, t->raw);
	ck_assert_uint_eq(n, strlen(t->raw));
	free(s);
	str_pct_encode(&b, t->raw, strlen(t->raw), true);
	ck_assert_str_eq(b.p, t->slash);
	buf_release(&b);
}
END_TEST

START_TEST(percent_decoding_of_odd_input)
{
	static const char *const bad[] = { "%", "%2", "%zz", "a%g0", "%%41" };
	char nul[] = "a%00b", plus[] = "a+b%2bc", lower[] = "%c3%A9";
	size_t n;

	ck_assert(str_pct_decode(nul, &n, false));
	ck_assert_uint_eq(n, 3);
	ck_assert_mem_eq(nul, "a\0b", 4);
	ck_assert(str_pct_decode(plus, &n, true));
	ck_assert_str_eq(plus, "a b+c");
	ck_assert(str_pct_decode(lower, &n, false));
	ck_assert_str_eq(lower, "\xc3\xa9");
	for (size_t i = 0; i < NELEMS(bad); i++) {
		char *s = mem_strdup(bad[i]);

		ck_assert_msg(!str_pct_decode(s, &n, false), "%s", bad[i]);
		free(s);
	}
}
END_TEST

/* RFC 4648 section 10, and the two alphabets. */
static const struct b64_case {
	const char *raw;
	size_t	n;
	const char *std, *url;
} b64s[] = {
	{ "", 0, "", "" }, { "f", 1, "Zg==", "Zg" }, { "fo", 2, "Zm8=", "Zm8" },
	{ "foo", 3, "Zm9v", "Zm9v" }, { "foob", 4, "Zm9vYg==", "Zm9vYg" },
	{ "fooba", 5, "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", 6, "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", 3, "+//+", "-__-" }, { "\0\0", 2, "AAA=", "AAA" },
};

START_TEST(base64_goes_there_and_back)
{
	const struct b64_case *t = &b64s[_i];
	struct buf b, d;

	buf_init(&b, 1000);
	buf_init(&d, 1000);
	str_b64_encode(&b, t->raw, t->n, false);
	ck_assert_str_eq(b.p, t->std);
	ck_assert(str_b64_decode(&d, b.p, b.len, false));
	ck_assert_uint_eq(d.len, t->n);
	if (t->n > 0)
		ck_assert_mem_eq(d.p, t->raw, t->n);
	buf_reset(&b);
	buf_reset(&d);
	str_b64_encode(&b, t->raw, t->n, true);
	ck_assert_str_eq(b.p, t->url);
	ck_assert(str_b64_decode(&d, b.p, b.len, true));
	ck_assert_uint_eq(d.len, t->n);
	buf_release(&b);
	buf_release(&d);
}
END_TEST

START_TEST(what_is_not_base64_is_refused)
{
	static const char *const bad[] = { "A", "A===", "Zg=a", "Z g=", "Zh==",
		"Zm9=", "Zg-_", "Zg==\n", "é" };
	struct buf b;

	buf_init(&b, 1000);
	for (size_t i = 0; i < NELEMS(bad); i++)
		ck_assert_msg(!str_b64_decode(&b, bad[i], strlen(bad[i]),
		    false), "'%s'", bad[i]);
	ck_assert(!str_b64_decode(&b, "+//+", 4, true));
	ck_assert(!str_b64_decode(&b, "Z\0g=", 4, false));
	ck_assert(str_b64_decode(&b, "Zg", 2, false));
	ck_assert(str_b64_decode(&b, "Zg==", 4, true));
	buf_release(&b);
}
END_TEST

START_TEST(hex_and_secrets)
{
	char s[9];

	str_hex(s, "\x00\x7f\xff\xa0", 4);
	ck_assert_str_eq(s, "007fffa0");
	str_hex(s, "", 0);
	ck_assert_str_eq(s, "");
	ck_assert(str_equal_secret("abc", "abc"));
	ck_assert(str_equal_secret("", ""));
	ck_assert(!str_equal_secret("abc", "abd"));
	ck_assert(!str_equal_secret("abcabc", "abc"));
	ck_assert(!str_equal_secret("abc", "abcabc"));
	ck_assert(!str_equal_secret("abc", ""));
	ck_assert(!str_equal_secret("", "abc"));
}
END_TEST

static const struct near_case {
	const char *word, *want;
} nears[] = {
	{ "stauts", "status" }, { "statu", "status" }, { "refues", "refuse" },
	{ "hold", "hold" }, { "hodl", "hold" }, { "latncy", "latency" },
	{ "zzzzzz", NULL }, { "", NULL }, { "bandwidth", NULL },
};

START_TEST(nearest_is_near_enough_to_be_meant)
{
	static const char *const names[] = { "status", "refuse", "hold",
		"latency", "drop" };
	const char *got = str_nearest(nears[_i].word, names, NELEMS(names));

	if (nears[_i].want == NULL)
		ck_assert_ptr_null(got);
	else
		ck_assert_str_eq(got, nears[_i].want);
}
END_TEST

START_TEST(nearest_of_long_words_and_none)
{
	char longer[200];
	const char *names[] = { longer };

	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_ptr_null(str_nearest("abc", names, 0));
	ck_assert_ptr_null(str_nearest("abc", names, 1));
}
END_TEST

Suite *
suite(void)
{
	Suite *s = suite_create("str");
	TCase *t = tcase_create("str");

	tcase_add_loop_test(t, glob_matches, 0, (int)NELEMS(globs));
	tcase_add_test(t, starts_and_ends);
	tcase_add_loop_test(t, int64_fills_the_string, 0, (int)NELEMS(ints));
	tcase_add_loop_test(t, bytes_have_units, 0, (int)NELEMS(bytes));
	tcase_add_loop_test(t, percent_encoding_goes_there_and_back, 0,
	    (int)NELEMS(pcts));
	tcase_add_test(t, percent_decoding_of_odd_input);
	tcase_add_loop_test(t, base64_goes_there_and_back, 0,
	    (int)NELEMS(b64s));
	tcase_add_test(t, what_is_not_base64_is_refused);
	tcase_add_test(t, hex_and_secrets);
	tcase_add_loop_test(t, nearest_is_near_enough_to_be_meant, 0,
	    (int)NELEMS(nears));
	tcase_add_test(t, nearest_of_long_words_and_none);
	suite_add_tcase(s, t);
	return (s);
}
