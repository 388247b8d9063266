#include "harness/run/isolate.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/file.h"

static int
isolate_write(const char *path, const char *text, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;

	if (fd < 0 || file_write_all(fd, text, strlen(text)) != 0)
		rc = err_setno(e, "cannot write %s", path);
	if (fd >= 0)
		(void)close(fd);
	return (rc);
}

/* Root inside is who we are outside. */
static int
isolate_map_ids(uid_t uid, gid_t gid, struct err *e)
{
	char *u = mem_printf("0 %lu 1\n", (unsigned long)uid);
	char *g = mem_printf("0 %lu 1\n", (unsigned long)gid);
	int rc;

	rc = isolate_write("/proc/self/setgroups", "deny", e);
	if (rc == 0)
		rc = isolate_write("/proc/self/uid_map", u, e);
	if (rc == 0)
		rc = isolate_write("/proc/self/gid_map", g, e);
	free(u);
	free(g);
	return (rc);
}

static int
isolate_loopback_up(struct err *e)
{
	struct ifreq ifr;
	int fd, rc = 0;

	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, "lo", 3);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr) != 0)
		rc = err_setno(e, "cannot ask for the loopback interface");
	ifr.ifr_flags |= IFF_UP | IFF_RUNNING;
	if (rc == 0 && ioctl(fd, SIOCSIFFLAGS, &ifr) != 0)
		rc = err_setno(e, "cannot bring up the loopback interface");
	if (fd >= 0)
		(void)close(fd);
	return (rc);
}

int
isolate_network(struct err *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	/* root needs no user namespace, and keeps its groups without one */
	if (uid != 0 || unshare(CLONE_NEWNET) != 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
			err_setno(e, "no network namespace");
			return (0);
		}
		if (isolate_map_ids(uid, gid, e) != 0)
			return (-1);
	}
	return (isolate_loopback_up(e) == 0 ? 1 : -1);
}
