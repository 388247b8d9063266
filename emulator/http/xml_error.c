#include "emulator/http/xml_error.h"

#include <ctype.h>
#include <string.h>

#include "lib/nul.h"

/* The sentence of each code, and the reason of the JSON API that means it. */
static const struct xml_code {
	const char *code, *reason, *message;
} codes[] = {
	{ "AccessDenied", "forbidden", "Access denied." },
	{ "AuthenticationRequired", "authError", "Authentication required." },
	{ "BadDigest", NULL, "The Content-MD5 or x-goog-hash you specified "
	    "did not match what we received." },
	{ "BucketAlreadyOwnedByYou", NULL, "Your previous request to create "
	    "the named bucket succeeded and you already own it." },
	{ "BucketNameUnavailable", NULL, "The requested bucket name is not "
	    "available. The bucket namespace is shared by all users of the "
	    "system. Please select a different name and try again." },
	{ "BucketNotEmpty", NULL,
	    "The bucket you tried to delete is not empty." },
	{ "CrcMismatch", NULL, "The CRC32C you specified did not match what "
	    "we computed." },
	{ "CustomerEncryptionAlgorithmIsInvalid",
	    "customerEncryptionAlgorithmIsInvalid", "Missing an encryption "
	    "algorithm, or the provided algorithm is not AES256." },
	{ "CustomerEncryptionKeyFormatIsInvalid",
	    "customerEncryptionKeyFormatIsInvalid", "Missing an encryption "
	    "key, or it is not Base64 encoded, or it does not meet the "
	    "required length of the encryption algorithm." },
	{ "CustomerEncryptionKeyIsIncorrect",
	    "customerEncryptionKeyIsIncorrect",
	    "The provided encryption key is incorrect." },
	{ "CustomerEncryptionKeySha256IsInvalid",
	    "customerEncryptionKeySha256IsInvalid", "Missing a SHA256 hash "
	    "of the encryption key, or it is not Base64 encoded, or it does "
	    "not match the encryption key." },
	{ "EntityTooLarge", NULL, "Your proposed upload is larger than the "
	    "maximum object size specified in your Policy Document." },
	{ "EntityTooSmall", NULL, "Your proposed upload is smaller than the "
	    "minimum object size specified in your Policy Document." },
	{ "ExcessHeaderValues", NULL, "Multiple HTTP header values where one "
	    "was expected." },
	{ "ExpiredToken", "expired", "The provided token has expired." },
	{ "IncompleteBody", NULL, "You did not provide the number of bytes "
	    "specified by the Content-Length HTTP header." },
	{ "IncorrectNumberOfFilesInPOSTRequest", NULL,
	    "POST requires exactly one file upload per request." },
	{ "InternalError", NULL, "We encountered an internal error. Please "
	    "try again." },
	{ "InvalidArgument", NULL, "Invalid argument." },
	{ "InvalidBucketName", "invalidBucketName",
	    "The specified bucket is not valid." },
	{ "InvalidDigest", NULL, "The Content-MD5 you specified is invalid." },
	{ "InvalidLocationConstraint", NULL,
	    "The specified location constraint is not valid." },
	{ "InvalidMultiObjectDeleteRequest", NULL,
	    "The multi-object delete request is not valid." },
	{ "InvalidObjectName", "invalidObjectName",
	    "The specified object name is not valid." },
	{ "InvalidPartOrder", NULL,
	    "The list of parts was not in ascending order." },
	{ "InvalidPolicyDocument", NULL, "The content of the form does not "
	    "meet the conditions specified in the policy document." },
	{ "InvalidRange", NULL,
	    "The requested range cannot be satisfied." },
	{ "InvalidStorageClass", NULL,
	    "The storage class you specified is not valid." },
	{ "KeyTooLong", NULL, "Your key is too long." },
	{ "MalformedACLError", NULL, "The XML you provided was not "
	    "well-formed or did not validate against our published schema." },
	{ "MalformedBucketConfiguration", NULL, "The bucket configuration "
	    "XML you provided was not well-formed or did not validate "
	    "against our published schema." },
	{ "MalformedCompleteMultipartUploadRequest", NULL, "The complete "
	    "multipart upload request XML you provided was not well-formed "
	    "or did not validate against our published schema." },
	{ "MalformedComposeRequest", NULL, "The compose request XML you "
	    "provided was not well-formed or did not validate against our "
	    "published schema." },
	{ "MalformedHeaderValue", NULL,
	    "An HTTP header value was malformed." },
	{ "MalformedMultiObjectDeleteRequest", NULL, "The multi-object "
	    "delete request XML you provided was not well-formed or did not "
	    "validate against our published schema." },
	{ "MalformedPOSTRequest", NULL, "The body of your POST request is not "
	    "well-formed multipart/form-data." },
	{ "MaxPostPreDataLengthExceededError", NULL, "Your POST request "
	    "fields preceding the upload file were too large." },
	{ "MetadataTooLarge", "metadataTooLarge", "Your metadata headers "
	    "exceed the maximum allowed metadata size." },
	{ "MalformedXML", NULL, "The XML you provided was not well-formed or "
	    "did not validate against our published schema." },
	{ "MethodNotAllowed", "methodNotAllowed", "The specified method is "
	    "not allowed against this resource." },
	{ "MissingContentLength", NULL,
	    "You must provide the Content-Length HTTP header." },
	{ "MissingRequestBodyError", NULL, "Request body is empty." },
	{ "NoSuchBucket", "noSuchBucket",
	    "The specified bucket does not exist." },
	{ "NoSuchKey", NULL, "The specified key does not exist." },
	{ "NoSuchPart", NULL, "The requested upload part was not found." },
	{ "NoSuchUpload", NULL, "The requested upload was not found." },
	{ "NotImplemented", NULL, "A header or query you provided requested "
	    "a function that is not implemented." },
	{ "ObjectUnderActiveHold", "objectUnderActiveHold", "The object is "
	    "under active hold and cannot be deleted, overwritten or "
	    "archived." },
	{ "PreconditionFailed", NULL, "At least one of the pre-conditions "
	    "you specified did not hold." },
	{ "RequestTimeout", NULL, "Your socket connection to the server was "
	    "not read from or written to within the timeout period." },
	{ "ResourceIsEncryptedWithCustomerEncryptionKey",
	    "resourceIsEncryptedWithCustomerEncryptionKey", "The resource is "
	    "encrypted with a customer encryption key." },
	{ "ResourceNotEncryptedWithCustomerEncryptionKey",
	    "resourceNotEncryptedWithCustomerEncryptionKey", "The resource "
	    "is not encrypted with a customer encryption key." },
	{ "RetentionPolicyNotMet", "retentionPolicyNotMet", "The object is "
	    "subject to a retention policy and cannot be deleted or "
	    "overwritten until it is met." },
	{ "ServiceUnavailable", NULL, "The service is unavailable. Please "
	    "retry." },
	{ "SlowDown", "rateLimitExceeded", "Please reduce your request "
	    "rate." },
	{ "UnexpectedContent", NULL,
	    "This request does not support content." },
};

