/* Stands between the program under test and its files; loaded into it with LD_PRELOAD. Driven by disk.rs.
 *
 * Calls on what lies below the folder DISK_ROOT are
 *
 *  - written down into the file DISK_TRACE, in the order in which they were done, with every byte: from that it can be
 *    worked out what a disk may hold after a loss of power (power.rs). Requests that come in over a socket and the
 *    beginnings of HTTP answers that go out are written down as well, so that "answered" has its place in the order;
 *
 *  - made to fail, to be cut short or to take their time, as long as a line of the file DISK_FAULTS says so. It is looked
 *    at with every call, so that a disk breaks and heals while the program runs.
 *
 * A line of faults is a call, the end of a path (or, behind a star, any part of one) and an effect:
 *
 *      sync journal.sqlite-wal EIO
 *      write journal.sqlite full
 *
 * Calls: open write cut sync read any. Effects: the name of an error (EIO ENOSPC EDQUOT EROFS); "full": nothing can grow,
 * what is there can be written over; "half": half of it is written, and of one byte nothing; a number: so many
 * milliseconds late.
 *
 * A record of the trace is a line "kind number length path" and then so many bytes:
 *
 *      begin 0 0 -             a process began
 *      make, folder, remove    a file came to be, a folder did, a file went
 *      write OFFSET LENGTH     these bytes were written there
 *      cut SIZE                the file was cut or stretched to this size
 *      sync                    everything written to the file before this was begun is on disk
 *      names                   the same for the names in a folder
 *      lost                    the sync of a file failed
 *      asked FD LENGTH -       a request came in; its first line
 *      answered FD LENGTH -    an answer is about to leave; its first line
 *
 * Every call is made by its number: what this file replaces cannot be called through itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MOST 65536

/* The path of each open descriptor that is watched. Never freed: a test is short. */
static char *paths[MOST];
static char root[PATH_MAX];
static char faults[PATH_MAX];
static int trace = -1;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

static void record(const char *kind, long number, const void *bytes, size_t length, const char *path) {
    if (trace < 0) return;
    char head[PATH_MAX + 64];
    int size = snprintf(head, sizeof head, "%s %ld %zu %s\n", kind, number, length, path);
    struct iovec parts[2] = {{head, (size_t)size}, {(void *)bytes, length}};
    int kept = errno;
    pthread_mutex_lock(&order);
    syscall(SYS_writev, trace, parts, 2);
    pthread_mutex_unlock(&order);
    errno = kept;
}

__attribute__((constructor)) static void begin(void) {
    const char *from;
    if ((from = getenv("DISK_ROOT"))) snprintf(root, sizeof root, "%s", from);
    if ((from = getenv("DISK_FAULTS"))) snprintf(faults, sizeof faults, "%s", from);
    if ((from = getenv("DISK_TRACE")))
        trace = (int)syscall(SYS_openat, AT_FDCWD, from, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    record("begin", 0, NULL, 0, "-");
}

/* Whether a path is watched; whole paths only, because the program uses no others. */
static int is_watched(const char *path) {
    size_t length = strlen(root);
    return length > 0 && path && strncmp(path, root, length) == 0;
}

static const char *path_of(int fd) { return fd >= 0 && fd < MOST ? paths[fd] : NULL; }

struct effect {
    int error, full, half;
};

static int error_of(const char *name) {
    static const struct { const char *name; int number; } known[] = {
        {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}, {"EACCES", EACCES}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0) return known[i].number;
    return 0;
}

/* What is to happen with a call. Waits here where it is to be late. */
static struct effect effect_of(const char *call, const char *path) {
    struct effect effect = {0, 0, 0};
    if (!path || !faults[0]) return effect;
    int kept = errno;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, faults, O_RDONLY | O_CLOEXEC, 0);
    char text[4096] = "";
    if (fd >= 0) {
        ssize_t length = syscall(SYS_read, fd, text, sizeof text - 1);
        text[length > 0 ? length : 0] = 0;
        syscall(SYS_close, fd);
    }
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char which[16], end[256], what[32];
        if (sscanf(line, "%15s %255s %31s", which, end, what) != 3) continue;
        if (strcmp(which, call) != 0 && strcmp(which, "any") != 0) continue;
        size_t length = strlen(path), tail = strlen(end);
        if (end[0] == '*' ? !strstr(path, end + 1) : tail > length || strcmp(path + length - tail, end) != 0) continue;
        long late = strtol(what, NULL, 10);
        struct timespec wait = {late / 1000, late % 1000 * 1000000};
        if (late > 0) nanosleep(&wait, NULL);
        if (strcmp(what, "full") == 0) effect.full = 1;
        if (strcmp(what, "half") == 0) effect.half = 1;
        if (error_of(what)) effect.error = error_of(what);
    }
    errno = kept;
    return effect;
}

