#define _GNU_SOURCE
#include "bearerd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAXIMUM_REPLY = 1 << 20 };

struct bearerd {
  struct sockaddr_un address;
  int timeout_ms, descriptor;
  pid_t owner; /* whose connection it is: a child must not share it */
  long long number;
  struct timespec start; /* of the exchange that is under way */
  char reply[MAXIMUM_REPLY]; /* memory only as far as a reply has reached */
};

struct bearerd *bearerd_new(const char *path, int timeout_ms) {
  struct bearerd *daemon = calloc(1, sizeof *daemon);
  if (!daemon) return NULL;
  if (!path) path = getenv("BEARERD_SOCKET");
  if (!path || !*path) path = "/run/bearerd/bearerd.sock";
  /* Without a family it is no address: what a path that is too long is cut to may be somebody else's. */
  daemon->address.sun_family = strlen(path) < sizeof daemon->address.sun_path ? AF_UNIX : AF_UNSPEC;
  strncat(daemon->address.sun_path, path, sizeof daemon->address.sun_path - 1);
  daemon->timeout_ms = timeout_ms;
  daemon->descriptor = -1;
  return daemon;
}

static void hang_up(struct bearerd *daemon) {
  if (daemon->descriptor >= 0) close(daemon->descriptor);
  daemon->descriptor = -1;
}

void bearerd_free(struct bearerd *daemon) {
  if (daemon) hang_up(daemon);
  free(daemon);
}

/* Gives the next call (option: SO_SNDTIMEO or SO_RCVTIMEO) what is left of the time; 0 if nothing is left. */
static int set_timeout(struct bearerd *daemon, int option) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long long spent = (now.tv_sec - daemon->start.tv_sec) * 1000LL + (now.tv_nsec - daemon->start.tv_nsec) / 1000000;
  long long left = daemon->timeout_ms - spent;
  struct timeval time = {left / 1000, left % 1000 * 1000};
  return left > 0 && setsockopt(daemon->descriptor, SOL_SOCKET, option, &time, sizeof time) == 0;
}

/* If it fails, nothing can be sent. */
static void dial(struct bearerd *daemon) {
  hang_up(daemon);
  daemon->owner = getpid();
  daemon->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  /* At a full backlog it waits, for as long as a send may take. */
  while (set_timeout(daemon, SO_SNDTIMEO) &&
         connect(daemon->descriptor, (struct sockaddr *)&daemon->address, sizeof daemon->address) && errno == EINTR) {}
}

/* How many bytes came, of the reply and with it; 0 if there is no connection, or it was closed before one. */
static size_t converse(struct bearerd *daemon, const char *line, size_t length) {
  size_t sent = 0, used = 0;
  while (used < MAXIMUM_REPLY && !memchr(daemon->reply, '\n', used)) {
    int is_sending = sent < length;
    if (!set_timeout(daemon, is_sending ? SO_SNDTIMEO : SO_RCVTIMEO)) break;
    /* The kernel waits anew for each piece of a long line. */
    size_t piece = length - sent < 16384 ? length - sent : 16384;
    ssize_t count = is_sending ? send(daemon->descriptor, line + sent, piece, MSG_NOSIGNAL)
                               : recv(daemon->descriptor, daemon->reply + used, MAXIMUM_REPLY - used, 0);
    if (count > 0) *(is_sending ? &sent : &used) += (size_t)count;
    else if (count == 0 || errno != EINTR) break;
  }
  return used;
}

/* 0, and nothing in `out`, for whatever is no reply to this request. */
static int read_verdict(json_t *reply, json_t *request, const char *member, struct bearerd_verdict *out) {
  struct bearerd_verdict said = {.code = "", .retry_after_ms = -1, .reply = reply};
  json_int_t status = 200;
  json_t *id, *claims = NULL;
  if (json_unpack(reply, "{s:o,s:b,s?o,s?s,s?b,s?{s:I,s?s,s?s,s?I}}", "id", &id, "ok", &said.ok, member, &claims,
                  "issuer", &said.issuer, "stale", &said.stale, "error", "status", &status, "code", &said.code,
                  "www_authenticate", &said.www_authenticate, "retry_after_ms", &said.retry_after_ms) ||
      !json_equal(id, json_object_get(request, "id")) ||
      (said.ok ? !json_is_object(claims) : status < 400 || status > 599))
    return 0;
  said.claims = said.ok ? claims : NULL;
  said.status = said.ok ? 200 : (int)status;
  /* Nothing that could end a header's line. */
  const char *end = said.www_authenticate;
  while (end && *end >= ' ' && *end <= '~') end++;
  if (end && *end) said.www_authenticate = NULL;
  *out = said;
  return 1;
}

static void ask(struct bearerd *daemon, const char *op, const char *member, const char *authorization, json_t *members,
                struct bearerd_verdict *out) {
  clock_gettime(CLOCK_MONOTONIC, &daemon->start);
  json_t *request = members ? members : json_object();
  json_object_set_new(request, "id", json_sprintf("%ld.%lld", (long)getpid(), ++daemon->number));
  json_object_set_new(request, "op", json_string(op));
  /* What is no UTF-8 is no token; it is sent as a scheme that the daemon refuses. */
  if (json_object_set_new(request, "authorization", json_string(authorization)))
    json_object_set_new(request, "authorization", json_string("?"));
  char *line = json_dumps(request, JSON_COMPACT);
  size_t length = line ? strlen(line) : 0;
  if (line) line[length++] = '\n'; /* in place of the NUL */
  if (daemon->owner != getpid()) hang_up(daemon);
  size_t used = converse(daemon, line, length);
  if (used == 0) {
    /* None was kept, or a restart closed it: asking once more does no harm. */
    dial(daemon);
    used = converse(daemon, line, length);
  }
  const char *end = memchr(daemon->reply, '\n', used);
  size_t size = end ? (size_t)(end - daemon->reply) : 0;
  json_t *reply = json_loadb(daemon->reply, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
  *out = (struct bearerd_verdict){.status = 503, .code = "unavailable", .retry_after_ms = -1, .reply = reply};
  /* No reply to this request, or bytes that nobody asked for: nobody may read what comes later. */
  if (!read_verdict(reply, request, member, out) || size + 1 < used) hang_up(daemon);
  free(line);
  json_decref(request);
}

void bearerd_verify(struct bearerd *daemon, const char *authorization, json_t *members, struct bearerd_verdict *out) {
  ask(daemon, "verify", "claims", authorization, members, out);
}

void bearerd_introspect(struct bearerd *daemon, const char *authorization, json_t *members,
                        struct bearerd_verdict *out) {
  ask(daemon, "introspect", "introspection", authorization, members, out);
}

void bearerd_verdict_clear(struct bearerd_verdict *verdict) {
  json_decref(verdict->reply);
  *verdict = (struct bearerd_verdict){.status = 503};
}
