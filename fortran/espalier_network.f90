!> The network as module [[espalier]] offers it: its constructor, and training over epochs.
!>
!> In every procedure: `stat` receives [[espalier_ok]] or an error status and `errmsg` (of any length, changed by a failure
!> only) its message; without `stat` a failure is an `error stop` with the message. `layer` counts from 1 in the order of the
!> constructor, [[input]] not counted; without it every layer is meant. Numbers given as `class(*)` are reals of either
!> kind, or integers. Arrays are (features, samples), of the network's precision. Non-contiguous array arguments work and
!> cost a copy.
module espalier_network
  use, intrinsic :: iso_c_binding, only: c_int, c_int64_t, c_null_funptr, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use :: espalier_c, only: espalier_densities, espalier_error_invalid_argument, espalier_network_evaluate_f32, &
    espalier_network_evaluate_f64, espalier_network_evaluate_labels_f32, espalier_network_evaluate_labels_f64, &
    espalier_network_train_epoch_f32, espalier_network_train_epoch_f64, espalier_network_train_epoch_labels_f32, &
    espalier_network_train_epoch_labels_f64, espalier_ok
  use :: espalier_construction, only: construct
  use :: espalier_description, only: layer
  use :: espalier_support, only: conclude, finish, message_length, refuse, text_of
  use :: espalier_thinning, only: network_thinning
  implicit none
  private
  public :: epoch_callback, network

  ! By its bits: procedures of a module that uses ieee_arithmetic clear the caller's flags and put them back.
  integer(int64), parameter :: quiet_nan = 9221120237041090560_int64

  !> Layers, patterns, parameters, optimizers and workspace behind one variable, made and built by the constructor of the
  !> same name. An assignment shares: both variables are then the same network, which lives until the last of them is
  !> finalized, assigned to or destroyed. Variables of the main program are never finalized: end with `call net%destroy()`.
  !> A defined assignment allocates nothing: allocate an array of networks before `nets = [network(...), network(...)]`.
  !> Copies that are no assignments of networks, as those of `allocate (copy, source=net)`, own nothing: they may be used while
  !> an owner lives, and nothing happens when they go.
  !>
  !> gfortran 12 has three gaps in finalization. A function of one's own that returns a network leaks it: write a subroutine.
  !> `network(...)` as an argument of a call leaks it: assign it to a variable first. The assignment of a whole object that has
  !> a network as a component may lose it: assign the component.
  type, extends(network_thinning) :: network
  contains
    procedure, private :: train_f32, train_f64, train_labels_f32, train_labels_f64
    generic, public :: train => train_f32, train_f64, train_labels_f32, train_labels_f64
      !! Epochs over all samples in batches, in an order drawn anew for each epoch when `shuffle` (default). After each the
      !! validation set, if any, is evaluated and `callback` is told, which may stop the training. `loss` receives the mean
      !! of the last epoch. What was trained before a failure stays.
  end type

  interface network
    module procedure new_network
  end interface

  abstract interface
    subroutine epoch_callback(epoch, loss, validation_loss, validation_accuracy, stop)
      !! Told after every epoch of train.
      import :: real64
      integer, intent(in) :: epoch
      real(real64), intent(in) :: loss
        !! Mean over the samples at the time of their batch.
      real(real64), intent(in) :: validation_loss, validation_accuracy
        !! NaN without a validation set; the accuracy is NaN for targets too.
      logical, intent(inout) :: stop
        !! Comes in .false.; .true. ends the training after this epoch, which is no failure.
    end subroutine
  end interface

