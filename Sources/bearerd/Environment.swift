@preconcurrency import Glibc

/// The process's environment; read here and handed on, so that nothing else depends on it.
enum Environment {
  /// All variables, as they are now.
  static func current() -> [String: String] {
    var variables: [String: String] = [:]
    var next: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
    while let entry = next?.pointee {
      let text = String(cString: entry).utf8
      // A name that is not ASCII is no variable that anybody asks for, and could be taken for one: strings are equal in
      // Swift if they are so after Unicode normalisation, and the Kelvin sign is then a K.
      if let equals = text.firstIndex(of: UInt8(ascii: "=")), text[..<equals].allSatisfy({ $0 < 0x80 }) {
        variables[String(decoding: text[..<equals], as: UTF8.self)] =
          String(decoding: text[equals...].dropFirst(), as: UTF8.self)
      }
      next = next?.advanced(by: 1)
    }
    return variables
  }
}
