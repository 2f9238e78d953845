/*
 * SIP messages: reading them and building answers.  RFC 3261.
 */
#include "sip.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>


/* clang-format off */
static const struct {
	const char *name;
	enum method m;
} methods[] = {
	{"INVITE", M_INVITE},	  {"ACK", M_ACK},   {"CANCEL", M_CANCEL},
	{"BYE", M_BYE},		  {"INFO", M_INFO}, {"REGISTER", M_REGISTER},
	{"OPTIONS", M_OPTIONS},	  {"UPDATE", M_UPDATE},
	{"PRACK", M_PRACK},
};
/* clang-format on */

static const struct {
	int status;
	const char *text;
} reasons[] = {
	{100, "Trying"},
	{180, "Ringing"},
	{181, "Call Is Being Forwarded"},
	{183, "Session Progress"},
	{199, "Early Dialog Terminated"},
	{200, "OK"},
	{302, "Moved Temporarily"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{407, "Proxy Authentication Required"},
	{408, "Request Timeout"},
	{410, "Gone"},
	{420, "Bad Extension"},
	{423, "Interval Too Brief"},
	{480, "Temporarily Unavailable"},
	{481, "Call/Transaction Does Not Exist"},
	{482, "Loop Detected"},
	{484, "Address Incomplete"},
	{486, "Busy Here"},
	{487, "Request Terminated"},
	{488, "Not Acceptable Here"},
	{491, "Request Pending"},
	{500, "Server Internal Error"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{600, "Busy Everywhere"},
	{603, "Decline"},
	{604, "Does Not Exist Anywhere"},
	{607, "Unwanted"},
	{608, "Rejected"},
};


const char *sip_reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Status";
}


static enum method method_of(struct str s)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (str_is(s, methods[i].name))
			return methods[i].m;
	return M_UNKNOWN;
}


/* The next space-separated word. */
static struct str word(struct str *s)
{
	struct str w;

	*s = str_trim(*s);
	w = (struct str){s->p, 0};
	while (w.l < s->l && w.p[w.l] != ' ' && w.p[w.l] != '\t')
		w.l++;
	s->p += w.l;
	s->l -= w.l;
	return w;
}


static bool first_line(struct sip_msg *m, struct str line)
{
	struct str w = word(&line);

	if (str_iis(w, "SIP/2.0")) {
		m->status = (int)str_u32(word(&line));
		return m->status >= 100 && m->status < 700;
	}
	m->method_name = w;
	m->method = method_of(w);
	m->ruri = word(&line);
	return w.l && m->ruri.l && str_iis(word(&line), "SIP/2.0");
}


static void cseq_header(struct sip_msg *m, struct str v)
{
	struct str rest = v;
	struct str num = word(&rest);

	m->cseq = v;
	m->cseq_num = str_u32(num);
	if (m->status)
		m->method = method_of(word(&rest));
}


/* Params of a name-addr: what follows '>', or the first ';'. */
static struct str addr_params(struct str a)
{
	const char *p = memchr(a.p, '>', a.l);

	if (!p)
		p = memchr(a.p, ';', a.l);
	else
		p++;
	if (!p)
		return (struct str){a.p + a.l, 0};
	return (struct str){p, a.l - (size_t)(p - a.p)};
}


static void keep(struct str *list, unsigned *n, unsigned max, struct str v)
{
	if (*n < max)
		list[(*n)++] = v;
}


