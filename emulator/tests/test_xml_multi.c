/* Multipart uploads of the XML API over real connections. */
#include "emulator/tests/client.h"

#define MIN	(5u << 20)

static char *big, id[128], tag[3][512];

static void
setup(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
	big = mem_alloc(2 * MIN);
	for (size_t i = 0; i < 2 * MIN; i++)
		big[i] = (char)(i * 2654435761u >> 13);
	ck_assert_int_eq(client_post("/storage/v1/b?project=p",
	    "{\"name\":\"bkt\"}"), 200);
}

static void
teardown(void)
{

	free(big);
	client_stop();
}

static void
says(const char *text)
{

	ck_assert_msg(strstr(cl.body.p, text) != NULL, "no '%s' in: %s", text,
	    cl.body.p);
}

/* What stands between <name> and </name>, first. */
static void
take(const char *name, char *dst, size_t room)
{
	char open[64];
	const char *p;

	(void)snprintf(open, sizeof(open), "<%s>", name);
	p = strstr(cl.body.p, open);
	ck_assert_msg(p != NULL, "no %s in: %s", open, cl.body.p);
	p += strlen(open);
	ck_assert_uint_lt(strcspn(p, "<"), room);
	(void)snprintf(dst, room, "%.*s", (int)strcspn(p, "<"), p);
}

static void
begin(const char *header)
{

	ck_assert_int_eq(client_ask("POST", "/bkt/dir/o?uploads", "", 0,
	    header), 200);
	take("UploadId", id, sizeof(id));
}

static int
put_part(int number, const void *p, size_t n, const char *header)
{
	char path[256];

	(void)snprintf(path, sizeof(path),
	    "/bkt/dir/o?partNumber=%d&uploadId=%s", number, id);
	return (client_ask("PUT", path, p, n, header));
}

static void
part(int i, int number, const void *p, size_t n)
{

	ck_assert_int_eq(put_part(number, p, n, NULL), 200);
	(void)snprintf(tag[i], sizeof(tag[i]), "%s", client_header("etag"));
}

static int
upload(const char *method, const char *more, const char *body)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "/bkt/dir/o?uploadId=%s%s", id,
	    more);
	return (client_ask(method, path, body,
	    body != NULL ? strlen(body) : 0, NULL));
}

static int
upload_with(const char *header, const char *body)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "/bkt/dir/o?uploadId=%s", id);
	return (client_ask("POST", path, body, strlen(body), header));
}

#define ROOT	"<CompleteMultipartUpload>"
#define END	"</CompleteMultipartUpload>"
#define PART	"<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>"

START_TEST(parts_in_any_order_become_the_object)
{
	char body[4096];

	begin("x-goog-meta-k: v");
	ck_assert_str_eq(client_header("content-type"),
	    "text/xml; charset=UTF-8");
	says("<InitiateMultipartUploadResult "
	    "xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
	    "<Bucket>bkt</Bucket><Key>dir/o</Key>");
	part(1, 5, big + MIN, 100);
	part(0, 2, big, MIN);
	ck_assert_str_eq(client_header("x-goog-hash"),
	    "crc32c=hQfdzA==,md5=466oC2IA9BQOEW3Y5eqOEg==");
	(void)snprintf(body, sizeof(body), "<?xml version='1.0'?>"
	    "<CompleteMultipartUpload "
	    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n" PART PART
	    END, 2, tag[0], 5, tag[1]);
	ck_assert_int_eq(upload_with("x-goog-hash: crc32c=AAAAAA==", body),
	    400);
	says("<Code>CrcMismatch</Code>");
	ck_assert_int_eq(upload_with("Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==",
	    body), 400);
	says("<Code>BadDigest</Code>");
	ck_assert_int_eq(client_get("/bkt/dir/o"), 404);
	ck_assert_int_eq(upload("POST", "", body), 200);
	says("<CompleteMultipartUploadResult "
	    "xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Location>http");
	says("/bkt/dir/o</Location><Bucket>bkt</Bucket><Key>dir/o</Key>"
	    "<ETag>&quot;-");
	ck_assert_ptr_nonnull(client_header("x-goog-generation"));
	ck_assert_int_eq(client_get("/bkt/dir/o"), 200);
	ck_assert_uint_eq(cl.body.len, MIN + 100);
	ck_assert_mem_eq(cl.body.p, big, MIN + 100);
	ck_assert_str_eq(client_header("x-goog-meta-k"), "v");
	ck_assert_ptr_null(strstr(client_header("x-goog-hash"), "md5"));
	ck_assert_ptr_null(client_header("x-goog-component-count"));
	ck_assert_int_eq(upload("GET", "", NULL), 404);
	ck_assert_int_eq(client_get("/storage/v1/b/bkt/o/dir%2Fo"), 200);
	client_is("size", "5242980");
	ck_assert_ptr_null(strstr(cl.body.p, "md5Hash"));
}
END_TEST

