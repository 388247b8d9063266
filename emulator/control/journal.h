/* emulator/control/journal.h: every request, as one JSON object, in order of
 * completion: {"seq" (by completion),"n" (by arrival),"t" (its begin, in s since
 * start),"conn","via":"proxy|http|direct","host","method","api" (method id),
 * "principal","auth":"bearer|none|bad|signed","bucket","object",
 * "in","out" (bytes),"status" (0: closed without a reply),
 * "fault" (the rules that fired: "ID:KIND@before|body|after", or "ID:KIND=AS@…"
 * of one with a name), "us","mutation"}, and of a call in a batch "batch" (its n);
 * of an upload "crc32c" (a number) of the object that it made;
 * of an error "reason" (Google's, or of a refused assertion a word of
 * oauth.c's) and of a refusal "permission" (the one that was asked for).  A
 * CONNECT is a line too (api "emulator.connect",
 * object: the host asked for).  Kept in memory up to a bound (the oldest go,
 * their count stays) and, where asked, appended to a file as it happens.
 * Bearer tokens, keys, signatures and assertions never get in.
 *
 * A line is written once its reply has been sent, so a client may have its
 * answer a moment before the line is there: wait (journal/wait), or look once
 * what is asked about has ended and the count is known. */
#ifndef EMULATOR_JOURNAL_H
#define EMULATOR_JOURNAL_H

#include <jansson.h>
#include <stdint.h>

#include "emulator/http/req.h"

struct journal;

/* file: NULL or a path, appended to.  Where it holds a journal, this one goes
 * on with it: numbers, counts and clock. */
struct journal	*journal_new(const char *file, struct err *);
void	journal_free(struct journal *);
/* -1: a line could not be written to the file (the disk was full), so that it
 * is not the whole. */
int	journal_whole(struct journal *, struct err *);
uint64_t journal_next(struct journal *);	/* a number for a new request */
uint64_t journal_conns(struct journal *);	/* the highest of a connection that
					 * its file began with, or 0 */
void	journal_add(struct journal *, struct req *);
void	journal_add_connect(struct journal *, uint64_t conn, const char *host,
    int status);

struct journal_filter {
	uint64_t since;		/* entries after this sequence number */
	const char *api;	/* glob over method ids, NULL any */
	const char *object;	/* glob, NULL any */
	const char *principal;	/* glob, NULL any */
	int	status;		/* 0 any */
};

/* {"entries":[…],"next":SEQ,"dropped":N}, max entries at most. */
json_t	*journal_get(struct journal *, const struct journal_filter *, int max);
/* How many match since f->since. */
int64_t	journal_count(struct journal *, const struct journal_filter *);
/* Wait for at least n of them; false where timeout_us passed first. */
bool	journal_wait(struct journal *, const struct journal_filter *,
    int64_t n, int64_t timeout_us);
void	journal_wake(struct journal *);

#endif