static const char *
xml_error_by_status(int status)
{

	switch (status) {
	case 400: return ("InvalidArgument");
	case 401: return ("AuthenticationRequired");
	case 403: return ("AccessDenied");
	case 404: return ("NoSuchKey");
	case 405: return ("MethodNotAllowed");
	case 408: return ("RequestTimeout");
	case 409: return ("BucketAlreadyOwnedByYou");
	case 411: return ("MissingContentLength");
	case 412: return ("PreconditionFailed");
	case 413: return ("EntityTooLarge");
	case 416: return ("InvalidRange");
	case 429: return ("SlowDown");
	case 501: return ("NotImplemented");
	case 503: return ("ServiceUnavailable");
	default: return (status < 500 ? "InvalidRequest" : "InternalError");
	}
}

static const char *
xml_error_code(int status, const char *reason)
{

	if (isupper((unsigned char)reason[0]))
		return (reason);
	for (size_t i = 0; i < NELEMS(codes); i++)
		if (codes[i].reason != NULL &&
		    strcmp(codes[i].reason, reason) == 0)
			return (codes[i].code);
	return (xml_error_by_status(status));
}

const char *
xml_error_reason(enum store_rc rc)
{

	switch (rc) {
	case STORE_NO_BUCKET: return ("NoSuchBucket");
	case STORE_NO_OBJECT: return ("NoSuchKey");
	case STORE_EXISTS: return ("BucketAlreadyOwnedByYou");
	case STORE_NOT_EMPTY: return ("BucketNotEmpty");
	case STORE_BAD_HASH: return ("BadDigest");
	case STORE_TOO_LARGE: return ("EntityTooLarge");
	default: return (NULL);
	}
}

/* Names of clients are quoted in details: what no XML may hold becomes '?'. */
static const char *
xml_error_text(struct req *rq, const char *msg)
{
	char *s = arena_strdup(&rq->arena, msg);
	json_t *utf8 = json_string(s);

	nul_flat(s);
	for (char *p = s; *p != '\0'; p++)
		if (((unsigned char)*p >= 0x80 && utf8 == NULL) ||
		    (unsigned char)*p == NUL_FLAT ||
		    ((unsigned char)*p < ' ' && strchr("\t\n\r", *p) == NULL))
			*p = '?';
	json_decref(utf8);
	return (s);
}

void
xml_error(struct req *rq, int status, const char *reason, const char *msg)
{
	const char *code = xml_error_code(status, reason), *message = NULL;
	struct buf b;

	for (size_t i = 0; i < NELEMS(codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			message = codes[i].message;
	buf_init(&b, 256u << 10);
	buf_addf(&b, "<?xml version='1.0' encoding='UTF-8'?><Error><Code>%s"
	    "</Code><Message>", code);
	msg = xml_error_text(rq, msg);
	req_xml_text(&b, message != NULL ? message : msg);
	buf_adds(&b, "</Message>");
	if (message != NULL && strcmp(message, msg) != 0) {
		buf_adds(&b, "<Details>");
		req_xml_text(&b, msg);
		buf_adds(&b, "</Details>");
	}
	buf_adds(&b, "</Error>");
	req_reply(rq, status, "application/xml; charset=UTF-8", b.p, b.len);
	buf_release(&b);
}
