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
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

/* A macro that Swift cannot see: what EVP_PKEY_fromdata is to make of its parameters. */
static inline int bearerd_public_key_selection(void) { return EVP_PKEY_PUBLIC_KEY; }

/* Whether an error is a fault of a signature: a reason of RSA's own (ERR_R_MALLOC_FAILURE and its like carry the flag of
   common ones), or of ECDSA the sum that is no point, which a signature gets only from whoever made its key. */
static inline _Bool bearerd_blames_signature(unsigned long error) {
  return (ERR_GET_LIB(error) == ERR_LIB_RSA && !(ERR_GET_RFLAGS(error) & ERR_RFLAG_COMMON))
    || (ERR_GET_LIB(error) == ERR_LIB_EC && ERR_GET_REASON(error) == EC_R_POINT_AT_INFINITY);
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
