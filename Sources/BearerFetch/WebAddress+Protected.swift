import BearerAddress

extension WebAddress {
  /// What to do about an address that is refused.
  static let protectedAdvice = "give an absolute https URL; http is for loopback only"

  /// An address that nobody on the way can read or change anything of: https, or http on loopback.
  ///
  /// - Parameters:
  ///   - text: The address.
  ///   - origin: Who says so, for messages.
  ///   - fault: What to throw, given what was found.
  /// - Throws: The fault.
  init<Fault: Error>(protected text: String, origin: String, fault: (String) -> Fault) throws(Fault) {
    do throws(AddressFault) {
      try self.init(parsing: text)
    } catch {
      throw fault("\(origin) \(error.reason)")
    }
    guard isProtected else { throw fault("\(origin) is plain http to \(ShownText.quoted(host))") }
  }
}
