/* Keys that the client brings along, and names of Cloud KMS keys. */
#include "emulator/tests/api_util.h"

/* Bytes 0 … 31, and 32 bytes of 0xff, with their SHA-256. */
#define KEY_A	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SHA_A	"Yw3NKWbEM2aRElRIu7JbT/QSpJxzLbLIq8G4WBvXEN0="
#define KEY_B	"//////////////////////////////////////////8="
#define SHA_B	"r5YTdg9yY1+9tEpaCmPDnxKvMPlQpu5clxvhiOicQFE="
#define KMS	"projects/p/locations/us/keyRings/r/cryptoKeys/k"
#define E	"x-goog-encryption-"
#define S	"x-goog-copy-source-encryption-"

static const char *const none[] = { NULL };
static const char *const with_a[] = { E "algorithm: AES256",
	E "key: " KEY_A, E "key-sha256: " SHA_A, NULL };
static const char *const with_b[] = { E "algorithm: AES256",
	E "key: " KEY_B, E "key-sha256: " SHA_B, NULL };
static const char *const from_a[] = { S "algorithm: AES256",
	S "key: " KEY_A, S "key-sha256: " SHA_A, NULL };
static const char *const a_to_b[] = { S "algorithm: AES256",
	S "key: " KEY_A, S "key-sha256: " SHA_A, E "algorithm: AES256",
	E "key: " KEY_B, E "key-sha256: " SHA_B, NULL };

static int
ask(const char *method, const char *path, const char *body,
    const char *const *headers)
{

	ck_assert_int_eq(client_try(method, client_url(path), body,
	    body != NULL ? strlen(body) : 0, headers), CURLE_OK);
	return (cl.status);
}

static void
setup(void)
{

	api_start();
	api_bucket("");
	ck_assert_int_eq(ask("POST", MEDIA "a", "secret", with_a), 200);
	api_is("customerEncryption.encryptionAlgorithm", "AES256");
	api_is("customerEncryption.keySha256", SHA_A);
	ck_assert_str_ne(api_text("crc32c"), "");
	(void)api_put("plain", "open");
}

START_TEST(bytes_are_for_who_has_the_key)
{
	static const char *const ways[] = { O "/a?alt=media", "/bkt/a",
		"/download/storage/v1/b/bkt/o/a?alt=media" };

	for (size_t i = 0; i < NELEMS(ways); i++) {
		ck_assert_int_eq(ask("GET", ways[i], NULL, with_a), 200);
		api_body_is("secret");
		ck_assert_str_eq(client_header("x-goog-encryption-key-sha256"),
		    SHA_A);
		ck_assert_int_eq(ask("GET", ways[i], NULL, none), 400);
		ck_assert_ptr_null(strstr(cl.body.p, "secret"));
		ck_assert_int_eq(ask("GET", ways[i], NULL, with_b), 400);
	}
	ck_assert_ptr_nonnull(strstr(cl.body.p,
	    "The provided encryption key is incorrect."));
	ck_assert_int_eq(ask("GET", "/bkt/a", NULL, none), 400);
	ck_assert_ptr_nonnull(strstr(cl.body.p,
	    "<Code>ResourceIsEncryptedWithCustomerEncryptionKey</Code>"));
	ck_assert_int_eq(ask("GET", "/bkt/plain", NULL, with_a), 400);
	ck_assert_int_eq(ask("GET", "/bkt/plain", NULL, none), 200);
}
END_TEST

START_TEST(metadata_needs_no_key_but_hides_checksums_without)
{

	ck_assert_int_eq(ask("GET", O "/a", NULL, none), 200);
	api_is("customerEncryption.keySha256", SHA_A);
	api_is("crc32c", "");
	api_is("md5Hash", "");
	ck_assert_int_eq(ask("GET", O "/a", NULL, with_a), 200);
	ck_assert_str_ne(api_text("crc32c"), "");
	(void)ask("GET", O "/a", NULL, with_b);
	api_refused(400, "customerEncryptionKeyIsIncorrect");
	(void)ask("GET", O "/plain", NULL, with_b);
	api_refused(400, "resourceNotEncryptedWithCustomerEncryptionKey");
	ck_assert_int_eq(ask("GET", O "?prefix=a", NULL, none), 200);
	ck_assert_ptr_null(strstr(cl.body.p, "crc32c"));
	ck_assert_int_eq(api_do("PATCH", "{\"metadata\":{\"k\":\"v\"}}",
	    O "/a"), 200);
	api_is("customerEncryption.keySha256", SHA_A);
	ck_assert_int_eq(api_do("DELETE", NULL, O "/a"), 204);
}
END_TEST

START_TEST(malformed_keys_are_refused_and_nothing_is_stored)
{
	static const struct { const char *h[4], *reason; } t[] = {
		{ { E "key: " KEY_A, E "key-sha256: " SHA_A },
		    "customerEncryptionAlgorithmIsInvalid" },
		{ { E "algorithm: AES128", E "key: " KEY_A,
		    E "key-sha256: " SHA_A },
		    "customerEncryptionAlgorithmIsInvalid" },
		{ { E "algorithm: AES256", E "key-sha256: " SHA_A },
		    "customerEncryptionKeyFormatIsInvalid" },
		{ { E "algorithm: AES256", E "key: AAAA",
		    E "key-sha256: " SHA_A },
		    "customerEncryptionKeyFormatIsInvalid" },
		{ { E "algorithm: AES256", E "key: " KEY_A },
		    "customerEncryptionKeySha256IsInvalid" },
		{ { E "algorithm: AES256", E "key: " KEY_A,
		    E "key-sha256: " SHA_B },
		    "customerEncryptionKeySha256IsInvalid" },
	};

	for (size_t i = 0; i < NELEMS(t); i++) {
		(void)ask("POST", MEDIA "n", "x", t[i].h);
		api_refused(400, t[i].reason);
		ck_assert_int_eq(ask("PUT", "/bkt/n", "x", t[i].h), 400);
	}
	ck_assert_int_eq(client_get(O "/n"), 404);
}
END_TEST

