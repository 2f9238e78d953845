/**
 * @file core/campaign/number.c  From a number as written to a number to dial
 *
 * Read what is written (digits of three scripts, separators), find out whether
 * it is foreign, national or international, check it against the plan of its
 * country.  Pure.  ITU-T E.164, E.123; NANP rules: ATIS-0300051.
 */
#include "core/campaign/number.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sipdialer/sipdialer.h>
#include "base/error.h"
#include "base/text.h"
#include "core/campaign/import.h"

enum { TEXT_MAX = 128 }; /* bytes of a number as written */

/* What was read. */
struct written {
	char digits[SIPD_NUMBER_PLAIN_MAX + 8]; /* with * and #, not + */
	size_t count;
	bool plus, keys; /* keys: has * or # */
};

struct refused {
	const char *prefix, *why;
};

/* E.164 prefixes nobody wants to dial from a list. */
static const struct refused refused[] = {
	{"1900", "a premium rate number"},
	{"979", "a premium rate number"},
	{"870", "a satellite number"},
	{"881", "a satellite number"},
	{"882", "a number of an international network (satellite)"},
	{"883", "a number of an international network"},
};


/* Wrong: remember why, with the text made printable and short. */
static int wrong(const char *text, const char *why)
{
	char shown[64];
	struct sipd_text t;

	sipd_text_init(&t, shown, sizeof(shown));
	for (; *text && t.len < 44; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			sipd_text_printf(&t, "\\x%02x", c);
		else
			sipd_text_addn(&t, text, 1);
	}
	if (*text)
		sipd_text_add(&t, "...");

	return sipd_error(SIPDIALER_EINVAL, "number \"%s\": %s", shown, why);
}


/* ---- reading ----------------------------------------------------------- */

/* One character outside ASCII: its ASCII meaning, 0 to be dropped, -1 no
 * part of a number.  The text is known to be UTF-8 or is refused here. */
