/* The ledger is the harness's own memory of a drill, kept where no machine
 * can take it along when it is lost.  Whatever a restore brings back is held
 * against it, so it must never claim more than SQLite did: an attempt is on
 * file before COMMIT is called, an acknowledgement only after it returned, and
 * a writer killed in between leaves an attempt, which a restored database may
 * hold or not. */
#include "harness/workload/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/str.h"

struct ledger {
	char	*file;
	int	fd;
	off_t	read;			/* parsed up to here */
	struct buf tail;		/* a line that is not whole yet */
	struct ledger_entry *entries;	/* entries[seq - 1]; seq 0: a hole */
	int64_t	n, room;
	int64_t	acked, newest;		/* how many; the highest seq */
	int	epoch;
	int64_t	epoch_us;
	char	(*asked)[LEDGER_HASH + 1];	/* P without its A */
	size_t	nasked;
};

const char ledger_schema[] =
    "CREATE TABLE IF NOT EXISTS ledger(seq INTEGER PRIMARY KEY,"
    " at_us INTEGER NOT NULL, payload BLOB NOT NULL, prev TEXT NOT NULL,"
    " hash TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS ledger_hash ON ledger(hash);"
    "CREATE TABLE IF NOT EXISTS ledger_sum(id INTEGER PRIMARY KEY"
    " CHECK (id = 1), rows INTEGER NOT NULL, total INTEGER NOT NULL);"
    "INSERT OR IGNORE INTO ledger_sum VALUES(1, 0, 0);";

const char ledger_zeros[LEDGER_HASH + 1] =
    "0000000000000000000000000000000000000000000000000000000000000000";

/* No drill writes as many; a larger number is a damaged line. */
#define SEQ_MAX		100000000
#define LINE_ROOM	512

struct ledger *
ledger_open(const char *file, struct err *e)
{
	struct ledger *l;
	int fd;

	if ((fd = open(file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC,
	    0600)) < 0) {
		err_setno(e, "cannot open the ledger %s", file);
		return (NULL);
	}
	l = mem_alloc(sizeof(*l));
	l->file = mem_strdup(file);
	l->fd = fd;
	l->epoch = 1;
	buf_init(&l->tail, 1 << 20);
	if (ledger_refresh(l, e) != 0) {
		ledger_free(l);
		return (NULL);
	}
	return (l);
}

void
ledger_free(struct ledger *l)
{

	if (l == NULL)
		return;
	(void)close(l->fd);
	buf_release(&l->tail);
	free(l->entries);
	free(l->asked);
	free(l->file);
	free(l);
}

const char *
ledger_file(const struct ledger *l)
{

	return (l->file);
}

int
ledger_epoch(const struct ledger *l)
{

	return (l->epoch);
}

int64_t
ledger_epoch_us(const struct ledger *l)
{

	return (l->epoch_us);
}

/* The entry of seq, made where there was none. */
static struct ledger_entry *
entry(struct ledger *l, int64_t seq)
{

	if (seq > l->room) {
		l->room = seq * 2 + 64;
		l->entries = mem_realloc(l->entries,
		    (size_t)l->room * sizeof(*l->entries));
	}
	while (l->n < seq)
		l->entries[l->n++] = (struct ledger_entry) { 0 };
	return (&l->entries[seq - 1]);
}

static void
settle(struct ledger *l, const char *digest)
{

	for (size_t i = 0; i < l->nasked; i++)
		if (strcmp(l->asked[i], digest) == 0) {
			l->nasked--;
			memmove(l->asked[i], l->asked[i + 1],
			    (l->nasked - i) * sizeof(l->asked[0]));
			return;
		}
}

/* A new attempt takes the place of one that was never acknowledged, and of
 * all that followed it: they can have left nothing behind. */
static int
attempt(struct ledger *l, int64_t seq, int64_t at_us, const char *hash)
{
	struct ledger_entry *en;

	if (seq <= l->n && l->entries[seq - 1].seq != 0) {
		if (strcmp(l->entries[seq - 1].hash, hash) == 0)
			return (0);
		if (l->newest >= seq)
			return (-1);
		l->n = seq - 1;
	}
	en = entry(l, seq);
	en->seq = seq;
	en->at_us = at_us;
	en->ack_us = 0;
	en->epoch = l->epoch;
	memcpy(en->hash, hash, LEDGER_HASH + 1);
	return (0);
}

