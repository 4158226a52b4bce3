/* Asks bearerd whether a token may be trusted. Two files to copy, bearerd.h and bearerd.c; it needs jansson.
 *
 *   struct bearerd *daemon = bearerd_new(NULL, 2000);                      // one for each thread
 *   struct bearerd_verdict verdict;
 *   bearerd_verify(daemon, authorization, json_pack("{ss}", "scope", "orders:read"), &verdict);
 *   if (verdict.ok) use(json_object_get(verdict.claims, "sub"));           // who somebody is: iss and sub together
 *   else answer(verdict.status, verdict.www_authenticate);                 // 401, 403, or 503: nobody can tell now
 *   bearerd_verdict_clear(&verdict);
 *
 * Everything that is not plainly a yes is a no. Nothing is ever printed, no signal raised, no global kept. A process
 * that forks may go on with what it has: the child opens a connection of its own. */
#ifndef BEARERD_H
#define BEARERD_H

#include <jansson.h>

struct bearerd;

struct bearerd_verdict {
  int ok;                  /* 1 only if the daemon said true; trust nothing else here otherwise */
  int status;              /* the HTTP status to answer with; 200 if ok */
  json_t *claims;          /* the token's claims, or what introspection tells of it; NULL unless ok */
  const char *issuer;      /* the issuer's short name, or NULL */
  int stale;               /* the keys could not be refreshed for a while */
  const char *code;        /* see "Codes" in protocol.md; "unavailable" if nothing could be learnt, "" if ok */
  const char *www_authenticate; /* the header's value to send, or NULL */
  json_int_t retry_after_ms;    /* when asking again is worth while; below 0 if that is not known */
  json_t *reply;           /* what the members above point into */
};

/* A client; path NULL means $BEARERD_SOCKET, else /run/bearerd/bearerd.sock. timeout_ms bounds a whole exchange. */
struct bearerd *bearerd_new(const char *path, int timeout_ms);
void bearerd_free(struct bearerd *daemon);

/* Judge the value of an Authorization header ("" if there is none). `members` are further members of the request
 * (scope, max_age, policy, ...), or NULL; the reference is taken over. */
void bearerd_verify(struct bearerd *daemon, const char *authorization, json_t *members, struct bearerd_verdict *out);
void bearerd_introspect(struct bearerd *daemon, const char *authorization, json_t *members,
                        struct bearerd_verdict *out);
void bearerd_verdict_clear(struct bearerd_verdict *verdict);

#endif
