import BearerAddress

extension WebAddress {
  /// What to do about an address that is refused.
  static let protectedAdvice = "give an absolute https URL; http is for loopback only"

  /// An address whose traffic cannot be read or changed in between: https, or http on loopback.
  ///
  /// - Parameters:
  ///   - text: The address.
  ///   - origin: Where the address was found, for messages.
  ///   - fault: Makes the error from what is wrong.
  /// - Throws: The error that `fault` makes.
  init<Fault: Error>(protected text: String, origin: String, fault: (String) -> Fault) throws(Fault) {
    do throws(AddressFault) {
      try self.init(parsing: text)
    } catch {
      throw fault("\(origin) \(error.reason)")
    }
    guard isProtected else { throw fault("\(origin) is plain http to \(ShownText.quoted(host))") }
  }
}
