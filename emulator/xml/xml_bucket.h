/* emulator/xml/xml_bucket.h: buckets by the XML API: all of a project, one
 * made, deleted, looked for; and what the API reads and sets of one by a word
 * in the query (?cors, ?lifecycle …),
 * https://cloud.google.com/storage/docs/xml-api/reference-methods .  Knows
 * the documents; the rules are buckets.c's. */
#ifndef EMULATOR_XML_BUCKET_H
#define EMULATOR_XML_BUCKET_H

#include "emulator/http/req.h"

void	xml_service_h(struct req *);		/* GET / */
void	xml_bucket_put_h(struct req *);
void	xml_bucket_head_h(struct req *);
void	xml_bucket_delete_h(struct req *);

/* xml_config.c */
void	xml_config_get_h(struct req *);
void	xml_config_put_h(struct req *);
void	xml_config_delete_h(struct req *);

#endif
