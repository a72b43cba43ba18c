/** @file espalier.h
 *  Espalier: sparse neural networks trained inside C and Fortran programs.
 *
 *  Conventions that hold for every function in this header
 *  - Every function that can fail returns a status: ESPALIER_OK is 0, every other value is a failure. After a failure the
 *    objects and the caller's arrays are as they were before the call (unless the function says otherwise), and
 *    espalier_last_error() names the argument and its value. Nothing is printed, nothing ends the process.
 *  - Inputs come first, outputs last. Pointers must not be NULL unless the description says "may be NULL".
 *  - Layout: C `x[batch][features]` and Fortran `x(features, batch)` are the same bytes; a sample's features are contiguous.
 *    Arrays need only the natural alignment of their elements; arrays given to one call must not overlap unless said so.
 *  - Precision belongs to the network. A function that ends in _f32 takes `float` arrays and needs an ESPALIER_FLOAT32
 *    network, one in _f64 takes `double` arrays and needs ESPALIER_FLOAT64. Hyperparameters and losses are always double; a
 *    float32 network refuses real options of layers, optimizers and topology methods beyond 2^32, the fourth root of its range,
 *    whenever they come to it (float64: 2^256, 1.2e77), so that a step from numbers of a usual size stays within the range. The
 *    network's own options are used in double precision and may be as large. Subnormal doubles, which are computed with as
 *    zeros, are no value of any option.
 *  - Layers are numbered from 1 in the order in which they were added, in C, Fortran, Swift and messages alike; the input is
 *    not a layer. ESPALIER_ALL_LAYERS (0) stands for every layer that has parameters (optimizers)
 *    or connections (topology methods).
 *  - Counts are int64_t, row and column indices int32_t, their base (0 or 1) is always an argument.
 *  - A handle may be used by one thread at a time (a second one gets ESPALIER_ERROR_BUSY); distinct handles are independent.
 *  - A child of a fork uses the library as its parent could, with as many threads as it makes. A network of the parent's goes
 *    on there on one thread; a handle that another thread was inside at the fork stays in use in the child for ever
 *    (ESPALIER_ERROR_BUSY), and can be destroyed. A fork waits for products that are under way.
 *  - From the first call after espalier_network_build on, espalier_network_train_step_*, espalier_network_forward_*,
 *    espalier_network_backward_*, espalier_network_update, espalier_network_evolve and espalier_network_predict_* allocate
 *    nothing and copy no parameters. (OpenBLAS, which multiplies for dense layers, takes some memory for a moment in small
 *    products, if it runs its kernels for AVX-512.)
 */
#ifndef ESPALIER_H
#define ESPALIER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A network: layers, their patterns, parameters, optimizers and workspace. Opaque. */
typedef struct espalier_network espalier_network;
/** An optimizer: a rule, its hyperparameters and, once used by espalier_optimizer_minimize_*, its state. Opaque. */
typedef struct espalier_optimizer espalier_optimizer;
/** A topology method: how the pattern of a layer changes while it trains. Opaque. */
typedef struct espalier_topology espalier_topology;
/** A pruning: a criterion by which connections are taken away, and its options. Opaque. */
typedef struct espalier_pruning espalier_pruning;

/* ---------------------------------------------------------------- constants */

/** Statuses. Values are fixed for ever. */
enum {
  ESPALIER_OK = 0,
  ESPALIER_ERROR_NULL_ARGUMENT = 1,    /**< a pointer that must not be NULL is NULL */
  ESPALIER_ERROR_INVALID_ARGUMENT = 2, /**< a value is out of its range, NaN or infinite */
  ESPALIER_ERROR_INVALID_HANDLE = 3,   /**< a handle is destroyed, of another kind, or not a handle */
  ESPALIER_ERROR_INVALID_STATE = 4,    /**< calls in the wrong order: before build, built twice, backward before forward */
  ESPALIER_ERROR_PRECISION = 5,        /**< an _f32 call on an f64 object or the other way round */
  ESPALIER_ERROR_UNKNOWN_NAME = 6,     /**< no option of that name */
  ESPALIER_ERROR_BUFFER_TOO_SMALL = 7, /**< a caller's array is too small */
  ESPALIER_ERROR_BATCH_TOO_LARGE = 8,  /**< more samples than the max_batch given to build */
  ESPALIER_ERROR_NON_FINITE = 9,       /**< NaN or Inf in data, loss, gradients or scores, and no weight has changed; or
                                            in the weights that a step has made */
  ESPALIER_ERROR_OUT_OF_MEMORY = 10,   /**< an allocation failed */
  ESPALIER_ERROR_NUMERICAL = 11,       /**< a LAPACK factorisation failed; OpenBLAS or LAPACKE is missing or wrong */
  ESPALIER_ERROR_BUSY = 12,            /**< another thread is inside a call with the same handle */
  ESPALIER_ERROR_STOPPED = 13          /**< the caller's callback asked to stop */
};

enum { ESPALIER_ALL_LAYERS = 0 };

/** Precisions. */
enum { ESPALIER_FLOAT32 = 32, ESPALIER_FLOAT64 = 64 };

/** Activations of a layer, a = f(z), elementwise but for softmax. Definitions are PyTorch's.
 *  LEAKY_RELU uses the layer option "negative_slope" (0.01). GELU is the exact one (erf). SOFTMAX is over the layer's units,
 *  of a field over its channels at each place, sample by sample, and its backward uses the full Jacobian. SOFTPLUS: log(1 +
 *  e^z), and z beyond 20. SOFTSIGN: z / (1 + |z|). ELU: z, below 0 alpha (e^z - 1). CELU: z, below 0 alpha (e^(z/alpha) -
 *  1). Their alpha is the layer option "alpha" (1). HARD_SIGMOID: (z + 3) / 6, kept within 0 and 1. HARD_TANH: z, kept
 *  within -1 and 1. RELU6: z, kept within 0 and 6. MISH: z tanh(log(1 + e^z)). STEP: 1 above 0, else 0; its derivative is 0,
 *  so that nothing before it is trained through it. */
enum {
  ESPALIER_IDENTITY = 0,
  ESPALIER_RELU = 1,
  ESPALIER_LEAKY_RELU = 2,
  ESPALIER_GELU = 3,
  ESPALIER_SILU = 4,
  ESPALIER_SIGMOID = 5,
  ESPALIER_TANH = 6,
  ESPALIER_SOFTMAX = 7,
  ESPALIER_SOFTPLUS = 8,
  ESPALIER_SOFTSIGN = 9,
  ESPALIER_ELU = 10,
  ESPALIER_CELU = 11,
  ESPALIER_HARD_SIGMOID = 12,
  ESPALIER_HARD_TANH = 13,
  ESPALIER_RELU6 = 14,
  ESPALIER_MISH = 15,
  ESPALIER_STEP = 16
};

