/* From an instruction to a rule for one request: what the conformance suites
 * call `return-503-after-256K` is kind partial with code=503 after-bytes=256K.
 * A retry test's instruction is used up when its rule acts; one that does not
 * apply to the request stays, and the request runs as usual.
 *
 * The older form is a header, x-goog-emulator-instructions, which holds an
 * instruction for each request that carries it and is never used up. */
#include <ctype.h>
#include <string.h>

#include "emulator/fault/fault_int.h"
#include "emulator/http/route.h"
#include "lib/str.h"

#define KiB		INT64_C(1024)
#define RETRY_STALL_MAX	3600	/* seconds */
#define RETRY_PAUSE_US	10000000	/* of the header's stalls */

enum retry_kind {
	RETRY_NOTHING,		/* for gRPC, or for nobody */
	RETRY_STATUS,
	RETRY_RESET,
	RETRY_BROKEN,
	RETRY_STATUS_AFTER,
	RETRY_SHORT,
	RETRY_STALL,
	RETRY_UNREACHABLE,
};

/* # a number, @ small letters and dashes, * the rest. */
static const struct {
	const char *form;
	enum retry_kind kind;
} retry_forms[] = {
	{ "return-#", RETRY_STATUS },
	{ "return-#-after-#K", RETRY_STATUS_AFTER },
	{ "return-#-if-dp-enforced", RETRY_NOTHING },
	{ "return-reset-connection", RETRY_RESET },
	{ "return-broken-stream", RETRY_BROKEN },
	{ "return-broken-stream-after-#K", RETRY_BROKEN },
	{ "return-broken-stream-final-chunk-after-#B", RETRY_SHORT },
	{ "return-unreachable-buckets-*", RETRY_UNREACHABLE },
	{ "return-@", RETRY_NOTHING },
	{ "stall-for-#s-after-#K", RETRY_STALL },
	{ "redirect-send-token-@", RETRY_NOTHING },
	{ "redirect-send-handle-and-token-@", RETRY_NOTHING },
	{ "redirect-expect-token-@", RETRY_NOTHING },
};

struct retry_order {
	enum retry_kind kind;
	int	n;			/* numbers */
	int64_t	num[2];
	const char *rest;
};

/* ---- the names of methods ---- */

/* Method ids of the service's API, and what the suites call them. */
static const struct {
	const char *ours, *theirs;
} retry_groups[] = {
	{ "storage.bucketAccessControls.", "storage.bucket_acl." },
	{ "storage.defaultObjectAccessControls.",
	    "storage.default_object_acl." },
	{ "storage.objectAccessControls.", "storage.object_acl." },
	{ "storage.projects.hmacKeys.", "storage.hmacKey." },
	{ "storage.projects.serviceAccount.", "storage.serviceaccount." },
};

#define RETRY_CRUD	"list|insert|get|update|patch|delete"

static const struct {
	const char *group, *verbs;
	bool	http_only;
} retry_methods[] = {
	{ "storage.buckets.", RETRY_CRUD "|getIamPolicy|setIamPolicy|"
	    "testIamPermissions|lockRetentionPolicy", false },
	{ "storage.bucket_acl.", RETRY_CRUD, true },
	{ "storage.default_object_acl.", RETRY_CRUD, true },
	{ "storage.object_acl.", RETRY_CRUD, true },
	{ "storage.notifications.", "list|insert|get|delete", true },
	{ "storage.objects.", RETRY_CRUD "|compose|copy|rewrite|restore",
	    false },
	{ "storage.hmacKey.", "create|list|get|update|delete", true },
	{ "storage.serviceaccount.", "get", true },
};

/* The row that has it, or -1. */
static int
retry_method_row(const char *name)
{

	for (size_t i = 0; i < NELEMS(retry_methods); i++) {
		const char *v = retry_methods[i].verbs;
		size_t n = strlen(retry_methods[i].group), k;

		if (strncmp(name, retry_methods[i].group, n) != 0)
			continue;
		for (;; v += k + 1) {
			k = strcspn(v, "|");
			if (k == strlen(name + n) &&
			    memcmp(v, name + n, k) == 0)
				return ((int)i);
			if (v[k] == '\0')
				break;
		}
	}
	return (-1);
}

bool
retry_rule_method(const char *name)
{

	return (retry_method_row(name) >= 0);
}

bool
retry_rule_http_only(const char *name)
{
	int i = retry_method_row(name);

	return (i >= 0 && retry_methods[i].http_only);
}

/* What the suites call this request's method; NULL: they have no name. */
static const char *
retry_method(struct req *rq)
{
	const char *id = rq->route->id;

	for (size_t i = 0; i < NELEMS(retry_groups); i++)
		if (str_starts(id, retry_groups[i].ours))
			id = arena_printf(&rq->arena, "%s%s",
			    retry_groups[i].theirs,
			    id + strlen(retry_groups[i].ours));
	return (retry_rule_method(id) ? id : NULL);
}

/* ---- the grammar ---- */

