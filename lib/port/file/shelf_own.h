/**
 * @file port/file/shelf_own.h  Shared by the files of the shelf; nobody else
 */
#ifndef SIPD_PORT_FILE_SHELF_OWN_H
#define SIPD_PORT_FILE_SHELF_OWN_H

#include "port/file/shelf.h"

#define SIPD_SHELF_LIST ".sipdialer"

/** Does it begin with "2026-11-22"? */
bool sipd_shelf_day(const char *name);
/** A folder within another, no link; -1: errno. */
int sipd_shelf_folder(int dir, const char *name, bool make);
/** The folder that `name` is in, to be closed, and its last part; -1: errno. */
int sipd_shelf_parent(int dir, const char *name, bool make, const char **leaf);

#endif
