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
  char reply[MAXIMUM_REPLY]; /* memory only as far as a reply has reached */
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

/* Waits until the connection may be ready; 0 if the deadline has passed. */
static int wait_for(int descriptor, short events, long long deadline) {
  long long left = deadline - now_ms();
  struct pollfd entry = {descriptor, events, 0};
  return left > 0 && (poll(&entry, 1, (int)left) >= 0 || errno == EINTR);
}

static int dial(struct bearerd *daemon, long long deadline) {
  /* The path was too long. An address without a path would be an abstract name, which anybody may take. */
  if (!daemon->address.sun_path[0]) return 0;
  daemon->owner = getpid();
  daemon->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  while (connect(daemon->descriptor, (struct sockaddr *)&daemon->address, sizeof daemon->address) < 0) {
    /* A full backlog says EAGAIN and cannot be polled for. */
    if ((errno != EAGAIN && errno != EINTR) || now_ms() >= deadline) return 0;
    poll(NULL, 0, 5);
  }
  return 1;
}

/* How many bytes came, the reply's end among them; 0 if the connection was closed before one, -1 for other trouble. */
static ssize_t converse(struct bearerd *daemon, const char *line, size_t length, long long deadline) {
  size_t sent = 0, used = 0;
  while (used < MAXIMUM_REPLY) {
    int is_sending = sent < length;
    ssize_t count = is_sending ? send(daemon->descriptor, line + sent, length - sent, MSG_NOSIGNAL)
                               : recv(daemon->descriptor, daemon->reply + used, MAXIMUM_REPLY - used, 0);
    if (count > 0 && is_sending) {
      sent += (size_t)count;
    } else if (count > 0) {
      used += (size_t)count;
      if (memchr(daemon->reply, '\n', used)) return (ssize_t)used;
    } else if (count == 0 || errno == EPIPE || errno == ECONNRESET) {
      return used ? -1 : 0;
    } else if (errno != EINTR) {
      if (errno != EAGAIN || !wait_for(daemon->descriptor, is_sending ? POLLOUT : POLLIN, deadline)) return -1;
    }
  }
  return -1;
}

/* One line there and one back, within the timeout; NULL unless it is JSON that ends with its line. */
static json_t *exchange(struct bearerd *daemon, const char *line, size_t length) {
  long long deadline = now_ms() + daemon->timeout_ms;
  if (daemon->owner != getpid()) hang_up(daemon);
  ssize_t used = daemon->descriptor >= 0 ? converse(daemon, line, length, deadline) : 0;
  if (used == 0) {
    /* None was kept, or a restart closed it: asking once more does no harm. */
    hang_up(daemon);
    used = dial(daemon, deadline) ? converse(daemon, line, length, deadline) : -1;
  }
  if (used <= 0) return NULL;
  size_t end = (size_t)((char *)memchr(daemon->reply, '\n', (size_t)used) - daemon->reply);
  /* Bytes that nobody asked for make the connection worthless, not the reply. */
  if (end + 1 < (size_t)used) hang_up(daemon);
  return json_loadb(daemon->reply, end, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
}

/* A string without anything that could end a header's line, or NULL. */
static const char *text(const json_t *object, const char *name) {
  const json_t *value = json_object_get(object, name);
  const char *text = json_string_value(value);
  for (size_t at = 0; text && at < json_string_length(value); at++)
    if ((unsigned char)text[at] < 0x20 || text[at] == 0x7F) return NULL;
  return text;
}

static void read_verdict(json_t *reply, const char *member, struct bearerd_verdict *out) {
  json_t *ok = json_object_get(reply, "ok"), *claims = json_object_get(reply, member);
  json_t *error = json_object_get(reply, "error"), *wait = json_object_get(error, "retry_after_ms");
  json_int_t status = json_integer_value(json_object_get(error, "status"));
  if (json_is_true(ok) && json_is_object(claims)) {
    *out = (struct bearerd_verdict){
      .ok = 1, .status = 200, .claims = claims, .issuer = text(reply, "issuer"),
      .stale = json_is_true(json_object_get(reply, "stale")), .retry_after_ms = -1};
  } else if (json_is_false(ok) && status >= 400 && status <= 599) {
    *out = (struct bearerd_verdict){
      .status = (int)status, .code = text(error, "code") ? text(error, "code") : "unavailable",
      .www_authenticate = text(error, "www_authenticate"),
      .retry_after_ms = json_is_integer(wait) && json_integer_value(wait) >= 0 ? json_integer_value(wait) : -1};
  }
  out->reply = reply;
}

static void ask(struct bearerd *daemon, const char *op, const char *member, const char *authorization, json_t *members,
                struct bearerd_verdict *out) {
  *out = (struct bearerd_verdict){.status = 503, .code = "unavailable", .retry_after_ms = -1};
  json_t *request = members ? members : json_object();
  json_object_set_new(request, "id", json_sprintf("%ld.%llu", (long)getpid(), ++daemon->number));
  json_object_set_new(request, "op", json_string(op));
  /* What is no UTF-8 is no token; it is sent as a scheme that the daemon refuses. */
  if (json_object_set_new(request, "authorization", json_string(authorization)))
    json_object_set_new(request, "authorization", json_string("?"));
  char *line = json_dumps(request, JSON_COMPACT);
  if (line) {
    size_t length = strlen(line);
    line[length] = '\n'; /* in place of the NUL */
    json_t *reply = exchange(daemon, line, length + 1);
    if (reply && json_equal(json_object_get(reply, "id"), json_object_get(request, "id"))) {
      read_verdict(reply, member, out);
    } else {
      hang_up(daemon); /* no reply to this request: nobody may read what comes later */
      json_decref(reply);
    }
    free(line);
  }
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
