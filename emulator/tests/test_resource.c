/* Objects as they are answered: made by hand, so that attrs can say what no
 * request could store. */
#include "emulator/api/resource.h"
#include "emulator/tests/fixture.h"

#define BKT	"/storage/v1/b/bkt"

static struct fix x;

static void
setup(void)
{

	fix_init(&x);
	ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST,
	    "/storage/v1/b?project=" FIX_PROJECT, "{\"name\":\"bkt\"}"), 200);
}

static void
teardown(void)
{

	fix_release(&x);
}

static struct object
object(const char *name, const char *attrs)
{

	return ((struct object){ .bucket = "bkt", .name = name,
	    .attrs = attrs, .generation = 1700000000000001,
	    .metageneration = 1, .size = 3, .crc32c = 1, .has_md5 = true,
	    .created_us = 951782400000000, .updated_us = 951782401000000 });
}

/* The answer to a request with that query; a new reference.  What is written
 * is what jansson makes of it, in both styles. */
static json_t *
shown(const struct object *o, const char *query)
{
	char target[256];
	struct req rq;
	json_t *j;
	char *text;

	for (int pretty = 0; pretty < 2; pretty++) {
		(void)snprintf(target, sizeof(target), BKT "/o/x?"
		    "prettyPrint=%s%s", pretty ? "true" : "false", query);
		fix_req(&x, &rq, "GET", GCS_HOST, target, NULL);
		fix_as(&rq, x.emu.owner);
		resource_reply(&rq, o);
		ck_assert_int_eq(rq.status, 200);
		j = json_loadb(rq.reply, (size_t)rq.reply_len,
		    JSON_REJECT_DUPLICATES, NULL);
		ck_assert_msg(j != NULL, "%s", (const char *)rq.reply);
		text = json_dumps(j, pretty ? JSON_INDENT(2) : JSON_COMPACT);
		ck_assert_str_eq(text, rq.reply);
		free(text);
		req_release(&rq);
		if (!pretty)
			json_decref(j);
	}
	return (j);
}

static const char *
text(const json_t *j, const char *k)
{
	const char *s = json_string_value(json_object_get(j, k));

	return (s != NULL ? s : "(none)");
}

START_TEST(attrs_hide_no_field_of_the_services)
{
	struct object o = object("own", "{\"name\":\"evil\",\"size\":\"7\","
	    "\"kind\":{},\"generation\":[1],\"crc32c\":\"AAAA\",\"acl\":{"
	    "\"allUsers\":\"READER\"},\"owner\":\"user-a\",\"selfLink\":\"\","
	    "\"contentType\":\"a/b\",\"metadata\":{\"name\":\"n\",\"acl\":"
	    "\"a\",\"storageClass\":\"s\"},\"timeCreated\":0}");
	json_auto_t *j = shown(&o, "");
	const json_t *m = json_object_get(j, "metadata");

	ck_assert_str_eq(text(j, "name"), "own");
	ck_assert_str_eq(text(j, "size"), "3");
	ck_assert_str_eq(text(j, "kind"), "storage#object");
	ck_assert_str_eq(text(j, "generation"), "1700000000000001");
	ck_assert_str_eq(text(j, "crc32c"), "AAAAAQ==");
	ck_assert_str_eq(text(j, "timeCreated"), "2000-02-29T00:00:00.000Z");
	ck_assert_str_eq(text(j, "contentType"), "a/b");
	ck_assert_str_eq(text(j, "storageClass"), "STANDARD");
	ck_assert_ptr_null(json_object_get(j, "acl"));
	ck_assert_ptr_null(json_object_get(j, "owner"));
	ck_assert_uint_eq(json_object_size(m), 3);
	ck_assert_str_eq(text(m, "name"), "n");
	ck_assert_str_eq(text(m, "acl"), "a");
	ck_assert_str_eq(text(m, "storageClass"), "s");
}
END_TEST

START_TEST(what_attrs_say_takes_the_place_of_defaults)
{
	struct object o = object("o", " { \"storageClass\" : \"COLDLINE\" , "
	    "\"timeStorageClassUpdated\":\"2001-01-01T00:00:00Z\" } ");
	json_auto_t *j = shown(&o, "");

	ck_assert_str_eq(text(j, "storageClass"), "COLDLINE");
	ck_assert_str_eq(text(j, "timeStorageClassUpdated"),
	    "2001-01-01T00:00:00Z");
	ck_assert_str_eq(text(j, "updated"), "2000-02-29T00:00:01.000Z");
}
END_TEST

