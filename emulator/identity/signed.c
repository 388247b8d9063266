#include "emulator/identity/signed.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/http/route.h"
#include "emulator/http/server.h"
#include "emulator/identity/auth.h"
#include "emulator/identity/hmac.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/signed_int.h"
#include "lib/log.h"
#include "lib/str.h"

#define SIGNED_SKEW_US	(15 * 60 * 1000000LL)	/* of a client's clock */

/* ---- what is wrong ---- */

struct signed_state *
signed_state(struct req *rq)
{

	if (rq->sig == NULL)
		rq->sig = arena_alloc(&rq->arena, sizeof(*rq->sig));
	return (rq->sig);
}

int
signed_fault(struct req *rq, int status, const char *code,
    const char *parameter, const char *fmt, ...)
{
	struct signed_fault *f = &signed_state(rq)->fault;
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	BUG_ON(n < 0);
	*f = (struct signed_fault){ .status = status, .code = code,
	    .parameter = parameter,
	    .details = arena_strdup(&rq->arena, text) };
	free(text);
	log_debug("auth n=%llu bad signature: %s",
	    (unsigned long long)rq->n, code);
	return (-1);
}

static void
signed_element(struct buf *b, const char *name, const char *text)
{
	json_t *utf8;

	if (text == NULL)
		return;
	buf_addf(b, "<%s>", name);
	/* Lines stay lines, for people who compare; what came from a client
	 * may hold what no XML may. */
	for (utf8 = json_string(text); *text != '\0'; text++) {
		char one[2] = { *text, '\0' };

		if ((one[0] & 0x80) != 0 ? utf8 != NULL : one[0] == '\n')
			buf_addc(b, one[0]);
		else if ((unsigned char)one[0] < ' ' || (one[0] & 0x80) != 0)
			buf_addc(b, '?');
		else
			req_xml_text(b, one);
	}
	json_decref(utf8);
	buf_addf(b, "</%s>", name);
}

static void
signed_reply_fault(struct req *rq, const struct signed_fault *f)
{
	static const struct { int status; const char *message; } general[] = {
		{ 400, "Invalid argument." }, { 403, "Access denied." },
		{ 501, "Not implemented." },
	};
	const char *message = NULL;
	struct buf b;

	for (size_t i = 0; i < NELEMS(general); i++)
		if (general[i].status == f->status)
			message = general[i].message;
	buf_init(&b, 8u << 20);
	buf_adds(&b, "<?xml version='1.0' encoding='UTF-8'?><Error>");
	signed_element(&b, "Code", f->code);
	signed_element(&b, "Message", message);
	signed_element(&b, "Details", f->details);
	signed_element(&b, "ParameterName", f->parameter);
	signed_element(&b, "StringToSign", f->string_to_sign);
	signed_element(&b, "CanonicalRequest", f->canonical);
	buf_adds(&b, "</Error>");
	rq->nheaders = 0;
	req_reply(rq, f->status, "application/xml; charset=UTF-8", b.p,
	    b.len);
	buf_release(&b);
}

int
signed_refuse(struct req *rq)
{

	if (rq->sig == NULL || rq->sig->fault.status == 0)
		return (0);
	signed_reply_fault(rq, &rq->sig->fault);
	return (-1);
}

/* ---- the request as it is signed ---- */

struct signed_headers {
	struct arena *a;
	struct canon_kv *kv;
	size_t	n, room;
};

static void
signed_take_header(void *cls, const char *k, const char *v)
{
	struct signed_headers *h = cls;
	struct canon_kv *more;

	if (h->n == h->room) {
		h->room = h->room > 0 ? 2 * h->room : 16;
		more = arena_alloc(h->a, h->room * sizeof(*more));
		if (h->n > 0)
			memcpy(more, h->kv, h->n * sizeof(*more));
		h->kv = more;
	}
	h->kv[h->n++] = (struct canon_kv){ .k = k, .v = v };
}

