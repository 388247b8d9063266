/* The table of steps, and a line's words as typed arguments when it is run. */
#include "harness/script/steps.h"

#include <string.h>

#include "harness/script/args.h"
#include "harness/script/needs.h"
#include "harness/script/steps_int.h"
#include "lib/clock.h"

#define ARGS(name)	static const struct arg_spec name[] =
#define POS(n, t)	.name = n, .type = t, .positional = true
#define MUST(n, t)	POS(n, t), .required = true
#define REST(n, t)	POS(n, t), .rest = true
#define OPT(n, t)	.name = n, .type = t

ARGS(scenario_args) {
	{ MUST("title", ARG_STR), .doc = "what is drilled, in one sentence" },
	{ .name = NULL }
};
ARGS(tags_args) {
	{ REST("tag", ARG_NAME), .required = true },
	{ .name = NULL }
};
ARGS(need_args) {
	{ REST("need", ARG_STR), .required = true },
	{ .name = NULL }
};
ARGS(limit_args) {
	{ MUST("duration", ARG_DUR), .min = 1 },
	{ .name = NULL }
};
ARGS(known_bug_args) {
	{ REST("release", ARG_STR), .required = true,
	    .doc = "0.5.3, or a range 0.5.3..0.5.14" },
	{ OPT("reason", ARG_STR), .required = true },
	{ OPT("property", ARG_STR), .doc = "what fails, as reports name it; "
	    "another is a FAIL like any" },
	{ .name = NULL }
};
ARGS(phase_args) {
	{ MUST("title", ARG_STR) },
	{ .name = NULL }
};
ARGS(set_args) {
	{ MUST("name", ARG_NAME), .defines = true },
	{ MUST("value", ARG_STR) },
	{ .name = NULL }
};
ARGS(provision_args) {
	{ OPT("account", ARG_NAME), .doc = "name of the service account" },
	{ OPT("role", ARG_STR), .doc = "of the account on the bucket" },
	{ OPT("bucket", ARG_NAME) },
	{ OPT("path", ARG_STR), .doc = "the backup's folder in the bucket" },
	{ OPT("key", ARG_STR), .doc = "where the key file goes on the "
	    "machine" },
	{ OPT("without", ARG_CHOICES),
	    .choices = "account|key|bucket|binding",
	    .doc = "parts that are left out" },
	{ OPT("replica", ARG_CHOICE), .choices = "bucket|folder",
	    .dflt = "bucket", .doc = "a folder outlives machines; releases "
	    "without Cloud Storage always take it" },
	{ OPT("adopt", ARG_STR), .doc = "a key file that the runbook's own "
	    "commands made: nothing is made, its account and bucket are "
	    "taken" },
	{ .name = "uniform", .type = ARG_FLAG,
	    .doc = "the bucket has uniform access: listings are a quarter as "
	    "long" },
	{ .name = NULL }
};
ARGS(configure_args) {
	{ OPT("sync", ARG_DUR), .min = 1, .doc = "between uploads" },
	{ OPT("monitor", ARG_DUR), .min = 1, .doc = "between looks at the "
	    "database's log" },
	{ OPT("checkpoint", ARG_DUR), .min = 1 },
	{ OPT("pages", ARG_INT), .min = 1,
	    .doc = "of the log, until it is checkpointed" },
	{ OPT("compact", ARG_DUR), .min = 1,
	    .doc = "level 0 into level 1 (0.5)" },
	{ OPT("l0", ARG_DUR), .min = 1,
	    .doc = "retention of level 0, once it is compacted (0.5)" },
	{ OPT("snapshot", ARG_DUR), .min = 1 },
	{ OPT("retention", ARG_DUR), .min = 1, .doc = "of snapshots" },
	{ .name = NULL }
};
ARGS(cloud_args) {
	{ MUST("action", ARG_CHOICE), .choices = "delete-key|disable-account|"
	    "delete-account|delete-bucket|remove-binding|take-bucket" },
	{ .name = NULL }
};
ARGS(emulator_args) {
	{ MUST("action", ARG_CHOICE), .choices = "kill|restart" },
	{ .name = NULL }
};
ARGS(damage_args) {
	{ MUST("how", ARG_CHOICE), .choices = "truncate|corrupt|remove|"
	    "copy|undo" },
	{ OPT("object", ARG_STR), .dflt = "*", .doc = "glob" },
	{ OPT("nth", ARG_INT), .min = 1, .doc = "the nth by name only; in a "
	    "sweep it is the round's fault" },
	{ .name = NULL }
};
ARGS(use_args) {
	{ MUST("release", ARG_STR), .doc = "a version, or `drilled`" },
	{ .name = NULL }
};
ARGS(freeze_args) {
	{ OPT("on", ARG_API), .dflt = "storage.objects.insert" },
	{ OPT("object", ARG_STR), .dflt = "*", .doc = "glob" },
	{ OPT("at", ARG_CHOICE), .choices = "before|after", .dflt = "before",
	    .doc = "the service's work" },
	{ OPT("every", ARG_INT), .dflt = "1", .min = 1 },
	{ OPT("count", ARG_INT), .dflt = "1", .min = 1 },
	{ OPT("within", ARG_DUR), .dflt = "20s", .doc = "each" },
	{ .name = NULL }
};
ARGS(clock_args) {
	{ MUST("direction", ARG_CHOICE), .choices = "ahead|behind" },
	{ MUST("duration", ARG_DUR) },
	{ .name = NULL }
};
ARGS(machine_args) {
	{ MUST("action", ARG_CHOICE), .choices = "replace" },
	{ .name = NULL }
};
ARGS(install_args) {
	{ MUST("name", ARG_STR), .doc = "its path on the machine, from /app" },
	{ OPT("from", ARG_STR), .doc = "file of the deployment's folder; "
	    "without it, one of the same name" },
	{ .name = NULL }
};
ARGS(env_args) {
	{ REST("assignment", ARG_ENV), .required = true,
	    .doc = "NAME=VALUE sets, -NAME removes" },
	{ .name = NULL }
};
ARGS(start_args) {
	{ MUST("name", ARG_NAME), .makes = NAME_PROCESS,
	    .choices = "replicator|application|deployment",
	    .doc = "replicator, application, deployment, or any name with a "
	    "command" },
	{ OPT("config", ARG_STR), .doc = "Litestream's configuration" },
	{ REST("command", ARG_STR) },
	{ .name = NULL }
};
ARGS(stop_args) {
	{ REST("name", ARG_NAME), .required = true, .wants = NAME_RUNNING,
	    .doc = "a process or a load" },
	{ OPT("within", ARG_DUR), .dflt = "10s" },
	{ OPT("signal", ARG_SIGNAL), .dflt = "TERM" },
	{ .name = NULL }
};
ARGS(kill_args) {
	{ REST("name", ARG_NAME), .required = true, .wants = NAME_PROCESS },
	{ OPT("signal", ARG_SIGNAL), .dflt = "KILL" },
	{ .name = NULL }
};
ARGS(load_args) {
	{ MUST("workload", ARG_WORKLOAD) },
	{ OPT("rows", ARG_INT), .required = true,
	    .doc = "transactions; 0: until it is stopped" },
	{ OPT("payload", ARG_BYTES), .dflt = "256", .max = 1 << 30,
	    .doc = "a row's size" },
	{ OPT("pace", ARG_DUR), .dflt = "0s",
	    .doc = "between two commits" },
	{ OPT("as", ARG_NAME), .makes = NAME_LOAD,
	    .doc = "goes on in the background" },
	{ OPT("via", ARG_CHOICE), .choices = "file|app", .dflt = "file" },
	{ OPT("db", ARG_STR), .doc = "another database file" },
	{ OPT("page_size", ARG_INT), .min = 512, .max = 65536,
	    .doc = "of a new database: 512 to 65536, a power of two" },
	{ OPT("auto_vacuum", ARG_CHOICE), .choices = "none|full|incremental",
	    .doc = "of a new database" },
	{ .name = "mmap", .type = ARG_FLAG,
	    .doc = "the writer reads the file by mmap" },
	{ .name = NULL }
};
ARGS(restore_args) {
	{ OPT("parallelism", ARG_INT), .min = 1 },
	{ OPT("output", ARG_STR), .doc = "without it, the database's place" },
	{ OPT("machines", ARG_INT), .min = 1, .max = 256, .instead = true,
	    .doc = "so many at once" },
	{ OPT("views", ARG_INT), .min = 1, .instead = true,
	    .doc = "instead: so many views of the bucket's past" },
	{ OPT("moments", ARG_INT), .min = 1, .instead = true,
	    .doc = "instead: to so many moments, by -timestamp" },
	{ OPT("places", ARG_INT), .min = 1, .instead = true,
	    .doc = "instead: to so many places in the log, by -txid (0.5) or "
	    "-index (0.3)" },
	{ OPT("from", ARG_INT), .dflt = "1", .min = 1,
	    .doc = "row at whose moment they begin" },
	{ OPT("last", ARG_DUR), .dflt = "0s", .doc = "moments that are no "
	    "longer than that before the newest row's; 0s: of all time" },
	{ OPT("slack", ARG_DUR), .dflt = "3s", .min = 1,
	    .doc = "how long before a moment all must be there" },
	{ OPT("within", ARG_DUR), .dflt = "60s", .min = 1 },
	{ REST("flag", ARG_STR), .doc = "handed to litestream restore" },
	{ .name = NULL }
};
ARGS(fault_args) {
	{ MUST("kind", ARG_KIND), .doc = "or `clear`, which removes all" },
	{ OPT("on", ARG_API), .doc = "method id, `*` matches any run" },
	{ OPT("bucket", ARG_STR), .doc = "glob" },
	{ OPT("object", ARG_STR), .doc = "glob" },
	{ OPT("from", ARG_STR), .doc = "glob over the caller" },
	{ OPT("nth", ARG_INT), .min = 1, .doc = "the nth match only" },
	{ OPT("every", ARG_INT), .min = 1, .doc = "each nth match" },
	{ OPT("times", ARG_STR), .doc = "so often, or `always`" },
	{ OPT("at", ARG_CHOICE), .choices = "before|body|after" },
	{ OPT("after-bytes", ARG_INT), .doc = "with at=body, "
	    "which some kinds have by default" },
	{ OPT("as", ARG_NAME), .makes = NAME_FAULT,
	    .doc = "to ask for and to release" },
	{ .name = NULL }
};
ARGS(release_args) {
	{ MUST("name", ARG_NAME), .wants = NAME_FAULT },
	{ .name = "discard", .type = ARG_FLAG,
	    .doc = "drop the request instead" },
	{ .name = NULL }
};
ARGS(wait_args) {
	{ OPT("within", ARG_DUR), .required = true, .min = 1 },
	{ .name = NULL }
};
ARGS(exec_args) {
	{ REST("command", ARG_STR), .required = true },
	{ OPT("within", ARG_DUR), .dflt = "60s", .min = 1 },
	{ OPT("as", ARG_NAME), .makes = NAME_PROCESS,
	    .doc = "goes on in the background" },
	{ .name = NULL }
};
ARGS(regex_args) {
	{ MUST("regex", ARG_REGEX) },
	{ .name = NULL }
};
ARGS(shell_args) {
	{ OPT("within", ARG_DUR), .dflt = "60s", .min = 1,
	    .doc = "for each of its lines" },
	{ .name = NULL }
};
ARGS(sweep_args) {
	{ MUST("name", ARG_NAME), .defines = true },
	{ OPT("max", ARG_INT), .required = true, .min = 1 },
	{ .name = NULL }
};
ARGS(no_args) { { .name = NULL } };

