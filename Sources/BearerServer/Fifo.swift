/// A queue whose ends cost the same however long it is.
struct Fifo<Element> {
  /// Removed elements stay before the head until they are half of all.
  private var elements: [Element] = []
  private var head = 0

  var count: Int { elements.count - head }
  var isEmpty: Bool { head == elements.count }
  var first: Element? { isEmpty ? nil : elements[head] }

  subscript(index: Int) -> Element {
    get { elements[head + index] }
    set { elements[head + index] = newValue }
  }

  mutating func append(_ element: Element) {
    elements.append(element)
  }

  mutating func removeFirst() {
    guard !isEmpty else { return }
    head += 1
    // Moving costs what is left, and happens only when that is no more than what was removed.
    if head * 2 >= elements.count {
      elements.removeFirst(head)
      head = 0
    }
  }

  mutating func popFirst() -> Element? {
    let element = first
    removeFirst()
    return element
  }
}
