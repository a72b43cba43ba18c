// Arguments of the kernels that work on fields: channels, each of so many places. Features are numbered channel by channel, and
// the places of a channel lie one after the other.

/// What each place of one side takes from the places of the other, the same for every channel: a sparse matrix whose rows are
/// places. Entries of a row are in ascending order of `index`, but for what a layer says otherwise.
public struct Stencil<T> {
  public var rows: Int
  public var columns: Int
  /// rows + 1 offsets into `index` from 0.
  public var start: UnsafePointer<Int32>
  /// A place of the other side.
  public var index: UnsafePointer<Int32>
  /// A factor for each entry; nil: all are 1.
  public var coefficients: UnsafePointer<T>?
  /// Of a transposed stencil: which entry of its row this was in the other one, from 0, as a T. nil where nobody asks.
  public var number: UnsafePointer<T>?

  @inlinable
  public init(
    rows: Int, columns: Int, start: UnsafePointer<Int32>, index: UnsafePointer<Int32>, coefficients: UnsafePointer<T>?,
    number: UnsafePointer<T>? = nil
  ) {
    self.rows = rows
    self.columns = columns
    self.start = start
    self.index = index
    self.coefficients = coefficients
    self.number = number
  }
}

/// destination[c, row] = sum over the row's entries of coefficient * source[c, index]. source: channels x columns features,
/// destination: channels x rows. Padding lanes of 0 stay 0.
public struct StencilArguments<T> {
  public var stencil: Stencil<T>
  public var source: UnsafePointer<T>
  public var destination: UnsafeMutablePointer<T>
  public var channels: Int
  public var shape: PanelShape

  @inlinable
  public init(
    stencil: Stencil<T>, source: UnsafePointer<T>, destination: UnsafeMutablePointer<T>, channels: Int, shape: PanelShape
  ) {
    self.stencil = stencil
    self.source = source
    self.destination = destination
    self.channels = channels
    self.shape = shape
  }
}

/// Max pooling. Forward, `stencil` from outputs to inputs: destination[c, row] is the largest of source[c, index], NaN where one
/// is NaN, and winners[c, row] the number of the first entry that has it, as a T. Backward, the transposed stencil with its
/// numbers: destination[c, row], dx, is the sum of source[c, index], dy, over the entries that won there. Coefficients play no
/// part. Padding lanes of dy that are 0 stay 0.
public struct MaximumArguments<T> {
  public var stencil: Stencil<T>
  public var source: UnsafePointer<T>
  public var destination: UnsafeMutablePointer<T>
  /// One an output. Forward: written; nil: not wanted. Backward: only read.
  public var winners: UnsafeMutablePointer<T>?
  public var channels: Int
  public var shape: PanelShape

  @inlinable
  public init(
    stencil: Stencil<T>, source: UnsafePointer<T>, destination: UnsafeMutablePointer<T>, winners: UnsafeMutablePointer<T>?,
    channels: Int, shape: PanelShape
  ) {
    self.stencil = stencil
    self.source = source
    self.destination = destination
    self.winners = winners
    self.channels = channels
    self.shape = shape
  }
}

/// destination = factor * the product of all inputs but one.
public struct ProductArguments<T> {
  public var inputs: UnsafePointer<UnsafePointer<T>>
  public var count: Int
  /// The input that is left out; -1: none.
  public var skipped: Int
  /// nil: 1.
  public var factor: UnsafePointer<T>?
  public var destination: UnsafeMutablePointer<T>
  public var features: Int
  public var shape: PanelShape

  @inlinable
  public init(
    inputs: UnsafePointer<UnsafePointer<T>>, count: Int, skipped: Int = -1, factor: UnsafePointer<T>? = nil,
    destination: UnsafeMutablePointer<T>, features: Int, shape: PanelShape
  ) {
    self.inputs = inputs
    self.count = count
    self.skipped = skipped
    self.factor = factor
    self.destination = destination
    self.features = features
    self.shape = shape
  }
}

/// An activation by itself. Forward: output = f(input). Backward: inputGradient = gradient * f'(input).
public struct ActivationArguments<T> {
  /// Softmax has kernels of its own and counts as the identity.
  public var activation: Activation
  /// As in ``LinearArguments``.
  public var negativeSlope: T
  public var features: Int
  public var shape: PanelShape
  /// z
  public var input: UnsafePointer<T>
  /// a; backward: only read.
  public var output: UnsafeMutablePointer<T>
  /// da; nil in forward.
  public var gradient: UnsafePointer<T>?
  /// dz; nil in forward.
  public var inputGradient: UnsafeMutablePointer<T>?

  @inlinable
  public init(
    activation: Activation, negativeSlope: T, features: Int, shape: PanelShape, input: UnsafePointer<T>,
    output: UnsafeMutablePointer<T>, gradient: UnsafePointer<T>? = nil, inputGradient: UnsafeMutablePointer<T>? = nil
  ) {
    self.activation = activation
    self.negativeSlope = negativeSlope
    self.features = features
    self.shape = shape
    self.input = input
    self.output = output
    self.gradient = gradient
    self.inputGradient = inputGradient
  }
}

/// The kernels of fields: a part of ``KernelTable``.
public struct FieldKernels: Sendable {
  /// ``StencilArguments``; units: features of the destination.
  public let stencil: Kernel
  /// ``MaximumArguments``; units: features of the destination.
  public let maximum: Kernel
  /// ``MaximumArguments``; units: features of the destination.
  public let maximumBackward: Kernel
  /// ``ProductArguments``; units: features.
  public let multiply: Kernel

  public init(
    stencil: @escaping Kernel, maximum: @escaping Kernel, maximumBackward: @escaping Kernel, multiply: @escaping Kernel
  ) {
    self.stencil = stencil
    self.maximum = maximum
    self.maximumBackward = maximumBackward
    self.multiply = multiply
  }
}