const struct step steps[] = {
	{ "scenario", "scenario \"TITLE\"",
	    "What the drill is about; every file begins with it.",
	    scenario_args, .header = true, .fn = step_head_fn },
	{ "tags", "tags WORD…", "Words to select drills by: tag:WORD.",
	    tags_args, .header = true, .fn = step_head_fn },
	{ "need", "need WORD…", "What must be here, else the drill is a SKIP "
	    "with that reason: gcloud, litestream>=0.5.",
	    need_args, .header = true, .fn = step_head_fn },
	{ "limit", "limit DURATION",
	    "Hard time limit of the whole drill; 60s without it.",
	    limit_args, .header = true, .fn = step_head_fn },
	{ "known-bug", "known-bug RELEASE… reason=\"TEXT\" [property=NAME]",
	    "Must fail with these releases; passing there is an ERROR.",
	    known_bug_args, .header = true, .fn = step_head_fn },
	{ "phase", "phase \"TITLE\"", "A heading in the log and in reports.",
	    phase_args, .fn = step_phase_fn },
	{ "set", "set NAME VALUE", "A variable: ${NAME} from here on.",
	    set_args, .fn = step_set_fn },
	{ "provision", "provision [account=NAME] [role=ROLE] [bucket=NAME] "
	    "[path=PATH] [key=FILE] [without=PART,…] [adopt=FILE] "
	    "[replica=folder] [uniform]",
	    "Makes account, key, bucket and binding through the emulator's "
	    "IAM API, as the project's owner; PART: account, key, bucket, "
	    "binding.", provision_args, .fn = step_provision_fn },
	{ "configure", "configure [sync=DURATION] [monitor=DURATION] "
	    "[checkpoint=DURATION] [pages=N] [compact=DURATION] "
	    "[l0=DURATION] [snapshot=DURATION] [retention=DURATION]",
	    "Writes Litestream's configuration in its release's own words; "
	    "what is not given is its default.", configure_args,
	    .fn = step_configure_fn },
	{ "use", "use VERSION | drilled",
	    "From here on another release of Litestream runs, until it is "
	    "the drilled one again; SKIP where it is not built.", use_args,
	    .fn = step_use_fn },
	{ "cloud", "cloud delete-key | disable-account | delete-account | "
	    "delete-bucket | remove-binding | take-bucket",
	    "Something goes wrong in the cloud. take-bucket: another project "
	    "makes the bucket first, since all share the names.", cloud_args,
	    .fn = step_cloud_fn },
	{ "emulator", "emulator kill | restart",
	    "The endpoint is gone, as by kill -9, and comes back on the same "
	    "data and ports; faults must have been cleared.", emulator_args,
	    .fn = step_emulator_fn },
	{ "damage", "damage truncate | corrupt | remove | copy [object=GLOB] "
	    "[nth=N] | damage undo",
	    "Each such object of the bucket is cut in half, has one byte "
	    "changed, is gone, or stands in the next one's place too. undo "
	    "puts all back as it was.", damage_args, .fn = step_damage_fn },
	{ "clock", "clock ahead | behind DURATION",
	    "The cloud's clock goes that much before or after the machine's.",
	    clock_args, .fn = step_clock_fn },
	{ "freeze", "freeze [on=METHOD-ID] [object=GLOB] [at=before|after] "
	    "[every=N] [count=N] [within=DURATION]",
	    "Every Nth such request is held, all that runs on the machine is "
	    "stopped, its files are copied, and it goes on: what a crash at "
	    "that moment would leave, for litedrill explore.", freeze_args,
	    .fn = step_freeze_fn },
	{ "machine", "machine replace", "The machine is lost with all that "
	    "ran on it; a new, empty one takes its place.", machine_args,
	    .fn = step_machine_fn },
	{ "install", "install NAME [from=FILE]",
	    "Puts a file of the deployment's folder onto the machine.",
	    install_args, .fn = step_install_fn },
	{ "env", "env NAME=VALUE… | env -NAME",
	    "The environment of all that is started from here on.", env_args,
	    .fn = step_env_fn },
	{ "start", "start NAME [config=FILE] [COMMAND…]",
	    "Starts a process in the background.", start_args,
	    .command = true, .fn = step_start_fn },
	{ "stop", "stop NAME… [within=DURATION] [signal=SIGNAL]",
	    "Asks a process (SIGTERM) or a load to end and waits; its status "
	    "is exec.status.", stop_args, .fn = step_stop_fn },
	{ "kill", "kill NAME… [signal=SIGNAL]",
	    "Sends a signal, KILL without one.", kill_args,
	    .fn = step_kill_fn },
	{ "load", "load WORKLOAD rows=N [payload=BYTES] [pace=DURATION] "
	    "[as=NAME] [via=file|app] [db=FILE] [page_size=N] "
	    "[auto_vacuum=MODE] [mmap]",
	    "Writes to the database; each commit goes into the ledger.",
	    load_args, .fn = step_load_fn },
	{ "restore", "restore [parallelism=N] [output=FILE] [machines=N] "
	    "[within=DURATION] [FLAG…] | restore views=N | "
	    "restore places=N | restore moments=N "
	    "[from=ROW] [last=DURATION] [slack=DURATION]",
	    "Runs litestream restore on the machine and judges what came "
	    "back; ask with restored.*. With views: the bucket as it was "
	    "after N of its changes; each must come back whole, a prefix, "
	    "and not behind an older one; with moments: to N points in time, "
	    "each must be the database as it was then; with places: to N "
	    "places in the log, each must be what a view of the bucket was "
	    "right after its upload.", restore_args,
	    .fn = step_restore_fn },
	{ "fault", "fault KIND [on=METHOD-ID] [bucket=GLOB] [object=GLOB] "
	    "[from=GLOB] [nth=N] [every=N] [times=N] [at=before|body|after] "
	    "[as=NAME] [ARGUMENT=VALUE…] | fault clear",
	    "Requests go wrong in this way until the fault is cleared.",
	    fault_args, .fn = step_fault_fn },
	{ "release", "release NAME [discard]",
	    "Lets held requests go on, or drops them.", release_args,
	    .fn = step_release_fn },
	{ "wait", "wait PROBE [OP VALUE] within=DURATION",
	    "Waits until it holds.", wait_args, .takes_expr = true,
	    .fn = step_wait_fn },
	{ "expect", "expect PROBE [OP VALUE]", "It holds now, or FAIL.",
	    no_args, .takes_expr = true, .negatable = true,
	    .fn = step_expect_fn },
	{ "exec", "exec COMMAND… [within=DURATION] [as=NAME]",
	    "Runs a command on the machine; it must end with 0, with `!` it "
	    "must not.", exec_args, .negatable = true, .command = true,
	    .fn = step_exec_fn },
	{ "stdout", "stdout REGEX",
	    "What the last exec or shell line printed matches.", regex_args,
	    .negatable = true, .fn = step_stdout_fn },
	{ "stderr", "stderr REGEX", "The same of its standard error.",
	    regex_args, .negatable = true, .fn = step_stderr_fn },
	{ "shell", "shell [within=DURATION] { … }",
	    "Lines for one bash that stays for the whole drill, as they "
	    "stand; each must end with 0.", shell_args,
	    .block = STEP_RAW_BLOCK, .fn = step_shell_fn },
	{ "sweep", "sweep NAME max=N { … }",
	    "Repeats the block with NAME = 1, 2, … until its fault no longer "
	    "fires.", sweep_args, .block = STEP_LINES, .fn = step_sweep_fn },
	{ .name = NULL }
};

