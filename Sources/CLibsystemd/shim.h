#ifndef BEARERD_CLIBSYSTEMD_SHIM_H
#define BEARERD_CLIBSYSTEMD_SHIM_H

#include <sys/prctl.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

/* prctl(2) takes a variable number of arguments, which Swift cannot call. */
static inline int bearerd_set_undumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
static inline int bearerd_is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

#endif
