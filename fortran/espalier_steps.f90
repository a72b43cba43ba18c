!> The part of a network whose procedures take no arrays of its precision: counts, patterns, the phases of a step, and checks of
!> arguments for those that do, which are in [[espalier_real32]] and [[espalier_real64]].
module espalier_steps
  use, intrinsic :: iso_c_binding, only: c_int, c_int64_t, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real64
  use :: espalier_c, only: espalier_all_layers, espalier_error_invalid_argument, espalier_layer_pattern, &
    espalier_network_end_epoch, espalier_network_evolve, espalier_network_evolve_now, espalier_network_parameter_count, &
    espalier_network_prune_f32, espalier_network_prune_f64, espalier_network_remember, espalier_network_rewind, &
    espalier_network_unbind, espalier_network_update, espalier_ok
  use :: espalier_handles, only: network_handle
  use :: espalier_prunings, only: discard_pruning_handle, new_pruning_handle, pruning
  use :: espalier_shapes, only: are_as_many, are_samples, array_shape, find_shape, values_in
  use :: espalier_support, only: conclude, finish, message_length, refuse, text_of, to_real64
  implicit none
  private
  public :: are_bindable, are_sensible, epoch_callback, network_steps, quiet_nan, takes

  ! By its bits: procedures of a module that uses ieee_arithmetic clear the caller's flags and put them back.
  integer(int64), parameter :: quiet_nan = 9221120237041090560_int64

  type, extends(network_handle) :: network_steps
  contains
    procedure :: parameter_count
      !! Parameters of all layers: layer by layer weights (sorted by unit, then input), then biases.
    procedure :: connections
      !! Active connections of the network, or of one layer.
    procedure, private :: layer_pattern_only
    generic, public :: layer_pattern => layer_pattern_only
    procedure :: unbind
      !! Copy parameters and gradients back into arrays of the library's own.
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
    procedure, private :: prune_alone
    generic, public :: prune => prune_alone
    procedure :: fits
    procedure :: fits_inputs
    procedure :: fits_labels
    procedure :: fits_outputs
  end type

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

  integer(int64) function parameter_count(self, stat, errmsg)
    class(network_steps), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    parameter_count = 0
    if (.not. self%is_alive("parameter_count", stat, errmsg)) return
    call conclude(espalier_network_parameter_count(self%handle, parameter_count), stat, errmsg)
  end function

  integer(int64) function connections(self, layer, stat, errmsg)
    class(network_steps), intent(in) :: self
    integer, intent(in), optional :: layer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (present(layer)) then
      connections = nint(self%layer_option(layer, "connections", stat, errmsg), int64)
    else
      connections = nint(self%option("connections", stat, errmsg), int64)
    end if
  end function

  subroutine layer_pattern_only(self, layer, rows, columns, row_start, base, stat, errmsg)
    class(network_steps), intent(in) :: self
    integer, intent(in) :: layer
    integer(int32), allocatable, intent(out), optional :: rows(:), columns(:)
    integer(int64), allocatable, intent(out), optional :: row_start(:)
    integer, intent(in), optional :: base
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    ! Unallocated, they are absent arguments of the C function; absent dummy arguments of this one would not be.
    integer(int32), allocatable :: some_rows(:), some_columns(:)
    integer(int64), allocatable :: some_row_start(:)
    integer(int64) :: capacity, count, units
    integer(c_int) :: from, status
    from = 1
    if (present(base)) from = int(base, c_int)
    if (.not. self%is_alive("layer_pattern", stat, errmsg)) return
    status = espalier_layer_pattern(self%handle, int(layer, c_int64_t), from, 0_c_int64_t, connections=count)
    if (status == espalier_ok) then
      units = nint(self%layer_option(layer, "units"), int64)
      capacity = count
      if (present(rows)) allocate (some_rows(count))
      if (present(columns)) allocate (some_columns(count))
      if (present(row_start)) allocate (some_row_start(units + 1))
      status = espalier_layer_pattern(self%handle, int(layer, c_int64_t), from, capacity, some_row_start, some_rows, &
                                      some_columns, count)
    end if
    if (status == espalier_ok) then
      if (present(rows)) call move_alloc(some_rows, rows)
      if (present(columns)) call move_alloc(some_columns, columns)
      if (present(row_start)) call move_alloc(some_row_start, row_start)
    end if
    call conclude(status, stat, errmsg)
  end subroutine

  logical function are_bindable(size_of_w, size_of_dw, contiguous_arrays, stat, errmsg)
    integer(int64), intent(in) :: size_of_w, size_of_dw
    logical, intent(in) :: contiguous_arrays
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    are_bindable = size_of_w == size_of_dw .and. contiguous_arrays
    if (.not. contiguous_arrays) then
      call refuse(espalier_error_invalid_argument, "bind: w and dw must be contiguous", stat, errmsg)
    else if (size_of_w /= size_of_dw) then
      call refuse(espalier_error_invalid_argument, "bind: size(dw) must be " // text_of(size_of_w) // " (size(w)), got " // &
                  text_of(size_of_dw), stat, errmsg)
    end if
  end function

  logical function takes(self, layer, of_x, samples, stat, errmsg)
    !! Whether an array holds samples of what a layer takes that keeps shapes as they are, and how many.
    class(network_steps), intent(in) :: self
    integer, intent(in) :: layer
    type(array_shape), intent(in) :: of_x
    integer(int64), intent(out) :: samples
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(array_shape) :: one
    integer(c_int) :: status
    takes = .false.
    if (.not. self%is_alive("fit", stat, errmsg)) return
    status = find_shape(self%handle, int(layer, c_int64_t), one)
    takes = status == espalier_ok
    if (.not. takes) then
      call conclude(status, stat, errmsg)
    else
      takes = are_samples("fit", "x", of_x, one, samples, stat, errmsg)
    end if
  end function

  subroutine unbind(self, stat, errmsg)
    class(network_steps), intent(in) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (.not. self%is_alive("unbind", stat, errmsg)) return
    call conclude(espalier_network_unbind(self%handle), stat, errmsg)
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

  logical function fits(self, where, x, of_x, other, of_other, samples, stat, errmsg)
    !! Whether the network is there and inputs and outputs have its shapes and equally many samples, and how many.
    class(network_steps), intent(in) :: self
    character(*), intent(in) :: where, x, other
    type(array_shape), intent(in) :: of_x, of_other
    integer(int64), intent(out) :: samples
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(int64) :: others
    fits = self%fits_inputs(where, x, of_x, samples, stat, errmsg)
    if (fits) fits = self%fits_outputs(where, other, of_other, others, stat, errmsg)
    if (fits) fits = are_as_many(where, x, of_x, samples, other, of_other, others, stat, errmsg)
  end function

  logical function fits_labels(self, where, x, of_x, other, of_other, samples, stat, errmsg)
    !! The same for class numbers, of which a sample has as many as the outputs have places or losses. They may be all in one row.
    class(network_steps), intent(in) :: self
    character(*), intent(in) :: where, x, other
    type(array_shape), intent(in) :: of_x, of_other
    integer(int64), intent(out) :: samples
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(int64) :: labels, others
    type(array_shape) :: one
    fits_labels = self%fits_inputs(where, x, of_x, samples, stat, errmsg)
    if (.not. fits_labels) return
    labels = nint(self%option("labels_per_sample"), int64)
    if (of_other%rank == 1 .and. of_other%extents(1) == labels * samples) return
    one = self%outputs
    one%extents(one%rank) = 1
    if (values_in(one) /= labels) then
      one%rank = 1
      one%extents(1) = labels
    end if
    fits_labels = are_samples(where, other, of_other, one, others, stat, errmsg)
    if (fits_labels) fits_labels = are_as_many(where, x, of_x, samples, other, of_other, others, stat, errmsg)
  end function

  logical function fits_inputs(self, where, x, of_x, samples, stat, errmsg)
    !! Whether the network is there and inputs have its shape, and how many samples there are.
    class(network_steps), intent(in) :: self
    character(*), intent(in) :: where, x
    type(array_shape), intent(in) :: of_x
    integer(int64), intent(out) :: samples
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    fits_inputs = self%is_alive(where, stat, errmsg)
    if (fits_inputs) fits_inputs = are_samples(where, x, of_x, self%inputs, samples, stat, errmsg)
  end function

  logical function fits_outputs(self, where, y, of_y, samples, stat, errmsg)
    !! Whether the network is there and outputs have its shape, and how many samples there are.
    class(network_steps), intent(in) :: self
    character(*), intent(in) :: where, y
    type(array_shape), intent(in) :: of_y
    integer(int64), intent(out) :: samples
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    fits_outputs = self%is_alive(where, stat, errmsg)
    if (fits_outputs) fits_outputs = are_samples(where, y, of_y, self%outputs, samples, stat, errmsg)
  end function

  subroutine prune_alone(self, method, stat, errmsg)
    class(network_steps), intent(in) :: self
    type(pruning), intent(in) :: method
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: handle
    integer :: status
    character(message_length) :: message
    if (.not. self%is_alive("prune", stat, errmsg)) return
    call new_pruning_handle(method, handle, status, message)
    if (status == espalier_ok) then
      if (nint(self%option("precision")) == 32) then
        call conclude(espalier_network_prune_f32(self%handle, handle, samples=0_c_int64_t), status, message)
      else
        call conclude(espalier_network_prune_f64(self%handle, handle, samples=0_c_int64_t), status, message)
      end if
      call discard_pruning_handle(handle)
    end if
    call finish(status, message, stat, errmsg)
  end subroutine

  logical function are_sensible(self, epochs, has_x, has_y, stat, errmsg)
    class(network_steps), intent(in) :: self
    integer, intent(in) :: epochs
    logical, intent(in) :: has_x, has_y
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    logical :: has_others
    has_others = has_x
    if (has_x) has_others = self%option("input_layers") > 0
    are_sensible = epochs >= 0 .and. (has_x .eqv. has_y) .and. .not. has_others
    if (epochs < 0) then
      call refuse(espalier_error_invalid_argument, "train: epochs must be >= 0, got " // text_of(epochs), stat, errmsg)
    else if (has_x .neqv. has_y) then
      call refuse(espalier_error_invalid_argument, "train: validation_x and validation_y go together", stat, errmsg)
    else if (has_others) then
      call refuse(espalier_error_invalid_argument, "train: validation_x must be absent where the network has other inputs, " // &
                  "to which the samples of x are bound; evaluate after binding others", stat, errmsg)
    end if
  end function

end module espalier_steps