/** Kinds of layers, for espalier_network_add_layer; each with the options that it has, and their defaults.
 *  LINEAR: a = f(W x + b); "units" (1), "density" (1), "activation" (ESPALIER_IDENTITY), "bias" (1), "initializer"
 *  (ESPALIER_HE_UNIFORM), "fixed_density" (0), "negative_slope" (0.01), "alpha" (1). DROPOUT: "probability" (0.5).
 *  ACTIVATION: "activation" (ESPALIER_IDENTITY), "negative_slope" (0.01), "alpha" (1). SUM, PRODUCT: the outputs of two or
 *  more layers of the same shape, added or multiplied elementwise. CONCATENATION: the channels of two or more layers one
 *  after the other, over the same places.
 *  CONVOLUTION: of a field with one, two or three dimensions; a[f] = f(sum over channels and kernel of w x, b[f] added), as
 *  PyTorch's Conv1d, 2d and 3d. "filters" (1), "groups" (1; both channels and filters are divided into so many parts, filters
 *  of one see the channels of the same), for the width "kernel_width" (1), "stride_width" (1), "dilation_width" (1),
 *  "padding_left" and "padding_right" (0), "padding_mode_width" (ESPALIER_PADDING_ZEROS); for the height of a field with two
 *  dimensions or more "kernel_height", "stride_height", "dilation_height", "padding_top", "padding_bottom",
 *  "padding_mode_height"; for the depth of one with three "kernel_depth", "stride_depth", "dilation_depth", "padding_front",
 *  "padding_back", "padding_mode_depth"; options of dimensions that a field does not have keep their defaults. And LINEAR's
 *  options but for "units", and activations but for softmax. The connections are positions of a matrix, a row for each filter,
 *  whose column is ((channel of the group x kernel_depth + z) kernel_height + y) kernel_width + x: dense weights are PyTorch's
 *  w[filter][channel][z][y][x].
 *  TRANSPOSED_CONVOLUTION: the same backwards, as PyTorch's ConvTranspose1d .. 3d: the derivative by its input of a
 *  convolution whose input has "filters" channels. Padding takes places away; there are no padding modes but
 *  "output_padding_width", "output_padding_height", "output_padding_depth" (0; places more at the end, fewer than the stride
 *  or the dilation). Its matrix has a row for each channel of its input, and columns as above for the channels that it makes:
 *  PyTorch's w[channel][filter of the group][z][y][x].
 *  LOCALLY_CONNECTED: a convolution whose filters have weights of their own at each place of the output, as Keras'
 *  LocallyConnected1D and 2D, with CONVOLUTION's options, padding included, and a bias for each output. The initializer must
 *  not be ESPALIER_ORTHOGONAL. Its matrix has a row for each output, filter x places + place, and CONVOLUTION's columns: dense
 *  weights are w[filter][place z][place y][place x][channel of the group][z][y][x] (of two dimensions without both z). So all
 *  positions lie within reach of the kernel; densities are shares of them, and topology methods grow nowhere else. Each
 *  connection takes 8 or 12 bytes beside its weight and gradient, in a dense layer too, and in a sparse one its pattern.
 *  The following work on fields, channel by channel. The options of a dimension that the field does not have must keep their
 *  defaults.
 *  MAX_POOLING, AVERAGE_POOLING: the largest value or the mean of each window, which has "kernel_width", "kernel_height" and
 *  "kernel_depth" (1) places in the dimensions. The next window begins "stride_width", "stride_height" and "stride_depth"
 *  places further on (0: as many as the kernel has). The field is longer by "padding_left" and "padding_right" (0) along its
 *  width, "padding_top" and "padding_bottom" (0) along its height, "padding_front" and "padding_back" (0) along its depth,
 *  each at most half of what a window reaches over. The mean counts places of the padding as zeros, or, when
 *  "count_include_pad" (1) is 0, not at all. The largest value is one of the field's; the places of its window are
 *  "dilation_width", "dilation_height" and "dilation_depth" (1) apart, and its gradient goes to the first place of the
 *  window that has it. A window that would reach beyond the padding is left out (PyTorch's ceil_mode=False).
 *  GLOBAL_AVERAGE_POOLING: the mean of each channel over all its places, a vector.
 *  UPSAMPLING: "scale_width", "scale_height" and "scale_depth" (1) times as many places, with the value of the nearest place
 *  or, by "mode" (ESPALIER_UPSAMPLING_NEAREST), linearly between those around; "align_corners" (0) as in PyTorch.
 *  RESHAPE: the same values in the same order as "channels" (0) of a field of "width" (0), "height" (0) and "depth" (0). A
 *  length of 0 is a dimension that there is not, and 0 channels are as many as the values fill; without any option it makes
 *  a vector. It costs nothing.
 *  PERMUTE: each dimension of the output is the one of the input that its option names: "dimension_channels"
 *  (ESPALIER_DIMENSION_CHANNELS), "dimension_width" (ESPALIER_DIMENSION_WIDTH), "dimension_height"
 *  (ESPALIER_DIMENSION_HEIGHT), "dimension_depth" (ESPALIER_DIMENSION_DEPTH).
 *  SLICE: of the dimension "dimension" (ESPALIER_DIMENSION_CHANNELS) the places "first" (1) to "last" (0: its end), counted
 *  from 1.
 *  EMBEDDING: a vector that is learned for each class number of the network's input or another, which is a vector of them or a field with one
 *  channel; the output has "width" (1) channels over the same places. "vocabulary" (1): classes there are; "index_base" (0; 0 or
 *  1): the number of the first; "padding_index" (-1: none): the number that stands for no class, whose vector starts at 0 and has
 *  gradient 0. Vectors start normal with deviation 1. The input must consist of whole numbers of the vocabulary in every call
 *  (ESPALIER_ERROR_INVALID_ARGUMENT otherwise; in float32 numbers go up to 2^24); dx is 0. "sparse" (0): 1 if only the vectors
 *  that the batch uses are looked at and updated, so that a step costs nothing for the others: their weights and moments stay as
 *  they are, weight decay included, where with 0 an optimizer with momentum goes on changing them. Gradients of others that the
 *  caller writes, as a sum over ranks would, are then passed over.
 *  POSITION: a number of its own is added to each channel and place. "learned" (1): 1 if they are parameters, which start normal
 *  with deviation 0.02; 0 for fixed ones, in a field channels x length: place t of channels 2i and 2i+1 gets the sine and the
 *  cosine of t / 10000^(2i / channels) (Vaswani et al. 2017).
 *  ATTENTION: scaled dot-product attention (Vaswani et al. 2017) of three layers, in this order: query, key and value, each a
 *  field channels x length. Query and key have equally many channels, key and value the same length; the three may be one
 *  layer. y_i = sum over j of softmax over j of (q_i k_j / sqrt(c)) v_j: the output has the value's channels and the query's
 *  length. "heads" (1) groups of channels that follow one another do so each for itself, c being the query's channels a head;
 *  it divides the channels of all. "causal" (0): 1 if place i of the query sees no more than places 0 .. i of the key, also
 *  where the lengths differ. Its passes take 2 heads x query's length x key's length numbers a sample of max_batch, once for
 *  all layers of a network.
 *  INPUT: an input beside the network's own, which takes from no layer: "channels" (1) of a field of "width" (0), "height" (0) and
 *  "depth" (0), a length of 0 being a dimension that there is not; without any it is a vector. Its data is what the caller has
 *  bound by espalier_network_bind_input_f32, and embeddings may take from it.
 *
 *  Norms: (x - mean) / sqrt(variance + epsilon) * weight + bias, as PyTorch defines them; "epsilon" (1e-5; > 0), "affine" (1; 0:
 *  no weights and biases). Weights start at 1, biases at 0. Variances are biased ones, divided by the number of values.
 *  For "dead_units" each value goes through a norm as itself: what it adds to the statistics of others does not count.
 *  BATCH_NORM: of each channel, over the samples of the batch and the places. predict and evaluate take running statistics
 *  instead, espalier_layer_state_* "running_mean" (0 at first) and "running_variance" (1 at first): each training pass moves
 *  them by "momentum" (0.1; in [0, 1]), running = (1 - momentum) running + momentum batch's, the batch's variance being the
 *  unbiased one. A training pass is a call of train_step (with "accumulate" too) or of forward that succeeds; statistics that
 *  are NaN or Inf, which forward lets pass, move nothing. Training needs more than one value a channel: a batch of one vector
 *  is ESPALIER_ERROR_INVALID_ARGUMENT, also as what is left for the last batch of an epoch.
 *  LAYER_NORM: of each sample, over all its values, with a weight and a bias for each of them: PyTorch's normalized_shape is the
 *  whole shape. With "per_place" (0) 1 over the channels of each place, with a weight and a bias for each channel: a sequence of
 *  a transformer has channels as its width, and normalized_shape is that. GROUP_NORM: of each sample and group of channels, over
 *  channels and places; "groups" (1) must divide the channels; a weight and a bias for each channel.
 *  NORMALIZATION: (x - mean) / deviation by numbers of the caller's that training leaves alone, or with "inverse" (0) 1
 *  x deviation + mean, so that outputs are in physical units. One mean and deviation for each channel, or with "per_place" (0)
 *  1 for each value of a sample. They are 0 and 1 until espalier_layer_fit_* takes them from samples or the caller sets them,
 *  espalier_layer_state_* "mean" and "deviation"; a deviation of 0 counts as 1. */
enum {
  ESPALIER_LAYER_LINEAR = 0,
  ESPALIER_LAYER_DROPOUT = 1,
  ESPALIER_LAYER_SUM = 2,
  ESPALIER_LAYER_CONCATENATION = 3,
  ESPALIER_LAYER_CONVOLUTION = 4,
  ESPALIER_LAYER_TRANSPOSED_CONVOLUTION = 5,
  ESPALIER_LAYER_LOCALLY_CONNECTED = 6,
  ESPALIER_LAYER_MAX_POOLING = 7,
  ESPALIER_LAYER_AVERAGE_POOLING = 8,
  ESPALIER_LAYER_GLOBAL_AVERAGE_POOLING = 9,
  ESPALIER_LAYER_UPSAMPLING = 10,
  ESPALIER_LAYER_RESHAPE = 11,
  ESPALIER_LAYER_PERMUTE = 12,
  ESPALIER_LAYER_PRODUCT = 13,
  ESPALIER_LAYER_SLICE = 14,
  ESPALIER_LAYER_ACTIVATION = 15,
  ESPALIER_LAYER_BATCH_NORM = 16,
  ESPALIER_LAYER_LAYER_NORM = 17,
  ESPALIER_LAYER_GROUP_NORM = 18,
  ESPALIER_LAYER_NORMALIZATION = 19,
  ESPALIER_LAYER_EMBEDDING = 20,
  ESPALIER_LAYER_POSITION = 21,
  ESPALIER_LAYER_ATTENTION = 22,
  ESPALIER_LAYER_INPUT = 23
};

/** Dimensions of a sample (options of PERMUTE and SLICE). In memory the width is the fastest and the channels are the slowest. */
enum {
  ESPALIER_DIMENSION_CHANNELS = 0,
  ESPALIER_DIMENSION_WIDTH = 1,
  ESPALIER_DIMENSION_HEIGHT = 2,
  ESPALIER_DIMENSION_DEPTH = 3
};

/** Ways to fill places between others (option "mode" of UPSAMPLING). */
enum { ESPALIER_UPSAMPLING_NEAREST = 0, ESPALIER_UPSAMPLING_LINEAR = 1 };

/** What lies beyond the ends of a dimension of a field (options "padding_mode_width" ..). ZEROS. PERIODIC: the field again, as
 *  around a globe; at most its length. REFLECT: the field mirrored at its first and last place, which are not repeated; less
 *  than its length. REPLICATE: the first and last place again and again. */
enum { ESPALIER_PADDING_ZEROS = 0, ESPALIER_PADDING_PERIODIC = 1, ESPALIER_PADDING_REFLECT = 2, ESPALIER_PADDING_REPLICATE = 3 };

/** Losses. Each is the mean over the samples of a batch of what is written here for one sample with outputs y and target t.
 *  MEAN_SQUARED_ERROR: mean over outputs of (y-t)^2. SOFTMAX_CROSS_ENTROPY: -sum t log softmax(y), y are logits, t
 *  probabilities or one class number; t < 0 is ESPALIER_ERROR_INVALID_ARGUMENT, while t may have any sum, which then weighs
 *  the sample. Where the last layer's output is a field it is the mean over the places, each with a softmax over the channels
 *  and a class number of its own, labels[batch][places]; accuracy is then a share of the places. BINARY_CROSS_ENTROPY: mean over outputs of the cross-entropy of sigmoid(y) and t in [0, 1] (otherwise
 *  ESPALIER_ERROR_INVALID_ARGUMENT), y are logits. HUBER: mean over outputs of 0.5 e^2 for |e| <= delta, delta (|e| - 0.5
 *  delta) beyond, e = y-t, delta = network option "huber_delta" (1). Definitions and reductions are those of PyTorch. */
enum {
  ESPALIER_MEAN_SQUARED_ERROR = 0,
  ESPALIER_SOFTMAX_CROSS_ENTROPY = 1,
  ESPALIER_BINARY_CROSS_ENTROPY = 2,
  ESPALIER_HUBER = 3
};

/** Initialisers of weights (layer option "initializer"). fan_in and fan_out of a sparse layer are counted over its pattern:
 *  fan_in per unit; fan_out is the layer's mean, connections / inputs. HE: variance 2 / fan_in. GLOROT: 2 / (fan_in +
 *  fan_out). ORTHOGONAL: dense layers only, by a QR factorisation, gain 1. ZEROS. Biases start at 0.
 *  Sources: He et al. 2015; Glorot and Bengio 2010; Evci et al. 2020 (sparse fan-in); Saxe et al. 2014. */
enum {
  ESPALIER_HE_UNIFORM = 0,
  ESPALIER_HE_NORMAL = 1,
  ESPALIER_GLOROT_UNIFORM = 2,
  ESPALIER_GLOROT_NORMAL = 3,
  ESPALIER_ORTHOGONAL = 4,
  ESPALIER_ZEROS = 5
};

/** Distributions of one overall density over the layers with connections.
 *  UNIFORM: each layer the same. ERDOS_RENYI: density proportional to (in + out) / (in out), of a convolution the channels on
 *  both sides. ERDOS_RENYI_KERNEL: proportional to the sum of all lengths of the weight array over their product; a convolution
 *  of a field with two dimensions has kernel_height, kernel_width, channels and filters, a locally connected layer its outputs
 *  in the place of filters. Layers that would exceed 1 are made dense. For linear layers the two agree. FIRST_DENSE: the first layer dense, the others uniform at the given density. Sources:
 *  Mocanu et al. 2018; Evci et al. 2020 (RigL). */
enum {
  ESPALIER_UNIFORM = 0,
  ESPALIER_ERDOS_RENYI = 1,
  ESPALIER_ERDOS_RENYI_KERNEL = 2,
  ESPALIER_FIRST_DENSE = 3
};

/** Optimizer rules; definitions and defaults are PyTorch's. */
enum { ESPALIER_SGD = 0, ESPALIER_RMSPROP = 1, ESPALIER_ADAGRAD = 2, ESPALIER_ADAM = 3, ESPALIER_ADAMW = 4 };

/** Learning-rate schedules (optimizer option "schedule"), a factor on "learning_rate" as a function of the number t of
 *  steps taken; see espalier_optimizer_set. */
enum {
  ESPALIER_SCHEDULE_CONSTANT = 0,
  ESPALIER_SCHEDULE_STEP = 1,
  ESPALIER_SCHEDULE_EXPONENTIAL = 2,
  ESPALIER_SCHEDULE_COSINE = 3
};

