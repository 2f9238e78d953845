/**
 * @file amd.c  `sipdialer amd FILE.wav...`: who would have been heard
 *
 * A JSON line a file, by the detectors that listen to calls.
 */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAUSE_MAX = 32 };

struct verdict {
	bool there;
	int verdict;
	int64_t at_ms;
	double confidence;
	char cause[CAUSE_MAX];
};

struct file {
	struct verdict first, last; /* told first of all; final and last */
	int64_t final_ms;           /* when that was told */
	int64_t beep_at_ms;         /* its end, -1 none */
	bool one_of_many;           /* channels */
	bool curve;
	FILE *events, *points; /* JSON, written as they come */
};


static void verdict_take(struct verdict *v, const struct sipdialer_event *ev)
{
	v->there = true;
	v->verdict = ev->status;
	v->at_ms = ev->at_ms - ev->duration_ms; /* it stands since then */
	v->confidence = ev->confidence;
	(void)snprintf(v->cause, sizeof(v->cause), "%s",
		       ev->reason ? ev->reason : "");
}


static void verdict_print(FILE *f, const struct verdict *v)
{
	(void)fprintf(f,
		      "{\"verdict\":\"%s\",\"at_ms\":%" PRId64
		      ",\"confidence\":%.3f,\"cause\":\"%s\"}",
		      sipdialer_amd_name(v->verdict), v->at_ms, v->confidence,
		      v->cause);
}


static const char *comma(FILE *f)
{
	return ftell(f) > 0 ? "," : "";
}


static void take_tone(struct file *file, const struct sipdialer_event *ev)
{
	FILE *f = file->events;

	if (!strcmp(ev->text, "beep"))
		file->beep_at_ms = ev->at_ms + ev->duration_ms;
	(void)fprintf(f, "%s{\"event\":\"call_tone\",\"text\":\"%s\",",
		      comma(f), ev->text);
	if (ev->reason)
		(void)fprintf(f, "\"reason\":\"%s\",", ev->reason);
	(void)fprintf(f,
		      "\"at_ms\":%" PRId64 ",\"duration_ms\":%" PRId64
		      ",\"hz\":%.1f,\"hz2\":%.1f}",
		      ev->at_ms, ev->duration_ms, ev->hz, ev->hz2);
}


static void take_verdict(struct file *file, const struct sipdialer_event *ev)
{
	FILE *f = file->events;

	if (!file->first.there)
		verdict_take(&file->first, ev);
	if (!strcmp(ev->text, "final")) {
		verdict_take(&file->last, ev);
		file->final_ms = ev->at_ms;
	}

	(void)fprintf(f,
		      "%s{\"event\":\"call_amd\",\"text\":\"%s\",\"status\":"
		      "\"%s\",\"at_ms\":%" PRId64 ",\"duration_ms\":%" PRId64
		      ",\"confidence\":%.3f,\"reason\":\"%s\"}",
		      comma(f), ev->text, sipdialer_amd_name(ev->status),
		      ev->at_ms, ev->duration_ms, ev->confidence,
		      ev->reason ? ev->reason : "");
}


static void take(const struct sipdialer_event *ev, void *arg)
{
	struct file *file = arg;

	if (ev->type == SIPDIALER_EVENT_LOG)
		file->one_of_many = true;
	else if (ev->type == SIPDIALER_EVENT_CALL_TONE)
		take_tone(file, ev);
	else if (strcmp(ev->text, "listening") != 0)
		take_verdict(file, ev);
	else if (file->curve)
		(void)fprintf(file->points, "%s[%" PRId64 ",%.3f,%.3f,%.3f]",
			      comma(file->points), ev->at_ms, ev->p_human,
			      ev->p_machine, ev->p_beep);
}


static void print_begin(const char *path)
{
	(void)printf("{\"file\":");
	cli_json_text(path);
}


static void print_beep(const struct file *file)
{
	if (file->beep_at_ms < 0)
		(void)printf(",\"beep_at_ms\":null");
	else
		(void)printf(",\"beep_at_ms\":%" PRId64, file->beep_at_ms);
}


static void print_file(const char *path, const struct file *file,
		       const char *events, const char *points)
{
	const struct verdict *v = &file->last;

	print_begin(path);
	(void)printf(",\"verdict\":\"%s\",\"at_ms\":%" PRId64
		     ",\"confidence\":%.3f,\"cause\":\"%s\"",
		     sipdialer_amd_name(v->verdict), v->at_ms, v->confidence,
		     v->cause);
	print_beep(file);
	(void)printf(",\"final_ms\":%" PRId64 ",\"first\":", file->final_ms);
	verdict_print(stdout, &file->first);
	if (file->one_of_many)
		(void)printf(",\"channel\":1");
	(void)printf(",\"events\":[%s]", events);
	if (file->curve)
		(void)printf(",\"curve\":[%s]", points);
	(void)puts("}");
}


static int refused(const char *path, int error)
{
	const char *text = sipdialer_last_error();

	print_begin(path);
	(void)printf(",\"error\":\"%s\",\"reason\":",
		     sipdialer_strerror(error));
	cli_json_text(text);
	(void)puts("}");

	return cli_file_error(CLI_FAILED, error, path, text);
}


static int listen_to(struct cli *cli, const char *path, bool curve)
{
	struct file file = {.beep_at_ms = -1, .curve = curve};
	char *events = NULL, *points = NULL;
	size_t length, many;
	int status = CLI_OK, err;

	file.events = open_memstream(&events, &length);
	file.points = open_memstream(&points, &many);
	if (!file.events || !file.points) {
		status = cli_error(CLI_FAILED, "no memory for \"%s\"", path);
		err = SIPDIALER_ENOMEM;
	}
	else {
		err = sipdialer_amd_file(cli->d, path, take, &file);
		if (err)
			status = refused(path, err);
	}
	if (file.events)
		(void)fclose(file.events);
	if (file.points)
		(void)fclose(file.points);
	if (!err)
		print_file(path, &file, events, points);
	free(events);
	free(points);

	return status;
}


int cli_amd(struct cli *cli, int argc, char **argv)
{
	const char **paths = calloc((size_t)argc + 1, sizeof(*paths));
	const char *curve = NULL;
	const struct cli_flag flags[] = {
		{"--curve", "amd.interval=20", &curve, NULL},
		{NULL, NULL, NULL, NULL},
	};
	int status;

	if (!paths)
		return cli_error(CLI_FAILED, "no memory for %d files", argc);

	status = cli_flags(cli, argc, argv, flags, paths, argc);
	if (!status && !paths[0])
		status = cli_error(CLI_USAGE, "amd: which files?");
	for (int i = 0; i < argc && paths[i] && status != CLI_USAGE; i++)
		if (listen_to(cli, paths[i], curve != NULL))
			status = CLI_FAILED;
	free(paths);

	return status;
}
