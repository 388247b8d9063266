#include "emulator/api/params.h"

#include <string.h>

#include "emulator/api/acls.h"
#include "emulator/api/fields.h"
#include "emulator/http/route.h"

static int
params_check_alt(struct req *rq)
{
	const char *alt = req_query(rq, "alt");

	if (alt == NULL || *alt == '\0' || strcmp(alt, "json") == 0 ||
	    strcmp(alt, "media") == 0)
		return (0);
	req_fail_param(rq, "alt", "invalidAltValue", "Invalid value '%s' for "
	    "parameter alt: json or media is wanted.", alt);
	return (-1);
}

static int
params_check_fields(struct req *rq)
{
	const char *fields = req_query(rq, "fields");
	struct err e = ERR_INIT;
	int rc = 0;

	if (fields == NULL || *fields == '\0')
		return (0);
	if (fields_check(fields, &e) != 0) {
		req_fail_param(rq, "fields", "invalidParameter",
		    "Invalid field selection %s: %s", fields, err_msg(&e));
		rc = -1;
	}
	err_release(&e);
	return (rc);
}

static bool
params_utf8(const char *s)
{
	json_t *j;
	bool ok;

	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80) {
			j = json_string(s);	/* which looks */
			ok = j != NULL;
			json_decref(j);
			return (ok);
		}
	return (true);
}

/* What is in the URL may be kept, and shown again as JSON. */
static int
params_check_text(struct req *rq)
{
	bool ok = true;

	for (size_t i = 0; ok && i < rq->nquery; i++)
		ok = params_utf8(rq->query[i].k) &&
		    params_utf8(rq->query[i].v);
	for (size_t i = 0; ok && i < NELEMS(rq->cap); i++)
		ok = rq->cap[i] == NULL || params_utf8(rq->cap[i]);
	if (ok)
		return (0);
	req_fail(rq, 400, "invalid", "The URL holds text that is not UTF-8.");
	return (-1);
}

int
params_check(struct req *rq)
{

	if (rq->route->api != API_STORAGE)
		return (0);
	return (params_check_text(rq) || params_check_alt(rq) ||
	    params_check_fields(rq) ||
	    acls_check_projection(rq) ? -1 : 0);
}
