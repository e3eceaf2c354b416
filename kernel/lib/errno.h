/*
 * kernel/lib/errno.h - error numbers (Linux's values) and their names.
 *
 * Functions that can fail return 0 or a negative errno.  errno_name() is what the shell
 * prints in brackets: `[EBUSY]`.
 */
#ifndef KERNEL_LIB_ERRNO_H
#define KERNEL_LIB_ERRNO_H

#define EPERM	   1
#define ENOENT	   2
#define EINTR	   4
#define EIO	   5
#define ENXIO	   6
#define E2BIG	   7
#define EAGAIN	   11
#define ENOMEM	   12
#define EFAULT	   14
#define EBUSY	   16
#define EEXIST	   17
#define ENODEV	   19
#define EINVAL	   22
#define ENOSPC	   28
#define ERANGE	   34
#define ENOSYS	   38
#define EBADMSG	   74
#define EOVERFLOW  75
#define EOPNOTSUPP 95
#define ETIMEDOUT  110
#define EALREADY   114
#define ECANCELED  125

/* The name of `err` ("EBUSY"); negative values are taken as their absolute value. */
const char *errno_name(int err);

#endif
