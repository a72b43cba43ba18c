!> The part of a network that owns and describes it: who holds the handle, optimizers, topology methods, options.
module espalier_handles
  use, intrinsic :: iso_c_binding, only: c_associated, c_char, c_funloc, c_int, c_int64_t, c_loc, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: int64, output_unit, real64
  use :: espalier_c, only: espalier_all_layers, espalier_error_invalid_argument, espalier_error_invalid_handle, &
    espalier_layer_get, espalier_layer_get_optimizer_option, espalier_layer_set, espalier_layer_set_optimizer_option, &
    espalier_network_get, espalier_network_info, espalier_network_release, espalier_network_retain, espalier_network_set, &
    espalier_network_add_loss, espalier_network_set_loss, espalier_network_set_optimizer, espalier_network_set_reduction_f32, &
    espalier_network_set_reduction_f64, espalier_network_set_threads, espalier_network_set_topology, espalier_ok, &
    espalier_optimizer_destroy, espalier_reduction_f32, espalier_reduction_f64, espalier_topology_destroy
  use :: espalier_optimizers, only: new_optimizer_handle, optimizer
  use :: espalier_shapes, only: array_shape, values_in
  use :: espalier_support, only: conclude, finish, message_length, named, refuse, terminated, to_real64
  use :: espalier_topologies, only: new_topology_handle, topology
  implicit none
  private
  public :: losses, network_handle

  character(*), parameter :: losses(0:3) = [character(24) :: &
    "mean_squared_error", "softmax_cross_entropy", "binary_cross_entropy", "huber"]

  !> What every network is made of. Owners are counted behind the handle, not in Fortran, and each is counted at its own
  !> address, which it keeps. So a bitwise copy of this variable (of a sourced allocation, of a `firstprivate` clause, of a
  !> compiler) is known by being elsewhere: it may be used while an owner lives, and nothing happens when it goes. A function
  !> result is such a copy from the beginning, as gfortran 12 never finalizes function results and other compilers do; the
  !> variable that takes it is the owner.
  type :: network_handle
    type(c_ptr) :: handle = c_null_ptr
      !! For calls of [[espalier_c]] that have no procedure here.
    type(c_ptr), private :: place = c_null_ptr
      !! Where this variable was when it was counted.
    type(array_shape) :: inputs, outputs !! Of one sample.
  contains
    procedure, private :: share
    generic, public :: assignment(=) => share
    procedure :: adopt
      !! Used by the constructor.
    procedure :: is_alive
      !! Whether the variable holds a network; a message otherwise.
    procedure :: input_count
    procedure :: output_count
    procedure :: destroy
      !! Give the network up; the last owner frees it. Bound arrays stay the caller's. May be called again.
    procedure :: set_optimizer
      !! Give layers an optimizer: each a copy of its own, without state.
    procedure :: set_optimizer_option
      !! Change a hyperparameter in mid-run; the state stays.
    procedure :: optimizer_option
    procedure :: set_topology
      !! Give layers a topology method, one that changes all of them together, or one of the layer's own. Dense layers stay
      !! dense, but for methods with a final density.
    procedure :: set_reduction_f32
      !! Have the gradients that connections grow by summed over the ranks of a data-parallel run, by a `bind(c)` function like
      !! [[espalier_reduction_f32]] that calls MPI_Allreduce. Patterns then change alike on every rank, if the gradient array is
      !! summed too, between `backward` and `update`.
    procedure :: set_reduction_f64
      !! The same for a network in double precision.
    procedure :: set_option
      !! "huber_delta", "label_base", "clip_norm", "accumulate", "dense_crossover".
    procedure :: option
      !! An option, or "inputs", "outputs", "labels_per_sample", "layers", "input_layers", "parameters", "connections", "max_batch",
      !! "bound", "threads", "precision", "seed", "loss", "steps", "bytes", "flops", "density", "explored", "dropped", "grown", "training_flops",
      !! "dead_units", "dead_inputs".
    procedure :: set_layer_option
      !! "negative_slope", "probability".
    procedure :: layer_option
      !! An option, or "inputs", "units", "density", "connections", "parameters", "activation", "bytes", "flops",
      !! "offset", "steps", "dropped", "grown", "topology_updates", "explored", "training_flops", "dead_units", "dead_inputs".
    procedure :: add_loss
    procedure :: set_loss
    procedure :: set_threads
      !! Threads of this network's calls; 0: the default. Results do not depend on it.
    procedure :: print_info
      !! A table of the layers: shape, density, share of the positions explored, connections, dropped and grown at the last
      !! update, dead units, bytes, floating-point operations a sample forward and in training.
    final :: finalize
  end type