static int fails(struct effect effect) {
    if (effect.error) errno = effect.error;
    return effect.error != 0;
}

/* Opening and closing. */

static int open_at(int folder, const char *path, int flags, mode_t mode) {
    int watched = is_watched(path);
    int is_new = 0;
    if (watched) {
        struct stat there;
        is_new = (flags & O_CREAT) && fstatat(folder, path, &there, 0) != 0;
        struct effect effect = effect_of("open", path);
        /* What cannot be written can still be read. */
        if (effect.error == EROFS && !(flags & (O_WRONLY | O_RDWR | O_CREAT))) effect.error = 0;
        if (fails(effect)) return -1;
        if (effect.full && is_new) return errno = ENOSPC, -1;
    }
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (fd >= 0 && fd < MOST) paths[fd] = watched ? strdup(path) : NULL;
    if (fd >= 0 && is_new) record("make", 0, NULL, 0, path);
    if (fd >= 0 && watched && !is_new && (flags & O_TRUNC)) record("cut", 0, NULL, 0, path);
    return fd;
}

#define MODE(flags, last)                                  \
    mode_t mode = 0;                                       \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                 \
        va_list more;                                      \
        va_start(more, last);                              \
        mode = (mode_t)va_arg(more, int);                  \
        va_end(more);                                      \
    }

int open(const char *path, int flags, ...) { MODE(flags, flags) return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, flags) return open_at(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags, flags) return open_at(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags, flags) return open_at(at, path, flags, mode); }

int close(int fd) {
    if (fd >= 0 && fd < MOST) paths[fd] = NULL;
    return (int)syscall(SYS_close, fd);
}

/* Names. */

int mkdir(const char *path, mode_t mode) {
    if (is_watched(path)) {
        struct effect effect = effect_of("open", path);
        if (fails(effect)) return -1;
        if (effect.full) return errno = ENOSPC, -1;
    }
    int done = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (done == 0 && is_watched(path)) record("folder", 0, NULL, 0, path);
    return done;
}

int unlink(const char *path) {
    int done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (done == 0 && is_watched(path)) record("remove", 0, NULL, 0, path);
    return done;
}

/* Writing. */

/* How much of a write may be done; -1 for none, with errno set. */
static ssize_t allowed(int fd, const char *path, size_t length, off_t offset) {
    struct effect effect = effect_of("write", path);
    if (fails(effect)) return -1;
    if (effect.half) return length > 1 ? (ssize_t)(length / 2) : (errno = ENOSPC, -1);
    if (effect.full) {
        struct stat there;
        off_t size = fstat(fd, &there) == 0 ? there.st_size : 0;
        if (offset >= size) return errno = ENOSPC, -1;
        if (offset + (off_t)length > size) return (ssize_t)(size - offset);
    }
    return (ssize_t)length;
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t offset) {
    const char *path = path_of(fd);
    if (path) {
        ssize_t most = allowed(fd, path, length, offset);
        if (most < 0) return -1;
        length = (size_t)most;
    }
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, length, offset);
    if (path && done > 0) record("write", offset, bytes, (size_t)done, path);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return write_at(fd, bytes, length, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return write_at(fd, bytes, length, offset); }

