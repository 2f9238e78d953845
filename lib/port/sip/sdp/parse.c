/**
 * @file port/sip/sdp/parse.c  Reads a session description
 *
 * A strict, small parser of our own: a peer's text never leads to a DNS
 * lookup, an allocation or a loop over more than is written here.  Works on
 * any thread.  RFC 8866, 3605
 */
#include "port/sip/sdp/parse.h"

#include <ctype.h>
#include <string.h>
#include <arpa/inet.h>
#include "base/error.h"

enum {
	SDP_MAX = 16384,     /* bytes of a description */
	LINE_MAX_LEN = 2048, /* bytes of a line */
	PORT_MIN = 1024,     /* no RTP is sent below */
	CN_PT = 13           /* RFC 3389 */
};


bool sdp_span_is(struct span s, const char *word)
{
	return s.l == strlen(word) && memcmp(s.p, word, s.l) == 0;
}


bool sdp_span_is_ci(struct span s, const char *word)
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


struct span sdp_token(struct span *rest, const char *seps)
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


bool sdp_span_uint(struct span s, uint32_t max, uint32_t *value)
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
static struct sdp_conn conn_read(struct span s)
{
	struct sdp_conn c = {.set = true, .bad = true};
	const struct span net = sdp_token(&s, " ");
	const struct span type = sdp_token(&s, " ");
	const struct span host = sdp_token(&s, " ");
	char text[INET6_ADDRSTRLEN];

	if (!sdp_span_is(net, "IN") || !host.l || host.l >= sizeof(text))
		return c;
	if (!sdp_span_is(type, "IP4") && !sdp_span_is(type, "IP6"))
		return c;

	memcpy(text, host.p, host.l);
	text[host.l] = '\0';
	if (!sipd_addr_parse(&c.addr, text, 0))
		return c;
	if ((c.addr.sa.sa_family == AF_INET6) != sdp_span_is(type, "IP6"))
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


/* What a number means that no rtpmap names. RFC 3551 6 */
static void format_static(struct sdp_format *f, uint8_t pt)
{
	memset(f, 0, sizeof(*f));
	f->pt = pt;
	f->codec = sipd_codec_from_pt(pt);
	if (f->codec)
		f->kind = KIND_CODEC;
	else if (pt == CN_PT)
		f->kind = KIND_CN;
}


static void formats_read(struct sdp_media *m)
{
	struct span rest = m->fmts;

	while (rest.l && m->formatc < SDP_FORMAT_MAX) {
		const struct span t = sdp_token(&rest, " ");
		uint32_t pt;

		if (!sdp_span_uint(t, 127, &pt))
			continue;
		m->formats[m->formatc].pt = (uint8_t)pt;
		format_static(&m->formats[m->formatc++], (uint8_t)pt);
	}
}


/* "audio 40000 RTP/AVP 0 8 101" */
static int media_read(struct sdp *sdp, struct span s)
{
	struct sdp_media *m;
	struct span port;
	uint32_t number;

	if (sdp->mediac >= SDP_MEDIA_MAX)
		return sipd_error(SIPDIALER_EFORMAT,
				  "SDP has more than %d m= lines",
				  SDP_MEDIA_MAX);

	m = &sdp->media[sdp->mediac++];
	memset(m, 0, sizeof(*m));
	m->dir = sdp->dir;
	m->type = sdp_token(&s, " ");
	port = sdp_token(&s, " ");
	m->proto = sdp_token(&s, " ");
	m->fmts = s;
	if (!m->type.l || !port.l || !m->proto.l)
		return sipd_error(SIPDIALER_EFORMAT, "SDP: m= line is cut");

	/* "port/2" would be a layered stream: not usable, but no error */
	if (sdp_span_uint(port, UINT16_MAX, &number) && number >= PORT_MIN)
		m->port = (uint16_t)number;
	formats_read(m);

	return 0;
}


/* Which clocks of keys we know. */
static bool event_clock(uint32_t hz)
{
	return hz == 8000 || hz == 16000 || hz == 48000;
}


/* What "name/clock/channels" stands for; pt is left as it is. */
static void format_name(struct sdp_format *f, struct span name, uint32_t hz,
			uint32_t channels)
{
	f->codec = sipd_codec_from_rtpmap(name.p, name.l, hz, channels);
	f->khz = 0;
	f->kind = KIND_OTHER;
	if (f->codec) {
		f->kind = KIND_CODEC;
	}
	else if (sdp_span_is_ci(name, "telephone-event") && event_clock(hz)) {
		f->kind = KIND_DTMF;
		f->khz = (uint8_t)(hz / 1000);
	}
	else if (sdp_span_is_ci(name, "CN")) {
		f->kind = KIND_CN;
	}
}


/* "0 PCMU/8000/1": a format is what rtpmap calls it, whatever its number */
static void rtpmap_read(struct sdp_media *m, struct span s)
{
	const struct span pts = sdp_token(&s, " ");
	const struct span name = sdp_token(&s, "/ ");
	const struct span clock = sdp_token(&s, "/ ");
	const struct span chans = sdp_token(&s, "/ ");
	uint32_t pt, hz = 0, channels = 0;
	size_t i;

	if (!sdp_span_uint(pts, 127, &pt))
		return;
	if (!sdp_span_uint(clock, UINT32_MAX, &hz) ||
	    (chans.l && !sdp_span_uint(chans, 255, &channels)))
		hz = 0;

	for (i = 0; i < m->formatc; i++) {
		if (m->formats[i].pt == pt)
			format_name(&m->formats[i], name, hz, channels);
	}
}


/* "107 useinbandfec=1; maxaveragebitrate=20000" */
static void fmtp_read(struct sdp_media *m, struct span s)
{
	const struct span pts = sdp_token(&s, " ");
	uint32_t pt;
	size_t i;

	if (!sdp_span_uint(pts, 127, &pt))
		return;
	for (i = 0; i < m->formatc; i++) {
		if (m->formats[i].pt == pt)
			m->formats[i].fmtp = s;
	}
}


bool sdp_fmtp_uint(struct span fmtp, const char *name, uint32_t max,
		   uint32_t *value)
{
	while (fmtp.l) {
		struct span param = sdp_token(&fmtp, ";");
		const struct span key = sdp_token(&param, "= ");

		if (sdp_span_is_ci(key, name))
			return sdp_span_uint(sdp_token(&param, " "), max,
					     value);
	}

	return false;
}


/* "40001" or "40001 IN IP4 192.0.2.1". RFC 3605 */
static void rtcp_read(struct sdp_media *m, struct span s)
{
	const struct span port = sdp_token(&s, " ");
	uint32_t number;

	if (!sdp_span_uint(port, UINT16_MAX, &number) || number < PORT_MIN)
		return;
	m->rtcp_port = (uint16_t)number;
	if (s.l)
		m->rtcp = conn_read(s);
}


static bool dir_read(struct span name, enum sipd_dir *dir)
{
	/* clang-format off */
	static const struct { const char *word; enum sipd_dir ours; } t[] = {
		{ "sendrecv", SIPD_SENDRECV },
		{ "sendonly", SIPD_RECVONLY }, /* they send: we receive */
		{ "recvonly", SIPD_SENDONLY },
		{ "inactive", SIPD_INACTIVE },
	};
	/* clang-format on */
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (sdp_span_is(name, t[i].word)) {
			*dir = t[i].ours;
			return true;
		}
	}

