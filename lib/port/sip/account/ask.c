/**
 * @file port/sip/account/ask.c  What a REGISTER of ours says
 */
#include <string.h>
#include "port/sip/account/register.h"


/* RFC 5626 4.2: an instance, and which of its flows this is. */
static int write_instance(struct mbuf *mb, const struct sipd_register *reg)
{
	int err = 0;

	if (!reg->instance)
		return 0;

	err = mbuf_printf(mb, ";+sip.instance=\"<%s>\"",
			  sipd_instance_urn(reg->instance));
	if (!reg->no_outbound)
		err |= mbuf_write_str(mb, ";reg-id=1");

	return err;
}


int register_contact(SIPD_LIBRE_SEND_ARGS)
{
	struct sipd_register *reg = arg;
	char contact[sizeof(reg->contact)];
	const uint32_t expires = reg->stopping ? 0 : reg->expires;
	size_t len, i;
	int err;

	reg->dst = *dst;
	reg->tp = tp;

	/* what was bound is what gets removed */
	if (!reg->stopping || !reg->contact[0]) {
		if (sipd_contact(reg->sip, tp, src, contact, sizeof(contact)))
			return EINVAL;
		len = strlen(contact) - 2; /* without <> */
		contact[len + 1] = '\0';
		if (reg->granted && strcmp(reg->contact, contact + 1) &&
		    reg->stalec < SIPD_STALE_MAX)
			memcpy(reg->stale[reg->stalec++], reg->contact,
			       sizeof(reg->contact));
		memcpy(reg->contact, contact + 1, len);
		reg->contact[len] = '\0';
	}

	err = mbuf_printf(mb, "Contact: <%s>", reg->contact);
	err |= write_instance(mb, reg);
	err |= mbuf_printf(mb, ";expires=%u\r\n", expires);
	for (i = 0; i < reg->stalec; i++)
		err |= mbuf_printf(mb, "Contact: <%s>;expires=0\r\n",
				   reg->stale[i]);

	return err;
}


int register_write(struct sipd_register *reg, struct mbuf *mb)
{
	const struct sipd_sip *sip = reg->sip;
	const uint32_t expires = reg->stopping ? 0 : reg->expires;
	int err;

	err = mbuf_write_str(mb, "Max-Forwards: 70\r\n");
	if (sip->conf.outbound_proxy[0])
		err |= mbuf_printf(mb, SIPD_ROUTE_LINE, sip->route);
	err |= sipd_auth_encode(mb, reg->auth, "REGISTER", sip->registrar);
	err |= mbuf_printf(mb, "To: <%s>\r\nFrom: <%s>;tag=%s\r\n", sip->aor,
			   sip->aor, reg->tag);
	err |= mbuf_printf(mb, "Call-ID: %s\r\nCSeq: %u REGISTER\r\n",
			   reg->callid, reg->cseq);
	err |= mbuf_printf(mb, "Expires: %u\r\nAllow: " SIPD_ALLOW "\r\n",
			   expires);
	err |= mbuf_printf(mb, "Supported: path%s\r\n",
			   reg->instance && !reg->no_outbound ? ", outbound"
							      : "");
	if (sip->conf.user_agent[0])
		err |= mbuf_printf(mb, "User-Agent: %s\r\n",
				   sip->conf.user_agent);
	err |= mbuf_write_str(mb, "Content-Length: 0\r\n\r\n");
	mb->pos = 0;

	return err;
}