static bool
retry_number(const char **s, int64_t *out)
{
	int digits = 0;

	for (*out = 0; isdigit((unsigned char)**s); (*s)++) {
		*out = *out * 10 + (**s - '0');
		if (++digits > 9)
			return (false);
	}
	return (digits > 0);
}

static bool
retry_match(const char *form, const char *s, struct retry_order *o)
{
	size_t n;

	for (o->n = 0; *form != '\0'; form++) {
		switch (*form) {
		case '#':
			if (!retry_number(&s, &o->num[o->n++]))
				return (false);
			break;
		case '@':
			n = strspn(s, "abcdefghijklmnopqrstuvwxyz-");
			if (n == 0)
				return (false);
			s += n;
			break;
		case '*':
			o->rest = s;
			return (*s != '\0');
		default:
			if (*s++ != *form)
				return (false);
		}
	}
	return (*s == '\0');
}

static bool
retry_parse(const char *s, struct retry_order *o)
{
	size_t i;

	for (i = 0; i < NELEMS(retry_forms); i++)
		if (retry_match(retry_forms[i].form, s, o))
			break;
	if (i == NELEMS(retry_forms))
		return (false);
	o->kind = retry_forms[i].kind;
	if (o->kind == RETRY_STATUS || o->kind == RETRY_STATUS_AFTER)
		return (o->num[0] >= 200 && o->num[0] < 600);
	return (o->kind != RETRY_STALL || o->num[0] <= RETRY_STALL_MAX);
}

bool
retry_rule_valid(const char *instruction)
{
	struct retry_order o;

	return (retry_parse(instruction, &o));
}

/* ---- rules ---- */

static struct fault_hit *
retry_hang(struct req *rq, const char *kind, enum fault_point at,
    int64_t after_bytes)
{
	struct fault_rule *r = arena_alloc(&rq->arena, sizeof(*r));

	r->kind = fault_kind_find(kind);
	BUG_ON(r->kind == NULL);
	r->at = at;
	r->after_bytes = after_bytes;
	return (fault_hang(rq, r));
}

static void
retry_arg(struct fault_hit *h, const char *name, int64_t i, const char *s)
{
	const struct fault_arg *a = h->rule->kind->args;
	size_t k = 0;

	while (k < FAULT_ARGS && a[k].name != NULL &&
	    strcmp(a[k].name, name) != 0)
		k++;
	BUG_ON(k == FAULT_ARGS || a[k].name == NULL);
	h->rule->args[k] = (struct fault_value){ true, i, s };
}

/* An upload stalls where it holds the byte at hit->arg. */
static bool
retry_when_upload_reaches(const struct fault_hit *h, const struct req *rq)
{
	const struct req_upload *u = &rq->upload;

	if (rq->route->body != BODY_STREAM)
		return (false);
	if (!u->chunk)
		return (u->got >= h->arg);
	return (u->persisted <= h->arg && h->arg <= u->last);
}

/* The request that ends a resumable upload is answered by the object; what
 * is cut off is never more than that. */
static bool
retry_when_finished(const struct fault_hit *h, const struct req *rq)
{

	if (rq->status != 200 || rq->reply_len == 0)
		return (false);
	if (h->rule->after_bytes > rq->reply_len)
		h->rule->after_bytes = rq->reply_len;
	return (true);
}

static struct fault_hit *
retry_hang_upload(struct req *rq, const struct retry_order *o)
{
	struct fault_hit *h;

	switch (o->kind) {
	case RETRY_STATUS_AFTER:
		h = retry_hang(rq, "partial", FAULT_BODY, o->num[1] * KiB);
		retry_arg(h, "code", o->num[0], NULL);
		return (h);
	case RETRY_SHORT:
		if (req_query(rq, "upload_id") == NULL)
			return (NULL);
		h = retry_hang(rq, "truncate", FAULT_BODY, o->num[0]);
		retry_arg(h, "hide", 1, NULL);
		h->when = retry_when_finished;
		return (h);
	case RETRY_STALL:
		h = retry_hang(rq, "latency", FAULT_BEFORE, 0);
		retry_arg(h, "delay", o->num[0] * 1000000, NULL);
		h->when = retry_when_upload_reaches;
		h->arg = o->num[1] * KiB;
		return (h);
	default:
		return (NULL);
	}
}

/* What the instruction means for this request; NULL: nothing. */
static struct fault_hit *
retry_hang_order(struct req *rq, const struct retry_order *o)
{
	bool upload = strcmp(rq->route->id, "storage.objects.insert") == 0;
	bool get = strcmp(rq->route->id, "storage.objects.get") == 0;
	struct fault_hit *h;

	switch (o->kind) {
	case RETRY_STATUS:
		h = retry_hang(rq, "status", FAULT_BEFORE, 0);
		retry_arg(h, "code", o->num[0], NULL);
		return (h);
	case RETRY_RESET:
		return (retry_hang(rq, "reset", FAULT_BEFORE, 0));
	case RETRY_BROKEN:
		if (o->n > 0 && !get)
			return (NULL);
		return (retry_hang(rq, "truncate", FAULT_BODY,
		    o->n > 0 ? o->num[0] * KiB : 4));
	case RETRY_UNREACHABLE:
		h = retry_hang(rq, "unreachable", FAULT_AFTER, 0);
		retry_arg(h, "buckets", 0, o->rest);
		return (h);
	case RETRY_STALL:
		if (upload)
			break;
		h = retry_hang(rq, "stall", FAULT_BODY, o->num[1] * KiB);
		retry_arg(h, "delay", o->num[0] * 1000000, NULL);
		return (h);
	default:
		break;
	}
	return (upload ? retry_hang_upload(rq, o) : NULL);
}

