/*
 * RTP of the telephones: one socket pair a call, all on a 20 ms clock.
 */
#ifndef PHONENET_MEDIA_H
#define PHONENET_MEDIA_H

#include "net.h"
#include "sdp.h"

struct media;
struct stream;

typedef void (*digit_h)(void *arg, char digit, unsigned ms);

struct media *media_new(struct net *n);
void media_free(struct media *m);
/* Frees streams closed in this turn. */
void media_reap(struct media *m);

/* NULL when no port is free. */
struct stream *stream_open(struct media *m, struct call *c, digit_h h);
/* Writes the recording, if any. */
void stream_close(struct stream *s, uint64_t *rx, uint64_t *tx);
uint16_t stream_port(const struct stream *s);
void stream_remote(struct stream *s, const struct sdp *remote);
void stream_play(struct stream *s, enum sound_id id, bool loop);
uint64_t stream_left_ms(const struct stream *s);
void stream_echo(struct stream *s);
void stream_dtmf(struct stream *s, const char *digits);
void stream_hold(struct stream *s, bool held);
void stream_bad_net(struct stream *s);

#endif
