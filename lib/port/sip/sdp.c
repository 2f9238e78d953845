/**
 * @file port/sip/sdp.c  Offer and answer of one audio stream
 *
 * A strict, small parser of our own: a peer's text never leads to a DNS
 * lookup, an allocation or a loop over more than is written here.  Works on
 * any thread.  RFC 8866, 3264, 3551, 3605, 4733, 5761
 */
#include "port/sip/sdp.h"

#include <ctype.h>
#include <string.h>
#include <arpa/inet.h>
#include "base/error.h"
#include "base/text.h"

enum {
	SDP_MAX = 16384,     /* bytes of a description */
	LINE_MAX_LEN = 2048, /* bytes of a line */
	MEDIA_MAX = 16,      /* m= lines */
	FORMAT_MAX = 32,     /* formats looked at in an m= line */
	PORT_MIN = 1024,     /* no RTP is sent below */
	DTMF_PT = 101,       /* ours; the usual number */
	PT_NONE = 255,
	PTIME = 20
};

struct span {
	const char *p;
	size_t l;
};

enum kind { KIND_OTHER, KIND_PCMU, KIND_PCMA, KIND_DTMF };

struct format {
	uint8_t pt;
	uint8_t kind; /* enum kind */
};

struct conn {
	union sipd_addr addr; /* family 0: 0.0.0.0 or :: */
	bool set;
	bool bad;             /* not an address we would send to */
};

struct media {
	struct span type, proto, fmts;
	uint16_t port;        /* 0 refused, or unusable */
	struct format formats[FORMAT_MAX];
	size_t formatc;
	struct conn conn;
	struct conn rtcp;
	uint16_t rtcp_port;
	uint32_t ptime, maxptime;
	enum sipd_dir dir;
	bool mux;
};

struct sdp {
	struct conn conn;
	enum sipd_dir dir;
	struct media media[MEDIA_MAX];
	size_t mediac;
};

static const struct {
	const char *name;
	enum sipd_codec_id id;
	uint8_t pt;           /* RFC 3551 table 4 */
	enum kind kind;
} codec_table[] = {
	{ "PCMU", SIPD_CODEC_PCMU, 0, KIND_PCMU },
	{ "PCMA", SIPD_CODEC_PCMA, 8, KIND_PCMA },
};

enum { CODECS = sizeof(codec_table) / sizeof(codec_table[0]) };


static bool span_is(struct span s, const char *word)
{
	return s.l == strlen(word) && memcmp(s.p, word, s.l) == 0;
}


static bool span_is_ci(struct span s, const char *word)
{
	size_t i;

	if (s.l != strlen(word))
		return false;
	for (i = 0; i < s.l; i++) {
		if (tolower((unsigned char)s.p[i]) !=
		    tolower((unsigned char)word[i]))
			return false;
	}

	return true;
}


/* Cut `rest` at the first of the separators; blanks before are skipped. */
static struct span token(struct span *rest, const char *seps)
{
	struct span t;

	while (rest->l && *rest->p == ' ') {
		rest->p++;
		rest->l--;
	}
	t.p = rest->p;
	t.l = 0;
	while (t.l < rest->l && !strchr(seps, t.p[t.l]))
		t.l++;

	rest->p += t.l;
	rest->l -= t.l;
	if (rest->l) {
		rest->p++;
		rest->l--;
	}

	return t;
}


