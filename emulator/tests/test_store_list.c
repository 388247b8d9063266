/* Listings: a table of cases, then every page size and many random parameters
 * against a plain model that looks at all names. */
#include "emulator/store/store_int.h"
#include "emulator/tests/store_util.h"
#include "lib/str.h"

static const char *const names[] = { "a", "a/1", "a/2", "a/b/", "a/b/c",
	"a/b/d", "ab", "b/", "b/x", "c", "d/e/f/g", "z\xc3\xa9", "z\xff" };

static void
setup_names(void)
{

	setup();
	make_bucket("b", false);
	for (size_t i = NELEMS(names); i-- > 0;)
		(void)put("b", names[i], "x");
}

static const struct list_case {
	struct store_list l;
	const char *want;
} list_cases[] = {
	{ { .delimiter = "" }, "a a/1 a/2 a/b/ a/b/c a/b/d ab b/ b/x c"
	    " d/e/f/g z\xc3\xa9 z\xff" },
	{ { .delimiter = "/" }, "a ab c z\xc3\xa9 z\xff [a/] [b/] [d/]" },
	{ { .prefix = "a/" }, "a/1 a/2 a/b/ a/b/c a/b/d" },
	{ { .prefix = "a/", .delimiter = "/" }, "a/1 a/2 [a/b/]" },
	{ { .prefix = "a/b/", .delimiter = "/" }, "a/b/ a/b/c a/b/d" },
	{ { .prefix = "a", .delimiter = "/" }, "a ab [a/]" },
	{ { .prefix = "a/b", .delimiter = "/" }, "[a/b/]" },
	{ { .prefix = "d/e", .delimiter = "/" }, "[d/e/]" },
	{ { .prefix = "nothing" }, "" },
	{ { .prefix = "z\xff" }, "z\xff" },
	{ { .delimiter = "b/" }, "a a/1 a/2 ab c d/e/f/g z\xc3\xa9 z\xff"
	    " [a/b/] [b/]" },
	{ { .delimiter = "\xff" }, "a a/1 a/2 a/b/ a/b/c a/b/d ab b/ b/x c"
	    " d/e/f/g z\xc3\xa9 [z\xff]" },
	{ { .delimiter = "/", .trailing_delimiter = true },
	    "a ab b/ c z\xc3\xa9 z\xff [a/] [b/] [d/]" },
	{ { .prefix = "a/", .delimiter = "/", .trailing_delimiter = true },
	    "a/1 a/2 a/b/ [a/b/]" },
	{ { .start = "a/b/c", .end = "c" }, "a/b/c a/b/d ab b/ b/x" },
	{ { .start = "a/b/c", .end = "c", .delimiter = "/" }, "ab [a/] [b/]" },
	{ { .start = "x", .end = "c" }, "" },
	{ { .glob = "a/*" }, "a/1 a/2" },
	{ { .glob = "a/**" }, "a/1 a/2 a/b/ a/b/c a/b/d" },
	{ { .glob = "**/[c-f]" }, "a/b/c a/b/d c" },
	{ { .glob = "{a,b}/?" }, "a/1 a/2 b/x" },
	{ { .glob = "**c", .delimiter = "/" }, "c [a/]" },
	{ { .glob = "b*", .prefix = "a" }, "" },
	{ { .versions = true, .prefix = "a/", .delimiter = "/" },
	    "a/1 a/2 [a/b/]" },
};

START_TEST(list_gives_objects_and_prefixes)
{
	const struct list_case *t = &list_cases[_i];

	ck_assert_str_eq(list_page(STORE_NOW, "b", t->l, NULL), t->want);
}
END_TEST

