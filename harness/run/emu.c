/* The emulator as a process. */
#include "harness/run/emu_int.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "harness/run/proc.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

#define EMU_READY_US	INT64_C(30000000)	/* until the ready line */
#define EMU_STOP_US	INT64_C(2000000)	/* after it was asked to end … */
#define EMU_END_US	INT64_C(20000000)	/* … and its status counts */
#define EMU_TOKEN_BYTES	24

/* ---- starting and ending ---- */

static const char *
emu_secret(struct arena *a)
{
	unsigned char raw[EMU_TOKEN_BYTES];
	char hex[2 * EMU_TOKEN_BYTES + 1];

	BUG_ON(getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw));
	str_hex(hex, raw, sizeof(raw));
	return (arena_strdup(a, hex));
}

/* A line of its stdout, or NULL where it ended or said nothing in time. */
static const char *
emu_read_line(struct emu *emu, int64_t end_us)
{
	struct pollfd pf = { .fd = emu->ready_fd, .events = POLLIN };
	const char *line = NULL;
	struct buf b;

	buf_init(&b, 65536);
	while (buf_ok(&b)) {
		int64_t left = end_us - clock_mono_us();
		char c;

		if (left <= 0 || poll(&pf, 1, (int)(left / 1000 + 1)) < 0)
			break;
		if (pf.revents == 0)
			continue;
		if (read(emu->ready_fd, &c, 1) != 1)
			break;
		if (c == '\n') {
			line = arena_strndup(&emu->arena, b.p, b.len);
			break;
		}
		buf_addc(&b, c);
	}
	buf_release(&b);
	return (line);
}

/* The value of ` name=` in the ready line, up to the next ` word=` or its
 * end (a path may hold spaces); NULL: it is not there. */
static const char *
emu_ready_value(struct emu *emu, const char *line, const char *name)
{
	char *key = arena_printf(&emu->arena, " %s=", name);
	const char *s = strstr(line, key), *end;

	if (s == NULL)
		return (NULL);
	s += strlen(key);
	for (end = s; *end != '\0'; end++) {
		size_t n;

		if (*end != ' ')
			continue;
		n = strspn(end + 1, "abcdefghijklmnopqrstuvwxyz_");
		if (n > 0 && end[1 + n] == '=')
			break;
	}
	return (arena_strndup(&emu->arena, s, (size_t)(end - s)));
}

static int
emu_ready(struct emu *emu, struct err *e)
{
	const char *line = emu_read_line(emu, clock_mono_us() + EMU_READY_US);

	if (line == NULL || !str_starts(line, "ready ")) {
		bool ended = proc_wait(emu->proc, line == NULL ? 100000 : 0);

		if (ended)
			return (err_set(e, "the emulator ended with status %d "
			    "before it was ready; see %s",
			    proc_status(emu->proc), emu->log));
		return (err_set(e, "the emulator was not ready within %d s; "
		    "see %s", (int)(EMU_READY_US / 1000000), emu->log));
	}
	emu->http = emu_ready_value(emu, line, "http");
	emu->proxy = emu_ready_value(emu, line, "proxy");
	emu->ca = emu_ready_value(emu, line, "ca");
	emu->owner = emu_ready_value(emu, line, "owner");
	if (emu->owner == NULL)
		emu->owner = arena_printf(&emu->arena,
		    "project-owner@%s.iam.gserviceaccount.com", emu->project);
	if (emu->http == NULL || emu->proxy == NULL || emu->ca == NULL)
		return (err_set(e, "the emulator's ready line lacks an "
		    "address: %s", line));
	return (0);
}

static struct proc *
emu_spawn(struct emu *emu, int out_fd, struct err *e)
{
	const struct emu_opts *o = &emu->o;
	struct arena *a = &emu->arena;
	const char *tmp = getenv("TMPDIR");
	const char *argv[20] = {
		o->program, "--http", emu->http != NULL ? emu->http :
		"127.0.0.1:0", "--proxy", emu->proxy != NULL ? emu->proxy :
		"127.0.0.1:0",
		"--die-with-parent", "--data", o->data, "--project", o->project,
	};
	const char *envp[] = {
		"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
		arena_printf(a, "GCS_EMULATOR_TOKEN=%s", emu->token),
		arena_printf(a, "TMPDIR=%s", tmp != NULL ? tmp : "/tmp"),
		NULL,
	};
	size_t n = 10;
	struct proc_opts p = {
		.argv = (char *const *)(uintptr_t)argv,
		.envp = (char *const *)(uintptr_t)envp,
		.out_fd = out_fd, .log = o->log,
	};

	if (o->history)
		argv[n++] = "--history";
	if (o->journal != NULL) {
		argv[n++] = "--journal";
		argv[n++] = o->journal;
	}
	return (proc_start(&p, e));
}

