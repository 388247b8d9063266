/* Objects of a bucket as the owner sees them: listed, read, written. */
#include "harness/run/emu_int.h"

#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/str.h"

#define EMU_MESSAGE_MAX	(64 << 10)
#define EMU_OBJECT_MAX	(256 << 20)

static int
emu_object(struct emu *emu, struct emu_request *rq, const char *bucket,
    const char *object, struct buf *answer, int *status, struct err *e)
{
	bool up = rq->data != NULL;
	const char *bearer = emu_bearer(emu, e);
	struct buf url;
	char *header;
	int rc;

	if (bearer == NULL)
		return (-1);
	header = mem_printf("Authorization: Bearer %s", bearer);
	buf_init(&url, 65536);
	buf_addf(&url, "http://%s%s/storage/v1/b/%s/o%s", emu->http,
	    up ? "/upload" : "", bucket, up ? "?uploadType=media&name=" : "/");
	str_pct_encode(&url, object, strlen(object), false);
	if (!up)
		buf_adds(&url, "?alt=media");
	rq->url = url.p;
	rq->header = header;
	rc = emu_exchange(emu, rq, answer, status, e);
	if (rc == 0 && *status != 200)
		rc = err_set(e, "%s/%s: status %d", bucket, object, *status);
	buf_release(&url);
	free(header);
	return (rc);
}

int
emu_download(struct emu *emu, const char *bucket, const char *object,
    const char *file, int64_t max, struct err *e)
{
	struct emu_request rq = { .method = "GET" };
	struct buf data;
	int status, rc;

	/* room for the message where it is no object */
	buf_init(&data, (size_t)max + EMU_MESSAGE_MAX);
	rc = emu_object(emu, &rq, bucket, object, &data, &status, e);
	if (rc == 0 && data.len > (size_t)max)
		rc = err_set(e, "%s/%s: more than %lld bytes", bucket, object,
		    (long long)max);
	if (rc == 0)
		rc = file_write(file, data.p, data.len, 0644, e);
	buf_release(&data);
	return (rc);
}

int
emu_upload(struct emu *emu, const char *bucket, const char *object,
    const char *file, struct err *e)
{
	struct emu_request rq = { .method = "POST" };
	struct buf data, answer;
	int status, rc;

	buf_init(&data, EMU_OBJECT_MAX);
	buf_init(&answer, EMU_MESSAGE_MAX);
	rc = file_read(file, &data, e);
	rq.data = data.p != NULL ? data.p : "";
	rq.len = data.len;
	if (rc == 0)
		rc = emu_object(emu, &rq, bucket, object, &answer, &status, e);
	buf_release(&data);
	buf_release(&answer);
	return (rc);
}

int
emu_list(struct emu *emu, const char *bucket,
    void (*each)(void *, const json_t *), void *arg, int *status,
    struct err *e)
{
	char *page = NULL;
	int rc = 0;

	do {
		const char *next;
		json_t *j, *it;
		struct buf b;
		size_t i;

		buf_init(&b, 65536);
		buf_adds(&b, "/storage/v1/b/");
		str_pct_encode(&b, bucket, strlen(bucket), false);
		buf_adds(&b, "/o?maxResults=1000");
		if (page != NULL) {
			buf_adds(&b, "&pageToken=");
			str_pct_encode(&b, page, strlen(page), false);
		}
		free(page);
		page = NULL;
		j = emu_google(emu, "GET", "storage.googleapis.com", b.p,
		    NULL, status, e);
		buf_release(&b);
		if (*status != 200 || j == NULL)
			rc = -1;
		json_array_foreach(json_object_get(j, "items"), i, it)
			each(arg, it);
		next = json_string_value(json_object_get(j, "nextPageToken"));
		if (rc == 0 && next != NULL)
			page = mem_strdup(next);
		json_decref(j);
	} while (page != NULL);
	return (rc);
}
