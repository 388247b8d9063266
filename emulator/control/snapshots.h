/* emulator/control/snapshots.h: the store's state kept under a name and brought
 * back, in DATA/snapshots.  Part of the control API, token and all:
 *
 *   POST   snapshots {"name"}        save; 409 where the name is taken
 *   GET    snapshots                 {"snapshots":["NAME",…]}
 *   POST   snapshots/{name}/load     what was saved is the state now
 *   DELETE snapshots/{name}
 *
 * A name has 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.', not a dot first. */
#ifndef EMULATOR_SNAPSHOTS_H
#define EMULATOR_SNAPSHOTS_H

#include "emulator/http/req.h"

void	snapshots_save_h(struct req *);
void	snapshots_list_h(struct req *);
void	snapshots_load_h(struct req *);
void	snapshots_delete_h(struct req *);

#endif
