#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/workload/ledger.h"
#include "lib/file.h"

/* printf '%s|1|1000|6869' 000… | sha256sum; and of the row after it. */
#define HASH_ONE \
    "7f29e2a070ac09414323ce7d39ea3f74cf6acc9360d786f52dd2d504b9904260"
#define HASH_TWO \
    "37d49e523bb6ecfaf3bcd1c4f64d061c2281f82e9be3e32ecf2168aea69cf542"

static char dir[64], path[96];
static struct ledger *l;

static void
set_up(void)
{

	(void)snprintf(dir, sizeof(dir), "ledger-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/ledger", dir);
	l = ledger_open(path, NULL);
	ck_assert_ptr_nonnull(l);
}

static void
tear_down(void)
{

	ledger_free(l);
	ck_assert_int_eq(file_remove_all(dir, NULL), 0);
}

/* A hash that is told from others by its first letters. */
static const char *
h(const char *prefix)
{
	static char s[4][LEDGER_HASH + 1];
	static int i;
	char *p = s[i++ % 4];

	memset(p, '0', LEDGER_HASH);
	memcpy(p, prefix, strlen(prefix));
	p[LEDGER_HASH] = '\0';
	return (p);
}

static void
commit(int64_t seq, const char *hash, int64_t ack)
{

	ck_assert_int_eq(ledger_attempt(l, seq, ack - 1, h(hash)), 0);
	ck_assert_int_eq(ledger_ack(l, seq, ack), 0);
}

static void
refresh(void)
{
	struct err e = ERR_INIT;

	ck_assert_msg(ledger_refresh(l, &e) == 0, "%s", err_msg(&e));
}

/* The file gets this text; reading it must fail and name it. */
static void
refused(const char *text, const char *named)
{
	struct err e = ERR_INIT;
	FILE *f = fopen(path, "ae");

	ck_assert_ptr_nonnull(f);
	(void)fputs(text, f);
	(void)fclose(f);
	ck_assert_int_eq(ledger_refresh(l, &e), -1);
	ck_assert_ptr_nonnull(strstr(err_msg(&e), named));
	err_release(&e);
}

static void
ck_head_is(int64_t seq, const char *hash)
{
	const struct ledger_entry *en = ledger_head(l);

	ck_assert_ptr_nonnull(en);
	ck_assert_int_eq(en->seq, seq);
	ck_assert_str_eq(en->hash, h(hash));
}

START_TEST(hash_is_that_of_the_schema)
{
	char one[LEDGER_HASH + 1], two[LEDGER_HASH + 1];

	ledger_hash(one, NULL, 1, 1000, "hi", 2);
	ck_assert_str_eq(one, HASH_ONE);
	ledger_hash(two, one, 2, 2000, NULL, 0);
	ck_assert_str_eq(two, HASH_TWO);
}
END_TEST

START_TEST(hash_of_a_large_payload_is_made_in_pieces)
{
	char hash[LEDGER_HASH + 1], digest[LEDGER_HASH + 1];
	char payload[5000];
	struct buf text;

	memset(payload, 0xab, sizeof(payload));
	buf_init(&text, 1 << 20);
	buf_addf(&text, "%s|7|8|", ledger_zeros);
	for (size_t i = 0; i < sizeof(payload); i++)
		buf_adds(&text, "ab");
	ledger_hash(hash, NULL, 7, 8, payload, sizeof(payload));
	ledger_digest(digest, text.p, text.len);
	ck_assert_str_eq(hash, digest);
	buf_release(&text);
}
END_TEST

START_TEST(new_ledger_is_empty)
{

	ck_assert_int_eq(ledger_rows(l), 0);
	ck_assert_ptr_null(ledger_head(l));
	ck_assert_ptr_null(ledger_get(l, 1));
	ck_assert_int_eq(ledger_epoch(l), 1);
}
END_TEST

