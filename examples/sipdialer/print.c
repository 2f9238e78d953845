/**
 * @file print.c  What the command shows: lines, progress, tables
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BAR = 24, PLAIN_MS = 2000 };


void cli_print_json(const struct sipdialer_event *ev)
{
	char small[2048], *big;
	const int len = sipdialer_event_json(ev, small, sizeof(small));

	if (len < 0)
		return;
	if ((size_t)len < sizeof(small)) {
		(void)puts(small);
		return;
	}

	big = malloc((size_t)len + 1);
	if (!big)
		return;
	(void)sipdialer_event_json(ev, big, (size_t)len + 1);
	(void)puts(big);
	free(big);
}


void cli_json_text(const char *text)
{
	(void)putchar('"');
	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			(void)printf("\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			(void)printf("\\u%04x", c);
		else
			(void)putchar(c);
	}
	(void)putchar('"');
}


static void print_end(const struct sipdialer_event *ev)
{
	(void)printf("%s %s", ev->to,
		     sipdialer_disposition_name(ev->disposition));
	if (ev->sip_status && ev->sip_status != 200)
		(void)printf(" (%d%s%s)", ev->sip_status,
			     ev->reason && *ev->reason ? " " : "",
			     ev->reason ? ev->reason : "");
	else if (ev->reason && *ev->reason)
		(void)printf(" (%s)", ev->reason);
	(void)printf(", rang %.1f s, talked %.1f s",
		     (double)ev->ring_ms / 1000, (double)ev->talk_ms / 1000);
	if (ev->codec)
		(void)printf(", %s, sent %llu received %llu lost %llu "
			     "packets, jitter %.1f ms",
			     ev->codec, (unsigned long long)ev->rtp_tx,
			     (unsigned long long)ev->rtp_rx,
			     (unsigned long long)ev->rtp_lost,
			     ev->rtp_jitter_ms);
	if (ev->dtmf && *ev->dtmf)
		(void)printf(", keys %s", ev->dtmf);
	if (ev->message)
		(void)printf(", message %s", ev->message);
	if (ev->recording)
		(void)printf(", recorded to %s", ev->recording);
	(void)putchar('\n');
}


static void print_transfer(const struct sipdialer_event *ev)
{
	static const char *const words[] = {"asked for", "rings", "completed"};

	if (ev->status == CLI_TRANSFER_FAILED)
		(void)printf("transfer failed: %d %s\n", ev->sip_status,
			     ev->reason ? ev->reason : "");
	else if (ev->status >= 0 && ev->status < CLI_TRANSFER_FAILED)
		(void)printf("transfer %s\n", words[ev->status]);
}


static void print_amd(const struct sipdialer_event *ev)
{
	if (strcmp(ev->text, "final"))
		return;

	(void)fputs(sipdialer_amd_name(ev->status), stdout);
	if (ev->status != SIPDIALER_AMD_UNKNOWN)
		(void)printf(", %.0f %% sure", 100 * ev->confidence);
	(void)printf(" after %.1f s (%s)\n", (double)ev->at_ms / 1000,
		     ev->reason ? ev->reason : "");
}


static void print_message(const struct sipdialer_event *ev)
{
	(void)printf("message %s%s%s\n", ev->text, ev->reason ? ": " : "",
		     ev->reason ? ev->reason : "");
}


/* The file stands in the last line; refusals come as warnings. */
static void print_recording(const struct sipdialer_event *ev)
{
	if (!strcmp(ev->text, "removed"))
		(void)puts("recording removed");
	else if (ev->failed)
		(void)printf("recording: %llu ms lost, the disk was too "
			     "slow\n",
			     (unsigned long long)ev->failed);
}


void cli_print_call(const struct sipdialer_event *ev)
{
	switch (ev->type) {
	case SIPDIALER_EVENT_CALL_DIALING:
		(void)printf("dialing %s\n", ev->to);
		break;
	case SIPDIALER_EVENT_CALL_RINGING:
		(void)printf("ringing (%d)\n", ev->sip_status);
		break;
	case SIPDIALER_EVENT_CALL_EARLY_MEDIA:
		(void)printf("audio before the answer (%s)\n", ev->codec);
		break;
	case SIPDIALER_EVENT_CALL_ANSWERED:
		(void)printf("answered after %.1f s (%s)\n",
			     (double)ev->ring_ms / 1000,
			     ev->codec ? ev->codec : "?");
		break;
	case SIPDIALER_EVENT_CALL_DTMF:
		(void)printf("key %s\n", ev->text);
		break;
	case SIPDIALER_EVENT_CALL_PLAYED:
		if (ev->error && ev->error != SIPDIALER_ECANCELLED)
			(void)cli_library_error(0, ev->error, ev->reason);
		break;
	case SIPDIALER_EVENT_CALL_HELD:
		(void)puts(ev->status ? "held" : "resumed");
		break;
	case SIPDIALER_EVENT_CALL_AMD:
		print_amd(ev);
		break;
	case SIPDIALER_EVENT_CALL_TONE:
		(void)printf("tone: %s%s%s\n", ev->text, ev->reason ? " " : "",
			     ev->reason ? ev->reason : "");
		break;
	case SIPDIALER_EVENT_CALL_MESSAGE:
		print_message(ev);
		break;
	case SIPDIALER_EVENT_CALL_RECORDING:
		print_recording(ev);
		break;
	case SIPDIALER_EVENT_CALL_TRANSFER:
		print_transfer(ev);
		break;
	case SIPDIALER_EVENT_CALL_ENDED:
		print_end(ev);
		break;
	default:
		break;
	}
}


