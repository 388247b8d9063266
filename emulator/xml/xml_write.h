/* emulator/xml/xml_write.h: XML documents on their way out.  Knows how texts
 * are escaped; no document's shape.  What a handler writes is bounded by its
 * pages of 1000 entries. */
#ifndef EMULATOR_XML_WRITE_H
#define EMULATOR_XML_WRITE_H

#include "emulator/http/req.h"

#define XML_NS_S3	"http://s3.amazonaws.com/doc/2006-03-01/"
#define XML_NS_LIST	"http://doc.s3.amazonaws.com/2006-03-01"

struct xml_write {
	struct buf b;
	bool	url;		/* names are percent-encoded besides */
	const char *root;
	const char *type;	/* of the answer */
};

/* Begins the document; ns may be NULL. */
void	xml_write_begin(struct xml_write *, const char *root, const char *ns);
void	xml_write_open(struct xml_write *, const char *name);
void	xml_write_close(struct xml_write *, const char *name);
void	xml_write_text(struct xml_write *, const char *name, const char *s);
/* A key, prefix or delimiter, which encoding-type=url encodes. */
void	xml_write_name(struct xml_write *, const char *name, const char *s);
void	xml_write_int(struct xml_write *, const char *name, int64_t v);
void	xml_write_bool(struct xml_write *, const char *name, bool v);
void	xml_write_time(struct xml_write *, const char *name, int64_t us);
/* Ends the document, which becomes the reply. */
void	xml_write_reply(struct xml_write *, struct req *, int status);

#endif
