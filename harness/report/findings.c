#include "harness/report/findings.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/str.h"

#define NO_BUCKET	"There is no bucket of that name: 'gcloud storage " \
	"buckets create' is missing, or BACKUPS_BUCKET_NAME has a typo."

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
	{ .name = "bad-key", .api = "oauth.token", .reason = "bad_signature",
	    .text = "The account has no such key, since it was deleted or the "
	    "file was changed: repeat 'gcloud iam service-accounts keys "
	    "create'." },
	{ .name = "clock", .api = "oauth.token", .reason = "not_short_lived",
	    .text = "The machine's clock and Google's differ by minutes: set "
	    "the clock; the key is good." },
	/* Of one object a 404 may mean that only the object is missing. */
	{ .name = "no-bucket", .api = "storage.objects.list", .status = 404,
	    .text = NO_BUCKET },
	{ .name = "no-bucket", .api = "storage.objects.insert", .status = 404,
	    .text = NO_BUCKET },
	{ .name = "read-only-role", .api = "storage.*", .status = 403,
	    .permission = "storage.objects.create",
	    .text = "The account may not write to the bucket: its role in "
	    "'add-iam-policy-binding' must be roles/storage.objectAdmin." },
	{ .name = "no-binding", .api = "storage.*", .status = 403,
	    .permission = "storage.*",
	    .text = "The account lacks roles/storage.objectAdmin on this "
	    "bucket: 'gcloud storage buckets add-iam-policy-binding' is "
	    "missing, or names another bucket, account or role." },
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

const struct finding *
finding_of_journal(const char *path, const char *owner)
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

		if (j != NULL && (who == NULL || !str_ends(who, owner)))
			found = finding_of_line(j);
		json_decref(j);
	}
	free(line);
	if (f != NULL)
		(void)fclose(f);
	return (found);
}
