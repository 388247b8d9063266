#include "emulator/api/places.h"

#include <string.h>
#include <strings.h>

#include "lib/mem.h"

static const char *const places_multi[] = { "US", "EU", "ASIA" };

static const char *const places_dual[] = {
	"ASIA1", "EUR4", "EUR5", "EUR7", "EUR8", "NAM4",
};

static const char *const places_regions[] = {
	"AFRICA-SOUTH1",
	"ASIA-EAST1", "ASIA-EAST2", "ASIA-NORTHEAST1", "ASIA-NORTHEAST2",
	"ASIA-NORTHEAST3", "ASIA-SOUTH1", "ASIA-SOUTH2", "ASIA-SOUTHEAST1",
	"ASIA-SOUTHEAST2", "ASIA-SOUTHEAST3",
	"AUSTRALIA-SOUTHEAST1", "AUSTRALIA-SOUTHEAST2",
	"EUROPE-CENTRAL2", "EUROPE-NORTH1", "EUROPE-NORTH2",
	"EUROPE-SOUTHWEST1", "EUROPE-WEST1", "EUROPE-WEST2", "EUROPE-WEST3",
	"EUROPE-WEST4", "EUROPE-WEST6", "EUROPE-WEST8", "EUROPE-WEST9",
	"EUROPE-WEST10", "EUROPE-WEST12",
	"ME-CENTRAL1", "ME-CENTRAL2", "ME-WEST1",
	"NORTHAMERICA-NORTHEAST1", "NORTHAMERICA-NORTHEAST2",
	"NORTHAMERICA-SOUTH1", "SOUTHAMERICA-EAST1", "SOUTHAMERICA-WEST1",
	"US-CENTRAL1", "US-CENTRAL2", "US-EAST1", "US-EAST4", "US-EAST5",
	"US-EAST7", "US-SOUTH1", "US-WEST1", "US-WEST2", "US-WEST3",
	"US-WEST4", "US-WEST8",
};

static const char *const places_classes[] = {
	"STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL",
	"REGIONAL", "DURABLE_REDUCED_AVAILABILITY",
};

static const char *
places_find(const char *const *names, size_t n, const char *s)
{

	for (size_t i = 0; i < n; i++)
		if (strcasecmp(names[i], s) == 0)
			return (names[i]);
	return (NULL);
}

const char *
places_type(const char *l)
{

	if (places_find(places_multi, NELEMS(places_multi), l) != NULL)
		return ("multi-region");
	if (places_find(places_dual, NELEMS(places_dual), l) != NULL)
		return ("dual-region");
	if (places_find(places_regions, NELEMS(places_regions), l) != NULL)
		return ("region");
	return (NULL);
}

const char *
places_class(const char *name)
{

	return (places_find(places_classes, NELEMS(places_classes), name));
}
