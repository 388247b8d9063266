/* emulator/bench/child.h: a server as a process that is measured: started in
 * an empty environment, its processor time and memory read from outside, the
 * whole tree of it.  Knows processes; not what they serve. */
#ifndef EMULATOR_BENCH_CHILD_H
#define EMULATOR_BENCH_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"

struct child;

/* Output goes to the file `log`; with `line` stdout is a pipe instead, for
 * child_line().  NULL with a message. */
struct child	*child_start(char *const *argv, char *const *env,
    const char *log, bool line, struct err *);
/* Asks it to end, then ends it; all of its process group.  NULL is fine. */
void		child_stop(struct child *);
/* The next line of stdout without its end; heap.  NULL with a message where
 * the server ended or said nothing for 10 s. */
char		*child_line(struct child *, struct err *);
/* Until the port takes connections; -1 with a message after 20 s. */
int		child_wait_port(struct child *, int port, struct err *);
/* Waits for the end of a program: its exit status, or -1 with a message
 * after limit_us.  *us: from its start to its end. */
int		child_wait_end(struct child *, int64_t limit_us, int64_t *us,
    struct err *);

/* Processor time of the tree so far, user and system; of processes that have
 * ended only as far as their time was counted into a parent that waited. */
int64_t		child_cpu_us(const struct child *);
/* Bytes resident, now and at the most since child_peak_reset(); summed over
 * the tree. */
int64_t		child_rss(const struct child *);
int64_t		child_peak(const struct child *);
void		child_peak_reset(const struct child *);
int64_t		child_started_us(const struct child *);	/* monotonic */

/* A loopback port that was free a moment ago; -1: none. */
int		child_free_port(void);

#endif
