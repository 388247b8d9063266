/* Taking signatures apart.  All errors here are 400: the request cannot be
 * what its sender meant. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "emulator/identity/signed_int.h"
#include "lib/str.h"

#define SIGNED_EXPIRES_MAX	604800	/* seconds: a week */

static int
signed_malformed(struct req *rq, const char *parameter, const char *details)
{

	return (signed_fault(rq, 400, "MalformedSecurityHeader", parameter,
	    "Your request has a malformed header. %s", details));
}

/* As documented, or all of it small, which is how gsutil writes it; nothing in
 * between, so that no two URLs stand for one. */
static bool
signed_name(const char *have, const char *k)
{

	if (strcmp(have, k) == 0)
		return (true);
	for (; *have != '\0' && *have == tolower((unsigned char)*k); k++)
		have++;
	return (*have == '\0' && *k == '\0');
}

/* A parameter of the query, NULL where it is absent; two of them are an
 * error. */
static int
signed_param(struct req *rq, const char *k, const struct req_kv **kv)
{

	*kv = NULL;
	for (size_t i = 0; i < rq->nquery; i++) {
		if (!signed_name(rq->query[i].k, k))
			continue;
		if (*kv != NULL)
			return (signed_malformed(rq, k,
			    "The parameter is given twice."));
		*kv = &rq->query[i];
	}
	return (0);
}

/* The same of one that must be there. */
static int
signed_need(struct req *rq, const char *k, const struct req_kv **kv)
{

	if (signed_param(rq, k, kv))
		return (-1);
	if (*kv != NULL && *(*kv)->v != '\0')
		return (0);
	return (signed_fault(rq, 400, "MissingSecurityHeader", k,
	    "Your request was missing a required header."));
}

/* ---- times ---- */

/* Both forms in their one right spelling: no 31st of February. */
bool
signed_parse_time(const char *s, int64_t *us)
{
	struct tm tm = { 0 };
	const char *end = strptime(s, "%Y%m%dT%H%M%SZ", &tm);
	char again[32];
	time_t t;

	if (end == NULL || *end != '\0')
		return (false);
	t = timegm(&tm);
	*us = (int64_t)t * 1000000;
	return (gmtime_r(&t, &tm) != NULL && strftime(again, sizeof(again),
	    "%Y%m%dT%H%M%SZ", &tm) > 0 && strcmp(again, s) == 0);
}

/* RFC 7231, and what mailers' libraries write. */
static bool
signed_http_time(const char *s, int64_t *us)
{
	static const char *const zones[] = { "GMT", "UTC", "+0000", "-0000" };
	struct tm tm = { 0 };
	const char *end = strptime(s, "%a, %d %b %Y %H:%M:%S ", &tm);
	char again[64];
	bool ok = false;
	time_t t;

	for (size_t i = 0; end != NULL && i < NELEMS(zones); i++)
		ok = ok || strcmp(end, zones[i]) == 0;
	if (!ok)
		return (false);
	t = timegm(&tm);
	*us = (int64_t)t * 1000000;
	return (gmtime_r(&t, &tm) != NULL && strftime(again, sizeof(again),
	    "%a, %d %b %Y %H:%M:%S ", &tm) > 0 && str_starts(s, again));
}

/* ---- V4 ---- */

int
signed_parse_algorithm(struct req *rq, struct sig *s, const char *name)
{
	static const struct { const char *name; bool rsa, aws; } known[] = {
		{ "GOOG4-RSA-SHA256", true, false },
		{ "GOOG4-HMAC-SHA256", false, false },
		{ "AWS4-HMAC-SHA256", false, true },
	};

	for (size_t i = 0; i < NELEMS(known); i++)
		if (strcmp(name, known[i].name) == 0) {
			s->algorithm = known[i].name;
			s->rsa = known[i].rsa;
			s->aws = known[i].aws;
			return (0);
		}
	return (signed_fault(rq, 400, "InvalidArgument", "X-Goog-Algorithm",
	    "Unsupported signing algorithm: %s", name));
}

int
signed_parse_credential(struct req *rq, struct sig *s, const char *credential)
{
	char *copy = arena_strdup(&rq->arena, credential), *slash;
	const char **const parts[] = { &s->scope.request, &s->scope.service,
	    &s->scope.location, &s->scope.date };
	bool ok = true;

	s->id = copy;
	for (size_t i = 0; ok && i < NELEMS(parts); i++) {
		slash = strrchr(copy, '/');
		ok = slash != NULL && slash != copy && slash[1] != '\0';
		if (ok) {
			*slash = '\0';
			*parts[i] = slash + 1;
		}
	}
	if (!ok || strchr(copy, '/') != NULL)
		return (signed_malformed(rq, "credential", "The credential is "
		    "not ID/DATE/LOCATION/SERVICE/REQUEST_TYPE."));
	s->scope_text = credential + strlen(copy) + 1;
	if (strcmp(s->scope.service, s->aws ? "s3" : "storage") != 0 ||
	    strcmp(s->scope.request, s->aws ? "aws4_request" :
	    "goog4_request") != 0)
		return (signed_malformed(rq, "credential", s->aws ?
		    "The credential's scope must end in /s3/aws4_request." :
		    "The credential's scope must end in "
		    "/storage/goog4_request."));
	if (strncmp(s->date, s->scope.date, 8) != 0 ||
	    strlen(s->scope.date) != 8)
		return (signed_malformed(rq, "credential", "The credential's "
		    "date is not that of the request."));
	return (0);
}

