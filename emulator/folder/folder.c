#include "emulator/folder/folder.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/nul.h"
#include "lib/str.h"

#define PIECE	180		/* bytes of a file's name; the limit is 255,
				 * and .gcs.json and a suffix must fit */

const char *
folder_type(const char *name)
{
	static const struct { const char *end, *type; } types[] = {
		{ "txt", "text/plain; charset=utf-8" },
		{ "log", "text/plain; charset=utf-8" },
		{ "md", "text/markdown; charset=utf-8" },
		{ "csv", "text/csv; charset=utf-8" },
		{ "htm", "text/html; charset=utf-8" },
		{ "html", "text/html; charset=utf-8" },
		{ "css", "text/css; charset=utf-8" },
		{ "js", "text/javascript; charset=utf-8" },
		{ "mjs", "text/javascript; charset=utf-8" },
		{ "xml", "text/xml; charset=utf-8" },
		{ "json", "application/json" },
		{ "yaml", "application/x-yaml" },
		{ "yml", "application/x-yaml" },
		{ "pdf", "application/pdf" },
		{ "zip", "application/zip" },
		{ "gz", "application/gzip" },
		{ "tar", "application/x-tar" },
		{ "wasm", "application/wasm" },
		{ "png", "image/png" },
		{ "jpg", "image/jpeg" },
		{ "jpeg", "image/jpeg" },
		{ "gif", "image/gif" },
		{ "svg", "image/svg+xml" },
		{ "webp", "image/webp" },
		{ "ico", "image/vnd.microsoft.icon" },
		{ "mp3", "audio/mpeg" },
		{ "wav", "audio/wav" },
		{ "mp4", "video/mp4" },
		{ "webm", "video/webm" },
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < NELEMS(types); i++)
		if (strcasecmp(dot + 1, types[i].end) == 0)
			return (types[i].type);
	return ("application/octet-stream");
}

/* ---- names ---- */

static bool
folder_only_dots(const char *s, size_t n)
{

	for (size_t i = 0; i < n; i++)
		if (s[i] != '.')
			return (false);
	return (n > 0);
}

/* Does byte i of a name of n bytes stand for itself? */
static bool
folder_plain(const char *s, size_t n, size_t i, bool last)
{
	static const char meta[] = ".gcs.json";
	size_t m = sizeof(meta) - 1;
	unsigned char c = (unsigned char)s[i];

	if (c < ' ' || c == 0x7f || c == '%' || c == '/')
		return (false);
	if (c == '.' && folder_only_dots(s, n))
		return (false);
	return (!(last && n >= m && i == n - m &&
	    memcmp(s + i, meta, m) == 0));
}

static void
folder_escape_one(struct buf *b, const char *s, size_t n, bool last)
{
	size_t from = b->len;

	for (size_t i = 0; i < n; i++) {
		if (b->len - from >= PIECE) {
			buf_adds(b, "%+/");
			from = b->len;
		}
		if (s[i] == '\1' && (s[i + 1] == '\1' || s[i + 1] == '\2'))
			buf_addf(b, "%%%02X", s[++i] - 1);	/* nul.h */
		else if (folder_plain(s, n, i, last))
			buf_addc(b, s[i]);
		else
			buf_addf(b, "%%%02X", (unsigned char)s[i]);
	}
}

/* Where the first slash is that can part two names of files: between bytes
 * that are none. */
static size_t
folder_slash(const char *s)
{

	for (size_t i = 1; s[0] != '\0' && s[i] != '\0'; i++)
		if (s[i] == '/' && s[i - 1] != '/' && s[i + 1] != '/' &&
		    s[i + 1] != '\0')
			return (i);
	return (strlen(s));
}

void
folder_escape(struct buf *b, const char *name, bool prefix_too)
{

	for (;;) {
		size_t n = folder_slash(name);
		bool last = name[n] == '\0';

		folder_escape_one(b, name, n, last);
		if (last)
			break;
		buf_addc(b, '/');
		name += n + 1;
	}
	if (prefix_too)
		buf_adds(b, "%=");
}

bool
folder_unescape(struct buf *b, const char *path)
{

	for (const char *p = path; *p != '\0'; p++) {
		char hex[3];

		if (*p != '%') {
			nul_addc(b, *p);
			continue;
		}
		p++;
		if (*p == '=' && p[1] == '\0')
			return (true);
		if (*p == '+' && p[1] == '/') {
			p++;
			continue;
		}
		if (!isxdigit((unsigned char)p[0]) ||
		    !isxdigit((unsigned char)p[1]))
			return (false);
		hex[0] = p[0];
		hex[1] = p[1];
		hex[2] = '\0';
		nul_addc(b, (char)strtol(hex, NULL, 16));
		p++;
	}
	return (true);
}
