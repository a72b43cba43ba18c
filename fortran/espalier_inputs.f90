!> The part of a network that has to do with inputs beside the first, whose arrays are bound, and with class numbers as input.
module espalier_inputs
  use, intrinsic :: iso_c_binding, only: c_f_pointer, c_int, c_int64_t, c_loc, c_null_funptr, c_null_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use :: espalier_c, only: espalier_error_invalid_argument, espalier_network_bind_input_f32, &
    espalier_network_bind_input_f64, espalier_network_bind_input_gradient_f32, espalier_network_bind_input_gradient_f64, &
    espalier_network_bind_input_i32, espalier_network_evaluate_labels_f32, espalier_network_evaluate_labels_f64, &
    espalier_network_forward_f32, espalier_network_forward_f64, espalier_network_predict_f32, espalier_network_predict_f64, &
    espalier_network_train_epoch_labels_f32, espalier_network_train_epoch_labels_f64, &
    espalier_network_train_step_labels_f32, espalier_network_train_step_labels_f64, espalier_ok
  use :: espalier_real64, only: network_of_kind
  use :: espalier_shapes, only: are_samples, array_shape, extents_of, find_shape, in_sequence
  use :: espalier_steps, only: are_sensible, epoch_callback, quiet_nan
  use :: espalier_support, only: conclude, finish, message_length, refuse
  implicit none
  private
  public :: network_inputs

  type, extends(network_of_kind) :: network_inputs
  contains
    procedure, private :: bind_input_f32, bind_input_f64, bind_input_int32
    generic, public :: bind_input => bind_input_f32, bind_input_f64, bind_input_int32
      !! Let an input layer's outputs be what is in an array of samples, from which each call takes those with the numbers of the
      !! samples of `x`, in shuffled epochs too. The caller owns the array and must keep it alive and in place until another is
      !! bound to the input, unbind_input or destroy; it must be contiguous and have the target attribute. Its values may change.
    procedure, private :: bind_input_gradient_f32, bind_input_gradient_f64
    generic, public :: bind_input_gradient => bind_input_gradient_f32, bind_input_gradient_f64
      !! Have `backward` put the derivative by an input layer into an array with room for the samples of a batch, under the same
      !! conditions.
    procedure :: unbind_input
      !! Let nothing be bound to an input layer, nor to the gradient of it.
    procedure, private :: train_step_numbers, forward_numbers_f32, forward_numbers_f64, predict_numbers_f32, predict_numbers_f64
    procedure, private :: evaluate_numbers, accuracy_numbers, train_numbers
    generic, public :: train_step => train_step_numbers
    generic, public :: forward => forward_numbers_f32, forward_numbers_f64
    generic, public :: predict => predict_numbers_f32, predict_numbers_f64
    generic, public :: evaluate => evaluate_numbers
    generic, public :: accuracy => accuracy_numbers
    generic, public :: train => train_numbers
  end type

