/**
 * @file test_detect_foreign.c  Fax tones of spandsp heard by us, ours by it
 */
#include <dlfcn.h>
#include "lib/cmocka_all.h"
#include "core/detect_help.h"

enum { ON = -15, OFF = -60 };

/* enum of spandsp/modem_connect_tones.h */
enum { FAX_CNG = 1, ANS, ANS_PR, ANSAM, ANSAM_PR, CED_OR_PREAMBLE = 7 };

typedef void report_h(void *arg, int code, int level, int delay);

struct foreign {
	void *so;
	void *(*make)(void *, int);
	int (*said)(void *, int16_t *, int);
	int (*make_free)(void *);
	void *(*rx)(void *, int, report_h *, void *);
	int (*rx_hear)(void *, const int16_t *, int);
	int (*rx_free)(void *);
};


static void foreign_open(struct foreign *f)
{
	const struct {
		const char *name;
		void **slot;
	} all[] = {
		{"modem_connect_tones_tx_init", (void **)(void *)&f->make},
		{"modem_connect_tones_tx", (void **)(void *)&f->said},
		{"modem_connect_tones_tx_free",
		 (void **)(void *)&f->make_free},
		{"modem_connect_tones_rx_init", (void **)(void *)&f->rx},
		{"modem_connect_tones_rx", (void **)(void *)&f->rx_hear},
		{"modem_connect_tones_rx_free", (void **)(void *)&f->rx_free},
	};
	size_t i;

	f->so = dlopen("libspandsp.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!f->so) {
		print_message("skipped: no libspandsp.so.2\n");
		skip();
	}
	for (i = 0; i < sizeof(all) / sizeof(*all); ++i) {
		*all[i].slot = dlsym(f->so, all[i].name);
		assert_non_null(*all[i].slot);
	}
}


static struct sound *new_sound(void)
{
	struct sound *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->seed = 3;

	return s;
}


/* A tone of spandsp, added to what there is. */
static void say_foreign(const struct foreign *f, struct sound *s, int tone,
			unsigned ms)
{
	void *tx = f->make(NULL, tone);
	size_t n = (size_t)ms * 8;

	assert_non_null(tx);
	while (n) {
		int16_t pcm[160];
		const int got = f->said(tx, pcm, 160);

		if (got <= 0)
			break;
		memcpy(s->pcm + s->n, pcm, (size_t)got * sizeof(*pcm));
		s->n += (size_t)got;
		n -= n < (size_t)got ? n : (size_t)got;
	}
	f->make_free(tx);
}


/* conformance: ITU-T T.30 4.3.3 | CNG and CED are heard | spandsp */
static void test_fax_tones_of_spandsp_are_heard(void **state)
{
	static const struct {
		int tone;
		enum sipd_signal_kind kind;
	} all[] = {
		{FAX_CNG, SIPD_SIGNAL_CNG},  {ANS, SIPD_SIGNAL_CED},
		{ANS_PR, SIPD_SIGNAL_CED},   {ANSAM, SIPD_SIGNAL_CED},
		{ANSAM_PR, SIPD_SIGNAL_CED},
	};
	struct foreign f = {NULL};
	struct sound *s;
	size_t i;
	(void)state;

	foreign_open(&f);
	s = new_sound();
	for (i = 0; i < sizeof(all) / sizeof(*all); ++i) {
		struct told t;

		s->n = 0;
		hush(s, 500, OFF);
		say_foreign(&f, s, all[i].tone, 4200);
		hush(s, 500, OFF);
		hear_sound(s, 0, &t);
		assert_true(t.n >= 1);
		assert_int_equal(count_told(&t, all[i].kind, true),
				 all[i].kind == SIPD_SIGNAL_CNG ? 2 : 1);
		assert_null(first_told(&t, SIPD_SIGNAL_BEEP));
	}
	free(s);
	dlclose(f.so);
}


static void count_reports(void *arg, int code, int level, int delay)
{
	int *heard = arg;
	(void)level;
	(void)delay;

	if (code > 0)
		++*heard;
}


static int foreign_hears(const struct foreign *f, const struct sound *s,
			 int tone)
{
	int heard = 0;
	void *rx = f->rx(NULL, tone, count_reports, &heard);
	size_t at;

	assert_non_null(rx);
	for (at = 0; at + 160 <= s->n; at += 160)
		(void)f->rx_hear(rx, s->pcm + at, 160);
	f->rx_free(rx);

	return heard;
}


/* Where we and spandsp are to be of one mind: a fax, and a voicemail's beep
 * of a fax's frequency. */
static void test_fax_tones_are_told_as_spandsp_does(void **state)
{
	struct foreign f = {NULL};
	struct sound *s;
	struct told t;
	(void)state;

	foreign_open(&f);
	s = new_sound();
	hush(s, 1000, OFF);
	play(s, 500, 1100, 0, ON, OFF);
	hush(s, 3000, OFF);
	play(s, 500, 1100, 0, ON, OFF);
	hush(s, 500, OFF);
	hear_sound(s, 0, &t);
	assert_true(foreign_hears(&f, s, FAX_CNG) > 0);
	assert_true(count_told(&t, SIPD_SIGNAL_CNG, true) > 0);

	s->n = 0;
	hush(s, 1000, OFF);
	play(s, 200, 2100, 0, ON, OFF);
	hush(s, 1000, OFF);
	hear_sound(s, 1000, &t);
	assert_int_equal(foreign_hears(&f, s, CED_OR_PREAMBLE), 0);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.s[0].kind, SIPD_SIGNAL_BEEP);
	free(s);
	dlclose(f.so);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fax_tones_of_spandsp_are_heard),
		cmocka_unit_test(test_fax_tones_are_told_as_spandsp_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
