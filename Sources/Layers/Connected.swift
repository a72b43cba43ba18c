import Base
import KernelInterface
import Machine
import Sparse

/// A layer with connections: weights, of which a pattern says where they are. Whoever draws, changes, judges or counts
/// connections asks a layer for this capability.
///
/// The weights are a matrix of `rows` x `columns` positions: of a linear layer units x inputs.
package protocol Connected<T>: Layer {
  /// One a connection in the pattern's slot order; dense: row-major.
  var weights: Parameter<T> { get }
  /// One a row, or nil.
  var bias: Parameter<T>? { get }
  /// nil for a dense layer. Set only together with `weights`' size, by ``adopt(_:)``.
  var pattern: Pattern? { get }
  /// What connections read, where that is not the number of their column; every pattern that it adopts is placed by it.
  var placement: Placement? { get }
  var rows: Int { get }
  var columns: Int { get }
  /// What takes part in forward and in dx, where that is not all as it is. Of the same pattern.
  var forwardSet: ForwardSet<T>? { get set }
  /// Density above which a pattern's products are OpenBLAS's, in batches without limit; more is asked of smaller ones.
  /// `share` a scratch of the new `scratchElements` before it is lowered.
  var denseCrossover: Double { get set }
  /// Floating-point operations of one connection forward, for a sample.
  var connectionFlops: Int { get }
  /// Floating-point operations of dL/dW for a sample.
  var gradientFlops: Int { get }

  /// What `scratchElements` will be with another pattern or another crossover. - denseCrossover: nil for the present one.
  func scratchElements(_ pattern: Pattern?, denseCrossover: Double?) -> Int

  /// Whether passes may call OpenBLAS with this pattern and crossover.
  func usesBLAS(_ pattern: Pattern?, _ denseCrossover: Double) -> Bool

  /// Set the weights by an initializer.
  func initialize(_ initializer: Initializer, random: inout RandomSource) throws(Failure)

  /// Be sparse from now on, or in other storage: the weights get the pattern's size and await their place.
  func adopt(_ pattern: Pattern)

  /// Keep of these inputs what backward needs, as a forward pass with them would. The outputs stay.
  func recall(_ input: UnsafePointer<T>, _ pass: Pass)

  /// Places of a sample at which a unit meets inputs: 1 of a linear layer, of a convolution those of its output.
  var placesMet: Int { get }
  /// Whether all units meet the same, so that ``unfold(_:_:into:_:)`` can say what.
  var sharesInputs: Bool { get }
  /// Whether `unfold` needs room for what it hands over.
  var copiesInputs: Bool { get }

  /// Hand over what the units meet, (columns, batch), one place after another.
  /// - input: (inputs, batch). - unfolded: room for (columns, batch) if it `copiesInputs`.
  func unfold(
    _ input: UnsafePointer<T>, _ shape: PanelShape, into unfolded: UnsafeMutablePointer<T>,
    _ body: (UnsafePointer<T>, PanelShape) -> Void)

  /// The last backward pass's panels, valid until the next forward; nil before the first.
  var gradientPanels: GradientPanels<T>? { get }

  /// dL/dW at every position of some rows, from the panels of a backward pass. By OpenBLAS, whose threads the caller holds
  /// back. Nothing is allocated.
  /// - gradient: receives rows.count x columns values, row-major, or has them added to what it holds.
  func denseGradient(
    _ panels: GradientPanels<T>, rows: Range<Int>, into gradient: UnsafeMutablePointer<T>, accumulate: Bool)

  /// dL/dW at some positions, connected or not, from the panels of a backward pass. O(positions x batch), nothing allocated.
  /// - gradient: receives one value a position in their order, or has it added to what it holds.
  func gradient(
    _ panels: GradientPanels<T>, at positions: PositionRows, into gradient: UnsafeMutablePointer<T>, accumulate: Bool)

  /// Units, or channels, that it makes.
  var unitCount: Int { get }
  /// Inputs, or channels, that it takes.
  var inputCount: Int { get }
  /// Whether a unit or channel that it makes has a connection. Of a dense layer all have.
  func isReached(_ unit: Int) -> Bool
  /// Whether an input or channel that it takes has a connection. Of a dense layer all have.
  func isTaken(_ input: Int) -> Bool

  /// Add up how active each row and column is over a batch: |dz| and |x|, or, with signs, dz and x times the sign of their
  /// sample. O(batch x (rows + columns)), on the calling thread.
  /// - signs: of the batch's samples from number `first` on. - weight: of this batch.
  /// - units, inputs: have the sums added to what they hold.
  func addActivity(
    _ panels: GradientPanels<T>, signs: SignSequence?, first: Int, weight: T, units: UnsafeMutablePointer<T>,
    inputs: UnsafeMutablePointer<T>)
}

extension Connected {
  public var connectionFlops: Int { 2 }
  package var placement: Placement? { nil }

  public var unitCount: Int { rows }
  public var inputCount: Int { columns }

  public func isReached(_ unit: Int) -> Bool { pattern.map { $0.rowStart[unit + 1] > $0.rowStart[unit] } ?? true }
  public func isTaken(_ input: Int) -> Bool { pattern.map { $0.columnStart[input + 1] > $0.columnStart[input] } ?? true }

  /// The weights by the option "initializer", other parameters to what they start from.
  package func initialize(_ options: OptionValues, random: inout RandomSource) throws(Failure) {
    for parameter in parameters { parameter.restart() }
    try initialize(try options.choice(LayerOption.initializer, of: Initializer.self), random: &random)
  }

  package var placesMet: Int { 1 }
  package var sharesInputs: Bool { true }
  package var copiesInputs: Bool { false }

  package func unfold(
    _ input: UnsafePointer<T>, _ shape: PanelShape, into unfolded: UnsafeMutablePointer<T>,
    _ body: (UnsafePointer<T>, PanelShape) -> Void
  ) { body(input, shape) }

  /// Most layers read their inputs where they are.
  package func recall(_ input: UnsafePointer<T>, _ pass: Pass) {}

  /// Show how its connections lie. Not a part of `visit`, because connections stay as they are where all else goes back.
  package func visitStructure(_ visitor: inout some StateVisitor) {
    visitor.part("pattern", pattern)
    visitor.part("forward_set", forwardSet)
  }

  /// Positions that there are, connected or not.
  package var positions: Int { rows &* columns }
}

/// Panels of one backward pass: what the weights' gradient is a product of.
package struct GradientPanels<T: Scalar> {
  /// x: (inputs, batch)
  package let input: UnsafePointer<T>
  /// dz: (outputs, batch)
  package let gradient: UnsafePointer<T>
  package let shape: PanelShape

  package init(input: UnsafePointer<T>, gradient: UnsafePointer<T>, shape: PanelShape) {
    self.input = input
    self.gradient = gradient
    self.shape = shape
  }
}
