/*
 * sipdialer-phonenet: a telephone network on one address, for tests, the
 * demo and benchmarks.  README.md lists the numbers and what they do.
 *
 * One thread does everything but the journal's disk writes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "call.h"
#include "media.h"

enum opt_id {
	O_LISTEN = 256,
	O_TCP,
	O_JOURNAL,
	O_SOUNDS,
	O_WRITE_SOUNDS,
	O_RECORD,
	O_USER,
	O_PASSWORD,
	O_ALGORITHM,
	O_REALM,
	O_REQUIRE_AUTH,
	O_ANSWER_DELAY,
	O_LATE_DELAY,
	O_TALK_TIME,
	O_MAX_CALL,
	O_MIX,
	O_SEED,
	O_NONCE_LIFE,
	O_MIN_EXPIRES,
	O_RTP_PORTS,
	O_NO_FSYNC,
	O_NO_MEDIA,
	O_INACTIVE,
	O_QUIET,
	O_STATS,
	O_PARENT,
	O_HELP,
};

static const struct option long_options[] = {
	{"listen", 1, NULL, O_LISTEN},
	{"tcp", 0, NULL, O_TCP},
	{"journal", 1, NULL, O_JOURNAL},
	{"sounds", 1, NULL, O_SOUNDS},
	{"write-sounds", 1, NULL, O_WRITE_SOUNDS},
	{"record", 1, NULL, O_RECORD},
	{"user", 1, NULL, O_USER},
	{"password", 1, NULL, O_PASSWORD},
	{"algorithm", 1, NULL, O_ALGORITHM},
	{"realm", 1, NULL, O_REALM},
	{"require-auth", 0, NULL, O_REQUIRE_AUTH},
	{"answer-delay", 1, NULL, O_ANSWER_DELAY},
	{"late-delay", 1, NULL, O_LATE_DELAY},
	{"talk-time", 1, NULL, O_TALK_TIME},
	{"max-call", 1, NULL, O_MAX_CALL},
	{"mix", 1, NULL, O_MIX},
	{"seed", 1, NULL, O_SEED},
	{"nonce-life", 1, NULL, O_NONCE_LIFE},
	{"min-expires", 1, NULL, O_MIN_EXPIRES},
	{"rtp-ports", 1, NULL, O_RTP_PORTS},
	{"no-fsync", 0, NULL, O_NO_FSYNC},
	{"no-media", 0, NULL, O_NO_MEDIA},
	{"inactive", 0, NULL, O_INACTIVE},
	{"quiet", 0, NULL, O_QUIET},
	{"stats-on-exit", 0, NULL, O_STATS},
	{"parent-dies", 0, NULL, O_PARENT},
	{"help", 0, NULL, O_HELP},
	{NULL, 0, NULL, 0},
};

static const char usage[] =
	"usage: sipdialer-phonenet [options]\n"
	"  --listen ADDR:PORT    default 127.0.0.1:0 (any free port);\n"
	"                        UDP and TCP on the same port\n"
	"  --tcp                 says so in the ready line, too\n"
	"  --journal FILE        a JSON line for each INVITE, synced before\n"
	"                        it is answered; answers, digits and ends\n"
	"  --no-fsync            the journal without waiting for the disk\n"
	"  --sounds DIR          WAVs made by make-sounds.sh\n"
	"  --write-sounds DIR    what the telephones say, as WAVs; then ends\n"
	"  --record DIR          what each telephone heard\n"
	"  --user U:P            may register (repeatable); or --user U\n"
	"                        --password P\n"
	"  --algorithm md5|sha256|both   default both\n"
	"  --realm R             default phonenet\n"
	"  --nonce-life S        default 300\n"
	"  --min-expires S       423 for shorter registrations\n"
	"  --require-auth        challenges INVITE as well\n"
	"  --answer-delay MS     humans answer after MS; default 300..1500\n"
	"  --late-delay MS       default 20000\n"
	"  --talk-time MS        humans hang up after MS; default never\n"
	"  --max-call MS         the network ends a call after MS from its\n"
	"                        INVITE: 480 or BYE; default an hour\n"
	"  --mix SPEC            human=60,busy=15,noanswer=15,404=10: by the\n"
	"                        hash of the number, not by its digits\n"
	"  --seed N              of delays and the mix\n"
	"  --no-media            no RTP at all\n"
	"  --inactive            answers a=inactive: nor from the caller\n"
	"  --rtp-ports MIN-MAX   default 20000-31998\n"
	"  --quiet               no line for each call on stderr\n"
	"  --stats-on-exit       a JSON summary on stdout at the end\n"
	"  --parent-dies         ends when stdin closes\n";


static bool bad(const char *what, const char *value)
{
	fprintf(stderr, "phonenet: %s: \"%s\" is not right; see --help\n",
		what, value);
	return false;
}


static bool number(const char *text, int64_t max, int64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoll(text, &end, 10);
	return !errno && end != text && !*end && *v >= 0 && *v <= max;
}


static bool set_listen(struct options *o, const char *v)
{
	const char *colon = strrchr(v, ':');
	int64_t port = 0;
	size_t l = colon ? (size_t)(colon - v) : strlen(v);

	if (l >= sizeof(o->ip) || (colon && !number(colon + 1, 65535, &port)))
		return bad("--listen", v);
	memcpy(o->ip, v, l);
	o->ip[l] = '\0';
	o->listen.sin_family = AF_INET;
	o->listen.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, o->ip, &o->listen.sin_addr) != 1)
		return bad("--listen", v);
	return true;
}


/* "u:p", or "u" and --password before or after it */
static bool set_user(struct net *n, const char *u, const char **password)
{
	const char *colon = strchr(u, ':');
	char name[128];
	size_t l = colon ? (size_t)(colon - u) : strlen(u);

	if (!l || l >= sizeof(name))
		return bad("--user", u);
	memcpy(name, u, l);
	name[l] = '\0';
	if (!colon && !*password)
		return bad("--user without --password", u);
	return auth_add(&n->auth, name, colon ? colon + 1 : *password) ||
	       bad("--user (256 at most)", u);
}