static int foreign(const unsigned char *s, size_t *used)
{
	unsigned cp;

	if ((s[0] & 0xe0) == 0xc0 && s[1]) {
		*used = 2;
		cp = (s[0] & 0x1fU) << 6 | (s[1] & 0x3fU);
	}
	else if ((s[0] & 0xf0) == 0xe0 && s[1] && s[2]) {
		*used = 3;
		cp = (s[0] & 0x0fU) << 12 | (s[1] & 0x3fU) << 6 |
		     (s[2] & 0x3fU);
	}
	else {
		return -1;
	}

	if (cp >= 0xff10 && cp <= 0xff19) /* full-width */
		return (int)('0' + cp - 0xff10);
	if (cp >= 0x0660 && cp <= 0x0669) /* Arabic-Indic */
		return (int)('0' + cp - 0x0660);
	if (cp >= 0x06f0 && cp <= 0x06f9) /* Persian, Urdu */
		return (int)('0' + cp - 0x06f0);
	if (cp == 0xff0b)
		return '+';
	if ((cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212)
		return '-';
	/* blanks that do not break, and marks of direction that telephones
	 * put around the numbers they copy */
	if (cp == 0xa0 || cp == 0x202f || cp == 0x200e || cp == 0x202a ||
	    cp == 0x202c || cp == 0xfeff)
		return 0;

	return -1;
}


/* Take one character; returns why not, or NULL. */
static const char *take(struct written *w, int c)
{
	if (c >= '0' && c <= '9') {
		if (w->count >= SIPD_NUMBER_PLAIN_MAX)
			return "more than 20 digits";
		w->digits[w->count++] = (char)c;
		return NULL;
	}

	switch (c) {
	case '*':
	case '#':
		if (w->count >= SIPD_NUMBER_PLAIN_MAX)
			return "more than 20 digits";
		w->digits[w->count++] = (char)c;
		w->keys = true;
		return NULL;
	case '+':
		if (w->count || w->plus)
			return "\"+\" is not at the beginning";
		w->plus = true;
		return NULL;
	case '-':
	case '.':
	case '/':
		return w->count ? NULL : "begins with a separator";
	case 0:
	case ' ':
	case '(':
	case ')':
		return NULL;
	case 'x':
	case 'X':
		return "extensions are not understood";
	default:
		return c > 0 && c < 0x20
			       ? "a control character"
			       : "a character that is no part of a number";
	}
}


static int reading(struct written *w, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	memset(w, 0, sizeof(*w));
	if (strlen(text) > TEXT_MAX)
		return wrong(text, "longer than 128 bytes");

	while (*s == ' ' || *s == '\t')
		s++;
	if (*s == '\'') /* spreadsheets: "this is text" */
		s++;

	while (*s) {
		size_t used = 1;
		const char *why;

		if (*s == '\t' && !s[strspn((const char *)s, " \t")])
			break;
		why = take(w, *s < 0x80 ? *s : foreign(s, &used));
		if (why)
			return wrong(text, why);
		s += used;
	}
	w->digits[w->count] = '\0';

	return w->count ? 0 : wrong(text, "no digits");
}


/* ---- checking ---------------------------------------------------------- */

/* Does one of the prefixes, separated by commas, stand before digits and
 * leave min to max of them?  Its length, or 0. */
static size_t prefix(const char *list, const char *digits, size_t count,
		     size_t min, size_t max)
{
	while (*list) {
		const size_t len = strcspn(list, ",");

		if (len < count && !memcmp(list, digits, len) &&
		    count - len >= min && count - len <= max)
			return len;
		list += len;
		if (*list == ',')
			list++;
	}

	return 0;
}


static bool n11(const char *s)
{
	return s[1] == '1' && s[2] == '1';
}


/* Area and exchange of the North American plan: each begins with 2 to 9. */
static const char *nanp(const char *national)
{
	/* 555 is no area code: fiction and tests live there */
	const bool fiction = !memcmp(national, "555", 3);

	if (national[0] < '2')
		return "no area code of +1 begins with 0 or 1";
	if (n11(national))
		return "an N11 service code is no area code";
	if (national[3] < '2' && !fiction)
		return "no exchange of +1 begins with 0 or 1";
	if (n11(national + 3))
		return "an N11 service code is no exchange";

	return NULL;
}


/* Habits of a country that lengths alone do not catch; changes the national
 * number in place. */
static void habits(unsigned code, char *s, size_t *count)
{
	size_t at = 0;

	if (code == 52 && *count == 11 && s[0] == '1') {
		/* Mexico: 1 before a mobile, until 2019 */
		memmove(s, s + 1, *count);
		*count -= 1;
	}
	else if (code == 54 && *count == 12) {
		/* Argentina: 15 after the area code means mobile: 9 before */
		if (!memcmp(s, "1115", 4))
			at = 2;
		else if (!memcmp(s + 3, "15", 2))
			at = 3;
		else if (!memcmp(s + 4, "15", 2))
			at = 4;
		if (at) {
			memmove(s + 1, s, at);
			s[0] = '9';
			memmove(s + at + 1, s + at + 2, *count - at - 1);
			*count -= 1;
		}
	}
	else if (code == 55 && (*count == 12 || *count == 13)) {
		/* Brazil: two digits of the carrier chosen */
		memmove(s, s + 2, *count - 1);
		*count -= 2;
	}
}


static const char *refused_why(const char *digits)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (!strncmp(digits, refused[i].prefix,
			     strlen(refused[i].prefix)))
			return refused[i].why;

	return NULL;
}


static size_t code_length(unsigned code)
{
	return code < 10 ? 1 : code < 100 ? 2 : 3;
}


/* digits begin with a calling code: check them, and mend "+44 (0)20". */
static const char *international(struct written *w)
{
	const struct sipd_number_plan *plan;
	const char *why = refused_why(w->digits);
	size_t at, national;

	if (why)
		return why;
	plan = sipd_number_plan_of(w->digits, w->count);
	if (!plan)
		return "no such calling code";

	at = code_length(plan->code);
	national = w->count - at;
	if (plan->trunk[0] == '0') {
		const size_t zero = prefix(plan->trunk, w->digits + at,
					   national, plan->min, plan->max);

		memmove(w->digits + at, w->digits + at + zero,
			national - zero + 1);
		national -= zero;
	}
	habits(plan->code, w->digits + at, &national);
	w->count = at + national;

	if (plan->trunk[0] == '0' && w->digits[at] == '0')
		return "one zero too many";
	if (national < plan->min || w->count < SIPD_E164_MIN)
		return "too few digits";
	if (national > plan->max || w->count > SIPD_E164_MAX)
		return "too many digits";

	return plan->code == 1 ? nanp(w->digits + 1) : NULL;
}


