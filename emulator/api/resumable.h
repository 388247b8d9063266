/* emulator/api/resumable.h: resumable uploads: a session that is begun, fed in
 * chunks and finished, https://cloud.google.com/storage/docs/resumable-uploads
 * .  Knows Content-Range and the session's life; the store keeps it. */
#ifndef EMULATOR_RESUMABLE_H
#define EMULATOR_RESUMABLE_H

#include "emulator/http/req.h"

void	resumable_start_h(struct req *);
void	resumable_xml_start_h(struct req *);	/* x-goog-resumable: start */
void	resumable_chunk_begin(struct req *);
void	resumable_chunk_data(struct req *, const void *, size_t);
void	resumable_chunk_h(struct req *);
void	resumable_chunk_done(struct req *);
void	resumable_cancel_h(struct req *);

#endif
