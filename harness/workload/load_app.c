/* The writer that asks the application to write: one POST a commit, to its
 * port on loopback.  The row's hash is known only from the answer, so what is
 * on file before the request is the digest of its payload. */
#include <curl/curl.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "harness/workload/load_int.h"
#include "lib/buf.h"
#include "lib/clock.h"

#define ANSWER_MAX	65536
#define ANSWER_MS	60000L	/* far above SQLite's busy timeout there */

struct asker {
	struct load_child *c;
	CURL	*curl;
	struct curl_slist *headers;
	struct buf answer;
	char	*url, *payload;
	char	error[CURL_ERROR_SIZE];
};

static size_t
on_data(char *p, size_t size, size_t n, void *arg)
{
	struct asker *a = arg;

	buf_add(&a->answer, p, size * n);
	return (buf_ok(&a->answer) ? size * n : 0);
}

/* The application's own file, read as any other process may. */
static enum load_end
reconcile(struct load_child *c, struct err *e)
{
	enum load_end end;
	sqlite3 *db;

	if (sqlite3_open_v2(c->file, &db, SQLITE_OPEN_READONLY, NULL) !=
	    SQLITE_OK) {
		end = load_sqlite(db, "cannot read it", e);
	} else {
		sqlite3_busy_timeout(db, 10000);
		end = load_reconcile(c, db, load_has_ledger(db), e);
	}
	sqlite3_close(db);
	if (end != LOAD_DONE)
		err_prefix(e, "database %s of the application", c->o->db);
	return (end);
}

static void
asker_open(struct asker *a)
{

	buf_init(&a->answer, ANSWER_MAX);
	a->payload = mem_alloc((size_t)a->c->o->payload + 1);
	a->url = mem_printf("%s/append", a->c->url);
	a->headers = curl_slist_append(NULL, "Expect:");
	a->headers = curl_slist_append(a->headers,
	    "Content-Type: application/octet-stream");
	a->curl = curl_easy_init();
	BUG_ON(a->curl == NULL || a->headers == NULL);
	curl_easy_setopt(a->curl, CURLOPT_URL, a->url);
	curl_easy_setopt(a->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(a->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(a->curl, CURLOPT_TIMEOUT_MS, ANSWER_MS);
	curl_easy_setopt(a->curl, CURLOPT_ERRORBUFFER, a->error);
	curl_easy_setopt(a->curl, CURLOPT_HTTPHEADER, a->headers);
	curl_easy_setopt(a->curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(a->curl, CURLOPT_WRITEDATA, a);
}

static void
asker_close(struct asker *a)
{

	curl_easy_cleanup(a->curl);
	curl_slist_free_all(a->headers);
	buf_release(&a->answer);
	free(a->url);
	free(a->payload);
}

/* A connection that breaks is how an application looks that was killed. */
static enum load_end
post(struct asker *a, struct err *e)
{
	long status = 0;
	CURLcode rc;

	buf_reset(&a->answer);
	a->error[0] = '\0';
	curl_easy_setopt(a->curl, CURLOPT_POSTFIELDS, a->payload);
	curl_easy_setopt(a->curl, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)a->c->o->payload);
	rc = curl_easy_perform(a->curl);
	if (rc != CURLE_OK) {
		err_set(e, "the application at %s: %s", a->c->url,
		    a->error[0] != '\0' ? a->error : curl_easy_strerror(rc));
		return (rc == CURLE_OPERATION_TIMEDOUT ||
		    rc == CURLE_WRITE_ERROR ? LOAD_WRONG : LOAD_GONE);
	}
	curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		err_set(e, "the application at %s answered %ld to an append",
		    a->c->url, status);
		return (LOAD_WRONG);
	}
	return (LOAD_DONE);
}

static enum load_end
append(struct asker *a, struct err *e)
{
	struct load_child *c = a->c;
	const struct ledger_entry *head = ledger_head(c->ledger);
	char digest[LEDGER_HASH + 1];
	json_int_t seq, at_us;
	const char *hash;
	enum load_end end;
	json_t *j;
	int rc;

	load_fill(a->payload, (size_t)c->o->payload, &c->rng);
	ledger_digest(digest, a->payload, (size_t)c->o->payload);
	if (ledger_ask(c->ledger, head != NULL ? head->seq + 1 : 1,
	    clock_wall_us(NULL), digest) != 0) {
		err_setno(e, "cannot write to the ledger");
		return (LOAD_BROKEN);
	}
	if ((end = post(a, e)) != LOAD_DONE)
		return (end);
	j = json_loadb(a->answer.p, a->answer.len, 0, NULL);
	if (j == NULL || json_unpack(j, "{s:I, s:I, s:s}", "seq", &seq,
	    "at_us", &at_us, "hash", &hash) != 0 || seq < 1 ||
	    strlen(hash) != LEDGER_HASH ||
	    strspn(hash, "0123456789abcdef") != LEDGER_HASH) {
		json_decref(j);
		err_set(e, "the application at %s did not answer with the "
		    "row's seq, at_us and hash", c->url);
		return (LOAD_WRONG);
	}
	rc = ledger_answer(c->ledger, seq, at_us, hash, digest,
	    clock_wall_us(NULL));
	json_decref(j);
	if (rc != 0) {
		err_setno(e, "cannot write to the ledger");
		return (LOAD_BROKEN);
	}
	return (ledger_refresh(c->ledger, e) == 0 ? LOAD_DONE : LOAD_WRONG);
}

enum load_end
load_app_main(struct load_child *c, struct err *e)
{
	struct asker a = { .c = c };
	enum load_end end;
	int64_t i;

	if ((end = reconcile(c, e)) != LOAD_DONE)
		return (end);
	asker_open(&a);
	load_ready(c);
	for (i = 0; end == LOAD_DONE &&
	    (c->o->rows == 0 || i < c->o->rows); i++)
		if ((end = append(&a, e)) == LOAD_DONE && load_pause(c))
			break;
	/* One that ran until the application was killed has done its work; one
	 * that never reached it has not. */
	if (end == LOAD_GONE && i == 1 && c->o->name != NULL) {
		char *why = mem_strdup(err_msg(e));

		err_release(e);
		err_set(e, "inconclusive: no append was answered; %s", why);
		free(why);
		end = LOAD_BROKEN;
	}
	asker_close(&a);
	return (end);
}
