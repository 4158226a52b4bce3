internal import CLibsystemd
internal import Glibc

/// A listening socket that the service manager passed in.
package struct ListenDescriptor: Equatable, Sendable {
  /// The descriptor's number.
  package var number: CInt
  /// Its name in the socket unit (`FileDescriptorName=`).
  package var name: String

  /// A descriptor by number and name.
  package init(number: CInt, name: String) {
    self.number = number
    self.name = name
  }
}

/// Why passed-in descriptors cannot be used.
package enum ListenDescriptorsFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// `LISTEN_FDS` or its companion variables cannot be read; the error number.
  case unreadable(errno: CInt)
  /// A descriptor is not a listening AF_UNIX stream socket.
  case unfit(number: CInt, name: String)

  /// What is wrong, and what to do.
  package var description: String {
    switch self {
    case .unreadable(let errno): "LISTEN_FDS cannot be read (errno \(errno)); check who starts the daemon"
    case .unfit(let number, let name):
      "descriptor \(number) (\(name)) from LISTEN_FDS is not a listening AF_UNIX stream socket; "
        + "the socket unit needs ListenStream= with a path, and Accept=no"
    }
  }
}

/// The sockets that the service manager opened for the daemon (sd_listen_fds(3)).
package enum ListenDescriptors {
  /// Takes the passed-in sockets, all of them or none.
  ///
  /// The environment variables are removed, so that no child takes the sockets for its own. So call it early, while the
  /// process has one thread.
  ///
  /// - Returns: The sockets in the order of the socket units; empty without socket activation.
  /// - Throws: ``ListenDescriptorsFault`` when any of them is not a listening AF_UNIX stream.
  package static func take() throws(ListenDescriptorsFault) -> [ListenDescriptor] {
    var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    // Safe because libsystemd stores an array it allocated, which is released below with each of its strings.
    let count = unsafe sd_listen_fds_with_names(1, &names)
    guard count >= 0 else { throw .unreadable(errno: -count) }
    var descriptors: [ListenDescriptor] = []
    for index in 0..<count {
      let name = unsafe names?[Int(index)].map { unsafe String(cString: $0) } ?? "unknown"
      descriptors.append(ListenDescriptor(number: SD_LISTEN_FDS_START + index, name: name))
      unsafe free(names?[Int(index)])
    }
    unsafe free(names)
    for descriptor in descriptors { try check(descriptor) }
    return descriptors
  }

  /// Checks that a descriptor is a listening AF_UNIX stream socket.
  package static func check(_ descriptor: ListenDescriptor) throws(ListenDescriptorsFault) {
    guard sd_is_socket_unix(descriptor.number, CInt(SOCK_STREAM.rawValue), 1, nil, 0) > 0 else {
      throw .unfit(number: descriptor.number, name: descriptor.name)
    }
  }
}
