/**
 * @file core/campaign/import.h  Contact files: CSV and numbers. Pure
 *
 * RFC 4180, with what spreadsheets do to it: BOM, ";" or tab, "sep=", CR, LF or
 * CRLF.  Fed in blocks of any size; calls back for each row and each error.
 */
#ifndef SIPD_CORE_CAMPAIGN_IMPORT_H
#define SIPD_CORE_CAMPAIGN_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SIPD_CSV_COLUMNS_MAX = 128,
	SIPD_CSV_CELL_MAX = 4096, /* bytes */
	SIPD_CSV_ROW_MAX = 65536  /* bytes */
};

struct sipd_csv; /* tokenizer */

/** A row: cells are terminated text; line = where it began, first is 1. */
typedef int(sipd_csv_row_h)(const char *const *cells, size_t count,
			    uint64_t line, void *arg);
/** A row that is malformed (too long, quote left open, text after a quote,
 *  invalid UTF-8, NUL); reading goes on with the next. */
typedef void(sipd_csv_error_h)(uint64_t line, const char *why, void *arg);

int sipd_csv_open(struct sipd_csv **cp, char delimiter /* 0: find out */,
		  sipd_csv_row_h *rowh, sipd_csv_error_h *errh, void *arg);
/** A row handler's non-zero result ends reading and is returned. */
int sipd_csv_feed(struct sipd_csv *c, const char *data, size_t len);
int sipd_csv_end(struct sipd_csv *c); /* last row without newline */
void sipd_csv_close(struct sipd_csv *c);

/** Mapping of columns to fields. */
struct sipd_contact_in {
	char number[32]; /* normalised */
	char name[256];
	int32_t priority;
	char custom[4096]; /* JSON object of the other columns, "" none */
	uint64_t line;
};

struct sipd_import_conf {
	const char *number_column; /* "" find out: number, phone, phone_number,
				      * telephone, tel, mobile, msisdn ... */
	const char *name_column;   /* "" find out: name, or first_name and
				      * last_name */
	const char *default_country; /* "US", "DE" ... or "49"; "" numbers are
				      * taken as they are */
	char delimiter;              /* 0 find out */
};

typedef int(sipd_import_contact_h)(const struct sipd_contact_in *c, void *arg);
typedef void(sipd_import_error_h)(uint64_t line, const char *why, void *arg);

struct sipd_import;
int sipd_import_open(struct sipd_import **ip,
		     const struct sipd_import_conf *conf,
		     sipd_import_contact_h *ch, sipd_import_error_h *eh,
		     void *arg);
/** Non-zero: the file as a whole is refused (no header, no number column,
 *  duplicate header), sipd_error() says why and where. */
int sipd_import_feed(struct sipd_import *im, const char *data, size_t len);
int sipd_import_end(struct sipd_import *im);
/** Rows read (without header), taken, refused. */
void sipd_import_counts(const struct sipd_import *im, uint64_t *rows,
			uint64_t *taken, uint64_t *refused);
void sipd_import_close(struct sipd_import *im);

/**
 * Normalise a number as a person writes it.  With a country: E.164 with "+",
 * 7-15 digits (ITU-T E.164), national trunk prefix removed, international
 * prefix understood, extensions refused.  Without: blanks and -./() removed,
 * 1-20 digits, "+", "*" and "#" kept.  Full-width and Arabic-Indic digits are
 * read as digits.  SIPDIALER_EINVAL with sipd_error() naming number and reason.
 */
int sipd_number_normalise(const char *text, const char *country, char *out,
			  size_t size);
/** Is this a country we know ("US", "49")? */
bool sipd_number_country_known(const char *country);

#endif
