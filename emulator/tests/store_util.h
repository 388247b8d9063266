/* emulator/tests/store_util.h: what the store's test programs share: a store
 * in a folder of its own, one-line calls, one assertion a noun.  For Check
 * tests only; each runs in its own process. */
#ifndef EMULATOR_TESTS_STORE_UTIL_H
#define EMULATOR_TESTS_STORE_UTIL_H

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/api/rules.h"
#include "emulator/store/checksum.h"
#include "emulator/store/store.h"
#include "lib/file.h"

#define UNUSED __attribute__((unused))
#define NOW ((struct store_at){ STORE_NOW })

static struct store *st;
static struct arena ar;
static struct clock wall;
static char dir[64];
static int64_t soft_bytes;

static UNUSED struct store *
try_open(bool history, bool power, struct err *e)
{
	struct store_opts o = { .dir = dir, .history = history,
		.power = power, .clock = &wall, .rules = &rules_store,
		.soft_bytes = soft_bytes };

	return (store_open(&o, e));
}

static UNUSED void
open_store(bool history)
{
	struct err e = ERR_INIT;

	st = try_open(history, false, &e);
	ck_assert_msg(st != NULL, "store_open: %s", err_msg(&e));
}

static UNUSED void
reopen(void)
{

	store_close(st);
	open_store(false);
}

