/* harness/run/emu.h: the emulator as the harness sees it: a process that is
 * started, a control API that is called (libcurl), Google's APIs that are
 * called as the project's owner.  Knows URLs and JSON; not drills. */
#ifndef HARNESS_EMU_H
#define HARNESS_EMU_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/arena.h"
#include "lib/err.h"

struct emu;

struct emu_opts {
	const char *program;	/* gcs-emulator */
	const char *data;	/* its data directory, made where missing */
	const char *journal;	/* file for the journal, or NULL */
	const char *log;	/* file for its stderr */
	const char *project;
	bool	history;
};

/* Start it and wait for its `ready` line.  It dies with this process. */
struct emu	*emu_start(const struct emu_opts *, struct err *);
/* Ask it to end; killed after 2 s.  NULL is fine. */
void	emu_stop(struct emu *);
/* Ask it to end and wait; -1 where it does not, or not with status 0 (a
 * sanitizer's report ends in another).  emu_stop() frees it all the same. */
int	emu_end(struct emu *, struct err *);
/* kill -9, and back again on the same data and the same ports; whatever was
 * acknowledged is there (durability class `process`), fault rules are gone.
 * -1: it could not be done. */
int	emu_kill(struct emu *, struct err *);
int	emu_restart(struct emu *, struct err *);
bool	emu_killed(const struct emu *);		/* and not back again */
/* In a forked child, first: a connection of its own.  The emulator stays the
 * parent's. */
void	emu_forked(struct emu *);
pid_t	emu_pid(const struct emu *);
bool	emu_alive(struct emu *);
const char	*emu_http(const struct emu *);	/* "127.0.0.1:PORT" */
const char	*emu_proxy(const struct emu *);
const char	*emu_ca(const struct emu *);	/* path of the CA's PEM */
const char	*emu_data(const struct emu *);
const char	*emu_owner(const struct emu *);	/* e-mail */
/* The owner's key file (made on the first call). */
const char	*emu_owner_key(struct emu *, struct err *);

/* The control API: METHOD /_emulator/PATH with a JSON body (stolen; NULL:
 * none).  New reference, or NULL with the emulator's message. */
json_t	*emu_control(struct emu *, const char *method, const char *path,
    json_t *body, struct err *);
/* One of Google's APIs as the owner: `host` storage.googleapis.com …;
 * *status is the HTTP status, 0 where there was no answer (an error status is
 * not a failure of the call: then the answer is the error's JSON or NULL, and
 * e has its message too). */
json_t	*emu_google(struct emu *, const char *method, const char *host,
    const char *path, json_t *body, int *status, struct err *);

/* One object into a file, as the owner; at most max bytes. */
int	emu_download(struct emu *, const char *bucket, const char *object,
    const char *file, int64_t max, struct err *);

/* The same the other way: written over, or made. */
int	emu_upload(struct emu *, const char *bucket, const char *object,
    const char *file, struct err *);
/* Each object of a bucket to each(), as the API's JSON; *status as above. */
int	emu_list(struct emu *, const char *bucket,
    void (*each)(void *, const json_t *), void *arg, int *status,
    struct err *);

/* Conveniences; -1: failed. */
int64_t	emu_mutation(struct emu *, struct err *);
int64_t	emu_wait_mutation(struct emu *, int64_t above, int64_t timeout_us,
    struct err *);
int	emu_view(struct emu *, const char *bucket, int64_t at, const char *name,
    struct err *);
/* A new bucket that begins as that one was after change `at`. */
int	emu_fork(struct emu *, const char *bucket, int64_t at,
    const char *name, struct err *);
int	emu_view_delete(struct emu *, const char *name, struct err *);
/* The rule is stolen; its id, or -1. */
int	emu_fault(struct emu *, json_t *rule, struct err *);
int	emu_fault_end(struct emu *, int id, struct err *);
int64_t	emu_held(struct emu *, const char *as, int n, int64_t timeout_us,
    struct err *);
int	emu_release(struct emu *, const char *as, bool discard, struct err *);
/* How many journal lines match; each filter may be NULL. */
int64_t	emu_journal_count(struct emu *, const char *api, const char *object,
    const char *principal, int status, struct err *);
/* `gcs-emulator --describe`. */
json_t	*emu_describe(const char *program, struct err *);

#endif