static int
acknowledge(struct ledger *l, int64_t seq, int64_t us)
{
	struct ledger_entry *en;

	if (seq > l->n || (en = &l->entries[seq - 1])->seq == 0)
		return (-1);
	if (en->ack_us == 0) {
		en->ack_us = us;
		l->acked++;
	}
	if (seq > l->newest)
		l->newest = seq;
	return (0);
}

/* Everything up to the frontier is in the database: acknowledged or not, it
 * was committed.  Everything beyond is given up. */
static int
rebase(struct ledger *l, int64_t seq, int64_t us)
{

	if (seq > l->n)
		return (-1);
	l->n = seq;
	l->acked = l->newest = 0;
	for (int64_t i = 0; i < l->n; i++) {
		if (l->entries[i].seq == 0)
			continue;
		if (l->entries[i].ack_us == 0)
			l->entries[i].ack_us = us;
		l->acked++;
		l->newest = i + 1;
	}
	l->nasked = 0;
	l->epoch++;
	l->epoch_us = us;
	return (0);
}

static int
line(struct ledger *l, const char *s)
{
	char kind, hash[LEDGER_HASH + 1], digest[LEDGER_HASH + 1];
	int64_t seq, us;
	int n;

	n = sscanf(s, "%c %" SCNd64 " %" SCNd64 " %64[0-9a-f] %64[0-9a-f]",
	    &kind, &seq, &us, hash, digest);
	if (n < 3 || seq < (kind == 'R' ? 0 : 1) || seq > SEQ_MAX ||
	    (n >= 4 && strlen(hash) != LEDGER_HASH) ||
	    (n >= 5 && strlen(digest) != LEDGER_HASH))
		return (-1);
	if (kind == 'C' && n == 3)
		return (acknowledge(l, seq, us));
	if (kind == 'R' && n == 3)
		return (rebase(l, seq, us));
	if (kind == 'A' && n >= 4) {
		if (n == 5)
			settle(l, digest);
		return (attempt(l, seq, us, hash));
	}
	if (kind == 'P' && n == 4) {
		l->asked = mem_realloc(l->asked,
		    (l->nasked + 1) * sizeof(l->asked[0]));
		memcpy(l->asked[l->nasked++], hash, LEDGER_HASH + 1);
		return (0);
	}
	return (-1);
}

/* Take the whole lines out of the tail. */
static int
lines(struct ledger *l, struct err *e)
{
	char *nl, *s = l->tail.p;
	size_t used = 0;

	while ((nl = memchr(s, '\n', l->tail.len - used)) != NULL) {
		*nl = '\0';
		if (line(l, s) != 0)
			return (err_set(e, "the ledger %s has a line that "
			    "cannot be: '%s'", l->file, s));
		s = nl + 1;
		used = (size_t)(s - l->tail.p);
	}
	buf_drop(&l->tail, used);
	return (0);
}

