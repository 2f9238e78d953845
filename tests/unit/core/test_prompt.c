/**
 * @file tests/unit/core/test_prompt.c  Prompts and their cache
 */
#include "lib/cmocka_all.h"
#include "media_help.h"
#include "base/error.h"
#include "core/media/prompt.h"
#include "port/codec/g711.h"
#include "port/rtp/rtp.h"

struct fixture {
	struct help help;
	struct sipd_prompts *prompts;
};

/* One request and its answer. */
struct ask {
	struct fixture *f;
	char path[600];
	unsigned kinds;
	int err; /* of sipd_prompts_load() */
	int calls;
	struct sipd_prompt *prompt;
	int error;
	char text[512];
};


static int setup(void **state)
{
	static struct fixture f;

	help_open(&f.help);
	assert_int_equal(sipd_prompts_open(&f.prompts, f.help.disk,
					   &f.help.log),
			 0);
	*state = &f;

	return 0;
}


static int teardown(void **state)
{
	struct fixture *f = *state;

	sipd_prompts_close(f->prompts);
	help_close(&f->help);

	return 0;
}


static void answered(struct sipd_prompt *prompt, int error, const char *text,
		     void *arg)
{
	struct ask *a = arg;

	++a->calls;
	a->prompt = prompt;
	a->error = error;
	(void)snprintf(a->text, sizeof(a->text), "%s", text);
	help_event(&a->f->help);
}


static void ask_handler(void *arg)
{
	struct ask *a = arg;

	a->err = sipd_prompts_load_as(a->f->prompts, a->path, a->kinds,
				      answered, a);
}


static void ask_begin(struct ask *a, struct fixture *f, const char *name)
{
	memset(a, 0, sizeof(*a));
	a->f = f;
	(void)snprintf(a->path, sizeof(a->path), "%s",
		       help_path(f->help.dir, name));
}


static void ask(struct ask *a, struct fixture *f, const char *name)
{
	const int before = f->help.count;

	ask_begin(a, f, name);
	help_on_loop(&f->help, ask_handler, a);
	assert_int_equal(a->err, 0);
	help_wait(&f->help, before + 1);
	assert_int_equal(a->calls, 1);
}


static void write_ramp(struct fixture *f, const char *name, size_t n, int from)
{
	int16_t *pcm = malloc((n + 1) * sizeof(*pcm));

	assert_non_null(pcm);
	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)(from + (int)i * 7);
	help_wav(help_path(f->help.dir, name), pcm, n);
	free(pcm);
}


static void test_frames_are_padded_and_encoded(void **state)
{
	int16_t pcm[200];
	uint8_t want[SIPD_FRAME];
	struct sipd_prompt *p = NULL;
	(void)state;

	for (int i = 0; i < 200; i++)
		pcm[i] = (int16_t)(i * 150 - 15000);
	assert_int_equal(sipd_prompt_make(&p, pcm, 200), 0);
	assert_int_equal(sipd_prompt_frames(p), 2);
	assert_memory_equal(sipd_prompt_pcm(p, 0), pcm, 320);
	assert_memory_equal(sipd_prompt_pcm(p, 1), pcm + 160, 80);
	for (int i = 40; i < SIPD_FRAME; i++) {
		assert_int_equal(sipd_prompt_pcm(p, 1)[i], 0);
		assert_int_equal(sipd_prompt_encoded(p, SIPD_CODEC_PCMU, 1)[i],
				 0xff);
		assert_int_equal(sipd_prompt_encoded(p, SIPD_CODEC_PCMA, 1)[i],
				 0xd5);
	}
	sipd_g711_encode(SIPD_CODEC_PCMU, want, pcm, SIPD_FRAME);
	assert_memory_equal(sipd_prompt_encoded(p, SIPD_CODEC_PCMU, 0), want,
			    SIPD_FRAME);
	sipd_g711_encode(SIPD_CODEC_PCMA, want, pcm, SIPD_FRAME);
	assert_memory_equal(sipd_prompt_encoded(p, SIPD_CODEC_PCMA, 0), want,
			    SIPD_FRAME);
	assert_null(sipd_prompt_encoded(p, SIPD_CODEC_NONE, 0));
	sipd_prompt_unref(p);

	assert_int_equal(sipd_prompt_make(&p, NULL, 0), 0);
	assert_int_equal(sipd_prompt_frames(p), 0);
	sipd_prompt_unref(p);
}


static void ask_three(void *arg)
{
	struct ask *a = arg;

	for (int i = 0; i < 3; i++)
		ask_handler(&a[i]);
}


static void test_concurrent_requests_share_one_load(void **state)
{
	struct fixture *f = *state;
	const int before = f->help.count;
	struct ask a[4];

	write_ramp(f, "a.wav", 400, -1000);
	for (int i = 0; i < 3; i++)
		ask_begin(&a[i], f, "a.wav");
	help_on_loop(&f->help, ask_three, a);
	help_wait(&f->help, before + 3);
	ask(&a[3], f, "a.wav"); /* and so does a later one */

	for (int i = 0; i < 4; i++) {
		assert_int_equal(a[i].calls, 1);
		assert_int_equal(a[i].error, 0);
		assert_ptr_equal(a[i].prompt, a[0].prompt);
	}
	assert_int_equal(sipd_prompt_frames(a[0].prompt), 3);
	assert_int_equal(sipd_prompt_pcm(a[0].prompt, 1)[2], -1000 + 162 * 7);
	assert_string_equal(sipd_prompt_path(a[0].prompt), a[0].path);
	for (int i = 0; i < 4; i++)
		sipd_prompt_unref(a[i].prompt);
}


