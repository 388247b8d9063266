/* harness/tests/drill.h: what tests of the harness's middle need: the built
 * emulator beside the tests, a release that is a small script, a run in a
 * folder of its own.  Included by one test program each, hence static. */
#ifndef HARNESS_TESTS_DRILL_H
#define HARNESS_TESTS_DRILL_H

#include <check.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/replicator/replicators.h"
#include "harness/run/emu.h"
#include "harness/run/proc.h"
#include "harness/run/run.h"
#include "harness/script/script.h"
#include "lib/clock.h"
#include "lib/file.h"

#define SEC	INT64_C(1000000)

struct drill {
	struct arena arena;
	char	dir[PATH_MAX];		/* all of it is below this folder */
	struct release rel;
	struct scenario sc;
	struct run_opts opts;
	struct run run;
};

static struct drill drill;

static inline const char *
drill_path(const char *name)
{

	return (arena_printf(&drill.arena, "%s/%s", drill.dir, name));
}

/* gcs-emulator lies two folders above the test that is running. */
static inline const char *
drill_emulator(void)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	const char *path;

	ck_assert_int_gt(n, 0);
	exe[n] = '\0';
	for (int up = 0; up < 3; up++)
		*strrchr(exe, '/') = '\0';
	path = arena_printf(&drill.arena, "%s/gcs-emulator", exe);
	ck_assert_msg(access(path, X_OK) == 0, "%s is not built", path);
	return (path);
}

static inline void
drill_write(const char *path, const char *text, mode_t mode)
{

	ck_assert_int_eq(file_write(path, text, strlen(text), mode, NULL), 0);
}

static inline const char *
drill_read(const char *path)
{
	const char *s;
	struct buf b;

	buf_init(&b, 1 << 24);
	(void)file_read(path, &b, NULL);
	s = arena_strndup(&drill.arena, b.p, b.len);
	buf_release(&b);
	return (s);
}

/* How many entries a folder has. */
static inline size_t
drill_entries(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return (n);
}

static inline void
drill_begin(void)
{
	struct release *rel = &drill.rel;
	char cwd[PATH_MAX - 32];

	memset(&drill, 0, sizeof(drill));
	ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
	(void)snprintf(drill.dir, sizeof(drill.dir), "%s/drill-XXXXXX", cwd);
	ck_assert_ptr_nonnull(mkdtemp(drill.dir));
	ck_assert_int_eq(file_mkdirs(drill_path("tmp"), 0700, NULL), 0);
	ck_assert_int_eq(file_mkdirs(drill_path("fixtures"), 0700, NULL), 0);
	ck_assert_int_eq(setenv("TMPDIR", drill_path("tmp"), 1), 0);
	drill_write(drill_path("litestream"), "#!/bin/sh\necho fake \"$@\"\n",
	    0755);
	rel->version = rel->label = "0.5.17";
	rel->path = drill_path("litestream");
	for (rel->rep = replicators; rel->rep->from != NULL; rel->rep++)
		if (release_compare(rel->version, rel->rep->from) >= 0 &&
		    release_compare(rel->version, rel->rep->to) <= 0)
			break;
	ck_assert_ptr_nonnull(rel->rep->from);
	drill.opts.emulator = drill_emulator();
	drill.opts.fixtures = drill_path("fixtures");
	drill.opts.out = drill_path("out");
	drill.opts.tools = drill.dir;
	drill.sc.name = "test";
	drill.sc.file = "test.scn";
	drill.sc.limit_us = 60 * SEC;
	proc_subreaper();
}

/* With an emulator, for what needs one but no whole drill. */
static inline void
drill_begin_emu(void)
{
	struct err e = ERR_INIT;
	struct emu_opts o = { 0 };

	drill_begin();
	run_init(&drill.run, &drill.sc, &drill.rel, &drill.opts);
	drill.run.dir = drill_path("run");
	ck_assert_int_eq(file_mkdirs(drill.run.dir, 0700, NULL), 0);
	ck_assert_int_eq(file_mkdirs(drill.opts.out, 0700, NULL), 0);
	o.program = drill.opts.emulator;
	o.data = drill_path("emulator");
	o.log = drill_path("emulator.log");
	o.journal = drill_path("out/journal.jsonl");
	o.project = drill.run.project;
	o.history = true;
	drill.run.emu = emu_start(&o, &e);
	ck_assert_msg(drill.run.emu != NULL, "%s", err_msg(&e));
}

static inline void
drill_end(void)
{

	emu_stop(drill.run.emu);
	run_release(&drill.run);
	ck_assert_int_eq(file_remove_all(drill.dir, NULL), 0);
	arena_release(&drill.arena);
}

/* Does that process live (a zombie does not)? */
static inline bool
drill_lives(pid_t pid)
{
	const char *s = strrchr(drill_read(arena_printf(&drill.arena,
	    "/proc/%ld/stat", (long)pid)), ')');

	return (s != NULL && s[2] != 'Z' && s[2] != 'X');
}

/* Wait until a script has written its pid to the file. */
static inline pid_t
drill_pid(const char *path)
{
	int64_t end = clock_mono_us() + 20 * SEC;
	const char *s = "";

	while (strchr(s, '\n') == NULL) {
		ck_assert_msg(clock_mono_us() < end, "%s was not written",
		    path);
		s = drill_read(path);
		(void)usleep(1000);
	}
	return ((pid_t)strtol(s, NULL, 10));
}

struct drill_case {
	const char *name;
	void	(*begin)(void), (*end)(void);
	const TTest *const *tests;
	size_t	n;		/* 0: left out */
};

static inline int
drill_main(const char *name, const struct drill_case *cases, size_t ncases)
{
	Suite *s = suite_create(name);
	SRunner *sr;
	int failed;

	for (size_t k = 0; k < ncases; k++) {
		TCase *tc = tcase_create(cases[k].name);

		tcase_add_checked_fixture(tc, cases[k].begin, cases[k].end);
		tcase_set_timeout(tc, 120);
		for (size_t i = 0; i < cases[k].n; i++)
			tcase_add_test(tc, cases[k].tests[i]);
		suite_add_tcase(s, tc);
	}
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return (failed != 0);
}

#endif
