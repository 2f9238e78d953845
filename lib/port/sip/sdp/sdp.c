/**
 * @file port/sip/sdp/sdp.c  Offer and answer of one audio stream
 *
 * Works on any thread.  RFC 3264, 3551, 4733, 5761
 */
#include "port/sip/sdp/sdp.h"

#include <string.h>
#include "base/error.h"
#include "base/text.h"
#include "port/sip/sdp/parse.h"

enum {
	DTMF_PT = 101, /* ours; the usual number */
	PT_NONE = 255,
	PTIME = 20 /* ms */
};


static bool local_has(const struct sipd_sdp_local *local, enum sdp_kind kind,
		      enum sipd_codec_id *id)
{
	size_t i, k;

	for (k = 0; k < SDP_CODECS; k++) {
		if (sdp_codecs[k].kind != kind)
			continue;
		for (i = 0; i < local->codecc; i++) {
			if (local->codecs[i] == sdp_codecs[k].id) {
				*id = sdp_codecs[k].id;
				return true;
			}
		}
	}

	return false;
}


static const struct sdp_format *codec_pick(const struct sipd_sdp_local *local,
					   const struct sdp_media *m,
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
			 const struct sdp_media *m)
{
	size_t i;

	for (i = 0; local->telephone_event && i < m->formatc; i++) {
		if (m->formats[i].kind == KIND_DTMF)
			return m->formats[i].pt;
	}

	return PT_NONE;
}


/* Packets we can make: whole tens, at most what G.711 packs well. */
static uint32_t ptime_of(const struct sdp_media *m)
{
	uint32_t ptime = m->ptime ? m->ptime : PTIME;

	if (m->maxptime && ptime > m->maxptime)
		ptime = m->maxptime;
	if (ptime < 10 || ptime > 60 || ptime % 10)
		ptime = PTIME;

	return ptime;
}


static const struct sdp_conn *conn_of(const struct sdp *sdp,
				      const struct sdp_media *m)
{
	return m->conn.set ? &m->conn : &sdp->conn;
}


/* Why this m= line cannot be used, NULL if it can. */
static const char *unusable(const struct sipd_sdp_local *local,
			    const struct sdp *sdp, const struct sdp_media *m)
{
	const struct sdp_conn *c = conn_of(sdp, m);
	enum sipd_codec_id id;

	if (!sdp_span_is(m->type, "audio"))
		return "no audio";
	if (!sdp_span_is(m->proto, "RTP/AVP") &&
	    !sdp_span_is(m->proto, "RTP/AVPF"))
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
		      const struct sdp *sdp, const struct sdp_media **mp)
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
		if (!why || sdp_span_is(sdp->media[i].type, "audio"))
			why = w;
	}

	return sipd_error(SIPDIALER_EFORMAT, "SDP: %s", why);
}


static void rtcp_fill(struct sipd_sdp_remote *remote,
		      const struct sdp_media *m)
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
			const struct sdp *sdp, const struct sdp_media *m)
{
	const uint8_t dtmf = dtmf_pick(local, m);
	const struct sdp_format *f;
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
		for (k = 0; k < SDP_CODECS; k++) {
			if (sdp_codecs[k].id == local->codecs[i])
				remote->pt_in[sdp_codecs[k].id] =
					sdp_codecs[k].pt;
		}
	}
	remote->dtmf_pt = dtmf == PT_NONE ? -1 : dtmf;
	remote->ptime = ptime_of(m);
}


static const char *dir_word(enum sipd_dir dir)
{
	/* clang-format off */
	static const char *const words[] = {
		"inactive", "recvonly", "sendonly", "sendrecv",
	};
	/* clang-format on */

	return words[dir & SIPD_SENDRECV];
}


static void head_write(struct sipd_text *t, const struct sipd_sdp_local *local)
{
	const char *ver = local->addr.sa.sa_family == AF_INET6 ? "IP6" : "IP4";
	char host[SIPD_ADDR_SIZE];

	(void)sipd_addr_host(&local->addr, host, sizeof(host));
	sipd_text_printf(t,
			 "v=0\r\no=- %llu %llu IN %s %s\r\ns=-\r\n"
			 "c=IN %s %s\r\nt=0 0\r\n",
			 (unsigned long long)local->session_id,
			 (unsigned long long)local->version, ver, host, ver,
			 host);
}


static void dtmf_write(struct sipd_text *t, unsigned pt)
{
	sipd_text_printf(t,
			 "a=rtpmap:%u telephone-event/8000\r\n"
			 "a=fmtp:%u 0-16\r\n",
			 pt, pt);
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
		for (k = 0; k < SDP_CODECS; k++) {
			if (sdp_codecs[k].id == local->codecs[i])
				sipd_text_printf(&t, " %u", sdp_codecs[k].pt);
		}
	}
	if (local->telephone_event)
		sipd_text_printf(&t, " %d", DTMF_PT);
	sipd_text_add(&t, "\r\n");

	for (i = 0; i < local->codecc; i++) {
		for (k = 0; k < SDP_CODECS; k++) {
			if (sdp_codecs[k].id == local->codecs[i])
				sipd_text_printf(&t, "a=rtpmap:%u %s/8000\r\n",
						 sdp_codecs[k].pt,
						 sdp_codecs[k].name);
		}
	}
	if (local->telephone_event)
		dtmf_write(&t, DTMF_PT);
	sipd_text_printf(&t, "a=ptime:%d\r\na=sendrecv\r\n", PTIME);

	return sipd_text_cut(&t) ? 0 : t.len;
}


/* The description, and the stream of it that we take. */
static int media_read(struct sdp *sdp, const struct sdp_media **m,
		      const struct sipd_sdp_local *local, const char *text,
		      size_t len)
{
	const int err = sdp_parse(sdp, text, len);

	return err ? err : media_pick(local, sdp, m);
}


int sipd_sdp_answer_read(const struct sipd_sdp_local *local, const char *text,
			 size_t len, struct sipd_sdp_remote *remote)
{
	const struct sdp_media *m = NULL;
	struct sdp sdp;
	int err;

	err = media_read(&sdp, &m, local, text, len);
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
			 const struct sdp_media *m)
{
	size_t k;

	sipd_text_printf(t, "m=audio %u %.*s %u", sipd_addr_port(&local->addr),
			 (int)m->proto.l, m->proto.p, remote->pt);
	if (remote->dtmf_pt >= 0)
		sipd_text_printf(t, " %d", remote->dtmf_pt);
	sipd_text_add(t, "\r\n");

	for (k = 0; k < SDP_CODECS; k++) {
		if (sdp_codecs[k].id == remote->codec)
			sipd_text_printf(t, "a=rtpmap:%u %s/8000\r\n",
					 remote->pt, sdp_codecs[k].name);
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
	const struct sdp_media *m = NULL;
	struct sipd_text t;
	struct sdp sdp;
	size_t i;
	int err;

	err = media_read(&sdp, &m, local, text, len);
	if (err)
		return err;

	/* rtcp-mux is not accepted: our RTCP has a port of its own */
	remote_fill(remote, local, &sdp, m);
	rtcp_fill(remote, m);
	remote->pt_in[remote->codec] = remote->pt; /* as our answer names it */

	sipd_text_init(&t, answer, size);
	head_write(&t, local);
	for (i = 0; i < sdp.mediac; i++) {
		const struct sdp_media *o = &sdp.media[i];

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
				  "SDP answer of %zu bytes, limit %zu", t.len,
				  size - 1);

	return 0;
}
