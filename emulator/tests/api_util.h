/* emulator/tests/api_util.h: one-line calls of the storage API over real
 * connections, for the test programs of its resources. */
#ifndef EMULATOR_TESTS_API_UTIL_H
#define EMULATOR_TESTS_API_UTIL_H

#include "emulator/tests/client.h"

#define B	"/storage/v1/b"
#define O	B "/bkt/o"
#define UP	"/upload/storage/v1/b/bkt/o"
#define MEDIA	UP "?uploadType=media&name="
#define UNUSED	__attribute__((unused))

static UNUSED void
api_start(void)
{
	struct start_opts o = { .http = NULL };

	client_start(&o);
}

/* The bucket bkt with these fields (",\"a\":1" or ""). */
static UNUSED void
api_bucket(const char *fields)
{
	char body[4096];

	(void)snprintf(body, sizeof(body), "{\"name\":\"bkt\"%s}", fields);
	ck_assert_int_eq(client_post(B "?project=p"
	    "&enableObjectRetention=true", body), 200);
}

/* A method on a path made like printf's; the status. */
static UNUSED int PRINTF_LIKE(3, 4)
api_do(const char *method, const char *body, const char *fmt, ...)
{
	char path[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (body == NULL)
		return (client_ask(method, path, NULL, 0, NULL));
	return (client_ask(method, path, body, strlen(body),
	    "Content-Type: application/json"));
}

/* The text at a.b.c of the last answer, numbers and flags as text too; "" where
 * there is none.  In one of eight static places. */
static UNUSED const char *
api_text(const char *path)
{
	static char value[8][512];
	static unsigned turn;
	json_auto_t *j = client_json();
	char *copy = strdup(path), *rest = copy, *k;
	char *v = value[turn++ % 8];
	const json_t *x = j;

	while ((k = strsep(&rest, ".")) != NULL)
		x = *k >= '0' && *k <= '9' && json_is_array(x) ?
		    json_array_get(x, (size_t)atoi(k)) :
		    json_object_get(x, k);
	free(copy);
	*v = '\0';
	if (json_is_string(x))
		(void)snprintf(v, 512, "%s", json_string_value(x));
	else if (json_is_integer(x))
		(void)snprintf(v, 512, "%lld",
		    (long long)json_integer_value(x));
	else if (json_is_boolean(x))
		(void)snprintf(v, 512, "%s", json_is_true(x) ? "true" :
		    "false");
	return (v);
}

static UNUSED void
api_is(const char *path, const char *want)
{

	ck_assert_msg(strcmp(api_text(path), want) == 0,
	    "%s is '%s', not '%s': %s", path, api_text(path), want,
	    cl.body.p);
}

/* The last request was refused that way. */
static UNUSED void
api_refused(int status, const char *reason)
{

	ck_assert_msg(cl.status == status, "%d instead of %d: %s", cl.status,
	    status, cl.body.p);
	api_is("error.errors.0.reason", reason);
}

/* Upload text; the new generation, in a static place as api_text()'s. */
static UNUSED const char *
api_put(const char *name, const char *text)
{
	char path[1024];

	(void)snprintf(path, sizeof(path), MEDIA "%s", name);
	ck_assert_int_eq(client_ask("POST", path, text, strlen(text),
	    "Content-Type: text/plain"), 200);
	return (api_text("generation"));
}

static UNUSED void
api_body_is(const char *text)
{

	ck_assert_uint_eq(cl.body.len, strlen(text));
	ck_assert_mem_eq(cl.body.p, text, strlen(text));
}

/* The emulator's clock goes on by so many seconds, as the control API does. */
static UNUSED void
api_pass(long seconds)
{
	static long shift;
	char body[64], token[128];
	const char *headers[] = { token, NULL };

	shift = (long)(atomic_load(&cl.emu->clock.shift_us) / 1000000) +
	    seconds;
	(void)snprintf(body, sizeof(body), "{\"shift_ms\":%ld}",
	    shift * 1000);
	(void)snprintf(token, sizeof(token), "X-Emulator-Token: %s",
	    cl.emu->control_token);
	ck_assert_int_eq(client_try("POST", client_url("/_emulator/clock"),
	    body, strlen(body), headers), CURLE_OK);
	ck_assert_int_eq(cl.status, 200);
}

/* Names of the last listing, in order, with a space behind each. */
static UNUSED const char *
api_names(void)
{
	static char names[4096];
	json_auto_t *j = client_json();
	const json_t *x;
	size_t i;

	*names = '\0';
	json_array_foreach(json_object_get(j, "items"), i, x) {
		size_t n = strlen(names);

		(void)snprintf(names + n, sizeof(names) - n, "%s ",
		    json_string_value(json_object_get(x, "name")));
	}
	return (names);
}

#endif
