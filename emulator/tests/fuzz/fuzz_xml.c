/* api/xml_read: any bytes are a tree within its bounds, or refused with a
 * reason. */
#include "emulator/xml/xml_read.h"
#include "emulator/tests/fuzz/fuzz.h"

static unsigned
walk(const struct xml_node *x, unsigned depth)
{
	unsigned n = 0;

	MUST(depth <= XML_READ_DEPTH);
	for (; x != NULL; x = x->next) {
		MUST(x->name != NULL && x->text != NULL);
		n += 1 + walk(x->child, depth + 1);
	}
	return (n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = ARENA_INIT;
	const char *why = NULL;
	const struct xml_node *x = xml_read(&a, (const char *)p, n, &why);

	if (x != NULL)
		MUST(walk(x, 1) <= XML_READ_NODES);
	else
		MUST(why != NULL);
	arena_release(&a);
	return (0);
}
