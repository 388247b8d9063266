/* emulator/api/places.h: where buckets lie and in which class objects are kept,
 * https://cloud.google.com/storage/docs/locations and
 * https://cloud.google.com/storage/docs/storage-classes .  Knows names. */
#ifndef EMULATOR_PLACES_H
#define EMULATOR_PLACES_H

/* "region", "dual-region" or "multi-region" of a location in capitals; NULL:
 * there is none of that name. */
const char	*places_type(const char *location);
/* The class in capitals, whatever way it was written; NULL: none. */
const char	*places_class(const char *name);

#endif
