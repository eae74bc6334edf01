/* SPDX-License-Identifier: MIT */
/* What a number is: fstat, and isfdtype (POSIX.1g). */
#include <sys/stat.h>
#include <unistd.h>

#include "posix/posix.h"

/* The kernel's descriptor behind a number of weft's leads elsewhere. A description is told apart by where it is. */
int weft_posix_fstat(int fd, struct stat *st)
{
    struct px_sock *s = px_get_sock(fd);
    int r = fstat(fd, st);

    if (s && r == 0)
        *st = (struct stat){.st_mode = S_IFSOCK | 0777, .st_nlink = 1, .st_uid = geteuid(), .st_gid = getegid(),
                            .st_blksize = 4096, .st_ino = (ino_t)(uintptr_t)s};
    if (s)
        px_drop(&s->px);
    return r;
}

int weft_posix_isfdtype(int fd, int type)
{
    int before = errno, r;
    struct stat st;

    r = weft_posix_fstat(fd, &st);
    errno = before; /* as libc has it */
    return r < 0 ? -1 : (st.st_mode & S_IFMT) == (mode_t)type;
}
