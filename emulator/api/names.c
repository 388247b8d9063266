#include "emulator/api/names.h"

#include <ctype.h>
#include <string.h>

#include "emulator/http/route.h"
#include "lib/nul.h"
#include "lib/str.h"

#define OBJECT_MAX	1024u

static bool
names_dotted_quad(const char *s)
{
	int dots = 0;

	if (strspn(s, "0123456789.") != strlen(s))
		return (false);
	for (; *s != '\0'; s++)
		dots += *s == '.';
	return (dots == 3);
}

bool
names_bucket_ok(const char *name)
{
	size_t n = strlen(name);

	if (n < 3 || n > 222 ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != n ||
	    !isalnum((unsigned char)name[0]) ||
	    !isalnum((unsigned char)name[n - 1]) ||
	    str_starts(name, "goog") || strstr(name, "google") != NULL ||
	    strstr(name, "g00gle") != NULL ||
	    names_dotted_quad(name))
		return (false);
	/* Between dots: 1 to 63 characters. */
	for (;;) {
		size_t k = strcspn(name, ".");

		if (k == 0 || k > 63)
			return (false);
		if (name[k] == '\0')
			return (true);
		name += k + 1;
	}
}

static bool
names_utf8(const char *s)
{
	json_t *j = json_string(s);	/* which checks that */
	bool ok = j != NULL;

	json_decref(j);
	return (ok);
}

const char *
names_object_fault(const char *name)
{

	if (name[0] == '\0')
		return ("The object name must not be empty.");
	if (nul_len(name) > OBJECT_MAX)
		return ("The maximum object length is 1024 characters, but "
		    "got a name with more.");
	if (!names_utf8(name))
		return ("The object name is not valid UTF-8.");
	if (strpbrk(name, "\r\n") != NULL)
		return ("Disallowed unicode characters present in object "
		    "name.");
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return ("The object name must not be '.' or '..'.");
	if (str_starts(name, ".well-known/acme-challenge/"))
		return ("The object name must not start with "
		    "'.well-known/acme-challenge/'.");
	return (NULL);
}

int
names_check_bucket(struct req *rq, const char *name)
{

	if (names_bucket_ok(name))
		return (0);
	req_fail(rq, 400, rq->route->api == API_XML ? "invalidBucketName" :
	    "invalid", "Invalid bucket name: '%s'", name);
	return (-1);
}

int
names_check_object(struct req *rq, const char *name)
{
	const char *fault = names_object_fault(name);

	if (fault == NULL)
		return (0);
	req_fail(rq, 400, rq->route->api == API_XML ? "invalidObjectName" :
	    "invalid", "%s", fault);
	return (-1);
}
