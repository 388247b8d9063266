/* emulator/tests/signer.h: requests that are signed, and sent to a whole
 * emulator (client.h) as they are or altered.  The texts that are signed are
 * canon.c's, which test_canon.c holds against other people's clients. */
#ifndef EMULATOR_TESTS_SIGNER_H
#define EMULATOR_TESTS_SIGNER_H

#include <time.h>

#include "emulator/identity/canon.h"
#include "emulator/identity/hmac.h"
#include "emulator/identity/iam.h"
#include "emulator/identity/jwt.h"
#include "emulator/identity/oauth.h"
#include "emulator/identity/sign.h"
#include "emulator/tests/client.h"
#include "lib/nul.h"
#include "lib/str.h"

#define SHOT_KV		24

struct signer {
	struct arena arena;
	const char *email, *pem;	/* RSA */
	struct hmac_key hmac;
	const char *bearer;		/* a header */
};

static struct signer sg;

/* One request, before it is put on the wire. */
struct shot {
	const char *method, *path;
	const char *host;		/* as it will be sent */
	struct canon_kv query[SHOT_KV], headers[SHOT_KV];
	size_t	nquery, nheaders;
	const char *body;
	size_t	nbody;
};

enum shot_form {
	FORM_V4_RSA, FORM_V4_HMAC, FORM_AWS4, FORM_V4_HEADER,
	FORM_AWS4_HEADER, FORM_V2_RSA, FORM_V2_HMAC, FORM_V2_HEADER,
	FORM_AWS2_HEADER, FORMS
};

/* ---- who signs ---- */

/* One RSA key for all tests of a program, since each takes 0.1 s to make; it
 * is given to whoever signs. */
static const char *signer_private, *signer_public;

static inline void
signer_make_key(void)
{
	static struct arena forever;
	struct err e = ERR_INIT;

	if (jwt_new_key(&forever, &signer_private, &signer_public, &e) != 0)
		abort();
}

static inline void
signer_give_key(const char *email)
{
	json_auto_t *j = NULL, *acc = NULL;
	int64_t version;
	char *text;

	ck_assert_int_eq(iam_account(cl.emu, &sg.arena, email, &acc,
	    &version), STORE_OK);
	j = json_pack("{s:s, s:O, s:s, s:I, s:b}", "account", email, "id",
	    json_object_get(acc, "uniqueId"), "publicKey", signer_public,
	    "created", (json_int_t)0, "disabled", 0);
	text = json_dumps(j, 0);
	ck_assert_int_eq(store_record_put(cl.emu->store, "key", email, text,
	    0, NULL), STORE_OK);
	free(text);
	sg.pem = signer_private;
}

/* From here on the owner signs, or whoever it is. */
static inline void
signer_use(const char *email)
{

	sg.email = arena_strdup(&sg.arena, email);
	signer_give_key(email);
	ck_assert_int_eq(hmac_new(cl.emu, &sg.arena, cl.emu->project, sg.email,
	    &sg.hmac), STORE_OK);
}

static inline void
signer_start(enum start_auth auth)
{
	struct start_opts o = { .auth = auth };

	client_start(&o);
	sg = (struct signer){ .arena = ARENA_INIT };
	signer_use(cl.emu->owner);
	sg.bearer = arena_printf(&sg.arena, "Authorization: Bearer %s",
	    oauth_mint(cl.emu, &sg.arena, sg.email,
	    "https://www.googleapis.com/auth/cloud-platform"));
}

static inline void
signer_stop(void)
{

	arena_release(&sg.arena);
	client_stop();
}

/* ---- building ---- */

static inline void
shot_query(struct shot *s, const char *k, const char *v)
{

	ck_assert_uint_lt(s->nquery, SHOT_KV);
	s->query[s->nquery++] = (struct canon_kv){ k, v };
}

