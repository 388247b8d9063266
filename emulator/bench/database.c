#include "emulator/bench/database.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdlib.h>

#define PAGE	4096
#define ROW	3900		/* bytes: one fills a page */

static int
database_sql(sqlite3 *db, const char *text, struct err *e)
{
	char *msg = NULL;
	int rc = sqlite3_exec(db, text, NULL, NULL, &msg);

	if (rc != SQLITE_OK)
		err_set(e, "%s: %s", text, msg != NULL ? msg : "failed");
	sqlite3_free(msg);
	return (rc == SQLITE_OK ? 0 : -1);
}

int
database_make(const char *file, int64_t bytes, struct err *e)
{
	char *fill = mem_printf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
	    "SELECT i + 1 FROM n WHERE i < %" PRId64 ") INSERT INTO t(data) "
	    "SELECT randomblob(%d) FROM n", bytes / PAGE, ROW);
	sqlite3 *db = NULL;
	int rc = sqlite3_open(file, &db) == SQLITE_OK ? 0 :
	    err_set(e, "cannot open %s", file);

	if (rc == 0)
		rc = database_sql(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = "
		    "OFF; CREATE TABLE t(id INTEGER PRIMARY KEY, data BLOB)",
		    e);
	if (rc == 0)
		rc = database_sql(db, fill, e);
	if (rc == 0)
		rc = database_sql(db, "PRAGMA wal_checkpoint(TRUNCATE)", e);
	(void)sqlite3_close(db);
	free(fill);
	return (rc);
}

int
database_sum(const char *file, unsigned char sum[DATABASE_SUM],
    struct err *e)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	int rc;

	BUG_ON(c == NULL || EVP_DigestInit_ex(c, EVP_md5(), NULL) != 1);
	rc = sqlite3_open(file, &db);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, "SELECT data FROM t ORDER BY id",
		    -1, &st, NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		BUG_ON(EVP_DigestUpdate(c, sqlite3_column_blob(st, 0),
		    (size_t)sqlite3_column_bytes(st, 0)) != 1);
		rc = SQLITE_OK;
	}
	if (rc != SQLITE_DONE)
		err_set(e, "%s: %s", file, sqlite3_errmsg(db));
	BUG_ON(EVP_DigestFinal_ex(c, sum, NULL) != 1);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	EVP_MD_CTX_free(c);
	return (rc == SQLITE_DONE ? 0 : -1);
}
