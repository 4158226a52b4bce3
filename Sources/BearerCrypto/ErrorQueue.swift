internal import CLibcrypto

/// libcrypto's error queue of the current thread.
///
/// Whatever libcrypto refuses leaves its reasons in a queue that belongs to the thread, not to the call. Left alone they
/// would be taken for the fault of an innocent later call; so each failing call ends with ``clear()``.
enum ErrorQueue {
  /// Forgets all errors.
  static func clear() {
    ERR_clear_error()
  }

  /// Whether the errors say that a signature is bad, and not only that it was not checked; empties the queue.
  ///
  /// A lack of memory, an internal error or a missing digest say nothing about the signature. An RSA signature with
  /// sound padding around no digest leaves no error; only the key's owner can make that.
  static var blamesSignature: Bool {
    var isBad = false
    while true {
      let error = ERR_get_error()
      if error == 0 { return isBad }
      if bearerd_blames_signature(error) { isBad = true }
    }
  }

  /// Why libcrypto did not take a public key; takes the errors out of the queue.
  ///
  /// - Parameter badKey: The fault if libcrypto blames the key.
  /// - Returns: `badKey`; ``PublicKeyFault/rejectedByLibcrypto`` if libcrypto cannot compute with such keys; or
  ///   ``PublicKeyFault/undecided``, because a key that is not said to be bad may be good.
  static func keyFault(ifBlamed badKey: PublicKeyFault) -> PublicKeyFault {
    var (isBlamed, isUnsupported, lacksMemory) = (false, false, false)
    while true {
      let error = ERR_get_error()
      if error == 0 { break }
      switch bearerd_key_error_kind(error) {
      case bearerd_error_blames_key: isBlamed = true
      case bearerd_error_is_unsupported: isUnsupported = true
      case bearerd_error_lacks_memory: lacksMemory = true
      default: break
      }
    }
    if lacksMemory { return .undecided }
    return isBlamed ? badKey : isUnsupported ? .rejectedByLibcrypto : .undecided
  }

  /// Whether no error is waiting.
  static var isEmpty: Bool {
    ERR_peek_error() == 0
  }
}