	return false;
}


/* Told to the far end again: a token, and not without end. RFC 5888 4 */
static struct span mid_read(struct span s)
{
	static const char marks[] = "!#$%&'*+-.^_`{|}~";
	const struct span none = {NULL, 0};
	size_t i;

	for (i = 0; i < s.l; i++) {
		if (!isalnum((unsigned char)s.p[i]) &&
		    !memchr(marks, s.p[i], sizeof(marks) - 1))
			return none;
	}

	return s.l <= SDP_MID_MAX ? s : none;
}


/* Of the session, or of the m= line it stands under. */
static bool attr_dtls(struct sdp *sdp, struct sdp_media *m, struct span name,
		      struct span s)
{
	if (sdp_span_is(name, "fingerprint"))
		sdp_fingerprint_read(m ? &m->fingerprint : &sdp->fingerprint,
				     s);
	else if (sdp_span_is(name, "setup"))
		*(m ? &m->setup : &sdp->setup) = sdp_setup_read(s);
	else
		return false;

	return true;
}


static void attr_read(struct sdp *sdp, struct span s)
{
	struct sdp_media *m = sdp->mediac ? &sdp->media[sdp->mediac - 1]
					  : NULL;
	const struct span name = sdp_token(&s, ":");

	if (dir_read(name, m ? &m->dir : &sdp->dir) ||
	    attr_dtls(sdp, m, name, s) || !m)
		return;

	if (sdp_span_is(name, "rtpmap"))
		rtpmap_read(m, s);
	else if (sdp_span_is(name, "fmtp"))
		fmtp_read(m, s);
	else if (sdp_span_is(name, "ptime"))
		(void)sdp_span_uint(sdp_token(&s, ". "), UINT32_MAX,
				    &m->ptime);
	else if (sdp_span_is(name, "maxptime"))
		(void)sdp_span_uint(sdp_token(&s, ". "), UINT32_MAX,
				    &m->maxptime);
	else if (sdp_span_is(name, "rtcp"))
		rtcp_read(m, s);
	else if (sdp_span_is(name, "rtcp-mux"))
		m->mux = true;
	else if (sdp_span_is(name, "mid"))
		m->mid = mid_read(s);
	else if (sdp_span_is(name, "crypto") && m->cryptoc < SDP_CRYPTO_MAX)
		m->crypto[m->cryptoc++] = s;
}


static int line_read(struct sdp *sdp, struct span line)
{
	const struct span value = {line.p + 2, line.l - 2};

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


int sdp_parse(struct sdp *sdp, const char *text, size_t len)
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
		struct span line = {p, (size_t)((nl ? nl : end) - p)};

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
		if (first && !sdp_span_is(line, "v=0"))
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
