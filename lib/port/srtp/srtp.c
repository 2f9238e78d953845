/**
 * @file port/srtp/srtp.c  SRTP and SRTCP, one direction of a stream
 */
/* SHA1_Update() and not EVP_MAC: that allocates for each packet */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "port/srtp/srtp.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

enum {
	HEADER = 12, /* of RTP */
	RTCP_HEADER = 8,
	SALT = 14,
	IV = 16,
	AUTH = 20, /* bytes of the key of HMAC-SHA1 */
	BLOCK = 64,
	WINDOW = 64, /* packets. 3.3.2 */
	LABELS = 3,  /* RTCP's come behind those of RTP */
	PACKET = 1500
};

static const uint32_t encrypted = 0x80000000u;
static const uint32_t index_max = 0x7fffffffu; /* of SRTCP. 3.4 */

/* Keys of RTP or of RTCP. */
struct keys {
	EVP_CIPHER_CTX *cipher;
	uint8_t salt[SALT];
	SHA_CTX inner, outer; /* HMAC, its key already taken in */
};

struct window {
	bool set;
	uint64_t top;  /* highest index that was good */
	uint64_t seen; /* bit i: top - i came */
};

/* What is known of an SSRC. */
struct source {
	bool used;
	uint32_t ssrc;
	uint64_t last; /* when it was used, by the count of packets */
	struct window rtp, rtcp;
};

struct sipd_srtp {
	const struct sipd_srtp_suite_def *def;
	size_t mki;
	struct keys rtp, rtcp;
	uint64_t packets;
	struct source sources[SIPD_SRTP_SOURCES];
	struct source before[SIPD_SRTP_SOURCES]; /* by the key before this */
};


static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}


static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}


/* ---- keys --------------------------------------------------------------- */

static const EVP_CIPHER *counter_mode(const struct sipd_srtp_suite_def *def)
{
	return def->key == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
}


static const EVP_CIPHER *cipher_of(const struct sipd_srtp_suite_def *def)
{
	if (!def->gcm)
		return counter_mode(def);

	return def->key == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
}


/* AES-CM as PRF, whatever the suite encrypts with; a salt of 96 bits is filled
 * up with zeros.  RFC 3711 4.3.3, 7714 11 */
bool sipd_srtp_derive(enum sipd_srtp_suite suite, const uint8_t *key,
		      uint8_t label, uint8_t *out, size_t n)
{
	const struct sipd_srtp_suite_def *def = sipd_srtp_suite(suite);
	EVP_CIPHER_CTX *ctx = def ? EVP_CIPHER_CTX_new() : NULL;
	uint8_t iv[IV] = {0};
	int len = 0;
	bool ok;

	if (!ctx)
		return false;

	memcpy(iv, key + def->key, def->salt);
	iv[7] ^= label;
	memset(out, 0, n);
	ok = EVP_EncryptInit_ex(ctx, counter_mode(def), NULL, key, iv) &&
	     EVP_EncryptUpdate(ctx, out, &len, out, (int)n);
	EVP_CIPHER_CTX_free(ctx);

	return ok;
}


static void hmac_start(SHA_CTX *sha, const uint8_t *key, uint8_t pad)
{
	uint8_t block[BLOCK];
	size_t i;

	memset(block, pad, sizeof(block));
	for (i = 0; i < AUTH; i++)
		block[i] ^= key[i];
	(void)SHA1_Init(sha);
	(void)SHA1_Update(sha, block, sizeof(block));
	OPENSSL_cleanse(block, sizeof(block));
}


static bool keys_make(struct keys *k, enum sipd_srtp_suite suite,
		      const uint8_t *master, uint8_t label)
{
	const struct sipd_srtp_suite_def *def = sipd_srtp_suite(suite);
	uint8_t key[32], auth[AUTH];
	bool ok;

	k->cipher = EVP_CIPHER_CTX_new();
	ok = k->cipher &&
	     sipd_srtp_derive(suite, master, label, key, def->key) &&
	     sipd_srtp_derive(suite, master, label + 1, auth, AUTH) &&
	     sipd_srtp_derive(suite, master, label + 2, k->salt, def->salt) &&
	     EVP_CipherInit_ex(k->cipher, cipher_of(def), NULL, key, NULL, 1);
	if (ok) {
		hmac_start(&k->inner, auth, 0x36);
		hmac_start(&k->outer, auth, 0x5c);
	}
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(auth, sizeof(auth));

	return ok;
}


struct sipd_srtp *sipd_srtp_new(enum sipd_srtp_suite suite, const uint8_t *key,
				size_t mki)
{
	struct sipd_srtp *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;

	s->def = sipd_srtp_suite(suite);
	s->mki = mki;
	if (!s->def || mki > SIPD_SRTP_MKI_MAX ||
	    !keys_make(&s->rtp, suite, key, 0) ||
	    !keys_make(&s->rtcp, suite, key, LABELS)) {
		sipd_srtp_free(s);
		return NULL;
	}

	return s;
}


