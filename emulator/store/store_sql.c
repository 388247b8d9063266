#include <errno.h>
#include <stdarg.h>

#include "emulator/store/store_int.h"
#include "lib/log.h"
#include "lib/str.h"

static const char *const sql_text[SQL_N] = {
#define SQL(name, text) [SQL_##name] = text,
#include "emulator/store/store_sql.def"
#undef SQL
};

enum store_rc
store_errno_rc(int no)
{

	if (no == ENOSPC || no == EDQUOT || no == EFBIG)
		return (STORE_FULL);
	return (STORE_IO);
}

/* errno of the last failed write to the database file or its WAL. */
static bool
store_sql_write_full(struct store_conn *c)
{
	const int files[] = { SQLITE_FCNTL_FILE_POINTER,
		SQLITE_FCNTL_JOURNAL_POINTER };	/* in WAL mode, the WAL */

	for (size_t i = 0; i < NELEMS(files); i++) {
		sqlite3_file *f = NULL;
		int no = 0;

		(void)sqlite3_file_control(c->db, "main", files[i], &f);
		if (f != NULL && f->pMethods != NULL)
			(void)f->pMethods->xFileControl(f,
			    SQLITE_FCNTL_LAST_ERRNO, &no);
		if (store_errno_rc(no) == STORE_FULL)
			return (true);
	}
	return (false);
}

enum store_rc
store_sql_rc(struct store_conn *c)
{
	int code = sqlite3_extended_errcode(c->db);

	/* SQLite says FULL for ENOSPC alone; a quota or a limit on the size
	 * of files is a full disk too. */
	if ((code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE ||
	    (code == SQLITE_IOERR_WRITE && store_sql_write_full(c)))
		return (STORE_FULL);
	log_error("store sqlite=%d %s", code, sqlite3_errmsg(c->db));
	return (STORE_IO);
}

static void
store_sql_bind(sqlite3_stmt *s, const char *fmt, va_list ap)
{
	const void *p;
	size_t n;

	for (int i = 1; fmt[i - 1] != '\0'; i++) {
		int rc = SQLITE_OK;

		switch (fmt[i - 1]) {
		case 'i':
			rc = sqlite3_bind_int64(s, i, va_arg(ap, int64_t));
			break;
		case 's':
			rc = sqlite3_bind_text(s, i, va_arg(ap, const char *),
			    -1, SQLITE_STATIC);
			break;
		case 't':
		case 'b':
			p = va_arg(ap, const void *);
			n = va_arg(ap, size_t);
			rc = fmt[i - 1] == 't' ?
			    sqlite3_bind_text64(s, i, p, n, SQLITE_STATIC,
			    SQLITE_UTF8) :
			    sqlite3_bind_blob64(s, i, p, n, SQLITE_STATIC);
			break;
		default:
			BUG_ON(fmt[i - 1] != 'i');
		}
		/* A text beyond SQLite's own limit of 10^9 bytes. */
		BUG_ON(rc != SQLITE_OK);
	}
}

/* Does it change what store_cache.c counts the states of? */
static bool
store_sql_moves(enum store_sql q)
{
	static const char *const begins[] = { "INSERT INTO buckets ",
	    "UPDATE buckets ", "DELETE FROM buckets ", "INSERT INTO records ",
	    "UPDATE records ", "DELETE FROM records " };

	for (size_t i = 0; i < NELEMS(begins); i++)
		if (str_starts(sql_text[q], begins[i]))
			return (true);
	return (false);
}

static sqlite3_stmt *
store_sql_vstart(struct store_conn *c, enum store_sql q, const char *fmt,
    va_list ap)
{

	if (c->stmt[q] == NULL &&
	    sqlite3_prepare_v3(c->db, sql_text[q], -1,
	    SQLITE_PREPARE_PERSISTENT, &c->stmt[q], NULL) != SQLITE_OK)
		return (NULL);
	if (!sqlite3_stmt_readonly(c->stmt[q]) && store_sql_moves(q))
		store_cache_change(c->st);
	store_sql_bind(c->stmt[q], fmt, ap);
	return (c->stmt[q]);
}

sqlite3_stmt *
store_sql_start(struct store_conn *c, enum store_sql q, const char *fmt, ...)
{
	sqlite3_stmt *s;
	va_list ap;

	va_start(ap, fmt);
	s = store_sql_vstart(c, q, fmt, ap);
	va_end(ap);
	return (s);
}

void
store_sql_end(sqlite3_stmt *s)
{

	if (s == NULL)
		return;
	(void)sqlite3_reset(s);
	(void)sqlite3_clear_bindings(s);
}

bool
store_sql_next(struct store_conn *c, sqlite3_stmt *s, enum store_rc *rc)
{
	int n = s != NULL ? sqlite3_step(s) : SQLITE_ERROR;

	if (n == SQLITE_ROW)
		return (true);
	*rc = n == SQLITE_DONE ? STORE_OK : store_sql_rc(c);
	store_sql_end(s);
	return (false);
}

enum store_rc
store_sql_do(struct store_conn *c, enum store_sql q, const char *fmt, ...)
{
	enum store_rc rc;
	sqlite3_stmt *s;
	va_list ap;

	va_start(ap, fmt);
	s = store_sql_vstart(c, q, fmt, ap);
	va_end(ap);
	BUG_ON(store_sql_next(c, s, &rc));
	return (rc);
}

enum store_rc
store_sql_int(struct store_conn *c, int64_t *v, int64_t none,
    enum store_sql q, const char *fmt, ...)
{
	enum store_rc rc = STORE_OK;
	sqlite3_stmt *s;
	va_list ap;

	va_start(ap, fmt);
	s = store_sql_vstart(c, q, fmt, ap);
	va_end(ap);
	*v = none;
	if (store_sql_next(c, s, &rc)) {
		*v = sqlite3_column_int64(s, 0);
		store_sql_end(s);
	}
	return (rc);
}

const char *
store_sql_text(struct arena *a, sqlite3_stmt *s, int col)
{
	const void *p = sqlite3_column_text(s, col);

	if (p == NULL)
		return (NULL);
	return (arena_strndup(a, p, (size_t)sqlite3_column_bytes(s, col)));
}

void
store_sql_close(struct store_conn *c)
{

	for (int i = 0; i < SQL_N; i++) {
		(void)sqlite3_finalize(c->stmt[i]);
		c->stmt[i] = NULL;
	}
	(void)sqlite3_close(c->db);
	c->db = NULL;
}