static struct canon
signed_canon(struct req *rq)
{
	struct canon_kv *q = arena_alloc(&rq->arena,
	    (rq->nquery + 1) * sizeof(*q));
	struct signed_headers h = { .a = &rq->arena };

	for (size_t i = 0; i < rq->nquery; i++)
		q[i] = (struct canon_kv){ .k = rq->query[i].k,
		    .v = rq->query[i].v };
	if (rq->head != NULL)
		server_headers(rq, signed_take_header, &h);
	return ((struct canon){ .method = rq->method, .path = rq->raw_path,
	    .query = q, .nquery = rq->nquery, .headers = h.kv,
	    .nheaders = h.n });
}

/* What an honest client may have signed: several texts, since clients differ
 * in small things. */
struct signed_texts {
	const char *text[CANON_V2_FORMS];
	size_t	n;
	const char *canonical;		/* V4: of the first */
};

/* Every x-goog- and x-amz- header must be signed, and every header that is
 * signed must be there.  The customer's key is known to its owner alone. */
static int
signed_check_headers(struct req *rq, const struct sig *s,
    const struct canon *c)
{
	const char *list = s->signed_headers;

	while (*list != '\0') {
		char *name = arena_strndup(&rq->arena, list,
		    strcspn(list, ";"));

		list += strlen(name);
		list += *list == ';';
		if (canon_header(&rq->arena, c, name) == NULL)
			return (signed_fault(rq, 400,
			    "MalformedSecurityHeader", name, "Your request "
			    "has a malformed header. Header was included in "
			    "signedheaders, but not in the request."));
	}
	for (size_t i = 0; i < c->nheaders; i++) {
		const char *k = c->headers[i].k;

		if ((strncasecmp(k, "x-goog-", 7) != 0 &&
		    strncasecmp(k, "x-amz-", 6) != 0) ||
		    strcasecmp(k, "x-goog-encryption-key") == 0 ||
		    strcasecmp(k, "x-goog-encryption-key-sha256") == 0 ||
		    canon_listed(s->signed_headers, k))
			continue;
		return (signed_fault(rq, 400, "MalformedSecurityHeader", k,
		    "Your request has a malformed header. Header was included "
		    "in the request, but not in signedheaders."));
	}
	return (0);
}

static const char *
signed_payload(struct req *rq, const struct sig *s)
{
	const char *v = req_header(rq, s->aws ? "x-amz-content-sha256" :
	    "x-goog-content-sha256");

	if (v == NULL)
		v = req_header(rq, s->aws ? "x-goog-content-sha256" :
		    "x-amz-content-sha256");
	if (v == NULL && s->query)
		v = req_query(rq, "X-Amz-Content-Sha256");
	return (v != NULL ? v : "UNSIGNED-PAYLOAD");
}

static void
signed_texts_v4(struct req *rq, const struct sig *s, const struct canon *c,
    struct signed_texts *t)
{
	struct canon_v4 o = {
		.signature = s->param, .signed_headers = s->signed_headers,
		.payload = signed_payload(rq, s),
	};
	const char *host = req_header(rq, "Host"), *colon;

	t->canonical = canon_v4(&rq->arena, c, &o);
	t->text[t->n++] = canon_v4_string(&rq->arena, s->algorithm, s->date,
	    s->scope_text, t->canonical);
	/* Some clients sign the host's name without its port. */
	colon = host != NULL ? strrchr(host, ':') : NULL;
	if (colon == NULL || strchr(colon, ']') != NULL)
		return;
	o.host = arena_strndup(&rq->arena, host, (size_t)(colon - host));
	t->text[t->n++] = canon_v4_string(&rq->arena, s->algorithm, s->date,
	    s->scope_text, canon_v4(&rq->arena, c, &o));
}

/* The bucket that the host names, and not the path. */
static const char *
signed_host_bucket(struct req *rq)
{

	return (route_host_bucket(rq->host) > 0 ? rq->bucket : NULL);
}

static void
signed_texts_v2(struct req *rq, const struct sig *s, const struct canon *c,
    struct signed_texts *t)
{
	struct canon_v2 o = { .when = s->when, .amz = s->aws,
	    .bucket = signed_host_bucket(rq) };

