/* A library that is preloaded into the emulator.  It sees each call that
 * changes a file of one folder, or syncs it, and each send: it can write them
 * down, with their bytes, and it can end the program at the n-th of them, tear
 * it in two or make it fail.  tap.h tells what it is told. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emulator/tests/proof/tap.h"

#define FDS	4096
#define INODES	65536
#define EXPORT	__attribute__((visibility("default")))

static char root[4096];
static size_t nroot;
static int log_fd = -1;
static struct tap_state *state;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t of_fd[FDS];		/* the file's number */
static uint32_t pieces[FDS];		/* large writes to it so far */
static struct { ino_t ino; uint32_t file; } inodes[INODES];
static uint32_t last_file;
static atomic_llong last_sync;

__attribute__((constructor))
static void
tap_begin(void)
{
	const char *s = getenv("TAP_STATE"), *l = getenv("TAP_LOG");
	int fd;

	if (getenv("TAP_ROOT") == NULL)
		return;
	(void)snprintf(root, sizeof(root), "%s/", getenv("TAP_ROOT"));
	nroot = strlen(root);
	if (l != NULL)
		log_fd = (int)syscall(SYS_openat, AT_FDCWD, l,
		    O_WRONLY | O_APPEND | O_CLOEXEC, 0);
	fd = s != NULL ? (int)syscall(SYS_openat, AT_FDCWD, s,
	    O_RDWR | O_CLOEXEC, 0) : -1;
	if (fd >= 0) {
		void *p = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);

		state = p != MAP_FAILED ? p : NULL;
		(void)syscall(SYS_close, fd);
	}
}

/* ---- writing down ---- */

static void
tap_log(enum tap_op op, uint32_t file, int64_t arg, const void *p, size_t n)
{
	struct tap_record r = { .op = op, .file = file, .arg = arg,
	    .len = (uint32_t)n };
	static char zeros[8];
	struct iovec v[3] = { { &r, sizeof(r) }, { (void *)(uintptr_t)p, n },
	    { zeros, TAP_PADDED(n) - n } };
	int no = errno;

	/* One call: the prover appends to the same file. */
	if (log_fd >= 0 && syscall(SYS_writev, log_fd, v, 3) < 0)
		abort();
	errno = no;
}

/* The part below the folder of what is meant, "." for the folder itself; NULL
 * elsewhere.  buf has room for PATHS. */
#define PATHS	8192

static const char *
tap_name(int dir, const char *path, char *buf)
{
	char link[64];
	ssize_t n = 0;

	if (nroot == 0)
		return (NULL);
	if (path[0] != '/' && dir != AT_FDCWD) {
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
		n = syscall(SYS_readlinkat, AT_FDCWD, link, buf, PATHS / 2);
		if (n <= 0)
			return (NULL);
		buf[n++] = '/';
	}
	if (strlen(path) >= PATHS / 2)
		return (NULL);
	memcpy(buf + n, path, strlen(path) + 1);
	if (strncmp(buf, root, nroot - 1) != 0)
		return (NULL);
	if (buf[nroot - 1] == '\0')
		return (".");
	return (buf[nroot - 1] == '/' ? buf + nroot : NULL);
}

/* The number of an inode, a new one for a new file. */
static uint32_t
tap_number(ino_t ino, bool fresh)
{
	uint32_t i, file;

	(void)pthread_mutex_lock(&lock);
	for (i = (uint32_t)ino % INODES; inodes[i].file != 0 &&
	    inodes[i].ino != ino; i = (i + 1) % INODES)
		;
	inodes[i].ino = ino;
	if (fresh || inodes[i].file == 0)
		inodes[i].file = ++last_file;
	file = inodes[i].file;
	(void)pthread_mutex_unlock(&lock);
	return (file);
}

static uint32_t
tap_file(int fd)
{

	return (fd >= 0 && fd < FDS ? of_fd[fd] : 0);
}

/* ---- interfering ---- */

/* A call that counts.  *n may be cut (a torn or a short write).  False: it
 * fails, errno is set. */
static bool
tap_call(const char *what, bool fails, size_t *n, bool *die)
{
	long long k;

	*die = false;
	if (state == NULL || !atomic_load(&state->armed))
		return (true);
	k = atomic_fetch_add(&state->calls, 1) + 1;
	if (k != atomic_load(&state->at))
		return (true);
	(void)snprintf(state->what, sizeof(state->what), "%s", what);
	switch (atomic_load(&state->act)) {
	case TAP_KILL:
		atomic_store(&state->fired, 1);
		(void)syscall(SYS_kill, getpid(), SIGKILL);
		return (true);
	case TAP_TEAR:
		if (n == NULL || *n < 2)
			return (true);
		atomic_store(&state->fired, 1);
		*n /= 2;
		*die = true;
		return (true);
	case TAP_SHORT:
		if (n == NULL || *n < 2 || !fails)
			return (true);
		atomic_store(&state->fired, 1);
		*n /= 2;
		return (true);
	case TAP_FAIL:
		if (!fails)
			return (true);
		atomic_store(&state->fired, 1);
		errno = atomic_load(&state->error);
		return (false);
	default:
		return (true);
	}
}