static bool span_uint(struct span s, uint32_t max, uint32_t *value)
{
	uint64_t v = 0;
	size_t i;

	if (!s.l || s.l > 10)
		return false;
	for (i = 0; i < s.l; i++) {
		if (!isdigit((unsigned char)s.p[i]))
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	if (v > max)
		return false;
	*value = (uint32_t)v;

	return true;
}


/* Multicast, broadcast, "this network" and reserved ranges: nobody there is
 * the one we called. RFC 6890 */
static bool sendable(const union sipd_addr *a)
{
	if (a->sa.sa_family == AF_INET) {
		const uint32_t ip = ntohl(a->in.sin_addr.s_addr);

		return (ip >> 24) != 0 && (ip >> 28) < 14;
	}

	return !IN6_IS_ADDR_MULTICAST(&a->in6.sin6_addr);
}


/* "IN IP4 192.0.2.1" */
static struct conn conn_read(struct span s)
{
	struct conn c = { .set = true, .bad = true };
	const struct span net = token(&s, " ");
	const struct span type = token(&s, " ");
	const struct span host = token(&s, " ");
	char text[INET6_ADDRSTRLEN];

	if (!span_is(net, "IN") || !host.l || host.l >= sizeof(text))
		return c;
	if (!span_is(type, "IP4") && !span_is(type, "IP6"))
		return c;

	memcpy(text, host.p, host.l);
	text[host.l] = '\0';
	if (!sipd_addr_parse(&c.addr, text, 0))
		return c;
	if ((c.addr.sa.sa_family == AF_INET6) != span_is(type, "IP6"))
		return c;

	if (sipd_addr_is_any(&c.addr)) {
		memset(&c.addr, 0, sizeof(c.addr)); /* RFC 3264 8.4 */
		c.bad = false;
	}
	else {
		c.bad = !sendable(&c.addr);
	}

	return c;
}


static void formats_read(struct media *m)
{
	struct span rest = m->fmts;

	while (rest.l && m->formatc < FORMAT_MAX) {
		const struct span t = token(&rest, " ");
		uint32_t pt;

		if (!span_uint(t, 127, &pt))
			continue;
		m->formats[m->formatc].pt = (uint8_t)pt;
		m->formats[m->formatc].kind = pt == 0 ? KIND_PCMU :
					      pt == 8 ? KIND_PCMA :
					      KIND_OTHER;
		m->formatc++;
	}
}


/* "audio 40000 RTP/AVP 0 8 101" */
static int media_read(struct sdp *sdp, struct span s)
{
	struct media *m;
	struct span port;
	uint32_t number;

	if (sdp->mediac >= MEDIA_MAX)
		return sipd_error(SIPDIALER_EFORMAT,
				  "SDP has more than %d m= lines", MEDIA_MAX);

	m = &sdp->media[sdp->mediac++];
	memset(m, 0, sizeof(*m));
	m->dir = sdp->dir;
	m->type = token(&s, " ");
	port = token(&s, " ");
	m->proto = token(&s, " ");
	m->fmts = s;
	if (!m->type.l || !port.l || !m->proto.l)
		return sipd_error(SIPDIALER_EFORMAT, "SDP: m= line is cut");

	/* "port/2" would be a layered stream: not usable, but no error */
	if (span_uint(port, UINT16_MAX, &number) && number >= PORT_MIN)
		m->port = (uint16_t)number;
	formats_read(m);

	return 0;
}


/* "0 PCMU/8000/1": a format is what rtpmap calls it, whatever its number */
static void rtpmap_read(struct media *m, struct span s)
{
	const struct span pts = token(&s, " ");
	const struct span name = token(&s, "/ ");
	const struct span clock = token(&s, "/ ");
	const struct span chans = token(&s, "/ ");
	uint32_t pt, hz, n = 1;
	enum kind kind = KIND_OTHER;
	size_t i;

	if (!span_uint(pts, 127, &pt))
		return;

	if (span_uint(clock, UINT32_MAX, &hz) && hz == 8000 &&
	    (!chans.l || (span_uint(chans, 255, &n) && n == 1))) {
		for (i = 0; i < CODECS; i++) {
			if (span_is_ci(name, codec_table[i].name))
				kind = codec_table[i].kind;
		}
		if (span_is_ci(name, "telephone-event"))
			kind = KIND_DTMF;
	}

	for (i = 0; i < m->formatc; i++) {
		if (m->formats[i].pt == pt)
			m->formats[i].kind = (uint8_t)kind;
	}
}


/* "40001" or "40001 IN IP4 192.0.2.1". RFC 3605 */
static void rtcp_read(struct media *m, struct span s)
{
	const struct span port = token(&s, " ");
	uint32_t number;

	if (!span_uint(port, UINT16_MAX, &number) || number < PORT_MIN)
		return;
	m->rtcp_port = (uint16_t)number;
	if (s.l)
		m->rtcp = conn_read(s);
}


static bool dir_read(struct span name, enum sipd_dir *dir)
{
	static const struct { const char *word; enum sipd_dir ours; } t[] = {
		{ "sendrecv", SIPD_SENDRECV },
		{ "sendonly", SIPD_RECVONLY }, /* they send: we receive */
		{ "recvonly", SIPD_SENDONLY },
		{ "inactive", SIPD_INACTIVE },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (span_is(name, t[i].word)) {
			*dir = t[i].ours;
			return true;
		}
	}

	return false;
}


static void attr_read(struct sdp *sdp, struct span s)
{
	struct media *m = sdp->mediac ? &sdp->media[sdp->mediac - 1] : NULL;
	const struct span name = token(&s, ":");

	if (dir_read(name, m ? &m->dir : &sdp->dir) || !m)
		return;

	if (span_is(name, "rtpmap"))
		rtpmap_read(m, s);
	else if (span_is(name, "ptime"))
		(void)span_uint(token(&s, ". "), UINT32_MAX, &m->ptime);
	else if (span_is(name, "maxptime"))
		(void)span_uint(token(&s, ". "), UINT32_MAX, &m->maxptime);
	else if (span_is(name, "rtcp"))
		rtcp_read(m, s);
	else if (span_is(name, "rtcp-mux"))
		m->mux = true;
}


static int line_read(struct sdp *sdp, struct span line)
{
	const struct span value = { line.p + 2, line.l - 2 };

	switch (line.p[0]) {

	case 'c':
		if (sdp->mediac)
			sdp->media[sdp->mediac - 1].conn = conn_read(value);
		else
			sdp->conn = conn_read(value);
		return 0;

	case 'm':
		return media_read(sdp, value);

	case 'a':
		attr_read(sdp, value);
		return 0;

	default:
		return 0;
	}
}


static int sdp_read(struct sdp *sdp, const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	bool first = true;
	int err;

	memset(sdp, 0, sizeof(*sdp));
	sdp->dir = SIPD_SENDRECV;

	if (!len)
		return sipd_error(SIPDIALER_EFORMAT, "no SDP");
	if (len > SDP_MAX)
		return sipd_error(SIPDIALER_EFORMAT,
				  "SDP of %zu bytes, limit %d", len, SDP_MAX);
	if (memchr(text, '\0', len))
		return sipd_error(SIPDIALER_EFORMAT, "SDP has a NUL byte");

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct span line = { p, (size_t)((nl ? nl : end) - p) };

		p = nl ? nl + 1 : end;
		if (line.l && line.p[line.l - 1] == '\r')
			line.l--;
		if (!line.l)
			break; /* nothing after a blank line is ours */
		if (line.l < 2 || line.p[1] != '=')
			return sipd_error(SIPDIALER_EFORMAT,
					  "SDP: a line without '='");
		if (line.l > LINE_MAX_LEN)
			return sipd_error(SIPDIALER_EFORMAT,
					  "SDP: line of %zu bytes, limit %d",
					  line.l, LINE_MAX_LEN);
		if (first && !span_is(line, "v=0"))
			return sipd_error(SIPDIALER_EFORMAT,
					  "SDP does not begin with v=0");
		first = false;
		err = line_read(sdp, line);
		if (err)
			return err;
	}

	if (!sdp->mediac)
		return sipd_error(SIPDIALER_EFORMAT, "SDP has no m= line");

	return 0;
}


