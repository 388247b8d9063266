/* The real emulator, seen through the harness's client. */
#include "harness/tests/drill.h"

#include <signal.h>

static struct emu *
emu(void)
{

	return (drill.run.emu);
}

static int
google(const char *method, const char *host, const char *path, json_t *body,
    json_t **answer)
{
	json_t *j;
	int status;

	j = emu_google(emu(), method, host, path, body, &status, NULL);
	if (answer != NULL)
		*answer = j;
	else
		json_decref(j);
	return (status);
}

static void
make_bucket(void)
{

	ck_assert_int_eq(google("POST", "storage.googleapis.com",
	    "/storage/v1/b?project=myproject", json_pack("{s:s}", "name",
	    "b-1"), NULL), 200);
}

START_TEST(addresses_are_of_loopback_and_the_ca_is_a_file)
{

	ck_assert_int_eq(strncmp(emu_http(emu()), "127.0.0.1:", 10), 0);
	ck_assert_int_eq(strncmp(emu_proxy(emu()), "127.0.0.1:", 10), 0);
	ck_assert_str_ne(emu_http(emu()), emu_proxy(emu()));
	ck_assert_int_gt(file_size(emu_ca(emu())), 100);
}
END_TEST

START_TEST(owner_is_known_without_making_a_key)
{
	json_t *info;

	ck_assert(!file_exists(drill_path("emulator/owner-key.json")));
	info = emu_control(emu(), "GET", "info", NULL, NULL);
	ck_assert_str_eq(json_string_value(json_object_get(info, "owner")),
	    emu_owner(emu()));
	json_decref(info);
}
END_TEST

START_TEST(owner_key_is_a_file_that_only_we_read)
{
	struct err e = ERR_INIT;
	const char *key = emu_owner_key(emu(), &e);

	ck_assert_msg(key != NULL, "%s", err_msg(&e));
	ck_assert_ptr_nonnull(strstr(drill_read(key), emu_owner(emu())));
}
END_TEST

START_TEST(owner_may_make_a_bucket_and_an_unknown_one_is_404)
{
	struct err e = ERR_INIT;
	json_t *j;
	int status;

	make_bucket();
	ck_assert_int_eq(google("GET", "storage.googleapis.com",
	    "/storage/v1/b/b-1", NULL, &j), 200);
	ck_assert_str_eq(json_string_value(json_object_get(j, "name")), "b-1");
	json_decref(j);
	json_decref(emu_google(emu(), "GET", "storage.googleapis.com",
	    "/storage/v1/b/other", NULL, &status, &e));
	ck_assert_int_eq(status, 404);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "(404)"));
	err_release(&e);
}
END_TEST

START_TEST(the_host_says_which_api_a_path_is_of)
{
	struct err e = ERR_INIT;
	const char *name;
	json_t *j;
	int status;

	ck_assert_int_eq(google("POST", "iam.googleapis.com",
	    "/v1/projects/myproject/serviceAccounts", json_pack("{s:s}",
	    "accountId", "some-account"), NULL), 200);
	ck_assert_int_eq(google("POST", "iam.googleapis.com",
	    "/v1/projects/-/serviceAccounts/some-account@myproject.iam."
	    "gserviceaccount.com/keys", json_pack("{s:s}", "privateKeyType",
	    "TYPE_GOOGLE_CREDENTIALS_FILE"), &j), 200);
	name = arena_printf(&drill.arena, "/v1/%s",
	    json_string_value(json_object_get(j, "name")));
	json_decref(j);
	json_decref(emu_google(emu(), "DELETE", "iam.googleapis.com", name,
	    NULL, &status, &e));
	ck_assert_msg(status == 200, "%s", err_msg(&e));
	err_release(&e);
}
END_TEST

START_TEST(control_errors_carry_the_emulators_message)
{
	struct err e = ERR_INIT;

	ck_assert_ptr_null(emu_control(emu(), "POST", "faults",
	    json_pack("{s:s}", "kind", "no-such-kind"), &e));
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "no-such-kind"));
	err_release(&e);
}
END_TEST

START_TEST(a_fault_does_not_hit_the_owner)
{
	struct err e = ERR_INIT;
	int id;

	id = emu_fault(emu(), json_pack("{s:s, s:s, s:{s:i}}", "kind",
	    "status", "on", "storage.*", "args", "code", 503), &e);
	ck_assert_msg(id > 0, "%s", err_msg(&e));
	make_bucket();
}
END_TEST

START_TEST(wait_mutation_returns_at_its_time_or_when_one_happens)
{
	int64_t k = emu_mutation(emu(), NULL), t0 = clock_mono_us();

	ck_assert_int_ge(k, 0);
	ck_assert_int_eq(emu_wait_mutation(emu(), k, 100000, NULL), k);
	ck_assert_int_ge(clock_mono_us() - t0, 90000);
	make_bucket();
	ck_assert_int_gt(emu_wait_mutation(emu(), k, 20 * SEC, NULL), k);
}
END_TEST

