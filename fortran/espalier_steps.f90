!> The part of a network that computes: training steps, their phases, prediction and evaluation.
module espalier_steps
  use, intrinsic :: iso_c_binding, only: c_int64_t
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use :: espalier_c, only: espalier_all_layers, espalier_error_invalid_argument, espalier_network_backward_f32, &
    espalier_network_backward_f64, espalier_network_end_epoch, espalier_network_evaluate_f32, espalier_network_evaluate_f64, &
    espalier_network_evaluate_labels_f32, espalier_network_evaluate_labels_f64, espalier_network_evolve, &
    espalier_network_evolve_now, espalier_network_forward_f32, espalier_network_forward_f64, espalier_network_predict_f32, &
    espalier_network_predict_f64, espalier_network_remember, espalier_network_rewind, espalier_network_train_step_f32, &
    espalier_network_train_step_f64, espalier_network_train_step_labels_f32, espalier_network_train_step_labels_f64, &
    espalier_network_update
  use :: espalier_parameters, only: network_parameters
  use :: espalier_support, only: check_extent, conclude, message_length, refuse, to_real64
  implicit none
  private
  public :: network_steps

  type, extends(network_parameters) :: network_steps
  contains
    procedure, private :: train_step_f32, train_step_f64, train_step_labels_f32, train_step_labels_f64
    generic, public :: train_step => train_step_f32, train_step_f64, train_step_labels_f32, train_step_labels_f64
      !! One step on a batch with targets (outputs, batch) or class numbers (batch): forward, loss, backward, update, and
      !! drop and grow when due. `loss` is the batch's mean before the update. When data, loss or a gradient
      !! is not finite, or a target is none that the loss is meant for, no weight changes.
    procedure, private :: forward_f32, forward_f64, backward_f32, backward_f64
    generic, public :: forward => forward_f32, forward_f64
      !! Outputs (outputs, batch) in training mode; keeps what backward needs.
    generic, public :: backward => backward_f32, backward_f64
      !! From the derivative of the loss by the outputs of the forward pass just made: gradients into the gradient array,
      !! and `dx`, the derivative by the inputs, when asked for. NaN or Inf among the former fails; what overflows on the way
      !! is left to `update`.
    procedure :: update
      !! Every layer's optimizer, in place on the parameters, from the gradient array. NaN or Inf there fails before any
      !! parameter changes.
    procedure :: evolve
      !! Drop and grow where it is due; with `drop_fraction` now, whatever the schedule.
    procedure :: end_epoch
      !! Count an epoch as ended, and drop and grow where a clock of epochs makes it due. `train` calls it; a loop of one's own
      !! calls it after the last step of an epoch and before it evaluates.
    procedure :: remember
      !! Keep a copy of all parameters, and of what layers keep beside them, for `rewind`, in place of an earlier one. It follows
      !! the connections through every change of pattern.
    procedure :: rewind => rewind_training
      !! Begin the training again with the connections there are now: parameters and what layers keep beside them are what they
      !! were at `remember`, bit for bit, connections that have come since are 0, optimizers and topology methods start afresh,
      !! steps and epochs count from 0. The copy is kept. Fails when nothing is remembered.
    procedure, private :: predict_f32, predict_f64
    generic, public :: predict => predict_f32, predict_f64
      !! Outputs in inference mode, for any number of samples.
    procedure, private :: evaluate_f32, evaluate_f64, evaluate_labels_f32, evaluate_labels_f64
    generic, public :: evaluate => evaluate_f32, evaluate_f64, evaluate_labels_f32, evaluate_labels_f64
      !! Mean loss in inference mode; with class numbers the accuracy too.
    procedure, private :: accuracy_f32, accuracy_f64
    generic, public :: accuracy => accuracy_f32, accuracy_f64
      !! Share of the samples whose largest output is their class; 0 after a failure.
    procedure :: fits
    procedure :: fits_labels
  end type

