/* The C client against cjose; see deploy/clients/speed. libjwt 1 refuses every token whose typ is at+jwt. */
#define _GNU_SOURCE
#include "bearerd.h"

#include <cjose/cjose.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 9, CALLS = 200 };

static struct bearerd *daemon_;
static const char *token, *algorithm, *issuer, *audience;
static char *authorization;
static cjose_jwk_t *key;

static void refused(const char *by) {
  fprintf(stderr, "the token was refused by %s\n", by);
  exit(1);
}

static void ask(void) {
  struct bearerd_verdict verdict;
  bearerd_verify(daemon_, authorization, NULL, &verdict);
  if (!verdict.ok) refused("the daemon");
  bearerd_verdict_clear(&verdict);
}

/* cjose verifies signatures and leaves the claims to its caller. */
static void alone(void) {
  cjose_err fault;
  cjose_jws_t *jws = cjose_jws_import(token, strlen(token), &fault);
  if (!jws || !cjose_jws_verify(jws, key, &fault)) refused("the library");
  const char *used = cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_ALG, &fault);
  uint8_t *payload = NULL;
  size_t length = 0;
  if (!used || strcmp(used, algorithm) != 0 || !cjose_jws_get_plaintext(jws, &payload, &length, &fault)) refused("the library");
  json_t *claims = json_loadb((const char *)payload, length, 0, NULL);
  const char *from = json_string_value(json_object_get(claims, "iss"));
  const char *first = json_string_value(json_array_get(json_object_get(claims, "aud"), 0));
  json_int_t until = json_integer_value(json_object_get(claims, "exp"));
  if (!from || strcmp(from, issuer) != 0 || !first || strcmp(first, audience) != 0 || until <= time(NULL))
    refused("what checks the claims");
  json_decref(claims);
  cjose_jws_release(jws);
}

static void measure(void (*call)(void), json_t *into) {
  for (int at = 0; at < CALLS; at++) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    call();
    clock_gettime(CLOCK_MONOTONIC, &end);
    double taken = (double)(end.tv_sec - start.tv_sec) * 1e6 + (double)(end.tv_nsec - start.tv_nsec) / 1e3;
    if (into) json_array_append_new(into, json_real(taken));
  }
}

int main(void) {
  json_t *facts = json_loadf(stdin, 0, NULL);
  if (json_unpack(facts, "{s:s,s:s,s:s,s:s}", "token", &token, "issuer", &issuer, "audience", &audience, "alg", &algorithm))
    return 1;
  char *jwk = json_dumps(json_array_get(json_object_get(json_object_get(facts, "jwks"), "keys"), 0), 0);
  cjose_err fault;
  key = jwk ? cjose_jwk_import(jwk, strlen(jwk), &fault) : NULL;
  if (!key) return 1;
  if (asprintf(&authorization, "Bearer %s", token) < 0) return 1;
  daemon_ = bearerd_new(NULL, 2000);

  json_t *asked = json_array(), *verified = json_array();
  measure(ask, NULL);
  measure(alone, NULL);
  for (int round = 0; round < ROUNDS; round++) {
    measure(ask, asked);
    measure(alone, verified);
  }
  json_t *result = json_pack("{s:s,s:o,s:o}", "library", "cjose", "ask", asked, "alone", verified);
  json_dumpf(result, stdout, JSON_COMPACT);
  putchar('\n');
  json_decref(result);
  json_decref(facts);
  cjose_jwk_release(key);
  free(jwk);
  free(authorization);
  bearerd_free(daemon_);
}
