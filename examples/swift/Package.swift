// swift-tools-version: 6.1
// From the root of the repository: swift run -c release --package-path examples/swift
import PackageDescription

let package = Package(
  name: "digits",
  dependencies: [.package(name: "Espalier", path: "../..")],
  targets: [.executableTarget(name: "digits", dependencies: [.product(name: "Espalier", package: "Espalier")])]
)
