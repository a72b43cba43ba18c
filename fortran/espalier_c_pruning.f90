!> Interfaces of the functions of `espalier.h` that take connections away, under the same names; a part of [[espalier_c]].
module espalier_c_pruning
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_float, c_int, c_int32_t, c_int64_t, c_ptr
  implicit none
  public

  interface

    integer(c_int) function espalier_pruning_create(criterion, pruning) bind(c)
      !! Make a pruning. `pruning` must come in as `c_null_ptr`.
      import :: c_int, c_ptr
      integer(c_int), value :: criterion
      type(c_ptr), intent(inout) :: pruning
    end function

    integer(c_int) function espalier_pruning_destroy(pruning) bind(c)
      !! Destroy it. `c_null_ptr` is fine.
      import :: c_int, c_ptr
      type(c_ptr), value :: pruning
    end function

    integer(c_int) function espalier_pruning_set(pruning, name, value) bind(c)
      !! Set an option by its NUL-terminated name.
      import :: c_char, c_double, c_int, c_ptr
      type(c_ptr), value :: pruning
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), value :: value
    end function

    integer(c_int) function espalier_pruning_get(pruning, name, value) bind(c)
      !! Read an option, or "criterion".
      import :: c_char, c_double, c_int, c_ptr
      type(c_ptr), value :: pruning
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), intent(out) :: value
    end function

    integer(c_int) function espalier_network_prune_f32(network, pruning, x, target, samples) bind(c)
      !! Take connections away by a criterion; what stays is kept to the bit. After build. Criteria that need no data take
      !! absent arrays and 0 samples.
      import :: c_float, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network, pruning
      real(c_float), intent(in), optional :: x(*), target(*)
      integer(c_int64_t), value :: samples
    end function

    integer(c_int) function espalier_network_prune_f64(network, pruning, x, target, samples) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network, pruning
      real(c_double), intent(in), optional :: x(*), target(*)
      integer(c_int64_t), value :: samples
    end function

    integer(c_int) function espalier_network_prune_labels_f32(network, pruning, x, labels, samples) bind(c)
      !! The same with class numbers.
      import :: c_float, c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network, pruning
      real(c_float), intent(in), optional :: x(*)
      integer(c_int32_t), intent(in), optional :: labels(*)
      integer(c_int64_t), value :: samples
    end function

    integer(c_int) function espalier_network_prune_labels_f64(network, pruning, x, labels, samples) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network, pruning
      real(c_double), intent(in), optional :: x(*)
      integer(c_int32_t), intent(in), optional :: labels(*)
      integer(c_int64_t), value :: samples
    end function

  end interface
end module espalier_c_pruning
