/* emulator/fault/fault_int.h: what fault.c (the list of rules, and who waits),
 * fault_act.c (what happens when), fault_net.c (networks: how long and how
 * fast), fault_rule.c (from JSON to a rule),
 * fault_kinds.c (the table of kinds) and retry_rule.c (from an instruction to
 * a rule) share.  Nobody else includes it. */
#ifndef EMULATOR_FAULT_INT_H
#define EMULATOR_FAULT_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "emulator/fault/fault.h"
#include "emulator/fault/retry_test.h"
#include "emulator/http/server.h"

enum fault_type {
	FAULT_INT, FAULT_DURATION, FAULT_STRING, FAULT_BOOL, FAULT_BYTES
};

struct fault_arg {
	const char *name;
	enum fault_type type;
	bool	required;
	int64_t	min, max;		/* of an int */
	const char *dflt;		/* for --describe; NULL: none */
	const char *doc;
};

struct fault_value {
	bool	set;
	int64_t	i;			/* int, bool, bytes; microseconds */
	const char *s;
};

#define FAULT_ARGS	6
#define FAULT_AT(p)	(1u << (p))

struct fault_rule;
struct fault_hit;

/* One row of fault_kinds.c. */
struct fault_kind {
	const char *name;
	const char *doc;
	unsigned points;		/* of FAULT_AT(); 0: acts on connections
					 * as long as the rule lives */
	enum fault_point dflt;
	bool	waits;			/* goes before those that decide */
	struct fault_arg args[FAULT_ARGS];
	/* Where arguments depend on each other; may be NULL. */
	int	(*check)(const struct fault_rule *, struct err *);
	void	(*act)(struct faults *, const struct fault_rule *,
		    struct req *);
	/* When it acts; NULL: at its point, once its bytes have passed. */
	bool	(*due)(const struct fault_rule *, const struct req *,
		    enum fault_point, int64_t bytes);
	/* Changes the byte at after-bytes, after act(). */
	void	(*alter)(const struct fault_rule *, unsigned char *);
	bool	cuts;			/* ends an upload at after-bytes */
	enum server_door door;		/* of one that acts on connections */
	/* Bodies, both ways, pass in pieces of piece() bytes at most, INT64_MAX
	 * where that is the same; how many microseconds to wait for n of them.
	 * With the lock held; both or neither. */
	int64_t	(*piece)(const struct fault_rule *);
	int64_t	(*pace)(struct fault_rule *, struct fault_hit *, int64_t n);
};

extern const struct fault_kind fault_kinds[];	/* ends with name == NULL */

/* Strings are borrowed from spec.  What is not constant is guarded by the
 * lock of struct faults. */
struct fault_rule {
	struct fault_rule *next;
	json_t	*spec;			/* as given, defaults filled in */
	const struct fault_kind *kind;
	const char *on, *bucket, *object, *from, *as;	/* or NULL */
	int64_t	nth, every;		/* 0: not given */
	int64_t	times;			/* INT64_MAX: for ever */
	int64_t	after_bytes;
	enum fault_point at;
	struct fault_value args[FAULT_ARGS];

	int	id;
	int64_t	matched, chosen, fired;
	int64_t	turned;			/* server_turned() at the beginning */
	int64_t	free_us;		/* when all its bytes so far are out */
	int	held;
	bool	removed;
};

struct retry_use;

/* A rule that this request has met. */
struct fault_hit {
	struct fault_hit *next;
	struct fault_rule *rule;
	bool	pending;		/* the object's name is not known yet */
	bool	done;
	bool	missed;			/* not its object after all */
	bool	paced;			/* its bytes took their time */
	int64_t	passed;			/* … those that came in so far */
	int64_t	k;			/* the rule's kth match, from 1 */
	int64_t	free_us;		/* as the rule's, of this body */
	/* Of an instruction of a retry test; NULL where there is none. */
	struct retry_use *retry;
	bool	(*when)(const struct fault_hit *, const struct req *);
	int64_t	arg;			/* for when() */
};

struct faults {
	struct emu *emu;
	atomic_int live;		/* rules; a look without the lock */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct fault_rule *rules;	/* by id */
	struct fault_rule *gone;	/* removed, not yet freed */
	struct fault_waiter *waiters;
	int	last_id;
	bool	woken;
	pthread_mutex_t door_lock;	/* before lock */
	bool	mute;
	struct retry_tests *retry;
};
void	faults_lock(struct faults *);
void	faults_unlock(struct faults *);

/* From JSON; NULL with a message that names the field. */
struct fault_rule *fault_rule_new(const json_t *, struct err *);
void	fault_rule_free(struct fault_rule *);
const char	*fault_point_name(enum fault_point);

/* ---- fault_net.c: for rows of the table ---- */
void	fault_network_act(struct faults *, const struct fault_rule *,
    struct req *);
int	fault_network_check(const struct fault_rule *, struct err *);
int64_t	fault_network_us(const struct fault_rule *, int64_t k);
int64_t	fault_rate_piece(const struct fault_rule *);
int64_t	fault_rate_pace(struct fault_rule *, struct fault_hit *, int64_t n);
int64_t	fault_dribble_piece(const struct fault_rule *);
int64_t	fault_dribble_pace(struct fault_rule *, struct fault_hit *,
    int64_t n);
/* The place of an argument in a rule. */
const struct fault_value	*fault_arg(const struct fault_rule *,
    const char *name);

/* For act functions.  Both let the lock go while they wait. */
void	fault_wait(struct faults *, const struct fault_rule *, int64_t us);
/* False: the request is to be dropped. */
bool	fault_hold(struct faults *, const struct fault_rule *);
struct emu	*fault_emu(const struct faults *);
/* Hang a rule, which lives as long as the request, on it. */
struct fault_hit *fault_hang(struct req *, struct fault_rule *);
const struct fault_kind *fault_kind_find(const char *name);	/* or NULL */

/* ---- retry_rule.c: from an instruction to a rule ---- */
bool	retry_rule_valid(const char *instruction);
bool	retry_rule_method(const char *name);	/* one that tests may name */
bool	retry_rule_http_only(const char *name);
/* Hangs on the request what its headers ask for. */
void	retry_rule_match(struct faults *, struct req *);
/* Again once the body has come: another request may have used it up. */
void	retry_rule_again(struct faults *, struct req *);

/* ---- retry_test.c: the tests ---- */
/* The head of a method's list, in the arena of whoever looks. */
struct retry_use {
	const char *id, *method, *text;
	size_t	seen;			/* its place in the list */
};
/* NULL: no instruction for this method, or *unknown: no such test. */
struct retry_use	*retry_test_head(struct retry_tests *, const char *id,
    const char *method, struct arena *, bool *unknown);
/* Uses the instruction up; false: somebody else has, or the test is gone. */
bool	retry_test_use(struct retry_tests *, const struct retry_use *);

#endif
