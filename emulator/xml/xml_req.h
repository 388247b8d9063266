/* emulator/xml/xml_req.h: what requests of the XML API have in common: headers
 * in Google's and in Amazon's form, the metadata of an object in headers, and
 * what no request may do.  Knows headers; not what they are for.
 * https://cloud.google.com/storage/docs/xml-api/reference-headers ,
 * https://cloud.google.com/storage/docs/interoperability */
#ifndef EMULATOR_XML_REQ_H
#define EMULATOR_XML_REQ_H

#include "emulator/http/req.h"

/* x-goog-NAME, else x-amz-NAME; or NULL. */
const char	*xml_header(struct req *, const char *name);
/* Does the client speak Amazon's form of the protocol? */
bool	xml_amz(const struct req *);

/* A header that says true is what the JSON API has a parameter for. */
void	xml_flag(struct req *, const char *header, const char *param);

/* Both forms in one request: -1, and a 400 has been stored. */
int	xml_check(struct req *);
/* The same, and a body's length must be known: 411. */
int	xml_check_body(struct req *);

/* A body that is a document: Content-MD5 must be its own; what x-goog-hash
 * says, of the object that it asks for, is in x.  -1: a 400 has been stored. */
int	xml_check_document(struct req *, struct store_expect *x);

/* The attrs of an object from this request's headers.  NULL: a 400 has been stored. */
const char	*xml_attrs(struct req *);
/* The same from the fields of a form, which are named as headers are. */
const char	*xml_attrs_form(struct req *, const struct req_kv *, size_t n);
/* The same of an object that is copied: those of old but for what belongs to
 * the generation (class, holds, retention), and this request's class. */
const char	*xml_attrs_copied(struct req *, const char *old);

/* A whole number in the query: *v is dflt where there is none.  -1: a 400. */
int	xml_number(struct req *, const char *param, int64_t min, int64_t max,
    int64_t dflt, int64_t *v);
/* encoding-type: *url.  -1: a 400, for it is neither absent nor "url". */
int	xml_encoding(struct req *, bool *url);

#endif
