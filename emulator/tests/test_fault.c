#include <pthread.h>

#include "emulator/tests/fixture.h"
#include "lib/clock.h"
#include "lib/str.h"

#define WORKER	FIX_MAIL("worker-account")
#define OBJECT	"/storage/v1/b/drill-bucket/o/db%2Fone"
#define LIST	"/storage/v1/b/drill-bucket/o"

static struct fix x;

static void
setup(void)
{

	fix_init(&x);
}

static void
teardown(void)
{

	fix_release(&x);
}

static int
add(const char *rule, struct err *e)
{
	json_auto_t *j = json_loads(rule, 0, NULL);

	ck_assert_msg(j != NULL, "%s", rule);
	return (faults_add(x.emu.faults, j, e));
}

static int
set(const char *rule)
{
	struct err e = ERR_INIT;
	int id = add(rule, &e);

	ck_assert_msg(id > 0, "%s", err_msg(&e));
	return (id);
}

static int64_t
count(int id, const char *what)
{
	json_auto_t *l = faults_list(x.emu.faults);
	const json_t *r;
	size_t i;

	json_array_foreach(l, i, r)
		if (json_integer_value(json_object_get(r, "id")) == id)
			return (json_integer_value(json_object_get(r, what)));
	return (-1);
}

/* A request as far as its first fault point; released by the caller. */
static void
begin_as(struct req *rq, const char *who, const char *method,
    const char *target)
{

	fix_req(&x, rq, method, GCS_HOST, target, NULL);
	if (who != NULL)
		fix_as(rq, who);
	faults_match(x.emu.faults, rq);
	faults_apply(x.emu.faults, rq, FAULT_BEFORE);
}

/* Status of the fault that struck, -1 for a drop, 0 for none. */
static int
strike_as(const char *who, const char *method, const char *target)
{
	struct req rq;
	int status;

	begin_as(&rq, who, method, target);
	status = rq.abort ? -1 : rq.status;
	req_release(&rq);
	return (status);
}

static int
strike(const char *target)
{

	return (strike_as(WORKER, "GET", target));
}

/* ---- what a rule may say ---- */

