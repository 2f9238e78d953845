/**
 * @file core/media/detect/amd_pickup.h  A person takes over from a greeting
 *
 * In a pause the line is louder than it ever was in the greeting, as it is
 * when a microphone takes the place of a recording; then somebody says
 * something short, and waits, and the line stays that loud.  Pure, one thread,
 * nothing is allocated.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_AMD_PICKUP_H
#define SIPD_CORE_MEDIA_DETECT_AMD_PICKUP_H

#include <stdbool.h>
#include <stdint.h>

/* Of a greeting, zeroed before its first frame. */
struct sipd_amd_pickup {
	float least;    /* dB, the lowest level before this pause */
	float gap;      /* the same, in the pause that goes on */
	float other;    /* the same, in that before what may be a person */
	uint16_t quiet; /* frames of the pause that goes on */
	uint16_t said;  /* frames since that person began, 0 none */
	bool began;     /* there was a frame */
};

/** A frame: its level in dB, and whether somebody speaks.  True, once: a
 *  person was heard. */
bool sipd_amd_pickup(struct sipd_amd_pickup *p, float level, bool sound);

#endif
