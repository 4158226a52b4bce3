#ifndef BEARERD_CLINUXSOCKETS_SHIM_H
#define BEARERD_CLINUXSOCKETS_SHIM_H

/* No header that Swift's Glibc module has too: whose declarations those are would depend on which module is read first. */
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

/* Declared by the C library only with _GNU_SOURCE, which a module cannot set for headers of another one. */
struct sockaddr;
extern int accept4(int, struct sockaddr *, unsigned int *, int);
extern long syscall(long, ...);

/* epoll_event is packed on some machines and its constants are untyped macros; Swift is given plain numbers. */
static const uint32_t bearerd_epoll_in = EPOLLIN;
static const uint32_t bearerd_epoll_out = EPOLLOUT;
static const uint32_t bearerd_epoll_end_of_input = EPOLLRDHUP;
static const uint32_t bearerd_epoll_gone = EPOLLHUP | EPOLLERR;

/* O_PATH and AT_EMPTY_PATH, which the C library too declares only with _GNU_SOURCE; on every machine that Swift knows. */
static const int bearerd_o_path = 010000000;
static const int bearerd_at_empty_path = 0x1000;

/* Readable, the end of the other direction and, if wanted, writable; told once per change. */
static inline int bearerd_epoll_connection(int epoll, int operation, int descriptor, uint64_t data, int writable) {
  struct epoll_event event = {
    .events = EPOLLIN | EPOLLRDHUP | EPOLLET | (writable ? EPOLLOUT : 0), .data = {.u64 = data}};
  return epoll_ctl(epoll, operation, descriptor, &event);
}

static inline int bearerd_epoll_add_connection(int epoll, int descriptor, uint64_t data, int writable) {
  return bearerd_epoll_connection(epoll, EPOLL_CTL_ADD, descriptor, data, writable);
}

static inline int bearerd_epoll_change_connection(int epoll, int descriptor, uint64_t data, int writable) {
  return bearerd_epoll_connection(epoll, EPOLL_CTL_MOD, descriptor, data, writable);
}

/* Readable, told as long as it is so; of several loops that wait for it, not all are woken. */
static inline int bearerd_epoll_add_listener(int epoll, int descriptor, uint64_t data) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data = {.u64 = data}};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static inline int bearerd_epoll_add_reader(int epoll, int descriptor, uint64_t data) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = data}};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static inline int bearerd_epoll_remove(int epoll, int descriptor) {
  return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL);
}

/* flags: of accept4(2), SOCK_NONBLOCK and SOCK_CLOEXEC. */
static inline int bearerd_accept(int listener, int flags) { return accept4(listener, NULL, NULL, flags); }

static inline int bearerd_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

/* How many processors the process may run on; 0 if the kernel does not tell. */
static inline int bearerd_processors_allowed(void) {
  unsigned long bits[128] = {0};
  long size = syscall(SYS_sched_getaffinity, 0, sizeof bits, bits);
  int count = 0;
  for (long index = 0; index < size / (long)sizeof bits[0]; index++) count += __builtin_popcountl(bits[index]);
  return count;
}

#endif
