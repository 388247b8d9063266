/* Names that are meant to hurt: each is either refused with a 400 or an object
 * that is read back by exactly that name, by every API; and none of them makes
 * a file by a name of its own. */
#include <ftw.h>

#include "emulator/tests/client.h"
#include "lib/str.h"

struct name {
	char	*p;			/* may hold NULs */
	size_t	n;
	bool	refused;
};

static struct name names[600];
static size_t nnames;

static void
take(const char *p, size_t n, bool refused)
{

	ck_assert_uint_lt(nnames, NELEMS(names));
	names[nnames] = (struct name){ mem_alloc(n + 1), n, refused };
	memcpy(names[nnames++].p, p, n);
}

static void
take_all(bool refused, const char *const *v)
{

	for (; *v != NULL; v++)
		take(*v, strlen(*v), refused);
}

static void
make_names(void)
{
	static const char *const good[] = {
		"../x", "../../../../../../tmp/escaped", "a/../b", "a/./b",
		"/abs", "//", "///x", "a//b", "a/", "/", "./x", "..a", "a..",
		".../x", "%2e%2e", "%2e%2e%2fx", "%252e", "%00", "%", "%zz",
		"~", "~root/x", "$(id)", "`id`", "$HOME", "a;b", "a|b", "-rf",
		"--help", "*", "**", "?", "[a]", "{a}", "\\", "..\\..\\x",
		"C:\\x", "con", "nul", "a b", " a", "a ", "  ", "a\tb", "'",
		"\"", "<a>", "&amp;", "]]>", "<!--", "{\"name\":1}", "a=b&c=d",
		"a?b#c", "a+b", "a%20b", "\xc3\xa9", "e\xcc\x81",
		"\xf0\x9f\x94\xa5", "\xe2\x80\xae" "abc", "\xef\xbb\xbf" "bom",
		"\xe2\x80\x8b", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf",
		"o", "o/acl", "acl", "compose", "x/compose", "x/rewriteTo/b/"
		"names/o/y", "iam", "b/names/o/x", "upload/storage/v1",
		"_emulator/ready", "storage/v1/b", "batch", "lock", "store.db",
		"store.db-wal", "../control-token", "payloads/00", ".hidden",
		"a\xc2\x80z", "\xe4\xb8\xad\xe6\x96\x87", NULL
	};
	static const char *const bad[] = {
		"", ".", "..", "a\nb", "a\rb", "\n", "\r\n", "\xc0\xaf",
		"\xc0\xae\xc0\xae/", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
		"\xed\xa0\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "a\x80",
		"\xc3", "\xe2\x82", "\xf0\x9f\x94",
		".well-known/acme-challenge/x", NULL
	};
	char s[1100];

	take_all(false, good);
	take_all(true, bad);
	for (int c = 1; c < 128; c++) {
		s[0] = (char)c;
		s[1] = 'x';
		s[2] = (char)c;
		take(s, 1, c == '\n' || c == '\r' || c == '.');
		take(s, 3, c == '\n' || c == '\r');
	}
	memset(s, 'n', sizeof(s));
	take(s, 1024, false);
	take(s, 1025, true);
	memset(s, '/', sizeof(s));
	take(s, 1024, false);
	for (int i = 0; i < 1024; i += 2)
		memcpy(s + i, "\xc3\xa9", 2);
	take(s, 1024, false);
	take(s, 1026, true);
	take("\0", 1, false);
	take("\0\0", 2, false);
	take("a\0b", 3, false);
	take("\0a", 2, false);
	take("a\0", 2, false);
	take("\0\1", 2, false);
	take("\1\0", 2, false);
	take("\1\1", 2, false);
	take("\1\2", 2, false);
	take("\0\2", 2, false);
	take("a/\0/b", 5, false);
	take("\0\n", 2, true);
	memset(s, 0, sizeof(s));
	take(s, 1024, false);
	take(s, 1025, true);
}

/* Every byte escaped, so that nothing on the way has an opinion. */
static char *
escaped(const struct name *x)
{
	struct buf b;

	buf_init(&b, 1u << 16);
	for (size_t i = 0; i < x->n; i++)
		buf_addf(&b, "%%%02X", (unsigned char)x->p[i]);
	return (buf_detach(&b));
}

static void
ck_name(const struct name *x)
{
	json_auto_t *j = json_loadb(cl.body.p, cl.body.len, JSON_ALLOW_NUL,
	    NULL);
	const json_t *v = json_object_get(j, "name");

	ck_assert_msg(json_string_length(v) == x->n &&
	    memcmp(json_string_value(v), x->p, x->n) == 0, "%s", cl.body.p);
}

static void
ck_one(const struct name *x, size_t i)
{
	char *e = escaped(x), body[32];
	char *url = mem_printf("/upload/storage/v1/b/names/o?uploadType=media"
	    "&name=%s", e);
	int status;

	(void)snprintf(body, sizeof(body), "body %zu", i);
	status = client_text("POST", url, body);
	ck_assert_msg(status == (x->refused ? 400 : 200), "%s: %d: %s", e,
	    status, cl.body.p);
	free(url);
	if (!x->refused) {
		ck_name(x);
		url = mem_printf("/storage/v1/b/names/o/%s", e);
		ck_assert_msg(client_get(url) == 200, "%s", e);
		ck_name(x);
		free(url);
		url = mem_printf("/storage/v1/b/names/o/%s?alt=media", e);
		ck_assert_msg(client_get(url) == 200, "%s", e);
		ck_assert_str_eq(cl.body.p, body);
		free(url);
		url = mem_printf("/names/%s", e);
		ck_assert_msg(client_get(url) == 200, "%s", e);
		ck_assert_str_eq(cl.body.p, body);
		ck_assert_msg(client_text("PUT", url, body) == 200, "%s", e);
		free(url);
	}
	free(e);
}

