/**
 * @file port/sip/invite/redirect.c  A 3xx to our INVITE, followed if allowed
 *
 * Who redirects calls spends money of the caller: only hosts and numbers of
 * sip.redirect_allow are called, one hop far, and the password stays at home.
 * Loop thread but for the check.  RFC 3261 8.1.3.4
 */
#include "port/sip/invite/redirect.h"

#include <ctype.h>
#include <string.h>
#include "base/error.h"

enum {
	CONTACTS_MAX = 5,
	ENTRIES_MAX = 32,
	PREFIX_MAX = 32, /* characters of a number */
	Q_MAX = 1000
};

struct invite_redirect {
	char *uris[CONTACTS_MAX]; /* best first */
	uint32_t q[CONTACTS_MAX]; /* thousandths */
	uint32_t count;
	uint32_t next;
};

/* "+49*@pbx.example" */
struct entry {
	struct pl prefix; /* of the number; empty: any user part */
	struct pl host;   /* without brackets */
};


/* ---- the list ---------------------------------------------------------- */

static bool entry_parse(struct entry *entry, struct pl text)
{
	const char *at = pl_strchr(&text, '@');
	size_t i;

	memset(entry, 0, sizeof(*entry));
	entry->host = text;
	if (at) {
		entry->prefix.p = text.p;
		entry->prefix.l = (size_t)(at - text.p);
		pl_advance(&entry->host, at + 1 - text.p);
		if (!entry->prefix.l-- || at[-1] != '*' ||
		    entry->prefix.l > PREFIX_MAX)
			return false;
	}
	for (i = 0; i < entry->prefix.l; i++) {
		if (!isdigit((unsigned char)entry->prefix.p[i]) &&
		    !(i == 0 && entry->prefix.p[i] == '+'))
			return false;
	}
	if (entry->host.l > 2 && entry->host.p[0] == '[' &&
	    entry->host.p[entry->host.l - 1] == ']') {
		entry->host.p++;
		entry->host.l -= 2;
	}

	return sipd_host_valid(&entry->host);
}


/* Cut the next entry of a list with commas and blanks. */
static bool entry_next(struct pl *rest, struct pl *text)
{
	while (rest->l && strchr(", \t", *rest->p))
		pl_advance(rest, 1);
	*text = *rest;
	while (rest->l && !strchr(", \t", *rest->p))
		pl_advance(rest, 1);
	text->l -= rest->l;

	return text->l > 0;
}


int sipd_sip_check_redirect(const char *list)
{
	struct pl rest, text;
	struct entry entry;
	unsigned n = 0;

	pl_set_str(&rest, list);
	while (entry_next(&rest, &text)) {
		if (++n > ENTRIES_MAX)
			return sipd_error(SIPDIALER_EINVAL,
					  "more than %d hosts that calls may "
					  "be redirected to",
					  ENTRIES_MAX);
		if (!entry_parse(&entry, text))
			return sipd_error(
				SIPDIALER_EINVAL,
				"\"%.*s\" is not of the form "
				"[number-prefix*@]host, as \"pbx.example\" or "
				"\"+49*@192.0.2.1\"",
				(int)(text.l < 64 ? text.l : 64), text.p);
	}

	return SIPDIALER_OK;
}


/* With a prefix the user part is a number and nothing else. */
static bool entry_allows(const struct entry *entry, const struct sipd_uri *uri)
{
	size_t i;

	if (pl_casecmp(&entry->host, &uri->host))
		return false;
	if (!entry->prefix.l)
		return true;
	if (uri->user.l < entry->prefix.l ||
	    memcmp(uri->user.p, entry->prefix.p, entry->prefix.l))
		return false;
	for (i = entry->prefix.l; i < uri->user.l; i++) {
		if (!isdigit((unsigned char)uri->user.p[i]))
			return false;
	}

	return true;
}


static bool list_allows(const char *list, const struct sipd_uri *uri)
{
	struct pl rest, text;
	struct entry entry;

	pl_set_str(&rest, list);
	while (entry_next(&rest, &text)) {
		if (entry_parse(&entry, text) && entry_allows(&entry, uri))
			return true;
	}

	return false;
}


/* ---- the contacts ------------------------------------------------------ */

static void redirect_destructor(void *arg)
{
	struct invite_redirect *red = arg;
	uint32_t i;

	for (i = 0; i < red->count; i++)
		mem_deref(red->uris[i]);
}


static bool same(const char *a, const char *b)
{
	struct sipd_uri x, y;

	return !sipd_uri_parse(&x, a) && !sipd_uri_parse(&y, b) &&
	       !pl_cmp(&x.user, &y.user) && !pl_casecmp(&x.host, &y.host) &&
	       (x.port ? x.port : SIP_PORT) == (y.port ? y.port : SIP_PORT);
}


static bool seen(const struct sipd_invite *inv,
		 const struct invite_redirect *red, const char *uri)
{
	uint32_t i;

	for (i = 0; i < red->count; i++) {
		if (same(red->uris[i], uri))
			return true;
	}

	return same(inv->uri, uri);
}


/* "0.7", in thousandths; unsaid 1. RFC 3261 25.1 */
static uint32_t q_read(const struct pl *params)
{
	uint32_t q = 0, unit = Q_MAX;
	struct pl value;
	size_t i;

	if (msg_param_decode(params, "q", &value))
		return Q_MAX;
	for (i = 0; i < value.l && i < 5; i++) {
		if (i == 1 && value.p[i] == '.')
			continue;
		if (!isdigit((unsigned char)value.p[i]))
			break;
		q += (uint32_t)(value.p[i] - '0') * unit;
		unit /= 10;
	}

	return q > Q_MAX ? Q_MAX : q;
}