static int
cmp_word(const void *a, const void *b)
{

	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* The words of s in order, each once a line; what pages are compared by. */
static const char *
sorted(const char *s)
{
	char *v[200], *copy = arena_strdup(&ar, s), *save = NULL;
	struct buf b;
	size_t n = 0;
	char *out;

	for (char *w = strtok_r(copy, " ", &save); w != NULL;
	    w = strtok_r(NULL, " ", &save)) {
		ck_assert_uint_lt(n, NELEMS(v));
		v[n++] = w;
	}
	qsort(v, n, sizeof(*v), cmp_word);
	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s\n", v[i]);
	out = arena_strdup(&ar, b.p);
	buf_release(&b);
	return (out);
}

/* All pages of a listing, one after the other. */
static const char *
list_pages(const char *bucket, struct store_list l)
{
	struct buf b;
	char *out;

	buf_init(&b, 1 << 16);
	do {
		const char *page = list_page(STORE_NOW, bucket, l, &l.after);

		ck_assert(l.after == NULL || *page != '\0');
		buf_addf(&b, "%s ", page);
	} while (l.after != NULL);
	out = arena_strdup(&ar, b.p);
	buf_release(&b);
	return (out);
}

START_TEST(pages_of_any_size_give_the_same_as_one)
{
	struct store_list l = list_cases[_i].l;

	for (l.max = 1; l.max <= 14; l.max++)
		ck_assert_str_eq(sorted(list_pages("b", l)),
		    sorted(list_cases[_i].want));
}
END_TEST

START_TEST(next_only_where_there_is_more)
{
	const char *next;

	(void)list_page(STORE_NOW, "b", (struct store_list){ .max = 13 },
	    &next);
	ck_assert_ptr_null(next);
	(void)list_page(STORE_NOW, "b", (struct store_list){ .max = 12 },
	    &next);
	ck_assert_ptr_nonnull(next);
	/* What is left lies below a prefix that has been given out. */
	(void)list_page(STORE_NOW, "b", (struct store_list){ .prefix = "b",
	    .delimiter = "/", .max = 1 }, &next);
	ck_assert_ptr_null(next);
}
END_TEST

START_TEST(bad_tokens_are_refused)
{
	static const char *const bad[] = { "x", "o", "p", "v1:a", "v", "vx:a",
		"v1:" };
	struct store_list l = { .prefix = "", .delimiter = "", .start = "",
		.end = "", .glob = "", .max = 10 };
	struct store_listing out;

	for (size_t i = 0; i < NELEMS(bad); i++) {
		l.after = bad[i];
		l.versions = i > 3;
		ck_assert_int_eq(store_object_list(st, NOW, "b", &l, &ar,
		    &out), STORE_BAD_TOKEN);
	}
}
END_TEST

START_TEST(versions_of_a_name_come_by_generation_over_pages)
{
	struct store_list l = { .versions = true, .max = 2 };
	struct store_listing out;
	int64_t last = 0;
	int n = 0;

	make_bucket("v", true);
	for (int i = 0; i < 5; i++) {
		(void)put("v", "x", "1");
		(void)put("v", "d/", "1");
	}
	ck_assert_str_eq(sorted(list_pages("v", l)), sorted("d/ d/ d/ d/ d/ "
	    "x x x x x"));
	l.delimiter = "/";
	ck_assert_str_eq(sorted(list_pages("v", l)), sorted("[d/] x x x x x"));
	l.trailing_delimiter = true;
	for (l.max = 1; l.max < 13; l.max++)
		ck_assert_str_eq(sorted(list_pages("v", l)), sorted("[d/] d/ "
		    "d/ d/ d/ d/ x x x x x"));
	l = (struct store_list){ .prefix = "x", .delimiter = "", .start = "",
		.end = "", .glob = "", .versions = true, .max = 3,
		.after = "" };
	do {
		ck_assert_int_eq(store_object_list(st, NOW, "v", &l, &ar,
		    &out), STORE_OK);
		for (size_t i = 0; i < out.nobjects; i++, n++) {
			ck_assert_int_gt(out.objects[i].generation, last);
			last = out.objects[i].generation;
			ck_assert((out.objects[i].died == INT64_MAX) ==
			    (n == 4));
		}
		l.after = out.next;
	} while (out.next != NULL);
	ck_assert_int_eq(n, 5);
}
END_TEST

/* ---- against a model ---- */

static uint32_t seed = 1;

static unsigned
rnd(unsigned n)
{

	seed = seed * 1664525 + 1013904223;
	return ((seed >> 8) % n);
}

static const char *
rnd_name(unsigned max)
{
	char s[16];
	unsigned n = rnd(max + 1);

	for (unsigned i = 0; i < n; i++)
		s[i] = "ab/-"[rnd(4)];
	s[n] = '\0';
	return (arena_strdup(&ar, s));
}

static bool
glob(const char *pattern, const char *name)
{
	struct store_glob g;
	bool hit;

	store_glob_new(&g, pattern);
	hit = store_glob(&g, name);
	store_glob_free(&g);
	return (hit);
}

/* What the documentation says, name by name. */
static const char *
model(char **all, size_t n, const struct store_list *l)
{
	struct buf b;
	char *group = NULL, *out;

	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < n; i++) {
		const char *s = all[i], *d;

		if (!str_starts(s, l->prefix) || strcmp(s, l->start) < 0 ||
		    (*l->end != '\0' && strcmp(s, l->end) >= 0) ||
		    (*l->glob != '\0' && !glob(l->glob, s)))
			continue;
		d = *l->delimiter != '\0' ?
		    strstr(s + strlen(l->prefix), l->delimiter) : NULL;
		if (d != NULL) {
			char *g = arena_strndup(&ar, s, (size_t)(d - s) +
			    strlen(l->delimiter));

			if (group == NULL || strcmp(g, group) != 0)
				buf_addf(&b, "[%s] ", g);
			group = g;
			if (!l->trailing_delimiter || strcmp(g, s) != 0)
				continue;
		}
		buf_addf(&b, "%s ", s);
	}
	out = arena_strdup(&ar, b.p);
	buf_release(&b);
	return (out);
}

