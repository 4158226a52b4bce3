import BearerJOSE
package import BearerJSON
package import BearerSigning

/// A signing key with the names under which the issuer publishes and uses it.
package struct IssuerKey: Sendable {
  /// The key's name in the key set and in the headers of tokens.
  package let kid: String
  /// The one algorithm that this key is used with.
  package let algorithm: SigningAlgorithm
  /// The private key.
  package let signingKey: SigningKey

  /// Names an existing key.
  package init(kid: String, algorithm: SigningAlgorithm, signingKey: SigningKey) {
    self.kid = kid
    self.algorithm = algorithm
    self.signingKey = signingKey
  }

  /// Makes a new key.
  ///
  /// - Parameters:
  ///   - algorithm: What the key is for; it decides the kind of key.
  ///   - kid: The key's name; by default the algorithm's name and a random part.
  /// - Returns: The key.
  /// - Throws: ``DevIssuerError/signing(_:)`` if libcrypto fails.
  package static func generate(
    _ algorithm: SigningAlgorithm, kid: String? = nil
  ) throws(DevIssuerError) -> IssuerKey {
    do {
      return IssuerKey(
        kid: kid ?? "\(algorithm.rawValue.lowercased())-\(RandomIdentifier.makeHexadecimal(byteCount: 4))",
        algorithm: algorithm,
        signingKey: try SigningKey.generate(algorithm.keyKind))
    } catch {
      throw .signing(error)
    }
  }

  /// The public half as a JSON Web Key (RFC 7517 section 4; RFC 7518 section 6; RFC 8037 section 2).
  package var jwk: JSONObject {
    var jwk: JSONObject = [:]
    jwk["alg"] = .string(algorithm.rawValue)
    jwk["kid"] = .string(kid)
    jwk["use"] = "sig"
    switch signingKey.publicParameters {
    case .rsa(let modulus, let exponent):
      jwk["kty"] = "RSA"
      jwk["n"] = .string(Base64URL.encode(modulus))
      jwk["e"] = .string(Base64URL.encode(exponent))
    case .ec(let curve, let x, let y):
      jwk["kty"] = "EC"
      jwk["crv"] = .string(curve.rawValue)
      jwk["x"] = .string(Base64URL.encode(x))
      jwk["y"] = .string(Base64URL.encode(y))
    case .okp(let curve, let x):
      jwk["kty"] = "OKP"
      jwk["crv"] = .string(curve)
      jwk["x"] = .string(Base64URL.encode(x))
    }
    return jwk
  }

  /// Signs a token in the compact serialisation (RFC 7515 section 7.1).
  ///
  /// Nothing is checked or added: header and payload are whatever bytes the caller wants signed, hostile ones included.
  ///
  /// - Parameters:
  ///   - header: The JOSE header's bytes.
  ///   - payload: The payload's bytes.
  /// - Returns: The token.
  /// - Throws: ``DevIssuerError/signing(_:)`` if libcrypto fails.
  package func sign(header: [UInt8], payload: [UInt8]) throws(DevIssuerError) -> String {
    let signingInput = Base64URL.encode(header) + "." + Base64URL.encode(payload)
    do {
      let signature = try signingKey.sign(Array(signingInput.utf8), algorithm: algorithm.rawValue)
      return signingInput + "." + Base64URL.encode(signature)
    } catch {
      throw .signing(error)
    }
  }
}
