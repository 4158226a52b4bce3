/// Bounds of the wire protocol that no configuration changes.
public enum ProtocolLimits {
  /// The protocol's version, told by `hello`; it changes only if a client of the one before could misread a reply.
  public static let version = 1
  /// The longest `id` that is a string, in bytes after unescaping: it is held for every request in flight.
  public static let idBytes = 128
  /// The greatest magnitude of an `id` that is an integer: beyond it, JavaScript would not get its own id back.
  public static let idMagnitude: Int64 = 1 << 53
  /// The range of `deadline_ms`.
  public static let deadlineMilliseconds: ClosedRange<Int64> = 1...10_000
  /// The range of `max_age` in seconds; the greatest is the last second of the year 9999.
  public static let maximumAgeSeconds: ClosedRange<Int64> = 0...253_402_300_799
  /// How many words or elements `scope`, `acr_values` and `audience` may have: each is looked for in the token.
  public static let valuesPerMember = 64
}