static void
tap_die(bool die)
{

	if (die)
		(void)syscall(SYS_kill, getpid(), SIGKILL);
}

/* ---- the calls ---- */

static int
tap_openat(int dir, const char *path, int flags, mode_t mode)
{
	char buf[PATHS];
	const char *name = tap_name(dir, path, buf);
	bool fresh, die;
	struct stat sb;
	int fd;

	fresh = name != NULL && (flags & O_CREAT) != 0 &&
	    syscall(SYS_newfstatat, dir, path, &sb, 0) != 0;
	if (fresh && !tap_call("create", true, NULL, &die))
		return (-1);
	fd = (int)syscall(SYS_openat, dir, path, flags, mode);
	if (fd < 0 || fd >= FDS)
		return (fd);
	of_fd[fd] = pieces[fd] = 0;
	if (name == NULL || syscall(SYS_fstat, fd, &sb) != 0)
		return (fd);
	of_fd[fd] = tap_number(sb.st_ino, fresh);
	if (fresh)
		tap_log(TAP_CREATE, of_fd[fd], 0, name, strlen(name));
	else if (strcmp(name, ".") == 0)
		tap_log(TAP_CREATE, of_fd[fd], 2, name, 1);
	else if ((flags & O_TRUNC) != 0)
		tap_log(TAP_TRUNCATE, of_fd[fd], 0, NULL, 0);
	return (fd);
}

#define OPEN_BODY(dir) \
	va_list ap; \
	mode_t mode = 0; \
 \
	va_start(ap, flags); \
	if ((flags & O_CREAT) != 0) \
		mode = (mode_t)va_arg(ap, int); \
	va_end(ap); \
	return (tap_openat(dir, path, flags, mode))

EXPORT int
open(const char *path, int flags, ...)
{
	OPEN_BODY(AT_FDCWD);
}

EXPORT int
open64(const char *path, int flags, ...)
{
	OPEN_BODY(AT_FDCWD);
}

EXPORT int
openat(int dir, const char *path, int flags, ...)
{
	OPEN_BODY(dir);
}

EXPORT int
openat64(int dir, const char *path, int flags, ...)
{
	OPEN_BODY(dir);
}

EXPORT int
close(int fd)
{

	if (fd >= 0 && fd < FDS)
		of_fd[fd] = 0;
	return ((int)syscall(SYS_close, fd));
}

/* Megabytes come in many large pieces that are all alike: of those of one
 * file the first few count as calls, then each 16th. */
static bool
tap_counts(int fd, size_t n)
{

	if (n < 32768)
		return (true);
	pieces[fd]++;
	return (pieces[fd] <= 4 || pieces[fd] % 16 == 0);
}

/* A write at `off`, or where the descriptor stands (-1). */
static ssize_t
tap_write(const char *what, int fd, const void *p, size_t n, off_t off)
{
	uint32_t file = tap_file(fd);
	bool die = false;
	ssize_t k;

	if (file != 0 && tap_counts(fd, n) &&
	    !tap_call(what, true, &n, &die))
		return (-1);
	if (off >= 0)
		k = syscall(SYS_pwrite64, fd, p, n, off);
	else
		k = syscall(SYS_write, fd, p, n);
	if (k > 0 && file != 0)
		tap_log(TAP_WRITE, file, off >= 0 ? off :
		    (int64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR) - k, p,
		    (size_t)k);
	tap_die(die);
	return (k);
}

EXPORT ssize_t
write(int fd, const void *p, size_t n)
{

	return (tap_write("write", fd, p, n, -1));
}

EXPORT ssize_t
pwrite(int fd, const void *p, size_t n, off_t off)
{

	return (tap_write("pwrite", fd, p, n, off));
}

EXPORT ssize_t
pwrite64(int fd, const void *p, size_t n, off64_t off)
{

	return (tap_write("pwrite", fd, p, n, off));
}

/* By way of a buffer, so that what was copied can be written down. */
EXPORT ssize_t
copy_file_range(int in, off64_t *in_off, int out, off64_t *out_off, size_t n,
    unsigned flags)
{
	static __thread char piece[65536];
	ssize_t k;

	if (tap_file(out) == 0)
		return (syscall(SYS_copy_file_range, in, in_off, out, out_off,
		    n, flags));
	if (n > sizeof(piece))
		n = sizeof(piece);
	k = in_off != NULL ? syscall(SYS_pread64, in, piece, n, *in_off) :
	    syscall(SYS_read, in, piece, n);
	if (k <= 0)
		return (k);
	k = tap_write("copy_file_range", out, piece, (size_t)k,
	    out_off != NULL ? *out_off : -1);
	if (k > 0 && in_off != NULL)
		*in_off += k;
	if (k > 0 && out_off != NULL)
		*out_off += k;
	return (k);
}