void sipd_srtp_free(struct sipd_srtp *s)
{
	if (!s)
		return;

	EVP_CIPHER_CTX_free(s->rtp.cipher);
	EVP_CIPHER_CTX_free(s->rtcp.cipher);
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}


void sipd_srtp_follow(struct sipd_srtp *s, const struct sipd_srtp *before)
{
	memcpy(s->before, before->sources, sizeof(s->before));
}


/* ---- primitives --------------------------------------------------------- */

/* RFC 3711 4.1.1, 7714 8.1 and 9.1: index is 48 bits of SRTP, 31 of SRTCP */
static void iv_make(const struct sipd_srtp *s, const struct keys *k,
		    uint32_t ssrc, uint64_t index, uint8_t iv[IV])
{
	uint8_t *p = iv + (s->def->gcm ? 2 : 4);
	size_t i;

	memset(iv, 0, IV);
	put32(p, ssrc);
	for (i = 0; i < 6; i++)
		p[4 + i] = (uint8_t)(index >> (40 - 8 * i));
	for (i = 0; i < s->def->salt; i++)
		iv[i] ^= k->salt[i];
}


static bool counter_crypt(struct keys *k, const uint8_t iv[IV], uint8_t *buf,
			  size_t n)
{
	int len = 0;

	return EVP_EncryptInit_ex(k->cipher, NULL, NULL, NULL, iv) &&
	       EVP_EncryptUpdate(k->cipher, buf, &len, buf, (int)n);
}


static void hmac(const struct keys *k, const uint8_t *buf, size_t n,
		 const uint8_t *more, size_t m, uint8_t mac[AUTH])
{
	SHA_CTX sha = k->inner;

	(void)SHA1_Update(&sha, buf, n);
	(void)SHA1_Update(&sha, more, m);
	(void)SHA1_Final(mac, &sha);
	sha = k->outer;
	(void)SHA1_Update(&sha, mac, AUTH);
	(void)SHA1_Final(mac, &sha);
}


struct aead {
	const uint8_t *aad, *more; /* more: 4 bytes, or NULL */
	size_t aad_len;
	uint8_t *buf;
	size_t n;
	uint8_t *tag;
};


static bool gcm(const struct sipd_srtp *s, struct keys *k,
		const uint8_t iv[IV], const struct aead *a, bool seal)
{
	EVP_CIPHER_CTX *c = k->cipher;
	int len = 0;

	if (!EVP_CipherInit_ex(c, NULL, NULL, NULL, iv, seal) ||
	    !EVP_CipherUpdate(c, NULL, &len, a->aad, (int)a->aad_len))
		return false;
	if (a->more && !EVP_CipherUpdate(c, NULL, &len, a->more, 4))
		return false;
	if (a->n && !EVP_CipherUpdate(c, a->buf, &len, a->buf, (int)a->n))
		return false;
	if (!seal && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, s->def->tag,
					 a->tag) <= 0)
		return false;
	if (EVP_CipherFinal_ex(c, a->buf + a->n, &len) <= 0)
		return false;

	return !seal || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG,
					    s->def->tag, a->tag) > 0;
}


/* ---- sources ------------------------------------------------------------ */

static struct source *source_find(struct sipd_srtp *s, uint32_t ssrc)
{
	size_t i;

	for (i = 0; i < SIPD_SRTP_SOURCES; i++) {
		if (s->sources[i].used && s->sources[i].ssrc == ssrc)
			return &s->sources[i];
	}

	return NULL;
}


/* Only for packets that are good: a forger makes no state. */
static struct source *source_add(struct sipd_srtp *s, uint32_t ssrc)
{
	struct source *src = source_find(s, ssrc), *oldest = &s->sources[0];
	size_t i;

	for (i = 1; i < SIPD_SRTP_SOURCES; i++) {
		if (s->sources[i].last < oldest->last)
			oldest = &s->sources[i];
	}
	if (!src) {
		src = oldest;
		memset(src, 0, sizeof(*src));
		src->used = true;
		src->ssrc = ssrc;
	}
	src->last = ++s->packets;

	return src;
}


/* 3.3.1, appendix A; false: older than the first packet of all */
static bool index_guess(const struct window *w, uint16_t seq, uint64_t *index)
{
	const uint64_t roc = w->top >> 16;
	const uint16_t last = (uint16_t)w->top;
	uint64_t v = roc;

	if (!w->set) {
		*index = seq;
		return true;
	}
	if (last < 0x8000 && seq > last + 0x8000) {
		if (!roc)
			return false;
		v = roc - 1;
	}
	else if (last >= 0x8000 && seq < last - 0x8000) {
		v = roc + 1;
	}
	*index = v << 16 | seq;

	return !(v >> 32);
}


