/* The configuration in each family's own words. */
#include "harness/replicator/settings.h"

#include <check.h>
#include <string.h>

static const struct settings all = {
	.sync_us = 100000, .checkpoint_us = 500000, .pages = 20,
	.compact_us = 2000000, .l0_us = 1000000, .snapshot_us = 60000000,
	.retention_us = 120000000,
};

static const struct replicator *
row(bool levels)
{

	for (const struct replicator *r = replicators; r->from != NULL; r++)
		if (r->levels == levels && r->gcs)
			return (r);
	ck_abort_msg("no such row");
}

static void
ck_text(const struct replicator *rep, const struct settings *s,
    const char *folder, const char *want)
{
	struct buf b;

	buf_init(&b, 65536);
	settings_write(&b, rep, s, "/data/app.db", folder);
	ck_assert_str_eq(b.p, want);
	buf_release(&b);
}

START_TEST(levels_have_a_part_of_their_own)
{

	ck_text(row(true), &all, NULL,
	    "snapshot:\n  interval: 60000ms\n  retention: 120000ms\n"
	    "l0-retention: 1000ms\nl0-retention-check-interval: 500ms\n"
	    "levels:\n  - interval: 2000ms\n"
	    "dbs:\n  - path: /data/app.db\n    monitor-interval: 100ms\n"
	    "    checkpoint-interval: 500ms\n"
	    "    min-checkpoint-page-count: 20\n"
	    "    replica:\n      type: gs\n"
	    "      bucket: ${BACKUPS_BUCKET_NAME}\n"
	    "      path: ${BACKUPS_PATH}\n      sync-interval: 100ms\n");
}
END_TEST

START_TEST(without_levels_all_is_the_replicas)
{

	ck_text(row(false), &all, NULL,
	    "dbs:\n  - path: /data/app.db\n    monitor-interval: 100ms\n"
	    "    checkpoint-interval: 500ms\n"
	    "    min-checkpoint-page-count: 20\n"
	    "    replicas:\n      - type: gcs\n"
	    "        bucket: ${BACKUPS_BUCKET_NAME}\n"
	    "        path: ${BACKUPS_PATH}\n        sync-interval: 100ms\n"
	    "        snapshot-interval: 60000ms\n"
	    "        retention: 120000ms\n"
	    "        retention-check-interval: 60000ms\n");
}
END_TEST

START_TEST(folder_takes_the_buckets_place_and_defaults_are_left_out)
{
	const struct settings none = { 0 };

	ck_text(row(true), &none, "/backup", "dbs:\n  - path: /data/app.db\n"
	    "    replica:\n      type: file\n      path: /backup\n");
	ck_text(row(false), &none, "/backup", "dbs:\n  - path: /data/app.db\n"
	    "    replicas:\n      - type: file\n        path: /backup\n");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("settings");
	TCase *t = tcase_create("settings");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, levels_have_a_part_of_their_own);
	tcase_add_test(t, without_levels_all_is_the_replicas);
	tcase_add_test(t,
	    folder_takes_the_buckets_place_and_defaults_are_left_out);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed != 0);
}
