/* emulator/xml/post_form.h: uploads from HTML forms: POST of multipart/
 * form-data to a bucket, the file as the last field.  The bytes stream into a
 * struct payload.  Knows the form's fields; what a policy document permits is
 * post_policy.c's, who signed it signed.c's.
 * https://cloud.google.com/storage/docs/xml-api/post-object-forms */
#ifndef EMULATOR_POST_FORM_H
#define EMULATOR_POST_FORM_H

#include "emulator/http/req.h"

void	post_form_begin(struct req *);
void	post_form_data(struct req *, const void *, size_t);
void	post_form_h(struct req *);
void	post_form_done(struct req *);

#endif
