/* Gives a target the files and folders of its command line, one by one, and
 * says how many there were. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "emulator/tests/fuzz/fuzz.h"
#include "lib/file.h"

static unsigned count;

static void
replay_file(const char *path)
{
	struct err e = ERR_INIT;
	struct buf b;
	uint8_t *p;

	buf_init(&b, 16u << 20);
	if (file_read(path, &b, &e) != 0) {
		fprintf(stderr, "replay: %s\n", err_msg(&e));
		exit(2);
	}
	/* Room of its own, so that a sanitizer sees its end. */
	p = mem_alloc(b.len + 1);
	memcpy(p, b.p, b.len);
	(void)LLVMFuzzerTestOneInput(p, b.len);
	free(p);
	buf_release(&b);
	count++;
}

int
main(int argc, char **argv)
{

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		struct dirent *e;

		if (d == NULL) {
			replay_file(argv[i]);
			continue;
		}
		while ((e = readdir(d)) != NULL) {
			char *path = mem_printf("%s/%s", argv[i], e->d_name);

			if (e->d_name[0] != '.')
				replay_file(path);
			free(path);
		}
		(void)closedir(d);
	}
	printf("%u inputs\n", count);
	return (count > 0 ? 0 : 1);
}
