/*
 * The little of SDP a telephone needs.  RFC 4566, RFC 3264.
 */
#include "sdp.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* clang-format off */
static const char *const dir_names[] = {
	"inactive", "sendonly", "recvonly", "sendrecv",
};
/* clang-format on */


enum dir dir_mirror(enum dir d)
{
	if (d == DIR_SENDONLY)
		return DIR_RECVONLY;
	return d == DIR_RECVONLY ? DIR_SENDONLY : d;
}


static bool starts(struct str s, const char *w)
{
	size_t l = strlen(w);

	return s.l >= l && !memcmp(s.p, w, l);
}


static struct str field(struct str *s)
{
	struct str f;

	while (s->l && *s->p == ' ') {
		s->p++;
		s->l--;
	}
	f = (struct str){s->p, 0};
	while (f.l < s->l && f.p[f.l] != ' ')
		f.l++;
	s->p += f.l;
	s->l -= f.l;
	return f;
}


/* "c=IN IP4 127.0.0.1" */
static void connection(struct sdp *s, struct str line)
{
	char ip[64];
	struct str f;

	line.p += 2;
	line.l -= 2;
	field(&line);
	if (!str_is(field(&line), "IP4"))
		return;
	f = field(&line);
	snprintf(ip, sizeof(ip), "%.*s", (int)(f.l < 63 ? f.l : 63), f.p);
	inet_pton(AF_INET, ip, &s->rtp.sin_addr);
}


/* "m=audio 4000 RTP/AVP 0 8 101"; true when it is the one to use */
static bool media_line(struct sdp *s, struct str line)
{
	struct str rest = {line.p + 2, line.l - 2}, f, proto;
	uint32_t port;

	if (s->medias < SDP_MEDIA_MAX)
		s->media[s->medias++] = line;
	f = field(&rest);
	port = str_u32(field(&rest));
	proto = field(&rest);
	if (s->usable || !str_is(f, "audio") || !port || port > 65535 ||
	    !str_is(proto, "RTP/AVP"))
		return false;
	while ((f = field(&rest)).l) {
		uint32_t pt = str_u32(f);

		if ((pt == 0 || pt == 8) && s->pt < 0)
			s->pt = (int)pt;
	}
	s->rtp.sin_port = htons((uint16_t)port);
	s->audio = s->medias - 1;
	s->usable = s->pt >= 0;
	return s->usable;
}


static void attribute(struct sdp *s, struct str a)
{
	for (int i = 0; i < 4; i++)
		if (str_is(a, dir_names[i]))
			s->dir = (enum dir)i;
	if (str_is(a, "rtcp-mux"))
		s->mux = true;
	if (starts(a, "rtpmap:") &&
	    memmem(a.p, a.l, "telephone-event/8000", 20))
		s->te_pt = (int)str_u32((struct str){a.p + 7, a.l - 7});
}


void sdp_parse(struct sdp *s, struct str t)
{
	bool mine = true; /* session level, or in the audio used */

	memset(s, 0, sizeof(*s));
	s->pt = s->te_pt = -1;
	s->dir = DIR_SENDRECV;
	s->rtp.sin_family = AF_INET;
	while (t.l) {
		const char *e = memchr(t.p, '\n', t.l);
		size_t n = e ? (size_t)(e - t.p) : t.l;
		struct str line = str_trim((struct str){t.p, n});

		t.p += e ? n + 1 : n;
		t.l -= e ? n + 1 : n;
		if (line.l < 2 || line.p[1] != '=')
			continue;
		if (line.p[0] == 'm')
			mine = media_line(s, line);
		else if (line.p[0] == 'c' && mine)
			connection(s, line);
		else if (line.p[0] == 'a' && mine)
			attribute(s, (struct str){line.p + 2, line.l - 2});
	}
	/* the old way to hold, RFC 3264 8.4 */
	if (!s->rtp.sin_addr.s_addr && s->dir == DIR_SENDRECV)
		s->dir = DIR_SENDONLY;
}


static void head(struct buf *b, const struct sdp_own *own)
{
	buf_fmt(b,
		"v=0\r\no=phonenet %llu %u IN IP4 %s\r\ns=-\r\n"
		"c=IN IP4 %s\r\nt=0 0\r\n",
		(unsigned long long)(own->id >> 12), own->version, own->ip,
		own->ip);
}


static void audio(struct buf *b, const struct sdp *s,
		  const struct sdp_own *own)
{
	buf_fmt(b, "m=audio %u RTP/AVP %d", own->port, s->pt);
	if (s->te_pt >= 0)
		buf_fmt(b, " %d", s->te_pt);
	buf_fmt(b, "\r\na=rtpmap:%d %s/8000\r\n", s->pt,
		s->pt ? "PCMA" : "PCMU");
	if (s->te_pt >= 0)
		buf_fmt(b,
			"a=rtpmap:%d telephone-event/8000\r\n"
			"a=fmtp:%d 0-15\r\n",
			s->te_pt, s->te_pt);
	buf_fmt(b, "a=ptime:20\r\na=%s\r\n", dir_names[own->dir]);
	if (s->mux)
		buf_txt(b, "a=rtcp-mux\r\n");
}


/* A line we do not want: the same words with port 0.  RFC 3264 6 */
static void refuse(struct buf *b, struct str line)
{
	struct str rest = {line.p + 2, line.l - 2}, kind = field(&rest);

	field(&rest);
	buf_txt(b, "m=");
	buf_str(b, kind);
	buf_txt(b, " 0");
	buf_str(b, rest);
	buf_txt(b, "\r\n");
}


void sdp_answer(struct buf *b, const struct sdp *offer,
		const struct sdp_own *own)
{
	head(b, own);
	for (unsigned i = 0; i < offer->medias; i++)
		if (offer->usable && i == offer->audio)
			audio(b, offer, own);
		else
			refuse(b, offer->media[i]);
}


void sdp_offer(struct buf *b, const struct sdp *agreed,
	       const struct sdp_own *own)
{
	head(b, own);
	if (agreed) {
		audio(b, agreed, own);
		return;
	}
	buf_fmt(b,
		"m=audio %u RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"
		"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
		"a=fmtp:101 0-15\r\na=ptime:20\r\na=%s\r\n",
		own->port, dir_names[own->dir]);
}
