/* emulator/fault/fault.h: rules that make requests go wrong.  A rule is a
 * selector, a kind (fault_kinds.c, the one place to add one) and arguments.
 * Knows requests as struct req; not who sets the rules (control.c does, and
 * the Retry Test API in retry_test.c).
 *
 * Selector: on= method id with `*` (`storage.objects.insert`, `oauth.token`,
 * `storage.objects.*`), bucket= and object= globs, from= principal glob
 * (without it a rule does not match the project's owner, by whose name the
 * harness looks on), nth= every= times= counted from when the rule was set
 * (nth alone means once; times "always" has no end), at=before|body|after,
 * after-bytes= with at=body.  Requests of the control API never match.  Held
 * threads wait on a condition variable: release lets them go on, discard drops
 * their connection, shutting down wakes all. */
#ifndef EMULATOR_FAULT_H
#define EMULATOR_FAULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "emulator/http/req.h"

struct faults;
struct retry_tests;

enum fault_point { FAULT_BEFORE, FAULT_BODY, FAULT_AFTER };

struct faults	*faults_new(struct emu *);
void	faults_free(struct faults *);
struct retry_tests	*faults_retry(struct faults *);

/* A rule from its JSON form {"kind":"status","on":"…","bucket":"…",
 * "object":"…","from":"…","nth":1,"every":2,"times":3,"at":"before",
 * "as":"NAME","args":{"code":503}}.  Every field is checked; the id (1, 2, …)
 * or -1 with a message that names the field. */
int	faults_add(struct faults *, const json_t *rule, struct err *);
/* One, or all with id 0.  Releases what it holds.  -1: there is none. */
int	faults_remove(struct faults *, int id);
/* [{"id","kind",…,"matched":N,"fired":N,"held":N}] */
json_t	*faults_list(struct faults *);

/* Requests held now by rules named `as` (NULL: all). */
int	faults_held(struct faults *, const char *as);
/* Wait until that is at least n; false where timeout_us passed first. */
bool	faults_wait_held(struct faults *, const char *as, int n,
    int64_t timeout_us);
/* Let all that are held as `as` go on, or drop them.  How many. */
int	faults_release(struct faults *, const char *as, bool discard);
void	faults_wake_all(struct faults *);	/* shutting down */
/* Waits until no rule swallows what comes (blackhole), or for the shutdown. */
void	faults_swallow(struct faults *);

/* Called by exchange.c.  match(): once a request, when its route and caller are
 * known: counts and remembers the rules that will fire.  apply(): at each
 * point; afterwards rq->abort or rq->status may be set, and then the work is
 * not done (BEFORE) or its reply is replaced (AFTER).  body(): `done` bytes of
 * the body have passed, `total` or -1; true where a rule has cut it. */
void	faults_match(struct faults *, struct req *);
void	faults_apply(struct faults *, struct req *, enum fault_point);
bool	faults_body(struct faults *, struct req *, int64_t done, int64_t total);
/* How many bytes may pass behind `done` before a rule wants to look: those up
 * to the next after-bytes=, INT64_MAX where there is none.  Never 0. */
int64_t	faults_body_room(const struct req *, int64_t done);

/* The body of an answer on its way out, where watch_body(), asked after the
 * last apply(), is true.  out(): `pos` bytes have gone and n could follow; how
 * many of them may, so that a rule acts between the right two bytes.  0: the
 * connection is to be closed (rq->abort_rst: by a reset).  alter(): these
 * bytes are about to go. */
bool	faults_watch_body(const struct req *);
size_t	faults_out(struct faults *, struct req *, int64_t pos, size_t n);
void	faults_alter(struct req *, int64_t pos, void *p, size_t n);

/* Called by uploads.  payload(): bytes that came for offset `off` of the
 * object; what to keep instead.  chunk(): a chunk of a resumable upload brings
 * bytes first to last (INT64_MAX - 1: unknown) where `persisted` are there;
 * bytes from the returned offset on are not to be kept, and unless that is
 * INT64_MAX the upload is not to be finished: the answer is then a fault's. */
const void	*faults_payload(struct req *, int64_t off, const void *p,
    size_t n);
int64_t	faults_chunk(struct req *, int64_t persisted, int64_t first,
    int64_t last);

/* For --describe: kinds [{"name","doc","points":[…],"point" (the default, or
 * null),"args":[{"name","type":"int|duration|string|bool|bytes","required",
 * "default","min","max","doc"}]}], and the fields of a selector
 * [{"name","type","doc"}]. */
json_t	*faults_describe(void);
json_t	*faults_selectors(void);

#endif