static int
signed_parse_headers(struct req *rq, struct sig *s, const char *list)
{
	char *low = arena_strdup(&rq->arena, list);

	for (char *p = low; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	s->signed_headers = low;
	if (!canon_listed(low, "host"))
		return (signed_malformed(rq, "host",
		    "The host header must be signed."));
	return (0);
}

static int
signed_parse_expires(struct req *rq, struct sig *s, const char *k,
    const char *v)
{
	int64_t n;

	if (!str_int64(v, &n) || n < 1 || !isdigit((unsigned char)*v))
		return (signed_fault(rq, 400, "InvalidArgument", k,
		    "%s must be a positive number of seconds.", k));
	if (n > SIGNED_EXPIRES_MAX)
		return (signed_fault(rq, 400, "InvalidArgument", k,
		    "%s must be at most %d seconds.", k, SIGNED_EXPIRES_MAX));
	s->until_us = s->from_us + n * 1000000;
	return (0);
}

static int
signed_parse_query(struct req *rq, struct sig *s, const char *family)
{
	static const char *const names[] = { "Algorithm", "Credential",
	    "Date", "Expires", "SignedHeaders", "Signature" };
	const struct req_kv *kv[NELEMS(names)];

	s->v4 = s->query = true;
	for (size_t i = 0; i < NELEMS(names); i++)
		if (signed_need(rq, arena_printf(&rq->arena, "X-%s-%s", family,
		    names[i]), &kv[i]))
			return (-1);
	s->date = kv[2]->v;
	s->signature = kv[5]->v;
	s->param = kv[5]->k;
	if (signed_parse_algorithm(rq, s, kv[0]->v))
		return (-1);
	if (s->aws != (strcmp(family, "Amz") == 0))
		return (signed_malformed(rq, kv[0]->k,
		    "The algorithm is of the other family."));
	if (!signed_parse_time(s->date, &s->from_us))
		return (signed_malformed(rq, kv[2]->k,
		    "The date is not of the form 20190201T090000Z."));
	return (signed_parse_credential(rq, s, kv[1]->v) ||
	    signed_parse_expires(rq, s, kv[3]->k, kv[3]->v) ||
	    signed_parse_headers(rq, s, kv[4]->v) ? -1 : 0);
}

/* The request's own time: x-goog-date or x-amz-date, else Date.  -1: a fault
 * is kept. */
static int
signed_parse_date(struct req *rq, struct sig *s, bool *extension)
{
	const char *d = req_header(rq, s->aws ? "x-amz-date" : "x-goog-date");
	struct tm tm;
	char text[32];
	time_t t;

	if (d == NULL)
		d = req_header(rq, s->aws ? "x-goog-date" : "x-amz-date");
	*extension = d != NULL;
	if (d == NULL)
		d = req_header(rq, "Date");
	if (d == NULL)
		return (signed_fault(rq, 400, "MissingSecurityHeader", "date",
		    "Your request was missing a required header."));
	if (!signed_parse_time(d, &s->from_us) &&
	    !signed_http_time(d, &s->from_us))
		return (signed_malformed(rq, "date",
		    "The date could not be understood."));
	s->when = *extension ? "" : d;
	t = (time_t)(s->from_us / 1000000);
	BUG_ON(gmtime_r(&t, &tm) == NULL || strftime(text, sizeof(text),
	    "%Y%m%dT%H%M%SZ", &tm) == 0);
	s->date = arena_strdup(&rq->arena, text);
	return (0);
}

/* One `Name=value` of an Authorization header. */
static const char *
signed_word(struct req *rq, const char *h, const char *name)
{
	size_t n = strlen(name), k;

	for (;;) {
		h += strspn(h, " \t,");
		k = strcspn(h, " \t,");
		if (k == 0)
			return (NULL);
		if (k > n && strncmp(h, name, n) == 0 && h[n] == '=')
			return (arena_strndup(&rq->arena, h + n + 1,
			    k - n - 1));
		h += k;
	}
}

static int
signed_parse_header(struct req *rq, struct sig *s, const char *h)
{
	size_t n = strcspn(h, " ");
	const char *credential, *headers;
	bool extension;

	s->v4 = true;
	if (signed_parse_algorithm(rq, s, arena_strndup(&rq->arena, h, n)))
		return (-1);
	credential = signed_word(rq, h + n, "Credential");
	headers = signed_word(rq, h + n, "SignedHeaders");
	s->signature = signed_word(rq, h + n, "Signature");
	if (credential == NULL || headers == NULL || s->signature == NULL)
		return (signed_malformed(rq, "authorization",
		    "Credential, SignedHeaders and Signature are wanted."));
	s->until_us = INT64_MAX;
	return (signed_parse_date(rq, s, &extension) ||
	    signed_parse_credential(rq, s, credential) ||
	    signed_parse_headers(rq, s, headers) ? -1 : 0);
}

/* ---- V2 ---- */

static int
signed_parse_query_v2(struct req *rq, struct sig *s)
{
	const struct req_kv *goog, *amz, *id, *when, *sig;
	int64_t until;

	s->query = true;
	if (signed_param(rq, "GoogleAccessId", &goog) ||
	    signed_param(rq, "AWSAccessKeyId", &amz))
		return (-1);
	s->aws = goog == NULL && amz != NULL;
	if (signed_need(rq, s->aws ? "AWSAccessKeyId" : "GoogleAccessId",
	    &id) || signed_need(rq, "Expires", &when) ||
	    signed_need(rq, "Signature", &sig))
		return (-1);
	s->id = id->v;
	s->when = when->v;
	s->signature = sig->v;
	s->rsa = strchr(s->id, '@') != NULL;
	if (!str_int64(s->when, &until) || until < 0 ||
	    until > INT64_MAX / 1000000)
		return (signed_malformed(rq, "expires",
		    "Expires is not a number of seconds since 1970."));
	s->from_us = INT64_MIN;
	s->until_us = until * 1000000;
	return (0);
}

/* GOOG1 or AWS, a blank, ACCESS_ID:SIGNATURE */
static int
signed_parse_header_v2(struct req *rq, struct sig *s, const char *h)
{
	const char *colon;
	bool extension;

	s->aws = *h == 'A' || *h == 'a';
	h += strcspn(h, " ");
	h += strspn(h, " ");
	colon = strchr(h, ':');
	if (colon == NULL || colon == h || colon[1] == '\0')
		return (signed_malformed(rq, "authorization",
		    "ACCESS_ID:SIGNATURE is wanted."));
	s->id = arena_strndup(&rq->arena, h, (size_t)(colon - h));
	s->signature = colon + 1;
	s->rsa = strchr(s->id, '@') != NULL;
	s->until_us = INT64_MAX;
	return (signed_parse_date(rq, s, &extension));
}

/* ---- which of them ---- */

static bool
signed_any(const struct req *rq, const char *const *names, size_t n)
{

	for (size_t i = 0; i < rq->nquery; i++)
		for (size_t k = 0; k < n; k++)
			if (strcasecmp(rq->query[i].k, names[k]) == 0)
				return (true);
	return (false);
}

static bool
signed_goog(const struct req *rq)
{
	static const char *const names[] = { "X-Goog-Algorithm",
	    "X-Goog-Credential", "X-Goog-Signature" };

	return (signed_any(rq, names, NELEMS(names)));
}

static bool
signed_amz(const struct req *rq)
{
	static const char *const names[] = { "X-Amz-Algorithm",
	    "X-Amz-Credential", "X-Amz-Signature" };

	return (signed_any(rq, names, NELEMS(names)));
}

static bool
signed_v2(const struct req *rq)
{
	static const char *const names[] = { "GoogleAccessId",
	    "AWSAccessKeyId", "Signature" };

	return (signed_any(rq, names, NELEMS(names)));
}

static bool
signed_header(const struct req *rq)
{
	static const char *const begins[] = { "GOOG4-", "AWS4-", "GOOG1 ",
	    "AWS " };
	const char *h = req_header(rq, "Authorization");

	for (size_t i = 0; h != NULL && i < NELEMS(begins); i++)
		if (strncasecmp(h, begins[i], strlen(begins[i])) == 0)
			return (true);
	return (false);
}

bool
signed_present(const struct req *rq)
{

	return (signed_goog(rq) || signed_amz(rq) || signed_v2(rq) ||
	    signed_header(rq));
}

int
signed_parse(struct req *rq, struct sig *s)
{
	const char *h;

	*s = (struct sig){ 0 };
	if (signed_goog(rq) + signed_amz(rq) + signed_v2(rq) +
	    signed_header(rq) > 1)
		return (signed_fault(rq, 400, "InvalidArgument", NULL,
		    "Only one signature is allowed in a request."));
	if (signed_goog(rq))
		return (signed_parse_query(rq, s, "Goog"));
	if (signed_amz(rq))
		return (signed_parse_query(rq, s, "Amz"));
	if (signed_v2(rq))
		return (signed_parse_query_v2(rq, s));
	h = req_header(rq, "Authorization");
	if (strncasecmp(h, "GOOG4-", 6) == 0 ||
	    strncasecmp(h, "AWS4-", 5) == 0)
		return (signed_parse_header(rq, s, h));
	return (signed_parse_header_v2(rq, s, h));
}