START_TEST(bad_rule_is_refused_by_the_name_of_its_field)
{
	static const struct { const char *rule, *text; } t[] = {
		{ "[]", "JSON object" },
		{ "{}", "'kind' is missing" },
		{ "{\"kind\":5}", "'kind' is not a string" },
		{ "{\"kind\":\"hodl\"}",
		    "unknown kind 'hodl': did you mean 'hold'?" },
		{ "{\"kind\":\"hold\",\"tims\":1}",
		    "unknown field 'tims': did you mean 'times'?" },
		{ "{\"kind\":\"hold\",\"on\":\"storage.objects.inser\"}",
		    "did you mean 'storage.objects.insert'?" },
		{ "{\"kind\":\"hold\",\"on\":\"emulator.ready\"}", "'on'" },
		{ "{\"kind\":\"hold\",\"on\":\"\"}", "'on'" },
		{ "{\"kind\":\"hold\",\"bucket\":5}", "'bucket'" },
		{ "{\"kind\":\"hold\",\"nth\":0}", "'nth'" },
		{ "{\"kind\":\"hold\",\"nth\":1.5}", "'nth'" },
		{ "{\"kind\":\"hold\",\"nth\":\"x\"}", "'nth'" },
		{ "{\"kind\":\"hold\",\"every\":-1}", "'every'" },
		{ "{\"kind\":\"hold\",\"times\":0}", "'times'" },
		{ "{\"kind\":\"hold\",\"times\":\"alway\"}", "'times'" },
		{ "{\"kind\":\"hold\",\"nth\":1,\"every\":2}", "exclude" },
		{ "{\"kind\":\"hold\",\"at\":\"during\"}", "'at'" },
		{ "{\"kind\":\"forget\",\"at\":\"after\"}", "'at'" },
		{ "{\"kind\":\"lost-reply\",\"at\":\"before\"}", "'at'" },
		{ "{\"kind\":\"hold\",\"after-bytes\":5}", "at=body" },
		{ "{\"kind\":\"hold\",\"args\":[]}", "'args'" },
		{ "{\"kind\":\"hold\",\"args\":{\"x\":1}}", "'x'" },
		{ "{\"kind\":\"status\",\"args\":{\"cod\":1}}",
		    "did you mean 'code'?" },
		{ "{\"kind\":\"status\",\"args\":{\"code\":200}}",
		    "'code' is not within 400 and 599" },
		{ "{\"kind\":\"status\",\"args\":{\"code\":\"x\"}}",
		    "'code'" },
		{ "{\"kind\":\"status\",\"args\":{\"reason\":1}}",
		    "'reason'" },
		{ "{\"kind\":\"latency\"}", "'delay' is missing" },
		{ "{\"kind\":\"latency\",\"args\":{\"delay\":\"30\"}}",
		    "'delay'" },
		{ "{\"kind\":\"latency\",\"args\":{\"delay\":-1}}",
		    "'delay'" },
		{ "{\"kind\":\"stale\",\"args\":{\"back\":1,\"mutation\":2}}",
		    "exclude" },
		{ "{\"kind\":\"network\"}", "'latency' is missing" },
		{ "{\"kind\":\"network\",\"args\":{\"latency\":\"1ms\","
		    "\"shape\":\"round\"}}", "'shape' is uniform" },
		{ "{\"kind\":\"bandwidth\",\"args\":{\"bandwidth\":\"1M\"}}",
		    "'bandwidth'" },
		{ "{\"kind\":\"bandwidth\",\"args\":{\"bandwidth\":0}}",
		    "'bandwidth' is not a number of bytes" },
		{ "{\"kind\":\"slow\",\"args\":{\"bytes\":9}}",
		    "'delay' is missing" },
		{ "{\"kind\":\"connections\"}", "'max' is missing" },
		{ "{\"kind\":\"connections\",\"args\":{\"max\":0}}",
		    "'max' is not within" },
		{ "{\"kind\":\"blackhole\",\"nth\":1}", "takes no selector" },
		{ "{\"kind\":\"refuse\",\"on\":\"*\"}", "takes no selector" },
		{ "{\"kind\":\"refuse\",\"at\":\"before\"}",
		    "takes no selector" },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		struct err e = ERR_INIT;

		ck_assert_msg(add(t[i].rule, &e) == -1, "%s", t[i].rule);
		ck_assert_msg(strstr(err_msg(&e), t[i].text) != NULL,
		    "%s: %s", t[i].rule, err_msg(&e));
		err_release(&e);
	}
	ck_assert_int_eq(strike(OBJECT), 0);
}
END_TEST

START_TEST(list_and_remove_tell_of_rules)
{
	int a = set("{\"kind\":\"status\",\"on\":\"storage.objects.get\"}");
	int b = set("{\"kind\":\"drop\",\"on\":\"storage.objects.list\"}");

	ck_assert_int_eq(a, 1);
	ck_assert_int_eq(b, 2);
	ck_assert_int_eq(strike(OBJECT), 503);
	ck_assert_int_eq(count(a, "fired"), 1);
	ck_assert_int_eq(count(b, "fired"), 0);
	ck_assert_int_eq(faults_remove(x.emu.faults, a), 0);
	ck_assert_int_eq(faults_remove(x.emu.faults, a), -1);
	ck_assert_int_eq(strike(OBJECT), 0);
	ck_assert_int_eq(faults_remove(x.emu.faults, 0), 0);
	ck_assert_int_eq(strike(LIST), 0);
	ck_assert_int_eq(faults_remove(x.emu.faults, 0), 0);
}
END_TEST

/* ---- whom a rule strikes ---- */

START_TEST(selector_strikes_only_what_it_names)
{
	static const struct { const char *selector; bool get, list; } t[] = {
		{ "", true, true },
		{ ",\"on\":\"storage.*\"", true, true },
		{ ",\"on\":\"storage.objects.get\"", true, false },
		{ ",\"on\":\"oauth.token\"", false, false },
		{ ",\"bucket\":\"drill-*\"", true, true },
		{ ",\"bucket\":\"other\"", false, false },
		{ ",\"object\":\"db/*\"", true, false },
		{ ",\"object\":\"db/two\"", false, false },
		{ ",\"from\":\"serviceAccount:worker-*\"", true, true },
		{ ",\"from\":\"worker-*\"", true, true },
		{ ",\"from\":\"other*\"", false, false },
		{ ",\"on\":\"storage.objects.list\",\"bucket\":\"drill-*\","
		    "\"from\":\"*\"", false, true },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		int id = set(arena_printf(&x.arena, "{\"kind\":\"status\"%s}",
		    t[i].selector));

		ck_assert_msg((strike(OBJECT) == 503) == t[i].get, "%s",
		    t[i].selector);
		ck_assert_msg((strike(LIST) == 503) == t[i].list, "%s",
		    t[i].selector);
		ck_assert_int_eq(faults_remove(x.emu.faults, id), 0);
	}
}
END_TEST

