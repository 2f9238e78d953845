/**
 * @file core/media/detect/amd_pickup.h  A person takes over from a greeting
 *
 * The line sounds another way from one pause of the greeting to the next, as
 * it does when a microphone takes the place of a recording; then somebody says
 * something short and waits.  Pure, one thread, nothing is allocated.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_AMD_PICKUP_H
#define SIPD_CORE_MEDIA_DETECT_AMD_PICKUP_H

#include <stdbool.h>
#include <stdint.h>

/* Of a greeting, zeroed before its first frame. */
struct sipd_amd_pickup {
	float least;  /* dB, the lowest level so far */
	float behind; /* of the greeting's pauses */
	float gap;    /* sum, of the pause that goes on */
	float other;  /* of the pause before what may be a person */
	uint16_t pauses;
	uint16_t quiet; /* frames of the pause that goes on */
	uint16_t said;  /* frames since that person began, 0 none */
	bool began;     /* there was a frame */
};

/** A frame: its level in dB, and whether somebody speaks.  True, once: a
 *  person was heard. */
bool sipd_amd_pickup(struct sipd_amd_pickup *p, float level, bool sound);

#endif
