/**
 * @file port/sip/account/instance.c  +sip.instance: who we are
 *
 * RFC 5626 4.1 wants an id that is the same after a restart, and not that of
 * anything else.  It is made of the machine and the account.  Two processes
 * with one account must not take each other's binding away: each has a number
 * of its own, held by the name of an abstract socket, which the system gives
 * back when the process ends, however that comes about.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "base/error.h"
#include "base/text.h"
#include "port/sip/account/register.h"

enum {
	UUID_BYTES = 16,
	SLOTS = 64, /* processes of one account on one machine */
	SEED_SIZE = 2048
};

struct sipd_instance {
	char urn[SIPD_INSTANCE_SIZE];
	int fd; /* holds the number; -1 none */
};


/* Version 8: of our own making. RFC 9562 5.8 */
static void urn_write(char *urn, uint8_t *b)
{
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x80);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	(void)snprintf(urn, SIPD_INSTANCE_SIZE,
		       "urn:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		       "%02x%02x%02x%02x%02x%02x",
		       b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8],
		       b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}


static void machine(struct sipd_text *t)
{
	char id[64] = "", host[256] = "";
	FILE *f = fopen("/etc/machine-id", "re");

	if (f) {
		if (!fgets(id, sizeof(id), f))
			id[0] = '\0';
		(void)fclose(f);
	}
	(void)gethostname(host, sizeof(host) - 1);
	sipd_text_printf(t, "%s\n%s\n", id, host);
}


static bool urn_make(char *urn, const struct sipd_sip *sip, unsigned slot)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	char seed[SEED_SIZE];
	struct sipd_text t;

	sipd_text_init(&t, seed, sizeof(seed));
	machine(&t);
	sipd_text_printf(&t, "%s\n%s\n%u", sip->aor, sip->registrar, slot);
	if (EVP_Digest(seed, strlen(seed), out, NULL, EVP_sha256(), NULL) != 1)
		return false;
	urn_write(urn, out);

	return true;
}


/* -1: another process has it, or there are no such names here */
static int name_take(const char *urn)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	const socklen_t head = offsetof(struct sockaddr_un, sun_path);
	const int n = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1,
			       "sipdialer-%s", urn);
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)(const void *)&un,
			    head + 1 + (socklen_t)n)) {
		(void)close(fd);
		return -1;
	}

	return fd;
}


static int urn_own(struct sipd_instance *in, const struct sipd_sip *sip)
{
	uint8_t bytes[UUID_BYTES];
	unsigned slot;

	for (slot = 0; slot < SLOTS; slot++) {
		if (!urn_make(in->urn, sip, slot))
			break;
		in->fd = name_take(in->urn);
		if (in->fd >= 0)
			return SIPDIALER_OK;
	}

	/* unlike any other; not the same after a restart */
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return sipd_error(SIPDIALER_EIO, "no random numbers");
	urn_write(in->urn, bytes);

	return SIPDIALER_OK;
}


static void destructor(void *arg)
{
	struct sipd_instance *in = arg;

	if (in->fd >= 0)
		(void)close(in->fd);
}


int sipd_instance_open(struct sipd_instance **ip, const struct sipd_sip *sip)
{
	const char *name = sip->conf.instance;
	struct sipd_instance *in;
	int err = SIPDIALER_OK;

	if (name && !strcmp(name, "no"))
		return SIPDIALER_OK;

	in = mem_zalloc(sizeof(*in), destructor);
	if (!in)
		return sipd_error(SIPDIALER_ENOMEM, "no memory to register");
	in->fd = -1;

	if (name && *name && strcmp(name, "auto"))
		(void)snprintf(in->urn, sizeof(in->urn), "urn:uuid:%s", name);
	else
		err = urn_own(in, sip);

	if (err)
		mem_deref(in);
	else
		*ip = in;

	return err;
}


const char *sipd_instance_urn(const struct sipd_instance *instance)
{
	return instance->urn;
}
