#include "emulator/api/csek.h"

#include <openssl/sha.h>
#include <string.h>

#include "emulator/http/route.h"
#include "lib/str.h"

#define KEY_BYTES	32

/* Exactly 32 bytes of base64. */
static bool
csek_decode(const char *s, unsigned char dst[KEY_BYTES])
{
	struct buf b;
	bool ok;

	buf_init(&b, 64);
	ok = s != NULL && str_b64_decode(&b, s, strlen(s), false) &&
	    buf_ok(&b) && b.len == KEY_BYTES;
	if (ok)
		memcpy(dst, b.p, KEY_BYTES);
	explicit_bzero(b.p, b.len);
	buf_release(&b);
	return (ok);
}

static int
csek_bad(struct req *rq, const char *reason, const char *message)
{

	req_fail(rq, 400, reason, "%s", message);
	return (-1);
}

int
csek_read(struct req *rq, enum csek_role role, const char **sha)
{
#define OF(which)							\
	req_header(rq, role == CSEK_SOURCE ?				\
	    "x-goog-copy-source-encryption-" which :			\
	    "x-goog-encryption-" which)
	const char *algorithm = OF("algorithm");
	const char *key = OF("key"), *claimed = OF("key-sha256");
#undef OF
	unsigned char raw[KEY_BYTES], sum[KEY_BYTES], said[KEY_BYTES];
	struct buf b;
	bool ok;

	*sha = NULL;
	if (algorithm == NULL && key == NULL && claimed == NULL)
		return (0);
	if (algorithm == NULL || strcmp(algorithm, "AES256") != 0)
		return (csek_bad(rq, "customerEncryptionAlgorithmIsInvalid",
		    "Missing an encryption algorithm, or the provided "
		    "algorithm is not \"AES256.\""));
	if (!csek_decode(key, raw))
		return (csek_bad(rq, "customerEncryptionKeyFormatIsInvalid",
		    "Missing an encryption key, or it is not base64 encoded, "
		    "or it does not meet the required length of the "
		    "encryption algorithm."));
	(void)SHA256(raw, sizeof(raw), sum);
	explicit_bzero(raw, sizeof(raw));
	ok = csek_decode(claimed, said) && memcmp(said, sum, sizeof(sum)) == 0;
	if (!ok)
		return (csek_bad(rq, "customerEncryptionKeySha256IsInvalid",
		    "Missing a SHA256 hash of the encryption key, or it is "
		    "not base64 encoded, or it does not match the encryption "
		    "key."));
	buf_init(&b, 64);
	str_b64_encode(&b, sum, sizeof(sum), false);
	*sha = arena_strdup(&rq->arena, b.p);
	buf_release(&b);
	return (0);
}

/* ---- Cloud KMS ---- */

static bool
csek_kms_name_ok(const char *name)
{
	static const char *const words[] = { "projects/", "/locations/",
		"/keyRings/", "/cryptoKeys/" };
	size_t n = 1;

	for (size_t i = 0; i < NELEMS(words); i++) {
		if (n == 0 || !str_starts(name, words[i]))
			return (false);
		name += strlen(words[i]);
		n = strcspn(name, "/");
		name += n;
	}
	return (n > 0 && *name == '\0');
}

static const char *
csek_kms_name(const struct req *rq)
{
	const char *v = req_query(rq, "destinationKmsKeyName");

	if (v == NULL)
		v = req_query(rq, "kmsKeyName");
	if (v == NULL && rq->route->api == API_XML)
		v = req_header(rq, "x-goog-encryption-kms-key-name");
	return (v != NULL && *v != '\0' ? v : NULL);
}

int
csek_attrs(struct req *rq, json_t *to)
{
	const char *kms = csek_kms_name(rq), *sha;

	if (csek_read(rq, CSEK_OBJECT, &sha))
		return (-1);
	if (sha != NULL && kms != NULL) {
		req_fail(rq, 409, "conflict", "Cannot provide both a Cloud "
		    "KMS key and a csk encoded encryption scheme.");
		return (-1);
	}
	if (kms != NULL && !csek_kms_name_ok(kms)) {
		req_fail(rq, 400, "invalid",
		    "Malformed Cloud KMS crypto key: %s", kms);
		return (-1);
	}
	if (sha != NULL)
		(void)json_object_set_new(to, "customerEncryption",
		    json_pack("{s:s, s:s}", "encryptionAlgorithm", "AES256",
		    "keySha256", sha));
	if (kms != NULL)
		(void)json_object_set_new(to, "kmsKeyName",
		    json_sprintf("%s/cryptoKeyVersions/1", kms));
	return (0);
}

/* ---- reading ---- */

/* The object's key, by its SHA-256, in the arena; NULL where it has none. */
static const char *
csek_of(struct req *rq, const struct object *o)
{
	const char *sha = NULL;
	json_t *j;

	if (strstr(o->attrs, "\"customerEncryption\"") == NULL)
		return (NULL);
	j = json_loads(o->attrs, 0, NULL);
	sha = json_string_value(json_object_get(json_object_get(j,
	    "customerEncryption"), "keySha256"));
	if (sha != NULL)
		sha = arena_strdup(&rq->arena, sha);
	json_decref(j);
	return (sha);
}

static int
csek_compare(struct req *rq, const char *given, const char *own)
{

	if (given == NULL && own == NULL)
		return (0);
	if (given == NULL)
		return (csek_bad(rq,
		    "resourceIsEncryptedWithCustomerEncryptionKey",
		    "The target object is encrypted by a customer-supplied "
		    "encryption key."));
	if (own == NULL)
		return (csek_bad(rq,
		    "resourceNotEncryptedWithCustomerEncryptionKey",
		    "The target object is not encrypted by a "
		    "customer-supplied encryption key."));
	if (!str_equal_secret(given, own))
		return (csek_bad(rq, "customerEncryptionKeyIsIncorrect",
		    "The provided encryption key is incorrect."));
	return (0);
}

int
csek_check(struct req *rq, enum csek_role role, const struct object *o)
{
	const char *given;

	if (csek_read(rq, role, &given))
		return (-1);
	return (csek_compare(rq, given, csek_of(rq, o)));
}

int
csek_check_if_given(struct req *rq, const struct object *o)
{
	const char *given;

	if (csek_read(rq, CSEK_OBJECT, &given))
		return (-1);
	return (given == NULL ? 0 : csek_compare(rq, given, csek_of(rq, o)));
}

bool
csek_shows(struct req *rq, const char *sha)
{
	const char *given = req_header(rq, "x-goog-encryption-key-sha256");

	return (given != NULL && str_equal_secret(given, sha));
}