static inline void
shot_header(struct shot *s, const char *k, const char *v)
{

	ck_assert_uint_lt(s->nheaders, SHOT_KV);
	s->headers[s->nheaders++] = (struct canon_kv){ k, v };
}

static inline const char **
shot_find(struct canon_kv *kv, size_t n, const char *k)
{

	for (size_t i = 0; i < n; i++)
		if (strcmp(kv[i].k, k) == 0)
			return (&kv[i].v);
	ck_abort_msg("there is no %s", k);
}

static inline struct shot
shot_new(const char *method, const char *path)
{
	struct shot s = { .method = method, .path = path };

	s.host = arena_printf(&sg.arena, "127.0.0.1:%d", cl.emu->http_port);
	return (s);
}

/* As it will come: with the Host header. */
static inline struct canon
shot_canon(const struct shot *s)
{
	struct canon_kv *h = arena_alloc(&sg.arena,
	    (s->nheaders + 1) * sizeof(*h));

	h[0] = (struct canon_kv){ "Host", s->host };
	memcpy(h + 1, s->headers, s->nheaders * sizeof(*h));
	return ((struct canon){ .method = s->method, .path = s->path,
	    .query = s->query, .nquery = s->nquery, .headers = h,
	    .nheaders = s->nheaders + 1 });
}

static inline const char *
shot_time(int64_t shift_s, const char *form)
{
	time_t t = (time_t)(clock_wall_us(&cl.emu->clock) / 1000000 +
	    shift_s);
	struct tm tm;
	char text[64];

	ck_assert_ptr_nonnull(gmtime_r(&t, &tm));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	ck_assert_uint_gt(strftime(text, sizeof(text), form, &tm), 0);
#pragma GCC diagnostic pop
	return (arena_strdup(&sg.arena, text));
}

static inline const char *
shot_rsa(const char *text, bool hex)
{
	const unsigned char *sig;
	struct buf b;
	size_t n;
	char *out;

	sig = sign_rsa(&sg.arena, sg.pem, text, strlen(text), &n);
	ck_assert_ptr_nonnull(sig);
	if (hex) {
		out = arena_alloc(&sg.arena, 2 * n + 1);
		str_hex(out, sig, n);
		return (out);
	}
	buf_init(&b, 4096);
	str_b64_encode(&b, sig, n, false);
	out = arena_strdup(&sg.arena, b.p);
	buf_release(&b);
	return (out);
}

static inline int
shot_names_cmp(const void *a, const void *b)
{

	return (strcmp(*(const char *const *)a, *(const char *const *)b));
}

/* All headers, sorted: "host;x-goog-date". */
static inline const char *
shot_names(const struct shot *s)
{
	const char *names[SHOT_KV + 1], *list = NULL;
	char *low;

	for (size_t i = 0; i < s->nheaders; i++) {
		low = arena_strdup(&sg.arena, s->headers[i].k);
		for (char *p = low; *p != '\0'; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p + 32);
		names[i] = low;
	}
	names[s->nheaders] = "host";
	qsort(names, s->nheaders + 1, sizeof(*names), shot_names_cmp);
	for (size_t i = 0; i <= s->nheaders; i++)
		list = list == NULL ? names[i] : arena_printf(&sg.arena,
		    "%s;%s", list, names[i]);
	return (list);
}

struct shot_v4 {
	const char *family, *algorithm, *id, *scope;
	bool	rsa;
	int64_t	shift_s;		/* of the date */
	const char *expires;
};

static inline struct shot_v4
shot_v4_of(enum shot_form f)
{
	bool aws = f == FORM_AWS4 || f == FORM_AWS4_HEADER;
	bool rsa = f == FORM_V4_RSA;

	return ((struct shot_v4){
		.family = aws ? "Amz" : "Goog", .rsa = rsa,
		.algorithm = rsa ? "GOOG4-RSA-SHA256" :
		    aws ? "AWS4-HMAC-SHA256" : "GOOG4-HMAC-SHA256",
		.id = rsa ? sg.email : sg.hmac.access_id,
		.scope = aws ? "auto/s3/aws4_request" :
		    "auto/storage/goog4_request",
		.expires = "600",
	});
}

