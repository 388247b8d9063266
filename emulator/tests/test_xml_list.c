/* GET of a bucket by the XML API: both forms, and generations. */
#include "emulator/tests/client.h"

static char token[256], generation[32];

static void
put(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "/bkt/%s", name);
	ck_assert_int_eq(client_text("PUT", path, name), 200);
	(void)snprintf(generation, sizeof(generation), "%.31s",
	    client_header("x-goog-generation"));
}

static void
setup(void)
{
	static const char *const names[] = { "a", "b%2F1", "b%2F2", "b0",
		"c%2Fd%2Fe", "x+y%20%25%26%3C%C3%A9" };
	struct start_opts o = { .http = NULL };

	client_start(&o);
	ck_assert_int_eq(client_post("/storage/v1/b?project=p",
	    "{\"name\":\"bkt\",\"versioning\":{\"enabled\":true}}"), 200);
	for (size_t i = 0; i < NELEMS(names); i++)
		put(names[i]);
}

static bool
has(const char *text)
{

	return (strstr(cl.body.p, text) != NULL);
}

static void
says(const char *text)
{

	ck_assert_msg(has(text), "no '%s' in: %s", text, cl.body.p);
}

/* The texts of all elements of that name, each with a blank behind it. */
static const char *
all(const char *name)
{
	static char out[4096];
	char open[64];
	size_t n = 0;

	out[0] = '\0';
	(void)snprintf(open, sizeof(open), "<%s>", name);
	for (const char *p = cl.body.p; (p = strstr(p, open)) != NULL; ) {
		p += strlen(open);
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s ",
		    (int)strcspn(p, "<"), p);
	}
	return (out);
}

static void
list(const char *query)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "/bkt?%s", query);
	ck_assert_int_eq(client_get(path), 200);
}

START_TEST(the_first_form_lists_by_name)
{

	ck_assert_int_eq(client_get("/bkt"), 200);
	ck_assert_str_eq(client_header("content-type"),
	    "application/xml; charset=UTF-8");
	says("<?xml version='1.0' encoding='UTF-8'?><ListBucketResult "
	    "xmlns='http://doc.s3.amazonaws.com/2006-03-01'><Name>bkt</Name>"
	    "<Prefix></Prefix><Marker></Marker>");
	says("<IsTruncated>false</IsTruncated><Contents><Key>a</Key>"
	    "<Generation>");
	says("</Generation><MetaGeneration>1</MetaGeneration><LastModified>");
	says("<ETag>&quot;0cc175b9c0f1b6a831c399e269772661&quot;</ETag>"
	    "<Size>1</Size></Contents>");
	ck_assert_str_eq(all("Key"), "a b/1 b/2 b0 c/d/e "
	    "x+y %&amp;&lt;\xc3\xa9 ");
	ck_assert_int_eq(client_get("/bkt/"), 200);
	ck_assert_str_eq(all("Size"), "1 5 5 2 9 21 ");
	list("prefix=b");
	ck_assert_str_eq(all("Key"), "b/1 b/2 b0 ");
	list("prefix=b%2F&delimiter=/");
	ck_assert_str_eq(all("Key"), "b/1 b/2 ");
	ck_assert_str_eq(all("Prefix"), "b/ ");
}
END_TEST

START_TEST(markers_are_names)
{

	list("max-keys=2");
	says("<IsTruncated>true</IsTruncated>");
	says("<MaxKeys>2</MaxKeys>");
	ck_assert_str_eq(all("NextMarker"), "b/1 ");
	list("max-keys=2&marker=b%2F1");
	says("<Marker>b/1</Marker>");
	ck_assert_str_eq(all("Key"), "b/2 b0 ");
	list("marker=b");
	ck_assert_str_eq(all("Key"), "b/1 b/2 b0 c/d/e "
	    "x+y %&amp;&lt;\xc3\xa9 ");
	list("marker=zz");
	ck_assert_str_eq(all("Key"), "");
	list("delimiter=/&max-keys=2");
	ck_assert_str_eq(all("Key"), "a ");
	ck_assert_str_eq(all("NextMarker"), "b/ ");
	list("delimiter=/&max-keys=2&marker=b%2F");
	ck_assert_str_eq(all("Key"), "b0 ");
	ck_assert_str_eq(all("NextMarker"), "c/ ");
	list("delimiter=/&marker=c%2F");
	ck_assert_str_eq(all("Key"), "x+y %&amp;&lt;\xc3\xa9 ");
	ck_assert(!has("CommonPrefixes"));
	/* a marker inside of a common prefix: the rest of it is still there */
	list("delimiter=/&marker=b%2F1");
	says("<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>"
	    "<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>");
	list("delimiter=/&marker=b%2F2");
	says("<IsTruncated>false</IsTruncated><Contents><Key>b0</Key>");
	ck_assert_str_eq(all("Prefix"), " c/ ");
}
END_TEST