contains

  subroutine adopt(self, handle, inputs, outputs)
    !! Make this the result of a function: a network just built.
    class(network_handle), intent(inout) :: self
    type(c_ptr), intent(in) :: handle
    type(array_shape), intent(in) :: inputs, outputs
    self%handle = handle
    self%inputs = inputs
    self%outputs = outputs
  end subroutine

  impure elemental subroutine share(left, right)
    class(network_handle), intent(inout), target :: left
    class(network_handle), intent(in) :: right
    type(c_ptr) :: handle
    type(array_shape) :: inputs, outputs
    logical :: is_counted
    ! The standard asks for an allocated left side. Compilers pass a null address otherwise: that of the first component.
    if (.not. c_associated(c_loc(left%handle))) then
      error stop "network = network: the left side is not allocated; allocate (copy) before copy = net"
    end if
    ! Counted before the left side gives up what it had: both may be the same network.
    handle = right%handle
    inputs = right%inputs
    outputs = right%outputs
    is_counted = .false.
    if (c_associated(handle)) is_counted = espalier_network_retain(handle) == espalier_ok
    call left%destroy()
    left%handle = handle
    left%inputs = inputs
    left%outputs = outputs
    if (is_counted) left%place = c_loc(left%handle)
  end subroutine

  impure elemental subroutine destroy(self)
    class(network_handle), intent(inout), target :: self
    integer(c_int) :: ignored
    if (c_associated(self%handle)) then
      ! Who is not counted is counted for a moment: nothing changes for those that are, and a network that has no owner, as
      ! a function result that no variable took, goes.
      if (.not. c_associated(self%place, c_loc(self%handle))) ignored = espalier_network_retain(self%handle)
      ignored = espalier_network_release(self%handle)
    end if
    self%handle = c_null_ptr
    self%place = c_null_ptr
    self%inputs%rank = 0
    self%outputs%rank = 0
  end subroutine

  impure elemental subroutine finalize(self)
    type(network_handle), intent(inout), target :: self
    call self%destroy()
  end subroutine

  logical function is_alive(self, where, stat, errmsg)
    class(network_handle), intent(in) :: self
    character(*), intent(in), optional :: where
      !! With it the absence of a network is a failure of the procedure of that name.
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    is_alive = c_associated(self%handle)
    if (.not. is_alive .and. present(where)) then
      call refuse(espalier_error_invalid_handle, where // ": the network is not constructed, or was destroyed", stat, errmsg)
    end if
  end function

  pure integer(int64) function input_count(self)
    !! Features of a sample; 0 without a network.
    class(network_handle), intent(in) :: self
    input_count = values_in(self%inputs)
  end function

  pure integer(int64) function output_count(self)
    !! Outputs for a sample; 0 without a network.
    class(network_handle), intent(in) :: self
    output_count = values_in(self%outputs)
  end function

  subroutine set_optimizer(self, description, layer, stat, errmsg)
    class(network_handle), intent(in) :: self
    type(optimizer), intent(in) :: description
    integer, intent(in), optional :: layer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: handle
    integer :: status
    integer(c_int) :: ignored
    character(message_length) :: message
    if (.not. is_alive(self, "set_optimizer", stat, errmsg)) return
    call new_optimizer_handle(description, handle, status, message)
    if (status == espalier_ok) then
      call conclude(espalier_network_set_optimizer(self%handle, layer_or_all(layer), handle), status, message)
    end if
    ignored = espalier_optimizer_destroy(handle)
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine set_topology(self, description, layer, stat, errmsg)
    class(network_handle), intent(in) :: self
    type(topology), intent(in) :: description
    integer, intent(in), optional :: layer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: handle
    integer :: status
    integer(c_int) :: ignored
    character(message_length) :: message
    if (.not. is_alive(self, "set_topology", stat, errmsg)) return
    call new_topology_handle(description, handle, status, message)
    if (status == espalier_ok) then
      call conclude(espalier_network_set_topology(self%handle, layer_or_all(layer), handle), status, message)
    end if
    ignored = espalier_topology_destroy(handle)
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine set_reduction_f32(self, reduction, user, stat, errmsg)
    class(network_handle), intent(in) :: self
    procedure(espalier_reduction_f32) :: reduction
    type(c_ptr), intent(in), optional :: user
      !! Handed to the function, `c_null_ptr` by default.
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. is_alive(self, "set_reduction", stat, errmsg)) return
    call conclude(espalier_network_set_reduction_f32(self%handle, c_funloc(reduction), user_or_null(user)), stat, errmsg)
  end subroutine

  subroutine set_reduction_f64(self, reduction, user, stat, errmsg)
    class(network_handle), intent(in) :: self
    procedure(espalier_reduction_f64) :: reduction
    type(c_ptr), intent(in), optional :: user
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. is_alive(self, "set_reduction", stat, errmsg)) return
    call conclude(espalier_network_set_reduction_f64(self%handle, c_funloc(reduction), user_or_null(user)), stat, errmsg)
  end subroutine

  pure type(c_ptr) function user_or_null(user)
    type(c_ptr), intent(in), optional :: user
    user_or_null = c_null_ptr
    if (present(user)) user_or_null = user
  end function

  subroutine set_optimizer_option(self, name, value, layer, stat, errmsg)
    class(network_handle), intent(in) :: self
    character(*), intent(in) :: name
    class(*), intent(in) :: value
    integer, intent(in), optional :: layer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64) :: number
    if (.not. is_alive(self, "set_optimizer_option", stat, errmsg)) return
    if (.not. is_number("set_optimizer_option", name, value, number, stat, errmsg)) return
    call conclude(espalier_layer_set_optimizer_option(self%handle, layer_or_all(layer), terminated(name), number), stat, &
                  errmsg)
  end subroutine

  real(real64) function optimizer_option(self, layer, name, stat, errmsg)
    class(network_handle), intent(in) :: self
    integer, intent(in) :: layer
    character(*), intent(in) :: name
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    optimizer_option = 0
    if (.not. is_alive(self, "optimizer_option", stat, errmsg)) return
    call conclude(espalier_layer_get_optimizer_option(self%handle, int(layer, c_int64_t), terminated(name), &
                                                      optimizer_option), stat, errmsg)
  end function

  subroutine set_option(self, name, value, stat, errmsg)
    class(network_handle), intent(in) :: self
    character(*), intent(in) :: name
    class(*), intent(in) :: value
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64) :: number
    if (.not. is_alive(self, "set_option", stat, errmsg)) return
    if (.not. is_number("set_option", name, value, number, stat, errmsg)) return
    call conclude(espalier_network_set(self%handle, terminated(name), number), stat, errmsg)
  end subroutine

  real(real64) function option(self, name, stat, errmsg)
    class(network_handle), intent(in) :: self
    character(*), intent(in) :: name
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    option = 0
    if (.not. is_alive(self, "option", stat, errmsg)) return
    call conclude(espalier_network_get(self%handle, terminated(name), option), stat, errmsg)
  end function

  subroutine set_layer_option(self, layer, name, value, stat, errmsg)
    class(network_handle), intent(in) :: self
    integer, intent(in) :: layer
    character(*), intent(in) :: name
    class(*), intent(in) :: value
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64) :: number
    if (.not. is_alive(self, "set_layer_option", stat, errmsg)) return
    if (.not. is_number("set_layer_option", name, value, number, stat, errmsg)) return
    call conclude(espalier_layer_set(self%handle, int(layer, c_int64_t), terminated(name), number), stat, errmsg)
  end subroutine

  real(real64) function layer_option(self, layer, name, stat, errmsg)
    class(network_handle), intent(in) :: self
    integer, intent(in) :: layer
    character(*), intent(in) :: name
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    layer_option = 0
    if (.not. is_alive(self, "layer_option", stat, errmsg)) return
    call conclude(espalier_layer_get(self%handle, int(layer, c_int64_t), terminated(name), layer_option), stat, errmsg)
  end function

  subroutine add_loss(self, name, first, count, weight, stat, errmsg)
    !! Compare some of the outputs by a loss of their own: the loss of a sample is the sum of those that have been added, each times
    !! its weight, and no longer the network's loss for all outputs. Class numbers come as labels(loss, sample) then.
    class(network_handle), intent(in) :: self
    character(*), intent(in) :: name
      !! As for [[set_loss]], which takes all of them away.
    integer, intent(in) :: first
      !! The first of these outputs, from 1.
    integer, intent(in) :: count
      !! How many follow one another.
    class(*), intent(in), optional :: weight
      !! Factor on the loss (1), a real of either kind above 0.
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int) :: position
    integer :: status
    real(real64) :: factor
    logical :: is_number
    character(message_length) :: message
    if (.not. is_alive(self, "add_loss", stat, errmsg)) return
    factor = 1
    is_number = .true.
    if (present(weight)) call to_real64(weight, factor, is_number)
    call named(name, losses, "add_loss: loss", position, status, message)
    if (status == espalier_ok .and. .not. is_number) then
      call refuse(espalier_error_invalid_argument, "add_loss: weight must be a number", status, message)
    else if (status == espalier_ok) then
      call conclude(espalier_network_add_loss(self%handle, int(first, c_int64_t) - 1, int(count, c_int64_t), position, factor), &
                    status, message)
    end if
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine set_loss(self, name, stat, errmsg)
    class(network_handle), intent(in) :: self
    character(*), intent(in) :: name
      !! "mean_squared_error", "softmax_cross_entropy", "binary_cross_entropy", "huber"
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int) :: position
    integer :: status
    character(message_length) :: message
    if (.not. is_alive(self, "set_loss", stat, errmsg)) return
    call named(name, losses, "set_loss: loss", position, status, message)
    if (status == espalier_ok) call conclude(espalier_network_set_loss(self%handle, position), status, message)
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine set_threads(self, threads, stat, errmsg)
    class(network_handle), intent(in) :: self
    integer, intent(in) :: threads
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. is_alive(self, "set_threads", stat, errmsg)) return
    call conclude(espalier_network_set_threads(self%handle, int(threads, c_int)), stat, errmsg)
  end subroutine

  subroutine print_info(self, unit, stat, errmsg)
    class(network_handle), intent(in) :: self
    integer, intent(in), optional :: unit
      !! Standard output by default.
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable :: text(:)
    integer(c_int64_t) :: capacity, i, length, start
    integer :: to
    integer(c_int) :: status
    to = output_unit
    if (present(unit)) to = unit
    if (.not. is_alive(self, "print_info", stat, errmsg)) return
    status = espalier_network_info(self%handle, 0_c_int64_t, length=length)
    if (status == espalier_ok) then
      capacity = length + 1
      allocate (text(capacity))
      status = espalier_network_info(self%handle, capacity, text, length)
    end if
    call conclude(status, stat, errmsg)
    if (status /= espalier_ok) return
    start = 1
    do i = 1, length
      if (text(i) == new_line("a") .or. i == length) then
        write (to, "(*(A))") text(start:merge(i - 1, i, text(i) == new_line("a")))
        start = i + 1
      end if
    end do
  end subroutine

  logical function is_number(where, name, value, number, stat, errmsg)
    character(*), intent(in) :: where, name
    class(*), intent(in) :: value
    real(real64), intent(out) :: number
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call to_real64(value, number, is_number)
    if (.not. is_number) then
      call refuse(espalier_error_invalid_argument, where // ": " // name // " must be a real or an integer", stat, errmsg)
    end if
  end function

  pure integer(c_int64_t) function layer_or_all(layer)
    integer, intent(in), optional :: layer
    layer_or_all = espalier_all_layers
    if (present(layer)) layer_or_all = int(layer, c_int64_t)
  end function

end module espalier_handles