static inline void
shot_v4_key(const struct shot_v4 *v, const char *date,
    unsigned char key[SIGN_SHA256])
{
	struct sign_scope scope = { .date = arena_strndup(&sg.arena, date, 8),
	    .location = "auto",
	    .service = *v->family == 'A' ? "s3" : "storage",
	    .request = *v->family == 'A' ? "aws4_request" : "goog4_request" };

	sign_v4_key(*v->family == 'A' ? "AWS4" : "GOOG4", sg.hmac.secret,
	    &scope, key);
}

static inline const char *
shot_v4_sign(const struct shot *s, const struct shot_v4 *v, const char *date,
    const struct canon_v4 *o)
{
	struct canon c = shot_canon(s);
	unsigned char key[SIGN_SHA256];
	const char *text = canon_v4_string(&sg.arena, v->algorithm, date,
	    arena_printf(&sg.arena, "%.8s/%s", date, v->scope),
	    canon_v4(&sg.arena, &c, o));

	if (v->rsa)
		return (shot_rsa(text, true));
	shot_v4_key(v, date, key);
	return (sign_v4(&sg.arena, key, text));
}

static inline void
shot_sign_v4(struct shot *s, const struct shot_v4 *v)
{
	const char *date = shot_time(v->shift_s, "%Y%m%dT%H%M%SZ");
	const char *names[] = { "Algorithm", "Credential", "Date", "Expires",
	    "SignedHeaders" };
	const char *values[] = { v->algorithm, arena_printf(&sg.arena,
	    "%s/%.8s/%s", v->id, date, v->scope), date, v->expires,
	    shot_names(s) };
	struct canon_v4 o = { .signed_headers = values[4],
	    .payload = "UNSIGNED-PAYLOAD" };
	const char *sig;

	for (size_t i = 0; i < s->nheaders; i++)
		if (strcasecmp(s->headers[i].k, "x-goog-content-sha256") == 0)
			o.payload = s->headers[i].v;
	for (size_t i = 0; i < NELEMS(names); i++)
		shot_query(s, arena_printf(&sg.arena, "X-%s-%s", v->family,
		    names[i]), values[i]);
	sig = shot_v4_sign(s, v, date, &o);
	shot_query(s, arena_printf(&sg.arena, "X-%s-Signature", v->family),
	    sig);
}

/* The signature comes back too, for what is chained to it. */
static inline const char *
shot_sign_header(struct shot *s, const struct shot_v4 *v, const char *payload)
{
	const char *date = shot_time(v->shift_s, "%Y%m%dT%H%M%SZ");
	const char *prefix = *v->family == 'A' ? "x-amz" : "x-goog", *sig;
	struct canon_v4 o = { .payload = payload };

	shot_header(s, arena_printf(&sg.arena, "%s-date", prefix), date);
	shot_header(s, arena_printf(&sg.arena, "%s-content-sha256", prefix),
	    payload);
	o.signed_headers = shot_names(s);
	sig = shot_v4_sign(s, v, date, &o);
	shot_header(s, "Authorization", arena_printf(&sg.arena,
	    "%s Credential=%s/%.8s/%s, SignedHeaders=%s, Signature=%s",
	    v->algorithm, v->id, date, v->scope, o.signed_headers, sig));
	return (sig);
}

static inline void
shot_sign_v2(struct shot *s, enum shot_form f, int64_t life_s)
{
	const char *when = arena_printf(&sg.arena, "%lld", (long long)
	    (clock_wall_us(&cl.emu->clock) / 1000000 + life_s));
	struct canon_v2 o = { .when = when };
	struct canon c = shot_canon(s);
	const char *text = canon_v2(&sg.arena, &c, &o);
	bool rsa = f == FORM_V2_RSA;

	shot_query(s, "GoogleAccessId", rsa ? sg.email : sg.hmac.access_id);
	shot_query(s, "Expires", when);
	shot_query(s, "Signature", rsa ? shot_rsa(text, false) :
	    sign_v2(&sg.arena, sg.hmac.secret, text));
}

