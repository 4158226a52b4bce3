/* The conformance suite's driver of the C client: a JSON line in, a JSON line out. */
#define _GNU_SOURCE
#include "bearerd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void answer(struct bearerd *daemon, const char *line, int is_worker) {
  json_t *members = json_loads(line, JSON_ALLOW_NUL, NULL);
  json_t *authorization = json_incref(json_object_get(members, "authorization"));
  json_object_del(members, "authorization");
  struct bearerd_verdict verdict;
  bearerd_verify(daemon, authorization ? json_string_value(authorization) : "", members, &verdict);
  json_t *subject = verdict.ok ? json_object_get(verdict.claims, "sub") : NULL;
  json_t *answer = json_pack("{s:b,s:i,s:O}", "ok", verdict.ok, "status", verdict.status, "subject",
                             json_is_string(subject) ? subject : json_null());
  if (is_worker) json_object_set(answer, "authorization", authorization);
  char *text = json_dumps(answer, JSON_COMPACT);
  size_t length = strlen(text);
  text[length] = '\n';
  /* One write: workers share the output. */
  if (write(STDOUT_FILENO, text, length + 1) < 0) exit(1);
  free(text);
  json_decref(answer);
  json_decref(authorization);
  bearerd_verdict_clear(&verdict);
}

int main(void) {
  const char *timeout = getenv("BEARERD_TIMEOUT_MS"), *wanted = getenv("BEARERD_WORKERS");
  int workers = wanted ? atoi(wanted) : 0, count = 0;
  struct bearerd *daemon = bearerd_new(NULL, timeout ? atoi(timeout) : 2000);
  char *line = NULL, **lines = NULL;
  size_t room = 0;
  while (getline(&line, &room, stdin) > 0) {
    if (!workers || count == 0) answer(daemon, line, workers);
    if (!workers) continue;
    lines = realloc(lines, (size_t)(count + 1) * sizeof *lines);
    lines[count++] = strdup(line);
  }
  for (int worker = 0; worker < workers; worker++) {
    if (fork() != 0) continue;
    for (int at = 1 + worker; at < count; at += workers) answer(daemon, lines[at], workers);
    _exit(0);
  }
  while (wait(NULL) > 0) {}
  for (int at = 0; at < count; at++) free(lines[at]);
  free(lines);
  free(line);
  bearerd_free(daemon);
  return 0;
}
