/* emulator/control/control.h: the control API under /_emulator/ of the plain
 * endpoint, JSON in and out.  Each call but ready and metrics wants the header
 * `X-Emulator-Token: TOKEN` (given to whoever started the emulator, in its
 * environment as GCS_EMULATOR_TOKEN, or read from DATA/control-token); without
 * it 403.  Errors: {"error":{"code","message"}}.
 *
 *   GET    ready                      {"ready":true}
 *   GET    metrics                    see metrics.h
 *   GET    info                       {"project","project_number","owner",
 *                                      "owner_key" (path; the key is made now
 *                                      where there was none),"ca","http",
 *                                      "proxy","data","mutation"}
 *   GET    journal?since=&api=&object=&principal=&status=&max=
 *   GET    journal/count?…            {"count":N}
 *   GET    journal/wait?…&n=&timeout_ms=    {"ok":true|false}
 *   GET    faults                     {"faults":[…]}
 *   POST   faults                     rule → {"id":N}
 *   DELETE faults  ·  DELETE faults/{id}
 *   GET    holds/{as}?n=1&timeout_ms= {"held":N,"ok":bool}
 *   POST   holds/{as}/release         {"discard":bool} → {"released":N}
 *   GET    mutation?above=K&timeout_ms=     {"mutation":N}
 *   POST   views  {"bucket","at","name"}    DELETE views/{name}
 *   POST   forks  {"bucket","at","name"}
 *   POST   history {"bucket","on"}
 *   POST   clock  {"shift_ms":N}      {"now":RFC3339,"lifecycle":{…}}; what
 *                                      the new time makes due is done first
 *   POST   limits {"object_writes":N}  writes a second that one object takes
 *                                      before 429; 0: any
 *   POST   lifecycle                  apply lifecycle rules now, and lose what
 *                                      is soft-deleted and due: {"deleted",
 *                                      "archived" (now noncurrent),
 *                                      "class_changed","uploads_aborted",
 *                                      "kept" (held or retained),"lost"}
 *   POST   token  {"account":EMAIL}   {"access_token"}: a bearer token of any
 *                                      stored account (for provisioning as
 *                                      the owner without a key)
 *   GET    users                      {"users":[{"email","id","name",
 *                                      "disabled"}]}
 *   POST   users                      {"email","name","scope"} (the last two
 *                                      optional): a user, made where there is
 *                                      none, and {…,"credentials": a new file
 *                                      of type authorized_user}
 *   PATCH  users/EMAIL                {"disabled":true|false}
 *   DELETE users/EMAIL
 *   GET    metadata                   {"account","scope","host"}
 *   POST   metadata                   {"account","scope"}: attach an account
 *                                      to the machine that the metadata
 *                                      server stands for; null: none
 *   GET    pools                      {"pools":[…]}
 *   POST   pools                      {"pool","provider","issuer",…}, see
 *                                      pools.h: a provider of a workload
 *                                      identity pool
 *   GET|POST pools/POOL/PROVIDER/token?sub=   {"token"}: of that issuer, with
 *                                      the claims of the body in it
 *   DELETE pools/POOL/PROVIDER
 *   POST   shutdown                   {} then the emulator ends, status 0
 *   snapshots, export                 see snapshot.h
 *   GET    describe                   as --describe
 */
#ifndef EMULATOR_CONTROL_H
#define EMULATOR_CONTROL_H

#include "emulator/http/req.h"

/* Is it the starter who asks?  False: a 403 has been stored. */
bool	control_may(struct req *);

void	control_ready_h(struct req *);
void	control_info_h(struct req *);
void	control_journal_h(struct req *);
void	control_journal_count_h(struct req *);
void	control_journal_wait_h(struct req *);
void	control_faults_h(struct req *);
void	control_fault_add_h(struct req *);
void	control_fault_delete_h(struct req *);	/* one or all */
void	control_hold_h(struct req *);
void	control_release_h(struct req *);
void	control_mutation_h(struct req *);
void	control_view_h(struct req *);
void	control_view_delete_h(struct req *);
void	control_fork_h(struct req *);
void	control_history_h(struct req *);
void	control_clock_h(struct req *);
void	control_lifecycle_h(struct req *);
void	control_limits_h(struct req *);
void	control_token_h(struct req *);
void	control_shutdown_h(struct req *);
void	control_describe_h(struct req *);

/* Routes, permissions, roles and fault kinds from their tables, as JSON. */
json_t	*control_describe(void);

#endif
