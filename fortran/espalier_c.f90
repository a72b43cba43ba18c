!> The C functions of `espalier.h` for Fortran, one to one: constants, and interfaces with assumed-size arrays and values.
!> For programs that want exactly the C calls; [[espalier]] has types, generics, shape checks and error handling.
module espalier_c
  use, intrinsic :: iso_c_binding, only: c_int
  use :: espalier_c_callbacks
  use :: espalier_c_network
  use :: espalier_c_options
  use :: espalier_c_pruning
  use :: espalier_c_stencils
  use :: espalier_c_training
  implicit none
  public

  ! Statuses
  integer(c_int), parameter :: espalier_ok = 0
  integer(c_int), parameter :: espalier_error_null_argument = 1
  !! A pointer that must not be NULL is NULL.
  integer(c_int), parameter :: espalier_error_invalid_argument = 2
  !! A value is out of its range, NaN or infinite.
  integer(c_int), parameter :: espalier_error_invalid_handle = 3
  !! A handle is destroyed, of another kind, or not a handle.
  integer(c_int), parameter :: espalier_error_invalid_state = 4
  !! Calls in the wrong order.
  integer(c_int), parameter :: espalier_error_precision = 5
  !! Single-precision arrays for a double-precision object or the other way round.
  integer(c_int), parameter :: espalier_error_unknown_name = 6
  !! No option of that name.
  integer(c_int), parameter :: espalier_error_buffer_too_small = 7
  !! A caller's array is too small.
  integer(c_int), parameter :: espalier_error_batch_too_large = 8
  !! More samples than the max_batch given to build.
  integer(c_int), parameter :: espalier_error_non_finite = 9
  !! NaN or Inf in data, loss, gradients or scores, and no weight has changed; or in the weights that a step has made.
  integer(c_int), parameter :: espalier_error_out_of_memory = 10
  !! An allocation failed.
  integer(c_int), parameter :: espalier_error_numerical = 11
  !! A LAPACK factorisation failed.
  integer(c_int), parameter :: espalier_error_busy = 12
  !! Another thread is inside a call with the same handle.
  integer(c_int), parameter :: espalier_error_stopped = 13
  !! The caller's callback asked to stop.

  ! Every layer that has weights
  integer(c_int), parameter :: espalier_all_layers = 0

  ! Precisions
  integer(c_int), parameter :: espalier_float32 = 32
  integer(c_int), parameter :: espalier_float64 = 64

  ! What has options
  integer(c_int), parameter :: espalier_owner_network = 0
  integer(c_int), parameter :: espalier_owner_layer = 1
  integer(c_int), parameter :: espalier_owner_optimizer = 2
  integer(c_int), parameter :: espalier_owner_topology = 3
  integer(c_int), parameter :: espalier_owner_pruning = 4

  ! What the value of an option stands for
  integer(c_int), parameter :: espalier_option_flag = 0
  integer(c_int), parameter :: espalier_option_choice = 1
  integer(c_int), parameter :: espalier_option_integer = 2
  integer(c_int), parameter :: espalier_option_real = 3

  ! Kinds of layers
  integer(c_int), parameter :: espalier_layer_linear = 0
  integer(c_int), parameter :: espalier_layer_dropout = 1
  integer(c_int), parameter :: espalier_layer_sum = 2
  integer(c_int), parameter :: espalier_layer_concatenation = 3
  integer(c_int), parameter :: espalier_layer_convolution = 4
  integer(c_int), parameter :: espalier_layer_transposed_convolution = 5
  integer(c_int), parameter :: espalier_layer_locally_connected = 6
  integer(c_int), parameter :: espalier_layer_max_pooling = 7
  integer(c_int), parameter :: espalier_layer_average_pooling = 8
  integer(c_int), parameter :: espalier_layer_global_average_pooling = 9
  integer(c_int), parameter :: espalier_layer_upsampling = 10
  integer(c_int), parameter :: espalier_layer_reshape = 11
  integer(c_int), parameter :: espalier_layer_permute = 12
  integer(c_int), parameter :: espalier_layer_product = 13
  integer(c_int), parameter :: espalier_layer_slice = 14
  integer(c_int), parameter :: espalier_layer_activation = 15
  integer(c_int), parameter :: espalier_layer_batch_norm = 16
  integer(c_int), parameter :: espalier_layer_layer_norm = 17
  integer(c_int), parameter :: espalier_layer_group_norm = 18
  integer(c_int), parameter :: espalier_layer_normalization = 19
  integer(c_int), parameter :: espalier_layer_embedding = 20
  integer(c_int), parameter :: espalier_layer_position = 21
  integer(c_int), parameter :: espalier_layer_attention = 22
  integer(c_int), parameter :: espalier_layer_input = 23

  integer(c_int), parameter :: espalier_dimension_channels = 0
  integer(c_int), parameter :: espalier_dimension_width = 1
  integer(c_int), parameter :: espalier_dimension_height = 2
  integer(c_int), parameter :: espalier_dimension_depth = 3

  integer(c_int), parameter :: espalier_upsampling_nearest = 0
  integer(c_int), parameter :: espalier_upsampling_linear = 1

  ! What lies beyond the ends of a dimension
  integer(c_int), parameter :: espalier_padding_zeros = 0
  integer(c_int), parameter :: espalier_padding_periodic = 1
  integer(c_int), parameter :: espalier_padding_reflect = 2
  integer(c_int), parameter :: espalier_padding_replicate = 3

  ! Activations
  integer(c_int), parameter :: espalier_identity = 0
  integer(c_int), parameter :: espalier_relu = 1
  integer(c_int), parameter :: espalier_leaky_relu = 2
  integer(c_int), parameter :: espalier_gelu = 3
  integer(c_int), parameter :: espalier_silu = 4
  integer(c_int), parameter :: espalier_sigmoid = 5
  integer(c_int), parameter :: espalier_tanh = 6
  integer(c_int), parameter :: espalier_softmax = 7
  integer(c_int), parameter :: espalier_softplus = 8
  integer(c_int), parameter :: espalier_softsign = 9
  integer(c_int), parameter :: espalier_elu = 10
  integer(c_int), parameter :: espalier_celu = 11
  integer(c_int), parameter :: espalier_hard_sigmoid = 12
  integer(c_int), parameter :: espalier_hard_tanh = 13
  integer(c_int), parameter :: espalier_relu6 = 14
  integer(c_int), parameter :: espalier_mish = 15
  integer(c_int), parameter :: espalier_step = 16

  ! Losses
  integer(c_int), parameter :: espalier_mean_squared_error = 0
  integer(c_int), parameter :: espalier_softmax_cross_entropy = 1
  integer(c_int), parameter :: espalier_binary_cross_entropy = 2
  integer(c_int), parameter :: espalier_huber = 3

  ! Initialisers
  integer(c_int), parameter :: espalier_he_uniform = 0
  integer(c_int), parameter :: espalier_he_normal = 1
  integer(c_int), parameter :: espalier_glorot_uniform = 2
  integer(c_int), parameter :: espalier_glorot_normal = 3
  integer(c_int), parameter :: espalier_orthogonal = 4
  integer(c_int), parameter :: espalier_zeros = 5

  ! Distributions of one overall density over the layers
  integer(c_int), parameter :: espalier_uniform = 0
  integer(c_int), parameter :: espalier_erdos_renyi = 1
  integer(c_int), parameter :: espalier_erdos_renyi_kernel = 2
  integer(c_int), parameter :: espalier_first_dense = 3

  ! Optimizer rules
  integer(c_int), parameter :: espalier_sgd = 0
  integer(c_int), parameter :: espalier_rmsprop = 1
  integer(c_int), parameter :: espalier_adagrad = 2
  integer(c_int), parameter :: espalier_adam = 3
  integer(c_int), parameter :: espalier_adamw = 4

  ! Learning-rate schedules
  integer(c_int), parameter :: espalier_schedule_constant = 0
  integer(c_int), parameter :: espalier_schedule_step = 1
  integer(c_int), parameter :: espalier_schedule_exponential = 2
  integer(c_int), parameter :: espalier_schedule_cosine = 3

  ! Topology methods
  integer(c_int), parameter :: espalier_static = 0
  integer(c_int), parameter :: espalier_set = 1
  integer(c_int), parameter :: espalier_rigl = 2
  integer(c_int), parameter :: espalier_snfs = 3
  integer(c_int), parameter :: espalier_itop = 4
  integer(c_int), parameter :: espalier_granet = 5
  integer(c_int), parameter :: espalier_mest = 6
  integer(c_int), parameter :: espalier_top_kast = 7
  integer(c_int), parameter :: espalier_gradual = 8
  integer(c_int), parameter :: espalier_acdc = 9
  integer(c_int), parameter :: espalier_deepr = 10
  integer(c_int), parameter :: espalier_dsr = 11
  integer(c_int), parameter :: espalier_sampled = 12
  integer(c_int), parameter :: espalier_srigl = 13
  integer(c_int), parameter :: espalier_str = 14

  ! What a topology schedule counts
  integer(c_int), parameter :: espalier_clock_steps = 0
  integer(c_int), parameter :: espalier_clock_epochs = 1

  ! Decay of the drop fraction
  integer(c_int), parameter :: espalier_decay_constant = 0
  integer(c_int), parameter :: espalier_decay_cosine = 1
  integer(c_int), parameter :: espalier_decay_linear = 2
  integer(c_int), parameter :: espalier_decay_exponential = 3
  integer(c_int), parameter :: espalier_decay_inverse_power = 4
  integer(c_int), parameter :: espalier_decay_learning_rate = 5

  ! What connections are dropped by
  integer(c_int), parameter :: espalier_drop_magnitude = 0
  integer(c_int), parameter :: espalier_drop_weight_gradient = 1
  integer(c_int), parameter :: espalier_drop_weight_plus_gradient = 2
  integer(c_int), parameter :: espalier_drop_magnitude_increase = 3
  integer(c_int), parameter :: espalier_drop_sign_flip = 4
  integer(c_int), parameter :: espalier_drop_random = 5
  integer(c_int), parameter :: espalier_drop_thresholds = 6
  integer(c_int), parameter :: espalier_drop_callback = 7

  ! How a drop fraction becomes a number
  integer(c_int), parameter :: espalier_rounding_truncate = 0
  integer(c_int), parameter :: espalier_rounding_up = 1

  ! Over what a final density is meant
  integer(c_int), parameter :: espalier_scope_layer = 0
  integer(c_int), parameter :: espalier_scope_global = 1
  integer(c_int), parameter :: espalier_scope_distribution = 2

  ! What new connections are chosen by
  integer(c_int), parameter :: espalier_grow_random = 0
  integer(c_int), parameter :: espalier_grow_gradient = 1
  integer(c_int), parameter :: espalier_grow_momentum = 2
  integer(c_int), parameter :: espalier_grow_unfired = 3
  integer(c_int), parameter :: espalier_grow_sampled = 4
  integer(c_int), parameter :: espalier_grow_callback = 5

  ! From where candidates are sampled
  integer(c_int), parameter :: espalier_sampling_uniform = 0
  integer(c_int), parameter :: espalier_sampling_activity = 1
  integer(c_int), parameter :: espalier_sampling_sketch = 2

  ! What becomes of a connection that is dropped and chosen again
  integer(c_int), parameter :: espalier_just_dropped_keep = 0
  integer(c_int), parameter :: espalier_just_dropped_restart = 1
  integer(c_int), parameter :: espalier_just_dropped_exclude = 2

  ! What a grown connection's weight starts with
  integer(c_int), parameter :: espalier_grown_weight_zero = 0
  integer(c_int), parameter :: espalier_grown_weight_normal = 1
  integer(c_int), parameter :: espalier_grown_weight_uniform = 2
  integer(c_int), parameter :: espalier_grown_weight_layer_normal = 3

  ! How connections are spread over layers
  integer(c_int), parameter :: espalier_redistribute_none = 0
  integer(c_int), parameter :: espalier_redistribute_momentum = 1
  integer(c_int), parameter :: espalier_redistribute_connections = 2

  ! Criteria of a pruning
  integer(c_int), parameter :: espalier_prune_random = 0
  integer(c_int), parameter :: espalier_prune_magnitude = 1
  integer(c_int), parameter :: espalier_prune_snip = 2
  integer(c_int), parameter :: espalier_prune_grasp = 3
  integer(c_int), parameter :: espalier_prune_synflow = 4
  integer(c_int), parameter :: espalier_prune_fisher = 5
  integer(c_int), parameter :: espalier_prune_obs = 6
  integer(c_int), parameter :: espalier_prune_sparsegpt = 7
end module espalier_c
