#ifndef BEARERD_CLIBSYSTEMD_SHIM_H
#define BEARERD_CLIBSYSTEMD_SHIM_H

#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#endif