/* Where it has been before, its addresses stay. */
static int
emu_begin(struct emu *emu, struct err *e)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) != 0)
		return (err_setno(e, "cannot make a pipe"));
	emu->ready_fd = fd[0];
	emu->proc = emu_spawn(emu, fd[1], e);
	(void)close(fd[1]);
	return (emu->proc == NULL ? -1 : emu_ready(emu, e));
}

struct emu *
emu_start(const struct emu_opts *o, struct err *e)
{
	struct emu *emu = mem_alloc(sizeof(*emu));
	struct arena *a = &emu->arena;

	emu->ready_fd = -1;
	emu->token = emu_secret(a);
	emu->log = arena_strdup(a, o->log);
	emu->data = arena_strdup(a, o->data);
	emu->project = arena_strdup(a, o->project);
	emu->o = (struct emu_opts){ .program = arena_strdup(a, o->program),
	    .data = emu->data, .log = emu->log, .project = emu->project,
	    .journal = o->journal != NULL ? arena_strdup(a, o->journal) :
	    NULL, .history = o->history };
	if (emu_begin(emu, e) != 0) {
		emu_stop(emu);
		return (NULL);
	}
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	emu->curl = curl_easy_init();
	BUG_ON(emu->curl == NULL);
	return (emu);
}

int
emu_kill(struct emu *emu, struct err *e)
{

	if (emu->killed)
		return (err_set(e, "the emulator has been killed already"));
	if (proc_signal(emu->proc, SIGKILL) != 0 ||
	    !proc_wait(emu->proc, EMU_END_US))
		return (err_set(e, "the emulator cannot be killed"));
	emu->killed = true;
	return (0);
}

int
emu_restart(struct emu *emu, struct err *e)
{

	if (!emu->killed)
		return (err_set(e, "the emulator runs: it has not been "
		    "killed"));
	proc_free(emu->proc);
	emu->proc = NULL;
	(void)close(emu->ready_fd);
	emu->ready_fd = -1;
	if (emu_begin(emu, e) != 0)
		return (-1);
	emu->killed = false;
	return (0);
}

bool
emu_killed(const struct emu *emu)
{

	return (emu->killed);
}

void
emu_forked(struct emu *emu)
{

	/* The old handle would say goodbye on the parent's connection. */
	emu->curl = curl_easy_init();
	BUG_ON(emu->curl == NULL);
}

static bool
emu_ask_to_end(struct emu *emu, int64_t timeout_us)
{

	if (emu->proc == NULL)
		return (true);
	if (proc_alive(emu->proc))
		json_decref(emu_control(emu, "POST", "shutdown", NULL, NULL));
	return (proc_wait(emu->proc, timeout_us));
}

int
emu_end(struct emu *emu, struct err *e)
{

	if (!emu_ask_to_end(emu, EMU_END_US))
		return (err_set(e, "the emulator did not end within %d s; see "
		    "%s", (int)(EMU_END_US / 1000000), emu->log));
	if (proc_status(emu->proc) != 0)
		return (err_set(e, "the emulator ended with status %d; see %s",
		    proc_status(emu->proc), emu->log));
	return (0);
}

void
emu_stop(struct emu *emu)
{

	if (emu == NULL)
		return;
	if (emu->curl != NULL) {
		(void)emu_ask_to_end(emu, EMU_STOP_US);
		curl_easy_cleanup(emu->curl);
		curl_global_cleanup();
	}
	proc_free(emu->proc);
	if (emu->ready_fd >= 0)
		(void)close(emu->ready_fd);
	arena_release(&emu->arena);
	free(emu);
}

pid_t
emu_pid(const struct emu *emu)
{

	return (proc_pid(emu->proc));
}

bool
emu_alive(struct emu *emu)
{

	return (proc_alive(emu->proc));
}

const char *
emu_http(const struct emu *emu)
{

	return (emu->http);
}

const char *
emu_proxy(const struct emu *emu)
{

	return (emu->proxy);
}

const char *
emu_ca(const struct emu *emu)
{

	return (emu->ca);
}

const char *
emu_data(const struct emu *emu)
{

	return (emu->data);
}

const char *
emu_owner(const struct emu *emu)
{

	return (emu->owner);
}

json_t *
emu_describe(const char *program, struct err *e)
{
	const char *argv[] = { program, "--describe", NULL };
	const char *envp[] = { "PATH=/usr/bin:/bin", NULL };
	struct proc_opts o = {
		.argv = (char *const *)(uintptr_t)argv,
		.envp = (char *const *)(uintptr_t)envp,
	};
	const char *out = "", *err = "";
	struct arena a = ARENA_INIT;
	json_error_t je;
	bool late;
	json_t *d = NULL;
	int rc;

	rc = proc_run(&o, EMU_READY_US, &a, &out, &err, &late, e);
	if (rc > 0)
		err_set(e, "%s --describe ended with status %d: %s", program,
		    rc, err);
	else if (rc == 0 && (d = json_loads(out, 0, &je)) == NULL)
		err_set(e, "%s --describe is no JSON: %s", program, je.text);
	arena_release(&a);
	return (d);
}
