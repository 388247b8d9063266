#include "emulator/http/hosts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

#define BUCKETS	".storage.googleapis.com"

struct hosts {
	pthread_rwlock_t lock;
	bool	addresses;
	char	*names[HOSTS_MAX];
	size_t	n;
};

struct hosts *
hosts_new(bool addresses)
{
	struct hosts *h = mem_alloc(sizeof(*h));

	h->addresses = addresses;
	BUG_ON(pthread_rwlock_init(&h->lock, NULL) != 0);
	return (h);
}

void
hosts_free(struct hosts *h)
{

	if (h == NULL)
		return;
	for (size_t i = 0; i < h->n; i++)
		free(h->names[i]);
	(void)pthread_rwlock_destroy(&h->lock);
	free(h);
}

static bool
hosts_has(const struct hosts *h, const char *name)
{

	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->names[i], name) == 0)
			return (true);
	return (false);
}

bool
hosts_add(struct hosts *h, const char *names)
{
	char *copy = mem_strdup(names), *rest = copy, *one;
	bool ok = true;

	BUG_ON(pthread_rwlock_wrlock(&h->lock) != 0);
	while ((one = strsep(&rest, ",")) != NULL) {
		if (*one == '\0' || hosts_has(h, one))
			continue;
		if (h->n < HOSTS_MAX)
			h->names[h->n++] = mem_strdup(one);
		else
			ok = false;
	}
	BUG_ON(pthread_rwlock_unlock(&h->lock) != 0);
	free(copy);
	return (ok);
}

static bool
hosts_is_address(const char *host)
{

	return (*host == '[' || (*host != '\0' &&
	    strspn(host, "0123456789.") == strlen(host)));
}

const char *
hosts_find(struct hosts *h, struct arena *a, const char *host)
{
	const char *found = NULL;
	size_t n = strlen(host);

	if (h->addresses && hosts_is_address(host))
		return ("localhost");
	BUG_ON(pthread_rwlock_rdlock(&h->lock) != 0);
	if (hosts_has(h, host))
		found = "localhost";
	for (size_t i = 0; found == NULL && i < h->n; i++) {
		size_t m = strlen(h->names[i]);

		if (n > m + 1 && host[n - m - 1] == '.' &&
		    strcmp(host + n - m, h->names[i]) == 0)
			found = arena_printf(a, "%.*s" BUCKETS,
			    (int)(n - m - 1), host);
	}
	BUG_ON(pthread_rwlock_unlock(&h->lock) != 0);
	return (found);
}
