/**
 * @file sip_msg.h  SIP messages for the tests of port/sip
 *
 * The INVITE sessions are another room: where it is not linked, its doors are
 * closed.
 */
#ifndef TESTS_SIP_MSG_H
#define TESTS_SIP_MSG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "port/sip/internal.h"

bool sipd_invite_request(struct sipd_sip *sip, const struct sip_msg *msg)
	__attribute__((weak));
bool sipd_invite_stray_response(struct sipd_sip *sip,
				const struct sip_msg *msg)
	__attribute__((weak));
void sipd_invite_flush(struct sipd_sip *sip) __attribute__((weak));


bool sipd_invite_request(struct sipd_sip *sip, const struct sip_msg *msg)
{
	(void)sip;
	(void)msg;

	return false;
}


bool sipd_invite_stray_response(struct sipd_sip *sip,
				const struct sip_msg *msg)
{
	(void)sip;
	(void)msg;

	return false;
}


void sipd_invite_flush(struct sipd_sip *sip)
{
	(void)sip;
}


/* NULL if libre cannot decode it. */
static inline struct sip_msg *msg_new(const char *text)
{
	struct mbuf *mb = mbuf_alloc(strlen(text) + 1);
	struct sip_msg *msg = NULL;

	assert_non_null(mb);
	assert_int_equal(mbuf_write_str(mb, text), 0);
	mb->pos = 0;
	if (sip_msg_decode(&msg, mb))
		msg = NULL;
	mem_deref(mb);
	if (msg)
		assert_int_equal(sa_set_str(&msg->src, "127.0.0.1", 5060), 0);

	return msg;
}

#endif