	for (o.form = 0; o.form < CANON_V2_FORMS; o.form++) {
		const char *text = canon_v2(&rq->arena, c, &o);
		size_t i;

		for (i = 0; i < t->n && strcmp(t->text[i], text) != 0; i++)
			;
		if (i == t->n)
			t->text[t->n++] = text;
	}
}

/* ---- who signed ---- */

static int
signed_mismatch(struct req *rq, const struct signed_texts *t)
{

	(void)signed_fault(rq, 403, "SignatureDoesNotMatch", NULL, "The "
	    "request signature we calculated does not match the signature "
	    "you provided. Check your Google secret key and signing method.");
	rq->sig->fault.string_to_sign = t->text[0];
	rq->sig->fault.canonical = t->canonical;
	return (-1);
}

static int
signed_unsure(struct req *rq, const char *details)
{

	return (signed_fault(rq, 403, "InvalidSecurity", NULL, "The provided "
	    "security credentials are not valid. %s", details));
}

static int
signed_by_rsa(struct req *rq, const struct sig *s,
    const struct signed_texts *t)
{
	const unsigned char *raw;
	struct iam_key *keys;
	size_t n, nraw;

	raw = s->v4 ? sign_from_hex(&rq->arena, s->signature, &nraw) :
	    sign_from_b64(&rq->arena, s->signature, &nraw);
	if (raw == NULL)
		return (signed_fault(rq, 400, "MalformedSecurityHeader",
		    "signature", "Your request has a malformed header. "
		    "Signature was not %s encoded", s->v4 ? "hex" :
		    "base64"));
	n = iam_key_all(rq->emu, &rq->arena, s->id, &keys);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < t->n; k++)
			if (!keys[i].disabled && sign_rsa_is(
			    keys[i].public_pem, t->text[k], raw, nraw))
				return (0);
	return (signed_mismatch(rq, t));
}

static int
signed_by_hmac(struct req *rq, const struct sig *s,
    const struct signed_texts *t, const struct hmac_key *h,
    unsigned char key[SIGN_SHA256])
{
	bool good = false;

	if (s->v4)
		sign_v4_key(s->aws ? "AWS4" : "GOOG4", h->secret, &s->scope,
		    key);
	for (size_t k = 0; k < t->n; k++) {
		const char *mine = s->v4 ?
		    sign_v4(&rq->arena, key, t->text[k]) :
		    sign_v2(&rq->arena, h->secret, t->text[k]);

		good = str_equal_secret(mine, s->signature) || good;
	}
	return (good ? 0 : signed_mismatch(rq, t));
}

/* What is known of the id that a signature names. */
struct signed_signer {
	bool	account, access;	/* it is one of ours */
	struct hmac_key hmac;		/* with access */
	const char *email;
};

static void
signed_look_up(struct req *rq, const struct sig *s, struct signed_signer *w)
{

	*w = (struct signed_signer){ .email = s->id };
	w->account = strchr(s->id, '@') != NULL &&
	    iam_account_exists(rq->emu, &rq->arena, s->id);
	if (w->account)
		return;
	w->access = hmac_get(rq->emu, &rq->arena, s->id, &w->hmac) ==
	    STORE_OK;
	if (w->access)
		w->email = w->hmac.account;
}

static int
signed_usable(struct req *rq, const struct sig *s,
    const struct signed_signer *w)
{

	if (s->rsa != w->account)
		return (signed_unsure(rq, "The algorithm is not that of the "
		    "key."));
	if (w->access && w->hmac.state != HMAC_ACTIVE)
		return (signed_unsure(rq, "The HMAC key is not active."));
	/* Where nobody is asked for credentials nobody makes accounts. */
	if ((auth_enforced(rq) ||
	    iam_account_exists(rq->emu, &rq->arena, w->email)) &&
	    !iam_account_usable(rq->emu, &rq->arena, w->email))
		return (signed_unsure(rq, "The service account is disabled "
		    "or does not exist."));
	return (0);
}

/* Everything but the texts is known: who was it?  Sets rq->auth and
 * rq->principal; key gets V4's, where *has_key.  -1: the fault is kept. */
