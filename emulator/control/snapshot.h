/* emulator/control/snapshot.h: snapshots by the control API.  Knows requests
 * and the gate; the store's files are store_snapshot.h's.  Each call wants the
 * token.
 *
 *   GET    snapshots                  {"snapshots":[{"name","created",
 *                                      "mutation","buckets","objects",
 *                                      "database_bytes","payload_bytes"}]}
 *   POST   snapshots {"name","replace":bool}    that entry; 409 where there is
 *                                      one of the name and no "replace"
 *   POST   snapshots/{name}/load {"timeout_ms":N}   that entry; 409 where
 *                                      requests under way did not end in time
 *   DELETE snapshots/{name}           {}
 *   POST   export {"dir":"/PATH"}     {"buckets","objects"}: what
 *                                      --export-on-exit would write there
 *
 * A snapshot holds all that the store holds: buckets, objects, uploads begun,
 * accounts, keys, policies.  Loading puts all of it back while no other
 * request is under way, and those that come meanwhile wait; tokens and the
 * owner's keys that were given out since go on being good.  Mutation numbers
 * go on from the snapshot's; fault rules, the journal and the clock stay as
 * they are. */
#ifndef EMULATOR_SNAPSHOT_H
#define EMULATOR_SNAPSHOT_H

#include "emulator/http/req.h"

void	snapshot_list_h(struct req *);
void	snapshot_save_h(struct req *);
void	snapshot_load_h(struct req *);
void	snapshot_delete_h(struct req *);
void	snapshot_export_h(struct req *);

#endif
