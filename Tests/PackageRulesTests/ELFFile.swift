import Foundation

/// A 64-bit little-endian ELF file, as far as its dynamic section and dynamic symbols go (elf(5)).
struct ELFFile {
  /// The libraries that it names as needed (`DT_NEEDED`).
  let neededLibraries: [String]
  /// The names that it expects others to define.
  let undefinedSymbols: [String]

  /// Where a section is and what it belongs to.
  private struct Section {
    var type: UInt32
    var offset: Int
    var size: Int
    var link: Int
  }

  /// Reads a file; nil if it is none.
  init?(_ url: URL) {
    guard let data = try? Data(contentsOf: url, options: .mappedIfSafe),
      data.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1])
    else { return nil }
    func number<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number {
      data[offset..<offset + MemoryLayout<Number>.size].reversed().reduce(0) { $0 << 8 | Number($1) }
    }
    func text(at offset: Int) -> String {
      String(decoding: data[offset...].prefix { $0 != 0 }, as: UTF8.self)
    }
    let table = Int(number(UInt64.self, at: 0x28))
    let entrySize = Int(number(UInt16.self, at: 0x3A))
    let sections = (0..<Int(number(UInt16.self, at: 0x3C))).map { index in
      let entry = table + index * entrySize
      return Section(
        type: number(UInt32.self, at: entry + 4), offset: Int(number(UInt64.self, at: entry + 0x18)),
        size: Int(number(UInt64.self, at: entry + 0x20)), link: Int(number(UInt32.self, at: entry + 0x28)))
    }
    var needed: [String] = []
    var undefined: [String] = []
    for section in sections {
      switch section.type {
      case 6:  // SHT_DYNAMIC: pairs of a tag and a value
        for entry in stride(from: section.offset, to: section.offset + section.size, by: 16)
        where number(UInt64.self, at: entry) == 1 {
          needed.append(text(at: sections[section.link].offset + Int(number(UInt64.self, at: entry + 8))))
        }
      case 11:  // SHT_DYNSYM: st_name, st_info, st_other, st_shndx, st_value, st_size
        for entry in stride(from: section.offset + 24, to: section.offset + section.size, by: 24)
        where number(UInt16.self, at: entry + 6) == 0 {
          undefined.append(text(at: sections[section.link].offset + Int(number(UInt32.self, at: entry))))
        }
      default: break
      }
    }
    neededLibraries = needed
    undefinedSymbols = undefined
  }
}
