import Glibc

/// The system's error numbers that failed calls about files have in practice.
package enum FileErrno {
  /// A number in words.
  package static func words(for number: CInt) -> String {
    switch number {
    case ENOENT: "there is no such file"
    case EACCES, EPERM: "permission denied"
    case ENOTDIR: "a part of its path is no directory"
    case ELOOP: "its symbolic links go in a circle"
    case EISDIR: "it is a directory"
    case EIO: "the device reports an error"
    case ENOSPC, EDQUOT: "the disk is full"
    case EROFS: "the file system is read-only"
    default: "error \(number)"
    }
  }
}
