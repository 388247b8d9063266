#include <check.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/replicator/replicators.h"
#include "lib/file.h"
#include "lib/str.h"

static struct arena arena;
static struct release got;
static char dir[64];

static const char *
at(const char *name)
{

	return (arena_printf(&arena, "%s/%s", dir, name));
}

/* A program that answers `version`. */
static void
program(const char *name, const char *version)
{
	const char *text = arena_printf(&arena,
	    "#!/bin/sh\n[ \"$1\" = version ] || exit 3\n%s\n", version);

	ck_assert_int_eq(file_write(at(name), text, strlen(text), 0755, NULL),
	    0);
}

static void
set_up(void)
{

	arena = (struct arena) ARENA_INIT;
	(void)snprintf(dir, sizeof(dir), "replicators-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(mkdir(at("tools"), 0700), 0);
	program("tools/litestream-0.3.13", "echo v0.3.13");
	program("tools/litestream-0.5.17", "echo 0.5.17");
	program("tools/litestream-0.5.3", "echo 0.5.3");
	program("tools/litestream-nightly", "echo 9");
}

static void
tear_down(void)
{

	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
	arena_release(&arena);
}

static void
found(const char *spec, const char *version, const char *label)
{
	struct err e = ERR_INIT;

	ck_assert_msg(release_find(&arena, at("tools"), spec, &got, &e) == 0,
	    "%s", err_msg(&e));
	ck_assert_str_eq(got.version, version);
	ck_assert_str_eq(got.label, label);
	ck_assert_int_eq(access(got.path, X_OK), 0);
}

static void
refused(const char *spec, const char *text)
{
	struct err e = ERR_INIT;

	ck_assert_int_eq(release_find(&arena, at("tools"), spec, &got, &e),
	    -1);
	ck_assert_msg(strstr(err_msg(&e), text) != NULL, "%s", err_msg(&e));
	err_release(&e);
}

START_TEST(version_is_looked_up_in_tools)
{

	found("0.3.13", "0.3.13", "0.3.13");
	ck_assert_str_eq(got.rep->scheme, "gcs");
	found("0.5.17", "0.5.17", "0.5.17");
	ck_assert_str_eq(got.rep->scheme, "gs");
	found("v0.5.3", "0.5.3", "0.5.3");
}
END_TEST

START_TEST(path_is_asked_for_its_version)
{

	found(at("tools/litestream-0.3.13"), "0.3.13", "0.3.13");
	ck_assert_int_eq(got.path[0], '/');
	program("older-state", "echo v0.5.17");
	found(at("older-state"), "0.5.17", "older-state(0.5.17)");
}
END_TEST

START_TEST(version_that_is_not_there_says_what_to_do)
{

	refused("0.5.4", "run `ci/litestream 0.5.4`");
	refused("0.5.4", "there: 0.3.13, 0.5.3, 0.5.17");
	refused("0.5.18", "did you mean 0.5.17?");
	refused("latest", "'latest' is neither a version of Litestream nor a "
	    "path");
	refused("../0.5", "no program ../0.5");
}
END_TEST

START_TEST(release_without_cloud_storage_is_found_and_says_so)
{

	program("tools/litestream-0.3.4", "echo v0.3.4");
	found("0.3.4", "0.3.4", "0.3.4");
	ck_assert(!got.rep->gcs);
	program("tools/litestream-0.9.0", "echo 0.9.0");
	refused("0.9.0", "nothing is known of Litestream 0.9.0");
}
END_TEST

START_TEST(program_that_is_no_litestream_is_refused)
{

	program("other", "echo other tool 1.2; exit 0");
	refused(at("other"), "'other tool 1.2'");
	program("other", "exit 1");
	refused(at("other"), "it is no Litestream");
	ck_assert_int_eq(chmod(at("other"), 0644), 0);
	refused(at("other"), "cannot run");
	refused(at("nothing"), "there is no program");
}
END_TEST

static const struct {
	const char *a, *b;
	int	want;
} orders[] = {
	{ "0.3.13", "0.5.0", -1 }, { "0.5.3", "0.5.17", -1 },
	{ "0.5.17", "0.5.17", 0 }, { "1.0.0", "0.9.9", 1 },
	{ "0.5.0-beta1", "0.5.0", -1 }, { "0.5.0", "0.5.0-test.1", 1 },
	{ "0.5.0-beta1", "0.5.0-beta2", -1 }, { "0.5", "0.5.0", 0 },
	{ "0.5", "0.5.1", -1 }, { "0.3.9", "0.3.10", -1 },
};

START_TEST(releases_are_ordered)
{

	ck_assert_int_eq(release_compare(orders[_i].a, orders[_i].b),
	    orders[_i].want);
	ck_assert_int_eq(release_compare(orders[_i].b, orders[_i].a),
	    -orders[_i].want);
}
END_TEST

START_TEST(rows_do_not_overlap_and_have_every_variable)
{

	for (const struct replicator *r = replicators; r->from != NULL; r++) {
		ck_assert_int_le(release_compare(r->from, r->to), 0);
		ck_assert_ptr_nonnull(r->interval_config);
		if (r[1].from != NULL)
			ck_assert_int_lt(release_compare(r->to, r[1].from), 0);
		for (size_t i = 0; replicator_vars[i].name != NULL; i++)
			ck_assert_ptr_nonnull(replicator_var(r,
			    replicator_vars[i].name));
		ck_assert_ptr_null(replicator_var(r, "nothing"));
	}
}
END_TEST

/* What the binaries said, word for word. */
static const struct {
	const char *version, *var, *said;
} messages[] = {
	{ "0.3.13", "no_backup", "ERROR failed to run error=\"no matching "
	    "backups found\"" },
	{ "0.5.17", "no_backup", "Error: no matching backup files available" },
	{ "0.3.13", "no_bucket", "ERROR failed to run error=\"cannot fetch "
	    "generations: storage: bucket doesn't exist\"" },
	{ "0.5.17", "no_bucket", "Error: created at: storage: bucket doesn't "
	    "exist" },
	{ "0.3.13", "forbidden", "error=\"cannot fetch generations: "
	    "googleapi: Error 403: x@p.iam.gserviceaccount.com does not have "
	    "storage.objects.list access" },
	{ "0.3.13", "forbidden", "snapshot.lz4\\\": googleapi: got HTTP "
	    "response code 403 with body: <?xml" },
	{ "0.5.17", "forbidden", "Error: cannot calc restore plan: googleapi: "
	    "Error 403: Forbidden, forbidden" },
	{ "0.5.17", "forbidden", "Error: cannot calc restore plan: Get \"x\": "
	    "oauth2: cannot fetch token: 403 Forbidden" },
	{ "0.3.13", "no_credentials", "error=\"cannot fetch generations: "
	    "dialing: google: error getting credentials using "
	    "GOOGLE_APPLICATION_CREDENTIALS environment variable: open "
	    "/nope.json: no such file or directory\"" },
	{ "0.5.17", "no_credentials", "Error: created at: failed to create "
	    "GCS client (bucket: b): dialing: google: error getting "
	    "credentials using GOOGLE_APPLICATION_CREDENTIALS environment "
	    "variable: open /nope.json: no such file or directory" },
	{ "0.3.13", "bad_key", "versions=false\\\": oauth2: cannot fetch "
	    "token: 400 Bad Request" },
	{ "0.5.17", "bad_key", "versions=false\": oauth2: cannot fetch token: "
	    "400 Bad Request" },
	{ "0.3.13", "bad_scheme", "ERROR failed to run error=\"unknown "
	    "replica type in config: \\\"\\\"\"" },
	{ "0.5.17", "bad_scheme", "Error: unknown replica type in config: "
	    "\"gcs\"" },
};

static bool
says(const char *version, const char *var, const char *text)
{
	struct err e = ERR_INIT;
	regex_t re;
	bool yes;

	ck_assert_msg(release_find(&arena, at("tools"), version, &got, &e) ==
	    0, "%s", err_msg(&e));
	ck_assert_int_eq(regcomp(&re, replicator_var(got.rep, var),
	    REG_EXTENDED | REG_NOSUB), 0);
	yes = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return (yes);
}

START_TEST(message_is_told_from_all_others)
{

	ck_assert(says(messages[_i].version, messages[_i].var,
	    messages[_i].said));
	for (size_t i = 0; i < NELEMS(messages); i++)
		if (strcmp(messages[i].var, messages[_i].var) != 0)
			ck_assert_msg(!says(messages[_i].version,
			    messages[_i].var, messages[i].said), "%s: %s",
			    messages[_i].var, messages[i].said);
}
END_TEST

START_TEST(globs_tell_snapshots_from_syncs)
{

	found("0.3.13", "0.3.13", "0.3.13");
	ck_assert(str_glob(got.rep->snapshot_glob,
	    "db/generations/984d/snapshots/00000000.snapshot.lz4"));
	ck_assert(str_glob(got.rep->wal_glob,
	    "db/generations/984d/wal/00000001_00000000.wal.lz4"));
	found("0.5.17", "0.5.17", "0.5.17");
	ck_assert(str_glob(got.rep->snapshot_glob,
	    "db/ltx/9/0000000000000001-0000000000000001.ltx"));
	ck_assert(str_glob(got.rep->wal_glob,
	    "db/ltx/0/0000000000000002-0000000000000002.ltx"));
	ck_assert(!str_glob(got.rep->wal_glob,
	    "db/ltx/1/0000000000000001-0000000000000002.ltx"));
}
END_TEST

static const struct {
	const char *release, *object, *place;
} places[] = {
	{ "0.5.17", "b/ltx/0/0000000000000001-00000000000000a2.ltx",
	    "00000000000000a2" },
	{ "0.5.17", "b/ltx/1/0000000000000001-00000000000000a2.ltx", NULL },
	{ "0.5.17", "b/ltx/0/0000000000000001-00000000000000a2.tmp", NULL },
	{ "0.5.17", "b/ltx/0/1-2.ltx", NULL },
	{ "0.3.13", "b/generations/0a/wal/0000001e_00001038.wal.lz4",
	    "0000001e" },
	{ "0.3.13", "b/generations/0a/snapshots/0000001e.snapshot.lz4",
	    NULL },
	{ "0.3.13", "0000001e_0.wal.lz4", NULL },
};

START_TEST(an_upload_ends_with_a_place)
{
	const struct replicator *rep = replicators;
	struct arena a = ARENA_INIT;
	const char *place;

	while (release_compare(places[_i].release, rep->from) < 0 ||
	    release_compare(places[_i].release, rep->to) > 0)
		rep++;
	place = rep->place(&a, places[_i].object);
	if (places[_i].place == NULL)
		ck_assert_ptr_null(place);
	else
		ck_assert_str_eq(place, places[_i].place);
	arena_release(&a);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("replicators");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, version_is_looked_up_in_tools);
	tcase_add_test(t, path_is_asked_for_its_version);
	tcase_add_test(t, version_that_is_not_there_says_what_to_do);
	tcase_add_test(t, release_without_cloud_storage_is_found_and_says_so);
	tcase_add_test(t, program_that_is_no_litestream_is_refused);
	tcase_add_loop_test(t, releases_are_ordered, 0, (int)NELEMS(orders));
	tcase_add_test(t, rows_do_not_overlap_and_have_every_variable);
	tcase_add_loop_test(t, message_is_told_from_all_others, 0,
	    (int)NELEMS(messages));
	tcase_add_test(t, globs_tell_snapshots_from_syncs);
	tcase_add_loop_test(t, an_upload_ends_with_a_place, 0, NELEMS(places));
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
