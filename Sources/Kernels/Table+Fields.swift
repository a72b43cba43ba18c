import KernelInterface

/// This module's kernels of fields for Float.
let fields32 = FieldKernels(
  stencil: { run(StencilKernel<Float>.self, $0, $1, $2) },
  maximum: { run(MaximumKernel<Float>.self, $0, $1, $2) },
  maximumBackward: { run(MaximumBackwardKernel<Float>.self, $0, $1, $2) },
  multiply: { multiply($0.assumingMemoryBound(to: ProductArguments<Float>.self).pointee, $1, $2, SIMD16<Float>.self) })

/// This module's kernels of fields for Double.
let fields64 = FieldKernels(
  stencil: { run(StencilKernel<Double>.self, $0, $1, $2) },
  maximum: { run(MaximumKernel<Double>.self, $0, $1, $2) },
  maximumBackward: { run(MaximumBackwardKernel<Double>.self, $0, $1, $2) },
  multiply: { multiply($0.assumingMemoryBound(to: ProductArguments<Double>.self).pointee, $1, $2, SIMD8<Double>.self) })
