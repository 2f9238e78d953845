/**
 * @file port/sip/conf.c  Options of the SIP stack: copied and checked
 *
 * Their strings end up in SIP messages, so that none may carry a control
 * character (specs fact D).
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/text.h"
#include "port/sip/internal.h"

/* clang-format off */
static const struct {
	size_t offset;
	const char *name;
	size_t max;
} strings[] = {
#define STRING(field, name, max) \
	{ offsetof(struct sipd_sip_conf, field), name, max }
	STRING(server, "sip.server", 253),
	STRING(dns_servers, "sip.dns_servers", SIPD_STRING_MAX),
	STRING(user, "sip.user", SIPD_USER_MAX),
	STRING(auth_user, "sip.auth_user", SIPD_STRING_MAX),
	STRING(password, "sip.password", SIPD_STRING_MAX),
	STRING(domain, "sip.domain", 253),
	STRING(realm, "sip.realm", SIPD_REALM_SIZE - 1),
	STRING(outbound_proxy, "sip.outbound_proxy", SIPD_STRING_MAX),
	STRING(instance, "sip.instance", 36),
	STRING(local_address, "sip.local_address", 63),
	STRING(external_address, "sip.external_address", 63),
	STRING(user_agent, "sip.user_agent", SIPD_STRING_MAX),
	STRING(redirect_allow, "sip.redirect_allow", 1023),
	STRING(tls_ca_file, "sip.tls_ca_file", 4095),
	STRING(tls_cert_file, "sip.tls_cert_file", 4095),
	STRING(tls_key_file, "sip.tls_key_file", 4095),
	STRING(trunks, "incoming.trunks", 4095),
#undef STRING
};
/* clang-format on */


static const char **string_at(struct sipd_sip_conf *conf, size_t i)
{
	return (const char **)(void *)((char *)conf + strings[i].offset);
}


void sipd_conf_free(struct sipd_sip_conf *conf)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(strings); i++) {
		free((char *)(uintptr_t)*string_at(conf, i));
		*string_at(conf, i) = NULL;
	}
}


int sipd_conf_copy(struct sipd_sip_conf *dst, const struct sipd_sip_conf *src)
{
	size_t i;

	*dst = *src;
	for (i = 0; i < ARRAY_SIZE(strings); i++)
		*string_at(dst, i) = NULL;

	for (i = 0; i < ARRAY_SIZE(strings); i++) {
		struct sipd_sip_conf from = *src;
		const char *s = *string_at(&from, i);
		const size_t len = s ? strlen(s) : 0;
		char *copy;

		if (len > strings[i].max)
			return sipd_error(
				SIPDIALER_EINVAL,
				"%s has %zu bytes, at most %zu are allowed",
				strings[i].name, len, strings[i].max);
		if (len &&
		    (!sipd_text_clean(s, len) || !sipd_utf8_valid(s, len)))
			return sipd_error(
				SIPDIALER_EINVAL,
				"%s has a control character or is not UTF-8",
				strings[i].name);

		copy = sipd_strdup(s ? s : "");
		if (!copy)
			return sipd_error(SIPDIALER_ENOMEM, "no memory");
		*string_at(dst, i) = copy;
	}

	return SIPDIALER_OK;
}


/* "[::1]" is taken as "::1" */
static void strip_brackets(const char *host)
{
	char *s = (char *)(uintptr_t)host;
	const size_t len = strlen(s);

	if (len > 2 && s[0] == '[' && s[len - 1] == ']') {
		memmove(s, s + 1, len - 2);
		s[len - 2] = '\0';
	}
}


/* "pbx.example." is "pbx.example": libre asks DNS for names as they stand, and
 * SNI has no final dot. RFC 6066 3 */
static void strip_final_dot(const char *host)
{
	char *s = (char *)(uintptr_t)host;
	const size_t len = strlen(s);

	if (len > 1 && s[len - 1] == '.')
		s[len - 1] = '\0';
}


static int host_check(const char *name, const char *host)
{
	struct pl pl;

	if (!host[0])
		return SIPDIALER_OK;

	strip_brackets(host);
	strip_final_dot(host);
	pl_set_str(&pl, host);

	return sipd_host_valid(&pl)
		       ? SIPDIALER_OK
		       : sipd_error(
				 SIPDIALER_EINVAL,
				 "%s = \"%s\" is not a host name or address",
				 name, host);
}


enum sip_transp sipd_conf_transport(const struct sipd_sip_conf *conf)
{
	switch (conf->transport) {

	case SIPD_TCP:
		return SIP_TRANSP_TCP;

	case SIPD_TLS:
		return SIP_TRANSP_TLS;

	default:
		return SIP_TRANSP_UDP;
	}
}


uint16_t sipd_conf_port(const struct sipd_sip_conf *conf)
{
	return sip_transp_port(sipd_conf_transport(conf), conf->port);
}


int sipd_conf_check(struct sipd_sip *sip)
{
	const struct sipd_sip_conf *conf = &sip->conf;
	union sipd_addr addr;
	int err;

	err = host_check("sip.server", conf->server);
	if (!err)
		err = host_check("sip.domain", conf->domain);
	if (err)
		return err;

	if (conf->reg && !conf->server[0])
		return sipd_error(SIPDIALER_EINVAL,
				  "sip.register needs sip.server");
	if (conf->reg && !conf->user[0])
		return sipd_error(SIPDIALER_EINVAL,
				  "sip.register needs sip.user");

	strip_brackets(conf->local_address);
	if (conf->local_address[0] &&
	    !sipd_addr_parse(&addr, conf->local_address, 0))
		return sipd_error(
			SIPDIALER_EINVAL,
			"sip.local_address = \"%s\" is not an address",
			conf->local_address);

	strip_brackets(conf->external_address);
	if (conf->external_address[0] &&
	    !sipd_addr_parse(&sip->external, conf->external_address, 0))
		return sipd_error(
			SIPDIALER_EINVAL,
			"sip.external_address = \"%s\" is not an address",
			conf->external_address);

	return SIPDIALER_OK;
}
