/**
 * @file core/media/detect/amd_pickup.c  A person takes over from a greeting
 */
#include "core/media/detect/amd_pickup.h"

enum {
	PAUSE = 8,    /* frames of silence between utterances */
	SETTLED = 4,  /* of these, until the line is what it is behind */
	SHORTEST = 6, /* frames that a person says, */
	LONGEST = 75, /* at least and at most */
	WAITS = 45    /* frames of silence after it: a person listens */
};

static const float quietest = -75; /* dB: all below is no line at all */
static const float other_line = 6; /* dB louder than before */
static const float same_line = 4;  /* dB at most: still that person's */


/* Somebody speaks again behind a pause. */
static void speaks(struct sipd_amd_pickup *p)
{
	p->said = p->gap - p->least >= other_line;
	p->other = p->gap;
	p->least = p->gap < p->least ? p->gap : p->least;
}


static void sounds(struct sipd_amd_pickup *p, float level)
{
	if (p->quiet >= PAUSE) {
		speaks(p);
	}
	else if (p->quiet) {
		if (p->said)
			p->said += p->quiet + 1;
		p->least = p->gap < p->least ? p->gap : p->least;
	}
	else if (p->said) {
		++p->said;
	}
	if (p->said > LONGEST)
		p->said = 0;
	p->least = level < p->least ? level : p->least;
	p->quiet = 0;
}


bool sipd_amd_pickup(struct sipd_amd_pickup *p, float level, bool sound)
{
	level = level < quietest ? quietest : level;
	/* zeros of a line that has just been opened are not its noise */
	if (!p->began && !sound)
		return false;
	if (!p->began)
		p->least = p->gap = level;
	p->began = true;
	if (sound) {
		sounds(p, level);
		return false;
	}
	if (p->quiet < UINT16_MAX)
		++p->quiet;
	/* what a room gives back of a word is not the line */
	if (p->quiet <= SETTLED || level < p->gap)
		p->gap = level;
	if (p->quiet != WAITS || p->said < SHORTEST)
		return false;

	p->said = 0;

	return p->gap >= p->other - same_line;
}
