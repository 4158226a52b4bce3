#ifndef BEARERD_CLIBCRYPTO_SHIM_H
#define BEARERD_CLIBCRYPTO_SHIM_H

#include <openssl/opensslv.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "bearerd needs OpenSSL 3.0 or later (Debian: libssl-dev)"
#endif

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

/* A macro that Swift cannot see: what EVP_PKEY_fromdata is to make of its parameters. */
static inline int bearerd_public_key_selection(void) { return EVP_PKEY_PUBLIC_KEY; }

/* Whether an error is a fault of a signature: a reason of RSA's own (ERR_R_MALLOC_FAILURE and its like carry the flag of
   common ones), or of ECDSA the sum that is no point, which a signature gets only from whoever made its key. */
static inline _Bool bearerd_blames_signature(unsigned long error) {
  return (ERR_GET_LIB(error) == ERR_LIB_RSA && !(ERR_GET_RFLAGS(error) & ERR_RFLAG_COMMON))
    || (ERR_GET_LIB(error) == ERR_LIB_EC && ERR_GET_REASON(error) == EC_R_POINT_AT_INFINITY);
}

/* SHA-256 of bytes that are all at hand. The functions that OpenSSL 3 recommends in place of these allocate, so that they
   fail without memory; a digest that names a token must not, for nobody could answer for the token then. */
static inline void bearerd_sha256(const void *bytes, size_t count, unsigned char *digest) {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, bytes, count);
  SHA256_Final(digest, &state);
#pragma clang diagnostic pop
}

/* What an error that libcrypto leaves says of a public key that it did not take. Want of memory comes first: it makes other
   errors after it, among them that a point is not on its curve (EC_POINT_set_affine_coordinates takes "cannot tell" for
   no). */
typedef enum {
  bearerd_error_says_nothing, bearerd_error_blames_key, bearerd_error_is_unsupported, bearerd_error_lacks_memory
} bearerd_error_kind;

static inline bearerd_error_kind bearerd_key_error_kind(unsigned long error) {
  int library = ERR_GET_LIB(error), reason = ERR_GET_REASON(error);
  if (reason == ERR_R_MALLOC_FAILURE) return bearerd_error_lacks_memory;
  if (reason == ERR_R_UNSUPPORTED) return bearerd_error_is_unsupported;
  if (library == ERR_LIB_EC
      && (reason == EC_R_POINT_IS_NOT_ON_CURVE || reason == EC_R_INVALID_ENCODING
          || reason == EC_R_COORDINATES_OUT_OF_RANGE || reason == EC_R_POINT_AT_INFINITY))
    return bearerd_error_blames_key;
  if (library == ERR_LIB_RSA && !(ERR_GET_RFLAGS(error) & ERR_RFLAG_COMMON)) return bearerd_error_blames_key;
  return bearerd_error_says_nothing;
}

/* An OSSL_PARAM keeps the pointer to its name, not a copy. The literals here live as long as the process; a string that
   Swift passes lives as long as the call. */
static inline OSSL_PARAM bearerd_param_rsa_n(void *bytes, size_t count) {
  return OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, bytes, count);
}
static inline OSSL_PARAM bearerd_param_rsa_e(void *bytes, size_t count) {
  return OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, bytes, count);
}
static inline OSSL_PARAM bearerd_param_ec_group(char *name, size_t count) {
  return OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, count);
}
static inline OSSL_PARAM bearerd_param_ec_point(void *bytes, size_t count) {
  return OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes, count);
}

#endif
