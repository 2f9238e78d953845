/**
 * @file port/sip/invite/identity.c  Who we say that we are
 *
 * Privacy and the identities that a trunk takes a caller's number from: to the
 * configured server only, which is trusted with them; nobody else needs to know
 * what the From hides.  RFC 3323, 3325, 5806
 */
#include "port/sip/invite/invite.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "base/error.h"
#include "base/text.h"

enum { TEL_MAX = 32, VALUE_MAX = 255 };


static bool is_tel(const char *value)
{
	return !strncasecmp(value, "tel:", 4);
}


int sipd_sip_check_identity(const char *value)
{
	size_t len;

	if (!is_tel(value))
		return sipd_sip_check_caller(value, NULL);

	/* a global number, RFC 3966 5.1.4, without parameters */
	len = value[4] == '+' ? strspn(value + 5, "0123456789-.()") : 0;
	if (!len || value[5 + len] || len > TEL_MAX)
		return sipd_error(SIPDIALER_EINVAL,
				  "\"%.64s\" is not tel:+ and at most %d "
				  "digits",
				  sipd_text_clean(value, strlen(value))
					  ? value
					  : "tel:?",
				  TEL_MAX);

	return SIPDIALER_OK;
}


/* A word of the list; false: the list ends.  RFC 3323 4.2 */
static bool word_next(const char **p, struct pl *word)
{
	*p += strspn(*p, ",; ");
	word->p = *p;
	word->l = strcspn(*p, ",; ");
	*p += word->l;

	return word->l > 0;
}


int sipd_sip_check_privacy(const char *list)
{
	static const char *const words[] = {"none",   "header", "session",
					    "user",   "id",     "critical",
					    "history"};
	const char *p = list;
	struct pl word;
	size_t i, count = 0, none = 0;

	while (word_next(&p, &word)) {
		for (i = 0; i < ARRAY_SIZE(words); i++) {
			if (!pl_strcmp(&word, words[i]))
				break;
		}
		if (i == ARRAY_SIZE(words))
			return sipd_error(
				SIPDIALER_EINVAL,
				"\"%.64s\" is no list of none, id, user, "
				"header, session, history and critical",
				sipd_text_clean(list, strlen(list)) ? list
								    : "?");
		none += !i;
		count++;
	}
	if (none && count > 1)
		return sipd_error(SIPDIALER_EINVAL,
				  "none stands alone in \"%.64s\"", list);

	return SIPDIALER_OK;
}


static bool set(const char *value)
{
	return value && *value;
}


bool invite_identity_hidden(const struct sipd_identity *id)
{
	const char *p = id->privacy;
	struct pl word;

	while (set(p) && word_next(&p, &word)) {
		if (!pl_strcmp(&word, "user") || !pl_strcmp(&word, "id"))
			return true;
	}

	return false;
}


static int line_write(struct mbuf *mb, const struct sipd_sip *sip,
		      const char *header, const char *value, const char *name,
		      const char *params)
{
	char uri[INVITE_URI_SIZE];
	int err;

	if (!set(value))
		return 0;

	err = sipd_sip_check_identity(value);
	if (err)
		return err;
	if (is_tel(value))
		(void)sipd_strcpy(uri, sizeof(uri), value);
	else
		err = sipd_caller_uri(sip, value, uri, sizeof(uri));
	if (err)
		return err;

	return mbuf_printf(mb, "%s: %s%s<%s>%s\r\n", header, name,
			   *name ? " " : "", uri, params)
		       ? SIPDIALER_ENOMEM
		       : 0;
}


static int privacy_write(struct mbuf *mb, const char *list)
{
	const char *sep = "Privacy: ", *p = list;
	struct pl word;
	int err;

	if (!set(list))
		return 0;

	err = sipd_sip_check_privacy(list);
	while (!err && word_next(&p, &word)) {
		err = mbuf_printf(mb, "%s%r", sep, &word) ? SIPDIALER_ENOMEM
							  : 0;
		sep = ";";
	}
	if (!err && *sep == ';' && mbuf_write_str(mb, "\r\n"))
		err = SIPDIALER_ENOMEM;

	return err;
}


static int text_of(struct mbuf *mb, char **textp)
{
	mb->pos = 0;

	return mb->end && mbuf_strdup(mb, textp, mb->end) ? SIPDIALER_ENOMEM
							  : 0;
}


int invite_identity_make(struct sipd_invite *inv,
			 const struct sipd_identity *id, const char *name)
{
	struct mbuf *mb = mbuf_alloc(256), *privacy = mbuf_alloc(32);
	int err = mb && privacy ? 0 : SIPDIALER_ENOMEM;

	if (!err)
		err = line_write(mb, inv->sip, "P-Asserted-Identity",
				 id->asserted, name, "");
	if (!err)
		err = line_write(mb, inv->sip, "P-Preferred-Identity",
				 id->preferred, name, "");
	if (!err)
		err = line_write(mb, inv->sip, "Diversion", id->diversion, "",
				 ";reason=unconditional");
	if (!err)
		err = privacy_write(privacy, id->privacy);
	if (!err)
		err = text_of(mb, &inv->identity);
	if (!err)
		err = text_of(privacy, &inv->privacy);
	mem_deref(mb);
	mem_deref(privacy);

	return err == SIPDIALER_ENOMEM
		       ? sipd_error(err, "no memory for a call")
		       : err;
}


/* Its next hop is the server or proxy that was configured. */
static bool to_server(const struct sipd_invite *inv)
{
	return *inv->sip->route && !strcmp(inv->hop, inv->sip->route);
}


int invite_identity_write(struct mbuf *mb, const struct sipd_invite *inv)
{
	int err = 0;

	if (inv->privacy)
		err = mbuf_write_str(mb, inv->privacy);
	if (!err && inv->identity && to_server(inv))
		err = mbuf_write_str(mb, inv->identity);

	return err;
}