static void test_a_changed_file_is_read_again(void **state)
{
	struct fixture *f = *state;
	struct ask one, two;

	write_ramp(f, "b.wav", 320, 5);
	ask(&one, f, "b.wav");
	write_ramp(f, "b.wav", 480, 5);
	ask(&two, f, "b.wav");
	assert_int_equal(sipd_prompt_frames(one.prompt), 2);
	assert_int_equal(sipd_prompt_frames(two.prompt), 3);
	sipd_prompt_unref(one.prompt);
	sipd_prompt_unref(two.prompt);
}


static void test_refusals_are_told_with_a_reason(void **state)
{
	struct fixture *f = *state;
	struct ask a;

	ask(&a, f, "missing.wav");
	assert_null(a.prompt);
	assert_int_equal(a.error, SIPDIALER_ENOENT);
	assert_non_null(strstr(a.text, "missing.wav"));

	help_write(help_path(f->help.dir, "text.wav"), "hello, world", 12);
	ask(&a, f, "text.wav");
	assert_null(a.prompt);
	assert_int_equal(a.error, SIPDIALER_EFORMAT);
	assert_non_null(strstr(a.text, "not a WAV file"));

	/* repaired: is taken */
	write_ramp(f, "text.wav", 160, 0);
	ask(&a, f, "text.wav");
	assert_non_null(a.prompt);
	sipd_prompt_unref(a.prompt);
}


static void test_a_bad_path_is_refused_at_once(void **state)
{
	struct fixture *f = *state;
	char path[5000];

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(sipd_prompts_load(f->prompts, path, answered, NULL),
			 SIPDIALER_EINVAL);
	assert_non_null(strstr(sipd_error_text(), "4999 bytes; 1 to 4095"));
	assert_int_equal(sipd_prompts_load(f->prompts, "", answered, NULL),
			 SIPDIALER_EINVAL);
}


static void test_the_longest_unused_goes_first(void **state)
{
	struct fixture *f = *state;
	struct ask old, used, again, other;
	char name[32];

	write_ramp(f, "old.wav", 160, 1);
	write_ramp(f, "used.wav", 160, 2);
	ask(&old, f, "old.wav");
	ask(&used, f, "used.wav");
	for (int i = 0; i < 63; i++) { /* with these two 65, one too many */
		(void)snprintf(name, sizeof(name), "n%d.wav", i);
		write_ramp(f, name, 160, i);
		ask(&other, f, name);
		sipd_prompt_unref(other.prompt);
		if (i == 30) {
			ask(&again, f, "used.wav");
			assert_ptr_equal(again.prompt, used.prompt);
			sipd_prompt_unref(again.prompt);
		}
	}

	ask(&again, f, "used.wav");
	assert_ptr_equal(again.prompt, used.prompt);
	sipd_prompt_unref(again.prompt);
	ask(&again, f, "old.wav");
	assert_ptr_not_equal(again.prompt, old.prompt);
	assert_int_equal(sipd_prompt_pcm(old.prompt, 0)[0],
			 1); /* still ours */
	sipd_prompt_unref(again.prompt);
	sipd_prompt_unref(old.prompt);
	sipd_prompt_unref(used.prompt);
}


/* One file for calls of both bands: the narrow form stays as it is, and who
 * wants more gets it made anew, once. */
static void test_wide_kinds_made_once(void **state)
{
	struct fixture *f = *state;
	struct ask narrow, wide, again;
	const int before = f->help.count;
	size_t len = 0;

	write_ramp(f, "wide.wav", 400, 0);
	ask(&narrow, f, "wide.wav");
	assert_null(sipd_prompt_wide(narrow.prompt, 0));
	assert_null(
		sipd_prompt_frame(narrow.prompt, SIPD_CODEC_G722, 0, &len));

	ask_begin(&wide, f, "wide.wav");
	wide.kinds = SIPD_PROMPT_WIDE | SIPD_PROMPT_G722;
	help_on_loop(&f->help, ask_handler, &wide);
	help_wait(&f->help, before + 2);
	assert_int_equal(wide.error, 0);
	assert_int_equal(sipd_prompt_frames(wide.prompt), 3);
	assert_non_null(sipd_prompt_wide(wide.prompt, 2));
	assert_non_null(
		sipd_prompt_frame(wide.prompt, SIPD_CODEC_G722, 2, &len));
	assert_int_equal(len, 160);
	assert_null(sipd_prompt_frame(wide.prompt, SIPD_CODEC_OPUS, 0, &len));
	assert_memory_equal(sipd_prompt_pcm(narrow.prompt, 0),
			    sipd_prompt_pcm(wide.prompt, 0), 320);

	/* a narrow call takes the same one */
	ask(&again, f, "wide.wav");
	assert_ptr_equal(again.prompt, wide.prompt);
	sipd_prompt_unref(narrow.prompt);
	sipd_prompt_unref(wide.prompt);
	sipd_prompt_unref(again.prompt);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_are_padded_and_encoded),
		cmocka_unit_test(test_concurrent_requests_share_one_load),
		cmocka_unit_test(test_a_changed_file_is_read_again),
		cmocka_unit_test(test_refusals_are_told_with_a_reason),
		cmocka_unit_test(test_a_bad_path_is_refused_at_once),
		cmocka_unit_test(test_wide_kinds_made_once),
		cmocka_unit_test(test_the_longest_unused_goes_first),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
