import Base
import Graphs
import CEspalier
import Machine
import Network

// Each call is written once, generic over the element type, and exported for both.

/// The caller's targets, values or labels, as they came.
enum Given<T: Scalar> {
  case values(UnsafePointer<T>?)
  case labels(UnsafePointer<Int32>?)

  func required() throws(Failure) -> Target<T> {
    switch self {
    case .values(let values): .values(try require(values, "target"))
    case .labels(let labels): .labels(try require(labels, "labels"))
    }
  }
}

private func trainStep<T: Scalar>(
  _ network: OpaquePointer?, _ x: UnsafePointer<T>?, _ target: Given<T>, _ batch: Int64,
  _ loss: UnsafeMutablePointer<Double>?
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    let batch = Batch(x: try requireInput(x, network), count: Int(batch))
    let target = try target.required()
    try network.trainStep(batch, target, loss: &(try require(loss, "loss")).pointee)
  }
}

@_cdecl("espalier_network_train_step_f32") @implementation
public func espalier_network_train_step_f32(
  _ network: OpaquePointer!, _ x: UnsafePointer<Float>!, _ target: UnsafePointer<Float>!, _ batch: Int64,
  _ loss: UnsafeMutablePointer<Double>!
) -> Int32 { trainStep(network, x, .values(target), batch, loss) }

@_cdecl("espalier_network_train_step_f64") @implementation
public func espalier_network_train_step_f64(
  _ network: OpaquePointer!, _ x: UnsafePointer<Double>!, _ target: UnsafePointer<Double>!, _ batch: Int64,
  _ loss: UnsafeMutablePointer<Double>!
) -> Int32 { trainStep(network, x, .values(target), batch, loss) }

@_cdecl("espalier_network_train_step_labels_f32") @implementation
public func espalier_network_train_step_labels_f32(
  _ network: OpaquePointer!, _ x: UnsafePointer<Float>!, _ labels: UnsafePointer<Int32>!, _ batch: Int64,
  _ loss: UnsafeMutablePointer<Double>!
) -> Int32 { trainStep(network, x, .labels(labels), batch, loss) }

@_cdecl("espalier_network_train_step_labels_f64") @implementation
public func espalier_network_train_step_labels_f64(
  _ network: OpaquePointer!, _ x: UnsafePointer<Double>!, _ labels: UnsafePointer<Int32>!, _ batch: Int64,
  _ loss: UnsafeMutablePointer<Double>!
) -> Int32 { trainStep(network, x, .labels(labels), batch, loss) }

private func trainEpoch<T: Scalar>(
  _ network: OpaquePointer?, _ x: UnsafePointer<T>?, _ target: Given<T>, _ samples: Int64, _ batch: Int64,
  _ shuffle: Int32, _ progress: espalier_progress?, _ user: UnsafeMutableRawPointer?, _ loss: UnsafeMutablePointer<Double>?
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    let x = try requireInput(x, network)
    let target = try target.required()
    let loss = try require(loss, "loss")
    guard shuffle == 0 || shuffle == 1 else {
      throw Failure(.invalidArgument, "shuffle must be 0 or 1, got \(shuffle)")
    }
    try network.trainEpoch(
      x, target, samples: Int(samples), batch: Int(batch), shuffle: shuffle == 1, loss: &loss.pointee
    ) { done, samples, mean in
      guard let progress else { return true }
      return FloatingPointEnvironment.asHost { progress(user, Int64(done), Int64(samples), mean) } == 0
    }
  }
}

@_cdecl("espalier_network_train_epoch_f32") @implementation
public func espalier_network_train_epoch_f32(
  _ network: OpaquePointer!, _ x: UnsafePointer<Float>!, _ target: UnsafePointer<Float>!, _ samples: Int64, _ batch: Int64,
  _ shuffle: Int32, _ progress: espalier_progress!, _ user: UnsafeMutableRawPointer!,
  _ loss: UnsafeMutablePointer<Double>!
) -> Int32 { trainEpoch(network, x, .values(target), samples, batch, shuffle, progress, user, loss) }