static void header(struct sip_msg *m, struct str n, struct str v)
{
	if (str_iis(n, "Via") || str_iis(n, "v"))
		keep(m->via, &m->vias, SIP_VIA_MAX, v);
	else if (str_iis(n, "From") || str_iis(n, "f"))
		m->from = v;
	else if (str_iis(n, "To") || str_iis(n, "t"))
		m->to = v;
	else if (str_iis(n, "Call-ID") || str_iis(n, "i"))
		m->callid = v;
	else if (str_iis(n, "CSeq"))
		cseq_header(m, v);
	else if (str_iis(n, "Contact") || str_iis(n, "m")) {
		if (!m->has_contact)
			m->contact = v;
		m->has_contact = true;
	}
	else if (str_iis(n, "Record-Route"))
		keep(m->rr, &m->rrs, SIP_RR_MAX, v);
	else if (str_iis(n, "Authorization") ||
		 str_iis(n, "Proxy-Authorization"))
		keep(m->auth, &m->auths, SIP_AUTH_MAX, v);
	else if (str_iis(n, "Expires"))
		m->expires = v;
	else if (str_iis(n, "Supported") || str_iis(n, "k"))
		m->supported = v;
	else if (str_iis(n, "Require"))
		m->require = v;
	else if (str_iis(n, "Content-Type") || str_iis(n, "c"))
		m->ctype = v;
	else if (str_iis(n, "RAck"))
		m->rack = v;
	else if (str_iis(n, "X-Contact-Id") || str_iis(n, "X-Attempt"))
		m->xid = m->xid.l ? m->xid : v;
}


/* One line without its end; *s moves on.  Folds continuations to spaces. */
static bool next_line(char **p, char *end, struct str *line)
{
	char *s = *p, *e = s;

	for (;;) {
		e = memchr(e, '\n', (size_t)(end - e));
		if (!e)
			return false;
		if (e + 1 >= end || (e[1] != ' ' && e[1] != '\t') ||
		    e - s <= 1)
			break;
		if (e > s && e[-1] == '\r')
			e[-1] = ' ';
		*e = ' ';
	}
	*p = e + 1;
	if (e > s && e[-1] == '\r')
		e--;
	*line = (struct str){s, (size_t)(e - s)};
	return true;
}


bool sip_parse(struct sip_msg *m, char *data, size_t len)
{
	char *p = data, *end = data + len;
	struct str line;

	memset(m, 0, sizeof(*m));
	if (!next_line(&p, end, &line) || !first_line(m, line))
		return false;
	for (;;) {
		const char *c;

		if (!next_line(&p, end, &line))
			return false;
		if (!line.l)
			break;
		c = memchr(line.p, ':', line.l);
		if (!c)
			continue;
		header(m, str_trim((struct str){line.p, (size_t)(c - line.p)}),
		       str_trim((struct str){
			       c + 1, line.l - (size_t)(c + 1 - line.p)}));
	}
	m->body = (struct str){p, (size_t)(end - p)};
	if (!m->vias || !m->from.l || !m->to.l || !m->callid.l || !m->cseq.l)
		return false;
	str_param(addr_params(m->from), ';', "tag", &m->from_tag);
	str_param(addr_params(m->to), ';', "tag", &m->to_tag);
	line = m->via[0];
	if (memchr(line.p, ',', line.l))
		line.l = (size_t)((const char *)memchr(line.p, ',', line.l) -
				  line.p);
	str_param(line, ';', "branch", &m->branch);
	return true;
}


size_t sip_frame(const char *data, size_t len)
{
	const char *end = memmem(data, len, "\r\n\r\n", 4);
	const char *p = data;
	size_t head, body = 0;

	if (!end)
		return len >= SIP_MSG_MAX ? SIZE_MAX : 0;
	head = (size_t)(end - data) + 4;
	while (p < end) {
		const char *e = memchr(p, '\n', (size_t)(end + 2 - p));
		size_t l = e ? (size_t)(e - p) : 0;
		const char *c = memchr(p, ':', l);

		if (c) {
			struct str n = str_trim(
				(struct str){p, (size_t)(c - p)});
			struct str v = str_trim(
				(struct str){c + 1, l - (size_t)(c + 1 - p)});

			if (str_iis(n, "Content-Length") || str_iis(n, "l"))
				body = str_u32(v);
		}
		if (!e)
			break;
		p = e + 1;
	}
	if (body > SIP_MSG_MAX || head + body > SIP_MSG_MAX)
		return SIZE_MAX;
	return head + body <= len ? head + body : 0;
}


