#include "emulator/api/projects.h"

#include <string.h>

#include "emulator/http/route.h"
#include "emulator/identity/auth.h"
#include "lib/str.h"

/* Ids and numbers, those with a domain in front too. */
static bool
projects_name_ok(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:");

	return (n > 0 && n <= 256 && s[n] == '\0');
}

const char *
projects_named(struct req *rq, const char *name)
{
	int64_t n;

	if (!projects_name_ok(name)) {
		req_fail(rq, 400, "invalid", "Invalid project: '%s'.", name);
		return (NULL);
	}
	if (str_int64(name, &n) && n == rq->emu->project_number)
		return (rq->emu->project);
	if (strcmp(name, rq->emu->project) == 0 || !auth_enforced(rq))
		return (name);
	auth_refuse(rq, rq->route->permission);
	return (NULL);
}

void
projects_service_account_h(struct req *rq)
{

	if (projects_named(rq, rq->cap[0]) == NULL)
		return;
	req_reply_json(rq, 200, json_pack("{s:s, s:s}", "kind",
	    "storage#serviceAccount", "email_address", arena_printf(
	    &rq->arena, "service-%lld@gs-project-accounts.iam."
	    "gserviceaccount.com", (long long)rq->emu->project_number)));
}
