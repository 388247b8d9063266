#include "emulator/identity/scopes.h"

#include <string.h>

#include "lib/str.h"

#define AUTH	"https://www.googleapis.com/auth/"

/* A bit for each. */
enum {
	SCOPE_CLOUD = 1, SCOPE_CLOUD_READ = 2, SCOPE_FULL = 4, SCOPE_WRITE = 8,
	SCOPE_READ = 16, SCOPE_IAM = 32, SCOPE_PROJECTS = 64,
	SCOPE_PROJECTS_READ = 128,
	ANY = 256,
};

#define FULL	(SCOPE_CLOUD | SCOPE_FULL)
#define WRITE	(FULL | SCOPE_WRITE)
#define LOOK	(FULL | SCOPE_CLOUD_READ | SCOPE_READ)
#define READ	(LOOK | SCOPE_WRITE)
#define IAM	(SCOPE_CLOUD | SCOPE_IAM)
#define PROJECT	(SCOPE_CLOUD | SCOPE_PROJECTS)

static const struct {
	const char *scope;
	unsigned bit;
} scopes[] = {
	{ AUTH "cloud-platform", SCOPE_CLOUD },
	{ AUTH "cloud-platform.read-only", SCOPE_CLOUD_READ },
	{ AUTH "devstorage.full_control", SCOPE_FULL },
	{ AUTH "devstorage.read_write", SCOPE_WRITE },
	{ AUTH "devstorage.read_only", SCOPE_READ },
	{ AUTH "iam", SCOPE_IAM },
	{ AUTH "cloudplatformprojects", SCOPE_PROJECTS },
	{ AUTH "cloudplatformprojects.readonly", SCOPE_PROJECTS_READ },
};

/* Those that a method takes, by the `scopes` of its API's discovery document;
 * the first that fits counts. */
static const struct {
	const char *id;
	unsigned good;
} scopes_needs[] = {
	{ "iamcredentials.serviceAccounts.getAllowedLocations", ANY },
	{ "iam*", IAM },
	{ "resourcemanager.projects.setIamPolicy", PROJECT },
	{ "resourcemanager.*",
	    PROJECT | SCOPE_CLOUD_READ | SCOPE_PROJECTS_READ },
	{ "*AccessControls*", FULL },
	{ "storage.buckets.?etIamPolicy", FULL },
	{ "storage.managedFolders.setIamPolicy", FULL },
	{ "storage.buckets.patch", FULL },
	{ "storage.buckets.update", FULL },
	{ "storage.objects.patch", FULL },
	{ "storage.objects.update", FULL },
	{ "storage.objects.restore", FULL },
	{ "storage.projects.hmacKeys.create", FULL },
	{ "storage.projects.hmacKeys.update", FULL },
	{ "storage.projects.hmacKeys.get", LOOK },
	{ "storage.projects.hmacKeys.list", LOOK },
	{ "*.get*", READ },
	{ "*.list*", READ },
	{ "*.testIamPermissions", READ },
	{ "*", WRITE },
};

static unsigned
scopes_bits(const char *scope)
{
	unsigned bits = ANY;

	for (size_t n; *scope != '\0'; scope += n + (scope[n] == ' ')) {
		n = strcspn(scope, " ");
		for (size_t i = 0; i < NELEMS(scopes); i++)
			if (strlen(scopes[i].scope) == n &&
			    memcmp(scopes[i].scope, scope, n) == 0)
				bits |= scopes[i].bit;
	}
	return (bits);
}

/* Its URL or its own parts say who may. */
static bool
scopes_unasked(const struct route *r)
{

	return (r->permission == NULL && (strcmp(r->id, "storage.batch") == 0 ||
	    strcmp(r->id, "storage.objects.insert") == 0 ||
	    strcmp(r->id, "storage.objects.delete") == 0));
}

bool
scopes_cover(const char *scope, const struct route *route)
{
	bool storage = route->api == API_STORAGE || route->api == API_XML;
	size_t i = 0;

	if (scope == NULL || scopes_unasked(route) ||
	    (!storage && route->api != API_IAM && route->api != API_CRM))
		return (true);
	while (!str_glob(scopes_needs[i].id, route->id))
		i++;
	return ((scopes_bits(scope) & scopes_needs[i].good) != 0);
}
