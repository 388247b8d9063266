/* harness/workload/ledger.h: what the workload did, recorded outside the
 * machine: every commit that was attempted and every one that SQLite
 * acknowledged.  The schema, the chain and its hash are defined here and
 * nowhere else (the fixture application follows them):
 *
 *   CREATE TABLE ledger(seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL,
 *       payload BLOB NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL);
 *   CREATE INDEX ledger_hash ON ledger(hash);
 *   CREATE TABLE ledger_sum(id INTEGER PRIMARY KEY CHECK (id = 1),
 *       rows INTEGER NOT NULL, total INTEGER NOT NULL);
 *
 * Each transaction appends one row: seq is the former seq + 1, hash is the
 * lower-case hex of SHA-256 over "PREV|SEQ|AT_US|PAYLOAD-HEX" (PREV is the
 * former row's hash, or 64 zeros), and adds 1 to rows and seq to total.
 *
 * The file: one line an event, appended with one write(2), so that a killed
 * writer leaves whole lines (all times wall clock):
 *
 *   A SEQ AT_US HASH          before COMMIT is called
 *   C SEQ ACK_US              after it returned
 *   P SEQ AT_US DIGEST        before the application is asked to append: its
 *                             row's hash is not known yet, its payload's is
 *   A SEQ AT_US HASH DIGEST   it answered: that P is settled
 *   R SEQ AT_US               the database came back with SEQ as its frontier
 *
 * After R the chain goes on from the frontier: a new epoch, in which the
 * entries beyond it are given up (they have been counted as lost).  Not
 * thread-safe; the writers are processes, struct ledger is the reader. */
#ifndef HARNESS_LEDGER_H
#define HARNESS_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/err.h"

#define LEDGER_HASH	64		/* hex characters */

struct ledger;

struct ledger_entry {
	int64_t	seq, at_us;
	int64_t	ack_us;		/* 0: attempted, never acknowledged */
	int	epoch;		/* 1, 2, … */
	char	hash[LEDGER_HASH + 1];
};

struct ledger	*ledger_open(const char *file, struct err *);
void	ledger_free(struct ledger *);
const char	*ledger_file(const struct ledger *);
/* Read what has been appended since. */
int	ledger_refresh(struct ledger *, struct err *);
/* Acknowledged entries of the current line of history. */
int64_t	ledger_rows(struct ledger *);
/* The newest acknowledged entry, or NULL. */
const struct ledger_entry	*ledger_head(struct ledger *);
/* The newest attempt to append seq in the current line, or NULL.  Good until
 * the next refresh. */
const struct ledger_entry	*ledger_get(struct ledger *, int64_t seq);
/* Whether an append with this payload (its SHA-256 in hex) was asked of the
 * application and never answered. */
bool	ledger_pending(struct ledger *, const char *digest);
/* How many acknowledged entries lie beyond `seq`; *age_us is how old the
 * oldest of them was at `loss_us` (wall clock; 0: now), 0 where none is. */
int64_t	ledger_lost(struct ledger *, int64_t seq, int64_t loss_us,
    int64_t *age_us);
/* The database came back with `seq` as its frontier: what lies beyond is
 * given up, a new epoch begins.  Recorded in the file. */
void	ledger_rebase(struct ledger *, int64_t seq);
int	ledger_epoch(const struct ledger *);
/* When the current epoch began (wall clock), 0 in the first. */
int64_t	ledger_epoch_us(const struct ledger *);

/* For writers.  One write(2) to the ledger's file each; -1: errno. */
int	ledger_attempt(struct ledger *, int64_t seq, int64_t at_us,
    const char *hash);
int	ledger_ack(struct ledger *, int64_t seq, int64_t ack_us);
int	ledger_ask(struct ledger *, int64_t seq, int64_t at_us,
    const char *digest);
/* The application answered (attempt and acknowledgement in one). */
int	ledger_answer(struct ledger *, int64_t seq, int64_t at_us,
    const char *hash, const char *digest, int64_t ack_us);
/* The hash of a row; prev NULL: it is the first. */
void	ledger_hash(char dst[LEDGER_HASH + 1], const char *prev, int64_t seq,
    int64_t at_us, const void *payload, size_t n);
/* SHA-256 in hex. */
void	ledger_digest(char dst[LEDGER_HASH + 1], const void *p, size_t n);
extern const char ledger_schema[];
extern const char ledger_zeros[];	/* prev of the first row */

#endif
