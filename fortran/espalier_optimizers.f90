!> Optimizers: descriptions for the layers of a network, and, on their own, rules that act on the caller's arrays.
module espalier_optimizers
  use, intrinsic :: iso_c_binding, only: c_associated, c_int, c_loc, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: int64, real32, real64
  use :: espalier_c, only: espalier_error_invalid_argument, espalier_error_invalid_state, espalier_ok, &
    espalier_optimizer_create, espalier_optimizer_destroy, espalier_optimizer_get, espalier_optimizer_minimize_f32, &
    espalier_optimizer_minimize_f64, espalier_optimizer_reset, espalier_optimizer_set
  use :: espalier_options, only: option_list
  use :: espalier_shapes, only: are_equal, array_shape, extents_of, in_sequence, listed
  use :: espalier_support, only: conclude, finish, message_length, refuse, terminated, to_real64
  implicit none
  private
  public :: new_optimizer, new_optimizer_handle, optimizer

  integer(c_int), parameter :: no_rule = -1

  !> A rule with its hyperparameters: the result of [[sgd]], [[rmsprop]], [[adagrad]], [[adam]] or [[adamw]], whose keyword
  !> arguments take reals of either kind and whose defaults are PyTorch's. A network given one keeps a copy.
  !>
  !> `call opt%minimize(weights, gradient)` takes a step on arrays of the caller's own. The state (moments, step count)
  !> belongs to the variable, is sized at its first step and freed with it. An assignment copies the hyperparameters; the
  !> left side starts anew, without state, so that `opts = adam()` gives an array of independent optimizers.
  type :: optimizer
    private
    integer(c_int) :: rule = no_rule
    type(option_list) :: options
    type(c_ptr) :: handle = c_null_ptr
      !! Made when a step is taken or an option read or changed; never behind a description just constructed.
    type(c_ptr) :: place = c_null_ptr
      !! Where this variable was when the handle was made for it. A bitwise copy (of a sourced allocation, of a compiler) is
      !! elsewhere: the handle is not its own, and like any other copy it starts without state.
  contains
    procedure, private :: assign
    generic, public :: assignment(=) => assign
    procedure :: destroy
      !! Free the state at once; the description stays usable. May be called again.
    procedure :: option
      !! A hyperparameter, or "steps" (taken by minimize) or "rate" (that the next step uses).
    procedure :: reset
      !! Forget state and step count, so that the next step may have arrays of another size.
    procedure :: set_option
      !! Change a hyperparameter; the state stays.
    procedure, private :: minimize_f32, minimize_f64
    generic, public :: minimize => minimize_f32, minimize_f64
      !! One step on weights of any rank, in place; the gradient has their shape and is only read.
    final :: finalize
  end type

