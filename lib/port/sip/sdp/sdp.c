/**
 * @file port/sip/sdp/sdp.c  Offer and answer of one audio stream
 *
 * Works on any thread.  RFC 3264, 3551, 4733, 5761
 */
#include "port/sip/sdp/sdp.h"

#include <string.h>
#include "base/error.h"
#include "base/text.h"
#include "port/sip/sdp/formats.h"
#include "port/sip/sdp/parse.h"
#include "port/sip/sdp/secure_own.h"

static const struct sdp_conn *conn_of(const struct sdp *sdp,
				      const struct sdp_media *m)
{
	return m->conn.set ? &m->conn : &sdp->conn;
}


/* Why this m= line cannot be used, NULL if it can. */
static const char *unusable(const struct sipd_sdp_local *local,
			    const struct sdp *sdp, const struct sdp_media *m,
			    const struct sdp_secure *secure)
{
	const struct sdp_conn *c = conn_of(sdp, m);

	if (!sdp_span_is(m->type, "audio"))
		return "no audio";
	if (sdp_profile_of(m->proto) == PROFILE_OTHER)
		return "audio not over RTP";
	if (!m->port)
		return "audio refused, or without a usable port";
	if (!secure->rank)
		return secure->why;
	if (!c->set)
		return "no connection address";
	if (c->bad)
		return "connection address is not a unicast IP address";
	if (c->addr.sa.sa_family && local->addr.sa.sa_family &&
	    c->addr.sa.sa_family != local->addr.sa.sa_family)
		return "address of the other IP version";
	if (!sdp_codec_pick(local, m, false))
		return "no codec in common";

	return NULL;
}


/* The one taken: of several that are usable the first that is encrypted. */
struct picked {
	const struct sdp_media *m;
	struct sdp_secure secure;
};


static int media_pick(const struct sipd_sdp_local *local,
		      const struct sdp *sdp, bool answer,
		      struct picked *picked)
{
	const char *why = NULL;
	size_t i;

	picked->m = NULL;
	picked->secure.rank = 0;
	for (i = 0; i < sdp->mediac; i++) {
		const struct sdp_media *m = &sdp->media[i];
		struct sdp_secure secure;
		const char *w;

		sdp_secure_read(&secure, sdp, m, &local->secure, answer);
		w = unusable(local, sdp, m, &secure);
		if (!w && secure.rank > picked->secure.rank) {
			picked->m = m;
			picked->secure = secure;
		}
		/* what is wrong with the audio says more than "no audio" */
		if (w && (!why || sdp_span_is(m->type, "audio")))
			why = w;
	}
	if (picked->m)
		return 0;

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
			const struct sdp *sdp, const struct picked *picked,
			bool offer)
{
	const struct sdp_media *m = picked->m;

	memset(remote, 0, sizeof(*remote));
	remote->rtp = conn_of(sdp, m)->addr;
	remote->dir = m->dir;
	remote->secure = picked->secure.agreed;
	if (remote->rtp.sa.sa_family)
		sipd_addr_set_port(&remote->rtp, m->port);
	else /* hold of RFC 2543: nowhere to send to */
		remote->dir &= ~SIPD_SENDONLY & SIPD_SENDRECV;
	if (local->hold)
		remote->dir &= SIPD_SENDONLY;

	sdp_formats_fill(remote, local, m, offer);
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


size_t sipd_sdp_offer(const struct sipd_sdp_local *local, char *buf,
		      size_t size)
{
	struct sipd_text t;

	sipd_text_init(&t, buf, size);
	head_write(&t, local);
	sipd_text_printf(&t, "m=audio %u %s", sipd_addr_port(&local->addr),
			 sdp_secure_proto(&local->secure));
	sdp_formats_offer(&t, local);
	sipd_text_printf(&t, "a=%s\r\n",
			 dir_word(local->hold ? SIPD_SENDONLY
					      : SIPD_SENDRECV));
	if (local->rtcp_mux || sdp_secure_dtls(&local->secure))
		sipd_text_add(&t, "a=rtcp-mux\r\n");
	sdp_secure_offer(&t, &local->secure);

	return sipd_text_cut(&t) ? 0 : t.len;
}


/* The description, and the stream of it that we take. */
static int media_read(struct sdp *sdp, struct picked *picked,
		      const struct sipd_sdp_local *local, bool answer,
		      const char *text, size_t len)
{
	const int err = sdp_parse(sdp, text, len);

	return err ? err : media_pick(local, sdp, answer, picked);
}


int sipd_sdp_answer_read(const struct sipd_sdp_local *local, const char *text,
			 size_t len, struct sipd_sdp_remote *remote)
{
	struct picked picked;
	struct sdp sdp;
	int err;

	err = media_read(&sdp, &picked, local, true, text, len);
	if (err)
		return err;

	remote_fill(remote, local, &sdp, &picked, false);
	/* RFC 5761 5.1.3 */
	remote->rtcp_mux = picked.m->mux && (local->rtcp_mux ||
					     sdp_secure_dtls(&local->secure));
	rtcp_fill(remote, picked.m);

	return 0;
}


static void answer_media(struct sipd_text *t,
			 const struct sipd_sdp_local *local,
			 const struct sipd_sdp_remote *remote,
			 const struct picked *picked)
{
	const struct sdp_media *m = picked->m;

	sipd_text_printf(t, "m=audio %u %.*s", sipd_addr_port(&local->addr),
			 (int)m->proto.l, m->proto.p);
	sdp_formats_answer(t, remote);
	sipd_text_printf(t, "a=%s\r\n", dir_word(remote->dir));
	if (m->mid.l)
		sipd_text_printf(t, "a=mid:%.*s\r\n", (int)m->mid.l, m->mid.p);
	if (remote->rtcp_mux)
		sipd_text_add(t, "a=rtcp-mux\r\n");
	sdp_secure_answer(t, &local->secure, &picked->secure);
}


int sipd_sdp_offer_read(const struct sipd_sdp_local *local, const char *text,
			size_t len, struct sipd_sdp_remote *remote,
			char *answer, size_t size)
{
	struct picked picked;
	struct sipd_text t;
	struct sdp sdp;
	size_t i;
	int err;

	err = media_read(&sdp, &picked, local, false, text, len);
	if (err)
		return err;

	remote_fill(remote, local, &sdp, &picked, true);
	/* RTCP of its own would want a second handshake. RFC 5764 3 */
	remote->rtcp_mux = picked.m->mux &&
			   (local->rtcp_mux || remote->secure.role);
	rtcp_fill(remote, picked.m);

	sipd_text_init(&t, answer, size);
	head_write(&t, local);
	for (i = 0; i < sdp.mediac; i++) {
		const struct sdp_media *o = &sdp.media[i];

		if (o == picked.m)
			answer_media(&t, local, remote, &picked);
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