/** Topology methods: rows of one table of options, see espalier_topology_set.
 *  STATIC: the pattern stays. SET: drop the smallest weights, grow at random (Mocanu et al. 2018). RIGL: grow where the
 *  gradient is largest (Evci et al. 2020). SNFS: grow by an exponential mean of gradients and spread the connections over the
 *  layers by their momentum (Dettmers and Zettlemoyer 2019). ITOP: grow where there has never been a connection (Liu et al.
 *  2021). GRANET: thin to "final_density" while some regenerate by gradient (Liu et al. 2021). MEST: drop by weight and
 *  gradient (Yuan et al. 2021). TOP_KAST: forward through the largest weights only (Jayakumar et al. 2020). GRADUAL: thin to
 *  "final_density" (Zhu and Gupta 2017). ACDC: sparse and dense phases in turn (Peste et al. 2021). DEEPR: drop what changes
 *  its sign, grow at random (Bellec et al. 2018). DSR: drop below a threshold that adapts, spread over the layers (Mostafa and
 *  Wang 2019). SAMPLED: grow by gradient among sampled positions, for layers whose dense gradient cannot be afforded (Heddes
 *  et al. 2024). SRIGL: RigL with the same number of connections in every unit (Lasby et al. 2024). STR: forward takes a
 *  threshold off every weight, which is learned with them; until the last update all connections that the layer started with
 *  are stored, a dense layer's all, and then those go that are below it (Kusupati et al. 2020). */
enum {
  ESPALIER_STATIC = 0,
  ESPALIER_SET = 1,
  ESPALIER_RIGL = 2,
  ESPALIER_SNFS = 3,
  ESPALIER_ITOP = 4,
  ESPALIER_GRANET = 5,
  ESPALIER_MEST = 6,
  ESPALIER_TOP_KAST = 7,
  ESPALIER_GRADUAL = 8,
  ESPALIER_ACDC = 9,
  ESPALIER_DEEPR = 10,
  ESPALIER_DSR = 11,
  ESPALIER_SAMPLED = 12,
  ESPALIER_SRIGL = 13,
  ESPALIER_STR = 14
};

/** What a schedule counts (topology option "clock"): optimizer steps of the layer, or epochs that have ended. */
enum { ESPALIER_CLOCK_STEPS = 0, ESPALIER_CLOCK_EPOCHS = 1 };

/** Decay of the drop fraction (topology option "decay"), from f = "drop_fraction" to m = "minimum_drop_fraction". t: the
 *  clock, T = until - begin, x = (t - begin) / T within [0, 1], k = "decay_power". COSINE: m + (f - m)/2 (1 + cos(pi
 *  min(t, T) / T)), where t is not counted from begin, as RigL's code has it. LINEAR: m + (f - m) (1 - x). EXPONENTIAL: m + (f
 *  - m) (1 - x)^k, so called by RigL's code. These three are constant without an "until" after "begin". INVERSE_POWER: m +
 *  (f - m) (1 + (t - begin) / every)^-k. LEARNING_RATE: f times the learning rate over the first one, at least m. */
enum {
  ESPALIER_DECAY_CONSTANT = 0,
  ESPALIER_DECAY_COSINE = 1,
  ESPALIER_DECAY_LINEAR = 2,
  ESPALIER_DECAY_EXPONENTIAL = 3,
  ESPALIER_DECAY_INVERSE_POWER = 4,
  ESPALIER_DECAY_LEARNING_RATE = 5
};

/** What connections are dropped by, the smallest score first (topology option "drop"). MAGNITUDE: |w|. WEIGHT_GRADIENT: |w g|,
 *  g = dL/dw. WEIGHT_PLUS_GRADIENT: |w| + "gradient_weight" |g|. MAGNITUDE_INCREASE: |w| less |w| at the last update.
 *  SIGN_FLIP: just those whose weight has changed its sign, whatever the drop fraction. RANDOM. THRESHOLDS: two, for
 *  negative and positive weights, those of SET's original code. CALLBACK: what espalier_topology_set_drop_f32 was given. */
enum {
  ESPALIER_DROP_MAGNITUDE = 0,
  ESPALIER_DROP_WEIGHT_GRADIENT = 1,
  ESPALIER_DROP_WEIGHT_PLUS_GRADIENT = 2,
  ESPALIER_DROP_MAGNITUDE_INCREASE = 3,
  ESPALIER_DROP_SIGN_FLIP = 4,
  ESPALIER_DROP_RANDOM = 5,
  ESPALIER_DROP_THRESHOLDS = 6,
  ESPALIER_DROP_CALLBACK = 7
};

/** How a drop fraction of n connections becomes a number (topology option "rounding"): TRUNCATE: down, computed in single
 *  precision, as RigL's code does. UP: up, in double, as the codes of SNFS, ITOP and GraNet do. */
enum { ESPALIER_ROUNDING_TRUNCATE = 0, ESPALIER_ROUNDING_UP = 1 };

/** What a density is the density of (option "scope" of topologies and prunings). LAYER: of each layer. GLOBAL: of all layers
 *  of the method together, by one threshold of the score; each keeps one connection at least. DISTRIBUTION: of all layers
 *  together, each at the density that the option "distribution" gives it; prunings only. */
enum { ESPALIER_SCOPE_LAYER = 0, ESPALIER_SCOPE_GLOBAL = 1, ESPALIER_SCOPE_DISTRIBUTION = 2 };

/** What new connections are chosen by, the largest score first (topology option "grow"). RANDOM. GRADIENT: |dL/dW| of the
 *  batch just gone through, or its mean over "gradient_batches". MOMENTUM: the same, to be used with "gradient_decay". UNFIRED:
 *  at random, positions that have never been connected before others. SAMPLED: |dL/dW| among "candidates" sampled positions.
 *  CALLBACK: |score| of what espalier_topology_set_grow_f32 was given. */
enum {
  ESPALIER_GROW_RANDOM = 0,
  ESPALIER_GROW_GRADIENT = 1,
  ESPALIER_GROW_MOMENTUM = 2,
  ESPALIER_GROW_UNFIRED = 3,
  ESPALIER_GROW_SAMPLED = 4,
  ESPALIER_GROW_CALLBACK = 5
};

/** From where candidates are sampled (topology option "sampling"). UNIFORM. ACTIVITY: unit and input in proportion to the sums
 *  over the batch of |dL/dz| and of |x| (GraBo). SKETCH: of |sum of +-dL/dz| and |sum of +-x| with random signs (GraEst). */
enum { ESPALIER_SAMPLING_UNIFORM = 0, ESPALIER_SAMPLING_ACTIVITY = 1, ESPALIER_SAMPLING_SKETCH = 2 };

/** What becomes of a connection that is dropped and chosen again in the same update (topology option "just_dropped"): it
 *  stays with its weight and state, starts anew, or cannot be chosen. */
enum { ESPALIER_JUST_DROPPED_KEEP = 0, ESPALIER_JUST_DROPPED_RESTART = 1, ESPALIER_JUST_DROPPED_EXCLUDE = 2 };

/** What a grown connection's weight starts with (topology option "grown_weight"), s being "grown_scale". NORMAL: standard
 *  deviation s. UNIFORM: in +-s. LAYER_NORMAL: standard deviation s times the root mean square of the layer's weights. */
enum {
  ESPALIER_GROWN_WEIGHT_ZERO = 0,
  ESPALIER_GROWN_WEIGHT_NORMAL = 1,
  ESPALIER_GROWN_WEIGHT_UNIFORM = 2,
  ESPALIER_GROWN_WEIGHT_LAYER_NORMAL = 3
};

/** How the connections that come are spread over the layers of a method (topology option "redistribute"): each gets as many
 *  as it lost; or in proportion to the mean |momentum| of its connections; or to the connections that it keeps. The number of
 *  connections of all layers together stays exactly what it was. Shares that differ by less than a millionth count as equal.
 *  With MOMENTUM a layer of whose positions less than a fifth is free, and that has more momentum than the mean of the layers,
 *  drops no larger share of its connections than is free (the code of SNFS).
 *  SNFS's code also rounds the shares up and gives a layer at most 0.99 of its free positions; what does not fit is spread
 *  equally over all layers. Its number of connections floats: what it differs by from that of the start goes into the sum that
 *  the next update spreads ("adjusted growth"). snfs does as that code does with the option "published"; "room" still holds. */
enum { ESPALIER_REDISTRIBUTE_NONE = 0, ESPALIER_REDISTRIBUTE_MOMENTUM = 1, ESPALIER_REDISTRIBUTE_CONNECTIONS = 2 };

/** Criteria of a pruning; what stays has the largest score. g: derivative of the mean loss over the samples given, H: its
 *  Hessian by the weights of the layers with connections, g_s: derivative of the loss of sample s. Layers act as in predict for
 *  them: dropout does nothing, and batch norms go by their running statistics.
 *  RANDOM: every set of connections is equally likely. MAGNITUDE: |w|. SNIP: |g w| (Lee et al. 2019). GRASP: w (H g), so that
 *  the gradient flow after pruning is as large as can be (Wang et al. 2020); H g is exact, not by differences, and does not go
 *  through layer norms, group norms, attention, products and layers that are activations (ESPALIER_ERROR_INVALID_STATE).
 *  Behind inputs that are never negative nearly all first weights that stay are positive, and outputs are large: train the
 *  pattern from other weights than were judged, as the paper's code does with linear layers. SYNFLOW: |w| dR/d|w|, R = 1^T |W_L| .. |W_1| 1, in
 *  which neither biases nor activations have a part; needs no data and, in many rounds, leaves no layer without a way through
 *  (Tanaka et al. 2020). FISHER: w^2/2 mean(g_s^2), optimal brain damage with the diagonal of the empirical Fisher matrix for
 *  that of the Hessian (LeCun et al. 1990).
 *  Two correct the weights that stay for those that go, so that each layer's outputs on the samples change as little as can be;
 *  with H = (2/n) sum x x^T over the layer's inputs, of a convolution without groups over what its filters meet at each place
 *  (groups, transposed convolutions and locally connected layers: ESPALIER_ERROR_INVALID_STATE): OBS, unit by unit: connection by connection the one
 *  with the least w_q^2 / (2 [H^-1]_qq), optimal brain surgeon (Hassibi and Stork 1993, Frantar and Alistarh 2022). SPARSEGPT:
 *  input by input, in blocks, much faster (Frantar and Alistarh 2023); for dense layers, as its scores do not know which inputs a unit
 *  lacks. */
enum {
  ESPALIER_PRUNE_RANDOM = 0,
  ESPALIER_PRUNE_MAGNITUDE = 1,
  ESPALIER_PRUNE_SNIP = 2,
  ESPALIER_PRUNE_GRASP = 3,
  ESPALIER_PRUNE_SYNFLOW = 4,
  ESPALIER_PRUNE_FISHER = 5,
  ESPALIER_PRUNE_OBS = 6,
  ESPALIER_PRUNE_SPARSEGPT = 7
};

/* ------------------------------------------------------- version and errors */

/** The library's version, "major.minor.patch". Static storage. */
const char *espalier_version(void);

/** A short English text for a status ("invalid argument"); "unknown status" for any other number. Static storage. */
const char *espalier_status_string(int status);

/** The message of the last failed call in the calling thread, "" before the first one. NUL-terminated UTF-8, valid until
 *  the next failing call in this thread. A successful call leaves it as it is. */
