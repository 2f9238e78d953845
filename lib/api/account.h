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

/* accounts.c */
/** A name of 1 to 31 good bytes, options (NULL none) of scope account. */
int sipd_account_new(struct sipd_account **ap, struct sipdialer *d,
		     const char *name, const char *const *options);
void sipd_account_free(struct sipd_account *acc);
/** The engine's options with its own on top, in o, checked; errors name it.
 *  @locks d->lock */
int sipd_account_effective(const struct sipd_account *acc,
			   const struct sipd_options *engine,
			   struct sipd_options *o);
/** One more, not yet ready; the name must be free. @locks d->lock */
int sipd_account_enlist(struct sipdialer *d, struct sipd_account *acc);
/** @locks d->lock */
void sipd_account_unlink(struct sipdialer *d, struct sipd_account *acc);

/* accounts_file.c */
/** Options and accounts of a file that was read: all or nothing.
 *  @locks d->lock */
int sipd_accounts_load(struct sipdialer *d, const char *path, char *text,
		       size_t len, bool running);

#endif
