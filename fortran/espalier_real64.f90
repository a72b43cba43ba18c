!> The part of a network whose arguments are reals of double precision. Its procedures are in espalier_of_kind.inc.
module espalier_real64
  use, intrinsic :: iso_c_binding, only: c_f_pointer, c_int, c_int64_t, c_null_funptr, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real64
  use :: espalier_c, only: espalier_ok, &
    espalier_layer_fit => espalier_layer_fit_f64, &
    espalier_layer_parameters => espalier_layer_parameters_f64, &
    espalier_layer_state => espalier_layer_state_f64, &
    espalier_network_backward => espalier_network_backward_f64, &
    espalier_network_bind => espalier_network_bind_f64, &
    espalier_network_evaluate => espalier_network_evaluate_f64, &
    espalier_network_evaluate_labels => espalier_network_evaluate_labels_f64, &
    espalier_network_forward => espalier_network_forward_f64, &
    espalier_network_parameters => espalier_network_parameters_f64, &
    espalier_network_predict => espalier_network_predict_f64, &
    espalier_network_prune => espalier_network_prune_f64, &
    espalier_network_prune_labels => espalier_network_prune_labels_f64, &
    espalier_network_train_epoch => espalier_network_train_epoch_f64, &
    espalier_network_train_epoch_labels => espalier_network_train_epoch_labels_f64, &
    espalier_network_train_step => espalier_network_train_step_f64, &
    espalier_network_train_step_labels => espalier_network_train_step_labels_f64
  use :: espalier_prunings, only: discard_pruning_handle, new_pruning_handle, pruning
  use :: espalier_real32, only: before => network_of_kind
  use :: espalier_shapes, only: extents_of, in_sequence
  use :: espalier_steps, only: are_bindable, are_sensible, epoch_callback, quiet_nan, takes
  use :: espalier_support, only: conclude, finish, message_length, terminated
  implicit none
  private
  public :: network_of_kind

  integer, parameter :: wp = real64

  type, extends(before) :: network_of_kind
  contains
    procedure, private :: layer_pattern_f64 => layer_pattern
    generic, public :: layer_pattern => layer_pattern_f64
    procedure, private :: parameters_f64 => parameters
    generic, public :: parameters => parameters_f64
    procedure, private :: layer_parameters_f64 => layer_parameters
    generic, public :: layer_parameters => layer_parameters_f64
    procedure, private :: layer_state_f64 => layer_state
    generic, public :: layer_state => layer_state_f64
    procedure, private :: fit_f64 => fit
    generic, public :: fit => fit_f64
    procedure, private :: bind_f64 => bind
    generic, public :: bind => bind_f64
    procedure, private :: train_step_f64 => train_step, train_step_labels_f64 => train_step_labels
    generic, public :: train_step => train_step_f64, train_step_labels_f64
    procedure, private :: forward_f64 => forward
    generic, public :: forward => forward_f64
    procedure, private :: backward_f64 => backward
    generic, public :: backward => backward_f64
    procedure, private :: predict_f64 => predict
    generic, public :: predict => predict_f64
    procedure, private :: evaluate_f64 => evaluate, evaluate_labels_f64 => evaluate_labels
    generic, public :: evaluate => evaluate_f64, evaluate_labels_f64
    procedure, private :: accuracy_f64 => accuracy
    generic, public :: accuracy => accuracy_f64
    procedure, private :: prune_f64 => prune, prune_labels_f64 => prune_labels
    generic, public :: prune => prune_f64, prune_labels_f64
    procedure, private :: train_f64 => train, train_labels_f64 => train_labels
    generic, public :: train => train_f64, train_labels_f64
  end type

contains

  include "espalier_of_kind.inc"

end module espalier_real64
