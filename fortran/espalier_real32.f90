!> The part of a network whose arguments are reals of single precision. Its procedures are in espalier_of_kind.inc.
module espalier_real32
  use, intrinsic :: iso_c_binding, only: c_f_pointer, c_int, c_int64_t, c_null_funptr, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real64, wp => real32
  use :: espalier_c, only: espalier_ok, &
    espalier_layer_fit => espalier_layer_fit_f32, &
    espalier_layer_parameters => espalier_layer_parameters_f32, &
    espalier_layer_state => espalier_layer_state_f32, &
    espalier_network_backward => espalier_network_backward_f32, &
    espalier_network_bind => espalier_network_bind_f32, &
    espalier_network_evaluate => espalier_network_evaluate_f32, &
    espalier_network_evaluate_labels => espalier_network_evaluate_labels_f32, &
    espalier_network_forward => espalier_network_forward_f32, &
    espalier_network_parameters => espalier_network_parameters_f32, &
    espalier_network_predict => espalier_network_predict_f32, &
    espalier_network_prune => espalier_network_prune_f32, &
    espalier_network_prune_labels => espalier_network_prune_labels_f32, &
    espalier_network_train_epoch => espalier_network_train_epoch_f32, &
    espalier_network_train_epoch_labels => espalier_network_train_epoch_labels_f32, &
    espalier_network_train_step => espalier_network_train_step_f32, &
    espalier_network_train_step_labels => espalier_network_train_step_labels_f32
  use :: espalier_prunings, only: discard_pruning_handle, new_pruning_handle, pruning
  use :: espalier_shapes, only: extents_of, in_sequence
  use :: espalier_steps, only: network_steps
  use :: espalier_steps, only: are_bindable, are_sensible, epoch_callback, quiet_nan, takes
  use :: espalier_support, only: conclude, finish, message_length, terminated
  implicit none
  private
  public :: network_of_kind

  type, extends(network_steps) :: network_of_kind
  contains
    procedure, private :: layer_pattern_f32 => layer_pattern
    generic, public :: layer_pattern => layer_pattern_f32
      !! A layer's pattern in the order of its weights, as coordinates or compressed rows, counted from `base` (1 or 0;
      !! default 1), with copies of the weights when `values` is given.
    procedure, private :: parameters_f32 => parameters
    generic, public :: parameters => parameters_f32
      !! Pointers to all parameters and gradients where they are now; valid until bind, unbind or destroy.
    procedure, private :: layer_parameters_f32 => layer_parameters
    generic, public :: layer_parameters => layer_parameters_f32
      !! Pointers to one layer's weights and biases, to read and to set, and to their gradients. Same validity. A layer
      !! without bias has arrays of size 0 there.
    procedure, private :: layer_state_f32 => layer_state
    generic, public :: layer_state => layer_state_f32
      !! A pointer to numbers that a layer keeps beside its parameters, to read and to set, by name: "running_mean" and
      !! "running_variance" of a batch norm, "mean" and "deviation" of a normalization. Valid until destroy.
    procedure, private :: fit_f32 => fit
    generic, public :: fit => fit_f32
      !! Let a normalization layer take its means and deviations from samples x(values, samples) of what it normalises: of the
      !! inputs, or of the targets for an inverse one at the end. A constant gets the deviation 1.
    procedure, private :: bind_f32 => bind
    generic, public :: bind => bind_f32
      !! Let the network work in the caller's arrays, until unbind, another bind or destroy. The current parameters are
      !! copied into `w`, `dw` is zeroed. The caller owns both and must keep them alive and in place; they must be
      !! contiguous and declared with the target attribute, also where they are dummy arguments of the caller.
    procedure, private :: train_step_f32 => train_step, train_step_labels_f32 => train_step_labels
    generic, public :: train_step => train_step_f32, train_step_labels_f32
      !! One step on a batch with targets or class numbers: forward, loss, backward, update, and
      !! drop and grow when due. `loss` is the batch's mean before the update. When data, loss or a gradient
      !! is not finite, or a target is none that the loss is meant for, no weight changes.
    procedure, private :: forward_f32 => forward
    generic, public :: forward => forward_f32
      !! Outputs in training mode; keeps what backward needs.
    procedure, private :: backward_f32 => backward
    generic, public :: backward => backward_f32
      !! From the derivative of the loss by the outputs of the forward pass just made: gradients into the gradient array,
      !! and `dx`, the derivative by the inputs, when asked for. NaN or Inf among the former fails; what overflows on the way
      !! is left to `update`.
    procedure, private :: predict_f32 => predict
    generic, public :: predict => predict_f32
      !! Outputs in inference mode, for any number of samples.
    procedure, private :: evaluate_f32 => evaluate, evaluate_labels_f32 => evaluate_labels
    generic, public :: evaluate => evaluate_f32, evaluate_labels_f32
      !! Mean loss in inference mode; with class numbers the accuracy too.
    procedure, private :: accuracy_f32 => accuracy
    generic, public :: accuracy => accuracy_f32
      !! Share of the samples whose largest output is their class; 0 after a failure.
    procedure, private :: prune_f32 => prune, prune_labels_f32 => prune_labels
    generic, public :: prune => prune_f32, prune_labels_f32
      !! Take connections away by a criterion, with samples, and targets or class numbers where it needs them; without either
      !! `stat` goes by keyword. Dense layers become sparse, memory shrinks to what stays, and what stays keeps its weight (but
      !! for `obs` and `sparse_gpt`) and optimizer state; layers made with `fixed_density` keep all. `parameter_count` falls,
      !! each layer's part of bound arrays moves towards their front, and pointers from `parameters` and `layer_parameters` end.
      !! After a failure nothing has changed.
    procedure, private :: train_f32 => train, train_labels_f32 => train_labels
    generic, public :: train => train_f32, train_labels_f32
      !! Epochs over all samples in batches, in an order drawn anew for each epoch when `shuffle` (default). After each the
      !! validation set, if any, is evaluated and `callback` is told, which may stop the training. `loss` receives the mean
      !! of the last epoch. What was trained before a failure stays.
  end type

contains

  include "espalier_of_kind.inc"

end module espalier_real32
