// A sparse network learns to read digits: the Swift twin of examples/fortran/mnist.f90, on the small pictures.
//
//   digits [path of digits.csv]
import Espalier

let path = CommandLine.arguments.dropFirst().first ?? "examples/data/digits.csv"
let (train, test) = try DigitImages.read(path)
let epochs = 40
let batch = 32
let steps = epochs * ((train.count - 1) / batch + 1)

let network = try Network<Float>(
  inputs: DigitImages.pixels,
  layers: [.linear(300, activation: .relu), .linear(100, activation: .relu), .linear(10)],
  loss: .softmaxCrossEntropy, seed: 1, maximumBatch: batch, distribution: .erdosRenyiKernel, density: 0.1)

try network.setOptimizer(
  .sgd(learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-4, schedule: .cosine, period: steps))
try network.setTopology(.rigl(every: 20, until: 3 * steps / 4, dropFraction: 0.3))

print(try network.info())
// Views of arrays with names: a view may not outlive its array.
let (x, labels) = (train.x, train.labels)
let (testX, testLabels) = (test.x, test.labels)
for epoch in 1...epochs {
  let loss = try network.trainEpoch(x.span, labels: labels.span, batchSize: batch)
  let accuracy = try network.evaluate(testX.span, labels: testLabels.span).accuracy
  print("epoch \(epoch)/\(epochs)  loss \(loss)  test accuracy \(accuracy)")
}
let result = try network.evaluate(testX.span, labels: testLabels.span)
print("test accuracy \(result.accuracy) sparsity \(1 - (try network.value("density")))")
