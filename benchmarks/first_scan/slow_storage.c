/* Delays each file operation below a folder, as slow storage does. For LD_PRELOAD, by benchmarks.first_scan.
 *
 * The folder is in SLOW_FOLDER, the delay in SLOW_MICROSECONDS. At its end a process adds a line with the number
 * of its operations of each kind to the file SLOW_COUNTS. A folder's entries come in blocks: each 256th waits.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPEN, STATUS, READ, CLOSE, LIST, KINDS };
static const char *const NAMES[KINDS] = {"open", "stat", "read", "close", "list"};
enum { FILES = 1 << 16, BLOCK = 256 };

static const char *folder;
static size_t length;
static struct timespec latency;
static atomic_long counts[KINDS];
static atomic_bool slow[FILES];  /* by descriptor */

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void prepare(void) {
    const char *microseconds = getenv("SLOW_MICROSECONDS");
    long all = microseconds ? atol(microseconds) : 0;
    folder = getenv("SLOW_FOLDER");
    length = folder ? strlen(folder) : 0;
    latency.tv_sec = all / 1000000;
    latency.tv_nsec = all % 1000000 * 1000;
}

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("SLOW_COUNTS");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (!file) return;
    for (int kind = 0; kind < KINDS; kind++) fprintf(file, "%s %ld ", NAMES[kind], counts[kind]);
    fprintf(file, "\n");
    fclose(file);
}

static int below(const char *path) {
    return length && path && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

static void wait_for(int kind) {
    counts[kind]++;
    struct timespec left = latency;
    while ((left.tv_sec || left.tv_nsec) && nanosleep(&left, &left)) {}
}

static int is_slow(int file) { return file >= 0 && file < FILES && slow[file]; }

static int opened(int file, const char *path) {
    if (file >= 0 && file < FILES) slow[file] = below(path);
    return file;
}

#define MODE mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

#define OPENING(name) int name(const char *path, int flags, ...) { \
    MODE REAL(name); if (below(path)) wait_for(OPEN); return opened(real(path, flags, mode), path); }
OPENING(open)
OPENING(open64)

#define OPENING_AT(name) int name(int at, const char *path, int flags, ...) { \
    MODE REAL(name); if (below(path)) wait_for(OPEN); return opened(real(at, path, flags, mode), path); }
OPENING_AT(openat)
OPENING_AT(openat64)

int close(int file) {
    REAL(close);
    if (is_slow(file)) { wait_for(CLOSE); slow[file] = 0; }
    return real(file);
}

#define STATUS_OF_PATH(name, type) int name(const char *path, struct type *status) { \
    REAL(name); if (below(path)) wait_for(STATUS); return real(path, status); }
STATUS_OF_PATH(stat, stat)
STATUS_OF_PATH(stat64, stat64)
STATUS_OF_PATH(lstat, stat)
STATUS_OF_PATH(lstat64, stat64)

#define STATUS_OF_FILE(name, type) int name(int file, struct type *status) { \
    REAL(name); if (is_slow(file)) wait_for(STATUS); return real(file, status); }
STATUS_OF_FILE(fstat, stat)
STATUS_OF_FILE(fstat64, stat64)

#define STATUS_AT(name, type) int name(int at, const char *path, struct type *status, int flags) { \
    REAL(name); if (below(path)) wait_for(STATUS); return real(at, path, status, flags); }
STATUS_AT(fstatat, stat)
STATUS_AT(fstatat64, stat64)

int statx(int at, const char *path, int flags, unsigned mask, struct statx *status) {
    REAL(statx);
    if (below(path) || (!*path && is_slow(at))) wait_for(STATUS);
    return real(at, path, flags, mask, status);
}

ssize_t read(int file, void *buffer, size_t size) {
    REAL(read); if (is_slow(file)) wait_for(READ); return real(file, buffer, size);
}
ssize_t readv(int file, const struct iovec *buffers, int count) {
    REAL(readv); if (is_slow(file)) wait_for(READ); return real(file, buffers, count);
}
#define READING_AT(name, type) ssize_t name(int file, void *buffer, size_t size, type at) { \
    REAL(name); if (is_slow(file)) wait_for(READ); return real(file, buffer, size, at); }
READING_AT(pread, off_t)
READING_AT(pread64, off64_t)

DIR *opendir(const char *path) {
    REAL(opendir);
    if (below(path)) wait_for(OPEN);
    DIR *listing = real(path);
    if (listing) opened(dirfd(listing), path);
    return listing;
}

static _Thread_local long entries;

#define LISTING(name, type) struct type *name(DIR *listing) { \
    REAL(name); if (is_slow(dirfd(listing)) && entries++ % BLOCK == 0) wait_for(LIST); \
    struct type *entry = real(listing); if (!entry) entries = 0; return entry; }
LISTING(readdir, dirent)
LISTING(readdir64, dirent64)

int closedir(DIR *listing) {
    REAL(closedir);
    if (is_slow(dirfd(listing))) { wait_for(CLOSE); slow[dirfd(listing)] = 0; }
    return real(listing);
}
