/* What of identities outlives a change of the whole store: the owner and who
 * he lets in.  Clients keep an access token until it expires, and none asks
 * for another because of a 401; and the starter's own key must go on working.
 * All else is as the new state has it. */
#include "emulator/identity/iam.h"

#include <string.h>

#define PAGE	1000

struct iam_carry {
	const char *kind, *key, *json;
	struct iam_carry *next;
};

static bool
iam_carry_wanted(const struct emu *emu, const char *kind,
    const struct record *r)
{
	json_auto_t *j = NULL;
	const char *account;

	if (strcmp(kind, "project") == 0 || strcmp(kind, "policy") == 0)
		return (strcmp(r->key, emu->project) == 0);
	if (strcmp(kind, "account") == 0)
		return (strcmp(r->key, emu->owner) == 0);
	if (strcmp(kind, "key") != 0)
		return (true);
	j = json_loads(r->json, 0, NULL);
	account = json_string_value(json_object_get(j, "account"));
	return (account != NULL && strcmp(account, emu->owner) == 0);
}

static enum store_rc
iam_carry_kind(struct emu *emu, struct arena *a, const char *kind,
    struct iam_carry **list)
{
	const char *after = "";
	enum store_rc rc;
	struct record *r;
	size_t n;

	do {
		rc = store_record_list(emu->store, kind, "", after, PAGE, a,
		    &r, &n);
		for (size_t i = 0; rc == STORE_OK && i < n; i++) {
			struct iam_carry *c;

			after = r[i].key;
			if (!iam_carry_wanted(emu, kind, &r[i]))
				continue;
			c = arena_alloc(a, sizeof(*c));
			*c = (struct iam_carry){ kind, r[i].key, r[i].json,
			    *list };
			*list = c;
		}
	} while (rc == STORE_OK && n == PAGE);
	return (rc);
}

enum store_rc
iam_carry_take(struct emu *emu, struct arena *a, struct iam_carry **list)
{
	static const char *const kinds[] = { "project", "policy", "account",
		"key", "syskey", "idkey",
		"metadata", "token" };
	enum store_rc rc = STORE_OK;

	*list = NULL;
	for (size_t i = 0; rc == STORE_OK && i < NELEMS(kinds); i++)
		rc = iam_carry_kind(emu, a, kinds[i], list);
	return (rc);
}

enum store_rc
iam_carry_put(struct emu *emu, const struct iam_carry *list)
{
	enum store_rc rc = STORE_OK;

	for (; list != NULL && rc == STORE_OK; list = list->next) {
		rc = store_record_put(emu->store, list->kind, list->key,
		    list->json, 0, NULL);
		if (rc == STORE_EXISTS)		/* as it was then */
			rc = STORE_OK;
	}
	return (rc);
}
