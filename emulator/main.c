/* gcs-emulator: a fake Google Cloud in one process. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "emulator/control/control.h"
#include "emulator/control/journal.h"
#include "emulator/exec.h"
#include "emulator/options.h"
#include "lib/buf.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/secret.h"

#define VERSION	EMULATOR_VERSION

/* Signals that end the emulator, and in exec are passed on, are waited for
 * and never interrupt a thread.  Before any thread begins. */
static void
main_signals(sigset_t *set, bool exec)
{

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);		/* EFBIG says as much */
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGHUP);
	if (exec) {
		(void)sigaddset(set, SIGCHLD);
		(void)sigaddset(set, SIGQUIT);
		(void)sigaddset(set, SIGUSR1);
		(void)sigaddset(set, SIGUSR2);
	}
	BUG_ON(pthread_sigmask(SIG_BLOCK, set, NULL) != 0);
}

static int
main_failed(struct err *e)
{

	(void)fprintf(stderr, "gcs-emulator: %s\n", err_msg(e));
	err_release(e);
	return (2);
}

static int
main_describe(void)
{
	json_t *j = control_describe();
	int rc;

	(void)json_object_set_new(j, "options", options_describe());
	rc = json_dumpf(j, stdout, JSON_INDENT(2));

	json_decref(j);
	return (rc == 0 && puts("") >= 0 && fflush(stdout) == 0 ? 0 : 2);
}

/* Where it listens, for who started it: http=PORT, https=PORT, proxy=PORT. */
static int
main_port_file(const struct emu *emu, const char *path, struct err *e)
{
	struct buf b;
	int rc;

	if (path == NULL)
		return (0);
	buf_init(&b, 4096);
	buf_addf(&b, "http=%d\n", emu->http_port);
	if (emu->https_port != 0)
		buf_addf(&b, "https=%d\n", emu->https_port);
	if (emu->proxy_port != 0)
		buf_addf(&b, "proxy=%d\n", emu->proxy_port);
	rc = file_write(path, b.p, b.len, 0644, e);
	buf_release(&b);
	return (rc);
}

/* Options that mean something else than one may think. */
static void
main_notes(const char *p)
{

	while (p != NULL && *p != '\0') {
		size_t n = strcspn(p, "\n");

		log_info("%.*s", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

/* The words that containers of fake-gcs-server are waited for by. */
static void
main_started(const struct options *o, const struct emu *emu)
{

	if (o->start.https != NULL)
		log_info("server started at https://%.*s:%d", (int)(strrchr(
		    o->start.https, ':') - o->start.https), o->start.https,
		    emu->https_port);
	if (o->start.http != NULL || o->start.https == NULL)
		log_info("server started at http://%.*s:%d",
		    o->start.http != NULL ? (int)(strrchr(o->start.http,
		    ':') - o->start.http) : 9, o->start.http != NULL ?
		    o->start.http : "127.0.0.1", emu->http_port);
}

/* Until a signal ends it. */
static int
main_serve(struct start *s, const struct options *o, const sigset_t *set)
{
	char *line = start_ready_line(s);
	int sig = 0;
	bool told;

	main_notes(o->notes);
	if (o->fake)
		main_started(o, start_emu(s));
	told = fputs(line, stdout) >= 0 && fflush(stdout) == 0;
	free(line);
	if (!told) {
		(void)fprintf(stderr, "gcs-emulator: cannot write to stdout\n");
		return (2);
	}
	(void)sigwait(set, &sig);
	log_debug("signal %d", sig);
	return (0);
}

static int
main_run(const struct options *o, struct exec_opts *x, const sigset_t *set)
{
	struct err e = ERR_INIT, late = ERR_INIT;
	struct start *s;
	int rc = 2;

	/* From here on there are secrets (and exec's private place has been
	 * made, for which /proc/self must be ours). */
	if (!o->core_files)
		secret_no_core();
	if ((s = start_new(&o->start, &e)) == NULL)
		return (main_failed(&e));
	if (main_port_file(start_emu(s), o->port_file, &e) == 0) {
		rc = x != NULL ? exec_run(s, x, &e) : main_serve(s, o, set);
		if (o->port_file != NULL)
			(void)unlink(o->port_file);
	}
	start_stop(s);
	if (start_export(s, &late) != 0 ||
	    journal_whole(start_emu(s)->journal, &late) != 0)
		rc = main_failed(&late);
	start_free(s);
	if (e.msg != NULL)
		(void)main_failed(&e);
	return (rc);
}

/* The place of the command first: it is made before any thread is. */
static int
main_exec(struct options *o, char **argv, const sigset_t *set)
{
	const char *colon = o->start.http != NULL ?
	    strrchr(o->start.http, ':') : NULL;
	struct exec_opts x = { .argv = argv, .credentials = o->credentials };
	struct err e = ERR_INIT;
	int rc;

	x.cage = cage_new(o->net, colon != NULL ? atoi(colon + 1) : 0,
	    &x.place, &e);
	if (x.cage == NULL) {
		(void)err_prefix(&e, "no private network here; --net host "
		    "does without");
		return (main_failed(&e));
	}
	if (e.msg != NULL)
		log_info("exec: no private network here (%s): only programs "
		    "that use HTTPS_PROXY reach the emulator", err_msg(&e));
	err_release(&e);
	o->start.direct = x.place.direct;
	o->start.direct_plain = x.place.direct_plain;
	o->start.inside = x.place.inside;
	rc = main_run(o, &x, set);
	cage_free(x.cage);
	return (rc);
}

/* What the options alone forbid. */
static int
main_check(const struct options *o, int argc, char **argv, bool exec,
    struct err *e)
{

	if (!exec && o->rest < argc)
		return (err_set(e, "'%s' is no option; --help lists them",
		    argv[o->rest]));
	if (exec && o->rest >= argc)
		return (err_set(e, "exec wants a command: gcs-emulator exec "
		    "[options] -- CMD [ARG...]"));
	if (!exec && o->net != CAGE_AUTO)
		return (err_set(e, "--net is for exec: gcs-emulator exec "
		    "[options] -- CMD [ARG...]"));
	if (exec && o->start.proxy != NULL &&
	    strcmp(o->start.proxy, "off") == 0)
		return (err_set(e, "exec goes through the proxy; it cannot be "
		    "off"));
	return (0);
}

static int
main_act(struct options *o, int argc, char **argv, bool exec)
{
	struct err e = ERR_INIT;
	sigset_t set;

	log_setup("emu", STDERR_FILENO, o->verbose ? LOG_DEBUG : LOG_INFO);
	if (o->help) {
		options_help(stdout);
		return (0);
	}
	if (o->version) {
		(void)puts("gcs-emulator " VERSION);
		return (0);
	}
	if (o->describe)
		return (main_describe());
	if (main_check(o, argc, argv, exec, &e) != 0)
		return (main_failed(&e));
	main_signals(&set, exec);
	if (o->die_with_parent)
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	return (exec ? main_exec(o, argv + o->rest, &set) :
	    main_run(o, NULL, &set));
}

int
main(int argc, char **argv)
{
	bool exec = argc > 1 && strcmp(argv[1], "exec") == 0;
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	struct options o;
	int rc;

	if (options_parse(argc, argv, exec ? 2 : 1, exec, environ, &a, &o,
	    &e) == 0)
		rc = main_act(&o, argc, argv, exec);
	else
		rc = main_failed(&e);
	arena_release(&a);
	return (rc);
}