/* Stable; of more than CONTACTS_MAX the worst is dropped. */
static void insert(struct invite_redirect *red, char *uri, uint32_t q)
{
	uint32_t i = red->count;

	if (red->count == CONTACTS_MAX) {
		i--;
		if (red->q[i] >= q) {
			mem_deref(uri);
			return;
		}
		mem_deref(red->uris[i]);
	}
	else {
		red->count++;
	}
	for (; i && red->q[i - 1] < q; i--) {
		red->uris[i] = red->uris[i - 1];
		red->q[i] = red->q[i - 1];
	}
	red->uris[i] = uri;
	red->q[i] = q;
}


/* Why it may not be called, NULL if it may. */
static const char *refusal(const struct sipd_invite *inv,
			   const struct invite_redirect *red, const char *text)
{
	struct sipd_uri uri;
	const char *bad = sipd_uri_parse(&uri, text);
	struct pl value;

	if (bad)
		return bad;
	if (!msg_param_exists(&uri.params, "method", &value))
		return "parameter method is not allowed";
	if (!list_allows(inv->sip->conf.redirect_allow, &uri))
		return "not in sip.redirect_allow";
	if (seen(inv, red, text))
		return "called already";

	return NULL;
}


struct reading {
	const struct sipd_invite *inv;
	struct invite_redirect *red;
};


static bool contact_handler(const struct sip_hdr *hdr,
			    const struct sip_msg *msg, void *arg)
{
	const struct reading *r = arg;
	struct sip_addr addr;
	const char *bad;
	char *text;
	(void)msg;

	if (sip_addr_decode(&addr, &hdr->val) || pl_strdup(&text, &addr.auri))
		return false;

	if (strlen(text) != addr.auri.l || addr.auri.l >= INVITE_URI_SIZE ||
	    sipd_sip_check_target(text)) {
		mem_deref(text);
		(void)sipd_error(SIPDIALER_EINVAL,
				 "a Contact that is no SIP URI");
		return false;
	}

	bad = refusal(r->inv, r->red, text);
	if (!bad) {
		insert(r->red, text, q_read(&addr.params));
		return false;
	}
	(void)sipd_error(SIPDIALER_EINVAL, "%.200s: %s", text, bad);
	mem_deref(text);

	return false;
}


/* ---- the calls --------------------------------------------------------- */

/* At the server that the password is for? */
static bool at_home(const struct sipd_sip *sip, const char *text)
{
	struct sipd_uri uri;

	return !sipd_uri_parse(&uri, text) &&
	       ((*sip->conf.server &&
		 !pl_strcasecmp(&uri.host, sip->conf.server)) ||
		(*sip->conf.domain &&
		 !pl_strcasecmp(&uri.host, sip->conf.domain)));
}


static int target_set(struct sipd_invite *inv, const char *text)
{
	char uri[INVITE_URI_SIZE], hop[INVITE_URI_SIZE];
	char *u = NULL, *h = NULL;
	int err;

	err = sipd_target_uri(inv->sip, text, uri, sizeof(uri), hop,
			      sizeof(hop));
	if (err)
		return err;

	if (str_dup(&u, uri) || str_dup(&h, hop)) {
		mem_deref(u);
		return sipd_error(SIPDIALER_ENOMEM, "no memory");
	}

	/* the same To as before. RFC 3261 8.1.3.4 */
	if (inv->called)
		mem_deref(inv->uri);
	else
		inv->called = inv->uri;
	mem_deref(inv->hop);
	inv->uri = u;
	inv->hop = h;
	inv->elsewhere = !at_home(inv->sip, text);
	inv->auth = mem_deref(inv->auth);

	return SIPDIALER_OK;
}


bool invite_redirect_next(struct sipd_invite *inv)
{
	struct invite_redirect *red = inv->red;
	int err;

	while (!inv->hungup && red && red->next < red->count) {
		const char *uri = red->uris[red->next++];

		err = target_set(inv, uri);
		if (!err && invite_send(inv))
			err = sipd_error(SIPDIALER_ENET, "cannot be reached");
		sipd_log_info(inv->sip->log, "call %s: redirected to %s%s%s",
			      inv->callid, uri, err ? ": " : "",
			      err ? sipd_error_text() : "");
		if (!err)
			return true;
	}

	return false;
}


bool invite_redirect(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct reading r = {.inv = inv};

	if (!*inv->sip->conf.redirect_allow) {
		(void)sipd_error(SIPDIALER_ENOSYS, "sip.redirect_allow is "
						   "empty");
		return false;
	}
	if (inv->red) {
		(void)sipd_error(SIPDIALER_EINVAL,
				 "redirected for the second time");
		return false;
	}

	r.red = mem_zalloc(sizeof(*r.red), redirect_destructor);
	if (!r.red) {
		(void)sipd_error(SIPDIALER_ENOMEM, "no memory");
		return false;
	}
	(void)sipd_error(SIPDIALER_EINVAL, "no Contact");
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_CONTACT, contact_handler,
				&r);
	if (!r.red->count) {
		mem_deref(r.red);
		return false;
	}
	inv->red = r.red;

	return invite_redirect_next(inv);
}


const char *sipd_invite_redirected(const struct sipd_invite *inv)
{
	return inv->called ? inv->uri : NULL;
}
