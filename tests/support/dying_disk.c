/* Preloaded into a process, it is killed as it makes something durable or visible for the $DYING_AT-th time: fsync,
   fdatasync, syncfs, rename, link or unlinkat is then not carried out any more, and nothing after it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static void count(void) {
    static atomic_long made;
    const char* at = getenv("DYING_AT");
    if (at && atomic_fetch_add(&made, 1) + 1 == atol(at)) kill(getpid(), SIGKILL);
}

#define COUNTED(name, parameters, arguments)                            \
    int name parameters {                                               \
        static int(*real) parameters;                                   \
        if (!real) real = (int(*) parameters)dlsym(RTLD_NEXT, #name);   \
        count();                                                        \
        return real arguments;                                          \
    }

COUNTED(fsync, (int fd), (fd))
COUNTED(fdatasync, (int fd), (fd))
COUNTED(rename, (const char* from, const char* to), (from, to))
COUNTED(syncfs, (int fd), (fd))
COUNTED(link, (const char* from, const char* to), (from, to))
COUNTED(renameat2, (int f, const char* from, int t, const char* to, unsigned flags), (f, from, t, to, flags))
COUNTED(renameat, (int f, const char* from, int t, const char* to), (f, from, t, to))
COUNTED(unlinkat, (int folder, const char* name, int flags), (folder, name, flags))
COUNTED(linkat, (int f, const char* from, int t, const char* to, int flags), (f, from, t, to, flags))
