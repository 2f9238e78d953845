/**
 * @file port/store/open.h  Parts of opening, also used by check and backup
 */
#ifndef SIPD_PORT_STORE_OPEN_H
#define SIPD_PORT_STORE_OPEN_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/** Is it ours, or empty?  Reads only; create: make an empty file, 0600.
 *  *real to be freed. */
int sipd_store_probe(const char *path, bool create, char **real);
/** The lock of the one who dials; EBUSY after wait_ms. */
int sipd_store_lock(const char *path, uint32_t wait_ms, int *fdp);
/** ENEWER, EFORMAT: nothing has been written. */
int sipd_store_connect(sqlite3 **dbp, const char *path, int *version);
/** Migrate; lock_fd -1: takes the lock meanwhile. */
int sipd_store_upgrade(sqlite3 *db, const char *path, int lock_fd);
/** Close without writing. db may be NULL. */
void sipd_store_abandon(sqlite3 *db);

#endif
