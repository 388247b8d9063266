/* Soft delete by the JSON API: https://cloud.google.com/storage/docs/soft-delete
 */
#include "emulator/tests/api_util.h"

#define DAY	86400

START_TEST(new_bucket_shows_the_services_default_policy)
{

	api_bucket("");
	api_is("softDeletePolicy.retentionDurationSeconds", "604800");
	ck_assert_str_ne(api_text("softDeletePolicy.effectiveTime"), "");
	ck_assert_str_ne(api_text("generation"), "");
	ck_assert_int_eq(api_do("PATCH", "{\"softDeletePolicy\":"
	    "{\"retentionDurationSeconds\":0}}", B "/bkt"), 200);
	api_is("softDeletePolicy.retentionDurationSeconds", "0");
	api_is("softDeletePolicy.effectiveTime", "");
	ck_assert_int_eq(api_do("PATCH", "{\"softDeletePolicy\":null}",
	    B "/bkt"), 200);
	api_is("softDeletePolicy.retentionDurationSeconds", "604800");
}
END_TEST

START_TEST(retention_is_0_or_7_to_90_days)
{
	static const struct { const char *s; int status; } t[] = {
		{ "604799", 400 }, { "604800", 200 }, { "7776000", 200 },
		{ "7776001", 400 }, { "-1", 400 }, { "\"x\"", 400 },
		{ "\"0\"", 200 },
	};
	char body[256];

	api_bucket("");
	for (size_t i = 0; i < NELEMS(t); i++) {
		(void)snprintf(body, sizeof(body), "{\"softDeletePolicy\":"
		    "{\"retentionDurationSeconds\":%s}}", t[i].s);
		ck_assert_int_eq(api_do("PATCH", body, B "/bkt"),
		    t[i].status);
	}
}
END_TEST

START_TEST(deleted_object_is_seen_only_as_soft_deleted)
{
	char gen[64];

	api_bucket("");
	(void)snprintf(gen, sizeof(gen), "%s", api_put("x", "one"));
	ck_assert_int_eq(api_do("DELETE", NULL, O "/x"), 204);
	ck_assert_int_eq(client_get(O "/x"), 404);
	ck_assert_int_eq(api_do("GET", NULL, O "/x?generation=%s", gen), 404);
	ck_assert_int_eq(client_get(O "?versions=true"), 200);
	ck_assert_str_eq(api_names(), "");
	ck_assert_int_eq(client_get(O "?softDeleted=true"), 200);
	api_is("items.0.generation", gen);
	ck_assert_str_ne(api_text("items.0.softDeleteTime"), "");
	ck_assert_str_ne(api_text("items.0.hardDeleteTime"), "");
	ck_assert_int_eq(api_do("GET", NULL,
	    O "/x?softDeleted=true&generation=%s", gen), 200);
	api_is("size", "3");
	(void)client_get(O "/x?softDeleted=true");
	api_refused(400, "required");
	(void)client_get(O "?softDeleted=true&versions=true");
	api_refused(400, "invalid");
}
END_TEST

START_TEST(restore_makes_a_new_generation_with_the_old_metadata)
{
	char gen[64];

	api_bucket("");
	(void)snprintf(gen, sizeof(gen), "%s", api_put("x", "one"));
	ck_assert_int_eq(api_do("PATCH", "{\"metadata\":{\"k\":\"v\"}}",
	    O "/x"), 200);
	ck_assert_int_eq(api_do("POST", "", O "/x/restore?generation=%s",
	    gen), 404);
	(void)api_put("x", "two");
	ck_assert_int_eq(api_do("POST", "", O "/x/restore?generation=%s"
	    "&ifGenerationMatch=0", gen), 412);
	(void)api_do("POST", "", O "/x/restore");
	api_refused(400, "required");
	ck_assert_int_eq(api_do("POST", "", O "/x/restore?generation=%s",
	    gen), 200);
	ck_assert_str_ne(api_text("generation"), gen);
	api_is("metageneration", "1");
	api_is("metadata.k", "v");
	api_is("hardDeleteTime", "");
	ck_assert_int_eq(client_get(O "/x?alt=media"), 200);
	api_body_is("one");
	/* The one that was live has gone the same way. */
	ck_assert_int_eq(client_get(O "?softDeleted=true"), 200);
	ck_assert_str_eq(api_names(), "x x ");
}
END_TEST

