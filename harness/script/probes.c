/* The table of probes. */
#include "harness/script/probes_int.h"

#include <stdarg.h>
#include <string.h>

#define B	VALUE_BOOL
#define I	VALUE_INT
#define D	VALUE_DUR
#define S	VALUE_STR
#define LOCAL	PROBE_LOCAL
#define EMU	PROBE_EMULATOR
#define RESTORE	PROBE_RESTORE
#define NO	NAME_NONE
#define FAULT	NAME_FAULT
#define PROCESS	NAME_PROCESS
#define LOAD	NAME_LOAD

const struct probe probes[] = {
	{ "synced", NULL, NO, B, RESTORE, "A restore of the bucket as it is "
	    "now brings back the ledger's newest row, as it stood when the "
	    "wait began.", probe_synced_probe, probe_synced_wait },
	{ "held", "NAME", FAULT, B, EMU,
	    "A request is held by a fault of that name.",
	    probe_held_probe, probe_held_wait },
	{ "fired", "NAME", FAULT, I, EMU, "How often each fault of that name "
	    "has fired: the least of them.", probe_fired_probe,
	    probe_journal_wait },

	{ "restored.integrity", NULL, NO, S, LOCAL, "ok, or what is wrong: "
	    "integrity_check, indexes against tables, running sums.",
	    probe_integrity_probe, NULL },
	{ "restored.prefix", NULL, NO, B, LOCAL,
	    "The restored rows are a prefix of what was attempted.",
	    probe_prefix_probe, NULL },
	{ "restored.sound", NULL, NO, B, LOCAL, "What came back is whole and a "
	    "prefix, or the restore ended with another status than 0 and left "
	    "no database.", probe_sound_probe, NULL },
	{ "restored.told", NULL, NO, B, LOCAL, "All that was acknowledged came "
	    "back, or the restore ended with another status than 0 and left "
	    "no database.", probe_told_probe, NULL },
	{ "restored.chain", NULL, NO, B, LOCAL,
	    "The chain of hashes is unbroken.", probe_chain_probe, NULL },
	{ "restored.lost", NULL, NO, I, LOCAL,
	    "Acknowledged commits that did not come back.",
	    probe_lost_probe, NULL },
	{ "restored.rows", NULL, NO, I, LOCAL, "Rows of the ledger's table.",
	    probe_rows_probe, NULL },
	{ "restored.hash", NULL, NO, S, LOCAL, "Hash of the last row.",
	    probe_hash_probe, NULL },
	{ "restored.status", NULL, NO, I, LOCAL, "Exit status of the restore.",
	    probe_status_probe, NULL },
	{ "restored.rpo", NULL, NO, D, LOCAL,
	    "Age of the oldest lost commit at the loss.", probe_rpo_probe,
	    NULL },
	{ "restored.rto", NULL, NO, D, LOCAL,
	    "From the loss of the machine to the restored database.",
	    probe_rto_probe, NULL },
	{ "restored.why", NULL, NO, S, LOCAL,
	    "What an oracle found wrong, or empty.", probe_why_probe, NULL },

	{ "ledger.rows", NULL, NO, I, LOCAL, "Acknowledged commits.",
	    probe_ledger_rows_probe, NULL },
	{ "ledger.head", NULL, NO, I, LOCAL, "Number of the newest of them.",
	    probe_ledger_head_probe, NULL },
	{ "ledger.hash", NULL, NO, S, LOCAL, "Its hash.",
	    probe_ledger_hash_probe, NULL },
	{ "ledger.epoch", NULL, NO, I, LOCAL, "1, and one more after each "
	    "restore that the application went on from.", probe_ledger_epoch_probe,
	    NULL },

	{ "exec.status", NULL, NO, I, LOCAL, "Exit status of the last exec, "
	    "shell line or stop; 128 and the signal.", probe_exec_status_probe,
	    NULL },
	{ "process", "NAME", PROCESS, S, LOCAL, "running or gone.",
	    probe_process_probe, probe_process_wait },
	{ "process.status", "NAME", PROCESS, I, LOCAL,
	    "Exit status of a process that has ended.",
	    probe_process_status_probe, probe_process_wait },
	{ "process.rss", "NAME", PROCESS, I, LOCAL,
	    "Bytes of memory that it holds.", probe_process_rss_probe, NULL },
	{ "process.fds", "NAME", PROCESS, I, LOCAL, "Its open descriptors.",
	    probe_process_fds_probe, NULL },
	{ "process.threads", "NAME", PROCESS, I, LOCAL, "Its threads.",
	    probe_process_threads_probe, NULL },
	{ "honest", NULL, NO, B, LOCAL, "The last restore brought all back, "
	    "or the last process that was stopped ended with another status "
	    "than 0.",
	    probe_honest_probe, NULL },
	{ "load", "NAME", LOAD, S, LOCAL, "running or done.", probe_load_probe,
	    NULL },

	{ "journal", "METHOD-ID", NO, I, EMU,
	    "Requests so far, `*` matches any run.", probe_journal_probe,
	    probe_journal_wait },
	{ "journal.object", "GLOB", NO, I, EMU, "Requests for such objects.",
	    probe_journal_object_probe, probe_journal_wait },
	{ "journal.status", "STATUS", NO, I, EMU,
	    "Requests answered with that HTTP status.",
	    probe_journal_status_probe, probe_journal_wait },
	{ "journal.rate", "METHOD-ID", NO, I, EMU, "The most of such requests "
	    "that there were within one second.", probe_journal_rate_probe,
	    probe_journal_wait },
	{ "journal.bytes", "GLOB", NO, I, EMU, "Bytes that were uploaded for "
	    "such objects, also where they were refused.",
	    probe_journal_bytes_probe, probe_journal_wait },
	{ "finding", NULL, NO, S, EMU, "The mistake in the cloud's setup that "
	    "the last command's output or the journal shows, or none.",
	    probe_finding_probe, probe_journal_wait },
	{ "bucket.objects", NULL, NO, I, EMU, "Objects in the bucket.",
	    probe_bucket_objects_probe, probe_mutation_wait },
	{ "bucket.like", "GLOB", NO, I, EMU, "Objects with such a name.",
	    probe_bucket_objects_probe, probe_mutation_wait },
	{ "bucket.bytes", NULL, NO, I, EMU, "Their bytes.",
	    probe_bucket_bytes_probe, probe_mutation_wait },
	{ "levels.behind", "LEVEL", NO, I, EMU, "Files of that level that are "
	    "newer than the newest of the next one: what waits to be "
	    "compacted (0.5).", probe_levels_behind_probe,
	    probe_mutation_wait },
	{ "quiet", NULL, NO, D, EMU, "Since when no bucket was changed, as "
	    "far back as it was asked.", probe_quiet_probe, NULL },
	{ "mutation", NULL, NO, I, EMU, "Number of the newest change.",
	    probe_mutation_probe, probe_mutation_wait },

	{ "file", "FILE", NO, B, LOCAL, "There is such a file on the machine.",
	    probe_file_probe, NULL },
	{ "file.size", "FILE", NO, I, LOCAL, "Its bytes.",
	    probe_file_size_probe, NULL },
	{ "folder.files", "FOLDER", NO, I, LOCAL,
	    "Files below it on the machine.", probe_folder_files_probe, NULL },
	{ "folder.bytes", "FOLDER", NO, I, LOCAL, "Their bytes.",
	    probe_folder_bytes_probe, NULL },
	{ "litter", NULL, NO, I, LOCAL, "Files that a restore should not have "
	    "left beside the database: *.tmp, *.tmp-wal, *.tmp-shm.",
	    probe_litter_probe, NULL },
	{ "app.health", NULL, NO, S, LOCAL,
	    "ok, or what the application's /health says.",
	    probe_app_health_probe, NULL },
	{ "app.rows", NULL, NO, I, LOCAL, "Rows, by the application's word.",
	    probe_app_rows_probe, NULL },
	{ .name = NULL }
};

const struct probe *
probe_find(const char *name)
{

	for (const struct probe *p = probes; p->name != NULL; p++)
		if (strcmp(p->name, name) == 0)
			return (p);
	return (NULL);
}

bool
probe_unknown(struct run *r, struct value *v, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, 1 << 16);
	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	v->unknown = true;
	v->s = arena_strdup(&r->arena, b.p);
	buf_release(&b);
	return (true);
}

bool
probe_error(struct run *r, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, 1 << 16);
	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	(void)run_error(r, "%s", b.p);
	buf_release(&b);
	return (false);
}

bool
probe_err(struct run *r, struct err *e)
{
	bool ok = probe_error(r, "%s", err_msg(e));

	err_release(e);
	return (ok);
}
