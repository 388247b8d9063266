#include "emulator/http/settle.h"

#include <stddef.h>

#include "lib/cond.h"
#include "lib/mem.h"

void
settle_init(struct settle *s)
{

	*s = (struct settle){ .ticket = 0 };
	BUG_ON(pthread_mutex_init(&s->lock, NULL) != 0);
	cond_init(&s->cond);
}

void
settle_release(struct settle *s)
{

	BUG_ON(s->first != NULL);
	(void)pthread_cond_destroy(&s->cond);
	(void)pthread_mutex_destroy(&s->lock);
}

void
settle_begin(struct settle *s, struct settle_entry *e)
{

	BUG_ON(pthread_mutex_lock(&s->lock) != 0);
	e->ticket = ++s->ticket;
	e->prev = s->last;
	e->next = NULL;
	if (s->last != NULL)
		s->last->next = e;
	else
		s->first = e;
	s->last = e;
	BUG_ON(pthread_mutex_unlock(&s->lock) != 0);
}

void
settle_end(struct settle *s, struct settle_entry *e)
{

	if (e->ticket == 0)
		return;
	BUG_ON(pthread_mutex_lock(&s->lock) != 0);
	if (e->prev != NULL)
		e->prev->next = e->next;
	else
		s->first = e->next;
	if (e->next != NULL)
		e->next->prev = e->prev;
	else
		s->last = e->prev;
	e->ticket = 0;
	BUG_ON(pthread_cond_broadcast(&s->cond) != 0);
	BUG_ON(pthread_mutex_unlock(&s->lock) != 0);
}

bool
settle_wait(struct settle *s, int64_t timeout_us)
{
	int64_t deadline = cond_deadline(timeout_us);
	uint64_t mine;
	bool ok = true, settled;

	BUG_ON(pthread_mutex_lock(&s->lock) != 0);
	mine = s->ticket;
	while (!(settled = s->first == NULL || s->first->ticket > mine) && ok)
		ok = cond_wait_until(&s->cond, &s->lock, deadline);
	BUG_ON(pthread_mutex_unlock(&s->lock) != 0);
	return (settled);
}