const char *espalier_last_error(void);

/** What a float means that was written as a decimal: the double nearest the shortest decimal that rounds to it, so that 0.1f
 *  becomes 0.1 and not 0.10000000149. For hyperparameters of single-precision programs, which change counts of connections
 *  otherwise. NaN and infinities stay what they are. @param decimal receives it */
int espalier_decimal_f32(float value, double *decimal);

/* ------------------------------------------------------- the list of options */

/** What has options that are set by name. */
enum {
  ESPALIER_OWNER_NETWORK = 0,
  ESPALIER_OWNER_LAYER = 1,
  ESPALIER_OWNER_OPTIMIZER = 2,
  ESPALIER_OWNER_TOPOLOGY = 3,
  ESPALIER_OWNER_PRUNING = 4
};

/** What the value of an option stands for. FLAG: 0 or 1. CHOICE: an enumerator of this header, from 0. INTEGER: a whole number.
 *  REAL: any number of its range. */
enum {
  ESPALIER_OPTION_FLAG = 0,
  ESPALIER_OPTION_CHOICE = 1,
  ESPALIER_OPTION_INTEGER = 2,
  ESPALIER_OPTION_REAL = 3
};

/** A kind of layer, optimizer, topology method or pruning. */
typedef struct espalier_kind_info {
  char name[32];        /**< "linear", "adam", "rigl", "snip"; NUL-terminated */
  int64_t option_count; /**< options that it has */
} espalier_kind_info;

/** An option. Its range is what the function that sets it accepts by itself; options of one object that contradict each other
 *  are reported where the object is used. Subnormal numbers count as 0. */
typedef struct espalier_option_info {
  char name[32];         /**< NUL-terminated */
  int type;              /**< ESPALIER_OPTION_FLAG .. */
  int live;              /**< 1: it may be set at any time. 0: of a network or a layer, before espalier_network_build; of an
                              optimizer, before the first step */
  double initial;        /**< its default */
  double least;          /**< the lower end of its range */
  double greatest;       /**< the upper end; infinite when every finite number from the lower end on is in the range */
  int includes_least;    /**< 1: the lower end is in the range; 0: only numbers above it are */
  int includes_greatest; /**< 1: the upper end is in the range; 0: only numbers below it are */
} espalier_option_info;

/** How many kinds there are of what has options: kinds are numbered by their enumerators, from 0. A network is of one kind, 0. An
 *  enumerator that is not in use is counted, and has an empty name.
 *  @param owner ESPALIER_OWNER_NETWORK ..  @param count receives it */
int espalier_kind_count(int owner, int64_t *count);

/** The name of a kind and the number of its options. A number that no kind has has an empty name and no options.
 *  @param owner ESPALIER_OWNER_NETWORK ..
 *  @param kind  0 .. count - 1: ESPALIER_LAYER_LINEAR .., ESPALIER_SGD .., ESPALIER_STATIC .., ESPALIER_PRUNE_RANDOM ..
 *  @param info  receives both */
int espalier_kind_at(int owner, int kind, espalier_kind_info *info);

/** An option of a kind.
 *  @param owner ESPALIER_OWNER_NETWORK ..  @param kind as espalier_kind_at takes it
 *  @param index 0 .. option_count - 1  @param info receives what there is to know of it */
int espalier_option_at(int owner, int kind, int64_t index, espalier_option_info *info);

/* ------------------------------------------------------- describing a network */

/** Make an empty network.
 *  @param precision ESPALIER_FLOAT32 or ESPALIER_FLOAT64
 *  @param inputs    features of a sample, 1 .. 2^31-1
 *  @param seed      of every random draw (patterns, weights, dropout, shuffling, growth): same seed, same program, same bits
 *  @param network   receives the handle; must point to NULL (a live handle would leak: ESPALIER_ERROR_INVALID_ARGUMENT) */
int espalier_network_create(int precision, int64_t inputs, int64_t seed, espalier_network **network);

/** Destroy a network and all it owns, however many owners are counted; bound arrays stay the caller's. destroy(NULL) is
 *  ESPALIER_OK. A handle destroyed before gives ESPALIER_ERROR_INVALID_HANDLE; of several threads that destroy one handle at
 *  the same time, one gets ESPALIER_OK and the others that. */
int espalier_network_destroy(espalier_network *network);

/** Count one more owner of a network, for bindings and programs in which several variables share one. A new network has no
 *  owner that is counted, and needs none: who made it destroys it. Any thread may count at any time, also while another one
 *  is inside a call with the handle. */
int espalier_network_retain(espalier_network *network);

/** Count one owner less, and destroy the network with the last one. ESPALIER_ERROR_INVALID_STATE when none is counted, for
 *  then the network is not shared. Any thread may count at any time, as with espalier_network_retain. */
int espalier_network_release(espalier_network *network);

/** Say that a sample is a field with channels, for layers that work on fields. A network made with n inputs has vectors of n
 *  features otherwise. The layout of samples in memory stays: x[batch][channels][depth][height][width], or with fewer
 *  dimensions, which is x(width, height, depth, channels, batch) in Fortran. Before build; shapes of layers that were added
 *  already are worked out anew, and must still meet.
 *  @param dimensions 1 .. 4
 *  @param lengths    channels, then the lengths of the field, the slowest dimension first; their product is the network's
 *                    number of inputs */
int espalier_network_set_input_shape(espalier_network *network, int64_t dimensions, const int64_t *lengths);

/** What comes out of a layer for one sample, before build and after.
 *  @param layer      a layer's number, or 0 for the network's input
 *  @param capacity   elements of `lengths`, 4 are always enough; 0: only the number of dimensions is wanted
 *  @param lengths    receives channels, then the lengths of the field, the slowest dimension first. May be NULL when capacity
 *                    is 0. Too few elements: ESPALIER_ERROR_BUFFER_TOO_SMALL
 *  @param dimensions receives their number, 1 for a vector; may be NULL */
int espalier_layer_shape(espalier_network *network, int64_t layer, int64_t capacity, int64_t *lengths, int64_t *dimensions);

/** Add a linear layer, a = f(W x + b), W (units x inputs) with a share `density` of its connections. Before build.
 *  @param units   outputs of the layer, 1 .. 2^31-1
 *  @param density in (0, 1]; units*inputs - floor((1-density)*units*inputs) connections are drawn uniformly without
 *                 replacement at build; 1: dense, multiplied by OpenBLAS. At least one connection must remain. Here and
 *                 wherever a density becomes a number: 1-density is what one would write, 0.1 for 0.9 and 1/6 for the double
 *                 next to 5/6. Decimals of up to 12 digits give the numbers of codes that multiply the sparsity in double
 *                 (0.29 * 100 is below 29 there, so 0.71 of 100 keeps 72), quotients exact ones (5/6 of 6 keeps 5). The Erdos-Renyi
 *                 distributions give the numbers of RigL's code.
 *  @param activation ESPALIER_IDENTITY .. */
int espalier_network_add_linear(espalier_network *network, int64_t units, double density, int activation);

/** Add a dropout layer: in training (forward, train_step) each value is zeroed with this probability and the others are
 *  divided by 1 - probability; in predict and evaluate nothing happens. Before build. @param probability in [0, 1) */
int espalier_network_add_dropout(espalier_network *network, double probability);

/** Add a layer of any kind, which takes from one or several of the layers before it. Before build. At build each layer but the
 *  last must be taken from.
 *  @param kind         ESPALIER_LAYER_LINEAR ..
 *  @param input_count  layers that it takes from; 0: the layer that was added last, or the network's input
 *  @param inputs       their numbers, in order; 0 is the network's input. May be NULL when input_count is 0
 *  @param option_count options that are to differ from their defaults
 *  @param names        their names, NUL-terminated, as espalier_layer_set knows them. May be NULL when option_count is 0
 *  @param values       their values. May be NULL when option_count is 0
 *  @param layer        receives the layer's number; may be NULL */
int espalier_network_add_layer(espalier_network *network, int kind, int64_t input_count, const int64_t *inputs,
                               int64_t option_count, const char *const *names, const double *values, int64_t *layer);

/** Spread one overall density over the layers with connections, replacing the densities they were added with. Before build.
 *  Layers whose option "fixed_density" is 1 and layers whose pattern the caller gave keep theirs and do not count.
 *  @param distribution ESPALIER_UNIFORM ..  @param density in (0, 1] */
int espalier_network_set_distribution(espalier_network *network, int distribution, double density);

/** Densities of the caller's. Returns 0, or anything else to stop: build is then ESPALIER_ERROR_STOPPED.
 *  @param user what was passed in  @param count of layers that are asked about  @param layers their numbers
 *  @param units, inputs their sizes  @param densities come in as the layers have been given them; each must be left in (0, 1] */
typedef int (*espalier_densities)(void *user, int64_t count, const int64_t *layers, const int64_t *units,
                                  const int64_t *inputs, double *densities);

/** Let a function say the densities, at build, in the place of a distribution; NULL: no more. Layers whose option
 *  "fixed_density" is 1 and layers whose pattern the caller gave are not asked about. Before build. @param user may be NULL */
int espalier_network_set_densities(espalier_network *network, espalier_densities densities, void *user);

/** Give a linear layer its pattern as coordinates. Before build; replaces the layer's density.
 *  @param layer  number of a linear layer
 *  @param connections  length of rows, columns and values, >= 1
 *  @param rows, columns  unit and input of each connection, from `base`; any order (they are sorted by row, then column);
 *                a duplicate or an index out of range is ESPALIER_ERROR_INVALID_ARGUMENT
 *  @param values initial weights in the same order, or NULL for the layer's initialiser; NaN or Inf is
 *                ESPALIER_ERROR_INVALID_ARGUMENT
 *  @param base   0 or 1. All arrays are copied. */
int espalier_layer_set_pattern_coo_f32(espalier_network *network, int64_t layer, int64_t connections, const int32_t *rows,
                                       const int32_t *columns, const float *values, int base);
int espalier_layer_set_pattern_coo_f64(espalier_network *network, int64_t layer, int64_t connections, const int32_t *rows,
                                       const int32_t *columns, const double *values, int base);

/** The same in compressed rows. @param row_start units+1 offsets from `base`, not decreasing, row_start[0] == base
 *  @param columns row_start[units]-base columns from `base`; within a row any order, no duplicates */
int espalier_layer_set_pattern_csr_f32(espalier_network *network, int64_t layer, const int64_t *row_start,
                                       const int32_t *columns, const float *values, int base);
int espalier_layer_set_pattern_csr_f64(espalier_network *network, int64_t layer, const int64_t *row_start,
                                       const int32_t *columns, const double *values, int base);

/** Give a linear layer the pattern of a stencil on a grid: its inputs are channels of the grid's cells, its units are too,
 *  channel after channel as in a field, and each unit is connected to the inputs of all channels at the cells around its own.
 *  Before build; replaces the layer's density. Weights start by the layer's initialiser. The pattern is one like the caller's:
 *  topology methods may connect cells further apart; ESPALIER_LAYER_LOCALLY_CONNECTED keeps them within its kernel. The layer's
 *  output is a vector, of which ESPALIER_LAYER_RESHAPE makes a field.
 *  @param layer      number of a linear layer, whose units and inputs the number of cells divides
 *  @param dimensions 1 .. 3
 *  @param lengths    of the grid, the slowest dimension first
 *  @param kernel     cells of the stencil in each dimension, >= 1, its middle among them: 2 r + 1 for a radius r. Of an even
 *                    number one more cell lies after the middle than before it. It may be longer than the grid
 *  @param periodic   for each dimension 1 if its first and last cell are neighbours, else 0; NULL: none is. The array is copied,
 *                    as are the others */