START_TEST(nothing_is_kept_longer_than_the_clock_says)
{
	char gen[64];

	api_bucket("");
	(void)snprintf(gen, sizeof(gen), "%s", api_put("x", "one"));
	ck_assert_int_eq(api_do("DELETE", NULL, O "/x"), 204);
	api_pass(8 * DAY);
	ck_assert_int_eq(client_get(O "?softDeleted=true"), 200);
	ck_assert_str_eq(api_names(), "");
	ck_assert_int_eq(api_do("POST", "", O "/x/restore?generation=%s",
	    gen), 404);
}
END_TEST

START_TEST(bucket_without_a_policy_keeps_and_shows_nothing)
{

	api_bucket(",\"softDeletePolicy\":{\"retentionDurationSeconds\":0}");
	(void)api_put("x", "one");
	ck_assert_int_eq(api_do("DELETE", NULL, O "/x"), 204);
	(void)client_get(O "?softDeleted=true");
	api_refused(400, "invalid");
	(void)client_get(O "/x?softDeleted=true&generation=1");
	api_refused(400, "invalid");
	(void)api_do("POST", "", O "/x/restore?generation=1");
	api_refused(400, "invalid");
	ck_assert_int_eq(api_do("DELETE", NULL, B "/bkt"), 204);
	ck_assert_int_eq(client_get(B "?project=p&softDeleted=true"), 200);
	ck_assert_str_eq(api_names(), "");
}
END_TEST

START_TEST(deleted_bucket_is_listed_got_and_restored)
{
	char gen[64];

	api_bucket(",\"labels\":{\"a\":\"b\"}");
	(void)snprintf(gen, sizeof(gen), "%s", api_text("generation"));
	ck_assert_int_eq(api_do("DELETE", NULL, B "/bkt"), 204);
	ck_assert_int_eq(client_get(B "/bkt"), 404);
	ck_assert_int_eq(client_get(B "?project=p&softDeleted=true"), 200);
	ck_assert_str_eq(api_names(), "bkt ");
	ck_assert_str_ne(api_text("items.0.hardDeleteTime"), "");
	(void)client_get(B "/bkt?softDeleted=true");
	api_refused(400, "required");
	ck_assert_int_eq(api_do("GET", NULL,
	    B "/bkt?softDeleted=true&generation=%s", gen), 200);
	api_is("labels.a", "b");
	api_bucket("");
	ck_assert_int_eq(api_do("POST", "", B "/bkt/restore?generation=%s",
	    gen), 409);
	ck_assert_int_eq(api_do("DELETE", NULL, B "/bkt"), 204);
	ck_assert_int_eq(api_do("POST", "", B "/bkt/restore?generation=%s",
	    gen), 200);
	api_is("labels.a", "b");
	ck_assert_int_eq(api_do("POST", "", B "/bkt/restore?generation=%s",
	    gen), 404);
	ck_assert_int_eq(client_get(B "/bkt"), 200);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, api_start, client_stop);
	tcase_add_test(t, new_bucket_shows_the_services_default_policy);
	tcase_add_test(t, retention_is_0_or_7_to_90_days);
	tcase_add_test(t, deleted_object_is_seen_only_as_soft_deleted);
	tcase_add_test(t,
	    restore_makes_a_new_generation_with_the_old_metadata);
	tcase_add_test(t, nothing_is_kept_longer_than_the_clock_says);
	tcase_add_test(t, bucket_without_a_policy_keeps_and_shows_nothing);
	tcase_add_test(t, deleted_bucket_is_listed_got_and_restored);
}

int
main(void)
{

	return (client_main("softdelete", add));
}
