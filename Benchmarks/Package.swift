// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "EspalierBenchmarks",
  dependencies: [.package(name: "Espalier", path: "..")],
  targets: [
    .executableTarget(name: "KernelBenchmark", dependencies: [.product(name: "Espalier", package: "Espalier")])
  ]
)
