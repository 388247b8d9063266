#include "harness/report/findings.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/str.h"

/* The one place to add a rule; the first that matches a line counts. */
const struct finding findings[] = {
	{ .name = "no-account", .api = "oauth.token",
	    .reason = "unknown_account",
	    .text = "The key is of a service account that is not there: 'gcloud "
	    "iam service-accounts create' is missing, or it was deleted." },
	{ .name = "account-disabled", .api = "oauth.token",
	    .reason = "account_disabled",
	    .text = "The service account is disabled: 'gcloud iam "
	    "service-accounts enable' it." },
	{ .name = "key-deleted", .api = "oauth.token",
	    .reason = "unknown_key",
	    .text = "The account has no such key, since it was deleted: "
	    "repeat 'gcloud iam service-accounts keys create'." },
	{ .name = "key-disabled", .api = "oauth.token",
	    .reason = "key_disabled",
	    .text = "The account's key is disabled: 'gcloud iam "
	    "service-accounts keys enable' it." },
	{ .name = "bad-key", .api = "oauth.token", .reason = "bad_signature",
	    .text = "The key file was changed after it was made: repeat "
	    "'gcloud iam service-accounts keys create'." },
	{ .name = "clock", .api = "oauth.token", .reason = "not_short_lived",
	    .text = "The machine's clock and Google's differ by minutes: set "
	    "the clock; the key is good." },
	{ .name = "bucket-typo", .api = "storage.*", .status = 404,
	    .reason = "no_bucket_but_near",
	    .text = "There is no bucket {bucket}, but one with nearly that "
	    "name: the replica's URL or BACKUPS_BUCKET_NAME has a typo." },
	{ .name = "no-bucket", .api = "storage.*", .status = 404,
	    .reason = "no_bucket",
	    .text = "There is no bucket {bucket}: 'gcloud storage buckets "
	    "create' is missing." },
	{ .name = "bucket-taken", .api = "storage.*", .status = 403,
	    .reason = "bucket_of_another_project",
	    .text = "The bucket {bucket} is of another project, so that "
	    "'gcloud storage buckets create' failed: all projects share the "
	    "names, choose another one." },
	{ .name = "other-bucket", .api = "storage.*", .status = 403,
	    .reason = "granted_on_another_bucket",
	    .text = "{principal} has its role on another bucket: 'gcloud "
	    "storage buckets add-iam-policy-binding' must name {bucket}." },
	{ .name = "other-account", .api = "storage.*", .status = 403,
	    .reason = "granted_to_another_account",
	    .text = "The key is of {principal}, but {bucket} was granted to "
	    "another account: use the key of that one, or name this one in "
	    "'add-iam-policy-binding'." },
	{ .name = "read-only-role", .api = "storage.*", .status = 403,
	    .reason = "role_too_small",
	    .permission = "storage.objects.create",
	    .text = "{principal} may read {bucket} but not write to it: its "
	    "role in 'add-iam-policy-binding' must be "
	    "roles/storage.objectAdmin." },
	{ .name = "wrong-role", .api = "storage.*", .status = 403,
	    .reason = "role_too_small",
	    .text = "{principal} has a role on {bucket} without {permission}: "
	    "in 'add-iam-policy-binding' it must be "
	    "roles/storage.objectAdmin." },
	{ .name = "no-binding", .api = "storage.*", .status = 403,
	    .reason = "not_granted",
	    .text = "{principal} has no role on {bucket}: 'gcloud storage "
	    "buckets add-iam-policy-binding' is missing." },
	{ .name = "key-not-there", .output = "GOOGLE_APPLICATION_CREDENTIALS "
	    "environment variable: open [^:]+: no such file or directory",
	    .text = "GOOGLE_APPLICATION_CREDENTIALS names no file: its path is "
	    "misspelt, or the key was not put there." },
	{ .name = "key-unreadable", .output = "GOOGLE_APPLICATION_CREDENTIALS "
	    "environment variable: open [^:]+: permission denied",
	    .text = "The process may not read the key file: its owner or mode "
	    "is wrong." },
	{ .name = "key-not-json", .output = "GOOGLE_APPLICATION_CREDENTIALS "
	    "environment variable: (invalid character|unexpected end of JSON)",
	    .text = "The key file is not the JSON that 'keys create' wrote." },
	{ .name = "wrong-scheme", .output = "unknown replica type in config",
	    .text = "The replica's scheme is the other major release's: gcs "
	    "for Litestream 0.3, gs for 0.5." },
	{ .name = NULL }
};

static bool
finding_glob(const char *glob, const json_t *line, const char *member)
{
	const char *s = json_string_value(json_object_get(line, member));

	return (glob == NULL || str_glob(glob, s != NULL ? s : ""));
}

const struct finding *
finding_of_line(const json_t *line)
{
	int64_t status = json_integer_value(json_object_get(line, "status"));

	/* What a fault did is the drill's own doing. */
	if (status < 400 || json_is_string(json_object_get(line, "fault")))
		return (NULL);
	for (const struct finding *f = findings; f->name != NULL; f++)
		if (f->output == NULL && (f->status == 0 ||
		    f->status == status) &&
		    finding_glob(f->api, line, "api") &&
		    finding_glob(f->reason, line, "reason") &&
		    finding_glob(f->permission, line, "permission"))
			return (f);
	return (NULL);
}

const struct finding *
finding_of_output(const char *text)
{

	for (const struct finding *f = findings; f->name != NULL; f++) {
		regex_t re;
		bool hit;

		if (f->output == NULL)
			continue;
		BUG_ON(regcomp(&re, f->output, REG_EXTENDED | REG_NOSUB |
		    REG_NEWLINE) != 0);
		hit = regexec(&re, text, 0, NULL, 0) == 0;
		regfree(&re);
		if (hit)
			return (f);
	}
	return (NULL);
}

/* The text with the line's members for {NAME}. */
static const char *
finding_text(const struct finding *f, const json_t *line, struct arena *a)
{
	const char *p = f->text, *out = "";

	while (*p != '\0') {
		size_t n = strcspn(p, "{"), len;
		const char *value;

		out = arena_printf(a, "%s%.*s", out, (int)n, p);
		p += n;
		if (*p == '\0')
			break;
		len = strcspn(++p, "}");
		value = json_string_value(json_object_get(line,
		    arena_strndup(a, p, len)));
		if (value != NULL && str_starts(value, "serviceAccount:"))
			value = strchr(value, ':') + 1;
		out = arena_printf(a, "%s%s", out, value != NULL ? value :
		    "(unknown)");
		p += len + (p[len] == '}');
	}
	return (out);
}

const struct finding *
finding_of_journal(const char *path, const char *owner, struct arena *a,
    const char **text)
{
	const struct finding *found = NULL;
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while (f != NULL && found == NULL &&
	    (n = getline(&line, &room, f)) > 0) {
		json_t *j = json_loadb(line, (size_t)n, 0, NULL);
		const char *who = json_string_value(json_object_get(j,
		    "principal"));

		if (j != NULL && (who == NULL || !str_ends(who, owner)) &&
		    (found = finding_of_line(j)) != NULL)
			*text = finding_text(found, j, a);
		json_decref(j);
	}
	free(line);
	if (f != NULL)
		(void)fclose(f);
	return (found);
}