START_TEST(random_listings_agree_with_the_model)
{
	static const char *const delimiters[] = { "", "/", "a", "/a", "-" };
	static const char *const globs[] = { "", "", "", "**", "a*", "*/*",
		"**a", "[ab]/**", "{a,b/}*" };
	char *all[120];
	size_t n = 0;

	seed = (uint32_t)_i + 1;
	make_bucket("m", false);
	while (n < NELEMS(all)) {
		const char *s = rnd_name(6);
		struct object o;

		if (*s == '\0' || get("m", s, &o) == STORE_OK)
			continue;
		(void)put("m", s, "");
		all[n++] = arena_strdup(&ar, s);
	}
	qsort(all, n, sizeof(*all), cmp_word);
	for (int i = 0; i < 300; i++) {
		struct store_list l = { .prefix = rnd_name(2),
			.delimiter = delimiters[rnd(5)],
			.start = rnd(3) == 0 ? rnd_name(3) : "",
			.end = rnd(3) == 0 ? rnd_name(3) : "",
			.glob = globs[rnd(9)], .max = 1 + (int)rnd(9),
			.trailing_delimiter = rnd(2) == 0,
			.versions = rnd(3) == 0 };

		ck_assert_str_eq(sorted(list_pages("m", l)),
		    sorted(model(all, n, &l)));
	}
}
END_TEST

static const struct glob_case {
	const char *pattern, *name;
	bool match;
} glob_cases[] = {
	{ "", "", true }, { "", "a", false }, { "a", "a", true },
	{ "*", "", true }, { "*", "abc", true }, { "*", "a/b", false },
	{ "a*c", "abbc", true }, { "a*c", "ab/c", false },
	{ "a**c", "ab/c", true }, { "**", "a/b/c", true },
	{ "**/x", "a/b/x", true }, { "**/x", "x", true },
	{ "*/**", "a/b/c", true }, { "a/*/c", "a/b/c", true },
	{ "a/*/c", "a/b/b/c", false }, { "a/**/c", "a/b/b/c", true },
	{ "?", "a", true }, { "?", "/", false }, { "?", "", false },
	{ "[abc]", "b", true }, { "[abc]", "d", false },
	{ "[a-c]x", "bx", true }, { "[!a-c]", "d", true },
	{ "[!a-c]", "b", false }, { "[^a]", "b", true },
	{ "[!a]", "/", false }, { "[]]", "]", true }, { "[a", "[a", true },
	{ "[a-]", "-", true }, { "{a,b}", "b", true }, { "{a,b}", "c", false },
	{ "x{a,b{c,d}}y", "xbdy", true }, { "x{a,b{c,d}}y", "xby", false },
	{ "{a", "{a", true }, { "{}", "", true }, { "{,a}b", "b", true },
	{ "\\*", "*", true }, { "\\*", "a", false }, { "\\{a,b}", "{a,b}",
	true }, { "*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	{ "**a**a**a**b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	{ "**/*.ltx", "db/ltx/0/1-1.ltx", true },
	{ "**a*b", "xa/xaxb", true }, { "*a**b", "xa/b", true },
	{ "**b*c", "b/bxc", true },
};

START_TEST(glob_matches)
{
	const struct glob_case *t = &glob_cases[_i];

	ck_assert_msg(glob(t->pattern, t->name) == t->match,
	    "'%s' on '%s'", t->pattern, t->name);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_list");
	TCase *t = tcase_create("list");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup_names, teardown);
	tcase_add_loop_test(t, list_gives_objects_and_prefixes, 0,
	    (int)NELEMS(list_cases));
	tcase_add_loop_test(t, pages_of_any_size_give_the_same_as_one, 0,
	    (int)NELEMS(list_cases));
	tcase_add_test(t, next_only_where_there_is_more);
	tcase_add_test(t, bad_tokens_are_refused);
	tcase_add_test(t, versions_of_a_name_come_by_generation_over_pages);
	tcase_add_loop_test(t, random_listings_agree_with_the_model, 0, 8);
	suite_add_tcase(s, t);
	t = tcase_create("glob");
	tcase_add_loop_test(t, glob_matches, 0, (int)NELEMS(glob_cases));
	suite_add_tcase(s, t);
	return (run_suite(s));
}
