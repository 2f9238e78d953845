/**
 * @file api/amd.h  Who answers: options in, events out
 */
#ifndef SIPD_API_AMD_H
#define SIPD_API_AMD_H

#include "api/options.h"
#include "core/call/call.h"

/** Do the options amd.* agree? SIPDIALER_EINVAL names both. */
int sipd_amd_check(const struct sipd_options *o);
/** Settings from them; strings belong to `o`. */
void sipd_amd_conf(const struct sipd_options *o, struct sipd_amd_conf *conf);
/** Is a message left on some of those who answer? */
bool sipd_amd_leaves(const struct sipd_amd_conf *conf);

/** The events, but for the ids in them; strings are those of the arguments. */
struct sipdialer_event sipd_amd_event(const struct sipd_amd_told *told);
struct sipdialer_event sipd_amd_tone_event(const char *word,
					   const struct sipd_heard *heard);

/* Handlers of sipd_dialed_handlers; arg is the struct sipd_dialed. */
void sipd_dialed_amd(struct sipd_call *call, const struct sipd_amd_told *told,
		     void *arg);
void sipd_dialed_tone(struct sipd_call *call, const char *word,
		      const struct sipd_heard *heard, void *arg);
void sipd_dialed_message(struct sipd_call *call, const char *text,
			 const char *reason, void *arg);

#endif
