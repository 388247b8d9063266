/* lib/secret.h: secrets of this process stay in it.  Knows cores and debuggers;
 * not which bytes are secret. */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

/* From now on a crash leaves no core file, whatever the limits and
 * /proc/sys/kernel/core_pattern say, and other processes of the same user
 * cannot read this one's memory.  A program that it executes is not concerned.
 * Does nothing in a build with sanitizers, whose leak checker is such a
 * process. */
void	secret_no_core(void);

#endif
