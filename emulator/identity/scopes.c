#include "emulator/identity/scopes.h"

#include <string.h>

#include "lib/str.h"

#define AUTH	"https://www.googleapis.com/auth/"

enum scopes_level { SCOPES_NONE, SCOPES_READ, SCOPES_WRITE, SCOPES_FULL };

/* What each gives over storage, and over IAM and projects. */
static const struct {
	const char *scope;
	enum scopes_level storage, rpc;
} scopes[] = {
	{ AUTH "cloud-platform", SCOPES_FULL, SCOPES_FULL },
	{ AUTH "cloud-platform.read-only", SCOPES_READ, SCOPES_READ },
	{ AUTH "devstorage.full_control", SCOPES_FULL, SCOPES_NONE },
	{ AUTH "devstorage.read_write", SCOPES_WRITE, SCOPES_NONE },
	{ AUTH "devstorage.read_only", SCOPES_READ, SCOPES_NONE },
	{ AUTH "iam", SCOPES_NONE, SCOPES_FULL },
	{ AUTH "cloudplatformprojects", SCOPES_NONE, SCOPES_FULL },
	{ AUTH "cloudplatformprojects.readonly", SCOPES_NONE, SCOPES_READ },
};

/* The first that fits counts. */
static const struct {
	const char *id;
	enum scopes_level need;
} scopes_needs[] = {
	{ "*AccessControls*", SCOPES_FULL },
	{ "*.setIamPolicy", SCOPES_FULL },
	{ "storage.buckets.patch", SCOPES_FULL },
	{ "storage.buckets.update", SCOPES_FULL },
	{ "storage.objects.patch", SCOPES_FULL },
	{ "storage.objects.update", SCOPES_FULL },
	{ "storage.projects.hmacKeys.create", SCOPES_FULL },
	{ "storage.projects.hmacKeys.update", SCOPES_FULL },
	{ "*.get*", SCOPES_READ },
	{ "*.list*", SCOPES_READ },
	{ "*.testIamPermissions", SCOPES_READ },
	{ "*", SCOPES_WRITE },
};

static enum scopes_level
scopes_level(const char *scope, bool storage)
{
	enum scopes_level best = SCOPES_NONE, one;

	for (size_t n; *scope != '\0'; scope += n + (scope[n] == ' ')) {
		n = strcspn(scope, " ");
		for (size_t i = 0; i < NELEMS(scopes); i++) {
			if (strlen(scopes[i].scope) != n ||
			    memcmp(scopes[i].scope, scope, n) != 0)
				continue;
			one = storage ? scopes[i].storage : scopes[i].rpc;
			best = one > best ? one : best;
		}
	}
	return (best);
}

bool
scopes_cover(const char *scope, const struct route *route)
{
	bool storage = route->api == API_STORAGE || route->api == API_XML;
	size_t i = 0;

	if (scope == NULL ||
	    (!storage && route->api != API_IAM && route->api != API_CRM))
		return (true);
	while (!str_glob(scopes_needs[i].id, route->id))
		i++;
	return (scopes_level(scope, storage) >= scopes_needs[i].need);
}
