/*
 * One RTP stream: what a telephone says and what it makes of what it hears.
 * RFC 3550, RFC 3551, RFC 4733.
 */
#include "stream.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { DIGIT_TICKS = 5, DIGIT_ENDS = 3, DIGIT_GAP = 4 };

static const char keys[] = "0123456789*#ABCD";


uint16_t stream_port(const struct stream *s)
{
	return s->port;
}


void stream_remote(struct stream *s, const struct sdp *r)
{
	s->to = r->rtp;
	s->pt = r->pt;
	s->te_pt = r->te_pt;
	s->wants = r->dir == DIR_SENDRECV || r->dir == DIR_RECVONLY;
	if (!r->rtp.sin_addr.s_addr)
		s->wants = false;
}


void stream_play(struct stream *s, enum sound_id id, bool loop)
{
	s->sound = id;
	s->pos = 0;
	s->loop = loop;
}


uint64_t stream_left_ms(const struct stream *s)
{
	return s->sound ? (s->net->sounds.s[s->sound].n - s->pos) / 8 : 0;
}


void stream_echo(struct stream *s)
{
	s->echo = true;
}


void stream_dtmf(struct stream *s, const char *digits)
{
	s->digits = digits;
	s->digit_tick = 0;
}


void stream_hold(struct stream *s, bool held)
{
	s->held = held;
}


void stream_bad_net(struct stream *s)
{
	s->bad_net = true;
}


static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}


static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}


static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}


static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}


static void send_now(struct stream *s, const uint8_t *p, size_t n)
{
	if (sendto(s->rtp.fd, p, n, MSG_DONTWAIT, (struct sockaddr *)&s->to,
		   sizeof(s->to)) >= 0)
		s->tx++;
}


/* One of ten is lost; two of ten come 20 to 60 ms late. */
static void send_badly(struct stream *s, const uint8_t *p, size_t n)
{
	unsigned dice;

	s->rnd = mix64(s->rnd);
	dice = (unsigned)(s->rnd % 10);
	if (dice == 0)
		return;
	for (int i = 0; dice <= 2 && i < LATE_MAX; i++) {
		struct late *l = &s->late[i];

		if (l->ticks)
			continue;
		memcpy(l->data, p, n);
		l->len = n;
		l->ticks = 1 + (unsigned)((s->rnd >> 8) % 3);
		return;
	}
	send_now(s, p, n);
}


static void packet(struct stream *s, int pt, bool mark, uint32_t ts,
		   const uint8_t *payload, size_t n)
{
	uint8_t p[PACKET_MAX];

	p[0] = 0x80;
	p[1] = (uint8_t)((mark ? 0x80 : 0) | pt);
	put16(p + 2, s->seq++);
	put32(p + 4, ts);
	put32(p + 8, s->ssrc);
	memcpy(p + 12, payload, n);
	s->octets += n;
	if (s->bad_net)
		send_badly(s, p, 12 + n);
	else
		send_now(s, p, 12 + n);
}


/* Without telephone-event: the two tones themselves. */
static void inband(int16_t *pcm, char key, uint32_t ts)
{
	static const double row[] = {697, 770, 852, 941};
	static const double col[] = {1209, 1336, 1477, 1633};
	static const char pad[] = "123A456B789C*0#D";
	const char *at = strchr(pad, key);
	size_t k = at ? (size_t)(at - pad) : 0;

	for (int i = 0; i < FRAME; i++) {
		double t = 2 * 3.14159265358979 * (ts + (uint32_t)i) / 8000;

		pcm[i] = (int16_t)(6000 * (sin(t * row[k / 4]) +
					   sin(t * col[k % 4])));
	}
}


/* True when this tick belongs to a digit (and no audio is to be sent). */
static bool digit_tick(struct stream *s, int16_t *pcm)
{
	unsigned k = s->digit_tick++;
	uint8_t ev[4];

	if (!s->digits || !*s->digits)
		return false;
	if (k >= DIGIT_TICKS + DIGIT_GAP) {
		s->digits++;
		s->digit_tick = 0;
		return false;
	}
	if (k == 0)
		s->digit_ts = s->ts;
	if (s->te_pt < 0 && k < DIGIT_TICKS)
		inband(pcm, *s->digits, s->ts - s->digit_ts);
	if (s->te_pt < 0 || k >= DIGIT_TICKS)
		return false;
	ev[0] = (uint8_t)(strchr(keys, *s->digits) - keys);
	for (unsigned i = 0; i < (k == DIGIT_TICKS - 1 ? DIGIT_ENDS : 1);
	     i++) {
		ev[1] = k == DIGIT_TICKS - 1 ? 0x80 | 10 : 10;
		put16(ev + 2, (k + 1) * FRAME);
		packet(s, s->te_pt, k == 0, s->digit_ts, ev, 4);
	}
	return true;
}


