import Base
import KernelInterface
import Layers
import Machine

/// The layers of a network in an order in which each comes after those that it takes from, and the only one that walks
/// through them. A chain is the graph in which each layer takes the one before it.
///
/// Who reads and writes which panels is settled here once: a layer reads the outputs of those it takes from in place, and
/// writes dx where they expect the gradient of their outputs. An output that several layers take gets the gradient of the
/// last of them first; what the others contribute goes through a spare buffer and is added. A view has no panels and no pass: who
/// takes from it takes from what it takes from.
package final class Graph<T: Scalar>: Stateful {
  package internal(set) var layers: [any Layer<T>]
  /// Those whose statistics move with training. Converted once: the first conversion of a process allocates.
  private let statistical: [any Statistical<T>]
  /// Positions of the layers that are no views.
  private let running: [Int]
  /// Position of the layer whose panels hold the network's outputs.
  private let last: Int
  /// The packed batch, (inputs, batch).
  private var inputBuffer: Buffer<T>
  /// dx of the whole network, (inputs, batch), and where a batch is packed that may be refused. There from the start, because
  /// backward allocates nothing.
  private var inputGradientBuffer: Buffer<T>

  /// Where each layer's entries begin in the tables of edges; one more than there are layers.
  private let first: [Int]
  /// The panels that each edge reads.
  private let sources: Buffer<UnsafePointer<T>>
  /// Where the derivative by what each edge reads goes; nil where nobody wants it.
  private let gradients: Buffer<UnsafeMutablePointer<T>?>
  /// Edges of the network's own input: each backward pass says whether dx is wanted.
  private let inputEdges: [Edge]
  /// Edges of the inputs beside it.
  private let furtherEdges: [FurtherEdge]
  /// For each layer the edges whose derivative is added to what other edges have written.
  private let additions: [[Addition]]
  /// Where the derivatives of added edges are before they are added.
  private let spare: Buffer<T>

  private struct Edge {
    let number: Int
    /// Where its part of dx goes before it is added; nil for the part that the others are added to.
    let spare: UnsafeMutablePointer<T>?
  }

  private struct FurtherEdge {
    let number: Int
    /// Where its part of the derivative by an input goes.
    let gradient: UnsafeMutablePointer<T>?
  }

  private struct Addition {
    let source: UnsafeMutablePointer<T>
    /// nil: the network's dx.
    let destination: UnsafeMutablePointer<T>?
    /// Whether it is a derivative by an input, which is not always wanted.
    let isOfInput: Bool
    let features: Int
  }

  /// - layers: planned, but for views. - inputs: of each layer the numbers, from 1, of those it takes from; 0 is the network's input.
  /// - origins: as in ``GraphPlan/origins``.
  /// - features: of the network's input. - elements: of one feature, the most that a batch takes.
  /// - Throws: `outOfMemory`.
  package init(
    _ layers: [any Layer<T>], inputs given: [[Int]], origins: [Int], features: Int, elements: Int
  ) throws(Failure) {
    self.layers = layers
    statistical = layers.compactMap { $0 as? any Statistical<T> }
    running = layers.indices.filter { origins[$0 + 1] == $0 + 1 }
    last = origins[layers.count] - 1
    let inputs = given.map { $0.map { origins[$0] } }
    let (count, overflow) = features.multipliedReportingOverflow(by: elements)
    guard !overflow else { throw Failure(.outOfMemory, "build: input panels of \(features) x \(elements) overflow") }
    inputBuffer = try Buffer(count: count, of: "input panels")
    inputGradientBuffer = try Buffer(count: count, of: "input gradient panels")
    var first = [0]
    for list in inputs { first.append(first[first.count - 1] + list.count) }
    self.first = first
    sources = try Buffer(count: first[layers.count], of: "graph")
    gradients = try Buffer(count: first[layers.count], of: "graph")

    func width(_ source: Int) -> Int { source == 0 ? features : layers[source - 1].outputs }
    func gradient(_ source: Int) -> UnsafeMutablePointer<T>? { source == 0 ? nil : layers[source - 1].outputGradient }
    /// Whether nothing is before it: the network's input, or another.
    func isInput(_ source: Int) -> Bool { source == 0 || inputs[source - 1].isEmpty }
    // Backwards, as the gradients come: the last layer that takes an output is the first to write its gradient.
    // The gradient of the network's outputs is there before.
    var written: Set<Int> = [origins[layers.count]]
    var added = layers.map { _ in [(edge: Int, source: Int)]() }
    for position in running.reversed() {
      for (place, source) in inputs[position].enumerated() {
        let edge = first[position] + place
        sources.pointer[edge] = UnsafePointer(source == 0 ? inputBuffer.pointer : layers[source - 1].output)
        gradients.pointer[edge] = gradient(source)
        if !written.insert(source).inserted { added[position].append((edge, source)) }
      }
    }
    let widest = added.map { $0.total { width($0.source) } }.max() ?? 0
    spare = try Buffer(count: widest.multipliedClamped(by: elements), of: "gradients that are added")
    var additions: [[Addition]] = []
    for list in added {
      var place = spare.pointer
      var made: [Addition] = []
      for (edge, source) in list {
        gradients.pointer[edge] = place
        made.append(
          Addition(source: place, destination: gradient(source), isOfInput: isInput(source), features: width(source)))
        place += width(source) * elements
      }
      additions.append(made)
    }
    self.additions = additions
    var inputEdges: [Edge] = []
    var furtherEdges: [FurtherEdge] = []
    for position in running {
      for (place, source) in inputs[position].enumerated() where isInput(source) {
        let edge = first[position] + place
        if source == 0 {
          inputEdges.append(Edge(number: edge, spare: gradients.pointer[edge]))
        } else {
          furtherEdges.append(FurtherEdge(number: edge, gradient: gradients.pointer[edge]))
        }
      }
    }
    self.inputEdges = inputEdges
    self.furtherEdges = furtherEdges
  }

  /// Beside the layers.
  package func visit(_ visitor: inout some StateVisitor) {
    visitor.scratch(inputBuffer, inputGradientBuffer, sources, gradients, spare)
  }

  package var usesBLAS: Bool { layers.contains { $0.usesBLAS } }
  // Specialised, here and below, because the callers are other modules: without it a step asks the runtime for type metadata.

  /// The packed batch, (inputs, batch).
  package var input: UnsafeMutablePointer<T> {
    @_specialize(where T == Float)
    @_specialize(where T == Double)
    get { inputBuffer.pointer }
  }

  /// dx of the whole network, (inputs, batch); and where a batch is packed that may be refused.
  package var inputGradient: UnsafeMutablePointer<T> {
    @_specialize(where T == Float)
    @_specialize(where T == Double)
    get { inputGradientBuffer.pointer }
  }

  /// Panels of the network's outputs.
  package var output: UnsafeMutablePointer<T> {
    @_specialize(where T == Float)
    @_specialize(where T == Double)
    get { layers[last].output }
  }

  /// Panels of the loss's derivative by the outputs.
  package var outputGradient: UnsafeMutablePointer<T> {
    @_specialize(where T == Float)
    @_specialize(where T == Double)
    get { layers[last].outputGradient }
  }

  /// The batch that lies beside the input becomes the input.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func takeInput() {
    swap(&inputBuffer, &inputGradientBuffer)
    // By position, here and below: iterating would hold on to the array, which is much of a small network's step.
    for i in 0..<inputEdges.count { sources.pointer[inputEdges[i].number] = UnsafePointer(inputBuffer.pointer) }
  }

  /// The panels that a layer with one input reads.
  package func input(of position: Int) -> UnsafePointer<T> { sources.pointer[first[position]] }

  /// Whether the layers can be trained with so many samples. - Throws: `invalidArgument`.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func check(batch: Int, _ call: String) throws(Failure) {
    for i in 0..<statistical.count { try statistical[i].check(batch: batch, call) }
  }

  /// The training pass has come to a good end: statistics that move with training do so.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func commit() {
    for i in 0..<statistical.count { statistical[i].commit() }
  }

  /// Compute the outputs of the first `count` layers, or of all, from the packed batch.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func forward(_ pass: Pass, count: Int? = nil) {
    for i in 0..<running.count {
      let position = running[i]
      if let count, position >= count { return }
      layers[position].forward(sources.pointer + first[position], pass)
    }
  }

  /// Gradients of all parameters, from the gradient of the output, which is in its place.
  /// - wantsInput: whether dx of the network is to be computed too, and the derivatives by the inputs beside its own.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  package func backward(_ pass: Pass, wantsInput: Bool) {
    for i in 0..<inputEdges.count {
      gradients.pointer[inputEdges[i].number] = wantsInput ? inputEdges[i].spare ?? inputGradientBuffer.pointer : nil
    }
    for i in 0..<furtherEdges.count {
      gradients.pointer[furtherEdges[i].number] = wantsInput ? furtherEdges[i].gradient : nil
    }
    for i in stride(from: running.count - 1, through: 0, by: -1) {
      let position = running[i]
      let edge = first[position]
      layers[position].backward(sources.pointer + edge, inputGradients: gradients.pointer + edge, pass)
      for i in 0..<additions[position].count where wantsInput || !additions[position][i].isOfInput {
        add(additions[position][i], pass)
      }
    }
  }

  private func add(_ addition: Addition, _ pass: Pass) {
    pass.run(
      T.kernels.move,
      MoveArguments(
        source: UnsafePointer(addition.source), sourceFeatures: addition.features,
        destination: addition.destination ?? inputGradientBuffer.pointer, destinationFeatures: addition.features,
        shape: pass.shape,
        adds: true),
      units: addition.features, work: pass.shape.elements(features: addition.features))
  }
}