START_TEST(attempt_counts_when_it_is_acknowledged)
{

	commit(1, "aa", 100);
	ck_assert_int_eq(ledger_attempt(l, 2, 150, h("bb")), 0);
	refresh();
	ck_assert_int_eq(ledger_rows(l), 1);
	ck_head_is(1, "aa");
	ck_assert_int_eq(ledger_get(l, 2)->ack_us, 0);
	ck_assert_int_eq(ledger_ack(l, 2, 200), 0);
	refresh();
	ck_assert_int_eq(ledger_rows(l), 2);
	ck_head_is(2, "bb");
	ck_assert_int_eq(ledger_get(l, 2)->at_us, 150);
	ck_assert_int_eq(ledger_get(l, 2)->ack_us, 200);
}
END_TEST

START_TEST(attempt_takes_the_place_of_one_not_acknowledged)
{

	commit(1, "aa", 100);
	ck_assert_int_eq(ledger_attempt(l, 2, 150, h("b1")), 0);
	commit(2, "b2", 200);
	refresh();
	ck_assert_str_eq(ledger_get(l, 2)->hash, h("b2"));
	ck_assert_int_eq(ledger_rows(l), 2);
}
END_TEST

START_TEST(half_a_line_waits_for_its_rest)
{
	FILE *f = fopen(path, "ae");

	commit(1, "aa", 100);
	(void)fprintf(f, "A 2 150 %s", h("bb"));
	(void)fflush(f);
	refresh();
	ck_assert_ptr_null(ledger_get(l, 2));
	(void)fputs("\n", f);
	(void)fclose(f);
	refresh();
	ck_assert_str_eq(ledger_get(l, 2)->hash, h("bb"));
}
END_TEST

START_TEST(another_attempt_at_an_acknowledged_row_is_refused)
{
	char *text = mem_printf("A 1 300 %s\n", h("cc"));

	commit(1, "aa", 100);
	refused(text, "A 1 300");
	free(text);
}
END_TEST

START_TEST(acknowledgement_without_attempt_is_refused)
{

	refused("C 1 100\n", "C 1 100");
}
END_TEST

static const char *const damaged[] = {
	"A 1 100\n", "A 0 100 00\n", "X 1 2\n", "A 1 100 zz\n", "\n",
	"C one 2\n", "A 999999999999 1 0\n", "R -1 5\n", "R 1 5\n",
};

START_TEST(damaged_line_is_refused)
{

	refused(damaged[_i], "cannot be");
}
END_TEST

START_TEST(rebase_gives_up_what_lies_beyond)
{
	int64_t age;

	commit(1, "aa", 100);
	commit(2, "bb", 200);
	commit(3, "cc", 300);
	refresh();
	ck_assert_int_eq(ledger_lost(l, 1, 1000, &age), 2);
	ck_assert_int_eq(age, 800);
	ledger_rebase(l, 1);
	ck_assert_int_eq(ledger_epoch(l), 2);
	ck_assert_int_ne(ledger_epoch_us(l), 0);
	ck_assert_int_eq(ledger_rows(l), 1);
	ck_head_is(1, "aa");
	ck_assert_ptr_null(ledger_get(l, 2));
	ck_assert_int_eq(ledger_lost(l, 1, 1000, &age), 0);
	ck_assert_int_eq(age, 0);
	commit(2, "b2", 400);
	refresh();
	ck_head_is(2, "b2");
	ck_assert_int_eq(ledger_get(l, 2)->epoch, 2);
	ck_assert_int_eq(ledger_get(l, 1)->epoch, 1);
}
END_TEST

START_TEST(rebase_keeps_what_came_back_without_acknowledgement)
{
	int64_t age;

	commit(1, "aa", 100);
	ck_assert_int_eq(ledger_attempt(l, 2, 150, h("bb")), 0);
	refresh();
	ledger_rebase(l, 2);
	ck_assert_int_eq(ledger_rows(l), 2);
	ck_head_is(2, "bb");
	ck_assert_int_eq(ledger_lost(l, 1, 0, &age), 1);
}
END_TEST

