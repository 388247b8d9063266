/* Buckets of the XML API over real connections. */
#include "emulator/tests/client.h"

static void
setup(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
	ck_assert_int_eq(client_text("PUT", "/bkt", ""), 200);
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

#define HEAD_XML "<?xml version='1.0' encoding='UTF-8'?>"

START_TEST(buckets_come_and_go)
{

	ck_assert_int_eq(client_ask("HEAD", "/bkt", NULL, 0, NULL), 200);
	ck_assert_str_eq(client_header("x-goog-metageneration"), "1");
	ck_assert_int_eq(client_ask("HEAD", "/none", NULL, 0, NULL), 404);
	ck_assert_uint_eq(cl.body.len, 0);
	ck_assert_int_eq(client_text("PUT", "/bkt", ""), 409);
	says("<Code>BucketAlreadyOwnedByYou</Code>");
	ck_assert_int_eq(client_text("PUT", "/B", ""), 400);
	says("<Code>InvalidBucketName</Code>");
	ck_assert_int_eq(client_text("PUT", "/bkt/o", "x"), 200);
	ck_assert_int_eq(client_ask("DELETE", "/bkt", NULL, 0, NULL), 409);
	says("<Code>BucketNotEmpty</Code>");
	ck_assert_int_eq(client_ask("DELETE", "/bkt/o", NULL, 0, NULL), 204);
	ck_assert_int_eq(client_ask("DELETE", "/bkt/", NULL, 0, NULL), 204);
	ck_assert_int_eq(client_ask("DELETE", "/bkt", NULL, 0, NULL), 404);
	says("<Code>NoSuchBucket</Code>");
}
END_TEST

START_TEST(a_bucket_is_made_as_its_document_says)
{

	ck_assert_int_eq(client_text("PUT", "/eu-bkt/",
	    "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/"
	    "2006-03-01/\"><LocationConstraint>eu</LocationConstraint>"
	    "<StorageClass>NEARLINE</StorageClass>"
	    "</CreateBucketConfiguration>"), 200);
	ck_assert_int_eq(client_get("/eu-bkt?location"), 200);
	ck_assert_str_eq(cl.body.p, HEAD_XML
	    "<LocationConstraint>EU</LocationConstraint>");
	ck_assert_int_eq(client_get("/eu-bkt?storageClass"), 200);
	ck_assert_str_eq(cl.body.p, HEAD_XML
	    "<StorageClass>NEARLINE</StorageClass>");
	ck_assert_int_eq(client_text("PUT", "/auto-bkt",
	    "<CreateBucketConfiguration><LocationConstraint>auto"
	    "</LocationConstraint></CreateBucketConfiguration>"), 200);
	ck_assert_int_eq(client_get("/auto-bkt?location"), 200);
	says("<LocationConstraint>US</LocationConstraint>");
	ck_assert_int_eq(client_text("PUT", "/other",
	    "<CreateBucketConfiguration><LocationConstraint>us-east-1"
	    "</LocationConstraint></CreateBucketConfiguration>"), 400);
	says("<Code>InvalidLocationConstraint</Code>");
	ck_assert_int_eq(client_text("PUT", "/other", "<X/>"), 400);
	says("<Code>MalformedBucketConfiguration</Code>");
	ck_assert_int_eq(client_text("PUT", "/other", "<"), 400);
	ck_assert_int_eq(client_get("/other"), 404);
}
END_TEST

START_TEST(the_service_lists_the_buckets_of_a_project)
{
	static const char *const mine[] = { "x-goog-project-id: mine", NULL };

	ck_assert_int_eq(client_try("PUT", client_url("/my-bkt"), "", 0,
	    mine), CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
	ck_assert_int_eq(client_try("GET", client_url("/"), NULL, 0, mine),
	    CURLE_OK);
	says("<ListAllMyBucketsResult "
	    "xmlns='http://doc.s3.amazonaws.com/2006-03-01'><Owner><ID>");
	says("<Buckets><Bucket><Name>my-bkt</Name><CreationDate>");
	ck_assert(!has("<Name>bkt<"));
	ck_assert_int_eq(client_try("PUT", client_url("/bkt"), "", 0, mine),
	    CURLE_OK);
	ck_assert_int_eq(cl.status, 409);
	says("<Code>BucketNameUnavailable</Code>");
	/* the plain endpoint's own answer, for who is no client of storage */
	ck_assert_int_eq(client_get("/"), 200);
	ck_assert(!has("ListAllMyBucketsResult"));
	ck_assert_int_eq(client_ask("GET", "/", NULL, 0, "x-amz-date: x"),
	    200);
	says("<Name>bkt</Name>");
	ck_assert_int_eq(client_ask("GET", "/?max-buckets=1", NULL, 0,
	    "x-amz-date: x"), 200);
	ck_assert(!has("ContinuationToken"));
}
END_TEST

static const struct config_case {
	const char *word, *empty, *xml;
} configs[] = {
	{ "versioning", "<VersioningConfiguration></VersioningConfiguration>",
	    "<VersioningConfiguration><Status>Enabled</Status>"
	    "</VersioningConfiguration>" },
	{ "storageClass", "<StorageClass>STANDARD</StorageClass>",
	    "<StorageClass>COLDLINE</StorageClass>" },
	{ "cors", "<CorsConfig></CorsConfig>",
	    "<CorsConfig><Cors><Origins><Origin>http://a</Origin>"
	    "<Origin>*</Origin></Origins><Methods><Method>GET</Method>"
	    "</Methods><ResponseHeaders><ResponseHeader>x-goog-meta-a"
	    "</ResponseHeader></ResponseHeaders><MaxAgeSec>60</MaxAgeSec>"
	    "</Cors></CorsConfig>" },
	{ "website", "<WebsiteConfiguration></WebsiteConfiguration>",
	    "<WebsiteConfiguration><MainPageSuffix>index.html"
	    "</MainPageSuffix><NotFoundPage>404.html</NotFoundPage>"
	    "</WebsiteConfiguration>" },
	{ "websiteConfig", "<WebsiteConfiguration></WebsiteConfiguration>",
	    "<WebsiteConfiguration><MainPageSuffix>index.html"
	    "</MainPageSuffix></WebsiteConfiguration>" },
	{ "logging", "<Logging></Logging>",
	    "<Logging><LogBucket>logs</LogBucket><LogObjectPrefix>p"
	    "</LogObjectPrefix></Logging>" },
	{ "billing", "<BillingConfiguration><RequesterPays>Disabled"
	    "</RequesterPays></BillingConfiguration>",
	    "<BillingConfiguration><RequesterPays>Enabled</RequesterPays>"
	    "</BillingConfiguration>" },
	{ "encryption", "<EncryptionConfiguration></EncryptionConfiguration>",
	    "<EncryptionConfiguration><DefaultKmsKeyName>projects/p/locations"
	    "/us/keyRings/r/cryptoKeys/k</DefaultKmsKeyName>"
	    "</EncryptionConfiguration>" },
	{ "tagging", "<Tagging><TagSet></TagSet></Tagging>",
	    "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag>"
	    "</TagSet></Tagging>" },
	{ "lifecycle", "<LifecycleConfiguration></LifecycleConfiguration>",
	    "<LifecycleConfiguration><Rule><Action><Delete></Delete></Action>"
	    "<Condition><Age>30</Age><CreatedBefore>2026-01-02"
	    "</CreatedBefore><IsLive>true</IsLive><MatchesStorageClass>"
	    "STANDARD</MatchesStorageClass><MatchesStorageClass>NEARLINE"
	    "</MatchesStorageClass><MatchesPrefix>a/</MatchesPrefix>"
	    "<NumberOfNewerVersions>3</NumberOfNewerVersions></Condition>"
	    "</Rule><Rule><Action><SetStorageClass>ARCHIVE</SetStorageClass>"
	    "</Action><Condition><Age>400</Age></Condition></Rule><Rule>"
	    "<Action><AbortIncompleteMultipartUpload>"
	    "</AbortIncompleteMultipartUpload></Action><Condition><Age>7"
	    "</Age></Condition></Rule></LifecycleConfiguration>" },
};

START_TEST(what_is_set_by_a_word_is_read_back)
{
	const struct config_case *c = &configs[_i];
	char path[64], want[2048], foreign[128];

	(void)snprintf(path, sizeof(path), "/bkt?%s", c->word);
	ck_assert_int_eq(client_text("PUT", "/logs", ""), 200);
	ck_assert_int_eq(client_get(path), 200);
	(void)snprintf(want, sizeof(want), HEAD_XML "%s", c->empty);
	ck_assert_str_eq(cl.body.p, want);
	ck_assert_msg(client_text("PUT", path, c->xml) == 200, "%s",
	    cl.body.p);
	ck_assert_int_eq(client_get(path), 200);
	(void)snprintf(want, sizeof(want), HEAD_XML "%s", c->xml);
	ck_assert_str_eq(cl.body.p, want);
	(void)snprintf(foreign, sizeof(foreign), "<Foreign><a/></Foreign>");
	ck_assert_int_eq(client_text("PUT", path, foreign), 400);
	says("<Code>MalformedBucketConfiguration</Code>");
	ck_assert_int_eq(client_text("PUT", path, "<!DOCTYPE x []><x/>"),
	    400);
	ck_assert_int_eq(client_get(path), 200);
	ck_assert_str_eq(cl.body.p, want);
	(void)snprintf(path, sizeof(path), "/none?%s", c->word);
	ck_assert_int_eq(client_get(path), 404);
}
END_TEST

START_TEST(tags_are_replaced_as_a_whole)
{

	ck_assert_int_eq(client_text("PUT", "/bkt?tagging", "<Tagging><TagSet>"
	    "<Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key>"
	    "<Value>2</Value></Tag></TagSet></Tagging>"), 200);
	ck_assert_int_eq(client_text("PUT", "/bkt?tagging", "<Tagging><TagSet>"
	    "<Tag><Key>b</Key><Value>3</Value></Tag></TagSet></Tagging>"),
	    200);
	ck_assert_int_eq(client_get("/storage/v1/b/bkt?fields=labels"), 200);
	ck_assert_ptr_null(strstr(cl.body.p, "\"a\""));
	says("\"b\": \"3\"");
	ck_assert_int_eq(client_ask("DELETE", "/bkt?tagging", NULL, 0, NULL),
	    204);
	ck_assert_int_eq(client_get("/bkt?tagging"), 200);
	ck_assert_str_eq(cl.body.p, HEAD_XML
	    "<Tagging><TagSet></TagSet></Tagging>");
}
END_TEST

START_TEST(configurations_of_amazons_make_are_malformed)
{

	ck_assert_int_eq(client_text("PUT", "/bkt?lifecycle",
	    "<LifecycleConfiguration><Rule><ID>x</ID><Filter/><Status>Enabled"
	    "</Status><Expiration><Days>1</Days></Expiration></Rule>"
	    "</LifecycleConfiguration>"), 400);
	says("<Code>MalformedBucketConfiguration</Code>");
	ck_assert_int_eq(client_text("PUT", "/bkt?cors", "<CORSConfiguration>"
	    "<CORSRule/></CORSConfiguration>"), 400);
	says("<Code>MalformedBucketConfiguration</Code>");
	ck_assert_int_eq(client_text("PUT", "/bkt?website",
	    "<WebsiteConfiguration><IndexDocument><Suffix>i</Suffix>"
	    "</IndexDocument></WebsiteConfiguration>"), 400);
	ck_assert_int_eq(client_text("PUT", "/bkt?versioning",
	    "<VersioningConfiguration><Status>On</Status>"
	    "</VersioningConfiguration>"), 400);
	ck_assert_int_eq(client_text("PUT", "/bkt?location", "x"), 405);
}
END_TEST

START_TEST(words_that_nobody_serves_are_501_by_name)
{
	static const char *const t[] = { "/bkt?policy", "/bkt/?replication",
		"/bkt?requestPayment", "/bkt/o?tagging", "/bkt/o?legal-hold" };

	ck_assert_int_eq(client_text("PUT", "/bkt/o", "x"), 200);
	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(client_get(t[i]), 501);
		says("<Code>NotImplemented</Code>");
		says("<Details>xml.");
		ck_assert_int_eq(client_text("PUT", t[i], "y"), 501);
	}
	ck_assert_int_eq(client_get("/bkt/o"), 200);
	ck_assert_str_eq(cl.body.p, "x");
}
END_TEST

START_TEST(the_host_can_name_the_bucket)
{
	static const char *const hosts[] = { "Host: my.bkt.localhost:1",
		"Host: my.bkt.storage.localhost",
		"Host: my.bkt.storage.googleapis.com" };

	ck_assert_int_eq(client_text("PUT", "/my.bkt", ""), 200);
	for (size_t i = 0; i < NELEMS(hosts); i++) {
		ck_assert_int_eq(client_ask("PUT", "/dir/o", "x", 1,
		    hosts[i]), 200);
		ck_assert_int_eq(client_ask("GET", "/dir/o", NULL, 0,
		    hosts[i]), 200);
		ck_assert_str_eq(cl.body.p, "x");
		ck_assert_int_eq(client_ask("GET", "/?prefix=dir", NULL, 0,
		    hosts[i]), 200);
		says("<Name>my.bkt</Name>");
		says("<Key>dir/o</Key>");
		ck_assert_int_eq(client_ask("POST", "/dir/p?uploads", "", 0,
		    hosts[i]), 200);
		says("<Bucket>my.bkt</Bucket><Key>dir/p</Key>");
		ck_assert_int_eq(client_ask("DELETE", "/dir/o", NULL, 0,
		    hosts[i]), 204);
	}
	ck_assert_int_eq(client_ask("GET", "/my.bkt/dir/o", NULL, 0,
	    "Host: my.bkt.evil.com"), 403);
	ck_assert_int_eq(client_ask("GET", "/x", NULL, 0,
	    "Host: %zz.localhost"), 403);
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_test(t, buckets_come_and_go);
	tcase_add_test(t, a_bucket_is_made_as_its_document_says);
	tcase_add_test(t, the_service_lists_the_buckets_of_a_project);
	tcase_add_loop_test(t, what_is_set_by_a_word_is_read_back, 0,
	    (int)NELEMS(configs));
	tcase_add_test(t, tags_are_replaced_as_a_whole);
	tcase_add_test(t, configurations_of_amazons_make_are_malformed);
	tcase_add_test(t, words_that_nobody_serves_are_501_by_name);
	tcase_add_test(t, the_host_can_name_the_bucket);
}

int
main(void)
{

	return (client_main("xml_bucket", add));
}
