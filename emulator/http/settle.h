/* emulator/http/settle.h: who asks the journal right after an answer must find
 * that answer's line.  The line is written once the answer has gone out, and
 * between the two the thread may lose the processor; a reader waits here until
 * what was going out when it came has been written down.  Knows an order of
 * beginnings and ends; nothing of requests. */
#ifndef EMULATOR_SETTLE_H
#define EMULATOR_SETTLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct settle_entry {
	struct settle_entry *prev, *next;
	uint64_t ticket;	/* 0: not begun */
};

struct settle {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct settle_entry *first, *last;	/* in order of beginning */
	uint64_t ticket;
};

void	settle_init(struct settle *);
void	settle_release(struct settle *);
void	settle_begin(struct settle *, struct settle_entry *);
/* Nothing happens to one that has not begun. */
void	settle_end(struct settle *, struct settle_entry *);
/* False where timeout_us passed before all that began earlier had ended. */
bool	settle_wait(struct settle *, int64_t timeout_us);

#endif