static void next_audio(struct stream *s, int16_t *pcm)
{
	const struct sound *snd = &s->net->sounds.s[s->sound];

	memset(pcm, 0, FRAME * sizeof(*pcm));
	if (s->sound) {
		size_t n = snd->n - s->pos < FRAME ? snd->n - s->pos : FRAME;

		memcpy(pcm, snd->pcm + s->pos, n * sizeof(*pcm));
		s->pos += n;
		if (s->pos == snd->n) {
			s->pos = 0;
			if (!s->loop)
				s->sound = SOUND_NONE;
		}
	}
	else if (s->echo && s->fifo_n >= (s->primed ? 1 : 2) * FRAME) {
		s->primed = true;
		memcpy(pcm, s->fifo, FRAME * sizeof(*pcm));
		s->fifo_n -= FRAME;
		memmove(s->fifo, s->fifo + FRAME, s->fifo_n * sizeof(*pcm));
	}
	else {
		s->primed = false;
	}
}


static void send_late(struct stream *s)
{
	for (int i = 0; i < LATE_MAX; i++)
		if (s->late[i].ticks && !--s->late[i].ticks)
			send_now(s, s->late[i].data, s->late[i].len);
}


void stream_tick(struct stream *s)
{
	int16_t pcm[FRAME];
	uint8_t pay[FRAME];

	s->ts += FRAME;
	if (s->pt < 0 || !s->wants || s->held)
		return;
	if (s->bad_net)
		send_late(s);
	next_audio(s, pcm);
	if (s->digits && digit_tick(s, pcm))
		return;
	for (int i = 0; i < FRAME; i++)
		pay[i] = s->pt == 8 ? alaw_of(pcm[i]) : ulaw_of(pcm[i]);
	packet(s, s->pt, s->tx == 0, s->ts, pay, FRAME);
}


/*
 * RFC 4733 2.5: the timestamp names the event; the end comes three times
 * and any of them, or the next event, may be lost.
 */
static void heard_event(struct stream *s, uint32_t ts, const uint8_t *p)
{
	bool fresh = !s->te_open || ts != s->te_ts;

	if (fresh && s->te_open && !s->te_done)
		s->digit_h(s->call, keys[s->te_event & 15], s->te_ms);
	if (fresh)
		s->te_done = false;
	s->te_open = true;
	s->te_ts = ts;
	s->te_event = p[0];
	s->te_ms = get16(p + 2) / 8;
	if ((p[1] & 0x80) && !s->te_done && p[0] < 16) {
		s->te_done = true;
		s->digit_h(s->call, keys[p[0]], s->te_ms);
	}
}


/* Puts audio where its timestamp says; a jump starts a new base. */
static void record(struct stream *s, uint32_t ssrc, uint32_t ts,
		   const int16_t *pcm, size_t n)
{
	bool after = s->call->b->flags & B_RECORD;
	size_t at;
	int32_t off;

	if (!s->net->opt.record || (after && s->sound))
		return;
	off = (int32_t)(ts - s->rec_ts);
	if (!s->rec_on || ssrc != s->rec_ssrc || off > 80000 || off < -80000) {
		s->rec_at = s->rec_n;
		off = 0;
	}
	if (off < 0 && (size_t)-off > s->rec_at)
		return;
	at = s->rec_at + (size_t)(int64_t)off;
	if (at + n > REC_MAX)
		return;
	if (at + n > s->rec_cap) {
		s->rec_cap = (at + n) * 2;
		s->rec = need(realloc(s->rec, s->rec_cap * sizeof(*pcm)));
	}
	if (at + n > s->rec_n) {
		if (at > s->rec_n)
			memset(s->rec + s->rec_n, 0,
			       (at - s->rec_n) * sizeof(*pcm));
		s->rec_n = at + n;
	}
	memcpy(s->rec + at, pcm, n * sizeof(*pcm));
	s->rec_on = true;
	s->rec_ssrc = ssrc;
	s->rec_ts = ts;
	s->rec_at = at;
}


