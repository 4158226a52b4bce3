internal import CLibcrypto

/// libcrypto's error queue of the current thread.
///
/// Whatever libcrypto refuses leaves its reasons in a queue that belongs to the thread, not to the call. Nobody here
/// reads them (a bad signature is an outcome, not an accident), and left alone they would be taken for the fault of an
/// innocent later call; so each failing call ends with ``clear()``.
enum ErrorQueue {
  /// Forgets all errors.
  static func clear() {
    ERR_clear_error()
  }

  /// Whether no error is waiting.
  static var isEmpty: Bool {
    ERR_peek_error() == 0
  }
}
