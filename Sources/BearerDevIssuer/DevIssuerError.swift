package import BearerSigning
import Glibc

/// Why the development issuer could not do what was asked.
package enum DevIssuerError: Error, Sendable {
  /// A system call on a file or directory failed; `code` is its `errno`.
  case file(operation: String, path: String, code: CInt)
  /// A file in the key directory is not a private key that this program wrote.
  case unreadableKey(path: String)
  /// The issuer has no key to sign with.
  case noKey
  /// No key of the issuer has this `kid`.
  case unknownKey(kid: String)
  /// A name that cannot be a `kid` here, because key files carry it in their name.
  case unusableKeyName(String)
  /// libcrypto could not make a key or a signature.
  case signing(SigningFault)
  /// An address that other machines could reach; this issuer's keys must never be trusted there.
  case notLoopback(host: String)
  /// The address could not be listened on.
  case cannotListen(host: String, port: Int, reason: String)
}

extension DevIssuerError: CustomStringConvertible {
  /// One sentence for a person at a terminal.
  package var description: String {
    switch self {
    case .file(let operation, let path, let code):
      "cannot \(operation) \(path): \(String(cString: strerror(code)))"
    case .unreadableKey(let path):
      "\(path) is not a private key of this program; remove it or choose another directory with --keys"
    case .noKey:
      "there is no key to sign with; `bearerd-dev-issuer rotate` makes one"
    case .unknownKey(let kid):
      "no key has the kid \"\(kid)\"; `bearerd-dev-issuer jwks` lists them"
    case .unusableKeyName(let name):
      "\"\(name)\" cannot be a kid here: use 1 to 64 of A-Z a-z 0-9 . _ ~ -"
    case .signing(let fault):
      "libcrypto refused: \(fault)"
    case .notLoopback(let host):
      "\(host) is not a loopback address; a development issuer listens on 127.0.0.0/8, ::1 or localhost only"
    case .cannotListen(let host, let port, let reason):
      "cannot listen on \(host) port \(port): \(reason)"
    }
  }
}