EXPORT int
ftruncate(int fd, off_t size)
{
	uint32_t file = tap_file(fd);
	bool die;
	int rc;

	if (file != 0 && !tap_call("ftruncate", true, NULL, &die))
		return (-1);
	rc = (int)syscall(SYS_ftruncate, fd, size);
	if (rc == 0 && file != 0)
		tap_log(TAP_TRUNCATE, file, size, NULL, 0);
	return (rc);
}

EXPORT int
ftruncate64(int fd, off64_t size)
{

	return (ftruncate(fd, size));
}

static int
tap_sync(const char *what, int fd, long call)
{
	uint32_t file = tap_file(fd);
	int64_t n = 0;
	bool die;
	int rc;

	if (file != 0) {
		if (!tap_call(what, true, NULL, &die))
			return (-1);
		n = atomic_fetch_add(&last_sync, 1) + 1;
		tap_log(TAP_SYNC, file, n, NULL, 0);
	}
	/* With a log the disk is the prover's, and this one may rest. */
	rc = file != 0 && log_fd >= 0 ? 0 : (int)syscall(call, fd);
	if (rc == 0 && file != 0)
		tap_log(TAP_SYNCED, file, n, NULL, 0);
	return (rc);
}

EXPORT int
fsync(int fd)
{

	return (tap_sync("fsync", fd, SYS_fsync));
}

EXPORT int
fdatasync(int fd)
{

	return (tap_sync("fdatasync", fd, SYS_fdatasync));
}

EXPORT int
unlinkat(int dir, const char *path, int flags)
{
	char buf[PATHS];
	const char *name = tap_name(dir, path, buf);
	bool die;
	int rc;

	if (name != NULL && !tap_call("unlink", true, NULL, &die))
		return (-1);
	rc = (int)syscall(SYS_unlinkat, dir, path, flags);
	if (rc == 0 && name != NULL)
		tap_log(TAP_UNLINK, 0, 0, name, strlen(name));
	return (rc);
}

EXPORT int
unlink(const char *path)
{

	return (unlinkat(AT_FDCWD, path, 0));
}

/* rename() and link(): two names, the second in the folder. */
static int
tap_pair(enum tap_op op, const char *what, const char *from, const char *to)
{
	char fb[PATHS], tb[PATHS], both[2 * PATHS];
	const char *f = tap_name(AT_FDCWD, from, fb);
	const char *t = tap_name(AT_FDCWD, to, tb);
	size_t nf, nt;
	bool die;
	int rc;

	if (t != NULL && !tap_call(what, true, NULL, &die))
		return (-1);
	rc = (int)(op == TAP_RENAME ?
	    syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to) :
	    syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
	if (rc == 0 && t != NULL && f != NULL) {
		nf = strlen(f) + 1;
		nt = strlen(t);
		memcpy(both, f, nf);
		memcpy(both + nf, t, nt);
		tap_log(op, 0, 0, both, nf + nt);
	}
	return (rc);
}

EXPORT int
rename(const char *from, const char *to)
{

	return (tap_pair(TAP_RENAME, "rename", from, to));
}

EXPORT int
link(const char *from, const char *to)
{

	return (tap_pair(TAP_LINK, "link", from, to));
}

EXPORT int
mkdir(const char *path, mode_t mode)
{
	char buf[PATHS];
	const char *name = tap_name(AT_FDCWD, path, buf);
	struct stat sb;
	bool die;
	int rc;

	if (name != NULL && !tap_call("mkdir", true, NULL, &die))
		return (-1);
	rc = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
	if (rc == 0 && name != NULL &&
	    syscall(SYS_newfstatat, AT_FDCWD, path, &sb, 0) == 0)
		tap_log(TAP_CREATE, tap_number(sb.st_ino, true), 1, name,
		    strlen(name));
	return (rc);
}

/* Replies: a place to die, never to fail. */
EXPORT ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	bool die;

	(void)tap_call("sendmsg", false, NULL, &die);
	return (syscall(SYS_sendmsg, fd, m, flags));
}

EXPORT ssize_t
sendto(int fd, const void *p, size_t n, int flags, const struct sockaddr *a,
    socklen_t na)
{
	bool die;

	(void)tap_call("send", false, NULL, &die);
	return (syscall(SYS_sendto, fd, p, n, flags, a, na));
}

EXPORT ssize_t
send(int fd, const void *p, size_t n, int flags)
{

	return (sendto(fd, p, n, flags, NULL, 0));
}
