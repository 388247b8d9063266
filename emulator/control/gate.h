/* emulator/control/gate.h: what stands between requests and a change of
 * everything at once.  Requests pass one by one and are counted; whoever is to
 * change everything closes it, waits until those inside have ended, and those
 * outside wait until it is open again.  So no request is half in one state
 * and half in another.  Knows how many are inside; not what they do. */
#ifndef EMULATOR_GATE_H
#define EMULATOR_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct gate;

struct gate	*gate_new(void);
void	gate_free(struct gate *);

/* Any thread; cheap while nobody closes it.  A thread that is inside must not
 * enter again.  gate may be NULL: then nothing happens. */
void	gate_enter(struct gate *);
bool	gate_try(struct gate *);		/* the same without a wait */
void	gate_leave(struct gate *);

/* Wait until nobody is inside, nor has closed it.  False where timeout_us passed
 * first, or gate_stop() was called: then it is open again, and *inside tells
 * how many there were. */
bool	gate_close(struct gate *, int64_t timeout_us, int64_t *inside);
void	gate_open(struct gate *);

/* For the end of the emulator: nobody waits any more, and it stays open. */
void	gate_stop(struct gate *);

#endif