static bool set_number(struct net *n, int id, const char *text)
{
	struct options *o = &n->opt;
	int64_t v;

	if (!number(text, id == O_SEED ? INT64_MAX : 86400000, &v))
		return bad("number", text);
	if (id == O_ANSWER_DELAY)
		o->answer_ms = v;
	else if (id == O_LATE_DELAY)
		o->late_ms = v;
	else if (id == O_TALK_TIME)
		o->talk_ms = v;
	else if (id == O_MAX_CALL)
		o->max_call_ms = v;
	else if (id == O_SEED)
		o->seed = (uint64_t)v;
	else if (id == O_NONCE_LIFE)
		n->auth.nonce_life_s = (uint32_t)v;
	else
		o->min_expires = (uint32_t)v;
	return true;
}


static bool set_algorithm(struct auth *a, const char *v)
{
	a->md5 = !strcmp(v, "md5") || !strcmp(v, "both");
	a->sha256 = !strcmp(v, "sha256") || !strcmp(v, "both");
	return a->md5 || a->sha256 || bad("--algorithm", v);
}


static bool set_ports(struct options *o, const char *v)
{
	if (sscanf(v, "%u-%u", &o->rtp_min, &o->rtp_max) != 2 ||
	    o->rtp_min < 1024 || o->rtp_max > 65534 ||
	    o->rtp_max < o->rtp_min + 2)
		return bad("--rtp-ports", v);
	o->rtp_min += o->rtp_min & 1;
	return true;
}


static bool set_one(struct net *n, int id, const char *v)
{
	struct options *o = &n->opt;

	switch (id) {
	case O_LISTEN:
		return set_listen(o, v);
	case O_JOURNAL:
		o->journal = v;
		break;
	case O_SOUNDS:
		o->sounds = v;
		break;
	case O_WRITE_SOUNDS:
		o->write_sounds = v;
		break;
	case O_RECORD:
		o->record = v;
		break;
	case O_ALGORITHM:
		return set_algorithm(&n->auth, v);
	case O_REALM:
		n->auth.realm = v;
		break;
	case O_MIX:
		return mix_parse(&n->mix, v);
	case O_RTP_PORTS:
		return set_ports(o, v);
	case O_REQUIRE_AUTH:
		o->require_auth = true;
		break;
	case O_NO_FSYNC:
		o->no_fsync = true;
		break;
	case O_NO_MEDIA:
		o->no_media = true;
		break;
	case O_INACTIVE:
		o->inactive = true;
		break;
	case O_QUIET:
		o->quiet = true;
		break;
	case O_STATS:
		o->stats = true;
		break;
	case O_PARENT:
		o->parent_dies = true;
		break;
	case O_TCP:
		break;
	default:
		return set_number(n, id, v);
	}
	return true;
}


/* 0: go on; else the exit status + 1 */
static int read_options(struct net *n, int argc, char **argv, bool *tcp)
{
	const char *password = NULL, *pending = NULL;
	int id;

	while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		bool ok = true;

		if (id == O_HELP) {
			fputs(usage, stdout);
			return 1;
		}
		if (id == '?')
			return 3;
		*tcp = *tcp || id == O_TCP;
		if (id == O_PASSWORD)
			password = optarg;
		else if (id == O_USER && !strchr(optarg, ':') && !pending)
			pending = optarg;
		else if (id == O_USER)
			ok = set_user(n, optarg, &password);
		else
			ok = set_one(n, id, optarg);
		if (ok && pending && password) {
			ok = set_user(n, pending, &password);
			pending = password = NULL;
		}
		if (!ok)
			return 3;
	}
	if (pending)
		bad("--user without --password", pending);
	if (optind < argc)
		bad("argument", argv[optind]);
	return pending || optind < argc ? 3 : 0;
}