static bool local_has(const struct sipd_sdp_local *local, enum kind kind,
		      enum sipd_codec_id *id)
{
	size_t i, k;

	for (k = 0; k < CODECS; k++) {
		if (codec_table[k].kind != kind)
			continue;
		for (i = 0; i < local->codecc; i++) {
			if (local->codecs[i] == codec_table[k].id) {
				*id = codec_table[k].id;
				return true;
			}
		}
	}

	return false;
}


static const struct format *codec_pick(const struct sipd_sdp_local *local,
				       const struct media *m,
				       enum sipd_codec_id *id)
{
	size_t i;

	for (i = 0; i < m->formatc; i++) {
		if (local_has(local, m->formats[i].kind, id))
			return &m->formats[i];
	}

	return NULL;
}


static uint8_t dtmf_pick(const struct sipd_sdp_local *local,
			 const struct media *m)
{
	size_t i;

	for (i = 0; local->telephone_event && i < m->formatc; i++) {
		if (m->formats[i].kind == KIND_DTMF)
			return m->formats[i].pt;
	}

	return PT_NONE;
}


/* Packets we can make: whole tens, at most what G.711 packs well. */
static uint32_t ptime_of(const struct media *m)
{
	uint32_t ptime = m->ptime ? m->ptime : PTIME;

	if (m->maxptime && ptime > m->maxptime)
		ptime = m->maxptime;
	if (ptime < 10 || ptime > 60 || ptime % 10)
		ptime = PTIME;

	return ptime;
}


static const struct conn *conn_of(const struct sdp *sdp, const struct media *m)
{
	return m->conn.set ? &m->conn : &sdp->conn;
}