struct str sip_addr_uri(struct str a)
{
	const char *l = memchr(a.p, '<', a.l), *r;

	if (l) {
		r = memchr(l, '>', a.l - (size_t)(l - a.p));
		if (r)
			return (struct str){l + 1, (size_t)(r - l - 1)};
	}
	r = memchr(a.p, ';', a.l);
	return str_trim((struct str){a.p, r ? (size_t)(r - a.p) : a.l});
}


/* What follows the scheme. */
static struct str after_scheme(struct str uri)
{
	const char *c = memchr(uri.p, ':', uri.l);

	if (!c)
		return uri;
	return (struct str){c + 1, uri.l - (size_t)(c + 1 - uri.p)};
}


struct str sip_uri_user(struct str uri)
{
	struct str s = after_scheme(uri);
	const char *at = s.l ? memchr(s.p, '@', s.l) : NULL;
	const char *semi;

	if (at)
		s.l = (size_t)(at - s.p);
	else if (uri.l < 4 || strncasecmp(uri.p, "tel:", 4))
		return (struct str){s.p, 0};
	semi = s.l ? memchr(s.p, ';', s.l) : NULL;
	if (semi)
		s.l = (size_t)(semi - s.p);
	return s;
}


struct str sip_uri_host(struct str uri, uint16_t *port)
{
	struct str s = after_scheme(uri);
	const char *at = s.l ? memchr(s.p, '@', s.l) : NULL;
	size_t n = 0;

	if (at) {
		s.l -= (size_t)(at + 1 - s.p);
		s.p = at + 1;
	}
	while (n < s.l && !memchr(":;?> ", s.p[n], 5))
		n++;
	*port = 0;
	if (n < s.l && s.p[n] == ':')
		*port = (uint16_t)str_u32(
			(struct str){s.p + n + 1, s.l - n - 1});
	return (struct str){s.p, n};
}


/* The topmost Via gets received= and rport=.  RFC 3581 4 */
void sip_via_out(struct buf *b, const struct sip_msg *m, const char *src_ip,
		 uint16_t port)
{
	for (unsigned i = 0; i < m->vias; i++) {
		struct str v = m->via[i], rest = {NULL, 0}, rp;
		const char *c;

		buf_txt(b, "Via: ");
		if (i == 0) {
			c = memchr(v.p, ',', v.l);
			if (c) {
				rest = (struct str){c,
						    v.l - (size_t)(c - v.p)};
				v.l = (size_t)(c - v.p);
			}
			if (str_param(v, ';', "rport", &rp) && !rp.l) {
				size_t k = (size_t)(rp.p - v.p);

				buf_add(b, v.p, k);
				buf_fmt(b, "=%u", port);
				v.p += k;
				v.l -= k;
			}
			buf_str(b, v);
			buf_fmt(b, ";received=%s", src_ip);
			buf_str(b, rest);
		}
		else {
			buf_str(b, v);
		}
		buf_txt(b, "\r\n");
	}
}


void sip_reply_start(struct buf *b, const struct sip_msg *m, int status,
		     struct str to_tag, const char *src_ip, uint16_t port)
{
	buf_fmt(b, "SIP/2.0 %d %s\r\n", status, sip_reason(status));
	sip_via_out(b, m, src_ip, port);
	buf_txt(b, "From: ");
	buf_str(b, m->from);
	buf_txt(b, "\r\nTo: ");
	buf_str(b, m->to);
	if (to_tag.l && !m->to_tag.l) {
		buf_txt(b, ";tag=");
		buf_str(b, to_tag);
	}
	buf_txt(b, "\r\nCall-ID: ");
	buf_str(b, m->callid);
	buf_txt(b, "\r\nCSeq: ");
	buf_str(b, m->cseq);
	buf_txt(b, "\r\n");
}


void sip_body(struct buf *b, const char *type, struct str body)
{
	if (body.l)
		buf_fmt(b, "Content-Type: %s\r\n", type);
	buf_fmt(b, "Content-Length: %zu\r\n\r\n", body.l);
	buf_str(b, body);
}
