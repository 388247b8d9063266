/* emulator/store/store_stat.h: how much the store holds.  Knows the store's
 * files; not who asks. */
#ifndef EMULATOR_STORE_STAT_H
#define EMULATOR_STORE_STAT_H

#include "emulator/store/store.h"

struct store_stat {
	int64_t	buckets, objects;	/* live ones */
	int64_t	database;		/* bytes of store.db and its log */
	int64_t	payloads;		/* bytes in files of their own */
	int64_t	mutation;
};

/* Costs nothing that grows with the number of objects. */
enum store_rc	store_stat(struct store *, struct store_stat *) MUST_USE;

#endif