/* Why this m= line cannot be used, NULL if it can. */
static const char *unusable(const struct sipd_sdp_local *local,
			    const struct sdp *sdp, const struct media *m)
{
	const struct conn *c = conn_of(sdp, m);
	enum sipd_codec_id id;

	if (!span_is(m->type, "audio"))
		return "no audio";
	if (!span_is(m->proto, "RTP/AVP") && !span_is(m->proto, "RTP/AVPF"))
		return "audio not over RTP/AVP";
	if (!m->port)
		return "audio refused, or without a usable port";
	if (!c->set)
		return "no connection address";
	if (c->bad)
		return "connection address is not a unicast IP address";
	if (c->addr.sa.sa_family && local->addr.sa.sa_family &&
	    c->addr.sa.sa_family != local->addr.sa.sa_family)
		return "address of the other IP version";
	if (!codec_pick(local, m, &id))
		return "no codec in common";

	return NULL;
}


static int media_pick(const struct sipd_sdp_local *local,
		      const struct sdp *sdp, const struct media **mp)
{
	const char *why = NULL;
	size_t i;

	for (i = 0; i < sdp->mediac; i++) {
		const char *w = unusable(local, sdp, &sdp->media[i]);

		if (!w) {
			*mp = &sdp->media[i];
			return 0;
		}
		/* what is wrong with the audio says more than "no audio" */
		if (!why || span_is(sdp->media[i].type, "audio"))
			why = w;
	}

	return sipd_error(SIPDIALER_EFORMAT, "SDP: %s", why);
}


static void rtcp_fill(struct sipd_sdp_remote *remote, const struct media *m)
{
	if (!remote->rtp.sa.sa_family)
		return;

	remote->rtcp = remote->rtp;
	if (remote->rtcp_mux)
		return;

	if (m->rtcp.set && !m->rtcp.bad &&
	    m->rtcp.addr.sa.sa_family == remote->rtp.sa.sa_family)
		remote->rtcp = m->rtcp.addr;
	if (m->rtcp_port)
		sipd_addr_set_port(&remote->rtcp, m->rtcp_port);
	else if (m->port < UINT16_MAX)
		sipd_addr_set_port(&remote->rtcp, (uint16_t)(m->port + 1));
	else
		memset(&remote->rtcp, 0, sizeof(remote->rtcp));
}


static void remote_fill(struct sipd_sdp_remote *remote,
			const struct sipd_sdp_local *local,
			const struct sdp *sdp, const struct media *m)
{
	const uint8_t dtmf = dtmf_pick(local, m);
	const struct format *f;
	size_t i, k;

	memset(remote, 0, sizeof(*remote));
	memset(remote->pt_in, PT_NONE, sizeof(remote->pt_in));

	remote->rtp = conn_of(sdp, m)->addr;
	remote->dir = m->dir;
	if (remote->rtp.sa.sa_family)
		sipd_addr_set_port(&remote->rtp, m->port);
	else /* hold of RFC 2543: nowhere to send to */
		remote->dir &= ~SIPD_SENDONLY & SIPD_SENDRECV;

	f = codec_pick(local, m, &remote->codec);
	if (f) /* media_pick() has seen to it */
		remote->pt = f->pt;
	for (i = 0; i < local->codecc; i++) {
		for (k = 0; k < CODECS; k++) {
			if (codec_table[k].id == local->codecs[i])
				remote->pt_in[codec_table[k].id] =
					codec_table[k].pt;
		}
	}
	remote->dtmf_pt = dtmf == PT_NONE ? -1 : dtmf;
	remote->ptime = ptime_of(m);
}


static const char *dir_word(enum sipd_dir dir)
{
	static const char *const words[] = {
		"inactive", "recvonly", "sendonly", "sendrecv"
	};

	return words[dir & SIPD_SENDRECV];
}


static void head_write(struct sipd_text *t, const struct sipd_sdp_local *local)
{
	const char *ver = local->addr.sa.sa_family == AF_INET6 ? "IP6" : "IP4";
	char host[SIPD_ADDR_SIZE];

	(void)sipd_addr_host(&local->addr, host, sizeof(host));
	sipd_text_printf(t, "v=0\r\no=- %llu %llu IN %s %s\r\ns=-\r\n"
			 "c=IN %s %s\r\nt=0 0\r\n",
			 (unsigned long long)local->session_id,
			 (unsigned long long)local->version,
			 ver, host, ver, host);
}


