import KernelInterface

/// This module's kernels of sequences for Float.
let sequences32 = SequenceKernels(
  attentionForward: { attentionForward($0.assumingMemoryBound(to: AttentionArguments<Float>.self).pointee, $1, $2) },
  attentionBackwardQueries: {
    attentionBackwardQueries($0.assumingMemoryBound(to: AttentionArguments<Float>.self).pointee, $1, $2)
  },
  attentionBackwardKeys: {
    attentionBackwardKeys($0.assumingMemoryBound(to: AttentionArguments<Float>.self).pointee, $1, $2)
  },
  embeddingForward: { embeddingForward($0.assumingMemoryBound(to: EmbeddingArguments<Float>.self).pointee, $1, $2) },
  embeddingBackward: { embeddingBackward($0.assumingMemoryBound(to: EmbeddingArguments<Float>.self).pointee, $1, $2) })

/// This module's kernels of sequences for Double.
let sequences64 = SequenceKernels(
  attentionForward: { attentionForward($0.assumingMemoryBound(to: AttentionArguments<Double>.self).pointee, $1, $2) },
  attentionBackwardQueries: {
    attentionBackwardQueries($0.assumingMemoryBound(to: AttentionArguments<Double>.self).pointee, $1, $2)
  },
  attentionBackwardKeys: {
    attentionBackwardKeys($0.assumingMemoryBound(to: AttentionArguments<Double>.self).pointee, $1, $2)
  },
  embeddingForward: { embeddingForward($0.assumingMemoryBound(to: EmbeddingArguments<Double>.self).pointee, $1, $2) },
  embeddingBackward: { embeddingBackward($0.assumingMemoryBound(to: EmbeddingArguments<Double>.self).pointee, $1, $2) })