static int
signed_judge(struct req *rq, const struct sig *s,
    const struct signed_signer *w, const struct signed_texts *t,
    unsigned char key[SIGN_SHA256])
{

	if (w->account ? signed_by_rsa(rq, s, t) :
	    signed_by_hmac(rq, s, t, &w->hmac, key))
		return (-1);
	rq->auth = AUTH_SIGNED;
	rq->principal = arena_printf(&rq->arena, "serviceAccount:%s",
	    w->email);
	return (0);
}

static int
signed_timely(struct req *rq, const struct sig *s)
{
	char end[CLOCK_RFC3339];
	int64_t now = rq->wall_us;

	if (now > s->until_us) {
		clock_rfc3339(s->until_us, end);
		end[19] = '\0';		/* without the fraction */
		return (signed_fault(rq, 400, "ExpiredToken", NULL, "The "
		    "provided token has expired. Request signature expired "
		    "at: %s+00:00", end));
	}
	if ((s->from_us != INT64_MIN && s->from_us > now + SIGNED_SKEW_US) ||
	    (s->until_us == INT64_MAX && s->from_us < now - SIGNED_SKEW_US))
		return (signed_fault(rq, 403, "RequestTimeTooSkewed", NULL,
		    "The difference between the request time and the "
		    "server's time is too large."));
	return (0);
}

/* Nothing to hold the signature against: anybody's request, unless one must
 * be somebody. */
static int
signed_unknown(struct req *rq)
{

	if (auth_enforced(rq))
		return (signed_unsure(rq, "The access id or the service "
		    "account is not known."));
	rq->auth = AUTH_NONE;
	signed_body(rq);
	return (0);
}

static int
signed_identify_as(struct req *rq, const struct sig *s)
{
	unsigned char key[SIGN_SHA256];
	struct signed_texts t = { .n = 0 };
	struct signed_signer w;
	struct canon c;

	if (signed_timely(rq, s))
		return (-1);
	signed_look_up(rq, s, &w);
	if (!w.account && !w.access)
		return (signed_unknown(rq));
	if (signed_usable(rq, s, &w))
		return (-1);
	c = signed_canon(rq);
	if (s->v4 && signed_check_headers(rq, s, &c))
		return (-1);
	if (s->v4)
		signed_texts_v4(rq, s, &c, &t);
	else
		signed_texts_v2(rq, s, &c, &t);
	if (signed_judge(rq, s, &w, &t, key))
		return (-1);
	signed_body_expect(rq, s, s->v4 && w.access ? key : NULL);
	return (0);
}

void
signed_identify(struct req *rq)
{
	struct sig s;

	rq->auth = AUTH_BAD;
	if (signed_parse(rq, &s) == 0)
		(void)signed_identify_as(rq, &s);
	if (rq->sig != NULL && rq->sig->fault.status != 0) {
		rq->auth = AUTH_BAD;
		rq->principal = NULL;
	}
}

/* ---- policy documents ---- */

int
signed_policy(struct req *rq, const struct signed_policy *p)
{
	struct sig s = { .until_us = INT64_MAX, .signature = p->signature };
	struct signed_texts t = { .text[0] = p->policy, .n = 1 };
	unsigned char key[SIGN_SHA256];
	struct signed_signer w;

	s.v4 = p->access_id == NULL;
	s.date = p->date;
	s.id = p->access_id;
	if (!s.v4)
		s.rsa = strchr(s.id, '@') != NULL;
	else if (!signed_parse_time(s.date, &s.from_us)) {
		req_fail(rq, 400, "InvalidArgument",
		    "The date is not of the form 20190201T090000Z.");
		return (-1);
	} else if (signed_parse_algorithm(rq, &s, p->algorithm) ||
	    signed_parse_credential(rq, &s, p->credential))
		return (signed_refuse(rq));
	signed_look_up(rq, &s, &w);
	if (!w.account && !w.access) {
		if (auth_enforced(rq)) {
			(void)signed_unknown(rq);
			return (signed_refuse(rq));
		}
		rq->auth = AUTH_NONE;
		return (0);
	}
	if (signed_usable(rq, &s, &w) || signed_judge(rq, &s, &w, &t, key))
		return (signed_refuse(rq));
	return (0);
}
