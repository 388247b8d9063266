/* emulator/identity/metadata.h: the metadata server of a virtual machine
 * (https://cloud.google.com/compute/docs/metadata/overview), for deployments
 * without a key file: tokens of the service account that is attached to the
 * machine.  Asked at metadata.google.internal, 169.254.169.254, or the plain
 * endpoint (GCE_METADATA_HOST).  Knows one machine; not who asks, since all
 * that run on it may.
 *
 * Kept as the record `metadata`/`instance`. */
#ifndef EMULATOR_METADATA_H
#define EMULATOR_METADATA_H

#include "emulator/http/req.h"

/* Attach an account to the machine; scope: URLs, or what follows
 * https://www.googleapis.com/auth/ in them, with commas or blanks between;
 * NULL for cloud-platform.  email NULL: none any more.  With make an account of the
 * project is made where it is not there.  -1: the message says why. */
int	metadata_attach(struct emu *, const char *email, const char *scope,
    bool make, struct err *);
/* The attached account as a policy names it, in the arena, or NULL: for the
 * journal and for faults. */
const char	*metadata_principal(struct emu *, struct arena *);

void	metadata_root_h(struct req *);		/* "/", for those who look */
void	metadata_get_h(struct req *);
void	metadata_show_h(struct req *);		/* control API: control.h */
void	metadata_attach_h(struct req *);

#endif
