/**
 * @file option_lines.c  Prints each option as a line of JSON, for make-docs.py
 */
#include <stdio.h>
#include "api/options.h"


int main(void)
{
	const char *json;

	for (size_t i = 0; (json = sipd_option_json(i)); i++)
		if (puts(json) < 0)
			return 1;

	return 0;
}
