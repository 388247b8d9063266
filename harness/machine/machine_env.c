/* The environment of a machine's processes: empty but for this. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/machine/machine_int.h"
#include "harness/run/emu.h"

#define MACHINE_PORT	8080	/* of the application, as in fly.toml */

void
words_add(struct words *w, const char *s)
{

	if (w->n + 1 >= w->room) {
		size_t room = w->room > 0 ? w->room * 2 : 64;
		char **v = arena_alloc(w->a, room * sizeof(*v));

		if (w->n > 0)
			memcpy(v, w->v, w->n * sizeof(*v));
		w->v = v;
		w->room = room;
	}
	w->v[w->n++] = arena_strdup(w->a, s);
	w->v[w->n] = NULL;
}

void
machine_env(struct machine *m, const char *name, const char *value)
{
	struct arena *a = &m->run->arena;
	struct machine_env *v;

	for (v = m->env; v != NULL; v = v->next)
		if (strcmp(v->name, name) == 0)
			break;
	if (v == NULL) {
		v = arena_alloc(a, sizeof(*v));
		v->name = arena_strdup(a, name);
		v->next = m->env;
		m->env = v;
	}
	v->value = value != NULL ? arena_strdup(a, value) : NULL;
}

const char *
machine_getenv(const struct machine *m, const char *name)
{

	for (const struct machine_env *v = m->env; v != NULL; v = v->next)
		if (strcmp(v->name, name) == 0)
			return (v->value);
	return (NULL);
}

char **
machine_envp(struct machine *m)
{
	struct words w = { .a = &m->run->arena };

	for (const struct machine_env *v = m->env; v != NULL; v = v->next)
		if (v->value != NULL)
			words_add(&w, arena_printf(w.a, "%s=%s", v->name,
			    v->value));
	return (w.v);
}

/* A port nobody has, where the network is shared with the host: it can be
 * taken by somebody else before the application binds it, which the
 * application then says. */
static int
machine_free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = 0;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&in, sizeof(in)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&in, &n) == 0)
		port = ntohs(in.sin_port);
	if (fd >= 0)
		(void)close(fd);
	return (port);
}

static const char *
machine_port(struct run *r)
{

	if (r->app_port == 0)
		r->app_port = r->netns ? MACHINE_PORT : machine_free_port();
	return (arena_printf(&r->arena, "%d", r->app_port));
}

/* The ways to the emulator, and what fly.toml would set. */
void
machine_env_base(struct machine *m)
{
	struct run *r = m->run;
	struct arena *a = &r->arena;
	const char *port = machine_port(r);
	const char *proxy = arena_printf(a, "http://%s", emu_proxy(r->emu));
	const char *ca = machine_path(m, "/drill/ca.pem");
	const struct { const char *name, *value; } base[] = {
		{ "PATH", arena_printf(a, "%s:%s",
		    machine_path(m, "/drill/bin"), MACHINE_PATH) },
		{ "HOME", machine_path(m, "/root") },
		{ "TMPDIR", machine_path(m, "/tmp") },
		{ "LANG", "C.UTF-8" },
		{ "HTTPS_PROXY", proxy }, { "https_proxy", proxy },
		{ "SSL_CERT_FILE", ca }, { "REQUESTS_CA_BUNDLE", ca },
		{ "CURL_CA_BUNDLE", ca },
		{ "CLOUDSDK_CONFIG", machine_path(m, "/root/.config/gcloud") },
		{ "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", ca },
		{ "CLOUDSDK_CORE_DISABLE_PROMPTS", "1" },
		{ "CLOUDSDK_CORE_PROJECT", r->project },
		{ "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "1" },
		{ "CLOUDSDK_CORE_CHECK_GCE_METADATA", "0" },
		{ "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "1" },
		{ "PORT", port },
		{ "LISTEN", "127.0.0.1" },
		{ "DB_PATH", machine_path(m, "/data/app.db") },
		{ "BACKUPS_BUCKET_NAME", r->bucket },
		{ "BACKUPS_PATH", r->path },
	};

	for (size_t i = 0; i < NELEMS(base); i++)
		machine_env(m, base[i].name, base[i].value);
	if (m->owner_key != NULL) {
		machine_env(m, "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
		    machine_path(m, "/drill/owner-key.json"));
		machine_env(m, "BOTO_CONFIG", machine_path(m, "/drill/boto"));
	}
	if (!m->root_view)
		machine_env(m, "LITESTREAM_CONFIG",
		    machine_path(m, "/app/litestream.yml"));
}
