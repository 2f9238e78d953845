/*
 * REGISTER: who is where.  RFC 3261 10.3
 */
#ifndef PHONENET_REGISTRAR_H
#define PHONENET_REGISTRAR_H

#include "sip.h"

struct registrar;

struct registrar *registrar_new(uint32_t min_expires);
void registrar_free(struct registrar *r);
size_t registrar_bindings(const struct registrar *r);

/* The newest contact of a user; empty: none. */
struct str registrar_contact(struct registrar *r, struct str user);

/*
 * The status for this (authenticated) request; `b` gets the header lines
 * that go with it.
 */
int registrar_request(struct registrar *r, const struct sip_msg *m,
		      struct buf *b);

#endif
