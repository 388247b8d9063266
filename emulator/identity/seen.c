/* To look a token up, and its account, and to evaluate two policies took 18 us
 * of processor time, as much as two reads of 4 KiB altogether. */
#include "emulator/identity/seen.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/store/store.h"
#include "lib/mem.h"
#include "lib/str.h"

#define SLOTS		256		/* a power of two */
#define TEXTS_MAX	8192u		/* of key and value; more: not kept */

struct slot {
	pthread_mutex_t lock;
	uint64_t state;			/* 0: empty */
	int64_t	until_us;
	char	*texts;			/* key and value, each with its NUL */
	size_t	room, value;		/* where the value begins */
};

struct seen {
	struct slot slots[SLOTS];
};

struct seen *
seen_new(void)
{
	struct seen *s = mem_alloc(sizeof(*s));

	for (size_t i = 0; i < SLOTS; i++)
		BUG_ON(pthread_mutex_init(&s->slots[i].lock, NULL) != 0);
	return (s);
}

void
seen_free(struct seen *s)
{

	if (s == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *t = &s->slots[i];

		(void)pthread_mutex_destroy(&t->lock);
		if (t->texts != NULL)
			explicit_bzero(t->texts, t->room);	/* tokens */
		free(t->texts);
	}
	free(s);
}

uint64_t
seen_state(const struct emu *emu)
{
	uint64_t state = emu->seen != NULL ? store_state(emu->store) : 0;

	return ((state & 1) != 0 ? 0 : state);
}

static struct slot *
seen_slot(const struct emu *emu, const char *key)
{
	uint32_t h = 2166136261u;	/* FNV-1a */

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 16777619u;
	h ^= h >> 16;
	return (&emu->seen->slots[h & (SLOTS - 1)]);
}

const char *
seen_get(const struct emu *emu, uint64_t state, const char *key,
    struct arena *a)
{
	const char *value = NULL;
	struct slot *t;

	if (state == 0)
		return (NULL);
	t = seen_slot(emu, key);
	BUG_ON(pthread_mutex_lock(&t->lock) != 0);
	/* a token is part of the key */
	if (t->state == state && str_equal_secret(t->texts, key) &&
	    clock_wall_us(&emu->clock) < t->until_us)
		value = arena_strdup(a, t->texts + t->value);
	BUG_ON(pthread_mutex_unlock(&t->lock) != 0);
	return (value);
}

void
seen_put(const struct emu *emu, uint64_t state, const char *key,
    const char *value, int64_t until_us)
{
	size_t nkey = strlen(key) + 1, n = nkey + strlen(value) + 1;
	struct slot *t;

	if (state == 0 || n > TEXTS_MAX || store_state(emu->store) != state)
		return;
	t = seen_slot(emu, key);
	BUG_ON(pthread_mutex_lock(&t->lock) != 0);
	if (t->room < n) {
		t->texts = mem_realloc(t->texts, n);
		t->room = n;
	}
	memcpy(t->texts, key, nkey);
	memcpy(t->texts + nkey, value, n - nkey);
	t->value = nkey;
	t->until_us = until_us;
	t->state = state;
	BUG_ON(pthread_mutex_unlock(&t->lock) != 0);
}
