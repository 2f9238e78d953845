/**
 * @file api/account.h  Accounts added by name
 *
 * The engine's own account is not among them.
 */
#ifndef SIPD_API_ACCOUNT_H
#define SIPD_API_ACCOUNT_H

#include "api/engine.h"

/** Its own options over the engine's, o; what it does not inherit is gone.
 *  @locks d->lock */
int sipd_account_options(struct sipd_options *o,
			 const struct sipd_account *acc);
/** NULL: none of this name. @locks d->lock */
struct sipd_account *sipd_account_find(const struct sipdialer *d,
				       const char *name);

#endif
