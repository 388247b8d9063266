/* emulator/http/xml_error.h: errors as the XML API words them: a code, the
 * sentence that belongs to it, and the details of the case.
 * https://cloud.google.com/storage/docs/xml-api/reference-status .  Knows the
 * codes; not when they happen. */
#ifndef EMULATOR_XML_ERROR_H
#define EMULATOR_XML_ERROR_H

#include "emulator/http/req.h"

/* Stores the reply.  `reason` is one of the JSON API's, or a code of the XML
 * API, which begin with a capital. */
void	xml_error(struct req *, int status, const char *reason,
    const char *msg);
/* What a store call's failure is called here, or NULL: as in the JSON API. */
const char	*xml_error_reason(enum store_rc);

#endif
