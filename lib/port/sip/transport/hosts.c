/**
 * @file port/sip/transport/hosts.c  Names of /etc/hosts
 *
 * They come before DNS.  The file is read once, at the opening of the
 * stack.  Loop thread only.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "port/sip/internal.h"

enum {
	NAMES_MAX = 4096, /* more are not read */
	LINE_SIZE = 1024  /* longer lines are cut */
};

struct name {
	struct le le;
	struct sa addr;
	char name[];
};

struct sipd_hosts {
	struct list names; /* in the order of the file: the first one counts */
	size_t count;
};


static void hosts_destructor(void *arg)
{
	struct sipd_hosts *hosts = arg;

	list_flush(&hosts->names);
}


static int add(struct sipd_hosts *hosts, const struct sa *addr,
	       const char *name)
{
	const size_t size = strlen(name) + 1;
	struct name *n;

	if (hosts->count == NAMES_MAX)
		return 0;

	n = mem_zalloc(sizeof(*n) + size, NULL);
	if (!n)
		return ENOMEM;

	n->addr = *addr;
	memcpy(n->name, name, size);
	list_append(&hosts->names, &n->le, n);
	hosts->count++;

	return 0;
}


static int read_line(struct sipd_hosts *hosts, char *line)
{
	char *save = NULL, *word;
	struct sa addr;
	int err = 0;

	line[strcspn(line, "#\r\n")] = '\0';

	word = strtok_r(line, " \t", &save);
	if (!word || sa_set_str(&addr, word, 0))
		return 0;

	while (!err && (word = strtok_r(NULL, " \t", &save)))
		err = add(hosts, &addr, word);

	return err;
}


int sipd_hosts_load(struct sipd_hosts **hp, const char *path)
{
	struct sipd_hosts *hosts;
	char line[LINE_SIZE];
	FILE *f;
	int err = 0;

	hosts = mem_zalloc(sizeof(*hosts), hosts_destructor);
	if (!hosts)
		return ENOMEM;

	f = fopen(path, "re");
	while (f && !err && fgets(line, sizeof(line), f))
		err = read_line(hosts, line);
	if (f)
		(void)fclose(f);

	if (err)
		mem_deref(hosts);
	else
		*hp = hosts;

	return err;
}


static bool is_localhost(const struct pl *name)
{
	static const char tail[] = ".localhost";
	const size_t len = sizeof(tail) - 1;
	struct pl end;

	if (!pl_strcasecmp(name, tail + 1))
		return true;
	if (name->l <= len)
		return false;

	end.p = name->p + name->l - len;
	end.l = len;

	return !pl_strcasecmp(&end, tail);
}


bool sipd_hosts_find(const struct sipd_hosts *hosts, const struct pl *name,
		     struct sa *addr)
{
	const struct name *v6 = NULL;
	struct le *le;

	for (le = hosts ? list_head(&hosts->names) : NULL; le; le = le->next) {
		const struct name *n = le->data;

		if (pl_strcasecmp(name, n->name))
			continue;
		if (sa_af(&n->addr) == AF_INET) {
			*addr = n->addr;
			return true;
		}
		if (!v6)
			v6 = n;
	}

	if (is_localhost(name))
		return !sa_set_str(addr, "127.0.0.1", 0);

	if (v6)
		*addr = v6->addr;

	return v6 != NULL;
}
