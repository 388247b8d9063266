#include "harness/workload/state.h"

#include <stdio.h>
#include <string.h>

#include "lib/str.h"

/* Each weighs a row by its key, so that rows which changed places count.  $:
 * NOT INDEXED, or nothing. */
static const struct part {
	const char *glob;		/* of the tables */
	const char *name, *sql;
} parts[] = {
	{ "side", "side", "SELECT count(*), ifnull(sum((id % 8191 + 1) * (seq"
	    " % 65521 + 1) + (id % 127 + 1) * (unicode(hash) * 256 +"
	    " unicode(substr(hash, 2)))), 0) FROM side $" },
	{ "parent", "parent", "SELECT count(*), ifnull(sum(id * (children +"
	    " 1)), 0) FROM parent $" },
	{ "child", "child", "SELECT count(*), ifnull(sum((id % 8191 + 1) *"
	    " (parent % 65521 + 1) + (id % 127 + 1) * (unicode(hash) * 256 +"
	    " unicode(substr(hash, 2)))), 0) FROM child $" },
	/* Of the workload `schema`: a table each, and its index. */
	{ "t[0-9]*", "schema", "SELECT count(*), ifnull(sum(length(sql)), 0)"
	    " FROM sqlite_master WHERE tbl_name GLOB 't[0-9]*'" },
};

/* Two numbers; -1: SQLite's error. */
static int
state_ask(sqlite3 *db, const char *sql, long long v[2])
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		v[0] = sqlite3_column_int64(st, 0);
		v[1] = sqlite3_column_int64(st, 1);
	}
	sqlite3_finalize(st);
	return (rc == SQLITE_ROW ? 0 : -1);
}

/* 0: there is no such table. */
static int
state_part(sqlite3 *db, const struct part *p, bool scan, long long v[2])
{
	size_t n = strcspn(p->sql, "$");
	char sql[512];

	(void)snprintf(sql, sizeof(sql), "SELECT count(*), 0 FROM"
	    " sqlite_master WHERE type = 'table' AND name GLOB '%s'", p->glob);
	if (state_ask(db, sql, v) != 0)
		return (-1);
	if (v[0] == 0)
		return (0);
	(void)snprintf(sql, sizeof(sql), "%.*s%s", (int)n, p->sql,
	    p->sql[n] == '$' && scan ? "NOT INDEXED" : "");
	return (state_ask(db, sql, v) == 0 ? 1 : -1);
}

int
state_of(sqlite3 *db, bool scan, char dst[STATE_MAX], struct err *e)
{
	size_t n = 0;

	dst[0] = '\0';
	for (size_t i = 0; i < NELEMS(parts); i++) {
		long long v[2];
		int is = state_part(db, &parts[i], scan, v);

		if (is < 0)
			return (err_set(e, "cannot read what the workloads "
			    "wrote: %s", sqlite3_errmsg(db)));
		if (is > 0)
			n += (size_t)snprintf(dst + n, STATE_MAX - n,
			    "%s%s %lld %lld", n == 0 ? STATE_MARK : ", ",
			    parts[i].name, v[0], v[1]);
	}
	if (n > 0)
		(void)snprintf(dst + n, STATE_MAX - n, "\n");
	return (0);
}
