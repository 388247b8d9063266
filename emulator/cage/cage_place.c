/* A private place: who we are in it, its loopback, and its own view of a few
 * files.  Nothing that is mounted here is seen outside. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emulator/cage/cage_int.h"
#include "lib/file.h"

static int
place_write(const char *path, const char *text, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;

	if (fd < 0 || file_write_all(fd, text, strlen(text)) != 0)
		rc = err_setno(e, "cannot write %s", path);
	if (fd >= 0)
		(void)close(fd);
	return (rc);
}

/* Inside we are who we are outside. */
static int
place_ids(uid_t uid, gid_t gid, struct err *e)
{
	char *u = mem_printf("%lu %lu 1\n", (unsigned long)uid,
	    (unsigned long)uid);
	char *g = mem_printf("%lu %lu 1\n", (unsigned long)gid,
	    (unsigned long)gid);
	int rc;

	rc = place_write("/proc/self/setgroups", "deny", e);
	if (rc == 0)
		rc = place_write("/proc/self/uid_map", u, e);
	if (rc == 0)
		rc = place_write("/proc/self/gid_map", g, e);
	free(u);
	free(g);
	return (rc);
}

static void
place_address(struct ifreq *r, const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	BUG_ON(inet_pton(AF_INET, text, &in.sin_addr) != 1);
	memcpy(&r->ifr_addr, &in, sizeof(in));
}

/* Loopback, and on it the metadata server's address. */
static int
place_loopback(struct err *e)
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &r) != 0)
		rc = err_setno(e, "cannot ask for the loopback interface");
	r.ifr_flags |= IFF_UP | IFF_RUNNING;
	if (rc == 0 && ioctl(fd, SIOCSIFFLAGS, &r) != 0)
		rc = err_setno(e, "cannot bring up the loopback interface");
	r = (struct ifreq){ .ifr_name = "lo:1" };
	place_address(&r, CAGE_METADATA);
	if (rc == 0 && ioctl(fd, SIOCSIFADDR, &r) != 0)
		rc = err_setno(e, "cannot add an address to loopback");
	place_address(&r, "255.255.255.255");
	if (rc == 0 && ioctl(fd, SIOCSIFNETMASK, &r) != 0)
		rc = err_setno(e, "cannot add an address to loopback");
	if (fd >= 0)
		(void)close(fd);
	return (rc);
}

int
cage_place_make(int flags, uid_t uid, gid_t gid, struct err *e)
{

	if ((flags & CLONE_NEWUSER) != 0 && place_ids(uid, gid, e) != 0)
		return (-1);
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0)
		return (err_setno(e, "cannot have mounts of its own"));
	if ((flags & CLONE_NEWPID) != 0 && mount("proc", "/proc", "proc",
	    MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
		return (err_setno(e, "cannot mount /proc"));
	return (place_loopback(e));
}

/* What is not there is not looked at either; of the bundles each system has
 * its own. */
static const struct {
	const char *ours, *path;
} place_files[] = {
	{ "hosts", "/etc/hosts" },
	{ "resolv.conf", "/etc/resolv.conf" },
	{ "nsswitch.conf", "/etc/nsswitch.conf" },
	{ "ca-certificates.crt", "/etc/ssl/certs/ca-certificates.crt" },
	{ "ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt" },
	{ "ca-certificates.crt",
	    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem" },
	{ "ca-certificates.crt", "/etc/ssl/ca-bundle.pem" },
	{ "ca-certificates.crt", "/etc/ssl/cert.pem" },
	{ "truststore.jks", "/etc/ssl/certs/java/cacerts" },
	{ NULL, "/run/nscd/socket" },
};

int
cage_place_files(const char *dir, struct err *e)
{

	for (size_t i = 0; i < NELEMS(place_files); i++) {
		const char *path = place_files[i].path;
		char *from = place_files[i].ours == NULL ?
		    mem_strdup("/dev/null") :
		    mem_printf("%s/%s", dir, place_files[i].ours);
		int rc = mount(from, path, NULL, MS_BIND, NULL);

		if (rc != 0 && errno != ENOENT && errno != ENOTDIR)
			rc = err_setno(e, "cannot put %s in the place of %s",
			    from, path);
		else
			rc = 0;
		free(from);
		if (rc != 0)
			return (-1);
	}
	return (0);
}