static bool replayed(const struct window *w, uint64_t index)
{
	if (!w->set || index > w->top)
		return false;

	return w->top - index >= WINDOW || w->seen >> (w->top - index) & 1;
}


static void window_put(struct window *w, uint64_t index)
{
	if (!w->set || index > w->top) {
		const uint64_t step = w->set ? index - w->top : WINDOW;

		w->seen = step < WINDOW ? w->seen << step | 1 : 1;
		w->top = index;
		w->set = true;
		return;
	}
	w->seen |= (uint64_t)1 << (w->top - index);
}


/* ---- RTP ---------------------------------------------------------------- */

/* Fixed part, CSRCs and extension; 0: not whole. RFC 3550 5.1 */
static size_t header_size(const uint8_t *buf, size_t n)
{
	size_t len = HEADER;

	if (n < HEADER || buf[0] >> 6 != 2)
		return 0;
	len += 4 * (size_t)(buf[0] & 15);
	if (buf[0] & 0x10) {
		if (n < len + 4)
			return 0;
		len += 4 + 4 * ((size_t)buf[len + 2] << 8 | buf[len + 3]);
	}

	return len <= n ? len : 0;
}


bool sipd_srtp_protect(struct sipd_srtp *s, uint8_t *buf, size_t *n)
{
	const size_t head = header_size(buf, *n);
	uint8_t iv[IV], roc[4], mac[AUTH];
	struct source *src;
	uint64_t index;
	bool ok;

	if (!head)
		return false;

	src = source_add(s, get32(buf + 8));
	if (!index_guess(&src->rtp, (uint16_t)(buf[2] << 8 | buf[3]), &index))
		return false;
	if (src->rtp.set && index <= src->rtp.top)
		return false; /* the same key stream twice. 9.1 */

	iv_make(s, &s->rtp, src->ssrc, index, iv);
	if (s->def->gcm) {
		const struct aead a = {
			.aad = buf,
			.aad_len = head,
			.buf = buf + head,
			.n = *n - head,
			.tag = buf + *n,
		};

		ok = gcm(s, &s->rtp, iv, &a, true);
	}
	else {
		put32(roc, (uint32_t)(index >> 16));
		ok = counter_crypt(&s->rtp, iv, buf + head, *n - head);
		hmac(&s->rtp, buf, *n, roc, sizeof(roc), mac);
		memcpy(buf + *n, mac, s->def->tag);
	}
	if (!ok)
		return false;

	window_put(&src->rtp, index);
	*n += s->def->tag;

	return true;
}


/* The packet without tag and MKI is of n bytes; tag behind it. */
static bool rtp_open(struct sipd_srtp *s, uint8_t *buf, size_t head, size_t n,
		     const uint8_t iv[IV], uint64_t index)
{
	const size_t mki = s->def->gcm ? 0 : s->mki;
	const struct aead a = {
		.aad = buf,
		.aad_len = head,
		.buf = buf + head,
		.n = n - head,
		.tag = buf + n,
	};
	uint8_t roc[4], mac[AUTH];

	if (s->def->gcm)
		return gcm(s, &s->rtp, iv, &a, false);

	put32(roc, (uint32_t)(index >> 16));
	hmac(&s->rtp, buf, n, roc, sizeof(roc), mac);

	return !CRYPTO_memcmp(mac, buf + n + mki, s->def->tag) &&
	       counter_crypt(&s->rtp, iv, buf + head, n - head);
}


/* The first packet of a source by a new key: does its counter go on?  n bytes
 * with the trailer. */
static bool followed(struct sipd_srtp *s, uint8_t *buf, size_t head, size_t n,
		     uint64_t *index)
{
	const uint32_t ssrc = get32(buf + 8);
	uint8_t copy[PACKET], iv[IV];
	size_t i;

	for (i = 0; i < SIPD_SRTP_SOURCES; i++) {
		const struct source *src = &s->before[i];

		if (!src->used || src->ssrc != ssrc || n > sizeof(copy) ||
		    !index_guess(&src->rtp, (uint16_t)(buf[2] << 8 | buf[3]),
				 index) ||
		    !(*index >> 16))
			continue;

		memcpy(copy, buf, n);
		iv_make(s, &s->rtp, ssrc, *index, iv);
		if (rtp_open(s, buf, head, n - s->def->tag - s->mki, iv,
			     *index))
			return true;
		memcpy(buf, copy, n);
	}

	return false;
}