contains

  subroutine bind_input_f32(self, input, x, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer, intent(in) :: input
      !! The number of an input layer.
    real(real32), intent(in), target :: x(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real32), pointer, contiguous :: elements(:)
    integer(int64) :: samples
    if (.not. is_for(self, "bind_input", "x", input, extents_of(x), is_contiguous(x), samples, stat, errmsg)) return
    call c_f_pointer(c_loc(x), elements, [size(x, kind=int64)])
    call conclude(espalier_network_bind_input_f32(self%handle, int(input, c_int64_t), elements, samples), stat, errmsg)
  end subroutine

  subroutine bind_input_f64(self, input, x, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer, intent(in) :: input
    real(real64), intent(in), target :: x(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64), pointer, contiguous :: elements(:)
    integer(int64) :: samples
    if (.not. is_for(self, "bind_input", "x", input, extents_of(x), is_contiguous(x), samples, stat, errmsg)) return
    call c_f_pointer(c_loc(x), elements, [size(x, kind=int64)])
    call conclude(espalier_network_bind_input_f64(self%handle, int(input, c_int64_t), elements, samples), stat, errmsg)
  end subroutine

  subroutine bind_input_int32(self, input, x, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer, intent(in) :: input
    integer(int32), intent(in), target :: x(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(int32), pointer, contiguous :: elements(:)
    integer(int64) :: samples
    if (.not. is_for(self, "bind_input", "x", input, extents_of(x), is_contiguous(x), samples, stat, errmsg)) return
    call c_f_pointer(c_loc(x), elements, [size(x, kind=int64)])
    call conclude(espalier_network_bind_input_i32(self%handle, int(input, c_int64_t), elements, samples), stat, errmsg)
  end subroutine

  subroutine bind_input_gradient_f32(self, input, dx, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer, intent(in) :: input
    real(real32), intent(inout), target :: dx(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real32), pointer, contiguous :: elements(:)
    integer(int64) :: room
    if (.not. is_for(self, "bind_input_gradient", "dx", input, extents_of(dx), is_contiguous(dx), room, stat, errmsg)) return
    call c_f_pointer(c_loc(dx), elements, [size(dx, kind=int64)])
    call conclude(espalier_network_bind_input_gradient_f32(self%handle, int(input, c_int64_t), elements, room), stat, errmsg)
  end subroutine

  subroutine bind_input_gradient_f64(self, input, dx, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer, intent(in) :: input
    real(real64), intent(inout), target :: dx(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64), pointer, contiguous :: elements(:)
    integer(int64) :: room
    if (.not. is_for(self, "bind_input_gradient", "dx", input, extents_of(dx), is_contiguous(dx), room, stat, errmsg)) return
    call c_f_pointer(c_loc(dx), elements, [size(dx, kind=int64)])
    call conclude(espalier_network_bind_input_gradient_f64(self%handle, int(input, c_int64_t), elements, room), stat, errmsg)
  end subroutine

  subroutine unbind_input(self, input, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer, intent(in) :: input
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int) :: status
    if (.not. self%is_alive("unbind_input", stat, errmsg)) return
    status = espalier_network_bind_input_i32(self%handle, int(input, c_int64_t), samples=0_c_int64_t)
    if (is_single(self) .and. status == espalier_ok) then
      status = espalier_network_bind_input_gradient_f32(self%handle, int(input, c_int64_t), samples=0_c_int64_t)
    else if (status == espalier_ok) then
      status = espalier_network_bind_input_gradient_f64(self%handle, int(input, c_int64_t), samples=0_c_int64_t)
    end if
    call conclude(status, stat, errmsg)
  end subroutine

  logical function is_for(self, where, name, input, array, has_no_gaps, samples, stat, errmsg)
    !! Whether an array can be bound to an input layer, and how many samples it holds.
    class(network_inputs), intent(in) :: self
    character(*), intent(in) :: where, name
    integer, intent(in) :: input
    type(array_shape), intent(in) :: array
    logical, intent(in) :: has_no_gaps
    integer(int64), intent(out) :: samples
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(array_shape) :: one
    integer(c_int) :: status
    is_for = .false.
    if (.not. self%is_alive(where, stat, errmsg)) return
    status = find_shape(self%handle, int(input, c_int64_t), one)
    if (status /= espalier_ok) then
      call conclude(status, stat, errmsg)
    else if (input == 0) then
      call refuse(espalier_error_invalid_argument, where // ": input must be the number of an input layer, got 0; calls are " // &
                  "given x itself", stat, errmsg)
    else if (.not. has_no_gaps) then
      call refuse(espalier_error_invalid_argument, where // ": " // name // " must be contiguous", stat, errmsg)
    else
      is_for = are_samples(where, name, array, one, samples, stat, errmsg)
    end if
  end function

  logical function is_single(self)
    class(network_inputs), intent(in) :: self
    is_single = nint(self%option("precision")) == 32
  end function

  ! Class numbers as x: they are bound to the network's own input for the time of the call.

  integer(c_int) function give_numbers(self, x, samples) result(status)
    class(network_inputs), intent(in) :: self
    integer(int32), intent(in), contiguous, target :: x(..)
    integer(int64), intent(in) :: samples
    status = espalier_network_bind_input_i32(self%handle, 0_c_int64_t, in_sequence(x), samples)
  end function

  subroutine take_numbers_back(self, status, stat, errmsg)
    !! End a call with the status that it came to. Taking the numbers back cannot fail.
    class(network_inputs), intent(in) :: self
    integer(c_int), intent(in) :: status
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer :: outcome
    integer(c_int) :: ignored
    character(message_length) :: message
    call conclude(status, outcome, message)
    ignored = espalier_network_bind_input_i32(self%handle, 0_c_int64_t, samples=0_c_int64_t)
    call finish(outcome, message, stat, errmsg)
  end subroutine

  subroutine train_step_numbers(self, x, labels, loss, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer(int32), intent(in), contiguous, target :: x(..), labels(..)
    real(real64), intent(out) :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(int64) :: samples
    integer(c_int) :: status
    loss = 0
    if (.not. self%fits_labels("train_step", "x", extents_of(x), "labels", extents_of(labels), samples, stat, errmsg)) return
    status = give_numbers(self, x, samples)
    if (is_single(self) .and. status == espalier_ok) then
      status = espalier_network_train_step_labels_f32(self%handle, labels=in_sequence(labels), batch=samples, loss=loss)
    else if (status == espalier_ok) then
      status = espalier_network_train_step_labels_f64(self%handle, labels=in_sequence(labels), batch=samples, loss=loss)
    end if
    call take_numbers_back(self, status, stat, errmsg)
  end subroutine

  subroutine forward_numbers_f32(self, x, y, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer(int32), intent(in), contiguous, target :: x(..)
    real(real32), intent(inout), contiguous, target :: y(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(int64) :: samples
    integer(c_int) :: status
    if (.not. self%fits("forward", "x", extents_of(x), "y", extents_of(y), samples, stat, errmsg)) return
    status = give_numbers(self, x, samples)
    if (status == espalier_ok) status = espalier_network_forward_f32(self%handle, batch=samples, y=in_sequence(y))
    call take_numbers_back(self, status, stat, errmsg)
  end subroutine

  subroutine forward_numbers_f64(self, x, y, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer(int32), intent(in), contiguous, target :: x(..)
    real(real64), intent(inout), contiguous, target :: y(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(int64) :: samples
    integer(c_int) :: status
    if (.not. self%fits("forward", "x", extents_of(x), "y", extents_of(y), samples, stat, errmsg)) return
    status = give_numbers(self, x, samples)
    if (status == espalier_ok) status = espalier_network_forward_f64(self%handle, batch=samples, y=in_sequence(y))
    call take_numbers_back(self, status, stat, errmsg)
  end subroutine

  subroutine predict_numbers_f32(self, x, y, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer(int32), intent(in), contiguous, target :: x(..)
    real(real32), intent(inout), contiguous, target :: y(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(int64) :: samples
    integer(c_int) :: status
    if (.not. self%fits("predict", "x", extents_of(x), "y", extents_of(y), samples, stat, errmsg)) return
    status = give_numbers(self, x, samples)
    if (status == espalier_ok) status = espalier_network_predict_f32(self%handle, samples=samples, y=in_sequence(y))
    call take_numbers_back(self, status, stat, errmsg)
  end subroutine

  subroutine predict_numbers_f64(self, x, y, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer(int32), intent(in), contiguous, target :: x(..)
    real(real64), intent(inout), contiguous, target :: y(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(int64) :: samples
    integer(c_int) :: status
    if (.not. self%fits("predict", "x", extents_of(x), "y", extents_of(y), samples, stat, errmsg)) return
    status = give_numbers(self, x, samples)
    if (status == espalier_ok) status = espalier_network_predict_f64(self%handle, samples=samples, y=in_sequence(y))
    call take_numbers_back(self, status, stat, errmsg)
  end subroutine

  integer(c_int) function evaluated(self, x, labels, samples, loss, accuracy) result(status)
    class(network_inputs), intent(in) :: self
    integer(int32), intent(in), contiguous, target :: x(..), labels(..)
    integer(int64), intent(in) :: samples
    real(real64), intent(out) :: loss, accuracy
    loss = 0
    accuracy = 0
    status = give_numbers(self, x, samples)
    if (is_single(self) .and. status == espalier_ok) then
      status = espalier_network_evaluate_labels_f32(self%handle, labels=in_sequence(labels), samples=samples, loss=loss, &
                                                    accuracy=accuracy)
    else if (status == espalier_ok) then
      status = espalier_network_evaluate_labels_f64(self%handle, labels=in_sequence(labels), samples=samples, loss=loss, &
                                                    accuracy=accuracy)
    end if
  end function

  subroutine evaluate_numbers(self, x, labels, loss, accuracy, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer(int32), intent(in), contiguous, target :: x(..), labels(..)
    real(real64), intent(out) :: loss
    real(real64), intent(out), optional :: accuracy
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(int64) :: samples
    real(real64) :: share
    loss = 0
    if (present(accuracy)) accuracy = 0
    if (.not. self%fits_labels("evaluate", "x", extents_of(x), "labels", extents_of(labels), samples, stat, errmsg)) return
    call take_numbers_back(self, evaluated(self, x, labels, samples, loss, share), stat, errmsg)
    if (present(accuracy)) accuracy = share
  end subroutine

  real(real64) function accuracy_numbers(self, x, labels, stat, errmsg) result(accuracy)
    class(network_inputs), intent(in) :: self
    integer(int32), intent(in), contiguous, target :: x(..), labels(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(int64) :: samples
    real(real64) :: loss
    accuracy = 0
    if (.not. self%fits_labels("accuracy", "x", extents_of(x), "labels", extents_of(labels), samples, stat, errmsg)) return
    call take_numbers_back(self, evaluated(self, x, labels, samples, loss, accuracy), stat, errmsg)
  end function

  subroutine train_numbers(self, x, labels, batch_size, epochs, shuffle, validation_x, validation_y, callback, loss, stat, errmsg)
    class(network_inputs), intent(in) :: self
    integer(int32), intent(in), contiguous, target :: x(..), labels(..)
    integer, intent(in) :: batch_size, epochs
    logical, intent(in), optional :: shuffle
    integer(int32), intent(in), contiguous, target, optional :: validation_x(..), validation_y(..)
    procedure(epoch_callback), optional :: callback
    real(real64), intent(out), optional :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64) :: mean, of_validation(2)
    integer(int64) :: samples, validation_samples
    integer(c_int) :: shuffled, status
    integer :: epoch
    logical :: stop
    if (present(loss)) loss = 0
    if (.not. self%fits_labels("train", "x", extents_of(x), "labels", extents_of(labels), samples, stat, errmsg)) return
    if (.not. are_sensible(self, epochs, present(validation_x), present(validation_y), stat, errmsg)) return
    if (present(validation_x) .and. present(validation_y)) then
      if (.not. self%fits_labels("train", "validation_x", extents_of(validation_x), "validation_y", extents_of(validation_y), &
                                 validation_samples, stat, errmsg)) return
    end if
    shuffled = 1
    if (present(shuffle)) shuffled = merge(1_c_int, 0_c_int, shuffle)
    of_validation = transfer(quiet_nan, mean)
    mean = 0
    stop = .false.
    status = espalier_ok
    do epoch = 1, epochs
      status = give_numbers(self, x, samples)
      if (is_single(self) .and. status == espalier_ok) then
        status = espalier_network_train_epoch_labels_f32( &
          self%handle, labels=in_sequence(labels), samples=samples, batch=int(batch_size, c_int64_t), shuffle=shuffled, &
          progress=c_null_funptr, user=c_null_ptr, loss=mean)
      else if (status == espalier_ok) then
        status = espalier_network_train_epoch_labels_f64( &
          self%handle, labels=in_sequence(labels), samples=samples, batch=int(batch_size, c_int64_t), shuffle=shuffled, &
          progress=c_null_funptr, user=c_null_ptr, loss=mean)
      end if
      if (status == espalier_ok .and. present(validation_x)) then
        status = evaluated(self, validation_x, validation_y, validation_samples, of_validation(1), of_validation(2))
      end if
      if (status /= espalier_ok) exit
      if (present(callback)) call callback(epoch, mean, of_validation(1), of_validation(2), stop)
      if (stop) exit
    end do
    if (present(loss)) loss = mean
    call take_numbers_back(self, status, stat, errmsg)
  end subroutine

end module espalier_inputs
