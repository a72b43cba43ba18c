import Base
import CEspalier
import Network

@_cdecl("espalier_kind_count") @implementation
public func espalier_kind_count(_ owner: Int32, _ count: UnsafeMutablePointer<Int64>!) -> Int32 {
  status { () throws(Failure) in
    let place = try require(count, "count")
    place.pointee = Int64(try require(owner, "owner", as: OptionOwner.self).kinds.count)
  }
}

@_cdecl("espalier_kind_at") @implementation
public func espalier_kind_at(_ owner: Int32, _ kind: Int32, _ info: UnsafeMutablePointer<espalier_kind_info>!) -> Int32 {
  status { () throws(Failure) in
    let place = try require(info, "info")
    let found = try table(owner, kind)
    var written = espalier_kind_info()
    copy(found.name, to: &written.name)
    written.option_count = Int64(found.options.count)
    place.pointee = written
  }
}

@_cdecl("espalier_option_at") @implementation
public func espalier_option_at(
  _ owner: Int32, _ kind: Int32, _ index: Int64, _ info: UnsafeMutablePointer<espalier_option_info>!
) -> Int32 {
  status { () throws(Failure) in
    let place = try require(info, "info")
    let found = try table(owner, kind)
    guard index >= 0, index < found.options.count else {
      let range = found.options.isEmpty ? "\(found.name) has no options" : "index must be in 0 .. \(found.options.count - 1)"
      throw Failure(.invalidArgument, "\(range), got \(index)")
    }
    let option = found.options[Int(index)]
    let domain = option.domain
    var written = espalier_option_info()
    copy(option.name, to: &written.name)
    written.type = domain.kind.rawValue
    written.initial = option.initial
    written.least = domain.least
    written.greatest = domain.greatest
    written.includes_least = domain.includesLeast ? 1 : 0
    written.includes_greatest = domain.includesGreatest ? 1 : 0
    written.live = option.isLive ? 1 : 0
    place.pointee = written
  }
}

private func table(_ owner: Int32, _ kind: Int32) throws(Failure) -> OptionTable {
  let kinds = try require(owner, "owner", as: OptionOwner.self).kinds
  guard kind >= 0, kind < kinds.count else {
    throw Failure(.invalidArgument, "kind must be in 0 .. \(kinds.count - 1), got \(kind)")
  }
  return kinds[Int(kind)]
}

/// Into an array of a C struct that comes in as zeros, of which the last stays one.
private func copy<Characters>(_ name: String, to characters: inout Characters) {
  withUnsafeMutableBytes(of: &characters) { bytes in
    for (position, byte) in name.utf8.prefix(bytes.count - 1).enumerated() { bytes[position] = byte }
  }
}
