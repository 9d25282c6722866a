/* Bad luck by LD_PRELOAD: the wall clock stands elsewhere, fsync is slow or fails. The monotonic clock stays as it is.

   CHAOS_KNOBS names a file of two int64 that every process maps: seconds to add to the wall clock, and milliseconds that each
   fsync and fdatasync waits (negative: it fails with EIO). Who runs the chaos writes them, all processes see it at once. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *knobs;

__attribute__((constructor)) static void find_knobs(void) {
    const char *path = getenv("CHAOS_KNOBS");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *found = mmap(NULL, 2 * sizeof *knobs, PROT_READ, MAP_SHARED, file, 0);
    if (found != MAP_FAILED) knobs = found;
    close(file);
}

static time_t offset_secs(void) { return knobs ? (time_t)knobs[0] : 0; }

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset_secs();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    static int (*real)(struct timeval *, void *);
    if (!real) real = dlsym(RTLD_NEXT, "gettimeofday");
    int result = real(now, zone);
    if (!result) now->tv_sec += offset_secs();
    return result;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

static int unlucky(void) { /* who waits looks at the knob again: nobody waits any more once it is turned back */
    for (int64_t waited_ms = 0; knobs && knobs[1] > waited_ms; waited_ms += 10) usleep(10000);
    if (!knobs || knobs[1] >= 0) return 0;
    errno = EIO;
    return 1;
}

int fsync(int file) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fsync");
    return unlucky() ? -1 : real(file);
}

int fdatasync(int file) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
    return unlucky() ? -1 : real(file);
}