contains

  function new_network(layers, loss, seed, max_batch, precision, distribution, density, threads, power, epsilon, densities, &
                       user, stat, errmsg) result(net)
    !! Describe and build a network. After a failure (with `stat`) the result holds none.
    type(layer), intent(in) :: layers(:)
      !! [[input]] first, then [[linear]] and [[dropout]] in the order in which data passes them.
    character(*), intent(in), optional :: loss
      !! "mean_squared_error" (default), "softmax_cross_entropy", "binary_cross_entropy" (both from logits), "huber".
    integer, intent(in), optional :: seed
      !! Of every random draw (0): same seed, same program, same bits.
    integer, intent(in), optional :: max_batch
      !! The largest batch of train_step, forward and train (1024); the workspace grows with it.
    integer, intent(in), optional :: precision
      !! real32 (default) or real64, the kinds of iso_fortran_env.
    character(*), intent(in), optional :: distribution
      !! How `density` is spread: "uniform" (default), "erdos_renyi", "erdos_renyi_kernel", "first_dense".
    class(*), intent(in), optional :: density
      !! Of the whole network, in (0, 1]: takes the place of the layers' own densities.
    integer, intent(in), optional :: threads
      !! 0 (default): the environment's ESPALIER_NUM_THREADS, or else the cores that the process may use.
    class(*), intent(in), optional :: power
      !! Of (in + out) / (in out) in the Erdos-Renyi distributions (1).
    class(*), intent(in), optional :: epsilon
      !! SET's: each layer has the density epsilon (in + out) / (in out), in the place of its own.
    procedure(espalier_densities), optional :: densities
      !! A `bind(c)` function that fills in the densities, in the place of the layers' own. Like a distribution it leaves layers
      !! with `fixed_density` or a pattern alone.
    type(c_ptr), intent(in), optional :: user
      !! Handed to `densities`.
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(network) :: net
    type(c_ptr) :: handle
    integer(int64) :: inputs, outputs
    integer :: status
    character(message_length) :: message
    call construct(layers, loss, seed, max_batch, precision, distribution, density, threads, power, epsilon, densities, &
                   user, handle, inputs, outputs, status, message)
    if (status == espalier_ok) call net%adopt(handle, inputs, outputs)
    call finish(status, message, stat, errmsg)
  end function

  subroutine train_f32(self, x, target, batch_size, epochs, shuffle, validation_x, validation_y, callback, loss, stat, &
                       errmsg)
    class(network), intent(in) :: self
    real(real32), intent(in), contiguous :: x(:, :), target(:, :)
    integer, intent(in) :: batch_size, epochs
    logical, intent(in), optional :: shuffle
    real(real32), intent(in), contiguous, optional :: validation_x(:, :), validation_y(:, :)
    procedure(epoch_callback), optional :: callback
    real(real64), intent(out), optional :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64) :: mean, of_validation(2)
    integer(c_int) :: shuffled, status
    integer :: epoch
    logical :: stop
    if (present(loss)) loss = 0
    if (.not. self%fits("train", shape(x, int64), "target", shape(target, int64), stat, errmsg)) return
    if (.not. are_sensible(epochs, present(validation_x), present(validation_y), stat, errmsg)) return
    if (present(validation_x) .and. present(validation_y)) then
      if (.not. self%fits("train, validation", shape(validation_x, int64), "validation_y", &
                           shape(validation_y, int64), stat, errmsg)) return
    end if
    shuffled = 1
    if (present(shuffle)) shuffled = merge(1_c_int, 0_c_int, shuffle)
    of_validation = transfer(quiet_nan, mean)
    mean = 0
    stop = .false.
    status = espalier_ok
    do epoch = 1, epochs
      status = espalier_network_train_epoch_f32(self%handle, x, target, size(x, 2, c_int64_t), int(batch_size, c_int64_t), &
                                           shuffled, c_null_funptr, c_null_ptr, mean)
      if (status == espalier_ok .and. present(validation_x)) then
        status = espalier_network_evaluate_f32(self%handle, validation_x, validation_y, size(validation_x, 2, c_int64_t), &
                                               of_validation(1))
      end if
      if (status /= espalier_ok) exit
      if (present(callback)) call callback(epoch, mean, of_validation(1), of_validation(2), stop)
      if (stop) exit
    end do
    if (present(loss)) loss = mean
    call conclude(status, stat, errmsg)
  end subroutine

  subroutine train_labels_f32(self, x, labels, batch_size, epochs, shuffle, validation_x, validation_y, callback, loss, stat, &
                       errmsg)
    class(network), intent(in) :: self
    real(real32), intent(in), contiguous :: x(:, :)
    integer(int32), intent(in), contiguous :: labels(:)
    integer, intent(in) :: batch_size, epochs
    logical, intent(in), optional :: shuffle
    real(real32), intent(in), contiguous, optional :: validation_x(:, :)
    integer(int32), intent(in), contiguous, optional :: validation_y(:)
    procedure(epoch_callback), optional :: callback
    real(real64), intent(out), optional :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64) :: mean, of_validation(2)
    integer(c_int) :: shuffled, status
    integer :: epoch
    logical :: stop
    if (present(loss)) loss = 0
    if (.not. self%fits_labels("train", shape(x, int64), "labels", size(labels, kind=int64), stat, errmsg)) return
    if (.not. are_sensible(epochs, present(validation_x), present(validation_y), stat, errmsg)) return
    if (present(validation_x) .and. present(validation_y)) then
      if (.not. self%fits_labels("train, validation", shape(validation_x, int64), "validation_y", &
                                  size(validation_y, kind=int64), stat, errmsg)) return
    end if
    shuffled = 1
    if (present(shuffle)) shuffled = merge(1_c_int, 0_c_int, shuffle)
    of_validation = transfer(quiet_nan, mean)
    mean = 0
    stop = .false.
    status = espalier_ok
    do epoch = 1, epochs
      status = espalier_network_train_epoch_labels_f32(self%handle, x, labels, size(x, 2, c_int64_t), &
                                                       int(batch_size, c_int64_t), shuffled, c_null_funptr, c_null_ptr, mean)
      if (status == espalier_ok .and. present(validation_x)) then
        status = espalier_network_evaluate_labels_f32(self%handle, validation_x, validation_y, &
                                                      size(validation_x, 2, c_int64_t), of_validation(1), of_validation(2))
      end if
      if (status /= espalier_ok) exit
      if (present(callback)) call callback(epoch, mean, of_validation(1), of_validation(2), stop)
      if (stop) exit
    end do
    if (present(loss)) loss = mean
    call conclude(status, stat, errmsg)
  end subroutine

  subroutine train_f64(self, x, target, batch_size, epochs, shuffle, validation_x, validation_y, callback, loss, stat, &
                       errmsg)
    class(network), intent(in) :: self
    real(real64), intent(in), contiguous :: x(:, :), target(:, :)
    integer, intent(in) :: batch_size, epochs
    logical, intent(in), optional :: shuffle
    real(real64), intent(in), contiguous, optional :: validation_x(:, :), validation_y(:, :)
    procedure(epoch_callback), optional :: callback
    real(real64), intent(out), optional :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64) :: mean, of_validation(2)
    integer(c_int) :: shuffled, status
    integer :: epoch
    logical :: stop
    if (present(loss)) loss = 0
    if (.not. self%fits("train", shape(x, int64), "target", shape(target, int64), stat, errmsg)) return
    if (.not. are_sensible(epochs, present(validation_x), present(validation_y), stat, errmsg)) return
    if (present(validation_x) .and. present(validation_y)) then
      if (.not. self%fits("train, validation", shape(validation_x, int64), "validation_y", &
                           shape(validation_y, int64), stat, errmsg)) return
    end if
    shuffled = 1
    if (present(shuffle)) shuffled = merge(1_c_int, 0_c_int, shuffle)
    of_validation = transfer(quiet_nan, mean)
    mean = 0
    stop = .false.
    status = espalier_ok
    do epoch = 1, epochs
      status = espalier_network_train_epoch_f64(self%handle, x, target, size(x, 2, c_int64_t), int(batch_size, c_int64_t), &
                                           shuffled, c_null_funptr, c_null_ptr, mean)
      if (status == espalier_ok .and. present(validation_x)) then
        status = espalier_network_evaluate_f64(self%handle, validation_x, validation_y, size(validation_x, 2, c_int64_t), &
                                               of_validation(1))
      end if
      if (status /= espalier_ok) exit
      if (present(callback)) call callback(epoch, mean, of_validation(1), of_validation(2), stop)
      if (stop) exit
    end do
    if (present(loss)) loss = mean
    call conclude(status, stat, errmsg)
  end subroutine

  subroutine train_labels_f64(self, x, labels, batch_size, epochs, shuffle, validation_x, validation_y, callback, loss, stat, &
                       errmsg)
    class(network), intent(in) :: self
    real(real64), intent(in), contiguous :: x(:, :)
    integer(int32), intent(in), contiguous :: labels(:)
    integer, intent(in) :: batch_size, epochs
    logical, intent(in), optional :: shuffle
    real(real64), intent(in), contiguous, optional :: validation_x(:, :)
    integer(int32), intent(in), contiguous, optional :: validation_y(:)
    procedure(epoch_callback), optional :: callback
    real(real64), intent(out), optional :: loss
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64) :: mean, of_validation(2)
    integer(c_int) :: shuffled, status
    integer :: epoch
    logical :: stop
    if (present(loss)) loss = 0
    if (.not. self%fits_labels("train", shape(x, int64), "labels", size(labels, kind=int64), stat, errmsg)) return
    if (.not. are_sensible(epochs, present(validation_x), present(validation_y), stat, errmsg)) return
    if (present(validation_x) .and. present(validation_y)) then
      if (.not. self%fits_labels("train, validation", shape(validation_x, int64), "validation_y", &
                                  size(validation_y, kind=int64), stat, errmsg)) return
    end if
    shuffled = 1
    if (present(shuffle)) shuffled = merge(1_c_int, 0_c_int, shuffle)
    of_validation = transfer(quiet_nan, mean)
    mean = 0
    stop = .false.
    status = espalier_ok
    do epoch = 1, epochs
      status = espalier_network_train_epoch_labels_f64(self%handle, x, labels, size(x, 2, c_int64_t), &
                                                       int(batch_size, c_int64_t), shuffled, c_null_funptr, c_null_ptr, mean)
      if (status == espalier_ok .and. present(validation_x)) then
        status = espalier_network_evaluate_labels_f64(self%handle, validation_x, validation_y, &
                                                      size(validation_x, 2, c_int64_t), of_validation(1), of_validation(2))
      end if
      if (status /= espalier_ok) exit
      if (present(callback)) call callback(epoch, mean, of_validation(1), of_validation(2), stop)
      if (stop) exit
    end do
    if (present(loss)) loss = mean
    call conclude(status, stat, errmsg)
  end subroutine

  logical function are_sensible(epochs, has_x, has_y, stat, errmsg)
    integer, intent(in) :: epochs
    logical, intent(in) :: has_x, has_y
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    are_sensible = epochs >= 0 .and. (has_x .eqv. has_y)
    if (epochs < 0) then
      call refuse(espalier_error_invalid_argument, "train: epochs must be >= 0, got " // text_of(epochs), stat, errmsg)
    else if (has_x .neqv. has_y) then
      call refuse(espalier_error_invalid_argument, "train: validation_x and validation_y go together", stat, errmsg)
    end if
  end function

end module espalier_network
