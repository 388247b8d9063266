/* Pages of objects that are too large for one answer: with long names and a
 * hundred entries in each list, one has a third of a megabyte. */
#include "emulator/tests/api_util.h"

#define N	60
#define TAIL	1000			/* bytes behind the first four */

static char tail[TAIL + 1];

static void
setup(void)
{
	struct buf b;

	api_start();
	memset(tail, 'x', TAIL);
	buf_init(&b, 1u << 16);
	buf_adds(&b, "{\"name\":\"bkt\",\"versioning\":{\"enabled\":true},"
	    "\"defaultObjectAcl\":[{\"entity\":\"allUsers\",\"role\":"
	    "\"READER\"}");
	for (int i = 0; i < 99; i++)
		buf_addf(&b, ",{\"entity\":\"user-%d@example.com\","
		    "\"role\":\"READER\"}", i);
	buf_adds(&b, "]}");
	ck_assert_int_eq(client_post(B "?project=p", b.p), 200);
	buf_release(&b);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(api_do("POST", "", MEDIA "p%02d%s%s", i,
		    i % 10 == 9 ? "%2F" : "-", tail), 200);
}

/* All pages of a listing: how many there were, the first bytes of their names
 * in out, prefixes in brackets. */
static unsigned
pages(const char *query, struct buf *out)
{
	char token[2048] = "";
	unsigned n = 0;

	buf_reset(out);
	do {
		json_auto_t *j = NULL;
		const json_t *v;
		size_t i;

		ck_assert_int_eq(api_do("GET", NULL, O "?projection=full"
		    "&prettyPrint=false%s&pageToken=%s", query, token), 200);
		ck_assert_uint_lt(cl.body.len, 17u << 20);
		j = client_json();
		json_array_foreach(json_object_get(j, "items"), i, v)
			buf_addf(out, "%.4s ", json_string_value(
			    json_object_get(v, "name")));
		json_array_foreach(json_object_get(j, "prefixes"), i, v)
			buf_addf(out, "(%s) ", json_string_value(v));
		(void)snprintf(token, sizeof(token), "%s", json_string_value(
		    json_object_get(j, "nextPageToken")) != NULL ?
		    json_string_value(json_object_get(j, "nextPageToken")) :
		    "");
		n++;
	} while (*token != '\0' && n < 10);
	return (n);
}

START_TEST(large_pages_end_early_and_go_on)
{
	static const char *const queries[] = { "", "&versions=true" };
	struct buf got, want;

	buf_init(&got, 1u << 16);
	buf_init(&want, 1u << 16);
	for (int i = 0; i < N; i++)
		buf_addf(&want, "p%02d%c ", i, i % 10 == 9 ? '/' : '-');
	for (size_t i = 0; i < NELEMS(queries); i++) {
		ck_assert_uint_eq(pages(queries[i], &got), 2);
		ck_assert_str_eq(got.p, want.p);
	}
	/* Prefixes stay on the page of their names. */
	ck_assert_uint_eq(pages("&delimiter=/", &got), 2);
	ck_assert_ptr_nonnull(strstr(got.p,
	    "- (p09/) (p19/) (p29/) (p39/) (p49/) p5"));
	ck_assert_str_eq(got.p + got.len - 12, "p58- (p59/) ");
	buf_release(&got);
	buf_release(&want);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_test(t, large_pages_end_early_and_go_on);
}

int
main(void)
{

	return (client_main("lists", add));
}
