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

/* A resumable upload under way. */
struct upload {
	char	url[600];		/* path and query; "" none */
	struct version v;		/* the whole, one segment */
	int64_t	acked, sent;		/* bytes */
	unsigned key;
};

/* Tells somebody of each write before it is sent and once it is acknowledged;
 * `slot` is MODEL_KEYS for the upload.  May be NULL. */
struct model_ear {
	int64_t	(*sent)(void *cls, unsigned writer, unsigned slot,
		    const struct version *, const struct upload *);
	void	(*acked)(void *cls, int64_t event);
	void	*cls;
};

struct writer {
	unsigned n;
	uint64_t rng;
	struct wire wire;
	struct key keys[MODEL_KEYS];
	struct upload up;
	const struct model_ear *ear;
	atomic_bool busy;		/* a write is under way */
	atomic_llong writes;		/* acknowledged */
	char	wrong[256];		/* an answer that should not have been */
	uint32_t large;			/* bytes of a large object */
};

enum model_op {
	OP_PUT_SMALL, OP_PUT_LARGE, OP_OVERWRITE, OP_DELETE, OP_COMPOSE,
	OP_REWRITE, OP_UPLOAD, OP_N
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
/* The bucket; true where it is there now. */
bool	model_bucket(struct wire *);

#endif
