/* lib/jtext.h: JSON written as text, member by member, either compact or
 * indented by two; and JSON text, such as others have stored, copied into
 * that.  For answers that are too many or too large to be made of nodes first.
 * Knows the grammar; no field.
 *
 * What is written is valid if the calls come in an order that makes sense and
 * texts are UTF-8, which is not checked here.  What is copied must be valid
 * JSON: anything else is copied or refused, but never read beyond its NUL. */
#ifndef LIB_JTEXT_H
#define LIB_JTEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/buf.h"

struct jtext {
	struct buf b;		/* what has been written */
	bool	pretty;
	bool	empty;		/* private: nothing yet where we are */
	unsigned depth;		/* private */
};

void	jtext_init(struct jtext *w, bool pretty, size_t max);
void	jtext_release(struct jtext *w);

/* '{' or '[', and what closes it.  Inside of '[' each item begins with
 * jtext_item(), inside of '{' each with jtext_key(); then comes one value. */
void	jtext_open(struct jtext *w, char c);
void	jtext_close(struct jtext *w, char c);
void	jtext_item(struct jtext *w);
/* A key that needs no escape, or has been escaped. */
void	jtext_key(struct jtext *w, const char *k, size_t n);

/* Values. */
void	jtext_str(struct jtext *w, const char *s, size_t n);
void	jtext_raw(struct jtext *w, const char *json, size_t n);	/* as it is */

/* A string in parts: jtext_quote(), any of the others, jtext_quote(). */
void	jtext_quote(struct jtext *w);
void	jtext_part(struct jtext *w, const char *s, size_t n);	/* escaped */
void	jtext_num(struct jtext *w, int64_t v);		/* or a value alone */

/* A key and its text, or a number as text, as Google's APIs write 64 bits.
 * Here, so that the length of k is known when the caller is compiled. */
static inline void
jtext_set(struct jtext *w, const char *k, const char *s)
{

	jtext_key(w, k, strlen(k));
	jtext_str(w, s, strlen(s));
}

static inline void
jtext_set_num(struct jtext *w, const char *k, int64_t v)
{

	jtext_key(w, k, strlen(k));
	jtext_quote(w);
	jtext_num(w, v);
	jtext_quote(w);
}

/* ---- JSON text that is there ---- */

/* One value, and what follows it; NULL: it ends too early or is none. */
const char	*jtext_copy(struct jtext *w, const char *p);
const char	*jtext_skip(const char *p);

/* The members of an object: p is behind its '{' at first, then behind each
 * value (which the caller passes by jtext_skip() or jtext_copy()).  The value,
 * with the key's text as it stands between its quotes; NULL: that was all or
 * it is malformed, and *end, behind the '}' or NULL, tells which. */
const char	*jtext_member(const char *p, const char **k, size_t *n,
    const char **end);
/* The same of an array. */
const char	*jtext_element(const char *p, const char **end);
/* The value of the first such member of the object at p; NULL: there is none,
 * or p is no object. */
const char	*jtext_find(const char *p, const char *key);
/* Without blanks before it. */
const char	*jtext_trim(const char *p);

#endif