START_TEST(names_are_encoded_when_that_is_asked)
{

	list("encoding-type=url&prefix=x%2B&delimiter=%25");
	says("<EncodingType>url</EncodingType>");
	says("<Delimiter>%25</Delimiter>");
	says("<CommonPrefixes><Prefix>x%2By%20%25</Prefix>");
	list("encoding-type=url&marker=c");
	ck_assert_str_eq(all("Key"), "c/d/e x%2By%20%25%26%3C%C3%A9 ");
	ck_assert_int_eq(client_get("/bkt?encoding-type=base64"), 400);
	says("<Code>InvalidArgument</Code>");
}
END_TEST

START_TEST(the_second_form_goes_on_by_token)
{

	list("list-type=2&max-keys=3&delimiter=/");
	says("<KeyCount>3</KeyCount>");
	ck_assert(!has("Marker>"));
	ck_assert(!has("<Owner>"));
	says("<StorageClass>STANDARD</StorageClass>");
	ck_assert_str_eq(all("Key"), "a b0 ");
	(void)snprintf(token, sizeof(token), "list-type=2&delimiter=/"
	    "&continuation-token=%.100s", all("NextContinuationToken"));
	token[strlen(token) - 1] = '\0';
	list(token);
	says("<KeyCount>2</KeyCount>");
	says("<ContinuationToken>");
	ck_assert_str_eq(all("Key"), "x+y %&amp;&lt;\xc3\xa9 ");
	says("<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>");
	list("list-type=2&start-after=b%2F2&fetch-owner=true&prefix=b");
	says("<StartAfter>b/2</StartAfter>");
	says("<Owner><ID>");
	ck_assert_str_eq(all("Key"), "b0 ");
	ck_assert_int_eq(client_get("/bkt?list-type=2&continuation-token=x"),
	    400);
	says("<Code>InvalidArgument</Code>");
}
END_TEST

START_TEST(none_may_be_asked_for)
{

	list("max-keys=0");
	says("<MaxKeys>0</MaxKeys><IsTruncated>false</IsTruncated>");
	ck_assert_str_eq(all("Key"), "");
	list("list-type=2&max-keys=0");
	says("<KeyCount>0</KeyCount>");
	ck_assert_int_eq(client_get("/none?max-keys=0"), 404);
	says("<Code>NoSuchBucket</Code>");
	ck_assert_int_eq(client_get("/bkt?max-keys=-1"), 400);
	ck_assert_int_eq(client_get("/bkt?max-keys=x"), 400);
	list("max-keys=5000");
	says("<MaxKeys>1000</MaxKeys>");
}
END_TEST

START_TEST(generations_are_listed_one_behind_the_other)
{
	char query[256], first[32];

	put("a");
	ck_assert_int_eq(client_ask("DELETE", "/bkt/b0", NULL, 0, NULL), 204);
	list("versions&prefix=a");
	says("<Version><Key>a</Key><Generation>");
	ck_assert_str_eq(all("IsLatest"), "false true ");
	list("versions&prefix=b0");
	ck_assert_str_eq(all("IsLatest"), "false ");
	list("versions&max-keys=1");
	ck_assert_str_eq(all("NextMarker"), "a ");
	(void)snprintf(first, sizeof(first), "%.31s",
	    all("NextGenerationMarker"));
	first[strlen(first) - 1] = '\0';
	ck_assert_str_ne(first, generation);
	(void)snprintf(query, sizeof(query), "versions&max-keys=1&marker=a&"
	    "generation-marker=%s", first);
	list(query);
	ck_assert_str_eq(all("IsLatest"), "true ");
	(void)snprintf(query, sizeof(query), "%s ", generation);
	ck_assert_str_eq(all("Generation"), query);
	list("versions&marker=a&max-keys=1");
	ck_assert_str_eq(all("Key"), "b/1 ");
	list("versions&delimiter=/&max-keys=3");
	ck_assert_str_eq(all("NextMarker"), "b/ ");
	ck_assert(!has("NextGenerationMarker"));
}
END_TEST

START_TEST(amazons_form_of_generations_is_there_for_who_asks)
{

	put("a");
	ck_assert_int_eq(client_ask("GET", "/bkt?versions&max-keys=1", NULL,
	    0, "x-goog-interop-list-objects-format: enabled"), 200);
	says("<ListVersionsResult "
	    "xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Name>bkt<");
	says("<NextKeyMarker>a</NextKeyMarker><NextVersionIdMarker>");
	says("<Version><Key>a</Key><VersionId>");
	says("<IsLatest>false</IsLatest>");
	ck_assert_int_eq(client_ask("GET",
	    "/bkt?versions&max-keys=1&key-marker=a", NULL, 0,
	    "x-goog-interop-list-objects-format: enabled"), 200);
	ck_assert_str_eq(all("Key"), "b/1 ");
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_test(t, the_first_form_lists_by_name);
	tcase_add_test(t, markers_are_names);
	tcase_add_test(t, names_are_encoded_when_that_is_asked);
	tcase_add_test(t, the_second_form_goes_on_by_token);
	tcase_add_test(t, none_may_be_asked_for);
	tcase_add_test(t, generations_are_listed_one_behind_the_other);
	tcase_add_test(t, amazons_form_of_generations_is_there_for_who_asks);
}

int
main(void)
{

	return (client_main("xml_list", add));
}