const struct step *
step_find(const char *name)
{

	for (const struct step *s = steps; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return (s);
	return (NULL);
}

/* ---- arguments of the line being run ---- */

struct step_args *
step_args(struct run *r)
{

	if (r->args == NULL) {
		r->args = arena_alloc(&r->arena, sizeof(*r->args));
		r->args->synced_seq = -1;
		r->args->swept = SIZE_MAX;
	}
	return (r->args);
}

static const struct step_arg *
step_arg(const struct run *r, const char *name)
{

	for (size_t i = 0; r->args != NULL && i < r->args->n; i++)
		if (strcmp(r->args->v[i].spec->name, name) == 0)
			return (&r->args->v[i]);
	return (NULL);
}

bool
step_has(const struct run *r, const char *name)
{

	return (step_arg(r, name) != NULL);
}

const char *
step_str(const struct run *r, const char *name)
{
	const struct step_arg *a = step_arg(r, name);

	return (a != NULL ? a->s : NULL);
}

int64_t
step_num(const struct run *r, const char *name)
{
	const struct step_arg *a = step_arg(r, name);

	return (a != NULL ? a->num : 0);
}

char **
step_rest(const struct run *r, const char *name, size_t *n)
{
	static char *none[] = { NULL };
	const struct step_arg *a = step_arg(r, name);

	if (n != NULL)
		*n = a != NULL ? a->nrest : 0;
	return (a != NULL ? a->rest : none);
}

/* text, expanded, as the spec's type. */
static enum verdict
step_bind_one(struct run *r, const struct arg_spec *s, const char *text)
{
	struct step_args *all = r->args;
	struct step_arg *a = NULL;
	struct err e = ERR_INIT;
	int64_t num;

	if (run_expand(r, text, &text) != 0)
		return (VERDICT_ERROR);
	if (args_parse(s, text, &num, &e) != 0) {
		(void)run_error(r, "%s: %s", s->name, err_msg(&e));
		err_release(&e);
		return (VERDICT_ERROR);
	}
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].spec == s)
			a = &all->v[i];
	if (a == NULL) {
		BUG_ON(all->n == NELEMS(all->v));
		a = &all->v[all->n++];
		memset(a, 0, sizeof(*a));
		a->spec = s;
	}
	a->s = text;
	a->num = num;
	if (s->rest) {
		if (a->rest == NULL)
			a->rest = arena_alloc(&r->arena,
			    (r->line->nwords + 1) * sizeof(*a->rest));
		a->rest[a->nrest++] = arena_strdup(&r->arena, text);
	}
	return (VERDICT_PASS);
}

