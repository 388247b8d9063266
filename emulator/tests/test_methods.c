/* No method of the JSON API is unknown here: each is served by a route of its
 * id, or refused by name. */
#include "emulator/tests/fixture.h"

static const struct {
	const char *id, *method, *path;
	bool	served;
} methods[] = {
#define METHOD(i, m, p, s) { i, m, p, s },
#include "emulator/tests/methods.def"
#undef METHOD
};

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

/* Rights are asked in the handler, as there are several answers. */
static bool
asks_itself(const char *id)
{

	return (strstr(id, ".testIamPermissions") != NULL ||
	    strcmp(id, "storage.buckets.restore") == 0);
}

START_TEST(every_method_has_a_route_of_its_id)
{
	struct req rq;

	for (size_t i = 0; i < NELEMS(methods); i++) {
		fix_req(&x, &rq, methods[i].method, GCS_HOST,
		    methods[i].path, NULL);
		ck_assert_str_eq(rq.route->id, methods[i].id);
		ck_assert_msg(!methods[i].served ||
		    asks_itself(methods[i].id) ||
		    rq.route->permission != NULL, "%s", methods[i].id);
		req_release(&rq);
	}
}
END_TEST

START_TEST(methods_that_are_not_served_are_refused_by_name)
{
	struct req rq;
	int status, n = 0;

	for (size_t i = 0; i < NELEMS(methods); i++) {
		if (methods[i].served)
			continue;
		status = fix_ask(&x, &rq, x.emu.owner, methods[i].method,
		    GCS_HOST, methods[i].path, NULL);
		ck_assert_int_eq(status, 501);
		ck_assert(strncmp(fix_text(&rq, "error.message"),
		    methods[i].id, strlen(methods[i].id)) == 0);
		req_release(&rq);
		n++;
	}
	ck_assert_int_gt(n, 0);
}
END_TEST

/* The other way round: no route pretends to be a method that there is not. */
START_TEST(routes_of_the_json_api_have_ids_of_google_s)
{
	static const char *const ours[] = { "storage.batch" };

	for (const struct route *r = routes; r->id != NULL; r++) {
		bool known = r->api != API_STORAGE;

		for (size_t i = 0; i < NELEMS(methods); i++)
			known = known || strcmp(methods[i].id, r->id) == 0;
		for (size_t i = 0; i < NELEMS(ours); i++)
			known = known || strcmp(ours[i], r->id) == 0;
		ck_assert_msg(known, "%s", r->id);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("methods");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_method_has_a_route_of_its_id);
	tcase_add_test(t, methods_that_are_not_served_are_refused_by_name);
	tcase_add_test(t, routes_of_the_json_api_have_ids_of_google_s);
	suite_add_tcase(s, t);
	return (fix_main(s));
}