START_TEST(a_wrong_list_of_parts_is_refused_by_name)
{
	static const struct { const char *body, *code; } t[] = {
		{ "", "MalformedCompleteMultipartUploadRequest" },
		{ ROOT END, "MalformedCompleteMultipartUploadRequest" },
		{ "<X/>", "MalformedCompleteMultipartUploadRequest" },
		{ ROOT "<Part/>" END,
		    "MalformedCompleteMultipartUploadRequest" },
		{ ROOT "<Part><PartNumber>0</PartNumber><ETag>x</ETag>"
		    "</Part>" END,
		    "MalformedCompleteMultipartUploadRequest" },
		{ "<CompleteMultipartUpload xmlns='http:x'>" END,
		    "MalformedCompleteMultipartUploadRequest" },
		{ "<!DOCTYPE a [<!ENTITY b 'c'>]>" ROOT END,
		    "MalformedCompleteMultipartUploadRequest" },
		{ ROOT "<Part><PartNumber>1</PartNumber><ETag>\"dummy\""
		    "</ETag></Part>" END, "NoSuchPart" },
		{ ROOT "<Part><PartNumber>7</PartNumber><ETag>"
		    "d41d8cd98f00b204e9800998ecf8427e</ETag></Part>" END,
		    "NoSuchPart" },
	};
	char code[128], body[4096];

	begin(NULL);
	part(0, 1, "one", 3);
	part(1, 2, "two", 3);
	for (size_t i = 0; i < NELEMS(t); i++) {
		ck_assert_int_eq(upload("POST", "", t[i].body),
		    strcmp(t[i].code, "NoSuchPart") == 0 ? 404 : 400);
		take("Code", code, sizeof(code));
		ck_assert_str_eq(code, t[i].code);
	}
	says("The requested upload part was not found.");
	(void)snprintf(body, sizeof(body), ROOT PART PART END, 2, tag[1], 1,
	    tag[0]);
	ck_assert_int_eq(upload("POST", "", body), 400);
	says("<Code>InvalidPartOrder</Code>");
	(void)snprintf(body, sizeof(body), ROOT PART PART END, 1, tag[0], 2,
	    tag[1]);
	ck_assert_int_eq(upload("POST", "", body), 400);
	says("<Code>EntityTooSmall</Code>");
	(void)snprintf(body, sizeof(body), ROOT PART END, 1, tag[0]);
	ck_assert_int_eq(upload("POST", "", body), 200);
	ck_assert_int_eq(client_get("/bkt/dir/o"), 200);
	ck_assert_str_eq(cl.body.p, "one");
}
END_TEST

START_TEST(a_part_of_no_bytes_can_be_all)
{
	char body[4096];

	begin(NULL);
	part(0, 1, "", 0);
	(void)snprintf(body, sizeof(body), ROOT PART END, 1, tag[0]);
	ck_assert_int_eq(upload("POST", "", body), 200);
	ck_assert_int_eq(client_get("/bkt/dir/o"), 200);
	ck_assert_uint_eq(cl.body.len, 0);
}
END_TEST

START_TEST(a_part_is_checked_and_must_belong_to_an_upload)
{

	begin(NULL);
	ck_assert_int_eq(put_part(1, "hello world", 11,
	    "x-goog-hash: crc32c=AAAAAA=="), 400);
	says("<Code>CrcMismatch</Code><Message>The CRC32C you specified did "
	    "not match what we computed.</Message>");
	ck_assert_int_eq(put_part(1, "hello world", 11,
	    "x-goog-hash: crc32c=1234"), 400);
	says("The CRC32C you specified did not match what we computed.");
	ck_assert_int_eq(put_part(1, "hello world", 11,
	    "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg=="), 400);
	says("<Code>BadDigest</Code>");
	ck_assert_int_eq(put_part(1, "hello world", 11,
	    "x-goog-hash: crc32c=yZRlqg=="), 200);
	ck_assert_int_eq(put_part(0, "x", 1, NULL), 400);
	says("<Code>InvalidArgument</Code>");
	ck_assert_int_eq(put_part(10001, "x", 1, NULL), 400);
	ck_assert_int_eq(put_part(10000, "x", 1, NULL), 200);
	ck_assert_int_eq(put_part(1, "x", 1, "x-goog-copy-source: /bkt/x"),
	    400);
	says("<Code>NotImplemented</Code>");
	ck_assert_int_eq(client_ask("PUT", "/bkt/dir/o?partNumber=1", "x", 1,
	    NULL), 400);
	ck_assert_int_eq(client_ask("PUT", "/bkt/dir/o?uploadId=x", "x", 1,
	    NULL), 400);
	ck_assert_int_eq(client_get("/bkt/dir/o"), 404);
	id[0] ^= 1;
	ck_assert_int_eq(put_part(1, "x", 1, NULL), 404);
	says("<Code>NoSuchUpload</Code><Message>The requested upload was not "
	    "found.</Message>");
}
END_TEST

