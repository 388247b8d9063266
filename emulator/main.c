/* gcs-emulator: a fake Google Cloud in one process. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "emulator/control/control.h"
#include "emulator/exec.h"
#include "emulator/options.h"
#include "lib/log.h"

#define VERSION	"0.1"

/* Signals that end the emulator, and in exec are passed on, are waited for
 * and never interrupt a thread.  Before any thread begins. */
static void
main_signals(sigset_t *set, bool exec)
{

	(void)signal(SIGPIPE, SIG_IGN);
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
	int rc = json_dumpf(j, stdout, JSON_INDENT(2));

	json_decref(j);
	return (rc == 0 && puts("") >= 0 && fflush(stdout) == 0 ? 0 : 2);
}

/* Until a signal ends it. */
static int
main_serve(struct start *s, const sigset_t *set)
{
	char *line = start_ready_line(s);
	int sig = 0;
	bool told;

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
main_run(const struct options *o, bool exec, char **argv)
{
	struct err e = ERR_INIT;
	struct start *s;
	sigset_t set;
	int rc;

	main_signals(&set, exec);
	if (o->die_with_parent)
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if ((s = start_new(&o->start, &e)) == NULL)
		return (main_failed(&e));
	rc = exec ? exec_run(s, argv, &e) : main_serve(s, &set);
	start_free(s);
	if (e.msg != NULL)
		(void)main_failed(&e);
	return (rc);
}

int
main(int argc, char **argv)
{
	bool exec = argc > 1 && strcmp(argv[1], "exec") == 0;
	struct err e = ERR_INIT;
	struct options o;

	if (options_parse(argc, argv, exec ? 2 : 1, exec, &o, &e))
		return (main_failed(&e));
	log_setup("emu", STDERR_FILENO, o.verbose ? LOG_DEBUG : LOG_INFO);
	if (o.help) {
		options_help(stdout);
		return (0);
	}
	if (o.version) {
		(void)puts("gcs-emulator " VERSION);
		return (0);
	}
	if (o.describe)
		return (main_describe());
	if (!exec && o.rest < argc)
		(void)err_set(&e, "'%s' is no option; --help lists them",
		    argv[o.rest]);
	else if (exec && o.rest >= argc)
		(void)err_set(&e, "exec wants a command: gcs-emulator exec "
		    "[options] -- CMD [ARG...]");
	else if (exec && o.start.proxy != NULL &&
	    strcmp(o.start.proxy, "off") == 0)
		(void)err_set(&e, "exec goes through the proxy; it cannot be "
		    "off");
	if (e.msg != NULL)
		return (main_failed(&e));
	return (main_run(&o, exec, argv + o.rest));
}
