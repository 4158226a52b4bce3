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
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

/* A macro that Swift cannot see: what EVP_PKEY_fromdata is to make of its parameters. */
static inline int bearerd_public_key_selection(void) { return EVP_PKEY_PUBLIC_KEY; }

#endif
