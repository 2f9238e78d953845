/**
 * @file port/store/file.h  Names of files the store writes
 */
#ifndef SIPD_PORT_STORE_FILE_H
#define SIPD_PORT_STORE_FILE_H

/** Error for a file that cannot be written: never EIO, since the store is
 *  well and trying again is up to whoever chose the path.  ENOENT no such
 *  directory, EFULL no space, EINVAL all else. */
int sipd_file_error(int err, const char *path);

/** fsync the directory of path, so that its name survives. */
int sipd_file_sync_dir(const char *path);

#endif
