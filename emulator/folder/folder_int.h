/* emulator/folder/folder_int.h: what the files of this folder share. */
#ifndef EMULATOR_FOLDER_INT_H
#define EMULATOR_FOLDER_INT_H

#include "emulator/folder/folder.h"
#include "emulator/store/store.h"

#define FOLDER_META	".gcs.json"
#define FOLDER_MARK	".gcs-emulator-export"
#define FOLDER_OURS	"emulator"	/* in an export's metadata: attrs as the
					 * store has them, generation, times */

/* What the store's answer means, as a message. */
const char	*folder_rc(enum store_rc);

#endif
