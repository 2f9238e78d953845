/**
 * @file api/account.c  Which account a call uses, and with which options
 *
 * An account has the engine's options but for those that say who and where it
 * is; on top are its own, and on top of these the call's or the campaign's.
 */
#include "api/account.h"

#include <stdlib.h>
#include <string.h>
#include "api/calls.h"
#include "base/error.h"

/* clang-format off */
/* Identity, secrets and place: what is right for one server tells another one
 * too much, or is wrong there. */
static const enum sipd_option own_only[] = {
	SIPD_OPT_SIP_SERVER, SIPD_OPT_SIP_PORT, SIPD_OPT_SIP_USER,
	SIPD_OPT_SIP_AUTH_USER, SIPD_OPT_SIP_PASSWORD,
	SIPD_OPT_SIP_PASSWORD_FILE, SIPD_OPT_SIP_DOMAIN, SIPD_OPT_SIP_REALM,
	SIPD_OPT_SIP_OUTBOUND_PROXY, SIPD_OPT_SIP_REGISTER,
	SIPD_OPT_SIP_INSTANCE, SIPD_OPT_SIP_LOCAL_PORT,
	SIPD_OPT_SIP_CALLER_ID, SIPD_OPT_SIP_CALLER_NAME,
	SIPD_OPT_SIP_ASSERTED_IDENTITY, SIPD_OPT_SIP_PREFERRED_IDENTITY,
	SIPD_OPT_SIP_DIVERSION, SIPD_OPT_SIP_HEADER,
	SIPD_OPT_SIP_TLS_CERT_FILE, SIPD_OPT_SIP_TLS_KEY_FILE,
};
/* clang-format on */


static bool inherited(enum sipd_option id)
{
	for (size_t i = 0; i < sizeof(own_only) / sizeof(own_only[0]); i++) {
		if (own_only[i] == id)
			return false;
	}

	return true;
}


int sipd_account_options(struct sipd_options *o,
			 const struct sipd_account *acc)
{
	int err = SIPDIALER_OK;

	for (int id = 0; id < SIPD_OPT_COUNT && !err; id++) {
		if (!(sipd_option_scope(id) & SIPD_SCOPE_ACCOUNT))
			continue;
		if (sipd_opt_is_set(&acc->given, id) || !inherited(id))
			err = sipd_options_take(o, &acc->given, id);
	}

	return err;
}


struct sipd_account *sipd_account_find(const struct sipdialer *d,
				       const char *name)
{
	struct sipd_account *acc = d->accounts;

	while (acc && strcmp(acc->name, name))
		acc = acc->next;

	return acc;
}


bool sipd_account_join(struct sipd_account *acc, struct sipd_account **used)
{
	bool lives;

	*used = NULL;
	if (!acc || !acc->name[0])
		return true;

	(void)pthread_mutex_lock(&acc->d->lock);
	lives = !acc->removed;
	if (lives) {
		++acc->users;
		*used = acc;
	}
	(void)pthread_mutex_unlock(&acc->d->lock);

	return lives;
}


struct sipd_account *sipd_account_use(struct sipd_account *acc)
{
	struct sipd_account *used;

	(void)sipd_account_join(acc, &used);

	return used;
}


void sipd_account_release(struct sipd_account *acc)
{
	if (!acc)
		return;

	(void)pthread_mutex_lock(&acc->d->lock);
	--acc->users;
	(void)pthread_mutex_unlock(&acc->d->lock);
}


const char *sipd_account_name(const struct sipd_account *acc)
{
	return acc->name[0] ? acc->name : NULL;
}


/* Under the call's own. @locks d->lock */
static int layer(struct sipdialer *d, struct sipd_options *o,
		 const struct sipd_account *acc)
{
	int err = sipd_options_copy(o, &d->options);

	return err ? err : sipd_account_options(o, acc);
}


/* @locks d->lock */
static int layers_of_call(struct sipdialer *d, uint64_t call,
			  struct sipd_options *o)
{
	const struct sipd_dialed *dialed =
		call ? sipd_idmap_get(&d->live, call) : NULL;

	return dialed && dialed->account ? layer(d, o, dialed->account)
					 : sipd_options_copy(o, &d->options);
}


int sipd_calls_options(struct sipdialer *d, uint64_t call,
		       const char *const *list, struct sipd_options **op)
{
	struct sipd_options *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");

	(void)pthread_mutex_lock(&d->lock);
	err = layers_of_call(d, call, o);
	(void)pthread_mutex_unlock(&d->lock);
	if (!err && list)
		err = sipd_options_apply_list(o, list, SIPD_SCOPE_CALL, false);
	if (err) {
		sipd_options_close(o);
		free(o);
		return err;
	}

	*op = o;

	return SIPDIALER_OK;
}


enum sipd_srtp_mode sipd_account_srtp(const struct sipd_account *acc)
{
	const struct sipd_options *o = &acc->d->options;
	int mode;

	(void)pthread_mutex_lock(&acc->d->lock);
	if (sipd_opt_is_set(&acc->given, SIPD_OPT_MEDIA_SRTP))
		o = &acc->given;
	mode = sipd_opt_enum(o, SIPD_OPT_MEDIA_SRTP);
	(void)pthread_mutex_unlock(&acc->d->lock);

	return (enum sipd_srtp_mode)mode;
}


int sipd_account_choose(struct sipdialer *d, struct sipd_options *o,
			const char *const *list, const char *lines,
			struct sipd_account **ap)
{
	const char *name = sipd_opt_str(o, SIPD_OPT_CALL_ACCOUNT);
	struct sipd_account *acc;
	struct sipd_options made;
	int err = SIPDIALER_OK;

	*ap = NULL;
	if (!*name)
		return SIPDIALER_OK;

	(void)pthread_mutex_lock(&d->lock);
	acc = sipd_account_find(d, name);
	if (!acc || !acc->ready)
		err = sipd_error(SIPDIALER_ENOENT,
				 "call.account = \"%s\": there is no account "
				 "of this name",
				 name);
	else
		err = layer(d, &made, acc);
	if (!err)
		++acc->users;
	(void)pthread_mutex_unlock(&d->lock);
	if (err)
		return err;

	if (list)
		err = sipd_options_apply_list(&made, list, SIPD_SCOPE_CALL,
					      false);
	else if (lines)
		err = sipd_options_from_lines(&made, lines,
					      SIPD_SCOPE_CAMPAIGN);
	if (err) {
		sipd_options_close(&made);
		sipd_account_release(acc);
		return err;
	}

	sipd_options_close(o);
	*o = made;
	*ap = acc;

	return SIPDIALER_OK;
}