START_TEST(rebase_to_nothing)
{

	commit(1, "aa", 100);
	refresh();
	ledger_rebase(l, 0);
	ck_assert_int_eq(ledger_rows(l), 0);
	ck_assert_ptr_null(ledger_head(l));
	commit(1, "a2", 200);
	refresh();
	ck_head_is(1, "a2");
}
END_TEST

START_TEST(asked_of_the_application_is_pending_until_answered)
{

	ck_assert_int_eq(ledger_ask(l, 1, 90, h("d1")), 0);
	ck_assert_int_eq(ledger_ask(l, 2, 95, h("d2")), 0);
	refresh();
	ck_assert(ledger_pending(l, h("d1")));
	ck_assert(!ledger_pending(l, h("d3")));
	ck_assert_ptr_null(ledger_get(l, 1));
	ck_assert_int_eq(ledger_answer(l, 1, 91, h("aa"), h("d1"), 100), 0);
	refresh();
	ck_assert(!ledger_pending(l, h("d1")));
	ck_assert(ledger_pending(l, h("d2")));
	ck_head_is(1, "aa");
	ck_assert_int_eq(ledger_rows(l), 1);
}
END_TEST

START_TEST(answers_may_come_out_of_order)
{
	int64_t age;

	ck_assert_int_eq(ledger_answer(l, 2, 91, h("bb"), h("d2"), 100), 0);
	refresh();
	ck_assert_ptr_null(ledger_get(l, 1));
	ck_head_is(2, "bb");
	ck_assert_int_eq(ledger_answer(l, 1, 90, h("aa"), h("d1"), 110), 0);
	refresh();
	ck_assert_int_eq(ledger_rows(l), 2);
	ck_head_is(2, "bb");
	/* The oldest by its time, not by its place. */
	ck_assert_int_eq(ledger_lost(l, 0, 200, &age), 2);
	ck_assert_int_eq(age, 100);
}
END_TEST

START_TEST(ledger_is_the_same_when_it_is_opened_again)
{

	commit(1, "aa", 100);
	commit(2, "bb", 200);
	refresh();
	ledger_rebase(l, 1);
	commit(2, "b2", 300);
	ledger_free(l);
	l = ledger_open(path, NULL);
	ck_assert_ptr_nonnull(l);
	ck_assert_int_eq(ledger_epoch(l), 2);
	ck_assert_int_eq(ledger_rows(l), 2);
	ck_head_is(2, "b2");
}
END_TEST

START_TEST(open_names_a_folder_that_is_not_there)
{
	struct err e = ERR_INIT;

	ck_assert_ptr_null(ledger_open("nowhere/ledger", &e));
	ck_assert_ptr_nonnull(strstr(err_msg(&e), "nowhere/ledger"));
	err_release(&e);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, hash_is_that_of_the_schema);
	tcase_add_test(t, hash_of_a_large_payload_is_made_in_pieces);
	tcase_add_test(t, new_ledger_is_empty);
	tcase_add_test(t, attempt_counts_when_it_is_acknowledged);
	tcase_add_test(t, attempt_takes_the_place_of_one_not_acknowledged);
	tcase_add_test(t, half_a_line_waits_for_its_rest);
	tcase_add_test(t, another_attempt_at_an_acknowledged_row_is_refused);
	tcase_add_test(t, acknowledgement_without_attempt_is_refused);
	tcase_add_loop_test(t, damaged_line_is_refused, 0,
	    (int)NELEMS(damaged));
	tcase_add_test(t, rebase_gives_up_what_lies_beyond);
	tcase_add_test(t, rebase_keeps_what_came_back_without_acknowledgement);
	tcase_add_test(t, rebase_to_nothing);
	tcase_add_test(t, asked_of_the_application_is_pending_until_answered);
	tcase_add_test(t, answers_may_come_out_of_order);
	tcase_add_test(t, ledger_is_the_same_when_it_is_opened_again);
	tcase_add_test(t, open_names_a_folder_that_is_not_there);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return (failed != 0);
}
