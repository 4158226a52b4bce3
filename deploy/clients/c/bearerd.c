#define _GNU_SOURCE
#include "bearerd.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAXIMUM_REPLY = 1 << 20 };

struct bearerd {
  struct sockaddr_un address;
  int timeout_ms, descriptor;
  pid_t owner; /* whose connection it is: a child must not share it */
  unsigned long long number;
};

struct bearerd *bearerd_new(const char *path, int timeout_ms) {
  struct bearerd *daemon = calloc(1, sizeof *daemon);
  if (!daemon) return NULL;
  if (!path) path = getenv("BEARERD_SOCKET");
  if (!path || !*path) path = "/run/bearerd/bearerd.sock";
  daemon->address.sun_family = AF_UNIX;
  if (strlen(path) < sizeof daemon->address.sun_path) strcpy(daemon->address.sun_path, path);
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

static long long now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

/* Waits until the connection is ready; 0 if the deadline comes first. */
static int wait_for(int descriptor, short events, long long deadline) {
  for (;;) {
    long long left = deadline - now_ms();
    struct pollfd entry = {descriptor, events, 0};
    int ready = left <= 0 ? 0 : poll(&entry, 1, (int)left);
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

static int dial(struct bearerd *daemon, long long deadline) {
  /* The path was too long. An address without a path would be an abstract name, which anybody may take. */
  if (!daemon->address.sun_path[0]) return 0;
  daemon->owner = getpid();
  daemon->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (daemon->descriptor < 0) return 0;
  while (connect(daemon->descriptor, (struct sockaddr *)&daemon->address, sizeof daemon->address) < 0) {
    /* A full backlog says EAGAIN and cannot be polled for. */
    if ((errno != EAGAIN && errno != EINTR) || now_ms() >= deadline) return 0;
    poll(NULL, 0, 5);
  }
  return 1;
}

/* One line there and one back; NULL with *fresh set if the connection was closed before a byte of the reply. */
static char *converse(struct bearerd *daemon, const char *line, size_t length, long long deadline, int *closed) {
  *closed = 0;
  for (size_t sent = 0; sent < length;) {
    ssize_t count = send(daemon->descriptor, line + sent, length - sent, MSG_NOSIGNAL);
    if (count > 0) sent += (size_t)count;
    else if (errno == EAGAIN) { if (!wait_for(daemon->descriptor, POLLOUT, deadline)) return NULL; }
    else if (errno != EINTR) { *closed = 1; return NULL; }
  }
  size_t room = 4096, used = 0;
  char *reply = malloc(room + 1);
  while (reply && used < MAXIMUM_REPLY) {
    if (used == room) {
      char *larger = realloc(reply, (room *= 2) + 1);
      if (!larger) break;
      reply = larger;
    }
    ssize_t count = recv(daemon->descriptor, reply + used, room - used, 0);
    if (count < 0 && errno == EAGAIN && wait_for(daemon->descriptor, POLLIN, deadline)) continue;
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      *closed = used == 0 && (count == 0 || errno == ECONNRESET);
      break;
    }
    used += (size_t)count;
    char *end = memchr(reply, '\n', used);
    if (!end) continue;
    /* Bytes that nobody asked for make the connection worthless, not the reply. */
    if (end + 1 != reply + used) hang_up(daemon);
    *end = 0;
    return reply;
  }
  free(reply);
  return NULL;
}

static char *exchange(struct bearerd *daemon, const char *line, size_t length) {
  long long deadline = now_ms() + daemon->timeout_ms;
  if (daemon->owner != getpid()) hang_up(daemon);
  for (int attempt = 0; attempt < 2; attempt++) {
    int is_kept = daemon->descriptor >= 0, closed = 0;
    char *reply = is_kept || dial(daemon, deadline) ? converse(daemon, line, length, deadline, &closed) : NULL;
    if (reply) return reply;
    hang_up(daemon);
    /* A restart closed the kept connection; asking once more does no harm. */
    if (!is_kept || !closed) return NULL;
  }
  return NULL;
}

/* A string without anything that could end a header's line, or NULL. */
static const char *text(const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  const char *text = json_string_value(value);
  for (size_t at = 0; text && at < json_string_length(value); at++)
    if ((unsigned char)text[at] < 0x20 || text[at] == 0x7F) return NULL;
  return text;
}

static void read_verdict(const char *line, const char *id, const char *member, struct bearerd_verdict *out) {
  json_t *reply = line ? json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL) : NULL;
  const char *answered = text(reply, "id");
  if (!reply || !answered || strcmp(answered, id) != 0) {
    json_decref(reply);
    return;
  }
  out->reply = reply;
  json_t *claims = json_object_get(reply, member), *error = json_object_get(reply, "error");
  if (json_is_true(json_object_get(reply, "ok")) && json_is_object(claims)) {
    out->ok = 1;
    out->status = 200;
    out->claims = claims;
    out->issuer = text(reply, "issuer");
    out->stale = json_is_true(json_object_get(reply, "stale"));
    out->code = NULL;
    return;
  }
  json_int_t status = json_integer_value(json_object_get(error, "status"));
  if (!json_is_false(json_object_get(reply, "ok")) || status < 400 || status > 599) return;
  out->status = (int)status;
  out->code = text(error, "code") ? text(error, "code") : "unavailable";
  out->www_authenticate = text(error, "www_authenticate");
  json_t *wait = json_object_get(error, "retry_after_ms");
  if (json_is_integer(wait) && json_integer_value(wait) >= 0) out->retry_after_ms = json_integer_value(wait);
}

static void ask(struct bearerd *daemon, const char *op, const char *member, const char *authorization, json_t *members,
                struct bearerd_verdict *out) {
  *out = (struct bearerd_verdict){.status = 503, .code = "unavailable", .retry_after_ms = -1};
  char id[48];
  snprintf(id, sizeof id, "%ld.%llu", (long)getpid(), ++daemon->number);
  json_t *request = members ? members : json_object();
  json_object_set_new(request, "id", json_string(id));
  json_object_set_new(request, "op", json_string(op));
  /* What is no UTF-8 is no token; it is sent as a scheme that the daemon refuses. */
  if (json_object_set_new(request, "authorization", json_string(authorization)))
    json_object_set_new(request, "authorization", json_string("?"));
  char *line = json_dumps(request, JSON_COMPACT);
  json_decref(request);
  if (!line) return;
  size_t length = strlen(line);
  line[length] = '\n'; /* in place of the NUL */
  char *reply = exchange(daemon, line, length + 1);
  read_verdict(reply, id, member, out);
  if (!out->reply) hang_up(daemon); /* no reply to this request: nobody may read what comes later */
  free(line);
  free(reply);
}

void bearerd_verify(struct bearerd *daemon, const char *authorization, json_t *members, struct bearerd_verdict *out) {
  ask(daemon, "verify", "claims", authorization, members, out);
}

void bearerd_introspect(struct bearerd *daemon, const char *authorization, json_t *members, struct bearerd_verdict *out) {
  ask(daemon, "introspect", "introspection", authorization, members, out);
}

void bearerd_verdict_clear(struct bearerd_verdict *verdict) {
  json_decref(verdict->reply);
  *verdict = (struct bearerd_verdict){.status = 503};
}
