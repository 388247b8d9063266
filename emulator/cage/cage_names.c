/* Names in a private place: a hosts file for what reads one, and answers to
 * DNS queries for what does not (and for the buckets before a host's name,
 * which no hosts file can list). */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "emulator/cage/cage_int.h"
#include "emulator/http/route.h"
#include "lib/file.h"
#include "lib/str.h"

#define FILE_MAX	(8u << 20)
#define LOCAL		"127.0.0.1"

enum { DNS_HEAD = 12, DNS_NAME = 256, DNS_A = 1, DNS_AAAA = 28, DNS_IN = 1,
	DNS_ANY = 255, DNS_NXDOMAIN = 3, DNS_NOTIMP = 4, DNS_TTL = 60 };

const char *
cage_address(const char *name)
{

	switch (route_host(name)) {
	case HOST_FOREIGN:
		return (NULL);
	case HOST_METADATA:
		/* cloud.google.com/compute/docs/metadata/querying-metadata */
		return (CAGE_METADATA);
	default:
		return (LOCAL);
	}
}

/* The question's name as text, in lower case; where it ends, or 0. */
static size_t
names_question(const unsigned char *q, size_t n, char name[DNS_NAME])
{
	size_t at = DNS_HEAD, len = 0;

	while (at < n && q[at] != 0) {
		size_t label = q[at++];

		if (label > 63 || at + label > n ||
		    len + label + 2 > DNS_NAME)
			return (0);
		if (len > 0)
			name[len++] = '.';
		for (size_t i = 0; i < label; i++) {
			unsigned char c = q[at + i];

			if (c == '\0' || c == '.')
				return (0);
			name[len++] = (char)tolower(c);
		}
		at += label;
	}
	name[len] = '\0';
	return (at + 5 <= n ? at + 5 : 0);
}

size_t
cage_dns(const unsigned char *q, size_t n, unsigned char *out, size_t room)
{
	unsigned char record[16] = { 0xc0, DNS_HEAD, 0, DNS_A, 0, DNS_IN,
	    0, 0, 0, DNS_TTL, 0, 4 };
	char name[DNS_NAME];
	const char *address;
	size_t end;
	int type;

	/* A query with one question, and in no other class than ours. */
	if (n < DNS_HEAD || (q[2] & 0x80) != 0 || q[4] != 0 || q[5] != 1 ||
	    (end = names_question(q, n, name)) == 0 ||
	    end + sizeof(record) > room)
		return (0);
	type = q[end - 4] << 8 | q[end - 3];
	address = cage_address(name);
	memcpy(out, q, end);
	out[2] = (unsigned char)(0x84 | (q[2] & 0x79));	/* answer, ours */
	out[3] = 0x80;
	memset(out + 6, 0, 6);
	if ((q[2] & 0x78) != 0)
		out[3] |= DNS_NOTIMP;
	else if (address == NULL)
		out[3] |= DNS_NXDOMAIN;
	else if ((type == DNS_A || type == DNS_ANY) &&
	    inet_pton(AF_INET, address, record + 12) == 1) {
		out[7] = 1;
		memcpy(out + end, record, sizeof(record));
		end += sizeof(record);
	}
	return (end);
}

/* ---- files ---- */

/* Does a line of a hosts file speak of a name of ours? */
static bool
names_is_ours(const char *line, size_t n)
{
	char *copy = mem_strndup(line, n), *rest = copy, *word;
	bool ours = false;
	int i = 0;

	copy[strcspn(copy, "#")] = '\0';
	while ((word = strsep(&rest, " \t\r")) != NULL) {
		if (*word == '\0')
			continue;
		for (char *p = word; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		ours = ours || (i++ > 0 && strcmp(word, "localhost") != 0 &&
		    cage_address(word) != NULL);
	}
	free(copy);
	return (ours);
}

static void
names_hosts(struct buf *b)
{
	const char *name, *p;
	struct buf old;

	buf_adds(b, LOCAL " localhost\n");
	for (size_t i = 0; (name = route_name(i)) != NULL; i++)
		buf_addf(b, "%s %s\n", cage_address(name), name);
	buf_adds(b, CAGE_METADATA " metadata.google.internal metadata\n");
	buf_init(&old, FILE_MAX);
	(void)file_read("/etc/hosts", &old, NULL);
	for (p = old.p; *p != '\0'; ) {
		size_t n = strcspn(p, "\n");

		if (!names_is_ours(p, n))
			buf_addf(b, "%.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
	buf_release(&old);
}

/* What else might be asked, over a socket that leads out of the place, is not:
 * systemd-resolved and nscd. */
static void
names_switch(struct buf *b)
{
	struct buf old;
	const char *p;

	buf_init(&old, FILE_MAX);
	(void)file_read("/etc/nsswitch.conf", &old, NULL);
	for (p = old.p; *p != '\0'; ) {
		size_t n = strcspn(p, "\n");

		if (!str_starts(p + strspn(p, " \t"), "hosts:"))
			buf_addf(b, "%.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
	buf_adds(b, "hosts: files dns\n");
	buf_release(&old);
}

static void
names_trust(struct buf *b, const char *ca)
{

	(void)file_read("/etc/ssl/certs/ca-certificates.crt", b, NULL);
	if (b->len > 0 && b->p[b->len - 1] != '\n')
		buf_addc(b, '\n');
	buf_adds(b, ca);
}

int
cage_files(const char *dir, const char *ca, struct err *e)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, FILE_MAX);
	for (size_t i = 0; rc == 0 && i < 4; i++) {
		static const char *const names[] = { "hosts", "resolv.conf",
		    "nsswitch.conf", "ca-certificates.crt" };
		char *path = mem_printf("%s/%s", dir, names[i]);

		buf_reset(&b);
		if (i == 0)
			names_hosts(&b);
		else if (i == 1)
			buf_adds(&b, "nameserver " LOCAL "\n");
		else if (i == 2)
			names_switch(&b);
		else
			names_trust(&b, ca);
		rc = file_write(path, b.p, b.len, 0644, e);
		free(path);
	}
	buf_release(&b);
	return (rc);
}