START_TEST(owner_is_spared_unless_named)
{
	int id = set("{\"kind\":\"status\"}");

	ck_assert_int_eq(strike_as(x.emu.owner, "GET", LIST), 0);
	ck_assert_int_eq(strike_as(NULL, "GET", LIST), 503);
	ck_assert_int_eq(faults_remove(x.emu.faults, id), 0);
	set("{\"kind\":\"status\",\"from\":\"*\"}");
	ck_assert_int_eq(strike_as(x.emu.owner, "GET", LIST), 503);
}
END_TEST

START_TEST(control_api_is_out_of_reach)
{
	struct req rq;

	set("{\"kind\":\"drop\",\"from\":\"*\"}");
	fix_req(&x, &rq, "GET", "127.0.0.1:1", "/_emulator/ready", NULL);
	faults_match(x.emu.faults, &rq);
	faults_apply(x.emu.faults, &rq, FAULT_BEFORE);
	ck_assert(!rq.abort);
	req_release(&rq);
}
END_TEST

START_TEST(token_request_is_known_by_its_assertion)
{
	struct fix_key k;
	struct req rq;
	json_t *c;

	fix_account(&x, "worker-account");
	k = fix_key(&x, WORKER);
	set("{\"kind\":\"status\",\"on\":\"oauth.token\","
	    "\"from\":\"worker-account@*\"}");
	c = fix_claims(&x, WORKER);
	fix_req(&x, &rq, "POST", OAUTH_HOST, "/token", arena_printf(&x.arena,
	    "assertion=%s", jwt_sign(&x.arena, k.pem, k.kid, c)));
	json_decref(c);
	auth_identify(&rq);
	faults_match(x.emu.faults, &rq);
	faults_apply(x.emu.faults, &rq, FAULT_BEFORE);
	ck_assert_int_eq(rq.status, 503);
	ck_assert_str_eq(fix_text(&rq, "error"), "temporarily_unavailable");
	req_release(&rq);
}
END_TEST

START_TEST(object_that_becomes_known_later_is_matched_then)
{
	int id = set("{\"kind\":\"status\",\"object\":\"db/*\",\"nth\":2}");
	static const char *const up = "/upload/storage/v1/b/drill-bucket/o"
	    "?uploadType=multipart";
	struct req rq;

	for (int i = 0; i < 4; i++) {
		fix_req(&x, &rq, "POST", GCS_HOST, up, NULL);
		fix_as(&rq, WORKER);
		faults_match(x.emu.faults, &rq);
		ck_assert_int_eq(count(id, "matched"), i > 2 ? 2 : i);
		rq.object = i == 2 ? "other" : "db/x";
		faults_apply(x.emu.faults, &rq, FAULT_BEFORE);
		ck_assert_int_eq(rq.status, i == 1 ? 503 : 0);
		req_release(&rq);
	}
	/* the name in the query, and in the body of a resumable start */
	ck_assert_int_eq(faults_remove(x.emu.faults, id), 0);
	set("{\"kind\":\"status\",\"object\":\"db/*\"}");
	ck_assert_int_eq(strike_as(WORKER, "POST", arena_printf(&x.arena,
	    "%s&name=db%%2Fy", up)), 503);
	fix_req(&x, &rq, "POST", GCS_HOST, "/upload/storage/v1/b/drill-bucket"
	    "/o?uploadType=resumable", "{\"name\":\"db/z\"}");
	faults_match(x.emu.faults, &rq);
	faults_apply(x.emu.faults, &rq, FAULT_BEFORE);
	ck_assert_int_eq(rq.status, 503);
	req_release(&rq);
}
END_TEST

/* ---- how often ---- */