START_TEST(names_are_escaped_as_each_place_wants_it)
{
	static const char name[] = "\x01\t\"q\\/\x7f \xc3\xa9\xe2\x80\xa8%";
	struct object o = object(name, "{}");
	json_auto_t *j = shown(&o, "&projection=full");
	const json_t *acl = json_object_get(j, "acl");

	ck_assert_str_eq(text(j, "name"), name);
	ck_assert_str_eq(text(j, "id"),
	    "bkt/\x01\t\"q\\/\x7f \xc3\xa9\xe2\x80\xa8%/1700000000000001");
	ck_assert_str_eq(text(j, "selfLink"), "https://" GCS_HOST BKT "/o/"
	    "%01%09%22q%5C%2F%7F%20%C3%A9%E2%80%A8%25");
	ck_assert_str_eq(text(j, "mediaLink"), "https://" GCS_HOST
	    "/download" BKT "/o/%01%09%22q%5C%2F%7F%20%C3%A9%E2%80%A8%25"
	    "?generation=1700000000000001&alt=media");
	ck_assert_uint_eq(json_array_size(acl), 4);
	ck_assert_str_eq(text(json_array_get(acl, 0), "object"), name);
}
END_TEST

START_TEST(checksums_are_hidden_from_who_has_no_key)
{
	struct object o = object("o", "{\"customerEncryption\":{"
	    "\"encryptionAlgorithm\":\"AES256\",\"keySha256\":\"abc=\"}}");
	json_auto_t *j = shown(&o, "");

	ck_assert_str_eq(text(j, "crc32c"), "(none)");
	ck_assert_str_eq(text(j, "md5Hash"), "(none)");
	ck_assert_str_eq(text(json_object_get(j, "customerEncryption"),
	    "keySha256"), "abc=");
}
END_TEST

/* Entities of the list and the owner, with a blank behind each. */
static void
people(struct req *rq, const struct object *o, struct buf *b)
{
	json_auto_t *j = NULL;
	const json_t *e;
	struct jtext w;
	size_t i;

	jtext_init(&w, false, 1u << 20);
	resource_object(rq, &w, o);
	j = json_loads(w.b.p, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(j);
	buf_reset(b);
	json_array_foreach(json_object_get(j, "acl"), i, e) {
		ck_assert_str_eq(text(e, "object"), o->name);
		buf_addf(b, "%s ", text(e, "entity"));
	}
	buf_adds(b, text(json_object_get(j, "owner"), "entity"));
	jtext_release(&w);
}

/* One answer shows many objects, and remembers the list of the last. */
START_TEST(each_object_of_a_page_has_its_own_list)
{
	static const struct { const char *attrs, *people; } t[] = {
		{ "{\"acl\":{\"user-a@x.y\":\"READER\"},\"owner\":"
		    "\"user-o@x.y\"}", "user-a@x.y user-o@x.y user-o@x.y" },
		{ "{\"owner\":\"user-o@x.y\",\"acl\":{\"user-a@x.y\":"
		    "\"READER\"}}", "user-a@x.y user-o@x.y user-o@x.y" },
		{ "{\"acl\":{\"user-b@x.y\":\"READER\"},\"owner\":"
		    "\"user-o@x.y\"}", "user-b@x.y user-o@x.y user-o@x.y" },
		{ "{\"acl\":{\"user-b@x.y\":\"READER\"},\"owner\":"
		    "\"user-p@x.y\"}", "user-b@x.y user-p@x.y user-p@x.y" },
		{ "{\"acl\":{},\"owner\":\"user-p@x.y\"}",
		    "user-p@x.y user-p@x.y" },
		{ "{\"acl\":{\"allUsers\":\"READER\"},\"owner\":"
		    "\"allUsers\"}", "allUsers allUsers" },
	};
	struct req rq;
	struct buf b;

	buf_init(&b, 1u << 16);
	fix_req(&x, &rq, "GET", GCS_HOST, BKT "/o?projection=full", NULL);
	fix_as(&rq, x.emu.owner);
	for (size_t i = 0; i < 2 * NELEMS(t); i++) {
		struct object o = object(i % 2 == 0 ? "even" : "odd and long",
		    t[i % NELEMS(t)].attrs);

		people(&rq, &o, &b);
		ck_assert_str_eq(b.p, t[i % NELEMS(t)].people);
	}
	req_release(&rq);
	buf_release(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("resource");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, attrs_hide_no_field_of_the_services);
	tcase_add_test(t, what_attrs_say_takes_the_place_of_defaults);
	tcase_add_test(t, names_are_escaped_as_each_place_wants_it);
	tcase_add_test(t, checksums_are_hidden_from_who_has_no_key);
	tcase_add_test(t, each_object_of_a_page_has_its_own_list);
	suite_add_tcase(s, t);
	return (fix_main(s));
}
