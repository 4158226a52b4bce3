import BearerJOSE
import BearerKeys

/// Says what is wrong with keys, and what to do about it.
enum KeyProblems {
  /// How many keys a message names.
  private static let namedKeys = 4

  /// The failure of a set that has no usable key.
  ///
  /// - Parameters:
  ///   - entries: The set's keys, none of which is usable.
  ///   - leftOut: How many more there are.
  ///   - origin: Where the set is.
  ///   - isFile: Whether that is a file of this host, which the operator can mend.
  /// - Returns: `no_usable_key`.
  static func noUsableKey(_ entries: [KeySet.Entry], leftOut: Int, origin: String, isFile: Bool) -> FetchFault {
    let named = entries.prefix(namedKeys)
    var shown = named.enumerated().map { index, entry in
      "\(name(of: entry, number: index + 1))\(kind(of: entry)): \(words(for: entry))"
    }
    let others = entries.count + leftOut - named.count
    if others > 0 { shown.append("and \(others) more") }
    var advice: [String] = []
    for entry in named {
      guard let new = Self.advice(for: entry, isFile: isFile, isSetUnusable: true), !advice.contains(new) else {
        continue
      }
      advice.append(new)
    }
    if advice.isEmpty {
      let key = "a key for verifying signatures"
      advice = [isFile ? "put \(key) into it" : "have the provider publish \(key)"]
    }
    return FetchFault(
      .noUsableKey, found: "no key of \(origin) is usable: \(shown.joined(separator: "; "))",
      advice: advice.joined(separator: "; "))
  }

  /// A key as a message names it.
  static func name(of entry: KeySet.Entry, number: Int) -> String {
    "key \(entry.kid.map(ShownText.quoted) ?? "number \(number)")"
  }

  /// Type, algorithm and curve of a key in parentheses, as far as it has them.
  static func kind(of entry: KeySet.Entry) -> String {
    let words = [entry.kty, entry.alg, entry.crv].compactMap { $0.map(ShownText.quoted) }
    return words.isEmpty ? "" : " (\(words.joined(separator: " ")))"
  }

  /// What is wrong with a key.
  static func words(for entry: KeySet.Entry) -> String {
    entry.flaw?.words ?? entry.problem.map(words) ?? "nothing is wrong with it"
  }

  /// What to do about a key with a problem; `nil` for one that is normal in good sets.
  ///
  /// - Parameters:
  ///   - entry: The key.
  ///   - isFile: Whether the set is a file of this host.
  ///   - isSetUnusable: Whether no key of the set is usable.
  /// - Returns: A sentence without its full stop.
  static func advice(for entry: KeySet.Entry, isFile: Bool, isSetUnusable: Bool = false) -> String? {
    let mend = isFile ? "mend the key in the file" : "have the provider mend the key"
    switch entry.problem {
    // Normal in good sets: keys that are listed twice, and keys for another use unless that is due to a flaw.
    case nil, .listedTwice: return nil
    case .notForSignatures, .notForVerifying: return entry.flaw == nil ? nil : mend
    case .algorithmNotConfigured:
      guard case .allowsNone(let fitting)? = entry.flaw?.kind else { return nil }
      let names = fitting.names
      return fitting.algorithms.count == 1
        ? "add \(names) to algorithms, if tokens are signed with this key"
        : "add the one of \(names) that tokens of this key have as alg to algorithms"
    case .ambiguous: return "have the provider give each key a kid of its own"
    case .privateKeyPublished:
      return isFile
        ? "leave d out of the file; if others could read it, have the key replaced, for they can sign with it"
        : "have the provider replace this key at once: anyone can sign with it"
    case .weakRSA: return "have the provider use RSA keys of 2048 bits or more"
    case .unsupportedAlgorithm where entry.flaw != nil: return mend
    case .unsupportedType, .unsupportedCurve, .unsupportedAlgorithm:
      let choice = "have the provider choose another algorithm"
      return isSetUnusable ? choice : "nothing, unless tokens are signed with this key: then " + choice
    case .malformed, .oversizedRSA, .badExponent, .coordinateTooLong, .notOnCurve, .wrongLength, .rejected: return mend
    }
  }

  private static func words(_ problem: JWK.Problem) -> String {
    switch problem {
    case .malformed: "it is malformed"
    case .unsupportedType: "kty is none of RSA, EC and OKP"
    case .unsupportedCurve: "crv is none of P-256, P-384, P-521, Ed25519 and Ed448"
    case .notForSignatures: "use is not \"sig\", so it is for encryption"
    case .notForVerifying: "key_ops does not hold \"verify\""
    case .unsupportedAlgorithm: "alg is no signature algorithm for a key of this type"
    case .algorithmNotConfigured: "algorithms allows none that fits it"
    case .weakRSA: "n has fewer than 2048 bits"
    case .oversizedRSA: "n has more than 8192 bits"
    case .badExponent: "e is not an odd number from 65537 to 2^64"
    case .coordinateTooLong: "a coordinate is longer than the curve's field"
    case .notOnCurve: "x and y are not a point on the curve"
    case .wrongLength: "x has not the length of a key on this curve"
    case .rejected: "libcrypto refuses it as a key"
    case .ambiguous: "another key has the same kid"
    case .listedTwice: "it stands in the set before"
    case .privateKeyPublished: "its private part (d) is published"
    }
  }
}
