import Base
import CEspalier

/// Here, behind the library's floating-point environment, and not in the caller's language: a conversion from `float` raises
/// flags for a signalling NaN, and a decimal that is written and read for those that overflow, underflow or are inexact.
@_cdecl("espalier_decimal_f32") @implementation
public func espalier_decimal_f32(_ value: Float, _ decimal: UnsafeMutablePointer<Double>!) -> Int32 {
  status { () throws(Failure) in
    let place = try require(decimal, "decimal")
    // Swift describes a number by the shortest decimal that reads back as it.
    place.pointee = (value.isFinite ? Double(value.description) : nil) ?? Double(value)
  }
}
