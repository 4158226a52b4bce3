/// Calls in the order in which they came.
struct CallQueue: Sendable {
  private var orders: [BackEndState.Order] = []
  private var head = 0

  mutating func append(_ order: BackEndState.Order) { orders.append(order) }

  mutating func removeFirst() -> BackEndState.Order? {
    guard head < orders.count else { return nil }
    defer {
      head += 1
      if head == orders.count || head > 1024 {
        orders.removeFirst(head)
        head = 0
      }
    }
    return orders[head]
  }
}