START_TEST(held_is_zero_when_nothing_is)
{

	ck_assert_int_eq(emu_held(emu(), "a name", 1, 10000, NULL), 0);
	ck_assert_int_eq(emu_release(emu(), "a name", false, NULL), 0);
}
END_TEST

START_TEST(journal_counts_by_method_and_principal)
{

	make_bucket();
	ck_assert_int_eq(emu_journal_count(emu(), "storage.buckets.insert",
	    NULL, NULL, 0, NULL), 1);
	ck_assert_int_eq(emu_journal_count(emu(), "storage.buckets.*", NULL,
	    arena_printf(&drill.arena, "*%s", emu_owner(emu())), 200, NULL),
	    1);
	ck_assert_int_eq(emu_journal_count(emu(), "storage.buckets.insert",
	    NULL, NULL, 404, NULL), 0);
}
END_TEST

START_TEST(a_data_folder_that_cannot_be_had_is_the_starts_error)
{
	struct emu_opts o = {
		.program = drill.opts.emulator, .project = "myproject",
		/* a file where a folder must be */
		.data = drill_path("litestream"),
		.log = drill_path("second.log"),
	};
	struct err e = ERR_INIT;

	ck_assert_ptr_null(emu_start(&o, &e));
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "second.log"));
	ck_assert_int_gt(file_size(o.log), 0);
	err_release(&e);
}
END_TEST

START_TEST(a_call_after_its_death_says_so)
{
	struct err e = ERR_INIT;

	ck_assert(emu_alive(emu()));
	ck_assert_int_eq(kill(emu_pid(emu()), SIGKILL), 0);
	ck_assert(proc_wait_pid(emu_pid(emu()), 10 * SEC));
	ck_assert(!emu_alive(emu()));
	ck_assert_int_eq(emu_mutation(emu(), &e), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "does not answer"));
	err_release(&e);
}
END_TEST

START_TEST(stop_leaves_no_process)
{
	pid_t pid = emu_pid(emu());

	emu_stop(emu());
	drill.run.emu = NULL;
	ck_assert_int_eq(kill(pid, 0), -1);
}
END_TEST

START_TEST(describe_names_methods_and_faults)
{
	struct err e = ERR_INIT;
	json_t *d = emu_describe(drill.opts.emulator, &e);
	char *s;

	ck_assert_msg(d != NULL, "%s", err_msg(&e));
	s = json_dumps(d, 0);
	ck_assert_ptr_nonnull(strstr(s, "storage.objects.insert"));
	ck_assert_ptr_nonnull(strstr(s, "lost-reply"));
	free(s);
	json_decref(d);
	ck_assert_ptr_null(emu_describe("/bin/false", &e));
	err_release(&e);
}
END_TEST

START_TEST(download_is_bounded)
{
	const char *file = drill_path("object");
	struct err e = ERR_INIT;
	json_t *j;

	make_bucket();
	/* a JSON body is as good an object as any */
	ck_assert_int_eq(google("POST", "storage.googleapis.com",
	    "/upload/storage/v1/b/b-1/o?uploadType=media&name=a%2Fb",
	    json_pack("{s:s}", "k", "v"), &j), 200);
	json_decref(j);
	ck_assert_int_eq(emu_download(emu(), "b-1", "a/b", file, 100, &e), 0);
	ck_assert_str_eq(drill_read(file), "{\"k\":\"v\"}");
	ck_assert_int_eq(emu_download(emu(), "b-1", "a/b", file, 4, &e), -1);
	ck_assert_int_eq(emu_download(emu(), "b-1", "no", file, 100, &e), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "404"));
	err_release(&e);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		addresses_are_of_loopback_and_the_ca_is_a_file,
		owner_is_known_without_making_a_key,
		owner_key_is_a_file_that_only_we_read,
		owner_may_make_a_bucket_and_an_unknown_one_is_404,
		the_host_says_which_api_a_path_is_of,
		control_errors_carry_the_emulators_message,
		a_fault_does_not_hit_the_owner,
		wait_mutation_returns_at_its_time_or_when_one_happens,
		held_is_zero_when_nothing_is,
		journal_counts_by_method_and_principal,
		a_data_folder_that_cannot_be_had_is_the_starts_error,
		a_call_after_its_death_says_so,
		stop_leaves_no_process,
		describe_names_methods_and_faults,
		download_is_bounded,
	};

	const struct drill_case cases[] = {
		{ "emu", drill_begin_emu, drill_end, tests, NELEMS(tests) },
	};

	return (drill_main("emu", cases, NELEMS(cases)));
}
