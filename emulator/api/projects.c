#include "emulator/api/projects.h"

#include <string.h>

#include "emulator/http/route.h"
#include "emulator/identity/auth.h"
#include "lib/str.h"

const char *
projects_named(struct req *rq, const char *name)
{
	int64_t n;

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
