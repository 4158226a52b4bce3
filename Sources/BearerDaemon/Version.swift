/// The program's version, as `--version`, `hello` and `status` tell it.
package enum Version {
  /// The version (Semantic Versioning 2.0.0).
  package static let current = "0.1.0"
}
