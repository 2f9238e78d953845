/*
 * The journal.  A thread of its own writes and syncs, so that one sync
 * covers all lines that came while the previous one ran, and the media
 * clock of the main thread never waits for a disk.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct journal {
	struct loop *loop;
	struct watch w; /* eventfd: more is durable */
	int fd;
	bool fsync;
	synced_h h;
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	/* under the lock */
	char *p;
	size_t n, cap;
	uint64_t seq, synced;
	bool stop;
};


static void write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0) {
			perror("phonenet: journal");
			exit(3);
		}
		p += k;
		n -= (size_t)k;
	}
}


static void *writer(void *arg)
{
	struct journal *j = arg;
	char *mine = NULL;
	size_t mine_cap = 0;

	pthread_mutex_lock(&j->lock);
	for (;;) {
		char *p = j->p;
		size_t n = j->n, cap = j->cap;
		uint64_t seq = j->seq, one = 1;

		if (!n && j->stop)
			break;
		if (!n) {
			pthread_cond_wait(&j->more, &j->lock);
			continue;
		}
		j->p = mine;
		j->cap = mine_cap;
		j->n = 0;
		pthread_mutex_unlock(&j->lock);
		write_all(j->fd, p, n);
		if (fdatasync(j->fd) && errno != EINVAL) {
			perror("phonenet: journal sync");
			exit(3);
		}
		mine = p;
		mine_cap = cap;
		pthread_mutex_lock(&j->lock);
		j->synced = seq;
		if (write(j->w.fd, &one, sizeof(one)) < 0)
			perror("phonenet: eventfd");
	}
	pthread_mutex_unlock(&j->lock);
	free(mine);
	return NULL;
}


static void durable(struct watch *w, uint32_t events)
{
	struct journal *j = w->arg;
	uint64_t v;

	(void)events;
	if (read(w->fd, &v, sizeof(v)) < 0)
		return;
	pthread_mutex_lock(&j->lock);
	v = j->synced;
	pthread_mutex_unlock(&j->lock);
	j->h(j->arg, v);
}


struct journal *journal_open(struct loop *l, const char *path, bool fsync,
			     synced_h h, void *arg)
{
	struct journal *j = need(calloc(1, sizeof(*j)));

	j->loop = l;
	j->fsync = fsync;
	j->h = h;
	j->arg = arg;
	j->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	j->w = (struct watch){-1, durable, j};
	if (j->fd < 0) {
		free(j);
		return NULL;
	}
	if (!fsync)
		return j;
	j->w.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->more, NULL);
	if (j->w.fd < 0 || loop_watch(l, &j->w, EPOLLIN) ||
	    pthread_create(&j->thread, NULL, writer, j)) {
		close(j->fd);
		free(j);
		return NULL;
	}
	return j;
}


bool journal_waits(const struct journal *j)
{
	return j && j->fsync;
}


static uint64_t append(struct journal *j, struct str line)
{
	if (j->n + line.l + 1 > j->cap) {
		j->cap = (j->n + line.l + 1) * 2 + 65536;
		j->p = need(realloc(j->p, j->cap));
	}
	memcpy(j->p + j->n, line.p, line.l);
	j->p[j->n + line.l] = '\n';
	j->n += line.l + 1;
	return ++j->seq;
}


uint64_t journal_line(struct journal *j, struct str line)
{
	uint64_t seq;

	if (!j)
		return 0;
	if (!j->fsync)
		return append(j, line);
	pthread_mutex_lock(&j->lock);
	seq = append(j, line);
	pthread_cond_signal(&j->more);
	pthread_mutex_unlock(&j->lock);
	return seq;
}


void journal_flush(struct journal *j)
{
	if (!j || j->fsync || !j->n)
		return;
	write_all(j->fd, j->p, j->n);
	j->n = 0;
}


void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->fsync) {
		pthread_mutex_lock(&j->lock);
		j->stop = true;
		pthread_cond_signal(&j->more);
		pthread_mutex_unlock(&j->lock);
		pthread_join(j->thread, NULL);
		pthread_mutex_destroy(&j->lock);
		pthread_cond_destroy(&j->more);
		loop_unwatch(j->loop, &j->w);
		close(j->w.fd);
	}
	else {
		journal_flush(j);
	}
	free(j->p);
	close(j->fd);
	free(j);
}
