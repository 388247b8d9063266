/* emulator/bench/peers.h: the servers that are compared: where each is found,
 * how it is started, and how each is asked the same thing.  Knows their
 * command lines and paths; nothing of measuring. */
#ifndef EMULATOR_BENCH_PEERS_H
#define EMULATOR_BENCH_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/bench/gen.h"
#include "emulator/bench/child.h"
#include "lib/arena.h"
#include "lib/err.h"

enum peer_kind {
	PEER_OURS, PEER_MEM, PEER_FILE, PEER_BENCH, PEER_NGINX, PEER_N
};

struct peers {
	const char *program[PEER_N];	/* NULL: missing */
	const char *why[PEER_N];	/* … because of this */
	const char *version[PEER_N];
};

/* The names that the figures carry: "ours", "fake memory", … */
extern const char *const peer_name[PEER_N];

/* Finds all of them: beside this program, below tools, on PATH.  `only`: a
 * word as "ours", others are left out; NULL: all. */
void	peers_find(struct peers *, struct arena *, const char *self,
    const char *tools, const char *only);

enum op {
	OP_PUT_MEDIA, OP_PUT_MULTIPART, OP_GET_XML, OP_GET_MEDIA, OP_GET_META,
	OP_DELETE
};

/* A running one. */
struct subject {
	enum peer_kind kind;
	const char *name;
	struct child *child;		/* NULL: not running */
	int	port;			/* plain HTTP */
	int	tls_port;		/* nginx: HTTPS */
	int	proxy_port;		/* ours */
	const char *ca;			/* for either */
	const char *data;		/* its folder */
};

/* Starts one with an empty bucket `bench`, its data in dir (made).  Strings
 * come from the arena. */
int	subject_start(struct subject *, enum peer_kind, const struct peers *,
    struct arena *, const char *dir, struct err *);
/* Starts one as it is, on the folder as it is: no bucket is made. */
int	subject_spawn(struct subject *, enum peer_kind, const struct peers *,
    struct arena *, const char *dir, struct err *);
/* Ends it; its folder stays. */
void	subject_end(struct subject *);
/* Ends it and removes its folder (nginx: the files stay, see there). */
void	subject_stop(struct subject *);

/* The request for the object o-######### as bytes for gen_run(); heap: free
 * r->p.  Puts carry body, n bytes; downloads must bring n. */
void	subject_request(const struct subject *, enum op, const void *body,
    size_t n, struct gen_req *r);
/* The path of the same request for the object `name`. */
const char	*subject_path(const struct subject *, struct arena *, enum op,
    const char *name);

#endif