static unsigned files;

static int
ck_file(const char *path, const struct stat *sb, int type, struct FTW *f)
{
	static const char *const ours[] = { "store.db", "store.db-wal",
		"store.db-shm", "lock", "room", "ca.pem", "ca-key.pem",
		"control-token", "owner-key.json", NULL };
	const char *name = path + f->base;
	size_t i;

	(void)sb;
	if (type != FTW_F) {
		ck_assert_int_ne(type, FTW_SL);
		return (0);
	}
	files++;
	for (i = 0; ours[i] != NULL && strcmp(ours[i], name) != 0; i++)
		;
	/* Else a payload: sixteen hex digits. */
	if (ours[i] == NULL)
		ck_assert_msg(strlen(name) == 16 && strspn(name,
		    "0123456789abcdef") == 16, "a file of its own: %s", path);
	return (0);
}

static unsigned
listed(void)
{
	unsigned n = 0;
	char *token = mem_strdup("");

	for (;;) {
		char *url = mem_printf("/storage/v1/b/names/o?maxResults=100"
		    "&fields=items/name,nextPageToken&pageToken=%s", token);
		json_auto_t *j = NULL;
		const char *next;

		ck_assert_int_eq(client_get(url), 200);
		free(url);
		free(token);
		j = json_loadb(cl.body.p, cl.body.len, JSON_ALLOW_NUL, NULL);
		n += (unsigned)json_array_size(json_object_get(j, "items"));
		next = json_string_value(json_object_get(j, "nextPageToken"));
		if (next == NULL)
			return (n);
		token = mem_strdup(next);
	}
}

START_TEST(hostile_names_are_refused_or_kept_exactly)
{
	const struct start_opts o = { .data = NULL };
	unsigned kept = 0;

	make_names();
	ck_assert_uint_ge(nnames, 300);
	client_start(&o);
	ck_assert_int_eq(client_post("/storage/v1/b?project=litedrill",
	    "{\"name\":\"names\"}"), 200);
	for (size_t i = 0; i < nnames; i++)
		ck_one(&names[i], i);
	/* Some are there twice, by both ways of making them. */
	for (size_t i = 0; i < nnames; i++) {
		bool again = names[i].refused;

		for (size_t j = 0; j < i && !again; j++)
			again = names[j].n == names[i].n &&
			    memcmp(names[j].p, names[i].p, names[i].n) == 0;
		kept += !again;
	}
	ck_assert_uint_eq(listed(), kept);
	ck_assert_int_eq(nftw(cl.emu->data, ck_file, 16, FTW_PHYS), 0);
	ck_assert_uint_gt(files, 0);
	client_stop();
}
END_TEST

START_TEST(hostile_bucket_names_are_refused)
{
	static const char *const bad[] = { "", "a", "ab", ".", "..", "../x",
		"a/b", "A-b-c", "-abc", "abc-", "_abc", "abc_", "a..b", ".abc",
		"abc.", "192.168.5.4", "goog-x", "xgoogle-a",
		"g00gle", "a b c", "abc\n", "\xc3\xa9\xc3\xa9\xc3\xa9",
		"abc%2f", "abc?", "abc#", "abc\\", "store.db/..", "a*c", "a:c",
		"%2e%2e", "abc\x01", "abc\x7f", NULL };
	static const char *const good[] = { "abc", "a-b-c", "a_b-c", "a.b.c",
		"0ab", "ab0", "a--b", "a__b", NULL };
	const struct start_opts o = { .data = NULL };
	char *body, longer[300];

	client_start(&o);
	for (size_t i = 0; bad[i] != NULL; i++) {
		json_auto_t *j = json_pack("{s:s}", "name", bad[i]);

		body = json_dumps(j, 0);
		ck_assert_msg(client_post("/storage/v1/b?project=litedrill",
		    body) == 400, "%s: %d", bad[i], cl.status);
		free(body);
	}
	for (size_t n = 62; n < 65; n++) {
		memset(longer, 'a', n);
		longer[n] = '\0';
		body = mem_printf("{\"name\":\"%s\"}", longer);
		ck_assert_int_eq(client_post(
		    "/storage/v1/b?project=litedrill", body), n <= 63 ? 200 :
		    400);
		free(body);
	}
	for (size_t i = 0; good[i] != NULL; i++) {
		body = mem_printf("{\"name\":\"%s\"}", good[i]);
		ck_assert_msg(client_post("/storage/v1/b?project=litedrill",
		    body) == 200, "%s: %s", good[i], cl.body.p);
		free(body);
	}
	client_stop();
}
END_TEST

static void
add(TCase *t)
{

	tcase_add_test(t, hostile_names_are_refused_or_kept_exactly);
	tcase_add_test(t, hostile_bucket_names_are_refused);
}

int
main(void)
{

	return (client_main("hostile_names", add));
}