int
ledger_refresh(struct ledger *l, struct err *e)
{
	char chunk[65536];
	ssize_t n;

	while ((n = pread(l->fd, chunk, sizeof(chunk), l->read)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return (err_setno(e, "cannot read the ledger %s",
			    l->file));
		l->read += n;
		buf_add(&l->tail, chunk, (size_t)n);
		if (!buf_ok(&l->tail))
			return (err_set(e, "the ledger %s has a line without "
			    "an end", l->file));
		if (lines(l, e) != 0)
			return (-1);
	}
	return (0);
}

int64_t
ledger_rows(struct ledger *l)
{

	return (l->acked);
}

const struct ledger_entry *
ledger_head(struct ledger *l)
{

	return (l->newest > 0 ? &l->entries[l->newest - 1] : NULL);
}

const struct ledger_entry *
ledger_get(struct ledger *l, int64_t seq)
{

	if (seq < 1 || seq > l->n || l->entries[seq - 1].seq == 0)
		return (NULL);
	return (&l->entries[seq - 1]);
}

bool
ledger_pending(struct ledger *l, const char *digest)
{

	for (size_t i = 0; i < l->nasked; i++)
		if (strcmp(l->asked[i], digest) == 0)
			return (true);
	return (false);
}

int64_t
ledger_lost(struct ledger *l, int64_t seq, int64_t loss_us, int64_t *age_us)
{
	int64_t lost = 0, oldest = 0;

	for (int64_t i = seq > 0 ? seq : 0; i < l->n; i++) {
		int64_t ack = l->entries[i].ack_us;

		if (ack == 0)
			continue;
		lost++;
		if (oldest == 0 || ack < oldest)
			oldest = ack;
	}
	if (loss_us == 0)
		loss_us = clock_wall_us(NULL);
	*age_us = oldest != 0 && loss_us > oldest ? loss_us - oldest : 0;
	return (lost);
}

static int
put(struct ledger *l, const char *fmt, ...) PRINTF_LIKE(2, 3);

static int
put(struct ledger *l, const char *fmt, ...)
{
	char s[LINE_ROOM];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s, sizeof(s), fmt, ap);
	va_end(ap);
	BUG_ON(n < 0 || (size_t)n >= sizeof(s));
	return (file_write_all(l->fd, s, (size_t)n));
}

int
ledger_attempt(struct ledger *l, int64_t seq, int64_t at_us, const char *hash)
{

	return (put(l, "A %" PRId64 " %" PRId64 " %s\n", seq, at_us, hash));
}

int
ledger_ack(struct ledger *l, int64_t seq, int64_t ack_us)
{

	return (put(l, "C %" PRId64 " %" PRId64 "\n", seq, ack_us));
}

int
ledger_ask(struct ledger *l, int64_t seq, int64_t at_us, const char *digest)
{

	return (put(l, "P %" PRId64 " %" PRId64 " %s\n", seq, at_us, digest));
}

int
ledger_answer(struct ledger *l, int64_t seq, int64_t at_us, const char *hash,
    const char *digest, int64_t ack_us)
{

	return (put(l, "A %" PRId64 " %" PRId64 " %s %s\nC %" PRId64 " %" PRId64
	    "\n", seq, at_us, hash, digest, seq, ack_us));
}

void
ledger_rebase(struct ledger *l, int64_t seq)
{

	/* What cannot be recorded is at least true in this process: a refresh
	 * would find the line and do the same. */
	if (put(l, "R %" PRId64 " %" PRId64 "\n", seq,
	    clock_wall_us(NULL)) != 0)
		(void)rebase(l, seq, clock_wall_us(NULL));
	else
		(void)ledger_refresh(l, NULL);
}

static void
sha(EVP_MD_CTX *c, const void *p, size_t n)
{

	BUG_ON(EVP_DigestUpdate(c, p, n) != 1);
}

static void
sha_end(EVP_MD_CTX *c, char dst[LEDGER_HASH + 1])
{
	unsigned char md[EVP_MAX_MD_SIZE];

	BUG_ON(EVP_DigestFinal_ex(c, md, NULL) != 1);
	str_hex(dst, md, LEDGER_HASH / 2);
	EVP_MD_CTX_free(c);
}

static EVP_MD_CTX *
sha_begin(void)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	BUG_ON(c == NULL || EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1);
	return (c);
}

void
ledger_hash(char dst[LEDGER_HASH + 1], const char *prev, int64_t seq,
    int64_t at_us, const void *payload, size_t n)
{
	const unsigned char *p = payload;
	char s[2 * 2048 + 1];
	EVP_MD_CTX *c = sha_begin();
	int len;

	sha(c, prev != NULL ? prev : ledger_zeros, LEDGER_HASH);
	len = snprintf(s, sizeof(s), "|%" PRId64 "|%" PRId64 "|", seq, at_us);
	sha(c, s, (size_t)len);
	while (n > 0) {
		size_t k = n < 2048 ? n : 2048;

		str_hex(s, p, k);
		sha(c, s, 2 * k);
		p += k;
		n -= k;
	}
	sha_end(c, dst);
}

void
ledger_digest(char dst[LEDGER_HASH + 1], const void *p, size_t n)
{
	EVP_MD_CTX *c = sha_begin();

	sha(c, p, n);
	sha_end(c, dst);
}