int espalier_layer_set_pattern_grid(espalier_network *network, int64_t layer, int64_t dimensions, const int64_t *lengths,
                                    const int64_t *kernel, const int *periodic);

/** The same on a mesh, of which the caller has a list of neighbours for each cell, as compressed rows.
 *  @param layer     number of a linear layer, whose units and inputs the number of cells divides
 *  @param cells     of the mesh
 *  @param row_start cells+1 offsets from `base` into columns, not decreasing, row_start[0] == base
 *  @param columns   the neighbours of each cell, numbers of cells from `base`; in any order, a cell may be named twice or be in
 *                   its own list. They are taken as they are: where a names b, b need not name a
 *  @param hops      how many times one goes on from a cell to its neighbours: 1 connects a cell to itself and its list, 2 to
 *                   their lists too; 0 to itself alone
 *  @param base      0 or 1. All arrays are copied. */
int espalier_layer_set_pattern_mesh_i32(espalier_network *network, int64_t layer, int64_t cells, const int32_t *row_start,
                                        const int32_t *columns, int64_t hops, int base);
int espalier_layer_set_pattern_mesh_i64(espalier_network *network, int64_t layer, int64_t cells, const int64_t *row_start,
                                        const int64_t *columns, int64_t hops, int base);

/** Choose one loss for all outputs (default ESPALIER_MEAN_SQUARED_ERROR), in the place of any that espalier_network_add_loss has
 *  added. Before or after build. */
int espalier_network_set_loss(espalier_network *network, int loss);

/** Compare some of the outputs by a loss of their own. The loss of a sample is then the sum of the losses that have been added,
 *  each times its weight, and no longer the network's loss for all outputs. An output in none of them has no influence; one in
 *  several has that of each. A network with several outputs, which are arrays of their own to the caller, ends with a
 *  ESPALIER_LAYER_CONCATENATION of them, and gets a loss for each. Calls with class numbers take one for each loss, labels[sample][loss]
 *  in the order in which they were added, and every loss must be ESPALIER_SOFTMAX_CROSS_ENTROPY then, over the outputs of the
 *  loss. Prunings that go by the loss need espalier_network_set_loss (ESPALIER_ERROR_INVALID_STATE). Before or after build; what
 *  losses there are for outputs beyond the last is found here or at build.
 *  @param first  the first of these outputs, from 0
 *  @param count  how many follow one another, at least 1
 *  @param weight factor on the loss, > 0 */
int espalier_network_add_loss(espalier_network *network, int64_t first, int64_t count, int loss, double weight);

/** Give layers an optimizer: each gets an instance of its own with these hyperparameters and zeroed state. The handle is
 *  only read, may be reused and destroyed. Before or after build. A network without optimizer cannot update.
 *  @param layer a layer with parameters, or ESPALIER_ALL_LAYERS */
int espalier_network_set_optimizer(espalier_network *network, int64_t layer, const espalier_optimizer *optimizer);

/** Give layers a topology method (default: static): with ESPALIER_ALL_LAYERS one that changes all of them together, else one
 *  of the layer's own. A method with "final_density" or "soft_threshold" thins dense layers too, unless their option
 *  "fixed_density" is 1; others leave dense layers dense: ESPALIER_ALL_LAYERS passes over them, naming one is an error unless
 *  the method is static. Before or after build; after build it allocates the method's scratch, and where the method needs room
 *  for more connections the parameters move (see espalier_network_parameter_count; bound arrays must be long enough for them).
 *  Options that contradict each other are ESPALIER_ERROR_INVALID_ARGUMENT. */
int espalier_network_set_topology(espalier_network *network, int64_t layer, const espalier_topology *topology);

/** Set an option of the network:
 *  "huber_delta" (1; > 0), "label_base" (0; 0 or 1: number of the first class), "clip_norm" (0 = off; > 0: the global
 *  2-norm of all gradients is limited to it before an update, as torch.nn.utils.clip_grad_norm_), "accumulate" (1; >= 1:
 *  train_step adds the gradients of so many batches, each scaled by 1/accumulate, before it updates), "dense_crossover" (0.55;
 *  >= 0: a sparse layer whose density exceeds it times 1 + 8/batch multiplies through OpenBLAS, with its weights written
 *  out into scratch of units x inputs; 0: every layer, more than 1: none. Connections stay as they are, absent ones absent,
 *  and results change by rounding only, unless values overflow. After build the scratch is allocated by this call).
 *  Before build: "distribution_power" (1; > 0: of (in + out) / (in out) in the Erdos-Renyi distributions), "epsilon" (0 = off;
 *  > 0: each layer has the density epsilon (in + out) / (in out), as SET does; above 1 build fails. Excludes a distribution
 *  and leaves the same layers alone as one does). */
int espalier_network_set(espalier_network *network, const char *name, double value);

/** Read an option, or one of: "inputs", "outputs", "labels_per_sample" (class numbers that a sample has: 1, or the places of the
 *  outputs' field), "layers", "input_layers" (of kind ESPALIER_LAYER_INPUT), "parameters", "connections", "max_batch", "built" (0, 1),
 *  "bound" (0, 1), "threads", "precision", "seed", "loss", "steps" (updates done), "bytes" (held by the library),
 *  "flops" (of one sample forward, 2 per connection), "density" (connections over positions of all layers),
 *  "explored", "dropped", "grown", "training_flops", "dead_units" (of all layers, see espalier_layer_get), "dead_inputs" (of
 *  the first layer with connections). */
int espalier_network_get(const espalier_network *network, const char *name, double *value);

/** Set an option of a layer. Before build: "bias" (1; 0 or 1), "initializer" (ESPALIER_HE_UNIFORM), "fixed_density" (0; 0
 *  or 1), "density" in (0, 1]. Any time: "negative_slope" (0.01; >= 0, leaky relu), "alpha" (1; > 0, elu and
 *  celu), "probability" (dropout). */
int espalier_layer_set(espalier_network *network, int64_t layer, const char *name, double value);

/** Read an option of a layer, or one of: "inputs", "units", "density", "connections", "parameters", "activation",
 *  "index_bytes" (2 or 4, 0 for a dense layer), "bytes", "flops", "offset" (of its first parameter in the bound array, from
 *  0), "steps", "dropped" and "grown" (connections, last topology update; one that came back at once counts in neither
 *  if it kept its weight, and in both if it started anew: "just_dropped" RESTART, deepr, "published" set),
 *  "topology_updates" (so far), "explored" (share of the positions that have been connected since the layer got its topology
 *  method, ITOP's R_s; in a very sparse layer an estimate within 1 or 2 %), "dead_units" (units without a connection from the
 *  inputs, or, but for the last layer, without one to the next layer), "dead_inputs" (inputs without a connection),
 *  "training_flops" (of one sample in a training step, as RigL's paper counts them in its appendix H, with f_S = 2 per
 *  connection, f_D = 2 per position, dT = "every": 3 f_S without a method, with growth at random, or when no update is to come
 *  before "until", (3 f_S dT + 2 f_S + n f_D) / (dT + 1) by gradients of n batches, 2 f_S + f_D by momentum, with sampled
 *  candidates for f_D at most f_S times their number for each connection; where the clock counts epochs dT takes as many steps an
 *  epoch as there have been. Of the 3 f_S those of forward and dL/dx count what forward uses ("forward_share",
 *  "soft_threshold"), those of dL/dW what has a gradient: with "forward_share" all connections), "threshold"
 *  (what forward takes off |w|, see the topology option "soft_threshold"; 0 without one). */
int espalier_layer_get(const espalier_network *network, int64_t layer, const char *name, double *value);

/** Set or read a hyperparameter of the layer's own optimizer instance; the state stays. This is how a learning rate
 *  changes in mid-run. Names: espalier_optimizer_set. ESPALIER_ALL_LAYERS is allowed for setting. After build. */
int espalier_layer_set_optimizer_option(espalier_network *network, int64_t layer, const char *name, double value);
int espalier_layer_get_optimizer_option(const espalier_network *network, int64_t layer, const char *name, double *value);

/** Threads that the network's calls use, 1 .. 1024; 0: the default, ESPALIER_NUM_THREADS if it is a number in that
 *  range (anything else is passed over), or else the cores that the process may use. Calls from inside an
 *  OpenMP parallel region use 1. Results are the same bits for any number. Any time. */
int espalier_network_set_threads(espalier_network *network, int threads);

/** Draw patterns and weights, allocate all workspace. Once; the network cannot gain layers afterwards.
 *  @param max_batch the largest batch that forward and train_step will be given, >= 1 */
int espalier_network_build(espalier_network *network, int64_t max_batch);

/* ------------------------------------------------------------------ parameters */

/** Number of parameters: for each layer in order its weights (connections, sorted by unit, then input) and its biases
 *  (units). After build.
 *  A layer's weights have room for all connections that its topology method may come to give it: the part of a method that
 *  redistributes, thins or grows first is longer than the layer's connections, and what is beyond them is 0 in w and dw and
 *  stays untouched. So no update changes this count or the place of any layer's part. Only giving a method that needs more
 *  room after build, or pruning, does: then each later part moves, in bound arrays too. */
int espalier_network_parameter_count(const espalier_network *network, int64_t *count);

/** Let the network work in the caller's arrays. The current parameters are copied into w, dw is zeroed; from now on every
 *  call reads and updates w in place and writes gradients to dw, until unbind, another bind, or destroy. The caller keeps
 *  ownership, must keep both arrays alive and in place, and may change their contents between calls. w and dw must not
 *  overlap. After build. @param count elements in each array, >= parameter_count */
int espalier_network_bind_f32(espalier_network *network, float *w, float *dw, int64_t count);
int espalier_network_bind_f64(espalier_network *network, double *w, double *dw, int64_t count);

/** Copy parameters and gradients back into arrays of the library's own and forget the bound ones. OK when not bound. */
int espalier_network_unbind(espalier_network *network);

/** Where the parameters and gradients are now (bound or the library's own). Valid until bind, unbind or destroy. */
int espalier_network_parameters_f32(espalier_network *network, float **w, float **dw, int64_t *count);
int espalier_network_parameters_f64(espalier_network *network, double **w, double **dw, int64_t *count);

/** Where one layer's part is: `connections` weights and their gradients, `units` biases and theirs (NULL and 0 for a layer
 *  without bias). The weights of a norm are what it multiplies by. Same validity. */
int espalier_layer_parameters_f32(espalier_network *network, int64_t layer, float **weights, float **weight_gradients,
                                  int64_t *connections, float **bias, float **bias_gradients, int64_t *units);
int espalier_layer_parameters_f64(espalier_network *network, int64_t layer, double **weights, double **weight_gradients,
                                  int64_t *connections, double **bias, double **bias_gradients, int64_t *units);

/** Where numbers are that a layer keeps beside its parameters, to be read and to be set; the header says at its kind which they
 *  are. Valid until destroy. After build.
 *  @param name   as "running_mean"; ESPALIER_ERROR_UNKNOWN_NAME for one that the layer does not have
 *  @param values receives their place  @param count receives how many there are */
