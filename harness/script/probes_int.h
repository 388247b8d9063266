/* harness/script/probes_int.h: the probe functions, one file a source of
 * answers.  Private to the table in probes.c. */
#ifndef HARNESS_PROBES_INT_H
#define HARNESS_PROBES_INT_H

#include "harness/script/probes.h"

#define PROBE(f)	bool	f(struct run *, const char *, struct value *)
#define PROBE_WAIT(f)	bool	f(struct run *, const char *,		\
			    const struct value *, int64_t)

/* probe_local.c: the ledger, the machine's processes and files, commands */
PROBE(probe_ledger_rows_probe);
PROBE(probe_ledger_head_probe);
PROBE(probe_ledger_hash_probe);
PROBE(probe_ledger_epoch_probe);
PROBE(probe_exec_status_probe);
PROBE(probe_process_probe);
PROBE(probe_process_status_probe);
PROBE(probe_honest_probe);
PROBE(probe_sound_probe);
PROBE(probe_told_probe);
PROBE(probe_load_probe);
PROBE(probe_file_probe);
PROBE(probe_file_size_probe);
PROBE(probe_litter_probe);
PROBE_WAIT(probe_process_wait);

/* probe_use.c: what it uses */
PROBE(probe_process_rss_probe);
PROBE(probe_process_threads_probe);
PROBE(probe_process_fds_probe);
PROBE(probe_folder_files_probe);
PROBE(probe_folder_bytes_probe);
PROBE(probe_journal_rate_probe);
PROBE(probe_journal_bytes_probe);

/* probe_emu.c: the emulator */
PROBE(probe_synced_probe);
PROBE(probe_held_probe);
PROBE(probe_fired_probe);
PROBE(probe_journal_probe);
PROBE(probe_journal_object_probe);
PROBE(probe_journal_status_probe);
PROBE(probe_finding_probe);
PROBE(probe_bucket_objects_probe);
PROBE(probe_bucket_bytes_probe);
PROBE(probe_levels_behind_probe);
PROBE(probe_quiet_probe);
PROBE(probe_mutation_probe);
PROBE_WAIT(probe_synced_wait);
PROBE_WAIT(probe_mutation_wait);
PROBE_WAIT(probe_held_wait);
PROBE_WAIT(probe_journal_wait);

/* probe_restored.c: what the last restore brought back */
PROBE(probe_integrity_probe);
PROBE(probe_prefix_probe);
PROBE(probe_chain_probe);
PROBE(probe_lost_probe);
PROBE(probe_rows_probe);
PROBE(probe_hash_probe);
PROBE(probe_status_probe);
PROBE(probe_rto_probe);
PROBE(probe_rpo_probe);
PROBE(probe_why_probe);

/* probe_app.c: the application's HTTP interface */
PROBE(probe_app_health_probe);
PROBE(probe_app_rows_probe);

/* There is no answer yet, and why; true. */
bool	probe_unknown(struct run *, struct value *, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* run_error(), and false. */
bool	probe_error(struct run *, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same with the message of e, which is released. */
bool	probe_err(struct run *, struct err *e);

#endif
