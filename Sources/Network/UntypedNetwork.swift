import Base
import Graphs
import KernelInterface
import Layers
import Machine
import Optimizers
import Sparse
import Topology

/// What a network can be asked without knowing its element type: the part of it that needs no array.
package protocol UntypedNetwork: AnyObject {
  /// 32 or 64.
  var bits: Int { get }
  var inputs: Int { get }
  var outputs: Int { get }
  var isBuilt: Bool { get }

  func setInputShape(_ shape: TensorShape) throws(Failure)
  func shape(ofLayer layer: Int) throws(Failure) -> TensorShape
  func addLinear(_ units: Int, density: Double, activation: Activation) throws(Failure)
  func addDropout(_ probability: Double) throws(Failure)
  func addLayer(
    _ kind: LayerKind, of inputs: [Int]?, _ settings: [(option: String, value: Double)]
  ) throws(Failure) -> Int
  func setPattern(_ layer: Int, cells: Int, around: (String) throws(Failure) -> Neighbourhood) throws(Failure)
  func setDistribution(_ kind: Distribution, density: Double) throws(Failure)
  func setDensities(_ body: DensityFunction?) throws(Failure)
  func setLoss(_ kind: LossKind)
  func addLoss(first: Int, count: Int, _ kind: LossKind, weight: Double) throws(Failure)
  func setOptimizer(_ optimizer: Optimizer, layer: Int) throws(Failure)
  func setTopology(_ method: TopologyMethod, layer: Int) throws(Failure)
  func setOption(_ name: String, _ value: Double) throws(Failure)
  func value(_ name: String) throws(Failure) -> Double
  func setLayerOption(_ layer: Int, _ name: String, _ value: Double) throws(Failure)
  func layerValue(_ layer: Int, _ name: String) throws(Failure) -> Double
  func setOptimizerOption(_ layer: Int, _ name: String, _ value: Double) throws(Failure)
  func optimizerOption(_ layer: Int, _ name: String) throws(Failure) -> Double
  func setThreads(_ threads: Int) throws(Failure)
  func build(maximumBatch: Int) throws(Failure)
  func parameterCount() throws(Failure) -> Int
  func bindInput(_ input: Int, numbers: UnsafePointer<Int32>?, samples: Int) throws(Failure)
  func unbind() throws(Failure)
  func copyPattern(
    _ layer: Int, base: Int, capacity: Int, rowStart: UnsafeMutablePointer<Int64>?, rows: UnsafeMutablePointer<Int32>?,
    columns: UnsafeMutablePointer<Int32>?
  ) throws(Failure) -> Int
  func update() throws(Failure)
  func evolve() throws(Failure)
  func evolveNow(layer: Int, dropFraction: Double) throws(Failure)
  func endEpoch() throws(Failure)
  func remember() throws(Failure)
  func rewind() throws(Failure)
  func info() throws(Failure) -> String
}

extension Network: UntypedNetwork {
  package var bits: Int { T.bits }

  package func addLayer(
    _ kind: LayerKind, of inputs: [Int]?, _ settings: [(option: String, value: Double)]
  ) throws(Failure) -> Int { try add(LayerDescription(kind, of: inputs, settings)) }
}