static enum verdict
step_bind(struct run *r, const struct line *l)
{
	enum verdict v = VERDICT_PASS;
	size_t npos = 0;

	step_args(r)->n = 0;
	for (size_t i = 0; v == VERDICT_PASS && i < l->nwords; i++) {
		const struct word *w = &l->words[i];

		if (w->key != NULL)
			v = step_bind_one(r, args_find(l->step, l->more,
			    w->key), w->value);
		else if (!l->step->takes_expr)
			v = step_bind_one(r, args_positional(l->step, npos++),
			    w->text);
	}
	for (const struct arg_spec *s = l->step->args;
	    v == VERDICT_PASS && s->name != NULL; s++)
		if (s->dflt != NULL && !step_has(r, s->name))
			v = step_bind_one(r, s, s->dflt);
	return (v);
}

/* ---- running ---- */

static bool
step_conds_hold(struct run *r, const struct line *l)
{

	for (size_t i = 0; i < l->nconds; i++)
		if (!need_holds(&l->conds[i], r->rel))
			return (false);
	return (true);
}

static enum verdict
step_run(struct run *r, const struct line *l)
{
	struct step_args *mine = step_args(r);
	struct step_arg saved[STEP_ARGS];
	size_t nsaved = mine->n;
	int64_t t0 = clock_mono_us();
	enum verdict v;

	/* A block's lines run while their sweep's arguments are in use. */
	memcpy(saved, mine->v, sizeof(saved));
	run_at(r, l);
	v = step_bind(r, l);
	if (v == VERDICT_PASS)
		v = l->step->fn(r, l);
	if (v == VERDICT_FAIL && r->property == NULL)
		r->property = l->step->name;
	run_log(r, "run", "%s:%d: %s … %.1fs %s", l->at.file, l->at.line,
	    l->text, (double)(clock_mono_us() - t0) / 1e6,
	    v == VERDICT_PASS ? "ok" : verdict_name(v));
	memcpy(mine->v, saved, sizeof(saved));
	mine->n = nsaved;
	return (v);
}

enum verdict
steps_run(struct run *r, const struct line *lines, size_t n)
{
	enum verdict v = VERDICT_PASS;

	for (size_t i = 0; v == VERDICT_PASS && i < n; i++) {
		if (lines[i].step->header)
			continue;
		if (step_conds_hold(r, &lines[i]))
			v = step_run(r, &lines[i]);
	}
	return (v);
}
