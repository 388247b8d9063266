/* lib/log.h: one line per event on stderr (or another descriptor),
 *
 *     12.403 emu  req n=87 api=storage.objects.insert st=503 us=412
 *
 * seconds since the program began, who, and key=value words.  Knows nothing
 * of the event.  Safe from any thread: a line is one write(2), and control
 * characters in it become '?'. */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "lib/mem.h"

enum log_level { LOG_ERROR, LOG_INFO, LOG_DEBUG };

/* who: at most four letters, borrowed for ever; fd stays the caller's. */
void	log_setup(const char *who, int fd, enum log_level max);
void	log_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void	log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);
void	log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
