/* emulator/tests/proof/tap.h: what the tap (a preloaded library) writes down
 * of a program's work on the files of one folder, and how it is told to
 * interfere.  Shared by tap.c, inside the emulator, and by the proofs outside.
 *
 * Environment:
 *   TAP_ROOT   the folder; what happens elsewhere is nobody's business
 *   TAP_LOG    append every change to this file (for `power`), or unset
 *   TAP_STATE  a file of one struct tap_state, shared by mmap
 */
#ifndef PROOF_TAP_H
#define PROOF_TAP_H

#include <stdatomic.h>
#include <stdint.h>

enum tap_op {
	TAP_CREATE = 1,		/* name: a file, or a folder (arg 1) */
	TAP_WRITE,		/* arg: offset; data */
	TAP_TRUNCATE,		/* arg: size */
	TAP_SYNC,		/* begun; arg: number of the sync */
	TAP_SYNCED,		/* … has returned 0 */
	TAP_UNLINK,		/* name */
	TAP_RENAME,		/* name, NUL, new name */
	TAP_LINK,		/* the same */
	/* From the prover's side: arg is an entry of its history. */
	TAP_SENT,
	TAP_ACKED,
};

struct tap_record {
	uint32_t op;
	uint32_t file;		/* number of the file; 0: none */
	int64_t	arg;
	uint32_t len;		/* of the data or name that follows … */
	uint32_t pad;		/* … and is padded to a multiple of 8 */
};
#define TAP_PADDED(n)	(((size_t)(n) + 7) & ~(size_t)7)

enum tap_act { TAP_NOTHING, TAP_KILL, TAP_TEAR, TAP_FAIL, TAP_SHORT };

/* Calls count while `armed`: all that change a file, all syncs, all sends. */
struct tap_state {
	atomic_int armed;
	atomic_int act;			/* enum tap_act, at call number `at` */
	atomic_llong at;
	atomic_int error;		/* errno of TAP_FAIL */
	atomic_llong calls;		/* so far */
	atomic_int fired;
	char	what[64];		/* the call at which it fired */
};

#endif