enum sipd_srtp_verdict sipd_srtp_unprotect(struct sipd_srtp *s, uint8_t *buf,
					   size_t *n)
{
	static const struct window fresh;
	const size_t trailer = s->def->tag + s->mki;
	const size_t head = header_size(buf, *n);
	const struct source *src;
	uint64_t index;
	uint8_t iv[IV];
	uint32_t ssrc;

	if (!head || *n < head + trailer)
		return SIPD_SRTP_SHORT;

	ssrc = get32(buf + 8);
	src = source_find(s, ssrc);
	if (src || !followed(s, buf, head, *n, &index)) {
		if (!index_guess(src ? &src->rtp : &fresh,
				 (uint16_t)(buf[2] << 8 | buf[3]), &index) ||
		    (src && replayed(&src->rtp, index)))
			return SIPD_SRTP_REPLAY;

		iv_make(s, &s->rtp, ssrc, index, iv);
		if (!rtp_open(s, buf, head, *n - trailer, iv, index))
			return SIPD_SRTP_FORGED;
	}

	window_put(&source_add(s, ssrc)->rtp, index);
	*n -= trailer;

	return SIPD_SRTP_OK;
}


/* ---- RTCP --------------------------------------------------------------- */

bool sipd_srtcp_protect(struct sipd_srtp *s, uint8_t *buf, size_t *n)
{
	struct source *src;
	uint8_t iv[IV], word[4], mac[AUTH];
	uint32_t index;
	bool ok;

	if (*n < RTCP_HEADER)
		return false;

	src = source_add(s, get32(buf + 4));
	if (src->rtcp.set && src->rtcp.top >= index_max)
		return false;
	index = src->rtcp.set ? (uint32_t)src->rtcp.top + 1 : 0;
	put32(word, index | encrypted);

	iv_make(s, &s->rtcp, src->ssrc, index, iv);
	if (s->def->gcm) {
		const struct aead a = {
			.aad = buf,
			.aad_len = RTCP_HEADER,
			.more = word,
			.buf = buf + RTCP_HEADER,
			.n = *n - RTCP_HEADER,
			.tag = buf + *n,
		};

		ok = gcm(s, &s->rtcp, iv, &a, true);
		*n += s->def->rtcp_tag;
		memcpy(buf + *n, word, sizeof(word));
		*n += sizeof(word);
	}
	else {
		ok = counter_crypt(&s->rtcp, iv, buf + RTCP_HEADER,
				   *n - RTCP_HEADER);
		memcpy(buf + *n, word, sizeof(word));
		hmac(&s->rtcp, buf, *n, word, sizeof(word), mac);
		memcpy(buf + *n + sizeof(word), mac, s->def->rtcp_tag);
		*n += sizeof(word) + s->def->rtcp_tag;
	}
	window_put(&src->rtcp, index);

	return ok;
}


/* word: E flag and index, wherever the suite has it; n bytes of packet */
static bool rtcp_open(struct sipd_srtp *s, uint8_t *buf, size_t n,
		      const uint8_t *word, const uint8_t iv[IV])
{
	const struct aead a = {
		.aad = buf,
		.aad_len = RTCP_HEADER,
		.more = word,
		.buf = buf + RTCP_HEADER,
		.n = n - RTCP_HEADER,
		.tag = buf + n,
	};
	uint8_t mac[AUTH];

	if (s->def->gcm)
		return gcm(s, &s->rtcp, iv, &a, false);

	hmac(&s->rtcp, buf, n, word, 4, mac);

	return !CRYPTO_memcmp(mac, word + 4 + s->mki, s->def->rtcp_tag) &&
	       counter_crypt(&s->rtcp, iv, buf + RTCP_HEADER, n - RTCP_HEADER);
}


enum sipd_srtp_verdict sipd_srtcp_unprotect(struct sipd_srtp *s, uint8_t *buf,
					    size_t *n)
{
	const size_t trailer = s->def->rtcp_tag + s->mki + 4;
	const uint8_t *word;
	const struct source *src;
	uint8_t iv[IV];
	uint32_t ssrc, index;
	size_t len;

	if (*n < RTCP_HEADER + trailer)
		return SIPD_SRTP_SHORT;

	len = *n - trailer;
	word = buf + len + (s->def->gcm ? s->def->rtcp_tag : 0);
	index = get32(word);
	if (!(index & encrypted)) /* UNENCRYPTED_SRTCP is never agreed */
		return SIPD_SRTP_FORGED;
	index &= index_max;

	ssrc = get32(buf + 4);
	src = source_find(s, ssrc);
	if (src && replayed(&src->rtcp, index))
		return SIPD_SRTP_REPLAY;

	iv_make(s, &s->rtcp, ssrc, index, iv);
	if (!rtcp_open(s, buf, len, word, iv))
		return SIPD_SRTP_FORGED;

	window_put(&source_add(s, ssrc)->rtcp, index);
	*n = len;

	return SIPD_SRTP_OK;
}
