/*
 * Digest authentication of the network's side.  RFC 7616, RFC 8760.
 */
#ifndef PHONENET_AUTH_H
#define PHONENET_AUTH_H

#include "sip.h"

enum auth_result { AUTH_OK, AUTH_NONE, AUTH_STALE, AUTH_BAD };

enum { AUTH_USERS_MAX = 256 };

struct auth {
	struct {
		char *name, *password;
	} user[AUTH_USERS_MAX];
	unsigned users;
	const char *realm;
	bool md5, sha256;
	uint32_t nonce_life_s;
	uint64_t secret;
};

bool auth_add(struct auth *a, const char *name, const char *password);
void auth_free(struct auth *a);
enum auth_result auth_check(const struct auth *a, const struct sip_msg *m,
			    const char *method, struct str *user);
/* One challenge header for each algorithm, the stronger first. */
void auth_challenge(const struct auth *a, struct buf *b, bool proxy,
		    bool stale);

#endif
