/**
 * @file port/sip/invite/caller.c  Who calls and whom, in words of the host
 *
 * What a stranger wrote goes to events, files and terminals: it is decoded,
 * bounded, and clean.  Loop thread.  RFC 3261 19.1, 25.1
 */
#include "port/sip/invite/invite.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "base/error.h"
#include "base/text.h"


/* A last character that lost bytes when it was cut goes. */
static void cut_whole(char *s)
{
	size_t len = strlen(s), tail = 0;
	unsigned char c;

	while (tail < 3 && tail < len &&
	       ((unsigned char)s[len - 1 - tail] & 0xc0) == 0x80)
		tail++;
	if (tail == len)
		return;
	c = (unsigned char)s[len - 1 - tail];
	if (c >= 0xc0 && tail < (c >= 0xf0 ? 3U : c >= 0xe0 ? 2U : 1U))
		s[len - 1 - tail] = '\0';
}


/* Bytes of a character of several that controls what shows it; 0: it does not:
 * C1 (U+0080-009F), separators and directions (U+2028-202E, U+2066-2069). */
static size_t control(const unsigned char *s)
{
	if (s[0] == 0xc2)
		return s[1] < 0xa0 ? 2 : 0;
	if (s[0] != 0xe2)
		return 0;

	return (s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae) ||
			       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)
		       ? 3
		       : 0;
}


/* What is not UTF-8 or not printable becomes '?'. */
void invite_text_clean(char *s, size_t size)
{
	char *to = s;
	bool utf8;

	if (strlen(s) == size - 1)
		cut_whole(s);
	utf8 = sipd_utf8_valid(s, strlen(s));
	while (*s) {
		const unsigned char c = (unsigned char)*s;
		const size_t len = utf8 ? control((const unsigned char *)s)
					: 0;

		if (len || c < ' ' || c == 0x7f || (c >= 0x80 && !utf8))
			*to++ = '?';
		else
			*to++ = *s;
		s += len ? len : 1;
	}
	*to = '\0';
}


static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';

	return (c | 0x20) - 'a' + 10;
}


/* A user part without its escapes. */
static void unescape(const struct pl *user, char *buf, size_t size)
{
	size_t i, n = 0;

	for (i = 0; i < user->l && n + 1 < size; i++) {
		char c = user->p[i];

		if (c == '%' && user->l - i > 2 &&
		    isxdigit((unsigned char)user->p[i + 1]) &&
		    isxdigit((unsigned char)user->p[i + 2])) {
			c = (char)(hex(user->p[i + 1]) << 4 |
				   hex(user->p[i + 2]));
			i += 2;
		}
		buf[n++] = c ? c : '?';
	}
	buf[n] = '\0';
}


/* "+49301;verstat=x": the parameters of a telephone number. RFC 3261 19.1.6 */
static void number_only(struct pl *user)
{
	const char *semi = pl_strchr(user, ';');

	if (semi && user->l && strchr("+0123456789", *user->p))
		user->l = (size_t)(semi - user->p);
}


/* What sipdialer_call() would take: a number or user of the server, or else
 * the URI. */
void invite_party(const struct uri *uri, const struct pl *whole,
		  char buf[INVITE_PARTY_SIZE])
{
	struct pl user = uri->user;

	if (whole->l > 4 && !strncasecmp(whole->p, "tel:", 4)) {
		user.p = whole->p + 4; /* RFC 3966 */
		user.l = 0;
		while (user.l < whole->l - 4 && user.p[user.l] != ';')
			user.l++;
	}
	number_only(&user);
	unescape(&user, buf, INVITE_PARTY_SIZE);
	if (!*buf || strchr(buf, ':') || sipd_sip_check_target(buf))
		(void)pl_strcpy(whole, buf, INVITE_PARTY_SIZE);
	invite_text_clean(buf, INVITE_PARTY_SIZE);
}


static void name(const struct pl *dname, char buf[INVITE_PARTY_SIZE])
{
	size_t i, n = 0;

	for (i = 0; i < dname->l && n + 1 < INVITE_PARTY_SIZE; i++) {
		if (dname->p[i] == '\\' && i + 1 < dname->l)
			i++; /* quoted-pair */
		buf[n++] = dname->p[i] ? dname->p[i] : '?';
	}
	buf[n] = '\0';
	invite_text_clean(buf, INVITE_PARTY_SIZE);
}


static bool called_party(const struct sip_msg *msg, char *buf)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg,
						SIP_HDR_P_CALLED_PARTY_ID);
	struct sip_addr addr;

	if (!hdr || sip_msg_hdr_count(msg, SIP_HDR_P_CALLED_PARTY_ID) != 1 ||
	    sip_addr_decode(&addr, &hdr->val))
		return false;
	invite_party(&addr.uri, &addr.auri, buf);

	return true;
}


/* The Request-URI, unless it only names us as our Contact does. */
static bool to_our_contact(const struct sipd_sip *sip,
			   const struct sip_msg *msg)
{
	char user[INVITE_PARTY_SIZE];

	unescape(&msg->uri.user, user, sizeof(user));

	return !*user || !strcmp(user, sip->conf.user);
}


/* What was dialed: the last hop puts our Contact over it, and says what it was
 * in P-Called-Party-ID (RFC 7315 4.2), or it is in To. */
static void called(const struct sipd_sip *sip, const struct sip_msg *msg,
		   char *buf)
{
	const enum sipd_did did = sip->conf.did;

	if (did == SIPD_DID_URI ||
	    (did == SIPD_DID_AUTO && !to_our_contact(sip, msg)))
		invite_party(&msg->uri, &msg->ruri, buf);
	else if (did == SIPD_DID_TO || !called_party(msg, buf))
		invite_party(&msg->to.uri, &msg->to.auri, buf);
}


void invite_caller_read(const struct sipd_sip *sip, const struct sip_msg *msg,
			struct invite_caller_text *t)
{
	invite_party(&msg->from.uri, &msg->from.auri, t->from);
	name(&msg->from.dname, t->name);
	called(sip, msg, t->to);
	t->caller = (struct sipd_invite_caller){
		.from = t->from,
		.name = t->name,
		.to = t->to,
	};
	invite_asserted_read(msg, t);
}
