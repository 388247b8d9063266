/* lib/file.h: files and folders as wholes.  Knows no format.  Paths are
 * borrowed; every failure names the path in its message. */
#ifndef LIB_FILE_H
#define LIB_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/err.h"

/* Append the whole file to b; more than b's cap is an error. */
int	file_read(const char *path, struct buf *b, struct err *e);
/* Written beside, renamed into place: whole or not at all. */
int	file_write(const char *path, const void *p, size_t n, mode_t mode,
    struct err *e);
/* The same, and on the disk when it returns, whatever the power does. */
int	file_write_synced(const char *path, const void *p, size_t n,
    mode_t mode, struct err *e);
/* Every byte, through interruptions and short writes; -1 with errno. */
int	file_write_all(int fd, const void *p, size_t n);
int	file_mkdirs(const char *path, mode_t mode, struct err *e);
/* The file or the folder with all below it; what is not there is no error.
 * Links are removed, never followed. */
int	file_remove_all(const char *path, struct err *e);
/* A copy of one regular file with its mode, by copy_file_range(2). */
int	file_copy(const char *from, const char *to, struct err *e);
bool	file_exists(const char *path);
/* Bytes, or -1 where there is none. */
int64_t	file_size(const char *path);
/* The first executable `name` on the PATH given (a `:` list), or name itself
 * where it holds a slash; heap, NULL where there is none. */
char	*file_find_program(const char *name, const char *path);

#endif
