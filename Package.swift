// swift-tools-version: 6.1
// The map: targets in layer order. An arrow points only to what stands above it; see docs/Architecture.md.
import PackageDescription

// Kernels validate nothing and are never handed a caller's argument unchecked, so they may be compiled unchecked. Without
// errno, the square root of a vector is one instruction; no rounding changes.
let kernelFlags = ["-Ounchecked", "-Xcc", "-fno-math-errno"]
let kernel: [SwiftSetting] = [.unsafeFlags(kernelFlags)]

// A release build does not watch for overlapping access: a small training step would spend much of its time on it, and what
// it finds would end the caller's process.
let library: [SwiftSetting] = [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

#if arch(x86_64)
  // The same sources once more for each instruction set; Machine chooses at run time.
  let isaTargets: [Target] = [
    .target(
      name: "KernelsAVX2", dependencies: ["KernelInterface", "CSystem"],
      swiftSettings: [
        .define("ESPALIER_AVX2"), .unsafeFlags(kernelFlags + ["-Xcc", "-mavx2", "-Xcc", "-mfma"]),
      ]),
    .target(
      name: "KernelsAVX512", dependencies: ["KernelInterface", "CSystem"],
      swiftSettings: [
        .define("ESPALIER_AVX512"),
        .unsafeFlags(
          kernelFlags + ["f", "vl", "dq", "bw"].flatMap { ["-Xcc", "-mavx512\($0)"] }
            + ["-Xcc", "-mfma", "-Xcc", "-mprefer-vector-width=512"]),
      ]),
  ]
#else
  let isaTargets: [Target] = []
#endif

let package = Package(
  name: "Espalier",
  products: [
    .library(name: "Espalier", targets: ["Espalier"]),
    .library(name: "espalier", type: .dynamic, targets: ["EspalierC"]),
  ],
  targets: [
    .systemLibrary(name: "CEspalier", path: "include"),
    .target(name: "CSystem"),
    .target(name: "COpenBLAS", dependencies: ["CSystem"]),
    .target(name: "Base", dependencies: ["CSystem"]),
    .target(name: "KernelInterface", swiftSettings: kernel),
    .target(name: "Kernels", dependencies: ["KernelInterface", "CSystem"], swiftSettings: kernel),
  ] + isaTargets + [
    .target(
      name: "Machine",
      dependencies: ["Base", "KernelInterface", "Kernels", "CSystem", "COpenBLAS"]
        + isaTargets.map { .target(name: $0.name) }, swiftSettings: library),
    .target(name: "Sparse", dependencies: ["Base", "Machine", "KernelInterface"], swiftSettings: library),
    .target(name: "Layers", dependencies: ["Sparse", "Base", "Machine", "KernelInterface"], swiftSettings: library),
    .target(name: "Graphs", dependencies: ["Layers", "Sparse", "Base", "Machine", "KernelInterface"], swiftSettings: library),
    .target(name: "Optimizers", dependencies: ["Sparse", "Base", "Machine", "KernelInterface"], swiftSettings: library),
    .target(
      name: "Topology", dependencies: ["Sparse", "Base", "Machine", "KernelInterface", "CSystem"], swiftSettings: library),
    .target(
      name: "Pruning", dependencies: ["Graphs", "Layers", "Sparse", "Base", "Machine", "KernelInterface"],
      swiftSettings: library),
    .target(
      name: "Network",
      dependencies: [
        "Graphs", "Layers", "Optimizers", "Topology", "Pruning", "Sparse", "Base", "Machine", "KernelInterface",
      ],
      swiftSettings: library),
    // Every imported module stands here: SwiftPM compiles nothing anew for a module that is only reached through another.
    .target(
      name: "Espalier",
      dependencies: [
        "Network", "Graphs", "Layers", "Optimizers", "Topology", "Pruning", "Sparse", "Base", "Machine", "KernelInterface",
      ],
      swiftSettings: library),
    .target(
      name: "EspalierC",
      dependencies: [
        "CEspalier", "CSystem", "Espalier", "Network", "Graphs", "Layers", "Optimizers", "Topology", "Pruning", "Sparse",
        "Base",
        "Machine", "KernelInterface",
      ],
      swiftSettings: library),

    .testTarget(
      name: "KernelsTests",
      dependencies: ["Base", "Machine", "Kernels", "KernelInterface", "CSystem"]
        + isaTargets.map { .target(name: $0.name) }),
    .testTarget(name: "SparseTests", dependencies: ["Sparse", "Base", "Machine"]),
    // What PyTorch's layers compute is compared by a C program, Tests/ABI/recorded.c.
    .testTarget(
      name: "LayersTests", dependencies: ["Layers", "Sparse", "Machine", "Base", "KernelInterface"],
      exclude: ["record.py", "Families", "Recorded"]),
    .testTarget(
      name: "OptimizersTests", dependencies: ["Optimizers", "Sparse", "Base", "Machine", "KernelInterface"],
      exclude: ["record.py"],
      resources: [.copy("Recorded")]),
    .testTarget(name: "TopologyTests", dependencies: ["Topology", "Sparse", "Base", "Machine", "KernelInterface"]),
    .testTarget(name: "PruningTests", dependencies: ["Pruning", "Sparse", "Machine", "Base", "KernelInterface"]),
    .testTarget(name: "NetworkTests", dependencies: ["Espalier", "Graphs", "Network", "Pruning"]),
  ]
)
