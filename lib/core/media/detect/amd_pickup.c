/**
 * @file core/media/detect/amd_pickup.c  A person takes over from a greeting
 */
#include "core/media/detect/amd_pickup.h"

#include <math.h>
#include <string.h>

enum {
	PAUSE = 8,    /* frames of silence between utterances */
	SETTLED = 4,  /* of these, until the line is what it is behind */
	SHORTEST = 6, /* frames that a person says, */
	LONGEST = 75, /* at least and at most */
	WAITS = 45    /* frames of silence after it: a person listens */
};

static const float quietest = -75; /* dB: all below is no line at all */
static const float other_line = 6; /* dB between two pauses */
static const float same_line = 4;  /* dB at most: still that person's */


static float mean_of_gap(const struct sipd_amd_pickup *p)
{
	return p->gap / (float)(p->quiet - SETTLED);
}


/* The pause before it: of another line than those before?  That the line is
 * louder than it ever was tells it in the first pause, too. */
static bool is_other(const struct sipd_amd_pickup *p, float gap)
{
	return p->pauses ? fabsf(gap - p->behind) >= other_line
			 : gap - p->least >= other_line;
}


/* Somebody speaks again. */
static void speaks(struct sipd_amd_pickup *p)
{
	const float gap = mean_of_gap(p);

	if (is_other(p, gap)) {
		p->said = 1;
		p->other = gap;
		p->pauses = 0;
		p->least = gap;
	}
	else {
		p->said = 0;
	}
	p->behind = p->pauses ? p->behind + 0.5F * (gap - p->behind) : gap;
	++p->pauses;
}


bool sipd_amd_pickup(struct sipd_amd_pickup *p, float level, bool sound)
{
	level = level < quietest ? quietest : level;
	if (!p->began || level < p->least)
		p->least = level;
	p->began = true;
	if (sound) {
		if (p->quiet >= PAUSE)
			speaks(p);
		else if (p->said)
			p->said += p->quiet + 1;
		p->said = p->said > LONGEST ? 0 : p->said;
		p->quiet = 0;
		p->gap = 0;
		return false;
	}
	if (p->quiet < UINT16_MAX && ++p->quiet > SETTLED)
		p->gap += level;
	if (p->quiet != WAITS || p->said < SHORTEST)
		return false;

	p->said = 0;

	return fabsf(mean_of_gap(p) - p->other) <= same_line;
}
