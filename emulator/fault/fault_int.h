/* emulator/fault/fault_int.h: what fault.c (what happens when), fault_rule.c
 * (from JSON to a rule) and fault_kinds.c (the table of kinds) share.  Nobody
 * else includes it. */
#ifndef EMULATOR_FAULT_INT_H
#define EMULATOR_FAULT_INT_H

#include <pthread.h>

#include "emulator/fault/fault.h"

enum fault_type { FAULT_INT, FAULT_DURATION, FAULT_STRING, FAULT_BOOL };

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
	int64_t	i;			/* int, bool; duration: microseconds */
	const char *s;
};

#define FAULT_ARGS	4
#define FAULT_AT(p)	(1u << (p))

struct fault_rule;

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
	int	held;
	bool	removed;
};

/* From JSON; NULL with a message that names the field. */
struct fault_rule *fault_rule_new(const json_t *, struct err *);
void	fault_rule_free(struct fault_rule *);
const char	*fault_point_name(enum fault_point);

/* For act functions.  Both let the lock go while they wait. */
void	fault_wait(struct faults *, const struct fault_rule *, int64_t us);
/* False: the request is to be dropped. */
bool	fault_hold(struct faults *, const struct fault_rule *);
struct emu	*fault_emu(const struct faults *);

#endif