contains

  type(optimizer) function new_optimizer(rule, options) result(description)
    !! A description with the given rule and hyperparameters, without state.
    integer(c_int), intent(in) :: rule
    type(option_list), intent(in) :: options
    description%rule = rule
    description%options = options
  end function

  impure elemental subroutine assign(left, right)
    class(optimizer), intent(inout), target :: left
    class(optimizer), intent(in) :: right
    ! The standard asks for an allocated left side. Compilers pass a null address otherwise: that of the first component.
    if (.not. c_associated(c_loc(left%rule))) then
      error stop "optimizer = optimizer: the left side is not allocated; allocate (copy) before copy = opt"
    end if
    ! opt = opt keeps its state: the right side is then a copy with the same handle.
    if (has_state(left) .and. c_associated(left%handle, right%handle)) return
    call left%destroy()
    left%rule = right%rule
    left%options = right%options
  end subroutine

  impure elemental subroutine destroy(self)
    class(optimizer), intent(inout) :: self
    integer(c_int) :: ignored
    if (has_state(self)) ignored = espalier_optimizer_destroy(self%handle)
    self%handle = c_null_ptr
    self%place = c_null_ptr
  end subroutine

  impure elemental subroutine finalize(self)
    type(optimizer), intent(inout) :: self
    call self%destroy()
  end subroutine

  impure elemental logical function has_state(self)
    !! Whether there is a handle, and it is this variable's own.
    class(optimizer), intent(in), target :: self
    has_state = c_associated(self%place, c_loc(self%handle))
  end function

  subroutine new_optimizer_handle(description, handle, stat, errmsg)
    !! Make the library's object for a description; the caller destroys it. `c_null_ptr` after a failure.
    type(optimizer), intent(in) :: description
    type(c_ptr), intent(out) :: handle
    integer, intent(out) :: stat
    character(*), intent(inout) :: errmsg
    integer(c_int) :: ignored
    integer :: i
    handle = c_null_ptr
    if (description%rule == no_rule) then
      call refuse(espalier_error_invalid_state, "optimizer: not set; assign sgd(), rmsprop(), adagrad(), adam() or adamw()", &
                  stat, errmsg)
      return
    end if
    call description%options%check("optimizer", stat, errmsg)
    if (stat /= espalier_ok) return
    call conclude(espalier_optimizer_create(description%rule, handle), stat, errmsg)
    do i = 1, description%options%count
      if (stat /= espalier_ok) exit
      call conclude(espalier_optimizer_set(handle, terminated(description%options%names(i)), &
                                           description%options%values(i)), stat, errmsg)
    end do
    if (stat /= espalier_ok) then
      ignored = espalier_optimizer_destroy(handle)
      handle = c_null_ptr
    end if
  end subroutine

  subroutine prepare(self, stat, errmsg)
    !! Make the handle if there is none yet.
    class(optimizer), intent(inout), target :: self
    integer, intent(out) :: stat
    character(*), intent(inout) :: errmsg
    type(c_ptr) :: handle
    stat = espalier_ok
    if (has_state(self)) return
    call new_optimizer_handle(self, handle, stat, errmsg)
    self%handle = handle
    if (stat == espalier_ok) self%place = c_loc(self%handle)
  end subroutine

  subroutine set_option(self, name, value, stat, errmsg)
    class(optimizer), intent(inout) :: self
    character(*), intent(in) :: name
    class(*), intent(in) :: value
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64) :: number
    logical :: is_number
    integer :: status
    character(message_length) :: message
    call to_real64(value, number, is_number)
    if (is_number) then
      call prepare(self, status, message)
      if (status == espalier_ok) then
        call conclude(espalier_optimizer_set(self%handle, terminated(name), number), status, message)
      end if
    else
      call refuse(espalier_error_invalid_argument, "optimizer: " // name // " must be a number", status, message)
    end if
    if (status == espalier_ok) call self%options%put(name, number)
    call finish(status, message, stat, errmsg)
  end subroutine

  real(real64) function option(self, name, stat, errmsg)
    class(optimizer), intent(inout) :: self
    character(*), intent(in) :: name
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer :: status
    character(message_length) :: message
    option = 0
    call prepare(self, status, message)
    if (status == espalier_ok) then
      call conclude(espalier_optimizer_get(self%handle, terminated(name), option), status, message)
    end if
    call finish(status, message, stat, errmsg)
  end function

  subroutine reset(self, stat, errmsg)
    class(optimizer), intent(inout) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (present(stat)) stat = espalier_ok
    if (has_state(self)) call conclude(espalier_optimizer_reset(self%handle), stat, errmsg)
  end subroutine

  logical function ready(self, of_weights, of_gradient, stat, errmsg)
    !! Whether a step can be taken: equal shapes, and a handle.
    class(optimizer), intent(inout) :: self
    type(array_shape), intent(in) :: of_weights, of_gradient
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer :: status
    character(message_length) :: message
    if (are_equal(of_weights, of_gradient)) then
      call prepare(self, status, message)
    else
      status = espalier_error_invalid_argument
      message = "minimize: gradient must have the shape of weights, got (" // trim(listed(of_gradient)) // ") for (" // &
        trim(listed(of_weights)) // ")"
    end if
    ready = status == espalier_ok
    if (.not. ready) call refuse(int(status, c_int), message, stat, errmsg)
  end function

  subroutine minimize_f32(self, weights, gradient, stat, errmsg)
    class(optimizer), intent(inout) :: self
    real(real32), intent(inout), contiguous, target :: weights(..)
    real(real32), intent(in), contiguous, target :: gradient(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. ready(self, extents_of(weights), extents_of(gradient), stat, errmsg)) return
    call conclude(espalier_optimizer_minimize_f32(self%handle, in_sequence(weights), in_sequence(gradient), &
                                                  size(weights, kind=int64)), stat, errmsg)
  end subroutine

  subroutine minimize_f64(self, weights, gradient, stat, errmsg)
    class(optimizer), intent(inout) :: self
    real(real64), intent(inout), contiguous, target :: weights(..)
    real(real64), intent(in), contiguous, target :: gradient(..)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. ready(self, extents_of(weights), extents_of(gradient), stat, errmsg)) return
    call conclude(espalier_optimizer_minimize_f64(self%handle, in_sequence(weights), in_sequence(gradient), &
                                                  size(weights, kind=int64)), stat, errmsg)
  end subroutine

end module espalier_optimizers