contains

  subroutine train_step_f32(self, x, target, loss, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real32), intent(in), contiguous :: x(:, :), target(:, :)
    real(real64), intent(out) :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    loss = 0
    if (.not. self%fits("train_step", shape(x, int64), "target", shape(target, int64), stat, errmsg)) return
    call conclude(espalier_network_train_step_f32(self%handle, x, target, size(x, 2, c_int64_t), loss), stat, errmsg)
  end subroutine

  subroutine train_step_labels_f32(self, x, labels, loss, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real32), intent(in), contiguous :: x(:, :)
    integer(int32), intent(in), contiguous :: labels(:)
    real(real64), intent(out) :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    loss = 0
    if (.not. self%fits_labels("train_step", shape(x, int64), "labels", size(labels, kind=int64), stat, errmsg)) return
    call conclude(espalier_network_train_step_labels_f32(self%handle, x, labels, size(x, 2, c_int64_t), loss), stat, errmsg)
  end subroutine

  subroutine forward_f32(self, x, y, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real32), intent(in), contiguous :: x(:, :)
    real(real32), intent(inout), contiguous :: y(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%fits("forward", shape(x, int64), "y", shape(y, int64), stat, errmsg)) return
    call conclude(espalier_network_forward_f32(self%handle, x, size(x, 2, c_int64_t), y), stat, errmsg)
  end subroutine

  subroutine backward_f32(self, dloss_dy, dx, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real32), intent(in), contiguous :: dloss_dy(:, :)
    real(real32), intent(inout), contiguous, optional :: dx(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%is_alive("backward", stat, errmsg)) return
    if (.not. check_extent("backward", "size(dloss_dy, 1)", size(dloss_dy, 1, int64), "outputs", self%output_count(), &
                           stat, errmsg)) return
    if (present(dx)) then
      if (.not. self%fits("backward", shape(dx, int64), "dloss_dy", shape(dloss_dy, int64), stat, errmsg, "dx")) return
    end if
    call conclude(espalier_network_backward_f32(self%handle, dloss_dy, size(dloss_dy, 2, c_int64_t), dx), stat, errmsg)
  end subroutine

  subroutine train_step_f64(self, x, target, loss, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real64), intent(in), contiguous :: x(:, :), target(:, :)
    real(real64), intent(out) :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    loss = 0
    if (.not. self%fits("train_step", shape(x, int64), "target", shape(target, int64), stat, errmsg)) return
    call conclude(espalier_network_train_step_f64(self%handle, x, target, size(x, 2, c_int64_t), loss), stat, errmsg)
  end subroutine

  subroutine train_step_labels_f64(self, x, labels, loss, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real64), intent(in), contiguous :: x(:, :)
    integer(int32), intent(in), contiguous :: labels(:)
    real(real64), intent(out) :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    loss = 0
    if (.not. self%fits_labels("train_step", shape(x, int64), "labels", size(labels, kind=int64), stat, errmsg)) return
    call conclude(espalier_network_train_step_labels_f64(self%handle, x, labels, size(x, 2, c_int64_t), loss), stat, errmsg)
  end subroutine

  subroutine forward_f64(self, x, y, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real64), intent(in), contiguous :: x(:, :)
    real(real64), intent(inout), contiguous :: y(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%fits("forward", shape(x, int64), "y", shape(y, int64), stat, errmsg)) return
    call conclude(espalier_network_forward_f64(self%handle, x, size(x, 2, c_int64_t), y), stat, errmsg)
  end subroutine

  subroutine backward_f64(self, dloss_dy, dx, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real64), intent(in), contiguous :: dloss_dy(:, :)
    real(real64), intent(inout), contiguous, optional :: dx(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%is_alive("backward", stat, errmsg)) return
    if (.not. check_extent("backward", "size(dloss_dy, 1)", size(dloss_dy, 1, int64), "outputs", self%output_count(), &
                           stat, errmsg)) return
    if (present(dx)) then
      if (.not. self%fits("backward", shape(dx, int64), "dloss_dy", shape(dloss_dy, int64), stat, errmsg, "dx")) return
    end if
    call conclude(espalier_network_backward_f64(self%handle, dloss_dy, size(dloss_dy, 2, c_int64_t), dx), stat, errmsg)
  end subroutine

  subroutine update(self, stat, errmsg)
    class(network_steps), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%is_alive("update", stat, errmsg)) return
    call conclude(espalier_network_update(self%handle), stat, errmsg)
  end subroutine

  subroutine evolve(self, layer, drop_fraction, stat, errmsg)
    class(network_steps), intent(in) :: self
    integer, intent(in), optional :: layer
      !! With drop_fraction only: a schedule is a layer's own.
    class(*), intent(in), optional :: drop_fraction
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int64_t) :: number
    real(real64) :: fraction
    logical :: is_number
    if (.not. self%is_alive("evolve", stat, errmsg)) return
    number = espalier_all_layers
    if (present(layer)) number = int(layer, c_int64_t)
    if (present(drop_fraction)) then
      call to_real64(drop_fraction, fraction, is_number)
      if (is_number) then
        call conclude(espalier_network_evolve_now(self%handle, number, fraction), stat, errmsg)
      else
        call refuse(espalier_error_invalid_argument, "evolve: drop_fraction must be a real number", stat, errmsg)
      end if
    else if (present(layer)) then
      call refuse(espalier_error_invalid_argument, "evolve: layer needs a drop_fraction", stat, errmsg)
    else
      call conclude(espalier_network_evolve(self%handle), stat, errmsg)
    end if
  end subroutine

  subroutine end_epoch(self, stat, errmsg)
    class(network_steps), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%is_alive("end_epoch", stat, errmsg)) return
    call conclude(espalier_network_end_epoch(self%handle), stat, errmsg)
  end subroutine

  subroutine remember(self, stat, errmsg)
    class(network_steps), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%is_alive("remember", stat, errmsg)) return
    call conclude(espalier_network_remember(self%handle), stat, errmsg)
  end subroutine

  subroutine rewind_training(self, stat, errmsg)
    class(network_steps), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%is_alive("rewind", stat, errmsg)) return
    call conclude(espalier_network_rewind(self%handle), stat, errmsg)
  end subroutine

  subroutine predict_f32(self, x, y, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real32), intent(in), contiguous :: x(:, :)
    real(real32), intent(inout), contiguous :: y(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%fits("predict", shape(x, int64), "y", shape(y, int64), stat, errmsg)) return
    call conclude(espalier_network_predict_f32(self%handle, x, size(x, 2, c_int64_t), y), stat, errmsg)
  end subroutine

  subroutine evaluate_f32(self, x, target, loss, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real32), intent(in), contiguous :: x(:, :), target(:, :)
    real(real64), intent(out) :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    loss = 0
    if (.not. self%fits("evaluate", shape(x, int64), "target", shape(target, int64), stat, errmsg)) return
    call conclude(espalier_network_evaluate_f32(self%handle, x, target, size(x, 2, c_int64_t), loss), stat, errmsg)
  end subroutine

  subroutine evaluate_labels_f32(self, x, labels, loss, accuracy, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real32), intent(in), contiguous :: x(:, :)
    integer(int32), intent(in), contiguous :: labels(:)
    real(real64), intent(out) :: loss
    real(real64), intent(out), optional :: accuracy
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    loss = 0
    if (present(accuracy)) accuracy = 0
    if (.not. self%fits_labels("evaluate", shape(x, int64), "labels", size(labels, kind=int64), stat, errmsg)) return
    call conclude(espalier_network_evaluate_labels_f32(self%handle, x, labels, size(x, 2, c_int64_t), loss, accuracy), &
                  stat, errmsg)
  end subroutine

  real(real64) function accuracy_f32(self, x, labels, stat, errmsg) result(accuracy)
    class(network_steps), intent(in) :: self
    real(real32), intent(in), contiguous :: x(:, :)
    integer(int32), intent(in), contiguous :: labels(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    accuracy = 0
    if (.not. self%fits_labels("accuracy", shape(x, int64), "labels", size(labels, kind=int64), stat, errmsg)) return
    call conclude(espalier_network_evaluate_labels_f32(self%handle, x, labels, size(x, 2, c_int64_t), accuracy=accuracy), &
                  stat, errmsg)
  end function

  subroutine predict_f64(self, x, y, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real64), intent(in), contiguous :: x(:, :)
    real(real64), intent(inout), contiguous :: y(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%fits("predict", shape(x, int64), "y", shape(y, int64), stat, errmsg)) return
    call conclude(espalier_network_predict_f64(self%handle, x, size(x, 2, c_int64_t), y), stat, errmsg)
  end subroutine

  subroutine evaluate_f64(self, x, target, loss, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real64), intent(in), contiguous :: x(:, :), target(:, :)
    real(real64), intent(out) :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    loss = 0
    if (.not. self%fits("evaluate", shape(x, int64), "target", shape(target, int64), stat, errmsg)) return
    call conclude(espalier_network_evaluate_f64(self%handle, x, target, size(x, 2, c_int64_t), loss), stat, errmsg)
  end subroutine

  subroutine evaluate_labels_f64(self, x, labels, loss, accuracy, stat, errmsg)
    class(network_steps), intent(in) :: self
    real(real64), intent(in), contiguous :: x(:, :)
    integer(int32), intent(in), contiguous :: labels(:)
    real(real64), intent(out) :: loss
    real(real64), intent(out), optional :: accuracy
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    loss = 0
    if (present(accuracy)) accuracy = 0
    if (.not. self%fits_labels("evaluate", shape(x, int64), "labels", size(labels, kind=int64), stat, errmsg)) return
    call conclude(espalier_network_evaluate_labels_f64(self%handle, x, labels, size(x, 2, c_int64_t), loss, accuracy), &
                  stat, errmsg)
  end subroutine

  real(real64) function accuracy_f64(self, x, labels, stat, errmsg) result(accuracy)
    class(network_steps), intent(in) :: self
    real(real64), intent(in), contiguous :: x(:, :)
    integer(int32), intent(in), contiguous :: labels(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    accuracy = 0
    if (.not. self%fits_labels("accuracy", shape(x, int64), "labels", size(labels, kind=int64), stat, errmsg)) return
    call conclude(espalier_network_evaluate_labels_f64(self%handle, x, labels, size(x, 2, c_int64_t), accuracy=accuracy), &
                  stat, errmsg)
  end function

  logical function fits(self, where, of_x, other, of_other, stat, errmsg, x_name)
    !! Whether the network is there and inputs and outputs have its shapes and equally many samples.
    class(network_steps), intent(in) :: self
    character(*), intent(in) :: where, other
    integer(int64), intent(in) :: of_x(2), of_other(2)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(*), intent(in), optional :: x_name
      !! What the message calls `x`.
    character(message_length) :: x
    fits = .false.
    if (.not. self%is_alive(where, stat, errmsg)) return
    fits = of_x(1) == self%input_count() .and. of_other(1) == self%output_count() .and. of_x(2) == of_other(2)
    if (fits) return
    x = "x"
    if (present(x_name)) x = x_name
    if (.not. check_extent(where, "size(" // trim(x) // ", 1)", of_x(1), "inputs", self%input_count(), stat, errmsg)) return
    if (.not. check_extent(where, "size(" // other // ", 1)", of_other(1), "outputs", self%output_count(), stat, &
                           errmsg)) return
    fits = check_extent(where, "size(" // other // ", 2)", of_other(2), "size(" // trim(x) // ", 2)", of_x(2), stat, errmsg)
  end function

  logical function fits_labels(self, where, of_x, other, of_other, stat, errmsg)
    !! The same for class numbers, of which a sample has as many as the outputs have places.
    class(network_steps), intent(in) :: self
    character(*), intent(in) :: where, other
    integer(int64), intent(in) :: of_x(2), of_other
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(int64) :: labels
    character(20) :: of_labels
    fits_labels = .false.
    if (.not. self%is_alive(where, stat, errmsg)) return
    labels = nint(self%option("labels_per_sample"), int64)
    fits_labels = of_x(1) == self%input_count() .and. of_x(2) * labels == of_other
    if (fits_labels) return
    if (.not. check_extent(where, "size(x, 1)", of_x(1), "inputs", self%input_count(), stat, errmsg)) return
    of_labels = "size(x, 2)"
    if (labels /= 1) of_labels = "size(x, 2) x places"
    fits_labels = check_extent(where, "size(" // other // ")", of_other, trim(of_labels), of_x(2) * labels, stat, errmsg)
  end function

end module espalier_steps