START_TEST(nth_every_and_times_count)
{
	static const struct { const char *how, *hits; } t[] = {
		{ "\"nth\":3", "..X......." },
		{ "\"nth\":\"3\"", "..X......." },
		{ "\"nth\":3,\"times\":2", "..XX......" },
		{ "\"nth\":3,\"times\":\"always\"", "..XXXXXXXX" },
		{ "\"times\":2", "XX........" },
		{ "\"every\":3", "..X..X..X." },
		{ "\"every\":3,\"times\":2", "..X..X...." },
		{ "\"every\":1", "XXXXXXXXXX" },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		int id = set(arena_printf(&x.arena, "{\"kind\":\"status\",%s}",
		    t[i].how));
		int64_t hits = 0;

		for (int k = 0; k < 10; k++) {
			bool hit = strike(OBJECT) != 0;

			hits += hit;
			ck_assert_msg(hit == (t[i].hits[k] == 'X'),
			    "%s at %d", t[i].how, k + 1);
		}
		ck_assert_int_eq(count(id, "matched"), 10);
		ck_assert_int_eq(count(id, "fired"), hits);
		ck_assert_int_eq(faults_remove(x.emu.faults, id), 0);
	}
}
END_TEST

#define THREADS	4
#define ROUNDS	500

static void *
strike_often(void *arg)
{
	int *hits = arg;

	for (int i = 0; i < ROUNDS; i++)
		*hits += strike(OBJECT) != 0;
	return (NULL);
}

static int
strike_by_threads(void)
{
	pthread_t t[THREADS];
	int hits[THREADS] = { 0 }, sum = 0;

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, strike_often,
		    &hits[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
		sum += hits[i];
	}
	return (sum);
}

START_TEST(counting_is_exact_with_four_threads)
{
	static const struct { const char *how; int hits; } t[] = {
		{ "\"nth\":777", 1 }, { "\"nth\":777,\"times\":5", 5 },
		{ "\"every\":7", THREADS * ROUNDS / 7 },
		{ "\"times\":33", 33 },
		{ "\"every\":10,\"times\":3", 3 },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		int id = set(arena_printf(&x.arena, "{\"kind\":\"status\",%s}",
		    t[i].how));

		ck_assert_int_eq(strike_by_threads(), t[i].hits);
		ck_assert_int_eq(count(id, "matched"), THREADS * ROUNDS);
		ck_assert_int_eq(count(id, "fired"), t[i].hits);
		ck_assert_int_eq(faults_remove(x.emu.faults, id), 0);
	}
}
END_TEST

static void *
add_and_remove(void *arg)
{
	int id;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		id = set("{\"kind\":\"latency\",\"args\":{\"delay\":0}}");
		(void)faults_remove(x.emu.faults, id);
	}
	return (NULL);
}

START_TEST(rules_may_come_and_go_under_requests)
{
	pthread_t t;

	ck_assert_int_eq(pthread_create(&t, NULL, add_and_remove, NULL), 0);
	ck_assert_int_eq(strike_by_threads(), 0);
	ck_assert_int_eq(pthread_join(t, NULL), 0);
}
END_TEST

/* ---- holds and waits ---- */

struct held {
	pthread_t thread;
	int	result;
	int64_t	us;
};

static void *
held_strike(void *arg)
{
	struct held *h = arg;
	int64_t t0 = clock_mono_us();

	h->result = strike(OBJECT);
	h->us = clock_mono_us() - t0;
	return (NULL);
}

static void
held_start(struct held *h)
{

	*h = (struct held){ .result = 99 };
	ck_assert_int_eq(pthread_create(&h->thread, NULL, held_strike, h), 0);
}

static int
held_end(struct held *h)
{

	ck_assert_int_eq(pthread_join(h->thread, NULL), 0);
	return (h->result);
}

#define SOON	INT64_C(20000000)

START_TEST(hold_keeps_a_thread_until_it_is_released)
{
	struct faults *f = x.emu.faults;
	struct held a, b;
	int id = set("{\"kind\":\"hold\",\"as\":\"upload\"}");

	ck_assert(!faults_wait_held(f, "upload", 1, 1000));
	held_start(&a);
	ck_assert(faults_wait_held(f, "upload", 1, SOON));
	ck_assert_int_eq(count(id, "held"), 1);
	ck_assert_int_eq(faults_held(f, "other"), 0);
	ck_assert_int_eq(faults_release(f, "other", false), 0);
	ck_assert_int_eq(faults_held(f, NULL), 1);
	ck_assert_int_eq(faults_release(f, "upload", false), 1);
	ck_assert_int_eq(held_end(&a), 0);
	ck_assert_int_eq(faults_held(f, "upload"), 0);
	/* a release is for those held now, not for those to come */
	held_start(&b);
	ck_assert(faults_wait_held(f, "upload", 1, SOON));
	ck_assert_int_eq(faults_release(f, "upload", true), 1);
	ck_assert_int_eq(held_end(&b), -1);
	ck_assert_int_eq(count(id, "fired"), 2);
}
END_TEST

