import Glibc
import Synchronization

/// libcrypto whose memory ends where a test says; for exit tests, since it is libcrypto of the whole process.
package enum StarvedLibcrypto {
  private typealias Allocate = @convention(c) (Int, UnsafePointer<CChar>?, CInt) -> UnsafeMutableRawPointer?
  private typealias Reallocate =
    @convention(c) (UnsafeMutableRawPointer?, Int, UnsafePointer<CChar>?, CInt) -> UnsafeMutableRawPointer?
  private typealias Free = @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, CInt) -> Void
  private typealias SetFunctions = @convention(c) (Allocate, Reallocate, Free) -> CInt

  private static let left = Atomic(Int.max)

  /// Whether an allocation was refused since ``allow(_:)``.
  package static var hasRefused: Bool { left.load(ordering: .relaxed) < 0 }

  /// Puts itself between libcrypto and malloc(3), by `CRYPTO_set_mem_functions`.
  ///
  /// - Returns: Whether libcrypto had it; it has not, once it was used.
  package static func install() -> Bool {
    // Looked up by name, so that the modules which may import libcrypto stay those that compute with it.
    guard let symbol = dlsym(nil, "CRYPTO_set_mem_functions") else { return false }
    return unsafeBitCast(symbol, to: SetFunctions.self)(
      { size, _, _ in StarvedLibcrypto.mayAllocate() ? malloc(size) : nil },
      { memory, size, _, _ in StarvedLibcrypto.mayAllocate() ? realloc(memory, size) : nil },
      { memory, _, _ in free(memory) }) == 1
  }

  /// Has every allocation fail after this many.
  package static func allow(_ allocations: Int) {
    left.store(allocations, ordering: .relaxed)
  }

  private static func mayAllocate() -> Bool {
    let left = left.load(ordering: .relaxed)
    if left == .max { return true }
    self.left.store(max(-1, left - 1), ordering: .relaxed)
    return left > 0
  }
}
