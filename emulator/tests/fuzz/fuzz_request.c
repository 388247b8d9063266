/* Every API: the bytes of a request, head and body, are answered: never by a
 * 500, and by JSON that is JSON. */
#include "emulator/tests/fuzz/served.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = ARENA_INIT;
	const char *why = NULL;
	struct head h;
	struct req rq;
	size_t from = 0, end = head_end((const char *)p, n, &from);
	json_t *j;

	if (end > 0 && head_parse(&h, &a, arena_dup(&a, p, end), end, &why) ==
	    0) {
		(void)served_do(served(), &rq, &h, p + end, n - end,
		    1 + n % 5000);
		MUST(rq.status != 500);
		if (rq.status != 0 && rq.reply != NULL && rq.reply_len > 0 &&
		    rq.nheaders > 0 && rq.route->api == API_STORAGE &&
		    strstr(rq.headers[0].v, "application/json;") != NULL) {
			j = json_loadb(rq.reply, (size_t)rq.reply_len,
			    JSON_ALLOW_NUL, NULL);
			MUST(j != NULL);
			json_decref(j);
		}
		req_release(&rq);
	}
	arena_release(&a);
	return (0);
}