START_TEST(hold_ends_with_its_rule)
{
	struct held h;
	int id = set("{\"kind\":\"hold\"}");

	held_start(&h);
	ck_assert(faults_wait_held(x.emu.faults, NULL, 1, SOON));
	ck_assert_int_eq(faults_remove(x.emu.faults, id), 0);
	ck_assert_int_eq(held_end(&h), 0);
}
END_TEST

START_TEST(shutting_down_wakes_every_hold)
{
	struct held h[3];

	set("{\"kind\":\"hold\",\"as\":\"x\"}");
	for (size_t i = 0; i < NELEMS(h); i++)
		held_start(&h[i]);
	ck_assert(faults_wait_held(x.emu.faults, "x", 3, SOON));
	faults_wake_all(x.emu.faults);
	for (size_t i = 0; i < NELEMS(h); i++)
		ck_assert_int_eq(held_end(&h[i]), -1);
	/* and none can be held from now on */
	ck_assert_int_eq(strike(OBJECT), -1);
	ck_assert(!faults_wait_held(x.emu.faults, "x", 1, SOON));
}
END_TEST

START_TEST(latency_waits_its_time_and_no_error_is_quicker)
{
	struct held h;

	set("{\"kind\":\"status\",\"args\":{\"code\":429}}");
	set("{\"kind\":\"latency\",\"args\":{\"delay\":\"30ms\"}}");
	held_start(&h);
	ck_assert_int_eq(held_end(&h), 429);
	ck_assert_int_ge(h.us, 30000);
	ck_assert_int_eq(faults_remove(x.emu.faults, 0), 0);
	set("{\"kind\":\"drop\"}");
	set("{\"kind\":\"latency\",\"args\":{\"delay\":20}}");
	held_start(&h);
	ck_assert_int_eq(held_end(&h), -1);
	ck_assert_int_ge(h.us, 20000);
	ck_assert_int_eq(faults_remove(x.emu.faults, 0), 0);
	set("{\"kind\":\"latency\",\"args\":{\"delay\":20}}");
	held_start(&h);
	ck_assert_int_eq(held_end(&h), 0);
	ck_assert_int_ge(h.us, 20000);
}
END_TEST

START_TEST(latency_ends_when_its_rule_goes)
{
	struct held h;
	int id = set("{\"kind\":\"latency\",\"args\":{\"delay\":\"1h\"}}");

	held_start(&h);
	while (count(id, "fired") == 0)
		(void)sched_yield();
	ck_assert_int_eq(faults_remove(x.emu.faults, id), 0);
	ck_assert_int_eq(held_end(&h), 0);
	ck_assert_int_lt(h.us, INT64_C(60000000));
}
END_TEST

/* ---- what the kinds do ---- */

START_TEST(points_act_in_their_place)
{
	struct req rq;

	set("{\"kind\":\"lost-reply\"}");
	begin_as(&rq, WORKER, "GET", OBJECT);
	ck_assert(!rq.abort);
	req_reply(&rq, 200, "text/plain", "x", 1);
	faults_apply(x.emu.faults, &rq, FAULT_AFTER);
	ck_assert(rq.abort && !rq.abort_rst);
	ck_assert_str_eq(rq.fault_note, "1:lost-reply@after");
	req_release(&rq);
	ck_assert_int_eq(faults_remove(x.emu.faults, 0), 0);

	set("{\"kind\":\"status\",\"at\":\"after\","
	    "\"args\":{\"code\":500,\"reason\":\"mine\"}}");
	begin_as(&rq, WORKER, "GET", OBJECT);
	ck_assert_int_eq(rq.status, 0);
	req_reply(&rq, 200, "text/plain", "x", 1);
	faults_apply(x.emu.faults, &rq, FAULT_AFTER);
	ck_assert_int_eq(rq.status, 500);
	ck_assert_ptr_nonnull(memmem(rq.reply, (size_t)rq.reply_len,
	    "\"mine\"", 6));
	req_release(&rq);
	ck_assert_int_eq(faults_remove(x.emu.faults, 0), 0);

	set("{\"kind\":\"reset\",\"at\":\"body\",\"after-bytes\":100}");
	begin_as(&rq, WORKER, "GET", OBJECT);
	ck_assert(!faults_body(x.emu.faults, &rq, 0, 200));
	ck_assert(!faults_body(x.emu.faults, &rq, 99, 200));
	ck_assert(faults_body(x.emu.faults, &rq, 100, 200));
	ck_assert(rq.abort && rq.abort_rst);
	req_release(&rq);
}
END_TEST