static void
retry_hang_use(struct req *rq, struct retry_use *u)
{
	struct retry_order o = { 0 };
	struct fault_hit *h;

	BUG_ON(!retry_parse(u->text, &o));	/* was checked on its way in */
	if ((h = retry_hang_order(rq, &o)) != NULL)
		h->retry = u;
}

/* ---- the header that is never used up ---- */

static bool
retry_when_media(const struct fault_hit *h, const struct req *rq)
{

	(void)h;
	return (rq->reader != NULL);
}

static bool
retry_when_first(const struct fault_hit *h, const struct req *rq)
{

	(void)h;
	return (rq->reader != NULL && rq->reader_off == 0);
}

static bool
retry_when_later(const struct fault_hit *h, const struct req *rq)
{

	(void)h;
	return (rq->reader != NULL && rq->reader_off > 0);
}

static void
retry_header_get(struct req *rq, const char *s)
{
	struct fault_hit *h;

	if (strcmp(s, "return-broken-stream") == 0) {
		h = retry_hang(rq, "truncate", FAULT_BODY, 1024 * KiB);
		retry_arg(h, "rst", 1, NULL);
		h->when = retry_when_media;
	} else if (strcmp(s, "return-corrupted-data") == 0) {
		h = retry_hang(rq, "corrupt", FAULT_BODY, 0);
		retry_arg(h, "byte", 'A', NULL);
		h->when = retry_when_media;
	} else if (strcmp(s, "stall-always") == 0) {
		h = retry_hang(rq, "stall", FAULT_BODY, 0);
		retry_arg(h, "delay", RETRY_PAUSE_US, NULL);
		h->when = retry_when_media;
	} else if (strcmp(s, "stall-at-256KiB") == 0) {
		h = retry_hang(rq, "stall", FAULT_BODY, 256 * KiB);
		retry_arg(h, "delay", RETRY_PAUSE_US, NULL);
		h->when = retry_when_first;
	} else if (str_starts(s, "return-503-after-256K") ||
	    str_starts(s, "break-after-256K")) {
		h = retry_hang(rq, "truncate", FAULT_BODY, 256 * KiB);
		retry_arg(h, "rst", 1, NULL);
		h->when = retry_when_first;
		if (!str_ends(s, "/retry-1") && !str_ends(s, "/retry-2"))
			return;
		h = retry_hang(rq, "status", FAULT_AFTER, 0);
		h->when = retry_when_later;
	}
}

static void
retry_header_insert(struct req *rq, const char *s)
{
	struct fault_hit *h;

	if (strcmp(s, "inject-upload-data-error") == 0) {
		h = retry_hang(rq, "corrupt", FAULT_BODY, 0);
		retry_arg(h, "byte", 'A', NULL);
	} else if (strcmp(s, "return-503-after-256K") == 0 &&
	    req_query(rq, "upload_id") != NULL)
		(void)retry_hang(rq, "partial", FAULT_BODY, 256 * KiB);
}

/* ---- a request ---- */

void
retry_rule_match(struct faults *f, struct req *rq)
{
	const char *id, *s;
	struct retry_use *u;
	bool unknown;

	if (rq->route->api != API_STORAGE && rq->route->api != API_XML)
		return;
	s = req_header(rq, "x-goog-emulator-instructions");
	if (s == NULL)
		s = req_header(rq, "x-goog-testbench-instructions");
	if (s != NULL && strcmp(rq->route->id, "storage.objects.get") == 0)
		retry_header_get(rq, s);
	else if (s != NULL &&
	    strcmp(rq->route->id, "storage.objects.insert") == 0)
		retry_header_insert(rq, s);
	if ((id = req_header(rq, "x-retry-test-id")) == NULL)
		return;
	u = retry_test_head(faults_retry(f), id, retry_method(rq), &rq->arena,
	    &unknown);
	if (unknown) {
		req_fail(rq, 404, "notFound", "There is no retry test %s.",
		    id);
		return;
	}
	rq->retry_id = arena_strdup(&rq->arena, id);
	if (u != NULL)
		retry_hang_use(rq, u);
}

void
retry_rule_again(struct faults *f, struct req *rq)
{
	struct fault_hit *h;
	struct retry_use *u;
	bool unknown;

	for (h = rq->faults; h != NULL; h = h->next)
		if (h->retry != NULL && !h->done)
			break;
	if (h == NULL)
		return;
	u = retry_test_head(faults_retry(f), rq->retry_id, h->retry->method,
	    &rq->arena, &unknown);
	if (u != NULL && u->seen == h->retry->seen)
		return;
	h->done = true;
	if (u != NULL)
		retry_hang_use(rq, u);
}
