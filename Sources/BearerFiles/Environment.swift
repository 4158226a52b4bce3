@preconcurrency import Glibc

/// The process's environment; read only here and passed as an argument, so that nothing else depends on it.
package enum Environment {
  /// All variables, as they are now.
  package static func current() -> [String: String] {
    var variables: [String: String] = [:]
    var next: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
    while let entry = next?.pointee {
      let text = String(cString: entry).utf8
      // A name that is not ASCII is left out, because it could pass for another variable: Swift compares strings after
      // Unicode normalisation, by which the Kelvin sign is a K.
      if let equals = text.firstIndex(of: UInt8(ascii: "=")), text[..<equals].allSatisfy({ $0 < 0x80 }) {
        variables[String(decoding: text[..<equals], as: UTF8.self)] =
          String(decoding: text[equals...].dropFirst(), as: UTF8.self)
      }
      next = next?.advanced(by: 1)
    }
    return variables
  }
}

extension [String: String] {
  /// The value of a variable; `nil` if it is empty, which counts as not set.
  package func variable(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }
}
