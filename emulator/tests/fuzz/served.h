/* emulator/tests/fuzz/served.h: a request as bytes, from its head to its
 * answer, without a socket: on a store of its own that forgets nothing between
 * inputs but is bounded by a new one every so often. */
#ifndef FUZZ_SERVED_H
#define FUZZ_SERVED_H

#include <check.h>

#include "emulator/http/dispatch.h"
#include "emulator/http/head.h"
#include "emulator/tests/fuzz/fuzz.h"

/* The fixture is the unit tests'; here no test is running. */
#undef ck_assert_int_eq
#undef ck_assert_int_ne
#undef ck_assert_msg
#undef ck_assert_ptr_nonnull
#define ck_assert_int_eq(a, b)	MUST((a) == (b))
#define ck_assert_int_ne(a, b)	MUST((a) != (b))
#define ck_assert_msg(x, ...)	MUST(x)
#define ck_assert_ptr_nonnull(p) MUST((p) != NULL)
#include "emulator/tests/fixture.h"

static struct fix served_fix;
static unsigned served_left;

static inline struct fix *
served(void)
{

	if (served_left-- > 0)
		return (&served_fix);
	if (served_fix.emu.store != NULL)
		fix_release(&served_fix);
	fix_init(&served_fix);
	served_fix.emu.auth_http = false;
	MUST(fix_owner(&served_fix, "POST", "127.0.0.1",
	    "/storage/v1/b?project=" FIX_PROJECT, "{\"name\":\"bucket\"}") ==
	    200);
	served_left = 2000;
	return (&served_fix);
}

/* The body in pieces of `step`; rq is the caller's to release.  False: the
 * head has no such request in it. */
static inline bool
served_do(struct fix *x, struct req *rq, struct head *h, const uint8_t *body,
    size_t n, size_t step)
{
	bool opened = false;

	req_init(rq, &x->emu);
	rq->via = VIA_HTTP;
	rq->head = h;
	rq->method = h->method;
	rq->t0_us = clock_mono_us();
	rq->wall_us = clock_wall_us(&x->emu.clock);
	req_set_host(rq, h->host != NULL ? h->host : "127.0.0.1");
	if (req_target(rq, h->target) != 0)
		return (true);
	if (route_find(rq) != 0 || rq->route->api == API_CONTROL)
		return (false);
	if (rq->route->body == BODY_BUF)
		buf_add(&rq->body, body, n);
	dispatch_judge(rq);
	if (rq->status == 0 && rq->route->body == BODY_STREAM) {
		opened = true;
		rq->route->begin(rq);
		for (size_t i = 0; i < n && rq->status == 0; i += step)
			rq->route->data(rq, body + i, n - i < step ? n - i :
			    step);
	}
	dispatch_work(rq);
	if (opened && rq->route->done != NULL)
		rq->route->done(rq);
	MUST(rq->status >= 200 && rq->status < 600);
	return (true);
}

#endif
