/**
 * @file fuzz/replay.c  Feed files to a fuzz target, without a fuzzer
 *
 * Arguments are files and directories (one level), "corpus:NAME" a
 * directory of the shared corpus; "--mutate N" also feeds N
 * changed copies of each, the same ones in each run.  Ends by a signal if the
 * target finds something: the last line on stderr names the file.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { SIZE_MAX_BYTES = 1 << 20 };

struct replay {
	unsigned mutate, files;
	unsigned long inputs;
};


static uint64_t random64(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;

	return *s * UINT64_C(2685821657736338717);
}


/* A few bytes changed, cut, doubled. */
static size_t mutate(uint8_t *out, const uint8_t *in, size_t size,
		     uint64_t *seed)
{
	static const uint8_t liked[] = "\",;\r\n\0+0\xc3\xff\t ='";
	size_t len = size;

	memcpy(out, in, size);
	for (uint64_t n = 1 + random64(seed) % 8; n && len; n--) {
		const uint64_t r = random64(seed);
		const size_t at = (size_t)(r >> 16) % len;

		switch (r % 5) {
		case 0:
			out[at] = (uint8_t)(r >> 8);
			break;
		case 1:
			out[at] = liked[(r >> 8) % (sizeof(liked) - 1)];
			break;
		case 2:
			len = at + 1;
			break;
		case 3:
			memmove(out + at, out + at + 1, len - at - 1);
			len--;
			break;
		default:
			memmove(out + len / 2, out + at / 2, len - len / 2);
			break;
		}
	}

	return len;
}


static void feed(struct replay *r, const char *path)
{
	static uint8_t data[SIZE_MAX_BYTES], changed[SIZE_MAX_BYTES];
	uint64_t seed = 88172645463325252ULL;
	size_t size;
	uint8_t *copy;
	FILE *f = fopen(path, "rb");

	if (!f)
		return;
	size = fread(data, 1, sizeof(data), f);
	fclose(f);
	fprintf(stderr, "%s\n", path);
	r->files++;

	for (unsigned i = 0; i <= r->mutate; i++) {
		const size_t len = i ? mutate(changed, data, size, &seed)
				     : size;

		/* of its own size, so that a sanitizer sees its end */
		copy = malloc(len ? len : 1);
		if (!copy)
			return;
		memcpy(copy, i ? changed : data, len);
		(void)LLVMFuzzerTestOneInput(copy, len);
		free(copy);
		r->inputs++;
	}
}


static void walk(struct replay *r, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	char name[4096];
	struct stat st;

	if (!dir) {
		feed(r, path);
		return;
	}
	while ((e = readdir(dir)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (!stat(name, &st) && S_ISREG(st.st_mode))
			feed(r, name);
	}
	closedir(dir);
}


/* "corpus:csv": a directory of the shared corpus, when there is one. */
static void walk_corpus(struct replay *r, const char *name)
{
	const char *data = getenv("SHARED_DATA");
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/corpus/%s", data ? data : "", name);
	if (data && !stat(path, &st))
		walk(r, path);
	else
		printf("skipped: corpus %s\n", name);
}


int main(int argc, char **argv)
{
	struct replay r = {0, 0, 0};

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--mutate") && i + 1 < argc) {
			r.mutate = (unsigned)strtoul(argv[++i], NULL, 10);
		}
		else if (!strncmp(argv[i], "corpus:", 7)) {
			walk_corpus(&r, argv[i] + 7);
		}
		else {
			walk(&r, argv[i]);
		}
	}
	printf("%u files, %lu inputs\n", r.files, r.inputs);

	return r.files ? 0 : 1;
}
