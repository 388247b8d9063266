#include "emulator/xml/xml_write.h"

#include <inttypes.h>
#include <string.h>

#include "lib/nul.h"
#include "lib/str.h"

#define XML_MAX	(32u << 20)	/* 1000 names, each byte of them escaped */

void
xml_write_begin(struct xml_write *w, const char *root, const char *ns)
{

	*w = (struct xml_write){ .root = root,
	    .type = "application/xml; charset=UTF-8" };
	buf_init(&w->b, XML_MAX);
	buf_adds(&w->b, "<?xml version='1.0' encoding='UTF-8'?>");
	if (ns == NULL)
		xml_write_open(w, root);
	else
		buf_addf(&w->b, "<%s xmlns='%s'>", root, ns);
}

void
xml_write_open(struct xml_write *w, const char *name)
{

	buf_addc(&w->b, '<');
	buf_adds(&w->b, name);
	buf_addc(&w->b, '>');
}

void
xml_write_close(struct xml_write *w, const char *name)
{

	buf_add(&w->b, "</", 2);
	buf_adds(&w->b, name);
	buf_addc(&w->b, '>');
}

void
xml_write_text(struct xml_write *w, const char *name, const char *s)
{

	xml_write_open(w, name);
	req_xml_text(&w->b, s);
	xml_write_close(w, name);
}

void
xml_write_name(struct xml_write *w, const char *name, const char *s)
{

	if (!w->url) {
		xml_write_text(w, name, s);
		return;
	}
	xml_write_open(w, name);
	nul_pct_encode(&w->b, s, true);
	xml_write_close(w, name);
}

void
xml_write_int(struct xml_write *w, const char *name, int64_t v)
{

	buf_addf(&w->b, "<%s>%" PRId64 "</%s>", name, v, name);
}

void
xml_write_bool(struct xml_write *w, const char *name, bool v)
{

	xml_write_text(w, name, v ? "true" : "false");
}

void
xml_write_time(struct xml_write *w, const char *name, int64_t us)
{
	char s[CLOCK_RFC3339];

	clock_rfc3339(us, s);
	xml_write_text(w, name, s);
}

void
xml_write_reply(struct xml_write *w, struct req *rq, int status)
{

	xml_write_close(w, w->root);
	BUG_ON(!buf_ok(&w->b));
	req_reply(rq, status, w->type, w->b.p, w->b.len);
	buf_release(&w->b);
}