static void dtmf_write(struct sipd_text *t, unsigned pt)
{
	sipd_text_printf(t, "a=rtpmap:%u telephone-event/8000\r\n"
			 "a=fmtp:%u 0-16\r\n", pt, pt);
}


size_t sipd_sdp_offer(const struct sipd_sdp_local *local, char *buf,
		      size_t size)
{
	struct sipd_text t;
	size_t i, k;

	sipd_text_init(&t, buf, size);
	head_write(&t, local);
	sipd_text_printf(&t, "m=audio %u RTP/AVP",
			 sipd_addr_port(&local->addr));
	for (i = 0; i < local->codecc; i++) {
		for (k = 0; k < CODECS; k++) {
			if (codec_table[k].id == local->codecs[i])
				sipd_text_printf(&t, " %u",
						 codec_table[k].pt);
		}
	}
	if (local->telephone_event)
		sipd_text_printf(&t, " %d", DTMF_PT);
	sipd_text_add(&t, "\r\n");

	for (i = 0; i < local->codecc; i++) {
		for (k = 0; k < CODECS; k++) {
			if (codec_table[k].id == local->codecs[i])
				sipd_text_printf(&t, "a=rtpmap:%u %s/8000\r\n",
						 codec_table[k].pt,
						 codec_table[k].name);
		}
	}
	if (local->telephone_event)
		dtmf_write(&t, DTMF_PT);
	sipd_text_printf(&t, "a=ptime:%d\r\na=sendrecv\r\n", PTIME);

	return sipd_text_cut(&t) ? 0 : t.len;
}


int sipd_sdp_answer_read(const struct sipd_sdp_local *local, const char *text,
			 size_t len, struct sipd_sdp_remote *remote)
{
	const struct media *m = NULL;
	struct sdp sdp;
	int err;

	err = sdp_read(&sdp, text, len);
	if (!err)
		err = media_pick(local, &sdp, &m);
	if (err)
		return err;

	remote_fill(remote, local, &sdp, m);
	remote->rtcp_mux = m->mux;
	rtcp_fill(remote, m);

	return 0;
}


static void answer_media(struct sipd_text *t,
			 const struct sipd_sdp_local *local,
			 const struct sipd_sdp_remote *remote,
			 const struct media *m)
{
	size_t k;

	sipd_text_printf(t, "m=audio %u %.*s %u", sipd_addr_port(&local->addr),
			 (int)m->proto.l, m->proto.p, remote->pt);
	if (remote->dtmf_pt >= 0)
		sipd_text_printf(t, " %d", remote->dtmf_pt);
	sipd_text_add(t, "\r\n");

	for (k = 0; k < CODECS; k++) {
		if (codec_table[k].id == remote->codec)
			sipd_text_printf(t, "a=rtpmap:%u %s/8000\r\n",
					 remote->pt, codec_table[k].name);
	}
	if (remote->dtmf_pt >= 0)
		dtmf_write(t, (unsigned)remote->dtmf_pt);
	sipd_text_printf(t, "a=ptime:%u\r\na=%s\r\n", remote->ptime,
			 dir_word(remote->dir));
}


int sipd_sdp_offer_read(const struct sipd_sdp_local *local, const char *text,
			size_t len, struct sipd_sdp_remote *remote,
			char *answer, size_t size)
{
	const struct media *m = NULL;
	struct sipd_text t;
	struct sdp sdp;
	size_t i;
	int err;

	err = sdp_read(&sdp, text, len);
	if (!err)
		err = media_pick(local, &sdp, &m);
	if (err)
		return err;

	/* rtcp-mux is not accepted: our RTCP has a port of its own */
	remote_fill(remote, local, &sdp, m);
	rtcp_fill(remote, m);
	remote->pt_in[remote->codec] = remote->pt; /* as our answer names it */

	sipd_text_init(&t, answer, size);
	head_write(&t, local);
	for (i = 0; i < sdp.mediac; i++) {
		const struct media *o = &sdp.media[i];

		if (o == m)
			answer_media(&t, local, remote, m);
		else
			sipd_text_printf(&t, "m=%.*s 0 %.*s %.*s\r\n",
					 (int)o->type.l, o->type.p,
					 (int)o->proto.l, o->proto.p,
					 (int)o->fmts.l, o->fmts.p);
	}
	if (sipd_text_cut(&t))
		return sipd_error(SIPDIALER_EFORMAT,
				  "SDP answer of %zu bytes, limit %zu",
				  t.len, size - 1);

	return 0;
}
