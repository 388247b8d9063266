/* emulator/folder/folder.h: buckets and objects as the files of a folder: what
 * an emulator begins with, and what it leaves behind.  Knows the store and
 * file names; no requests.
 *
 *   DIR/BUCKET/OBJECT            the bytes of an object; folders are slashes
 *   DIR/BUCKET/OBJECT.gcs.json   optional: its metadata, in the words of the
 *                                JSON API (contentType, metadata, …)
 *   DIR/BUCKET.gcs.json          optional: the bucket's
 *
 * An empty folder is an empty bucket.  OBJECT.gcs.json is an object of its own
 * where there is no OBJECT beside it.  Symbolic links are passed over.
 *
 * A folder that folder_save() wrote holds DIR/.gcs-emulator-export; in such a
 * one names are escaped, since an object may be called what no file can be:
 *   %XX      the byte XX (in `%`, control characters, a name of dots alone,
 *            the dot of an object's own .gcs.json, and slashes that stand at
 *            an end or beside another)
 *   NAME%=   the object NAME, where NAME/… are objects too
 *   PART%+/  a name that goes on in the next one, as it was too long */
#ifndef EMULATOR_FOLDER_H
#define EMULATOR_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "emulator/emu.h"
#include "lib/buf.h"
#include "lib/err.h"

struct object;

struct folder_count {
	int64_t	buckets, objects;	/* made or replaced */
	int64_t	same;			/* objects that were there already */
	/* NULL, or called for each object that is there now. */
	void	(*each)(void *cls, const struct object *);
	void	*cls;
};

/* Make what the folder holds.  Objects that are equal already are left alone,
 * generation and all.  exported: it must be one that folder_save() wrote, and
 * generations and times are taken over.  -1: the message names the file; what
 * came before it is there. */
int	folder_load(struct emu *, const char *dir, bool exported,
    struct folder_count *, struct err *);
/* Write all buckets and live objects beside `dir`, and then, when they are on
 * the disk, put that in its place: a former export there is replaced, any
 * other folder that is not empty is an error.  No request may be under way.
 * What is not live (noncurrent, soft-deleted, uploads begun), accounts and
 * folders without objects are not part of it; snapshots have them. */
int	folder_save(struct emu *, const char *dir, struct folder_count *,
    struct err *);

/* ---- names; public for the tests ---- */

/* The path of an object below its bucket's folder. */
void	folder_escape(struct buf *, const char *name, bool prefix_too);
/* The other way; false: no such path comes from folder_escape(). */
bool	folder_unescape(struct buf *, const char *path);
/* By the end of the name; application/octet-stream where it tells nothing. */
const char	*folder_type(const char *name);

#endif