static void defaults(struct net *n)
{
	n->opt.answer_ms = n->opt.late_ms = n->opt.talk_ms = -1;
	n->opt.max_call_ms = 3600 * 1000;
	n->opt.seed = 1;
	n->opt.rtp_min = 20000;
	n->opt.rtp_max = 31998;
	n->auth.realm = "phonenet";
	n->auth.md5 = n->auth.sha256 = true;
	n->auth.nonce_life_s = 300;
	n->auth.secret = mix64(wall_us() ^ ((uint64_t)getpid() << 40));
	set_listen(&n->opt, "127.0.0.1:0");
}


static void print_stats(struct net *n)
{
	static char text[65536];
	struct buf b = {text, 0, sizeof(text), false};

	stats_json(n, &b);
	printf("%.*s\n", (int)b.n, b.p);
	fflush(stdout);
}


/* SIGUSR1: the counters now; the others: the end. */
static void on_signal(struct watch *w, uint32_t events)
{
	struct net *n = w->arg;
	struct signalfd_siginfo si;

	(void)events;
	if (read(w->fd, &si, sizeof(si)) != sizeof(si))
		return;
	if (si.ssi_signo == SIGUSR1)
		print_stats(n);
	else
		n->loop.stop = true;
}


static void on_stdin(struct watch *w, uint32_t events)
{
	struct net *n = w->arg;
	char text[256];

	(void)events;
	if (read(w->fd, text, sizeof(text)) <= 0)
		n->loop.stop = true;
}


static void after_turn(void *arg)
{
	struct net *n = arg;

	journal_flush(n->journal);
	transport_flush(n->transport);
	media_reap(n->media);
}


static int watch_signals(struct net *n, struct watch *w)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	*w = (struct watch){signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
			    on_signal, n};
	return w->fd < 0 ? -1 : loop_watch(&n->loop, w, EPOLLIN);
}


static bool start(struct net *n, struct watch *sig, struct watch *in)
{
	struct rlimit rl;

	if (!getrlimit(RLIMIT_NOFILE, &rl)) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	if (loop_init(&n->loop) || watch_signals(n, sig)) {
		perror("phonenet: loop");
		return false;
	}
	*in = (struct watch){STDIN_FILENO, on_stdin, n};
	if (n->opt.parent_dies && loop_watch(&n->loop, in, EPOLLIN)) {
		perror("phonenet: --parent-dies needs stdin to be a pipe");
		return false;
	}
	if (n->opt.journal) {
		n->journal = journal_open(&n->loop, n->opt.journal,
					  !n->opt.no_fsync, calls_release, n);
		if (!n->journal) {
			perror(n->opt.journal);
			return false;
		}
	}
	if (sounds_make(&n->sounds, n->opt.sounds, n->opt.seed))
		return false;
	calls_init(n);
	n->registrar = registrar_new(n->opt.min_expires);
	n->media = media_new(n);
	n->transport = transport_open(&n->loop, &n->opt.listen, net_receive,
				      n);
	if (!n->transport) {
		perror("phonenet: --listen");
		return false;
	}
	n->opt.port = ntohs(n->opt.listen.sin_port);
	return true;
}


static void finish(struct net *n)
{
	calls_free(n);
	transport_flush(n->transport);
	media_reap(n->media);
	if (n->opt.stats)
		print_stats(n);
	if (n->journal) {
		static char text[65536];
		struct buf b = {text, 0, sizeof(text), false};

		stats_json(n, &b);
		journal_line(n->journal, (struct str){b.p, b.n});
	}
	journal_close(n->journal);
	transport_close(n->transport);
	media_free(n->media);
	registrar_free(n->registrar);
	sounds_free(&n->sounds);
	auth_free(&n->auth);
	free(n->rate.at);
	free(n->seen.v);
	loop_close(&n->loop);
}


static int write_sounds(struct net *n)
{
	bool ok = !sounds_make(&n->sounds, n->opt.sounds, n->opt.seed) &&
		  sounds_write(&n->sounds, n->opt.write_sounds);

	if (!ok)
		perror(n->opt.write_sounds);
	sounds_free(&n->sounds);
	auth_free(&n->auth);
	return ok ? 0 : 3;
}


int main(int argc, char **argv)
{
	static struct net net;
	struct watch sig, in;
	bool tcp = false;
	int rc;

	defaults(&net);
	rc = read_options(&net, argc, argv, &tcp);
	if (rc)
		return rc - 1;
	if (net.opt.write_sounds)
		return write_sounds(&net);
	if (!start(&net, &sig, &in))
		return 3;
	printf("phonenet ready udp:%s:%u%s", net.opt.ip, net.opt.port,
	       tcp ? "" : "\n");
	if (tcp)
		printf(" tcp:%s:%u\n", net.opt.ip, net.opt.port);
	fflush(stdout);
	loop_run(&net.loop, after_turn, &net);
	finish(&net);
	close(sig.fd);
	return 0;
}
