/* What each client reads was found by watching them: Go programs take
 * SSL_CERT_FILE, python's requests REQUESTS_CA_BUNDLE, gcloud properties from
 * CLOUDSDK_…, gsutil a BOTO_CONFIG.  Every variable that would lead elsewhere
 * is removed.  STORAGE_EMULATOR_HOST is not set: with it Go clients send no
 * token, and no failure of credentials would ever show. */
#include "emulator/exec.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/identity/iam.h"
#include "lib/arena.h"
#include "lib/file.h"
#include "lib/str.h"

struct exec {
	struct start *start;
	struct arena arena;
	char	*dir;			/* the clients' private files */
	char	**env;
	size_t	nenv, room;
};

/* A star at the end stands for any rest. */
static const char *const exec_removed[] = {
	"NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY",
	"all_proxy", "HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE",
	"SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
	"NODE_EXTRA_CA_CERTS", "CLOUDSDK_*", "BOTO_CONFIG", "BOTO_PATH",
	"STORAGE_EMULATOR_HOST*", "GOOGLE_APPLICATION_CREDENTIALS",
	"GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "GOOGLE_API_USE_*",
	"GCE_METADATA_*", "GCS_EMULATOR_*",
};

static bool
exec_is_removed(const char *var)
{
	char *name = mem_strndup(var, strcspn(var, "="));
	bool yes = false;

	for (size_t i = 0; i < NELEMS(exec_removed) && !yes; i++)
		yes = str_glob(exec_removed[i], name);
	free(name);
	return (yes);
}

static void
exec_push(struct exec *x, char *var)
{

	if (x->nenv + 1 >= x->room) {
		x->room = x->room > 0 ? x->room * 2 : 128;
		x->env = mem_realloc(x->env, x->room * sizeof(*x->env));
	}
	x->env[x->nenv++] = var;
	x->env[x->nenv] = NULL;
}

static void
exec_set(struct exec *x, const char *k, const char *v)
{

	exec_push(x, arena_printf(&x->arena, "%s=%s", k, v));
}

static int
exec_boto(struct exec *x, const char *key, const char **path, struct err *e)
{
	const struct emu *emu = start_emu(x->start);
	const char *text = arena_printf(&x->arena,
	    "[Credentials]\ngs_service_key_file = %s\n"
	    "[Boto]\nproxy = 127.0.0.1\nproxy_port = %d\n"
	    "ca_certificates_file = %s\nhttps_validate_certificates = True\n"
	    "[GSUtil]\nstate_dir = %s/gsutil\ndefault_project_id = %s\n"
	    "software_update_check_period = 0\n", key, emu->proxy_port,
	    emu->ca_file, x->dir, emu->project);

	*path = arena_printf(&x->arena, "%s/boto", x->dir);
	return (file_write(*path, text, strlen(text), 0600, e));
}

static int
exec_environment(struct exec *x, struct err *e)
{
	const struct emu *emu = start_emu(x->start);
	const char *key, *boto, *proxy, *ca = emu->ca_file;

	key = iam_owner_key(start_emu(x->start), &x->arena, e);
	if (key == NULL || exec_boto(x, key, &boto, e))
		return (-1);
	for (char **v = environ; *v != NULL; v++)
		if (!exec_is_removed(*v))
			exec_push(x, *v);
	proxy = arena_printf(&x->arena, "http://127.0.0.1:%d",
	    emu->proxy_port);
	exec_set(x, "HTTPS_PROXY", proxy);
	exec_set(x, "https_proxy", proxy);
	exec_set(x, "SSL_CERT_FILE", ca);
	exec_set(x, "REQUESTS_CA_BUNDLE", ca);
	exec_set(x, "CURL_CA_BUNDLE", ca);
	exec_set(x, "NODE_EXTRA_CA_CERTS", ca);
	exec_set(x, "GOOGLE_APPLICATION_CREDENTIALS", key);
	exec_set(x, "GOOGLE_CLOUD_PROJECT", emu->project);
	exec_set(x, "CLOUDSDK_CONFIG",
	    arena_printf(&x->arena, "%s/gcloud", x->dir));
	exec_set(x, "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", ca);
	exec_set(x, "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", key);
	exec_set(x, "CLOUDSDK_CORE_PROJECT", emu->project);
	exec_set(x, "CLOUDSDK_CORE_PASS_CREDENTIALS_TO_GSUTIL", "false");
	exec_set(x, "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true");
	exec_set(x, "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true");
	exec_set(x, "BOTO_CONFIG", boto);
	exec_set(x, "GCS_EMULATOR_HTTP", arena_printf(&x->arena,
	    "http://127.0.0.1:%d", emu->http_port));
	exec_set(x, "GCS_EMULATOR_TOKEN", emu->control_token);
	return (0);
}

/* Pass on what was sent to us alone.  A terminal's signals reach the command
 * by themselves, as it is in our process group. */
static void
exec_forward(pid_t pid, const siginfo_t *si)
{

	if (si->si_code != SI_KERNEL)
		(void)kill(pid, si->si_signo);
}

static int
exec_wait(pid_t pid)
{
	sigset_t set;
	siginfo_t si;
	int status;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGQUIT);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		if (sigwaitinfo(&set, &si) > 0 && si.si_signo != SIGCHLD)
			exec_forward(pid, &si);
	}
	return (WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status));
}

/* Not fork(): threads are running. */
static int
exec_spawn(struct exec *x, char *const *argv, struct err *e)
{
	posix_spawnattr_t attr;
	sigset_t none, dflt;
	pid_t pid;
	int rc;

	(void)sigemptyset(&none);
	(void)sigemptyset(&dflt);
	(void)sigaddset(&dflt, SIGPIPE);
	BUG_ON(posix_spawnattr_init(&attr) != 0);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &dflt);
	(void)posix_spawnattr_setflags(&attr,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawnp(&pid, argv[0], NULL, &attr, argv, x->env);
	(void)posix_spawnattr_destroy(&attr);
	if (rc == 0)
		return (exec_wait(pid));
	errno = rc;
	(void)err_setno(e, "cannot run %s", argv[0]);
	return (rc == ENOENT ? 127 : 126);
}

int
exec_run(struct start *s, char *const *argv, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	struct exec x = { .start = s };
	struct err gone = ERR_INIT;
	int rc = 2;

	x.dir = mem_printf("%s/gcs-emulator-exec-XXXXXX",
	    tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	if (mkdtemp(x.dir) == NULL) {
		(void)err_setno(e, "cannot make a directory like %s", x.dir);
		free(x.dir);
		return (2);
	}
	if (exec_environment(&x, e) == 0)
		rc = exec_spawn(&x, argv, e);
	(void)file_remove_all(x.dir, &gone);
	err_release(&gone);
	free(x.dir);
	free(x.env);
	arena_release(&x.arena);
	return (rc);
}
