#include "lib/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
file_read(const char *path, struct buf *b, struct err *e)
{
	char chunk[65536];
	ssize_t n;
	int fd, rc = -1;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return (err_setno(e, "cannot open %s", path));
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_setno(e, "cannot read %s", path);
			goto out;
		}
		buf_add(b, chunk, (size_t)n);
		if (!buf_ok(b)) {
			err_set(e, "%s is larger than the %zu bytes allowed",
			    path, b->max);
			goto out;
		}
	}
	rc = 0;
out:
	(void)close(fd);
	return (rc);
}

int
file_write_all(int fd, const void *vp, size_t n)
{
	const char *p = vp;

	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return (-1);
		p += k;
		n -= (size_t)k;
	}
	return (0);
}

/* The entry of path in its folder. */
static int
file_sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash != NULL ?
	    mem_strndup(path, (size_t)(slash - path) + 1) : mem_strdup(".");
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = -1;

	free(dir);
	if (fd < 0)
		return (-1);
	rc = fsync(fd);
	(void)close(fd);
	return (rc);
}

static int
file_replace(const char *path, const void *p, size_t n, mode_t mode,
    bool synced, struct err *e)
{
	char *tmp = mem_printf("%s.new-%ld", path, (long)gettid());
	int fd, rc = -1;

	/* One that a crash has left would bring its own mode. */
	(void)unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0) {
		err_setno(e, "cannot create %s", tmp);
		goto out;
	}
	if (file_write_all(fd, p, n) != 0 || (synced && fsync(fd) != 0)) {
		err_setno(e, "cannot write %s", tmp);
		(void)close(fd);
		(void)unlink(tmp);
		goto out;
	}
	if (close(fd) != 0 || rename(tmp, path) != 0) {
		err_setno(e, "cannot write %s", path);
		(void)unlink(tmp);
		goto out;
	}
	if (synced && file_sync_folder(path) != 0)
		err_setno(e, "cannot sync the folder of %s", path);
	else
		rc = 0;
out:
	free(tmp);
	return (rc);
}

int
file_write(const char *path, const void *p, size_t n, mode_t mode,
    struct err *e)
{

	return (file_replace(path, p, n, mode, false, e));
}

int
file_write_synced(const char *path, const void *p, size_t n, mode_t mode,
    struct err *e)
{

	return (file_replace(path, p, n, mode, true, e));
}

int
file_mkdirs(const char *path, mode_t mode, struct err *e)
{
	char *p = mem_strdup(path);
	int rc = 0;

	for (char *s = p + (*p != '\0');; s++) {
		char c = *s;

		if (c != '/' && c != '\0')
			continue;
		*s = '\0';
		if (mkdir(p, mode) != 0 && errno != EEXIST) {
			rc = err_setno(e, "cannot make the folder %s", p);
			break;
		}
		*s = c;
		if (c == '\0')
			break;
	}
	free(p);
	if (rc == 0) {
		struct stat st;

		if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
			rc = err_set(e, "%s is not a folder", path);
	}
	return (rc);
}

/* path is what the messages call dirfd/name. */
static int
file_remove_at(int dirfd, const char *name, const char *path, struct err *e)
{
	struct dirent *d;
	DIR *dir;
	int fd, rc = 0;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return (0);
	if (errno != EISDIR && errno != EPERM)
		return (err_setno(e, "cannot remove %s", path));
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || (dir = fdopendir(fd)) == NULL) {
		err_setno(e, "cannot open %s", path);
		if (fd >= 0)
			(void)close(fd);
		return (-1);
	}
	while (rc == 0 && (d = readdir(dir)) != NULL) {
		char *sub;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		sub = mem_printf("%s/%s", path, d->d_name);
		rc = file_remove_at(fd, d->d_name, sub, e);
		free(sub);
	}
	(void)closedir(dir);
	if (rc == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) != 0 &&
	    errno != ENOENT)
		rc = err_setno(e, "cannot remove %s", path);
	return (rc);
}

int
file_remove_all(const char *path, struct err *e)
{

	return (file_remove_at(AT_FDCWD, path, path, e));
}

int
file_copy(const char *from, const char *to, struct err *e)
{
	struct stat st, there;
	int in = -1, out = -1, rc = -1;
	ssize_t n;

	/* O_NONBLOCK: a named pipe must not hold us. */
	if ((in = open(from, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0 ||
	    fstat(in, &st) != 0) {
		err_setno(e, "cannot open %s", from);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		err_set(e, "%s is not a regular file", from);
		goto out;
	}
	if (stat(to, &there) == 0 && there.st_dev == st.st_dev &&
	    there.st_ino == st.st_ino) {
		err_set(e, "%s and %s are the same file", from, to);
		goto out;
	}
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0 || fchmod(out, st.st_mode & 0777) != 0) {
		err_setno(e, "cannot create %s", to);
		goto out;
	}
	do {
		n = copy_file_range(in, NULL, out, NULL, 1 << 30, 0);
		if (n < 0 && (errno == EXDEV || errno == EINVAL ||
		    errno == ENOSYS || errno == EOPNOTSUPP)) {
			char chunk[65536];

			n = read(in, chunk, sizeof(chunk));
			if (n > 0 && file_write_all(out, chunk, (size_t)n) != 0)
				n = -1;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0) {
		err_setno(e, "cannot copy %s to %s", from, to);
		goto out;
	}
	rc = 0;
out:
	if (in >= 0)
		(void)close(in);
	if (out >= 0 && close(out) != 0 && rc == 0)
		rc = err_setno(e, "cannot write %s", to);
	if (out >= 0 && rc != 0)
		(void)unlink(to);
	return (rc);
}

bool
file_exists(const char *path)
{
	struct stat st;

	return (lstat(path, &st) == 0);
}

int64_t
file_size(const char *path)
{
	struct stat st;

	return (stat(path, &st) == 0 ? (int64_t)st.st_size : -1);
}

static bool
file_is_program(const char *path)
{
	struct stat st;

	return (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(path, X_OK) == 0);
}

char *
file_find_program(const char *name, const char *path)
{

	if (strchr(name, '/') != NULL)
		return (file_is_program(name) ? mem_strdup(name) : NULL);
	while (path != NULL && *path != '\0') {
		size_t n = strcspn(path, ":");
		char *p = mem_printf("%.*s/%s", (int)n, path, name);

		if (n > 0 && file_is_program(p))
			return (p);
		free(p);
		path += n + (path[n] == ':');
	}
	return (NULL);
}