/* The first line of what goes through a socket. */
static void overhear(const char *kind, const char *begins, int fd, const void *bytes, ssize_t length) {
    size_t wanted = strlen(begins);
    if (length < (ssize_t)wanted || memcmp(bytes, begins, wanted) != 0) return;
    const char *end = memchr(bytes, '\r', (size_t)length);
    record(kind, fd, bytes, end ? (size_t)(end - (const char *)bytes) : wanted, "-");
}

ssize_t write(int fd, const void *bytes, size_t length) {
    const char *path = path_of(fd);
    if (!path) {
        overhear("answered", "HTTP/1.1 ", fd, bytes, (ssize_t)length);
        return syscall(SYS_write, fd, bytes, length);
    }
    struct stat there;
    int appends = (fcntl(fd, F_GETFL) & O_APPEND) && fstat(fd, &there) == 0;
    off_t offset = appends ? there.st_size : lseek(fd, 0, SEEK_CUR);
    ssize_t most = allowed(fd, path, length, offset);
    if (most < 0) return -1;
    ssize_t done = syscall(SYS_write, fd, bytes, (size_t)most);
    if (done > 0) record("write", offset, bytes, (size_t)done, path);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    /* Whoever writes several parts writes on when only the first was taken. */
    if (path_of(fd) && count > 0) return write(fd, parts[0].iov_base, parts[0].iov_len);
    if (count > 0) overhear("answered", "HTTP/1.1 ", fd, parts[0].iov_base, (ssize_t)parts[0].iov_len);
    return syscall(SYS_writev, fd, parts, count);
}

static int cut(int fd, off_t size) {
    const char *path = path_of(fd);
    struct effect effect = effect_of("cut", path);
    if (fails(effect)) return -1;
    struct stat there;
    if (effect.full && fstat(fd, &there) == 0 && size > there.st_size) return errno = ENOSPC, -1;
    int done = (int)syscall(SYS_ftruncate, fd, size);
    if (path && done == 0) record("cut", size, NULL, 0, path);
    return done;
}

int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off64_t size) { return cut(fd, size); }

static int sync_with(long call, int fd) {
    const char *path = path_of(fd);
    struct stat there;
    int folder = path && fstat(fd, &there) == 0 && S_ISDIR(there.st_mode);
    if (fails(effect_of("sync", path))) {
        if (!folder) record("lost", 0, NULL, 0, path);
        return -1;
    }
    int done = (int)syscall(call, fd);
    if (path) record(done != 0 ? "lost" : folder ? "names" : "sync", 0, NULL, 0, path);
    return done;
}

int fsync(int fd) { return sync_with(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_with(SYS_fdatasync, fd); }

/* Reading, and the two ends of a connection. */

ssize_t read(int fd, void *bytes, size_t length) {
    if (fails(effect_of("read", path_of(fd)))) return -1;
    ssize_t done = syscall(SYS_read, fd, bytes, length);
    if (!path_of(fd)) overhear("asked", "GET /callback/", fd, bytes, done);
    return done;
}

static ssize_t read_at(int fd, void *bytes, size_t length, off_t offset) {
    if (fails(effect_of("read", path_of(fd)))) return -1;
    return syscall(SYS_pread64, fd, bytes, length, offset);
}

ssize_t pread(int fd, void *bytes, size_t length, off_t offset) { return read_at(fd, bytes, length, offset); }
ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset) { return read_at(fd, bytes, length, offset); }

ssize_t recv(int fd, void *bytes, size_t length, int flags) {
    ssize_t done = syscall(SYS_recvfrom, fd, bytes, length, flags, NULL, NULL);
    if (!(flags & MSG_PEEK)) overhear("asked", "GET /callback/", fd, bytes, done);
    return done;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    overhear("answered", "HTTP/1.1 ", fd, bytes, (ssize_t)length);
    return syscall(SYS_sendto, fd, bytes, length, flags, NULL, 0);
}
