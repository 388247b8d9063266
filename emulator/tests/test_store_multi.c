/* Multipart uploads as the store keeps them. */
#include "emulator/store/store_int.h"
#include "emulator/store/store_multi.h"
#include "emulator/tests/store_util.h"

#define MIN	((size_t)STORE_MULTI_MIN)

static const char *
begin(const char *name)
{
	struct multi m = { .name = name, .attrs = "{\"t\":1}",
	    .principal = "me" };
	const char *id;

	ck_assert_int_eq(store_multi_new(st, "b", &m, &ar, &id), STORE_OK);
	return (id);
}

static struct multi_part
part(const char *name, const char *id, int number, unsigned seed, size_t n)
{
	struct payload *p = make_payload(seed, n);
	struct multi_part out;

	ck_assert_int_eq(store_multi_put(st, NULL, "b", name, id, number,
	    NULL, p, &out), STORE_OK);
	payload_free(p);
	return (out);
}

static struct multi_want
want(const struct multi_part *p)
{
	struct multi_want w = { .number = p->number };

	memcpy(w.md5, p->md5, 16);
	return (w);
}

static enum store_rc
finish(const char *name, const char *id, const struct multi_want *w, size_t n,
    struct object *o, int *bad)
{
	struct store_write x = { 0 };

	return (store_multi_finish(st, &x, "b", name, id, w, n, NULL, &ar, o,
	    bad));
}

START_TEST(parts_become_an_object_after_a_restart)
{
	struct multi_want w[3];
	struct multi_part p;
	struct store_reader r;
	struct object o;
	const char *id;
	int bad;

	make_bucket("b", false);
	id = begin("dir/o");
	p = part("dir/o", id, 7, 3, 10);
	w[2] = want(&p);
	p = part("dir/o", id, 1, 1, MIN);
	w[0] = want(&p);
	reopen();
	p = part("dir/o", id, 2, 2, MIN + 1);
	w[1] = want(&p);
	ck_assert_int_eq(get("b", "dir/o", &o), STORE_NO_OBJECT);
	ck_assert_int_eq(finish("dir/o", id, w, 3, &o, &bad), STORE_OK);
	ck_assert_int_eq(o.size, (int64_t)(2 * MIN + 11));
	ck_assert(!o.has_md5);
	ck_assert_int_eq(o.components, 0);
	ck_assert_str_eq(o.attrs, "{\"t\":1}");
	ck_assert_int_eq(count_files(), 1);
	reopen();
	ck_assert_int_eq(store_object_open(st, NOW, "b", "dir/o", NULL, &ar,
	    &o, &r), STORE_OK);
	ck_whole(&r, &o);
	ck_assert_int_eq(finish("dir/o", id, w, 3, &o, &bad),
	    STORE_NO_UPLOAD);
}
END_TEST