static inline void
shot_sign_header_v2(struct shot *s, enum shot_form f, int64_t shift_s)
{
	const char *when = shot_time(shift_s, "%a, %d %b %Y %H:%M:%S GMT");
	bool aws = f == FORM_AWS2_HEADER;
	struct canon_v2 o = { .when = when, .amz = aws };
	struct canon c;

	shot_header(s, "Date", when);
	c = shot_canon(s);
	shot_header(s, "Authorization", arena_printf(&sg.arena, "%s %s:%s",
	    aws ? "AWS" : "GOOG1", sg.hmac.access_id, sign_v2(&sg.arena,
	    sg.hmac.secret, canon_v2(&sg.arena, &c, &o))));
}

static inline void
shot_sign(struct shot *s, enum shot_form f)
{
	struct shot_v4 v;

	switch (f) {
	case FORM_V4_RSA:
	case FORM_V4_HMAC:
	case FORM_AWS4:
		v = shot_v4_of(f);
		shot_sign_v4(s, &v);
		return;
	case FORM_V4_HEADER:
	case FORM_AWS4_HEADER:
		v = shot_v4_of(f);
		(void)shot_sign_header(s, &v, sign_sha256(&sg.arena,
		    s->body != NULL ? s->body : "", s->nbody));
		return;
	case FORM_V2_RSA:
	case FORM_V2_HMAC:
		shot_sign_v2(s, f, 600);
		return;
	default:
		shot_sign_header_v2(s, f, 0);
		return;
	}
}

/* ---- sending ---- */

static inline const char *
shot_url(const struct shot *s)
{
	const char *url;
	struct buf b;

	buf_init(&b, 64u << 10);
	buf_addf(&b, "http://127.0.0.1:%d%s", cl.emu->http_port, s->path);
	for (size_t i = 0; i < s->nquery; i++) {
		buf_addc(&b, i == 0 ? '?' : '&');
		nul_pct_encode(&b, s->query[i].k, false);
		buf_addc(&b, '=');
		nul_pct_encode(&b, s->query[i].v, false);
	}
	url = arena_strdup(&sg.arena, b.p);
	buf_release(&b);
	return (url);
}

/* With a URL that may be another; the status. */
static inline int
shot_fire_at(const struct shot *s, const char *url)
{
	const char *h[SHOT_KV + 4];
	size_t n = 0;

	for (size_t i = 0; i < s->nheaders; i++)
		h[n++] = arena_printf(&sg.arena, "%s: %s", s->headers[i].k,
		    s->headers[i].v);
	h[n++] = arena_printf(&sg.arena, "Host: %s", s->host);
	if (s->body != NULL)		/* curl's own would be signed, too */
		h[n++] = "Content-Type:";
	h[n] = NULL;
	curl_easy_setopt(cl.curl, CURLOPT_PATH_AS_IS, 1L);
	ck_assert_int_eq(client_try(s->method, url, s->body, s->nbody, h),
	    CURLE_OK);
	return (cl.status);
}

static inline int
shot_fire(const struct shot *s)
{

	return (shot_fire_at(s, shot_url(s)));
}

/* As the owner, by a token. */
static inline int
signer_ask(const char *method, const char *path, const char *body)
{

	return (client_ask(method, path, body, body != NULL ? strlen(body) :
	    0, sg.bearer));
}

/* The <Code> of the last answer. */
static inline void
shot_code_is(const char *code)
{
	char want[64];

	(void)snprintf(want, sizeof(want), "<Code>%s</Code>", code);
	ck_assert_msg(strstr(cl.body.p, want) != NULL, "%d %s", cl.status,
	    cl.body.p);
}

#endif
