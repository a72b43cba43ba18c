!> The part of a network that takes connections away for good.
module espalier_thinning
  use, intrinsic :: iso_c_binding, only: c_int64_t, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use :: espalier_c, only: espalier_network_prune_f32, espalier_network_prune_f64, espalier_network_prune_labels_f32, &
    espalier_network_prune_labels_f64, espalier_ok
  use :: espalier_prunings, only: discard_pruning_handle, new_pruning_handle, pruning
  use :: espalier_steps, only: network_steps
  use :: espalier_support, only: check_extent, conclude, finish, message_length
  implicit none
  private
  public :: network_thinning

  type, extends(network_steps) :: network_thinning
  contains
    procedure, private :: prune_alone, prune_f32, prune_f64, prune_labels_f32, prune_labels_f64, prune_inputs_f32, &
      prune_inputs_f64
    generic, public :: prune => prune_alone, prune_f32, prune_f64, prune_labels_f32, prune_labels_f64, prune_inputs_f32, &
      prune_inputs_f64
      !! Take connections away by a criterion, with samples, and targets (outputs, samples) or class numbers (samples), where it
      !! needs them. Dense layers become sparse, memory shrinks to what stays, and what stays keeps its weight (but
      !! for `obs` and `sparse_gpt`) and optimizer state; layers made with `fixed_density` keep all. `parameter_count` falls, each layer's part of bound arrays moves
      !! towards their front, and pointers from `parameters` and `layer_parameters` end. After a failure nothing has changed.
  end type

contains

  subroutine prune_alone(self, method, stat, errmsg)
    class(network_thinning), intent(in) :: self
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

  subroutine prune_f32(self, method, x, target, stat, errmsg)
    class(network_thinning), intent(in) :: self
    type(pruning), intent(in) :: method
    real(real32), intent(in), contiguous :: x(:, :)
    real(real32), intent(in), contiguous :: target(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: handle
    integer :: status
    character(message_length) :: message
    if (.not. self%fits("prune", shape(x, int64), "target", shape(target, int64), stat, errmsg)) return
    call new_pruning_handle(method, handle, status, message)
    if (status == espalier_ok) then
      call conclude(espalier_network_prune_f32(self%handle, handle, x, target, size(x, 2, c_int64_t)), &
                    status, message)
      call discard_pruning_handle(handle)
    end if
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine prune_labels_f32(self, method, x, labels, stat, errmsg)
    class(network_thinning), intent(in) :: self
    type(pruning), intent(in) :: method
    real(real32), intent(in), contiguous :: x(:, :)
    integer(int32), intent(in), contiguous :: labels(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: handle
    integer :: status
    character(message_length) :: message
    if (.not. self%fits_labels("prune", shape(x, int64), "labels", size(labels, kind=int64), stat, errmsg)) return
    call new_pruning_handle(method, handle, status, message)
    if (status == espalier_ok) then
      call conclude(espalier_network_prune_labels_f32(self%handle, handle, x, labels, size(x, 2, c_int64_t)), &
                    status, message)
      call discard_pruning_handle(handle)
    end if
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine prune_f64(self, method, x, target, stat, errmsg)
    class(network_thinning), intent(in) :: self
    type(pruning), intent(in) :: method
    real(real64), intent(in), contiguous :: x(:, :)
    real(real64), intent(in), contiguous :: target(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: handle
    integer :: status
    character(message_length) :: message
    if (.not. self%fits("prune", shape(x, int64), "target", shape(target, int64), stat, errmsg)) return
    call new_pruning_handle(method, handle, status, message)
    if (status == espalier_ok) then
      call conclude(espalier_network_prune_f64(self%handle, handle, x, target, size(x, 2, c_int64_t)), &
                    status, message)
      call discard_pruning_handle(handle)
    end if
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine prune_labels_f64(self, method, x, labels, stat, errmsg)
    class(network_thinning), intent(in) :: self
    type(pruning), intent(in) :: method
    real(real64), intent(in), contiguous :: x(:, :)
    integer(int32), intent(in), contiguous :: labels(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: handle
    integer :: status
    character(message_length) :: message
    if (.not. self%fits_labels("prune", shape(x, int64), "labels", size(labels, kind=int64), stat, errmsg)) return
    call new_pruning_handle(method, handle, status, message)
    if (status == espalier_ok) then
      call conclude(espalier_network_prune_labels_f64(self%handle, handle, x, labels, size(x, 2, c_int64_t)), &
                    status, message)
      call discard_pruning_handle(handle)
    end if
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine prune_inputs_f32(self, method, x, stat, errmsg)
    class(network_thinning), intent(in) :: self
    type(pruning), intent(in) :: method
    real(real32), intent(in), contiguous :: x(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: handle
    integer :: status
    character(message_length) :: message
    if (.not. self%is_alive("prune", stat, errmsg)) return
    if (.not. check_extent("prune", "size(x, 1)", size(x, 1, int64), "inputs", self%input_count(), stat, errmsg)) return
    call new_pruning_handle(method, handle, status, message)
    if (status == espalier_ok) then
      call conclude(espalier_network_prune_f32(self%handle, handle, x, samples=size(x, 2, c_int64_t)), status, message)
      call discard_pruning_handle(handle)
    end if
    call finish(status, message, stat, errmsg)
  end subroutine

  subroutine prune_inputs_f64(self, method, x, stat, errmsg)
    class(network_thinning), intent(in) :: self
    type(pruning), intent(in) :: method
    real(real64), intent(in), contiguous :: x(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: handle
    integer :: status
    character(message_length) :: message
    if (.not. self%is_alive("prune", stat, errmsg)) return
    if (.not. check_extent("prune", "size(x, 1)", size(x, 1, int64), "inputs", self%input_count(), stat, errmsg)) return
    call new_pruning_handle(method, handle, status, message)
    if (status == espalier_ok) then
      call conclude(espalier_network_prune_f64(self%handle, handle, x, samples=size(x, 2, c_int64_t)), status, message)
      call discard_pruning_handle(handle)
    end if
    call finish(status, message, stat, errmsg)
  end subroutine

end module espalier_thinning