int espalier_layer_state_f32(espalier_network *network, int64_t layer, const char *name, float **values, int64_t *count);
int espalier_layer_state_f64(espalier_network *network, int64_t layer, const char *name, double **values, int64_t *count);

/** Let a layer of kind ESPALIER_LAYER_NORMALIZATION take its means and deviations from samples of what it normalises: of the
 *  network's inputs for a layer that takes these, of the targets for an "inverse" one at the end. Sums are in double precision,
 *  the variance is divided by the number of values. A constant gets the deviation 1. NaN or Inf in x, or a result that the
 *  network's precision cannot hold, is ESPALIER_ERROR_NON_FINITE. After build.
 *  @param x (samples, values of a sample as the layer takes it)  @param samples >= 1 */
int espalier_layer_fit_f32(espalier_network *network, int64_t layer, const float *x, int64_t samples);
int espalier_layer_fit_f64(espalier_network *network, int64_t layer, const double *x, int64_t samples);

/** Copy a linear layer's pattern out, in the order of its weights. After build. Dense layers give the full pattern.
 *  @param base        0 or 1
 *  @param capacity    length of rows and columns, >= connections when either is given
 *  @param row_start   units+1 offsets from base, or NULL
 *  @param rows        unit of each connection from base, or NULL
 *  @param columns     input of each connection from base, or NULL
 *  @param connections receives their number; with row_start, rows and columns NULL this only asks for it */
int espalier_layer_pattern(const espalier_network *network, int64_t layer, int base, int64_t capacity, int64_t *row_start,
                           int32_t *rows, int32_t *columns, int64_t *connections);

/* ------------------------------------------------------------------ training */

/** Let an input be what is in an array of the caller's. Every call that is given x (train_step, train_epoch, forward, predict,
 *  evaluate, prune) reads there the samples that have the numbers of those of x, the first
 *  `batch` or `samples` of them, in the order of a shuffled epoch too. The array stays the caller's and is only read, and must
 *  stay in place until another is bound to the input, until nothing is, or until destroy; its values may change between calls. An
 *  input layer to which nothing is bound, or fewer samples than a call needs, is a failure of the call
 *  (ESPALIER_ERROR_INVALID_STATE and ESPALIER_ERROR_INVALID_ARGUMENT), before anything changes, and so are NaN and Inf in train_step.
 *  Prunings with samples are ESPALIER_ERROR_INVALID_STATE while an array is bound to input 0. After build.
 *  @param input   number of a layer of kind ESPALIER_LAYER_INPUT, or 0 for the network's own input: while an array is bound to it,
 *                 calls take NULL for x, and anything else is ESPALIER_ERROR_INVALID_ARGUMENT
 *  @param values  (samples, features of the input), or NULL: nothing is bound to the input any more
 *  @param samples in the array, at least 1; passed over when values is NULL */
int espalier_network_bind_input_f32(espalier_network *network, int64_t input, const float *values, int64_t samples);
int espalier_network_bind_input_f64(espalier_network *network, int64_t input, const double *values, int64_t samples);

/** The same with whole numbers, as class numbers for embeddings are, for a network of either precision: it is as if they had been given as
 *  values of the network's precision. @param numbers (samples, features of the input), or NULL */
int espalier_network_bind_input_i32(espalier_network *network, int64_t input, const int32_t *numbers, int64_t samples);

/** Have espalier_network_backward_* put the derivative of the loss by an input layer into an array of the caller's, under the
 *  same conditions. After build.
 *  @param input    number of a layer of kind ESPALIER_LAYER_INPUT; the derivative by input 0 is dx of backward
 *  @param gradient receives (batch, features of the input), or NULL: no more
 *  @param samples  that there is room for, at least those of each batch that is gone back through */
int espalier_network_bind_input_gradient_f32(espalier_network *network, int64_t input, float *gradient, int64_t samples);
int espalier_network_bind_input_gradient_f64(espalier_network *network, int64_t input, double *gradient, int64_t samples);

/** One step: forward, loss, backward, update, and drop and grow when due.
 *  @param x      (batch, inputs)   @param target (batch, outputs)   @param batch 1 .. max_batch
 *  @param loss   receives the mean loss of the batch, before the update
 *  What is looked at, in this order: target, whether the loss is meant for it (ESPALIER_ERROR_INVALID_ARGUMENT); x and target
 *  for NaN and Inf; the loss; the gradients of all layers, which can overflow though the loss is finite, weights and biases,
 *  also for what an optimizer cannot take: with learning rate r sgd takes gradients up to 1/1024 of the largest number over
 *  max(1, r), the others, which square them, up to half of the root of the largest number (9.2e18 in float32), both after
 *  clip_norm. Each of these is ESPALIER_ERROR_NON_FINITE, the message names place and value, and no weight, no state of an
 *  optimizer and no pattern has changed; loss receives the loss, NaN when it was x or target. A loss or a gradient is known
 *  only when the layers hold this batch: then, as after predict, there is no forward pass any more for backward or for a
 *  method that drops or grows by gradient. A gradient stays in the gradient array as it was found, for whoever wants to see
 *  it, and what "accumulate" had added up there is forgotten. Last, the weights that the update has made: when one is NaN or
 *  Inf, as after steps that diverge, this is ESPALIER_ERROR_NON_FINITE too, "after a step .. which has been made" in the
 *  message, and patterns have not changed.
 *  A score or reduction of the caller's that gives what it must not (ESPALIER_ERROR_NON_FINITE) or stops
 *  (ESPALIER_ERROR_STOPPED): the optimizers' step is done, no pattern of that method has changed, and its update stays due. */
int espalier_network_train_step_f32(espalier_network *network, const float *x, const float *target, int64_t batch,
                                    double *loss);
int espalier_network_train_step_f64(espalier_network *network, const double *x, const double *target, int64_t batch,
                                    double *loss);

/** The same with class numbers, from "label_base", for ESPALIER_SOFTMAX_CROSS_ENTROPY. @param labels (batch) */
int espalier_network_train_step_labels_f32(espalier_network *network, const float *x, const int32_t *labels, int64_t batch,
                                           double *loss);
int espalier_network_train_step_labels_f64(espalier_network *network, const double *x, const int32_t *labels, int64_t batch,
                                           double *loss);

/** Told after every batch of an epoch; returning non-zero stops the epoch after that batch.
 *  @param user what was passed in  @param done samples so far  @param samples of the epoch  @param loss mean so far */
typedef int (*espalier_progress)(void *user, int64_t done, int64_t samples, double loss);

/** One epoch: every sample once, in batches; a last smaller batch is used as it is. Then espalier_network_end_epoch.
 *  @param x (samples, inputs)  @param target (samples, outputs)  @param batch 1 .. max_batch
 *  @param shuffle 0: in order; 1: in an order drawn from the network's seed, samples are gathered, not copied
 *  @param progress may be NULL; @param user is passed to it and may be NULL
 *  @param loss receives the mean over the samples of the loss at the time of their batch.
 *  All targets or labels are looked at before the first batch. ESPALIER_ERROR_STOPPED when progress asked to stop;
 *  ESPALIER_ERROR_NON_FINITE stops before the batch that caused it changes anything, as in train_step. What earlier batches of
 *  the epoch did stays; when it was the first batch, the next epoch takes the order that this one had. */
int espalier_network_train_epoch_f32(espalier_network *network, const float *x, const float *target, int64_t samples,
                                     int64_t batch, int shuffle, espalier_progress progress, void *user, double *loss);
int espalier_network_train_epoch_f64(espalier_network *network, const double *x, const double *target, int64_t samples,
                                     int64_t batch, int shuffle, espalier_progress progress, void *user, double *loss);
int espalier_network_train_epoch_labels_f32(espalier_network *network, const float *x, const int32_t *labels, int64_t samples,
                                            int64_t batch, int shuffle, espalier_progress progress, void *user, double *loss);
int espalier_network_train_epoch_labels_f64(espalier_network *network, const double *x, const int32_t *labels, int64_t samples,
                                            int64_t batch, int shuffle, espalier_progress progress, void *user, double *loss);

/** The step in phases, for a loss or a loop of one's own. forward runs in training mode (dropout acts) and keeps what
 *  backward needs. @param x (batch, inputs)  @param y receives (batch, outputs) */
int espalier_network_forward_f32(espalier_network *network, const float *x, int64_t batch, float *y);
int espalier_network_forward_f64(espalier_network *network, const double *x, int64_t batch, double *y);

/** Gradients of the forward pass just made into the gradient array (dw of bind). With "accumulate" 1 they replace what is
 *  there; above 1 they are added to it after the first since the last update. Nothing is scaled.
 *  @param dloss_dy (batch, outputs), derivative of the loss with respect to y  @param batch as given to forward
 *  @param dx receives (batch, inputs), the derivative with respect to x; may be NULL (saves its computation)
 *  NaN or Inf in dloss_dy: ESPALIER_ERROR_NON_FINITE, nothing changes. What overflows in the pass is Inf or NaN in the
 *  gradient array and in dx; espalier_network_update refuses it, so that ranks which sum their gradients meet the same
 *  failure. */
int espalier_network_backward_f32(espalier_network *network, const float *dloss_dy, int64_t batch, float *dx);
int espalier_network_backward_f64(espalier_network *network, const double *dloss_dy, int64_t batch, double *dx);

/** Apply every layer's optimizer in place to the parameters, from the gradient array. A layer whose topology update is due and
 *  has "replaces_step" (RigL, Algorithm 1: the update takes the place of the optimizer's step) is passed over and waits for
 *  evolve. Needs an optimizer on every layer with parameters and a backward since build. The gradient array is read before
 *  the first weight changes: NaN, Inf or what an optimizer cannot take (see train_step) is ESPALIER_ERROR_NON_FINITE, and
 *  nothing changes but that the next backward replaces the gradients instead of adding to them. Weights that come out as NaN or
 *  Inf: as in train_step. */
int espalier_network_update(espalier_network *network);

/** Drop and grow connections in the layers where it is due; nothing otherwise. Weights, gradients and optimizer state move
 *  with their connection, in place; grown connections get weight 0 (or what "grown_weight" says) and state 0. Methods that drop
 *  or grow by gradient need the backward of this step. ESPALIER_ERROR_STOPPED, and ESPALIER_ERROR_NON_FINITE for what a function
 *  of the caller's gives, as in train_step; asked again, it is the same update. */
int espalier_network_evolve(espalier_network *network);

/** Drop and grow now, whatever the schedule, with this drop fraction. The layer must have a topology method that changes
 *  patterns; layers that it was given together change together. After ESPALIER_ERROR_STOPPED and ESPALIER_ERROR_NON_FINITE the
 *  layers of the method that was stopped are as they were, random numbers included; methods of layers before them have done
 *  their update.
 *  @param layer a sparse layer, or ESPALIER_ALL_LAYERS for all with such a method  @param drop_fraction in [0, 1] */
int espalier_network_evolve_now(espalier_network *network, int64_t layer, double drop_fraction);

/** Count an epoch as ended, and drop and grow where a clock of epochs makes it due. espalier_network_train_epoch_* calls it at
 *  its end; a loop of one's own calls it after its last step and before it evaluates, as methods that grow by gradient need the
 *  backward pass of that step (ESPALIER_ERROR_INVALID_STATE otherwise, and the epoch is not counted). After
 *  ESPALIER_ERROR_STOPPED and ESPALIER_ERROR_NON_FINITE the epoch is counted, and the update stays due for
 *  espalier_network_evolve. After build. */