START_TEST(copies_turn_keys)
{
	const char *to = O "/a/rewriteTo/b/bkt/o/c";

	(void)ask("POST", to, "", none);
	api_refused(400, "resourceIsEncryptedWithCustomerEncryptionKey");
	(void)ask("POST", to, "", with_a);
	api_refused(400, "resourceIsEncryptedWithCustomerEncryptionKey");
	ck_assert_int_eq(ask("POST", to, "", a_to_b), 200);
	api_is("resource.customerEncryption.keySha256", SHA_B);
	ck_assert_int_eq(ask("GET", O "/c?alt=media", NULL, with_b), 200);
	api_body_is("secret");
	ck_assert_int_eq(ask("POST", to, "", from_a), 200);
	api_is("resource.customerEncryption.keySha256", "");
	ck_assert_int_eq(ask("GET", O "/c?alt=media", NULL, none), 200);
	(void)ask("POST", O "/plain/copyTo/b/bkt/o/d", "", from_a);
	api_refused(400, "resourceNotEncryptedWithCustomerEncryptionKey");
	ck_assert_int_eq(ask("POST", O "/a/moveTo/o/e", "", none), 200);
	api_is("customerEncryption.keySha256", SHA_A);
	api_is("crc32c", "");
}
END_TEST

START_TEST(compose_reads_its_sources_with_the_key)
{
	const char *body = "{\"sourceObjects\":[{\"name\":\"a\"}]}";

	(void)ask("POST", O "/c/compose", body, none);
	api_refused(400, "resourceIsEncryptedWithCustomerEncryptionKey");
	ck_assert_int_eq(ask("POST", O "/c/compose", body, with_a), 200);
	api_is("customerEncryption.keySha256", SHA_A);
}
END_TEST

START_TEST(resumable_upload_takes_the_key_at_its_start)
{
	char url[1024];

	ck_assert_int_eq(ask("POST", UP "?uploadType=resumable&name=r", "{}",
	    with_a), 200);
	(void)snprintf(url, sizeof(url), "%s",
	    strstr(client_header("location"), "/upload"));
	ck_assert_int_eq(ask("PUT", url, "abc", none), 200);
	api_is("customerEncryption.keySha256", SHA_A);
	ck_assert_str_ne(api_text("crc32c"), "");
	ck_assert_int_eq(ask("GET", O "/r?alt=media", NULL, none), 400);
	ck_assert_int_eq(ask("GET", O "/r?alt=media", NULL, with_a), 200);
}
END_TEST

START_TEST(key_of_cloud_kms_is_named_and_shown_with_a_version)
{

	ck_assert_int_eq(ask("POST", MEDIA "k&kmsKeyName=" KMS, "x", none),
	    200);
	api_is("kmsKeyName", KMS "/cryptoKeyVersions/1");
	(void)ask("POST", MEDIA "k&kmsKeyName=" KMS "/cryptoKeyVersions/1",
	    "x", none);
	api_refused(400, "invalid");
	(void)ask("POST", MEDIA "k&kmsKeyName=" KMS, "x", with_a);
	api_refused(409, "conflict");
	ck_assert_int_eq(ask("POST", O "/k/copyTo/b/bkt/o/l", "", none), 200);
	api_is("kmsKeyName", "");
	ck_assert_int_eq(ask("POST", O "/k/rewriteTo/b/bkt/o/l"
	    "?destinationKmsKeyName=" KMS, "", none), 200);
	api_is("resource.kmsKeyName", KMS "/cryptoKeyVersions/1");
	ck_assert_int_eq(api_do("PATCH", "{\"encryption\":"
	    "{\"defaultKmsKeyName\":7}}", B "/bkt"), 400);
	ck_assert_int_eq(api_do("PATCH", "{\"encryption\":"
	    "{\"defaultKmsKeyName\":\"" KMS "\"}}", B "/bkt"), 200);
	(void)api_put("d", "x");
	api_is("kmsKeyName", KMS "/cryptoKeyVersions/1");
	ck_assert_int_eq(ask("POST", MEDIA "a", "secret", with_a), 200);
	api_is("kmsKeyName", "");
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_checked_fixture(t, setup, client_stop);
	tcase_add_test(t, bytes_are_for_who_has_the_key);
	tcase_add_test(t,
	    metadata_needs_no_key_but_hides_checksums_without);
	tcase_add_test(t,
	    malformed_keys_are_refused_and_nothing_is_stored);
	tcase_add_test(t, copies_turn_keys);
	tcase_add_test(t, compose_reads_its_sources_with_the_key);
	tcase_add_test(t, resumable_upload_takes_the_key_at_its_start);
	tcase_add_test(t,
	    key_of_cloud_kms_is_named_and_shown_with_a_version);
}

int
main(void)
{

	return (client_main("csek", add));
}
