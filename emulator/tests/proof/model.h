/* emulator/tests/proof/model.h: writers whose every write is known: what was
 * acknowledged, what was under way.  After a crash the model asks the emulator
 * for each object and says what is missing, damaged or of nobody's making.
 *
 * Bytes are a function of a seed, so an object's content is a short list of
 * seeds and lengths, and a composed one's is the lists of its sources. */
#ifndef PROOF_MODEL_H
#define PROOF_MODEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "emulator/tests/proof/wire.h"
#include "lib/buf.h"

#define MODEL_KEYS	8
#define MODEL_SEGS	6
#define MODEL_BUCKET	"proof"

struct version {
	bool	there;
	unsigned nseg;
	struct { uint64_t seed; uint32_t len; } seg[MODEL_SEGS];
};

struct key {
	char	name[24];
	struct version acked, pending;
	bool	has_pending;
};

/* A multipart upload of the XML API under way; parts.h. */
#define PARTS	3
struct parts {
	char	id[80];			/* "" none */
	char	gone[80], gone_key[24];	/* one that has ended */
	unsigned key, step;
	struct version part[PARTS];	/* acknowledged, one segment each */
	struct version pending;		/* … and the one under way, … */
	unsigned putting;		/* … its number; 0 none */
	struct version whole;		/* what is to be or has become of it */
	bool	completing, dropping;
};

/* A resumable upload under way. */
struct upload {
	char	url[600];		/* path and query; "" none */
	struct version v;		/* the whole, one segment */
	int64_t	acked, sent;		/* bytes */
	unsigned key;
};

struct writer;

/* Tells somebody of each write before it is sent and once it is acknowledged.
 * `slot` is the key, MODEL_UPLOAD or MODEL_PARTS.  May be NULL. */
#define MODEL_UPLOAD	MODEL_KEYS
#define MODEL_PARTS	(MODEL_KEYS + 1)
#define MODEL_START	(MODEL_KEYS + 2)	/* of an upload: no event */
struct model_ear {
	int64_t	(*sent)(void *cls, const struct writer *, unsigned slot,
		    const struct version *);
	void	(*acked)(void *cls, const struct writer *, int64_t event);
	void	*cls;
};

struct writer {
	unsigned n;
	uint64_t rng;
	struct wire wire;
	struct key keys[MODEL_KEYS];
	struct upload up;
	struct parts parts;
	unsigned parts_large;		/* one in so many has a large part */
	const struct model_ear *ear;
	atomic_bool busy;		/* a write is under way */
	atomic_llong writes;		/* acknowledged */
	char	wrong[256];		/* an answer that should not have been */
	uint32_t large;			/* bytes of a large object */
};

enum model_op {
	OP_PUT_SMALL, OP_PUT_LARGE, OP_OVERWRITE, OP_DELETE, OP_COMPOSE,
	OP_REWRITE, OP_UPLOAD, OP_PARTS, OP_PARTS_DROP, OP_N
};
extern const char *const model_ops[OP_N];

void	model_writer(struct writer *, unsigned n, uint64_t seed,
    uint32_t large);
void	model_release(struct writer *);
/* (Again) to an emulator on this port. */
void	model_port(struct writer *, int port);
/* One operation.  0: answered as it should; 1: answered otherwise, w->wrong
 * says how; -1: the connection broke. */
int	model_do(struct writer *, enum model_op);
enum model_op	model_pick(struct writer *);

/* Is what the emulator has of this key what `acked` says, or `pending` where
 * there is one?  It becomes the acknowledged one.  False: why says what. */
bool	model_check_key(struct wire *, struct key *, struct buf *why);
/* All of the writer's keys, and its upload: which must go on. */
bool	model_check(struct writer *, struct buf *why);
bool	model_check_upload(struct wire *, const struct upload *,
    int64_t *persisted, struct buf *why);
/* The bucket, with soft deletion or without; true where it is there now. */
bool	model_bucket(struct wire *, bool soft);
/* Deletes all that the writer has, and everybody's multipart uploads. */
bool	model_empty(struct writer *, struct buf *why);

/* For parts.c. */
uint64_t	model_rand(uint64_t *state);
void	model_content(struct buf *, const struct version *);
int64_t	model_begin(struct writer *, unsigned slot, const struct version *);
int	model_end(struct writer *, unsigned slot, int64_t event, int rc,
    int good, int other);

#endif