/* Is it 112, 911, 999, or those behind the digit for an outside line? */
static bool emergency(const struct written *w)
{
	static const char *const numbers[] = {
		"112", "911", "999", "9911", "0112", "9112",
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(w->digits, numbers[i]))
			return true;

	return false;
}


/* Put the calling code before the national number at digits + skip. */
static void internationalise(struct written *w, unsigned code, size_t skip)
{
	char made[sizeof(w->digits)];
	const int n = snprintf(made, sizeof(made), "%u%s", code,
			       w->digits + skip);

	memcpy(w->digits, made, (size_t)n + 1);
	w->count = (size_t)n;
}


static bool has_code(const struct written *w, unsigned code)
{
	const struct sipd_number_plan *plan = sipd_number_plan_of(w->digits,
								  w->count);

	return plan && plan->code == code;
}


/* Digits dialed at home: with the prefix for abroad, with the trunk prefix,
 * bare, or with the own calling code. */
static const char *at_home(struct written *w,
			   const struct sipd_number_plan *plan)
{
	/* what habits() takes away */
	const size_t more = plan->code == 54 ? 1 : plan->code == 55 ? 2 : 0;
	const size_t max = plan->max + more;
	size_t skip = prefix(plan->idd, w->digits, w->count, SIPD_E164_MIN,
			     SIPD_E164_MAX);

	if (!skip)
		skip = prefix("00", w->digits, w->count, SIPD_E164_MIN,
			      SIPD_E164_MAX);
	if (skip) {
		memmove(w->digits, w->digits + skip, w->count - skip + 1);
		w->count -= skip;
		return international(w);
	}

	skip = prefix(plan->trunk, w->digits, w->count, plan->min, max);
	if (!skip && w->count > plan->max && has_code(w, plan->code))
		return international(w);

	internationalise(w, plan->code, skip);

	return international(w);
}


static const char *e164(struct written *w, const struct sipd_number_plan *plan)
{
	if (w->keys)
		return "\"*\" and \"#\" are for extensions, not for numbers "
		       "with a country";
	if (!w->plus && (w->count <= 3 || emergency(w)))
		return "an emergency or service number";
	if (!w->plus)
		return at_home(w, plan);

	return international(w);
}


/* Without a country: an extension, a service or what the server knows. */
static const char *as_written(const struct written *w)
{
	if (emergency(w))
		return "an emergency number";
	if (!w->plus)
		return NULL;
	if (w->keys)
		return "\"*\" and \"#\" do not go with \"+\"";
	if (!sipd_number_plan_of(w->digits, w->count))
		return "no such calling code";
	if (w->count > SIPD_E164_MAX)
		return "too many digits";

	return refused_why(w->digits);
}


int sipd_number_with(const char *text, const struct sipd_number_plan *plan,
		     char *out, size_t size)
{
	struct written w;
	const char *why;
	int rc;

	rc = reading(&w, text);
	if (rc)
		return rc;

	why = plan ? e164(&w, plan) : as_written(&w);
	if (why)
		return wrong(text, why);
	if (w.count + 2 > size)
		return wrong(text, "the buffer is too small");

	if (plan || w.plus)
		*out++ = '+';
	memcpy(out, w.digits, w.count);
	out[w.count] = '\0';

	return SIPDIALER_OK;
}


int sipd_number_normalise(const char *text, const char *country, char *out,
			  size_t size)
{
	const struct sipd_number_plan *plan = NULL;

	if (!text || !out)
		return sipd_error(SIPDIALER_EINVAL, "number is missing");
	if (country && *country) {
		plan = sipd_number_plan_find(country);
		if (!plan)
			return sipd_error(
				SIPDIALER_EINVAL,
				"country \"%.16s\" is not known: two letters "
				"such as US, or a calling code such as 49",
				country);
	}

	return sipd_number_with(text, plan, out, size);
}


bool sipd_number_country_known(const char *country)
{
	return sipd_number_plan_find(country) != NULL;
}