static UNUSED void
make_dir(void)
{

	(void)snprintf(dir, sizeof(dir), "/tmp/store-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static UNUSED void
setup(void)
{

	make_dir();
	open_store(false);
}

static UNUSED void
setup_history(void)
{

	make_dir();
	open_store(true);
}

static UNUSED void
teardown(void)
{

	store_close(st);
	st = NULL;
	arena_release(&ar);
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
}

static UNUSED void
make_bucket(const char *name, bool versioning)
{
	struct bucket b = { .name = name, .project = "p", .attrs = "{}",
		.policy = "{}", .versioning = versioning };
	struct store_write w = { 0 };
	struct bucket out;

	ck_assert_int_eq(store_bucket_insert(st, &w, &b, &ar, &out), STORE_OK);
}

/* A payload of n bytes that depend on seed. */
static UNUSED struct payload *
make_payload(unsigned seed, size_t n)
{
	struct payload *p = payload_new(st);
	unsigned char *v = mem_alloc(n);
	uint32_t x = seed * 2654435761u + 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		v[i] = (unsigned char)(x >> 24);
	}
	for (size_t i = 0; i < n; i += 50000)
		if (payload_write(p, v + i, n - i < 50000 ? n - i : 50000) !=
		    0)
			break;
	free(v);
	return (p);
}

/* Put with everything said; the text is the payload. */
static UNUSED enum store_rc
put_full(const char *bucket, const char *name, const char *text,
    const struct store_cond *c, bool forget, struct object *out)
{
	struct payload *p = payload_new(st);
	struct store_write w = { .forget = forget };
	struct object o;
	enum store_rc rc;

	ck_assert_int_eq(payload_write(p, text, strlen(text)), 0);
	rc = store_object_insert(st, &w, bucket, name, "{\"a\":1}", c, NULL, p,
	    &ar, out != NULL ? out : &o);
	payload_free(p);
	ck_assert((w.mutation != 0) == (rc == STORE_OK && !forget));
	return (rc);
}

static UNUSED struct object
put(const char *bucket, const char *name, const char *text)
{
	struct object o;

	ck_assert_int_eq(put_full(bucket, name, text, NULL, false, &o),
	    STORE_OK);
	return (o);
}

static UNUSED enum store_rc
del(const char *bucket, const char *name, int64_t generation)
{
	struct store_cond c = { .generation = generation };
	struct store_write w = { 0 };

	return (store_object_delete(st, &w, bucket, name, &c));
}

static UNUSED enum store_rc
get_at(int64_t as_of, const char *bucket, const char *name,
    int64_t generation, struct object *out)
{
	struct store_cond c = { .generation = generation };

	return (store_object_get(st, (struct store_at){ as_of }, bucket, name,
	    &c, &ar, out));
}

static UNUSED enum store_rc
get(const char *bucket, const char *name, struct object *out)
{

	return (get_at(STORE_NOW, bucket, name, 0, out));
}

/* The bytes of a reader, NUL-terminated in the arena; closes it. */
static UNUSED const char *
read_all(struct store_reader *r)
{
	char *v = arena_alloc(&ar, (size_t)r->size + 1);

	if (r->fd >= 0)
		ck_assert_int_eq(pread(r->fd, v, (size_t)r->size, 0), r->size);
	else
		memcpy(v, r->data, (size_t)r->size);
	store_read_close(r);
	return (v);
}

/* The bytes of a reader have the object's size and checksum; closes it. */
static UNUSED void
ck_whole(struct store_reader *r, const struct object *o)
{

	ck_assert_int_eq(r->size, o->size);
	ck_assert_uint_eq(checksum_crc32c(0, read_all(r), (size_t)o->size),
	    o->crc32c);
}

static UNUSED struct object
put_seed(const char *bucket, const char *name, unsigned seed, size_t n)
{
	struct payload *p = make_payload(seed, n);
	struct object o;

	ck_assert_int_eq(store_object_insert(st, NULL, bucket, name, "{}",
	    NULL, NULL, p, &ar, &o), STORE_OK);
	payload_free(p);
	return (o);
}

static UNUSED void
ck_text_at(int64_t as_of, const char *bucket, const char *name,
    const char *text)
{
	struct store_reader r;
	struct object o;

	ck_assert_int_eq(store_object_open(st, (struct store_at){ as_of },
	    bucket, name, NULL, &ar, &o, &r), STORE_OK);
	ck_assert_str_eq(read_all(&r), text);
	ck_assert_int_eq(o.size, strlen(text));
}

static UNUSED void
ck_text(const char *bucket, const char *name, const char *text)
{

	ck_text_at(STORE_NOW, bucket, name, text);
}

/* "a b [p/] next" of one page. */
static UNUSED const char *
list_page(int64_t as_of, const char *bucket, struct store_list l,
    const char **next)
{
	struct store_listing out;
	struct buf b;
	char *v;

	l.prefix = l.prefix != NULL ? l.prefix : "";
	l.delimiter = l.delimiter != NULL ? l.delimiter : "";
	l.start = l.start != NULL ? l.start : "";
	l.end = l.end != NULL ? l.end : "";
	l.glob = l.glob != NULL ? l.glob : "";
	l.after = l.after != NULL ? l.after : "";
	l.max = l.max > 0 ? l.max : 1000;
	ck_assert_int_eq(store_object_list(st, (struct store_at){ as_of },
	    bucket, &l, &ar, &out), STORE_OK);
	ck_assert_uint_le(out.nobjects + out.nprefixes, (size_t)l.max);
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < out.nobjects; i++)
		buf_addf(&b, "%s%s", b.len > 0 ? " " : "", out.objects[i].name);
	for (size_t i = 0; i < out.nprefixes; i++)
		buf_addf(&b, "%s[%s]", b.len > 0 ? " " : "", out.prefixes[i]);
	v = arena_strdup(&ar, b.p);
	buf_release(&b);
	if (next != NULL)
		*next = out.next;
	else
		ck_assert_ptr_null(out.next);
	return (v);
}

#define LIST(b, ...) \
	list_page(STORE_NOW, b, (struct store_list){ __VA_ARGS__ }, NULL)
#define LIST_AT(k, b, ...) \
	list_page(k, b, (struct store_list){ __VA_ARGS__ }, NULL)

/* Payload files there are below the store's folder. */
static UNUSED int
count_files(void)
{
	char *cmd = mem_printf("find %s/payloads -type f | wc -l", dir);
	FILE *f = popen(cmd, "r");
	int n = -1;

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%d", &n), 1);
	(void)pclose(f);
	free(cmd);
	return (n);
}

static UNUSED int
run_suite(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

#endif