void cli_print_campaign(const struct sipdialer_event *ev)
{
	(void)printf(
		"%llu  %-10s  %-24s  contacts %llu: pending %llu, active "
		"%llu, completed %llu, failed %llu, other %llu; calls %llu\n",
		(unsigned long long)ev->campaign,
		sipdialer_campaign_status_name(ev->status), ev->text,
		(unsigned long long)ev->total, (unsigned long long)ev->pending,
		(unsigned long long)ev->active,
		(unsigned long long)ev->completed,
		(unsigned long long)ev->failed, (unsigned long long)ev->other,
		(unsigned long long)ev->attempts);
}


static void span(char *buf, size_t size, uint64_t s)
{
	(void)snprintf(buf, size, "%llu:%02llu", (unsigned long long)(s / 60),
		       (unsigned long long)(s % 60));
}


static void outcomes_line(char *buf, size_t size, const uint64_t *by,
			  size_t len)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 1; i < len && n < size; i++)
		if (by[i])
			n += (size_t)snprintf(buf + n, size - n, "%s%s %llu",
					      n ? " " : "",
					      sipdialer_disposition_name(
						      (int)i),
					      (unsigned long long)by[i]);
}


static void progress_text(const struct cli_progress *p,
			  const struct sipdialer_event *ev, char *buf,
			  size_t size)
{
	const uint64_t over = ev->total - ev->pending > ev->active
				      ? ev->total - ev->pending - ev->active
				      : 0;
	const double seconds = (double)(cli_clock_ms() - p->started_ms) / 1000;
	const double rate = seconds > 0
				    ? (double)(ev->attempts - p->attempts0) /
					      seconds
				    : 0;
	char left[32] = "?", outcomes[512];

	/* by the share done; retries make it longer, so it is a guess */
	if (over && seconds > 1)
		span(left, sizeof(left),
		     (uint64_t)(seconds * (double)(ev->total - over) /
				(double)over));
	outcomes_line(outcomes, sizeof(outcomes), ev->by_disposition,
		      ev->by_disposition_len);
	(void)snprintf(buf, size,
		       "%llu/%llu  %.1f calls/s  %llu active  %s  %s left",
		       (unsigned long long)over, (unsigned long long)ev->total,
		       rate, (unsigned long long)ev->active, outcomes, left);
}


void cli_progress(struct cli *cli, struct cli_progress *p,
		  const struct sipdialer_event *ev)
{
	const uint64_t now = cli_clock_ms();
	char text[1024], bar[BAR + 1];
	size_t full;

	if (!p->started_ms) {
		p->started_ms = now;
		p->attempts0 = ev->attempts;
	}

	if (cli->json) {
		cli_print_json(ev);
		return;
	}

	progress_text(p, ev, text, sizeof(text));
	if (!cli->tty) {
		if (now - p->last_ms >= PLAIN_MS) {
			(void)puts(text);
			p->last_ms = now;
		}
		return;
	}

	full = ev->total
		       ? (size_t)((ev->total - ev->pending) * BAR / ev->total)
		       : 0;
	memset(bar, '.', BAR);
	memset(bar, '#', full > BAR ? BAR : full);
	bar[BAR] = '\0';
	(void)printf("\r\033[K[%s] %s", bar, text);
	p->drawn = true;
}


void cli_progress_clear(struct cli *cli, struct cli_progress *p)
{
	if (cli->tty && p->drawn)
		(void)printf("\r\033[K");
	p->drawn = false;
}


void cli_outcomes(const uint64_t *by_disposition, size_t len)
{
	uint64_t total = 0;

	for (size_t i = 1; i < len; i++)
		total += by_disposition[i];
	if (!total)
		return;

	(void)printf("\n  %-18s %8s %7s\n", "outcome", "calls", "share");
	for (size_t i = 1; i < len; i++)
		if (by_disposition[i])
			(void)printf("  %-18s %8llu %6.1f%%\n",
				     sipdialer_disposition_name((int)i),
				     (unsigned long long)by_disposition[i],
				     100.0 * (double)by_disposition[i] /
					     (double)total);
	(void)printf("  %-18s %8llu\n\n", "total", (unsigned long long)total);
}
