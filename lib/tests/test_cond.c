#include <check.h>

#include "lib/clock.h"
#include "lib/cond.h"

struct flag {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool	set;
};

static void *
flag_set(void *arg)
{
	struct flag *f = arg;

	(void)pthread_mutex_lock(&f->lock);
	f->set = true;
	(void)pthread_cond_broadcast(&f->cond);
	(void)pthread_mutex_unlock(&f->lock);
	return (NULL);
}

START_TEST(wait_ends_by_a_signal)
{
	struct flag f = { .lock = PTHREAD_MUTEX_INITIALIZER };
	int64_t end = cond_deadline(INT64_MAX);
	pthread_t t;
	bool in_time = true;

	cond_init(&f.cond);
	(void)pthread_mutex_lock(&f.lock);
	ck_assert_int_eq(pthread_create(&t, NULL, flag_set, &f), 0);
	while (!f.set && in_time)
		in_time = cond_wait_until(&f.cond, &f.lock, end);
	ck_assert(f.set);
	(void)pthread_mutex_unlock(&f.lock);
	(void)pthread_join(t, NULL);
	(void)pthread_cond_destroy(&f.cond);
}
END_TEST

START_TEST(wait_ends_at_its_deadline)
{
	struct flag f = { .lock = PTHREAD_MUTEX_INITIALIZER };
	int64_t t0 = clock_mono_us(), end = cond_deadline(20000);

	cond_init(&f.cond);
	(void)pthread_mutex_lock(&f.lock);
	while (cond_wait_until(&f.cond, &f.lock, end))
		;
	(void)pthread_mutex_unlock(&f.lock);
	ck_assert_int_ge(clock_mono_us() - t0, 20000);
	(void)pthread_cond_destroy(&f.cond);
}
END_TEST

START_TEST(deadline_does_not_wrap)
{

	ck_assert_int_eq(cond_deadline(INT64_MAX), INT64_MAX);
	ck_assert_int_le(cond_deadline(-5), clock_mono_us());
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("cond");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_test(t, wait_ends_by_a_signal);
	tcase_add_test(t, wait_ends_at_its_deadline);
	tcase_add_test(t, deadline_does_not_wrap);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
