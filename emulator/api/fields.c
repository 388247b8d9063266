/* A selector becomes a tree first: {"items":{"name":{}},"next":{}}, where an
 * empty object means all that is below.  `a/b` and `a(b)` are the same. */
#include "emulator/api/fields.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH	16

struct parse {
	const char *p;
	struct err *e;
};

static int
fields_error(struct parse *s, const char *what)
{

	return (err_set(s->e, "%s at '%s'", what, s->p));
}

/* Adds key to the tree; the node below it.  A key that was selected whole
 * stays whole. */
static json_t *
fields_node(json_t *tree, const char *key, size_t n, bool *whole)
{
	json_t *node = json_object_getn(tree, key, n);

	*whole = node != NULL && json_object_size(node) == 0;
	if (node == NULL) {
		node = json_object();
		(void)json_object_setn_new(tree, key, n, node);
	}
	return (node);
}

static int	fields_list(struct parse *s, json_t *tree, int depth);

static int
fields_item(struct parse *s, json_t *tree, int depth)
{
	json_t *scratch = NULL, *node = tree;
	int rc = 0;

	for (;;) {
		size_t n = strcspn(s->p, "/,()");
		bool whole;

		if (n == 0 || n > 128) {
			rc = fields_error(s, "a name is missing");
			break;
		}
		node = fields_node(node, s->p, n, &whole);
		s->p += n;
		if (whole && scratch == NULL)	/* parse on, change nothing */
			node = scratch = json_object();
		if (*s->p == '(') {
			s->p++;
			rc = fields_list(s, node, depth + 1);
			if (rc == 0 && *s->p++ != ')') {
				s->p--;
				rc = fields_error(s, "')' is missing");
			}
			break;
		}
		if (*s->p != '/') {
			/* Selected whole: forget narrower selections. */
			(void)json_object_clear(node);
			break;
		}
		s->p++;
		if (++depth > DEPTH) {
			rc = fields_error(s, "nested too deeply");
			break;
		}
	}
	json_decref(scratch);
	return (rc);
}

static int
fields_list(struct parse *s, json_t *tree, int depth)
{

	if (depth > DEPTH)
		return (fields_error(s, "nested too deeply"));
	for (;;) {
		if (fields_item(s, tree, depth))
			return (-1);
		if (*s->p != ',')
			return (0);
		s->p++;
	}
}

static int
fields_order(const void *a, const void *b)
{

	return (strcmp(a, *(const char *const *)b));
}

static bool
fields_known(const char *name)
{
	static const char *const names[] = {
#include "emulator/api/fields_names.def"
	};

	return (strcmp(name, "*") == 0 || bsearch(name, names,
	    sizeof(names) / sizeof(names[0]), sizeof(names[0]),
	    fields_order) != NULL);
}

/* Below these stand names that the client has made. */
static bool
fields_free(const char *name)
{
	static const char *const maps[] = { "custom", "custom_attributes",
		"labels", "metadata", "response" };

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		if (strcmp(name, maps[i]) == 0)
			return (true);
	return (false);
}

static int
fields_check_tree(json_t *tree, struct err *e)
{
	const char *name;
	json_t *sub;

	json_object_foreach(tree, name, sub) {
		if (!fields_known(name))
			return (err_set(e, "there is no field '%s'", name));
		if (!fields_free(name) && fields_check_tree(sub, e))
			return (-1);
	}
	return (0);
}

int
fields_check(const char *selector, struct err *e)
{
	struct parse s = { selector, e };
	json_t *tree = json_object();
	int rc = fields_list(&s, tree, 0);

	if (rc == 0 && *s.p != '\0')
		rc = fields_error(&s, "something is left over");
	if (rc == 0)
		rc = fields_check_tree(tree, e);
	json_decref(tree);
	return (rc);
}

/* ---- selecting ---- */

/* The tree below a key whose text is given as JSON has it. */
static json_t *
fields_below(const json_t *tree, const char *k, size_t n)
{
	json_t *sub, *key;

	if (memchr(k, '\\', n) != NULL) {
		/* With its quotes it is a value. */
		key = json_loadb(k - 1, n + 2, JSON_DECODE_ANY, NULL);
		sub = json_object_get(tree, json_string_value(key));
		json_decref(key);
	} else
		sub = json_object_getn(tree, k, n);
	return (sub != NULL ? sub : json_object_get(tree, "*"));
}

static const char	*fields_apply(struct jtext *w, const char *p,
    const json_t *tree);

static const char *
fields_apply_array(struct jtext *w, const char *p, const json_t *tree)
{
	const char *v, *end;

	jtext_open(w, '[');
	for (p++; (v = jtext_element(p, &end)) != NULL; ) {
		jtext_item(w);
		if ((p = fields_apply(w, v, tree)) == NULL)
			return (NULL);
	}
	jtext_close(w, ']');
	return (end);
}

/* The value at p with only what the tree names; what follows it. */
static const char *
fields_apply(struct jtext *w, const char *p, const json_t *tree)
{
	const char *k, *v, *end;
	json_t *sub;
	size_t n;

	p = jtext_trim(p);
	if (*p == '[')
		return (fields_apply_array(w, p, tree));
	if (*p != '{' || json_object_size(tree) == 0)
		return (jtext_copy(w, p));
	jtext_open(w, '{');
	for (p++; (v = jtext_member(p, &k, &n, &end)) != NULL; ) {
		if ((sub = fields_below(tree, k, n)) == NULL)
			p = jtext_skip(v);
		else {
			jtext_key(w, k, n);
			p = fields_apply(w, v, sub);
		}
		if (p == NULL)
			return (NULL);
	}
	jtext_close(w, '}');
	return (end);
}

int
fields_select(struct jtext *w, const char *json, const char *selector,
    struct err *e)
{
	struct parse s = { selector, e };
	json_t *tree = json_object();
	int rc = fields_list(&s, tree, 0);

	if (rc == 0 && *s.p != '\0')
		rc = fields_error(&s, "something is left over");
	if (rc == 0)
		BUG_ON(fields_apply(w, json, tree) == NULL);
	json_decref(tree);
	return (rc);
}
