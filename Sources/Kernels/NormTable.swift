import KernelInterface

// The norms' part of this module's tables.

let norms32 = NormKernels(
  affine: { affine($0.assumingMemoryBound(to: AffineArguments<Float>.self).pointee, $1, $2) },
  channelMoments: { channelMoments($0.assumingMemoryBound(to: ChannelArguments<Float>.self).pointee, $1, $2) },
  channelProducts: { channelProducts($0.assumingMemoryBound(to: ChannelArguments<Float>.self).pointee, $1, $2) },
  channelGradient: { channelGradient($0.assumingMemoryBound(to: ChannelGradientArguments<Float>.self).pointee, $1, $2) },
  sampleNormForward: { sampleNormForward($0.assumingMemoryBound(to: SampleNormArguments<Float>.self).pointee, $1, $2) },
  sampleNormBackward: { sampleNormBackward($0.assumingMemoryBound(to: SampleNormArguments<Float>.self).pointee, $1, $2) },
  sampleNormProducts: { sampleNormProducts($0.assumingMemoryBound(to: SampleNormArguments<Float>.self).pointee, $1, $2) })

let norms64 = NormKernels(
  affine: { affine($0.assumingMemoryBound(to: AffineArguments<Double>.self).pointee, $1, $2) },
  channelMoments: { channelMoments($0.assumingMemoryBound(to: ChannelArguments<Double>.self).pointee, $1, $2) },
  channelProducts: { channelProducts($0.assumingMemoryBound(to: ChannelArguments<Double>.self).pointee, $1, $2) },
  channelGradient: { channelGradient($0.assumingMemoryBound(to: ChannelGradientArguments<Double>.self).pointee, $1, $2) },
  sampleNormForward: { sampleNormForward($0.assumingMemoryBound(to: SampleNormArguments<Double>.self).pointee, $1, $2) },
  sampleNormBackward: { sampleNormBackward($0.assumingMemoryBound(to: SampleNormArguments<Double>.self).pointee, $1, $2) },
  sampleNormProducts: { sampleNormProducts($0.assumingMemoryBound(to: SampleNormArguments<Double>.self).pointee, $1, $2) })
