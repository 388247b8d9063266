#include "emulator/api/resumable_range.h"

#include <stdlib.h>

#include "emulator/xml/xml_body.h"
#include "emulator/http/route.h"
#include "lib/log.h"

#define KIND	"session-range"

int
resumable_range_keep(struct req *rq, const char *id)
{
	int64_t min, max, version;
	enum store_rc rc;

	if (xml_body_range(rq, &min, &max))
		return (-1);
	if (min == 0 && max == INT64_MAX)
		return (0);
	rc = store_record_put(rq->emu->store, KIND, id,
	    arena_printf(&rq->arena, "[%lld,%lld]", (long long)min,
	    (long long)max), 0, &version);
	if (rc == STORE_OK)
		return (0);
	req_fail_rc(rq, rc);
	return (-1);
}

int
resumable_range_check(struct req *rq, const char *id, int64_t size)
{
	json_auto_t *j = NULL;
	struct record r;
	enum store_rc rc;

	if (rq->route->api != API_XML)
		return (0);
	rc = store_record_get(rq->emu->store, KIND, id, &rq->arena, &r);
	if (rc == STORE_NO_RECORD)
		return (0);
	if (rc != STORE_OK || (j = json_loads(r.json, 0, NULL)) == NULL) {
		req_fail_rc(rq, rc != STORE_OK ? rc : STORE_IO);
		return (-1);
	}
	return (xml_body_within(rq, size,
	    json_integer_value(json_array_get(j, 0)),
	    json_integer_value(json_array_get(j, 1))));
}

void
resumable_range_drop(struct req *rq, const char *id)
{
	enum store_rc rc;

	if (rq->route->api != API_XML)
		return;
	rc = store_record_delete(rq->emu->store, KIND, id);
	if (rc != STORE_OK && rc != STORE_NO_RECORD)
		log_error("resumable a range stays behind");
}