@_cdecl("espalier_network_train_epoch_f64") @implementation
public func espalier_network_train_epoch_f64(
  _ network: OpaquePointer!, _ x: UnsafePointer<Double>!, _ target: UnsafePointer<Double>!, _ samples: Int64, _ batch: Int64,
  _ shuffle: Int32, _ progress: espalier_progress!, _ user: UnsafeMutableRawPointer!,
  _ loss: UnsafeMutablePointer<Double>!
) -> Int32 { trainEpoch(network, x, .values(target), samples, batch, shuffle, progress, user, loss) }

@_cdecl("espalier_network_train_epoch_labels_f32") @implementation
public func espalier_network_train_epoch_labels_f32(
  _ network: OpaquePointer!, _ x: UnsafePointer<Float>!, _ labels: UnsafePointer<Int32>!, _ samples: Int64, _ batch: Int64,
  _ shuffle: Int32, _ progress: espalier_progress!, _ user: UnsafeMutableRawPointer!,
  _ loss: UnsafeMutablePointer<Double>!
) -> Int32 { trainEpoch(network, x, .labels(labels), samples, batch, shuffle, progress, user, loss) }

@_cdecl("espalier_network_train_epoch_labels_f64") @implementation
public func espalier_network_train_epoch_labels_f64(
  _ network: OpaquePointer!, _ x: UnsafePointer<Double>!, _ labels: UnsafePointer<Int32>!, _ samples: Int64, _ batch: Int64,
  _ shuffle: Int32, _ progress: espalier_progress!, _ user: UnsafeMutableRawPointer!,
  _ loss: UnsafeMutablePointer<Double>!
) -> Int32 { trainEpoch(network, x, .labels(labels), samples, batch, shuffle, progress, user, loss) }

private func forward<T: Scalar>(
  _ network: OpaquePointer?, _ x: UnsafePointer<T>?, _ batch: Int64, _ y: UnsafeMutablePointer<T>?
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    try network.forward(try requireInput(x, network), count: Int(batch), y: try require(y, "y"))
  }
}

@_cdecl("espalier_network_forward_f32") @implementation
public func espalier_network_forward_f32(
  _ network: OpaquePointer!, _ x: UnsafePointer<Float>!, _ batch: Int64, _ y: UnsafeMutablePointer<Float>!
) -> Int32 { forward(network, x, batch, y) }

@_cdecl("espalier_network_forward_f64") @implementation
public func espalier_network_forward_f64(
  _ network: OpaquePointer!, _ x: UnsafePointer<Double>!, _ batch: Int64, _ y: UnsafeMutablePointer<Double>!
) -> Int32 { forward(network, x, batch, y) }

private func backward<T: Scalar>(
  _ network: OpaquePointer?, _ dy: UnsafePointer<T>?, _ batch: Int64, _ dx: UnsafeMutablePointer<T>?
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    try network.backward(try require(dy, "dloss_dy"), count: Int(batch), dx: dx)
  }
}

@_cdecl("espalier_network_backward_f32") @implementation
public func espalier_network_backward_f32(
  _ network: OpaquePointer!, _ dloss_dy: UnsafePointer<Float>!, _ batch: Int64, _ dx: UnsafeMutablePointer<Float>!
) -> Int32 { backward(network, dloss_dy, batch, dx) }

@_cdecl("espalier_network_backward_f64") @implementation
public func espalier_network_backward_f64(
  _ network: OpaquePointer!, _ dloss_dy: UnsafePointer<Double>!, _ batch: Int64, _ dx: UnsafeMutablePointer<Double>!
) -> Int32 { backward(network, dloss_dy, batch, dx) }

@_cdecl("espalier_network_update") @implementation
public func espalier_network_update(_ network: OpaquePointer!) -> Int32 {
  withNetwork(network) { network throws(Failure) in try network.update() }
}

@_cdecl("espalier_network_evolve") @implementation
public func espalier_network_evolve(_ network: OpaquePointer!) -> Int32 {
  withNetwork(network) { network throws(Failure) in try network.evolve() }
}

@_cdecl("espalier_network_end_epoch") @implementation
public func espalier_network_end_epoch(_ network: OpaquePointer!) -> Int32 {
  withNetwork(network) { network throws(Failure) in try network.endEpoch() }
}

@_cdecl("espalier_network_remember") @implementation
public func espalier_network_remember(_ network: OpaquePointer!) -> Int32 {
  withNetwork(network) { network throws(Failure) in try network.remember() }
}

