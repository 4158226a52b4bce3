import BearerFetch

/// The address of an HTTP proxy, which may hold a password and therefore never prints it.
package struct ProxyAddress: Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// The address as it was written: `http://[user:password@]host[:port]`; a secret.
  package var text: String

  /// Accepts `http://[user:password@]host[:port]` without a path; the port is 80 unless given.
  package init?(_ text: String) {
    var bare = text
    if let at = text.lastIndex(of: "@") {
      guard text.lowercased().hasPrefix("http://") else { return nil }
      bare = "http://" + text[text.index(after: at)...]
    }
    // Why it is none is not told: the key's own fault says what is expected, and never shows what may hold a password.
    guard let address = try? WebAddress(parsing: bare), address.scheme == .http, address.target == "/" else {
      return nil
    }
    self.text = text
  }

  /// The address without its credentials.
  package var description: String {
    guard let at = text.lastIndex(of: "@") else { return text }
    return "http://…\(text[at...])"
  }

  /// The address without its credentials.
  package var debugDescription: String { description }

  /// Shows nothing inside, so that `dump` cannot print the password.
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}
