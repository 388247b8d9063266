/* New objects with the payload of others: copy, move, restore. */
#include "emulator/store/store_int.h"

enum store_rc
store_object_copy(struct store *st, struct store_write *w,
    const char *from_bucket, const char *from, const struct store_cond *fc,
    const char *to_bucket, const char *to, const struct store_cond *tc,
    const char *attrs, struct arena *a, struct object *out)
{
	struct store_bref fb, tb;
	struct store_row row;
	enum store_rc rc;
	int tries = 0;

	do {
		if ((rc = store_tx_begin_more(st)) != STORE_OK)
			break;
		rc = store_bref_read(&st->w, from_bucket, STORE_NOW, &fb);
		if (rc == STORE_OK)
			rc = store_row_find(&st->w, a, &fb, from,
			    fc != NULL ? fc->generation : 0, &row);
		if (rc == STORE_OK)
			rc = store_cond_check(fc, &row.o, false);
		if (rc == STORE_OK)
			rc = store_bref_write(&st->w, to_bucket, &tb);
		/* First the reference: `to` may be the last other owner. */
		if (rc == STORE_OK)
			rc = store_payload_share(st, row.o.payload);
		if (rc == STORE_OK) {
			if (attrs != NULL)
				row.o.attrs = attrs;
			rc = store_object_put(st, w, &tb, to, tc, &row, a);
		}
		rc = store_tx_end(st, w, rc);
	} while (store_more_again(st, rc, &tries));
	if (rc == STORE_OK)
		store_object_out(a, to_bucket, &row.o, out);
	return (rc);
}

enum store_rc
store_object_move(struct store *st, struct store_write *w, const char *bucket,
    const char *from, const struct store_cond *fc, const char *to,
    const struct store_cond *tc, struct arena *a, struct object *out)
{
	struct store_row old, row;
	struct store_bref b;
	enum store_rc rc;
	int tries = 0;

	do {
		if ((rc = store_tx_begin_more(st)) != STORE_OK)
			break;
		rc = store_bref_write(&st->w, bucket, &b);
		if (rc == STORE_OK)
			rc = store_row_find(&st->w, a, &b, from, 0, &old);
		if (rc == STORE_OK)
			rc = store_cond_check(fc, &old.o, false);
		if (rc == STORE_OK)
			rc = store_payload_share(st, old.o.payload);
		row = old;
		if (rc == STORE_OK)
			rc = store_object_put(st, w, &b, to, tc, &row, a);
		if (rc == STORE_OK)
			rc = store_row_kept(st, w, &b, &old, END_HARD);
		/* cloud.google.com/storage/docs/json_api/v1/objects/move :
		 * soft delete is not applied to the source.  A versioned
		 * bucket keeps it as a noncurrent generation. */
		if (rc == STORE_OK)
			rc = store_row_die(st, &b, from, &old,
			    b.versioning ? END_NONCURRENT : END_HARD);
		rc = store_tx_end(st, w, rc);
	} while (store_more_again(st, rc, &tries));
	if (rc == STORE_OK)
		store_object_out(a, bucket, &row.o, out);
	return (rc);
}

enum store_rc
store_object_restore(struct store *st, struct store_write *w,
    const char *bucket, const char *name, int64_t generation,
    const struct store_cond *cond, const char *attrs, struct arena *a,
    struct object *out)
{
	struct store_row row;
	struct store_bref b;
	enum store_rc rc;
	int tries = 0;

	do {
		if ((rc = store_tx_begin_more(st)) != STORE_OK)
			break;
		rc = store_bref_write(&st->w, bucket, &b);
		if (rc == STORE_OK)
			rc = store_soft_find(&st->w, a, &b, name, generation,
			    &row);
		/* It stays soft-deleted, and can be restored again. */
		if (rc == STORE_OK)
			rc = store_payload_share(st, row.o.payload);
		if (rc == STORE_OK) {
			if (attrs != NULL)
				row.o.attrs = attrs;
			rc = store_object_put(st, w, &b, name, cond, &row, a);
		}
		rc = store_tx_end(st, w, rc);
	} while (store_more_again(st, rc, &tries));
	if (rc == STORE_OK)
		store_object_out(a, bucket, &row.o, out);
	return (rc);
}