START_TEST(a_single_part_needs_no_copy)
{
	struct store_reader r;
	struct multi_want w;
	struct multi_part p;
	struct object o;
	const char *id;
	int bad;

	make_bucket("b", false);
	id = begin("o");
	p = part("o", id, 5, 1, 100000);
	w = want(&p);
	ck_assert_int_eq(finish("o", id, &w, 1, &o, &bad), STORE_OK);
	ck_assert_int_eq(o.payload, p.payload);
	ck_assert_int_eq(store_object_open(st, NOW, "b", "o", NULL, &ar, &o,
	    &r), STORE_OK);
	ck_whole(&r, &o);
	ck_assert_int_eq(del("b", "o", 0), STORE_OK);
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(a_part_put_again_takes_the_place_of_the_former)
{
	struct multi_part a, b, *v;
	struct multi_want w;
	struct object o;
	const char *id;
	bool more;
	size_t n;
	int bad;

	make_bucket("b", false);
	id = begin("o");
	a = part("o", id, 1, 1, 100000);
	b = part("o", id, 1, 2, 100001);
	ck_assert_int_eq(count_files(), 1);
	ck_assert_int_eq(store_multi_parts(st, "b", "o", id, 0, 10, &ar, &v,
	    &n, &more), STORE_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(v[0].size, 100001);
	w = want(&a);
	ck_assert_int_eq(finish("o", id, &w, 1, &o, &bad), STORE_NO_PART);
	ck_assert_int_eq(bad, 1);
	w = want(&b);
	ck_assert_int_eq(finish("o", id, &w, 1, &o, &bad), STORE_OK);
}
END_TEST

START_TEST(a_wrong_list_is_refused_and_the_upload_stays)
{
	struct multi_part a, b;
	struct multi_want w[2], none = { .number = 9, .any = true };
	struct object o;
	const char *id;
	int bad;

	make_bucket("b", false);
	id = begin("o");
	a = part("o", id, 1, 1, MIN - 1);
	b = part("o", id, 2, 2, 3);
	w[0] = want(&b);
	w[1] = want(&a);
	ck_assert_int_eq(finish("o", id, w, 2, &o, &bad), STORE_PART_ORDER);
	w[1] = w[0];
	ck_assert_int_eq(finish("o", id, w, 2, &o, &bad), STORE_PART_ORDER);
	w[0] = want(&a);
	ck_assert_int_eq(finish("o", id, w, 2, &o, &bad), STORE_PART_SMALL);
	ck_assert_int_eq(bad, 1);
	ck_assert_int_eq(finish("o", id, &none, 1, &o, &bad), STORE_NO_PART);
	ck_assert_int_eq(bad, 9);
	ck_assert_int_eq(finish("p", id, w, 1, &o, &bad), STORE_NO_UPLOAD);
	ck_assert_int_eq(finish("o", "x", w, 1, &o, &bad), STORE_NO_UPLOAD);
	w[0].any = true;
	memset(w[0].md5, 0, 16);
	ck_assert_int_eq(finish("o", id, w, 1, &o, &bad), STORE_OK);
	ck_assert_int_eq(o.size, (int64_t)MIN - 1);
}
END_TEST

START_TEST(an_end_that_is_forgotten_leaves_the_upload)
{
	struct store_write forget = { .forget = true };
	struct multi_want w;
	struct multi_part p;
	struct object o;
	const char *id;
	int bad;

	make_bucket("b", false);
	id = begin("o");
	p = part("o", id, 1, 1, 70000);
	w = want(&p);
	ck_assert_int_eq(store_multi_finish(st, &forget, "b", "o", id, &w, 1,
	    NULL, &ar, &o, &bad), STORE_OK);
	ck_assert_int_eq(get("b", "o", &o), STORE_NO_OBJECT);
	ck_assert_int_eq(finish("o", id, &w, 1, &o, &bad), STORE_OK);
}
END_TEST

START_TEST(what_a_part_should_be_is_checked)
{
	struct store_expect x = { .has_crc32c = true, .crc32c = 1 };
	struct payload *p = make_payload(1, 70000);
	struct multi_part out;
	const char *id;

	make_bucket("b", false);
	id = begin("o");
	ck_assert_int_eq(store_multi_put(st, NULL, "b", "o", id, 1, &x, p,
	    &out), STORE_BAD_HASH);
	ck_assert_int_eq(store_multi_put(st, NULL, "b", "o", "y", 1, NULL, p,
	    &out), STORE_NO_UPLOAD);
	payload_free(p);
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(dropping_an_upload_or_its_bucket_drops_the_parts)
{
	const char *id, *other;

	make_bucket("b", false);
	id = begin("o");
	other = begin("o");
	(void)part("o", id, 1, 1, 70000);
	(void)part("o", id, 2, 1, 70000);
	(void)part("o", other, 1, 1, 70000);
	ck_assert_int_eq(store_multi_drop(st, "b", "o", id), STORE_OK);
	ck_assert_int_eq(store_multi_drop(st, "b", "o", id), STORE_NO_UPLOAD);
	ck_assert_int_eq(count_files(), 1);
	ck_assert_int_eq(store_bucket_delete(st, NULL, "b", NULL), STORE_OK);
	ck_assert_int_eq(count_files(), 0);
	make_bucket("b", false);
	ck_assert_int_eq(store_multi_drop(st, "b", "o", other),
	    STORE_NO_UPLOAD);
}
END_TEST

START_TEST(uploads_expire_by_age)
{
	const char *old, *young, *other;
	struct multi m;

	make_bucket("b", false);
	old = begin("o");
	(void)part("o", old, 1, 1, 70000);
	atomic_fetch_add(&wall.shift_us, 5 * INT64_C(86400000000));
	young = begin("o");
	ck_assert_int_eq(store_multi_get(st, "b", "o", old, &ar, &m),
	    STORE_OK);
	atomic_fetch_add(&wall.shift_us, 3 * INT64_C(86400000000));
	other = begin("o");	/* the old one is dropped on the way */
	ck_assert_int_eq(store_multi_get(st, "b", "o", old, &ar, &m),
	    STORE_NO_UPLOAD);
	ck_assert_int_eq(count_files(), 0);
	(void)part("o", young, 1, 1, 70000);
	(void)part("o", other, 1, 1, 70000);
	atomic_fetch_add(&wall.shift_us, 6 * INT64_C(86400000000));
	reopen();
	ck_assert_int_eq(store_multi_get(st, "b", "o", young, &ar, &m),
	    STORE_NO_UPLOAD);
	ck_assert_int_eq(store_multi_get(st, "b", "o", other, &ar, &m),
	    STORE_OK);
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

/* "name … [prefix] … next" of one page of uploads. */
static const char *
page(struct multi_query q, const char **next, const char **next_id)
{
	struct multi_page out;
	const char *s = "";

	q.prefix = q.prefix != NULL ? q.prefix : "";
	q.delimiter = q.delimiter != NULL ? q.delimiter : "";
	q.after = q.after != NULL ? q.after : "";
	q.after_id = q.after_id != NULL ? q.after_id : "";
	q.max = q.max > 0 ? q.max : 1000;
	ck_assert_int_eq(store_multi_list(st, "b", &q, &ar, &out), STORE_OK);
	for (size_t i = 0; i < out.n; i++)
		s = arena_printf(&ar, "%s%s ", s, out.uploads[i].name);
	for (size_t i = 0; i < out.nprefixes; i++)
		s = arena_printf(&ar, "%s[%s] ", s, out.prefixes[i]);
	if (next != NULL) {
		*next = out.more ? out.next : NULL;
		*next_id = out.more ? out.next_id : NULL;
	} else
		ck_assert(!out.more);
	return (s);
}

#define PAGE(...) page((struct multi_query){ __VA_ARGS__ }, NULL, NULL)

START_TEST(uploads_are_listed_by_name_and_age)
{
	const char *next = "", *id = "", *all = "";

	make_bucket("b", false);
	(void)begin("d/y");
	(void)begin("d/x");
	(void)begin("c");
	(void)begin("c");
	(void)begin("e");
	ck_assert_str_eq(PAGE(.prefix = ""), "c c d/x d/y e ");
	ck_assert_str_eq(PAGE(.prefix = "d"), "d/x d/y ");
	ck_assert_str_eq(PAGE(.delimiter = "/"), "c c e [d/] ");
	ck_assert_str_eq(PAGE(.prefix = "d/", .delimiter = "/"), "d/x d/y ");
	ck_assert_str_eq(PAGE(.after = "c"), "d/x d/y e ");
	ck_assert_str_eq(PAGE(.after = "a", .prefix = "d/"), "d/x d/y ");
	ck_assert_str_eq(PAGE(.after = "z"), "");
	for (int i = 0; next != NULL; i++) {
		ck_assert_int_lt(i, 5);
		all = arena_printf(&ar, "%s%s", all, page((struct multi_query)
		    { .delimiter = "/", .after = next, .after_id = id,
		    .max = 1 }, &next, &id));
	}
	ck_assert_str_eq(all, "c c [d/] e ");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_multi");
	TCase *t = tcase_create("multi");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, parts_become_an_object_after_a_restart);
	tcase_add_test(t, a_single_part_needs_no_copy);
	tcase_add_test(t, a_part_put_again_takes_the_place_of_the_former);
	tcase_add_test(t, a_wrong_list_is_refused_and_the_upload_stays);
	tcase_add_test(t, an_end_that_is_forgotten_leaves_the_upload);
	tcase_add_test(t, what_a_part_should_be_is_checked);
	tcase_add_test(t,
	    dropping_an_upload_or_its_bucket_drops_the_parts);
	tcase_add_test(t, uploads_expire_by_age);
	tcase_add_test(t, uploads_are_listed_by_name_and_age);
	suite_add_tcase(s, t);
	return (run_suite(s));
}