int espalier_network_end_epoch(espalier_network *network);

/** Keep a copy of all parameters, and of what layers keep beside them (espalier_layer_state_*), for espalier_network_rewind, in
 *  place of an earlier one. It follows the connections through every change of pattern. After build. */
int espalier_network_remember(espalier_network *network);

/** Begin the training again with the connections there are now, as for a lottery ticket (Frankle and Carbin 2019): parameters
 *  and what layers keep beside them are what they were at espalier_network_remember, bit for bit, connections that have come
 *  since are 0, gradients are 0. Optimizers forget their state, steps and epochs count from 0, topology methods start afresh. Hyperparameters stay, and
 *  the draws of shuffling and dropout go on. The copy is kept. ESPALIER_ERROR_INVALID_STATE when nothing is remembered. */
int espalier_network_rewind(espalier_network *network);

/* ------------------------------------------------------------------ inference */

/** Outputs in inference mode (no dropout), in chunks of max_batch. NaN and Inf pass through, as in forward.
 *  @param x (samples, inputs)  @param samples >= 1
 *  @param y receives (samples, outputs); logits when the loss takes logits */
int espalier_network_predict_f32(espalier_network *network, const float *x, int64_t samples, float *y);
int espalier_network_predict_f64(espalier_network *network, const double *x, int64_t samples, double *y);

/** Mean loss in inference mode; NaN or Inf in the data give a loss that is not finite, and ESPALIER_OK. Targets that the loss
 *  is not meant for are ESPALIER_ERROR_INVALID_ARGUMENT, as in train_step. */
int espalier_network_evaluate_f32(espalier_network *network, const float *x, const float *target, int64_t samples,
                                  double *loss);
int espalier_network_evaluate_f64(espalier_network *network, const double *x, const double *target, int64_t samples,
                                  double *loss);

/** Mean loss and share of samples whose largest output is their class. For ESPALIER_SOFTMAX_CROSS_ENTROPY.
 *  @param loss may be NULL  @param accuracy may be NULL */
int espalier_network_evaluate_labels_f32(espalier_network *network, const float *x, const int32_t *labels, int64_t samples,
                                         double *loss, double *accuracy);
int espalier_network_evaluate_labels_f64(espalier_network *network, const double *x, const int32_t *labels, int64_t samples,
                                         double *loss, double *accuracy);

/** A table of the layers (number, kind, shape, activation, density, share explored, connections, dropped and grown at the last
 *  topology update, dead units, bytes, FLOPs a sample forward and in training) as text.
 *  @param capacity bytes of text, the final NUL included; 0 only asks for the length  @param text may be NULL if capacity is 0
 *  @param length receives the bytes needed without the NUL. Too small: ESPALIER_ERROR_BUFFER_TOO_SMALL, text untouched. */
int espalier_network_info(const espalier_network *network, int64_t capacity, char *text, int64_t *length);

/* ------------------------------------------------------------------ optimizers */

/** Make an optimizer. @param rule ESPALIER_SGD ..  @param optimizer receives the handle; must point to NULL */
int espalier_optimizer_create(int rule, espalier_optimizer **optimizer);

/** Destroy it; NULL is ESPALIER_OK. Networks that were given it are not affected. */
int espalier_optimizer_destroy(espalier_optimizer *optimizer);

/** Set a hyperparameter (PyTorch's default in brackets). Any time; state stays.
 *  Every rule: "learning_rate" (sgd 0.001, rmsprop 0.01, adagrad 0.01, adam 0.001, adamw 0.001; >= 0), "weight_decay"
 *  (0, adamw 0.01; >= 0), "schedule" (ESPALIER_SCHEDULE_CONSTANT), "step_size" (1; >= 1), "gamma" (0.1; > 0), "period" (1;
 *  >= 1), "minimum_rate" (0; >= 0), "warmup" (0; steps), "warmup_start" (1/3; in (0, 1]).
 *  sgd: "momentum" (0; in [0, 1]), "dampening" (0; in [0, 1]), "nesterov" (0; needs momentum > 0 and dampening 0 when used).
 *  rmsprop: "alpha" (0.99; in [0, 1)), "epsilon" (1e-8), "momentum" (0; in [0, 1]), "centered" (0). adagrad: "lr_decay" (0),
 *  "initial_accumulator" (0; before first use), "epsilon" (1e-10); its sum of squares stays at the largest number that there is.
 *  adam, adamw: "beta1" (0.9; in [0, 1)), "beta2" (0.999; in [0, 1)), "epsilon" (1e-8), "amsgrad" (0; turned on in mid-run its
 *  maximum starts at 0).
 *  Rate at step t = 0, 1, ..: STEP learning_rate gamma^floor(t / step_size); EXPONENTIAL learning_rate gamma^t; COSINE
 *  minimum_rate + (learning_rate - minimum_rate)(1 + cos(pi min(t, period) / period)) / 2; during the first `warmup` steps
 *  the rate is multiplied by warmup_start + (1 - warmup_start) t / warmup. */
int espalier_optimizer_set(espalier_optimizer *optimizer, const char *name, double value);

/** Read a hyperparameter, or "rule", "steps" (taken by minimize), "rate" (the learning rate that the next step uses). */
int espalier_optimizer_get(const espalier_optimizer *optimizer, const char *name, double *value);

/** One step on the caller's own arrays: weights change in place, gradient is only read. The state lives in the handle, is
 *  sized at the first call and kept: a later call with another count or precision is ESPALIER_ERROR_INVALID_ARGUMENT or
 *  ESPALIER_ERROR_PRECISION. The gradient is read before the first weight changes: NaN, Inf or what the rule cannot take (see
 *  train_step) is ESPALIER_ERROR_NON_FINITE, and nothing changes. A weight that is NaN or Inf after the step, because it was
 *  before or because the step leaves the range, is ESPALIER_ERROR_NON_FINITE too; the step has been made then, of the other
 *  weights as well. @param count elements, >= 1 */
int espalier_optimizer_minimize_f32(espalier_optimizer *optimizer, float *weights, const float *gradient, int64_t count);
int espalier_optimizer_minimize_f64(espalier_optimizer *optimizer, double *weights, const double *gradient, int64_t count);

/** Forget state and step count (the hyperparameters stay), so that the next minimize may have another size. */
int espalier_optimizer_reset(espalier_optimizer *optimizer);

/* ------------------------------------------------------------------ topology */

/** Make a topology method. @param method ESPALIER_STATIC ..  @param topology receives the handle; must point to NULL */
int espalier_topology_create(int method, espalier_topology **topology);

/** Destroy it; NULL is ESPALIER_OK. Networks that were given it are not affected. */
int espalier_topology_destroy(espalier_topology *topology);

/** Set an option. Every method but static, which has none, has all of them; a method is what it sets them to at first:
 *  where a preset differs from the default it stands after it. Times are what the clock counts: whole numbers below 2^63. One
 *  beyond 2^53 never comes, however late it is.
 *
 *  when and how much
 *  "every"                 100   >= 1; time between updates. sampled 1000, deepr 1
 *  "begin"                 -1    first time of an update; -1: `every`
 *  "until"                 -1    last time of an update; -1: for ever
 *  "until_share"           -1    in [0, 1]: until is this share of "training_length" (0; >= 0). -1: see "until"
 *  "clock"                 STEPS
 *  "drop_fraction"         0.3   in [0, 1], of the layer's connections. snfs itop granet 0.5; mest sampled 0.2; top_kast dsr
 *                                0.1; gradual acdc str 0
 *  "minimum_drop_fraction" 0     in [0, 1]; where a decay ends. snfs itop 0.005
 *  "decay"                 CONSTANT   rigl snfs itop granet sampled srigl COSINE; mest LINEAR
 *  "decay_power"           3     > 0
 *  what goes
 *  "drop"                  MAGNITUDE   mest WEIGHT_PLUS_GRADIENT; deepr SIGN_FLIP
 *  "gradient_weight"       1     >= 0
 *  "rounding"              TRUNCATE   snfs itop granet UP
 *  "threshold"             0     >= 0; > 0: those with a score below it go, and it doubles or halves when their share is not
 *                                within "tolerance" (0.1; >= 0) of the drop fraction. dsr 0.001
 *  "published"             0     0 or 1, of set and snfs alone: as their original code has it. set: two thresholds say what
 *                                goes, and drawn connections start anew. snfs: see ESPALIER_REDISTRIBUTE_MOMENTUM
 *  what comes
 *  "grow"                  RANDOM   rigl granet srigl GRADIENT; snfs MOMENTUM; itop UNFIRED; sampled SAMPLED
 *  "gradient_batches"      1     1 .. 1000; the newest batches whose gradients count, those before an earlier update too; their
 *                                panels are kept. At a time that is not the schedule's, espalier_network_evolve_now may know
 *                                only the last one. snfs 22
 *  "gradient_decay"        1     in (0, 1]; factor on a batch's weight for each later one. snfs 0.9
 *  "candidates"            1     in (0, 1000]; sampled positions for each connection, below 2^32 in all
 *  "sampling"              UNIFORM
 *  "just_dropped"          KEEP   deepr RESTART; sampled EXCLUDE
 *  "grown_weight"          ZERO
 *  "grown_scale"           1     >= 0
 *  "redistribute"          NONE   snfs MOMENTUM; dsr CONNECTIONS
 *  "room"                  1     in [1, 1000]; with "redistribute" a layer has room for so many times the mean number of
 *                                connections of the layers. snfs dsr 2
 *  how many there should be
 *  "final_density"         -1    in (0, 1]; -1: as many as there are. From "density_begin" (0) to "density_end" (0; must be
 *                                after it) the density falls from its start as (1 - x)^"density_power" (3), at updates.
 *                                Dense layers take part. granet gradual acdc 0.1
 *  "phase"                 0     > 0: no ramp, but "final_density" and all connections in turn, each for so long; acdc needs it
 *  "scope"                 LAYER   granet acdc GLOBAL
 *  "soft"                  0     0 or 1: an update drops down to the number at the start and then grows the drop fraction on top
 *                                of it (MEST's soft memory bound)
 *  for some methods
 *  "noise", "shrink"       0     >= 0; after an update all weights get normal noise of that deviation, and go that much
 *                                nearer to zero (DeepR)
 *  "forward_share"         1     in (0, 1]; share of the connections, the largest, that forward uses. top_kast 0.6
 *  "exploration_decay"     0     >= 0; before each step weights shrink by the rate times it, those that forward does not use
 *                                by as much over the density of those that it uses
 *  "constant_fan_in"       0     0 or 1: every unit has the same number of connections, at build that of the layer divided by
 *                                its units, rounded down: up to units - 1 fewer than the density asks for. (With fewer
 *                                connections than units, one each for as many units.) srigl 1
 *  "ablation"              0     in [0, 1); a unit with a smaller share of important connections loses all. It comes back at a
 *                                later update for which so many of its positions are important. The n units left get the
 *                                connections of the start divided by n, rounded down, or all inputs: up to n - 1 fewer than at
 *                                the start. srigl 0.3
 *  "soft_threshold"        0     0 or 1: forward and dL/dx use sign(w) max(0, |w| - t), t = sigmoid(s), for w. s is of the
 *                                layer and learned: before each step s -= "threshold_rate" (1; >= 0) times the learning rate
 *                                times (dL/ds + "threshold_decay" (0.01; >= 0) s), where clip_norm scales dL/ds as it does
 *                                the other gradients. Weights within +-t have gradient 0, but stay stored and may come back,
 *                                until the last update ("until") takes them away, but one of a layer at least, makes w of the
 *                                others what forward made of it, and ends the threshold. Of those within +-t "drop_fraction"
 *                                go for good at every update before; nothing grows. Without "until" it never ends. Another
 *                                method given instead leaves the weights that forward used, prune is refused. str 1
 *  "threshold_start"       -5    in +-1e6; s at first
 *  "replaces_step"         0     0 or 1: an update takes the place of the optimizer's step. rigl srigl 1
 *
 *  Options that contradict each other are told by espalier_network_set_topology. */
