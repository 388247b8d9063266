#include "emulator/bench/report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"

#define BUSY	0.7	/* load before the run that is worth a word */

void
report_load(double *load)
{

	if (getloadavg(load, 1) != 1)
		*load = -1;
}

/* "model name : …" of the first processor. */
static void
processor(char *dst, size_t room)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[512];

	(void)snprintf(dst, room, "unknown");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "model name", 10) == 0 &&
		    strchr(line, ':') != NULL) {
			line[strcspn(line, "\n")] = '\0';
			(void)snprintf(dst, room, "%s", strchr(line, ':') + 2);
			break;
		}
	if (f != NULL)
		(void)fclose(f);
}

/* The type of the file system that dir is on, from the mount whose device
 * is dir's. */
static void
file_system(const char *dir, char *dst, size_t room)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[1024], dev[32];
	struct stat st;

	(void)snprintf(dst, room, "unknown");
	if (stat(dir, &st) != 0)
		st.st_dev = 0;
	(void)snprintf(dev, sizeof(dev), " %u:%u ", major(st.st_dev),
	    minor(st.st_dev));
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		const char *type = strstr(line, " - ");

		if (type != NULL && strstr(line, dev) != NULL &&
		    strstr(line, dev) < type) {
			type += 3;
			(void)snprintf(dst, room, "%.*s",
			    (int)strcspn(type, " "), type);
			break;
		}
	}
	if (f != NULL)
		(void)fclose(f);
}

void
report_text(const struct bench *b, const struct report *r, FILE *out)
{
	char cpu[256], fs[64];

	processor(cpu, sizeof(cpu));
	file_system(b->dir, fs, sizeof(fs));
	(void)fprintf(out, "\n%ld cores (%s), data on %s, %lld rounds%s, "
	    "load %.1f before and %.1f after.\n",
	    sysconf(_SC_NPROCESSORS_ONLN), cpu, fs, (long long)b->rounds,
	    b->quick ? ", --quick: the figures mean little" : "", r->load[0],
	    r->load[1]);
	if (r->load[0] > BUSY)
		(void)fputs("Others were busy on this machine: only the "
		    "ratios count.\n", out);
	if (strcmp(fs, "tmpfs") == 0)
		(void)fputs("The data were in memory (tmpfs), not on a disk: "
		    "--dir names another place.\n", out);
	figures_table(&b->figures, out);
	figures_ratios(&b->figures, out);
	(void)fprintf(out, "\n%.0f s\n", (double)(clock_mono_us() -
	    r->t0_us) / 1e6);
}

static json_t *
machine(const struct bench *b, const struct report *r)
{
	struct utsname un = { 0 };
	char cpu[256], fs[64];

	(void)uname(&un);
	processor(cpu, sizeof(cpu));
	file_system(b->dir, fs, sizeof(fs));
	return (json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:f, s:f}", "cores",
	    (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "processor", cpu,
	    "kernel", un.release, "arch", un.machine, "file_system", fs,
	    "memory", (json_int_t)sysconf(_SC_PHYS_PAGES) *
	    sysconf(_SC_PAGESIZE), "load_before", r->load[0], "load_after",
	    r->load[1]));
}

static json_t *
peers(const struct peers *p)
{
	json_t *all = json_object();

	for (int i = 0; i < PEER_N; i++)
		json_object_set_new(all, peer_name[i], p->program[i] == NULL ?
		    json_pack("{s:s}", "skipped", p->why[i]) :
		    json_pack("{s:s, s:s*}", "program", p->program[i],
		    "version", p->version[i]));
	return (all);
}

int
report_json(const struct bench *b, const struct report *r, const char *file,
    struct err *e)
{
	char when[CLOCK_RFC3339], *text;
	json_t *j;
	int rc;

	clock_rfc3339(clock_wall_us(NULL), when);
	j = json_pack("{s:s, s:f, s:o, s:o, s:{s:I, s:b, s:I, s:I, s:I, s:I, "
	    "s:I, s:I}, s:o, s:o}", "time", when, "seconds",
	    (double)(clock_mono_us() - r->t0_us) / 1e6, "machine",
	    machine(b, r), "peers", peers(&b->peers), "options", "rounds",
	    (json_int_t)b->rounds, "quick", b->quick, "small",
	    (json_int_t)BENCH_SMALL, "big", (json_int_t)b->big, "big_fake",
	    (json_int_t)b->big_fake, "listed", (json_int_t)b->listed, "grown",
	    (json_int_t)b->grown, "database", (json_int_t)b->database,
	    "figures", figures_json(&b->figures), "ratios",
	    figures_ratios_json(&b->figures));
	text = json_dumps(j, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	BUG_ON(text == NULL);
	rc = file_write(file, text, strlen(text), 0644, e);
	free(text);
	json_decref(j);
	return (rc);
}
