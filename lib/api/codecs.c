/**
 * @file api/codecs.c  media.codecs, as the floors below want it
 */
#include "api/calls.h"

#include <string.h>
#include "base/text.h"


/* Checked by the option table. "l16" is two to a peer: it is offered at 16 kHz
 * and, behind that, at 8. */
size_t sipd_calls_codecs(const struct sipd_options *o,
			 enum sipd_codec_id ids[SIPD_CODEC_MAX])
{
	const char *list = sipd_opt_str(o, SIPD_OPT_MEDIA_CODECS);
	char word[16];
	size_t n = 0;

	while (*list && n < SIPD_CODEC_MAX) {
		const size_t len = strcspn(list, ",");

		(void)sipd_strcpy(word,
				  len < sizeof(word) ? len + 1 : sizeof(word),
				  list);
		ids[n] = sipd_codec_from_name(word);
		if (ids[n] != SIPD_CODEC_NONE)
			++n;
		if (n && ids[n - 1] == SIPD_CODEC_L16 && n < SIPD_CODEC_MAX)
			ids[n++] = SIPD_CODEC_L16_8;
		list += len + (list[len] == ',');
	}

	return n;
}