static void heard_audio(struct stream *s, const uint8_t *p, size_t n, int pt,
			uint32_t ts, uint32_t ssrc)
{
	int16_t pcm[1024];

	if (n > 1024)
		n = 1024;
	for (size_t i = 0; i < n; i++)
		pcm[i] = pt == 8 ? alaw_to(p[i]) : ulaw_to(p[i]);
	record(s, ssrc, ts, pcm, n);
	if (!s->echo || s->sound)
		return;
	if (s->fifo_n + n > ECHO_MAX)
		s->fifo_n = 0;
	memcpy(s->fifo + s->fifo_n, pcm, n * sizeof(*pcm));
	s->fifo_n += n;
}


/* Sequence and jitter for the report blocks.  RFC 3550 A.1, A.8 */
static void account(struct stream *s, uint32_t seq, uint32_t ts, uint32_t ssrc)
{
	uint32_t transit = (uint32_t)(now_us() / 125) - ts;
	int32_t d = (int32_t)(transit - s->last_transit);
	uint32_t up;

	if (!s->rx || ssrc != s->peer_ssrc) {
		s->peer_ssrc = ssrc;
		s->base_seq = s->max_seq = seq;
		s->jitter16 = 0;
		s->last_rx = s->last_expected = 0;
		s->rx = 0;
	}
	else {
		up = (seq - s->max_seq) & 0xffff;
		if (up && up < 0x8000)
			s->max_seq += up;
		d = d < 0 ? -d : d;
		s->jitter16 += (uint32_t)d - ((s->jitter16 + 8) >> 4);
	}
	s->last_transit = transit;
	s->rx++;
}


void stream_rtp(struct stream *s, const uint8_t *p, size_t n)
{
	size_t head = 12;
	int pt;

	if (n < 12 || p[0] >> 6 != 2)
		return;
	head += 4 * (size_t)(p[0] & 15);
	if (p[0] & 0x10 && n >= head + 4)
		head += 4 + 4 * (size_t)get16(p + head + 2);
	if (n <= head)
		return;
	pt = p[1] & 0x7f;
	account(s, get16(p + 2), get32(p + 4), get32(p + 8));
	if (pt == s->te_pt && n >= head + 4)
		heard_event(s, get32(p + 4), p + head);
	else if (pt == 0 || pt == 8)
		heard_audio(s, p + head, n - head, pt, get32(p + 4),
			    get32(p + 8));
}


/* A sender report is answered with ours, so that round trips show. */
void stream_rtcp(struct stream *s, const uint8_t *p, size_t n,
		 const struct sockaddr_in *from, int fd)
{
	uint8_t r[52 + 16] = {0};
	uint64_t w = wall_us();
	uint32_t ntp = (uint32_t)(w / 1000000 + 2208988800u);
	uint32_t expected = s->max_seq - s->base_seq + 1, lost, fraction = 0;
	uint32_t de, dr;

	if (n < 28 || p[0] >> 6 != 2 || p[1] != 200 ||
	    s->net->loop.now - s->rtcp_us < 1000000)
		return;
	s->rtcp_us = s->net->loop.now;
	lost = expected > s->rx ? expected - (uint32_t)s->rx : 0;
	de = expected - s->last_expected;
	dr = (uint32_t)s->rx - s->last_rx;
	if (de > dr)
		fraction = ((de - dr) << 8) / de;
	s->last_expected = expected;
	s->last_rx = (uint32_t)s->rx;
	r[0] = 0x81;
	r[1] = 200;
	put16(r + 2, 12);
	put32(r + 4, s->ssrc);
	put32(r + 8, ntp);
	put32(r + 12, (uint32_t)(((w % 1000000) << 32) / 1000000));
	put32(r + 16, s->ts);
	put32(r + 20, (uint32_t)s->tx);
	put32(r + 24, (uint32_t)s->octets);
	put32(r + 28, s->peer_ssrc);
	put32(r + 32,
	      (fraction > 255 ? 255u : fraction) << 24 | (lost & 0xffffff));
	put32(r + 36, s->max_seq);
	put32(r + 40, s->jitter16 >> 4);
	/* LSR: the middle of their NTP time; DLSR: answered at once */
	put32(r + 44, get32(p + 8) << 16 | get32(p + 12) >> 16);
	put32(r + 48, 0);
	r[52] = 0x81; /* SDES with a CNAME, which a compound needs */
	r[53] = 202;
	put16(r + 54, 3);
	put32(r + 56, s->ssrc);
	r[60] = 1;
	r[61] = 5;
	memcpy(r + 62, "phone", 5);
	sendto(fd, r, sizeof(r), MSG_DONTWAIT, (const struct sockaddr *)from,
	       sizeof(*from));
}