int espalier_topology_set(espalier_topology *topology, const char *name, double value);

/** Read an option, or "method". */
int espalier_topology_get(const espalier_topology *topology, const char *name, double *value);

/** What a score function sees of a layer: the network's own arrays, to be read only, and only during the call. */
typedef struct espalier_layer_view {
  int64_t layer;            /**< its number */
  int64_t units;            /**< rows of W */
  int64_t inputs;           /**< columns of W */
  int64_t connections;      /**< now, before the update */
  const int64_t *row_start; /**< units+1 offsets of each unit's connections, from 0 */
  const int32_t *columns;   /**< input of each connection, from 0, ascending within a unit */
  const void *weights;      /**< connections values; these arrays are float or double as the network is */
  const void *gradients;    /**< dL/dw of the last backward pass; connections values */
  const void *moments[3];   /**< connections values each, NULL where the optimizer has none. sgd: momentum buffer. rmsprop:
                                 mean of squares, mean, momentum buffer. adagrad: sum of squares. adam, adamw: first and second
                                 moment, largest second moment */
  int64_t first_row;        /**< growing: number of the first unit, from 0, whose positions are asked for; dropping: 0 */
  int64_t rows;             /**< growing: how many units; dropping: units */
} espalier_layer_view;

/** A score of the caller's. Returns 0, or anything else to stop the update: ESPALIER_ERROR_STOPPED; then no pattern of the
 *  method's layers has changed, and the update stays due.
 *  To drop by: fill `connections` scores; the smallest go (between equals the lower position stays). They may be infinite; NaN is
 *  ESPALIER_ERROR_NON_FINITE, after which all is as after ESPALIER_ERROR_STOPPED.
 *  To grow by: `scores` (rows, inputs) come in as dL/dW at each of these positions, after espalier_network_set_reduction_f32;
 *  leave scores there; NaN or Inf is ESPALIER_ERROR_NON_FINITE, as above. Those of largest absolute value among the positions
 *  without a connection grow. The function is called for one block of rows after the other, from first_row 0 on; with
 *  "constant_fan_in" all of them come twice.
 *  It runs in the thread of the call that updates the pattern, must not use that network, and must give the same scores for the
 *  same view, or the same seed no longer gives the same bits. @param user what was passed in */
typedef int (*espalier_score_f32)(void *user, const espalier_layer_view *view, float *scores);
typedef int (*espalier_score_f64)(void *user, const espalier_layer_view *view, double *scores);

/** Drop by a score of the caller's ("drop" becomes ESPALIER_DROP_CALLBACK), or for NULL by the method's own again. Networks
 *  that are given the topology must be of the function's precision (ESPALIER_ERROR_PRECISION), and keep the function and
 *  `user`, which may be NULL, as long as they have the method. Not for a static method. */
int espalier_topology_set_drop_f32(espalier_topology *topology, espalier_score_f32 score, void *user);
int espalier_topology_set_drop_f64(espalier_topology *topology, espalier_score_f64 score, void *user);

/** Grow by a score of the caller's ("grow" becomes ESPALIER_GROW_CALLBACK), or for NULL by the method's own again. The same
 *  holds for it. Updates need the backward pass of the step, as with ESPALIER_GROW_GRADIENT. */
int espalier_topology_set_grow_f32(espalier_topology *topology, espalier_score_f32 score, void *user);
int espalier_topology_set_grow_f64(espalier_topology *topology, espalier_score_f64 score, void *user);

/** Sums `values` over the ranks of a data-parallel run in place, as MPI_Allreduce does. Returns 0, or anything else to stop
 *  the update: ESPALIER_ERROR_STOPPED. NaN or Inf among the sums: ESPALIER_ERROR_NON_FINITE, with no pattern of the method
 *  changed. @param user what was passed in  @param layer its number  @param count of values */
typedef int (*espalier_reduction_f32)(void *user, int64_t layer, float *values, int64_t count);
typedef int (*espalier_reduction_f64)(void *user, int64_t layer, double *values, int64_t count);

/** Have gradients that connections grow by summed over ranks: every block of them is handed to the function before it is
 *  chosen from. NULL: no more. Any time. Ranks that began with the same network (one seed, one program) then change their
 *  patterns alike, if the caller also sums the gradient array between backward and update:
 *    espalier_network_forward_f32, espalier_network_backward_f32, MPI_Allreduce of dw, espalier_network_update,
 *    espalier_network_evolve
 *  Every rank is asked for the same blocks in the same order. @param user may be NULL */
int espalier_network_set_reduction_f32(espalier_network *network, espalier_reduction_f32 reduction, void *user);
int espalier_network_set_reduction_f64(espalier_network *network, espalier_reduction_f64 reduction, void *user);

/* ------------------------------------------------------------------ pruning */

/** Make a pruning. @param criterion ESPALIER_PRUNE_RANDOM ..  @param pruning receives the handle; must point to NULL */
int espalier_pruning_create(int criterion, espalier_pruning **pruning);

/** Destroy it; NULL is ESPALIER_OK. */
int espalier_pruning_destroy(espalier_pruning *pruning);

/** Set an option.
 *  Every criterion: "density" (0.1; in (0, 1]), the share of the positions that keeps its connection; "scope"
 *  (ESPALIER_SCOPE_LAYER for random, magnitude, obs and sparsegpt, else ESPALIER_SCOPE_GLOBAL; never that for sparsegpt);
 *  "distribution"
 *  (ESPALIER_ERDOS_RENYI_KERNEL), used with ESPALIER_SCOPE_DISTRIBUTION and the network's "distribution_power".
 *  snip, grasp, fisher, synflow: "rounds" (1, synflow 100; >= 1): scores are computed anew after each, as if the connections
 *  that went had never been there. Round k of n does what a call with one round and the density a (density / a)^(k/n) does, a
 *  being the share of the positions that is connected before: of each layer with ESPALIER_SCOPE_LAYER, else of all layers that
 *  take part together. snip, grasp, fisher: "temperature" (1, grasp 200; > 0): outputs are divided by it in
 *  a loss that takes logits.
 *  magnitude, obs, sparsegpt: "n" and "m" (0 and 0; n in 1 .. m): each unit keeps at most n of each m inputs that follow one
 *  another, whatever the density and scope; m must divide the inputs of every layer that takes part.
 *  obs, sparsegpt: "damping" (0.01; >= 0), the share of the mean of H's diagonal that is added to it.
 *  sparsegpt: "block" (128; >= 1), inputs that are chosen from at a time, rounded up to a multiple of m. */
int espalier_pruning_set(espalier_pruning *pruning, const char *name, double value);

/** Read an option, or "criterion". */
int espalier_pruning_get(const espalier_pruning *pruning, const char *name, double *value);

/** Take connections away, at any time after build: n - floor((1 - density) n) of n positions keep theirs, exactly, and
 *  between equal scores the lower position. All layers with connections take part but those with "fixed_density"; biases stay. A dense
 *  layer becomes sparse. A layer that has no more connections than it is to keep stays as it is; with ESPALIER_SCOPE_GLOBAL
 *  the same holds of all of them together.
 *
 *  Weights, gradients and optimizer state of what stays are kept to the bit, in memory that shrinks to what is left:
 *  parameter_count falls, each layer's part of the parameters moves down in the array (w and dw when bound, whose ends are
 *  set to 0), pointers from espalier_network_parameters_* and espalier_layer_parameters_* end, topology methods begin afresh
 *  on the new patterns, and accumulated gradients are forgotten.
 *
 *  Scores are computed in double precision on a copy, without dropout, in batches of 256 samples; nothing but what stays is
 *  kept afterwards. Until the call returns it takes 17 bytes a connection and the memory of the network that is left (with more
 *  than one round also 1 byte a connection, and the pattern's indices and 9 bytes of each that the first round leaves); but for
 *  random and magnitude another 16 bytes a connection, 8 for each of the sparse layer with the most, 32 bytes a unit and 8 an
 *  input of the network for each sample of 256 (synflow: of 1); fisher and grasp another 8 for each connection of the largest
 *  layer and for each input of the widest one and sample, grasp another 16 bytes a connection and 24 a unit and sample.
 *
 *  obs and sparsegpt change the weights that stay, not the biases, and are meant for a network that is trained. They go from
 *  layer to layer; the inputs of a layer are those that the samples give through the layers before it, already pruned. Weights
 *  of an input that was 0 in all samples become 0. They need, beside the parameters once more, for one layer at a time: 8
 *  bytes for each pair of inputs, 8 an input and sample of max_batch, 9 a connection; obs, in a dense layer, the pairs once
 *  more, and once more a thread (in a sparse one: of the unit with the most inputs), and 12 a connection; sparsegpt 9 for each
 *  position and 16 a unit and input of a block. obs takes time in proportion to units times inputs^3, sparsegpt to inputs^3.
 *
 *  @param x (samples, inputs)  @param target (samples, outputs)
 *  x, target and samples are passed over by random, magnitude and synflow, and may then be NULL and 0; target also by obs and
 *  sparsegpt.
 *  ESPALIER_ERROR_INVALID_ARGUMENT also for a density that leaves a layer nothing and targets that the loss is not meant for,
 *  ESPALIER_ERROR_NON_FINITE for NaN or Inf in the data, the loss or a score, ESPALIER_ERROR_INVALID_STATE while a layer has
 *  a soft threshold (topology method str before its last update), ESPALIER_ERROR_NUMERICAL when H cannot be factored,
 *  ESPALIER_ERROR_OUT_OF_MEMORY when a layer has more inputs than there is memory for their pairs. obs and sparsegpt go through the network's own layers: once
 *  they compute, the last forward pass is gone, as after predict, also when they fail. */
int espalier_network_prune_f32(espalier_network *network, const espalier_pruning *pruning, const float *x,
                               const float *target, int64_t samples);
int espalier_network_prune_f64(espalier_network *network, const espalier_pruning *pruning, const double *x,
                               const double *target, int64_t samples);

/** The same with class numbers, from "label_base", for ESPALIER_SOFTMAX_CROSS_ENTROPY. @param labels (samples) */
int espalier_network_prune_labels_f32(espalier_network *network, const espalier_pruning *pruning, const float *x,
                                      const int32_t *labels, int64_t samples);
int espalier_network_prune_labels_f64(espalier_network *network, const espalier_pruning *pruning, const double *x,
                                      const int32_t *labels, int64_t samples);

#ifdef __cplusplus
}
#endif

#endif
