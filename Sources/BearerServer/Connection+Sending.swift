internal import NIOCore

// Sending and closing: a reply is handed over once in a turn; a connection ends only after what it still has to say.

extension Connection {
  // MARK: Writing

  func flush(_ context: ChannelHandlerContext) {
    guard !share.replies.isEmpty else { return }
    // A buffer of just this size: one that is reused, and larger, would stay with every reply a client does not take.
    let buffer = context.channel.allocator.buffer(bytes: share.replies)
    if share.replies.capacity > 4 * FixedLimits.flushBytes {
      share.replies = []
    } else {
      share.replies.removeAll(keepingCapacity: true)
    }
    writeWatch.wrote(buffer.readableBytes)
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    watchWriting(context)
  }

  func unsentBytes(_ context: ChannelHandlerContext) -> Int {
    (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }

  func watchWriting(_ context: ChannelHandlerContext) {
    guard writeTimer == nil, self.context != nil else { return }
    let step = TimeAmount(limits.writeTimeout / WriteWatch.steps)
    writeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: step) { [self] in
      writeTimer = nil
      guard let context = self.context else { return }
      switch writeWatch.look(unsentBytes: unsentBytes(context)) {
      case .idle: break
      case .progressing: watchWriting(context)
      case .stuck: context.close(promise: nil)
      }
    }
  }

  // MARK: Closing

  /// Closes once everything is sent.
  func finish(_ context: ChannelHandlerContext) {
    guard !isFinishing else { return }
    isFinishing = true
    afterSending(context) { context.close(promise: nil) }
  }

  /// Once everything is sent, ends the sending direction and throws input away for a while.
  ///
  /// Closed at once, a client that still writes would get an error there and might never read the answer.
  func linger(_ context: ChannelHandlerContext) {
    guard !isFinishing else { return }
    if hasInputEnded { return finish(context) }
    isFinishing = true
    lingerTimer = context.eventLoop.assumeIsolated().scheduleTask(
      in: FixedLimits.linger + TimeAmount(limits.writeTimeout)
    ) {
      context.close(promise: nil)
    }
    afterSending(context) { [self] in
      guard self.context != nil else { return }
      lingerTimer?.cancel()
      if hasInputEnded { return context.close(promise: nil) }
      lingerTimer = context.eventLoop.assumeIsolated().scheduleTask(in: FixedLimits.linger) {
        context.close(promise: nil)
      }
      isLingering = true
      context.close(mode: .output, promise: nil)
      context.read()
    }
  }

  func afterSending(_ context: ChannelHandlerContext, _ body: @escaping () -> Void) {
    let sent = context.eventLoop.makePromise(of: Void.self)
    sent.futureResult.assumeIsolated().whenComplete { _ in body() }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: sent)
  }
}