START_TEST(preconditions_are_refused_at_the_beginning)
{

	ck_assert_int_eq(client_ask("POST", "/bkt/o?uploads", "", 0,
	    "x-goog-if-generation-match: 0"), 400);
	says("<Code>NotImplemented</Code>");
	ck_assert_int_eq(client_ask("POST", "/none/o?uploads", "", 0, NULL),
	    404);
	says("<Code>NoSuchBucket</Code>");
}
END_TEST

START_TEST(parts_are_listed_in_pages)
{
	char next[32];

	begin(NULL);
	part(0, 3, "three", 5);
	part(0, 1, "one", 3);
	part(0, 7, "seven", 5);
	ck_assert_int_eq(upload("GET", "&max-parts=2", NULL), 200);
	says("<ListPartsResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'"
	    "><Bucket>bkt</Bucket><Key>dir/o</Key>");
	says("<PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>3"
	    "</NextPartNumberMarker><MaxParts>2</MaxParts><IsTruncated>true"
	    "</IsTruncated><Part><PartNumber>1</PartNumber><LastModified>");
	says("<ETag>&quot;f97c5d29941bfb1b2fdab0874906ab82&quot;</ETag>"
	    "<Size>3</Size></Part><Part><PartNumber>3</PartNumber>");
	take("NextPartNumberMarker", next, sizeof(next));
	ck_assert_int_eq(upload("GET", "&part-number-marker=3", NULL), 200);
	says("<IsTruncated>false</IsTruncated><Part><PartNumber>7<");
	ck_assert_int_eq(upload("GET", "&max-parts=x", NULL), 400);
}
END_TEST

START_TEST(uploads_are_listed_and_aborted)
{

	begin("x-goog-storage-class: NEARLINE");
	ck_assert_int_eq(client_ask("POST", "/bkt/z?uploads", "", 0, NULL),
	    200);
	ck_assert_int_eq(client_get("/bkt?uploads"), 200);
	says("<ListMultipartUploadsResult "
	    "xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
	    "<Bucket>bkt</Bucket>");
	says("<IsTruncated>false</IsTruncated><Upload><Key>dir/o</Key>"
	    "<UploadId>");
	says("<StorageClass>NEARLINE</StorageClass><Initiated>");
	ck_assert_int_eq(client_get("/bkt?uploads&delimiter=/&max-uploads=1"),
	    200);
	says("<NextKeyMarker>dir/</NextKeyMarker>");
	says("<CommonPrefixes><Prefix>dir/</Prefix></CommonPrefixes>");
	ck_assert_int_eq(client_get("/bkt?uploads&delimiter=/"
	    "&key-marker=dir%2F&prefix="), 200);
	ck_assert_ptr_null(strstr(cl.body.p, "CommonPrefixes"));
	says("<Upload><Key>z</Key>");
	ck_assert_int_eq(upload("DELETE", "", NULL), 204);
	ck_assert_int_eq(upload("DELETE", "", NULL), 404);
	ck_assert_int_eq(put_part(1, "x", 1, NULL), 404);
	ck_assert_int_eq(client_get("/bkt?uploads&prefix=dir"), 200);
	ck_assert_ptr_null(strstr(cl.body.p, "<Upload>"));
}
END_TEST

START_TEST(a_body_of_unknown_length_is_411)
{
	int fd = client_connect(cl.emu->http_port);
	struct buf b;

	buf_init(&b, 1u << 16);
	client_send(fd, "POST /bkt/o?uploads HTTP/1.1\r\nHost: localhost\r\n"
	    "Connection: close\r\n\r\n");
	ck_assert_int_eq(client_read_all(fd, &b), 0);
	ck_assert_ptr_nonnull(strstr(b.p, "HTTP/1.1 411 "));
	ck_assert_ptr_nonnull(strstr(b.p, "MissingContentLength"));
	(void)close(fd);
	buf_release(&b);
}
END_TEST

START_TEST(both_dresses_of_headers_at_once_are_too_much)
{
	const char *const headers[] = { "x-goog-meta-a: b",
		"x-amz-meta-a: b", NULL };

	ck_assert_int_eq(client_try("POST", client_url("/bkt/o?uploads"), "",
	    0, headers), CURLE_OK);
	ck_assert_int_eq(cl.status, 400);
	says("<Code>ExcessHeaderValues</Code>");
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, parts_in_any_order_become_the_object);
	tcase_add_test(t, a_wrong_list_of_parts_is_refused_by_name);
	tcase_add_test(t, a_part_of_no_bytes_can_be_all);
	tcase_add_test(t, a_part_is_checked_and_must_belong_to_an_upload);
	tcase_add_test(t, preconditions_are_refused_at_the_beginning);
	tcase_add_test(t, parts_are_listed_in_pages);
	tcase_add_test(t, uploads_are_listed_and_aborted);
	tcase_add_test(t, a_body_of_unknown_length_is_411);
	tcase_add_test(t, both_dresses_of_headers_at_once_are_too_much);
}

int
main(void)
{

	return (client_main("xml_multi", add));
}