START_TEST(forget_and_stale_set_what_handlers_pass_on)
{
	struct req rq;
	int64_t k;

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fix_owner(&x, "POST", GCS_HOST,
		    "/storage/v1/b?project=" FIX_PROJECT, arena_printf(
		    &x.arena, "{\"name\":\"drill-bucket-%d\"}", i)), 200);
	k = store_mutation(x.emu.store);
	ck_assert_int_ge(k, 3);
	set("{\"kind\":\"forget\",\"on\":\"storage.objects.delete\"}");
	begin_as(&rq, WORKER, "DELETE", OBJECT);
	ck_assert(rq.forget);
	req_release(&rq);
	set("{\"kind\":\"stale\",\"times\":1}");
	begin_as(&rq, WORKER, "GET", OBJECT);
	ck_assert(!rq.forget);
	ck_assert_int_eq(rq.as_of, k - 1);
	req_release(&rq);
	set("{\"kind\":\"stale\",\"times\":1,\"args\":{\"mutation\":1}}");
	begin_as(&rq, WORKER, "GET", OBJECT);
	ck_assert_int_eq(rq.as_of, 1);
	req_release(&rq);
	set("{\"kind\":\"stale\",\"times\":1,\"args\":{\"back\":1000}}");
	begin_as(&rq, WORKER, "GET", OBJECT);
	ck_assert_int_eq(rq.as_of, 0);
	req_release(&rq);
	ck_assert_int_eq(strike(OBJECT), 0);
}
END_TEST

START_TEST(refuse_strikes_no_request)
{
	int id = set("{\"kind\":\"refuse\"}");

	ck_assert_int_eq(count(id, "fired"), 0);
	ck_assert_int_eq(strike(OBJECT), 0);	/* it acts on connections */
	ck_assert_int_eq(faults_remove(x.emu.faults, id), 0);
}
END_TEST

START_TEST(describe_names_every_kind_with_typed_arguments)
{
	json_auto_t *d = faults_describe(), *s = faults_selectors();
	const json_t *k, *a;
	size_t i, n;

	ck_assert_uint_eq(json_array_size(d), 20);
	ck_assert_uint_eq(json_array_size(s), 10);
	json_array_foreach(d, i, k) {
		ck_assert(json_is_string(json_object_get(k, "name")));
		ck_assert(json_is_string(json_object_get(k, "doc")));
		ck_assert(json_is_array(json_object_get(k, "points")));
		json_array_foreach(json_object_get(k, "args"), n, a)
			ck_assert(json_is_string(json_object_get(a, "type")));
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fault");
	TCase *t = tcase_create("all");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, bad_rule_is_refused_by_the_name_of_its_field);
	tcase_add_test(t, list_and_remove_tell_of_rules);
	tcase_add_test(t, selector_strikes_only_what_it_names);
	tcase_add_test(t, owner_is_spared_unless_named);
	tcase_add_test(t, control_api_is_out_of_reach);
	tcase_add_test(t, token_request_is_known_by_its_assertion);
	tcase_add_test(t, object_that_becomes_known_later_is_matched_then);
	tcase_add_test(t, nth_every_and_times_count);
	tcase_add_test(t, counting_is_exact_with_four_threads);
	tcase_add_test(t, rules_may_come_and_go_under_requests);
	tcase_add_test(t, hold_keeps_a_thread_until_it_is_released);
	tcase_add_test(t, hold_ends_with_its_rule);
	tcase_add_test(t, shutting_down_wakes_every_hold);
	tcase_add_test(t, latency_waits_its_time_and_no_error_is_quicker);
	tcase_add_test(t, latency_ends_when_its_rule_goes);
	tcase_add_test(t, points_act_in_their_place);
	tcase_add_test(t, forget_and_stale_set_what_handlers_pass_on);
	tcase_add_test(t, refuse_strikes_no_request);
	tcase_add_test(t, describe_names_every_kind_with_typed_arguments);
	return (fix_main(s));
}