@_cdecl("espalier_network_rewind") @implementation
public func espalier_network_rewind(_ network: OpaquePointer!) -> Int32 {
  withNetwork(network) { network throws(Failure) in try network.rewind() }
}

@_cdecl("espalier_network_evolve_now") @implementation
public func espalier_network_evolve_now(_ network: OpaquePointer!, _ layer: Int64, _ drop_fraction: Double) -> Int32 {
  withNetwork(network) { network throws(Failure) in
    try network.evolveNow(layer: Int(layer), dropFraction: drop_fraction)
  }
}

private func predict<T: Scalar>(
  _ network: OpaquePointer?, _ x: UnsafePointer<T>?, _ samples: Int64, _ y: UnsafeMutablePointer<T>?
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    try network.predict(try requireInput(x, network), samples: Int(samples), y: try require(y, "y"))
  }
}

@_cdecl("espalier_network_predict_f32") @implementation
public func espalier_network_predict_f32(
  _ network: OpaquePointer!, _ x: UnsafePointer<Float>!, _ samples: Int64, _ y: UnsafeMutablePointer<Float>!
) -> Int32 { predict(network, x, samples, y) }

@_cdecl("espalier_network_predict_f64") @implementation
public func espalier_network_predict_f64(
  _ network: OpaquePointer!, _ x: UnsafePointer<Double>!, _ samples: Int64, _ y: UnsafeMutablePointer<Double>!
) -> Int32 { predict(network, x, samples, y) }

private func evaluate<T: Scalar>(
  _ network: OpaquePointer?, _ x: UnsafePointer<T>?, _ target: UnsafePointer<T>?, _ samples: Int64,
  _ loss: UnsafeMutablePointer<Double>?
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    let loss = try require(loss, "loss")
    let target = Target.values(try require(target, "target"))
    loss.pointee = try network.evaluate(try requireInput(x, network), target, samples: Int(samples)).loss
  }
}

@_cdecl("espalier_network_evaluate_f32") @implementation
public func espalier_network_evaluate_f32(
  _ network: OpaquePointer!, _ x: UnsafePointer<Float>!, _ target: UnsafePointer<Float>!, _ samples: Int64,
  _ loss: UnsafeMutablePointer<Double>!
) -> Int32 { evaluate(network, x, target, samples, loss) }

@_cdecl("espalier_network_evaluate_f64") @implementation
public func espalier_network_evaluate_f64(
  _ network: OpaquePointer!, _ x: UnsafePointer<Double>!, _ target: UnsafePointer<Double>!, _ samples: Int64,
  _ loss: UnsafeMutablePointer<Double>!
) -> Int32 { evaluate(network, x, target, samples, loss) }

private func evaluateLabels<T: Scalar>(
  _ network: OpaquePointer?, _ x: UnsafePointer<T>?, _ labels: UnsafePointer<Int32>?, _ samples: Int64,
  _ loss: UnsafeMutablePointer<Double>?, _ accuracy: UnsafeMutablePointer<Double>?
) -> Int32 {
  withNetwork(network, T.self) { network throws(Failure) in
    let target = Target<T>.labels(try require(labels, "labels"))
    let result = try network.evaluate(try requireInput(x, network), target, samples: Int(samples))
    loss?.pointee = result.loss
    accuracy?.pointee = result.accuracy
  }
}

@_cdecl("espalier_network_evaluate_labels_f32") @implementation
public func espalier_network_evaluate_labels_f32(
  _ network: OpaquePointer!, _ x: UnsafePointer<Float>!, _ labels: UnsafePointer<Int32>!, _ samples: Int64,
  _ loss: UnsafeMutablePointer<Double>!, _ accuracy: UnsafeMutablePointer<Double>!
) -> Int32 { evaluateLabels(network, x, labels, samples, loss, accuracy) }

@_cdecl("espalier_network_evaluate_labels_f64") @implementation
public func espalier_network_evaluate_labels_f64(
  _ network: OpaquePointer!, _ x: UnsafePointer<Double>!, _ labels: UnsafePointer<Int32>!, _ samples: Int64,
  _ loss: UnsafeMutablePointer<Double>!, _ accuracy: UnsafeMutablePointer<Double>!
) -> Int32 { evaluateLabels(network, x, labels, samples, loss, accuracy) }
