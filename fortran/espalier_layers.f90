!> Descriptions of layers: what [[input]], [[linear]], [[dropout]], [[sum_of]] and [[concatenation_of]] return and the constructor of a
!> network takes.
module espalier_layers
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_int, c_int64_t, c_loc, c_null_char, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use :: espalier_c, only: espalier_error_invalid_argument, espalier_error_precision, &
    espalier_layer_set_pattern_coo_f32, espalier_layer_set_pattern_coo_f64, espalier_layer_set_pattern_csr_f32, &
    espalier_layer_set_pattern_csr_f64, espalier_layer_concatenation, &
    espalier_layer_dropout, espalier_layer_linear, espalier_layer_sum, espalier_network_add_layer, espalier_ok
  use :: espalier_support, only: check_extent, conclude, named, refuse, terminated, text_of, to_real64
  implicit none
  private
  public :: add_layer, concatenation_of, dropout, input, is_input, layer, linear, sum_of, units_of

  integer, parameter :: kind_input = -1
    !! Beside the library's kinds of layers.
  integer, parameter :: most_inputs = 16
  integer, parameter :: name_length = 32

  character(*), parameter :: activations(0:7) = [character(name_length) :: &
    "identity", "relu", "leaky_relu", "gelu", "silu", "sigmoid", "tanh", "softmax"]
  character(*), parameter :: initializers(0:5) = [character(name_length) :: &
    "he_uniform", "he_normal", "glorot_uniform", "glorot_normal", "orthogonal", "zeros"]

  !> The description of one layer, a plain value. It owns nothing: a pattern given by the caller is pointed to, because
  !> gfortran 12 never frees the allocatable components of function results inside an array constructor.
  type :: layer
    private
    integer :: kind = kind_input
    integer(int64) :: units = 0
    real(real64) :: amount = 1
      !! Density of a linear layer, probability of a dropout layer.
    logical :: is_number = .true.
      !! Whether the amount and the slope were given as numbers.
    logical :: bias = .true.
    logical :: fixed_density = .false.
    real(real64) :: negative_slope = 0.01_real64
    character(name_length) :: activation = "identity"
    character(name_length) :: initializer = "he_uniform"
    integer(int32), pointer, contiguous :: rows(:) => null()
    integer(int32), pointer, contiguous :: columns(:) => null()
    integer(int64), pointer, contiguous :: row_start(:) => null()
    real(real32), pointer, contiguous :: values_f32(:) => null()
    real(real64), pointer, contiguous :: values_f64(:) => null()
    integer :: base = 1
    integer :: input_count = 0
      !! Layers that it takes from; 0 for the entry before it.
    integer(int64) :: inputs(most_inputs) = 0
  end type

  !> One option by name.
  type :: option
    character(name_length) :: name
    real(real64) :: value
  end type

  !> A linear layer, a = f(W x + b), with a share `density` of its connections. The forms with `values` give the initial
  !> weights of a pattern.
  interface linear
    module procedure linear_drawn
    module procedure linear_f32
    module procedure linear_f64
  end interface

contains

  type(layer) function input(units) result(description)
    !! The first entry of every network: the number of features of a sample. It is not counted as a layer.
    integer, intent(in) :: units
    description%kind = kind_input
    description%units = units
  end function

  type(layer) function sum_of(from) result(description)
    !! The sum of the outputs of two or more layers with equal numbers of outputs: a residual connection, when one of them is
    !! what another was made of.
    integer, intent(in) :: from(:)
      !! Their numbers, counted from 1 in the order of the list; 0 is the network's input.
    description = joining(espalier_layer_sum, from)
  end function

  type(layer) function concatenation_of(from) result(description)
    !! The outputs of two or more layers one after the other.
    integer, intent(in) :: from(:)
      !! Their numbers, counted from 1 in the order of the list; 0 is the network's input.
    description = joining(espalier_layer_concatenation, from)
  end function

  type(layer) function joining(kind, from) result(description)
    integer(c_int), intent(in) :: kind
    integer, intent(in) :: from(:)
    integer :: i
    description%kind = kind
    description%input_count = size(from)
    do i = 1, min(size(from), most_inputs)
      description%inputs(i) = from(i)
    end do
  end function

  type(layer) function dropout(probability, from) result(description)
    !! In training each value is zeroed with this probability in [0, 1) and the others are divided by 1 - probability.
    class(*), intent(in) :: probability
      !! A real of either kind.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    if (present(from)) description = joining(espalier_layer_dropout, [from])
    description%kind = espalier_layer_dropout
    call to_real64(probability, description%amount, description%is_number)
  end function

  type(layer) function linear_drawn(units, density, activation, bias, initializer, negative_slope, fixed_density, &
                                    rows, columns, row_start, base, from) result(description)
    integer, intent(in) :: units
      !! Outputs of the layer.
    class(*), intent(in), optional :: density
      !! In (0, 1], a real of either kind; without it the layer is dense. A single-precision number stands for the shortest
      !! decimal that rounds to it, so a quotient such as one third is exact in double precision only.
    character(*), intent(in), optional :: activation
      !! identity (default), relu, leaky_relu, gelu, silu, sigmoid, tanh, softmax.
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
      !! he_uniform (default), he_normal, glorot_uniform, glorot_normal, orthogonal (dense layers), zeros.
    class(*), intent(in), optional :: negative_slope
      !! Of leaky_relu (0.01).
    logical, intent(in), optional :: fixed_density
      !! Keep this density when the network spreads an overall one over its layers.
    integer(int32), pointer, intent(in), contiguous, optional :: rows(:)
      !! The unit of each connection, beside `columns`. An array with the target attribute, read by the constructor of the
      !! network and not afterwards; an expression is refused by the compiler.
    integer(int32), pointer, intent(in), contiguous, optional :: columns(:)
      !! The input of each connection, with `rows` or `row_start`; in any order, without duplicates.
    integer(int64), pointer, intent(in), contiguous, optional :: row_start(:)
      !! units+1 offsets into `columns`, counted from `base`.
    integer, intent(in), optional :: base
      !! 1 (default) or 0: what the indices count from.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    logical :: is_number
    if (present(from)) description = joining(espalier_layer_linear, [from])
    description%kind = espalier_layer_linear
    description%units = units
    if (present(density)) call to_real64(density, description%amount, description%is_number)
    if (present(activation)) description%activation = activation
    if (present(bias)) description%bias = bias
    if (present(initializer)) description%initializer = initializer
    if (present(negative_slope)) then
      call to_real64(negative_slope, description%negative_slope, is_number)
      description%is_number = description%is_number .and. is_number
    end if
    if (present(fixed_density)) description%fixed_density = fixed_density
    if (present(rows)) description%rows => rows
    if (present(columns)) description%columns => columns
    if (present(row_start)) description%row_start => row_start
    if (present(base)) description%base = base
  end function

  type(layer) function linear_f32(units, activation, bias, initializer, negative_slope, rows, columns, row_start, values, &
                                  base, from) result(description)
    integer, intent(in) :: units
    character(*), intent(in), optional :: activation
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
    class(*), intent(in), optional :: negative_slope
    integer(int32), pointer, intent(in), contiguous, optional :: rows(:), columns(:)
    integer(int64), pointer, intent(in), contiguous, optional :: row_start(:)
    real(real32), pointer, intent(in), contiguous :: values(:)
      !! Initial weights in the order of `columns`.
    integer, intent(in), optional :: base, from
    description = linear_drawn(units, activation=activation, bias=bias, initializer=initializer, &
                               negative_slope=negative_slope, rows=rows, columns=columns, row_start=row_start, base=base, &
                               from=from)
    description%values_f32 => values
  end function

  type(layer) function linear_f64(units, activation, bias, initializer, negative_slope, rows, columns, row_start, values, &
                                  base, from) result(description)
    integer, intent(in) :: units
    character(*), intent(in), optional :: activation
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
    class(*), intent(in), optional :: negative_slope
    integer(int32), pointer, intent(in), contiguous, optional :: rows(:), columns(:)
    integer(int64), pointer, intent(in), contiguous, optional :: row_start(:)
    real(real64), pointer, intent(in), contiguous :: values(:)
    integer, intent(in), optional :: base, from
    description = linear_drawn(units, activation=activation, bias=bias, initializer=initializer, &
                               negative_slope=negative_slope, rows=rows, columns=columns, row_start=row_start, base=base, &
                               from=from)
    description%values_f64 => values
  end function

  subroutine add_layer(network, precision, position, description, stat, errmsg)
    !! Add the layer of that number to a network that is not built yet.
    type(c_ptr), intent(in) :: network
    integer, intent(in) :: precision
      !! real32 or real64
    integer(int64), intent(in) :: position
    type(layer), intent(in) :: description
    integer, intent(out) :: stat
    character(*), intent(inout) :: errmsg
    integer(c_int) :: activation, initializer
    character(6 + len(text_of(position))) :: where
    where = "layer " // text_of(position)
    if (description%kind == kind_input) then
      call refuse(espalier_error_invalid_argument, where // ": input() must stand first, and only there", stat, errmsg)
    else if (.not. description%is_number) then
      call refuse(espalier_error_invalid_argument, where // ": density, probability and negative_slope must be real numbers", &
                  stat, errmsg)
    else if (description%input_count > most_inputs) then
      call refuse(espalier_error_invalid_argument, where // ": from must have at most " // text_of(most_inputs) // &
                  " layers, got " // text_of(description%input_count), stat, errmsg)
    else if (description%kind == espalier_layer_dropout) then
      call add_kind([option("probability", description%amount)])
    else if (description%kind /= espalier_layer_linear) then
      call add_kind([option ::])
    else
      call named(description%activation, activations, where // ": activation", activation, stat, errmsg)
      if (stat == espalier_ok) then
        call named(description%initializer, initializers, where // ": initializer", initializer, stat, errmsg)
      end if
      if (stat == espalier_ok) then
        call add_kind([option("units", real(description%units, real64)), option("density", description%amount), &
                       option("activation", real(activation, real64)), option("initializer", real(initializer, real64)), &
                       option("bias", merge(1.0_real64, 0.0_real64, description%bias)), &
                       option("fixed_density", merge(1.0_real64, 0.0_real64, description%fixed_density)), &
                       option("negative_slope", description%negative_slope)])
      end if
      if (stat == espalier_ok) call set_pattern(network, precision, position, description, where, stat, errmsg)
    end if

  contains

    subroutine add_kind(options)
      type(option), intent(in) :: options(:)
      character(kind=c_char), target :: texts(name_length + 1, size(options))
      type(c_ptr) :: names(size(options))
      real(c_double) :: values(size(options))
      integer :: i, j
      do i = 1, size(options)
        do j = 1, len_trim(options(i)%name)
          texts(j, i) = options(i)%name(j:j)
        end do
        texts(len_trim(options(i)%name) + 1, i) = c_null_char
        names(i) = c_loc(texts(1, i))
        values(i) = options(i)%value
      end do
      call conclude(espalier_network_add_layer(network, int(description%kind, c_int), &
                                               int(description%input_count, c_int64_t), description%inputs, &
                                               size(options, kind=c_int64_t), names, values), stat, errmsg)
    end subroutine

  end subroutine

  subroutine set_pattern(network, precision, position, given, where, stat, errmsg)
    !! Hand over a pattern that the caller gave. A values pointer that points nowhere is an absent argument.
    type(c_ptr), intent(in) :: network
    integer, intent(in) :: precision
    integer(int64), intent(in) :: position
    type(layer), intent(in) :: given
    character(*), intent(in) :: where
    integer, intent(out) :: stat
    character(*), intent(inout) :: errmsg
    integer(int64) :: connections
    integer(c_int) :: status
    stat = espalier_ok
    if (.not. associated(given%columns)) then
      if (associated(given%rows) .or. associated(given%row_start) .or. associated(given%values_f32) .or. &
          associated(given%values_f64)) then
        call refuse(espalier_error_invalid_argument, where // ": a pattern needs columns", stat, errmsg)
      end if
      return
    end if
    if (associated(given%rows) .eqv. associated(given%row_start)) then
      call refuse(espalier_error_invalid_argument, where // ": a pattern needs either rows or row_start beside columns", &
                  stat, errmsg)
      return
    end if
    if (merge(associated(given%values_f64), associated(given%values_f32), precision == real32)) then
      call refuse(espalier_error_precision, where // ": values must have the network's precision", stat, errmsg)
      return
    end if
    connections = size(given%columns, kind=int64)
    if (associated(given%values_f32)) then
      if (.not. check_extent(where, "size(values)", size(given%values_f32, kind=int64), "size(columns)", connections, &
                             stat, errmsg)) return
    end if
    if (associated(given%values_f64)) then
      if (.not. check_extent(where, "size(values)", size(given%values_f64, kind=int64), "size(columns)", connections, &
                             stat, errmsg)) return
    end if
    if (associated(given%rows)) then
      if (.not. check_extent(where, "size(rows)", size(given%rows, kind=int64), "size(columns)", connections, stat, &
                             errmsg)) return
      if (precision == real32) then
        status = espalier_layer_set_pattern_coo_f32(network, position, connections, given%rows, given%columns, &
                                                    given%values_f32, int(given%base, c_int))
      else
        status = espalier_layer_set_pattern_coo_f64(network, position, connections, given%rows, given%columns, &
                                                    given%values_f64, int(given%base, c_int))
      end if
    else
      if (.not. check_extent(where, "size(row_start)", size(given%row_start, kind=int64), "units + 1", given%units + 1, &
                             stat, errmsg)) return
      if (.not. check_extent(where, "last row_start - base", given%row_start(given%units + 1) - given%base, &
                             "size(columns)", connections, stat, errmsg)) return
      if (precision == real32) then
        status = espalier_layer_set_pattern_csr_f32(network, position, given%row_start, given%columns, given%values_f32, &
                                                    int(given%base, c_int))
      else
        status = espalier_layer_set_pattern_csr_f64(network, position, given%row_start, given%columns, given%values_f64, &
                                                    int(given%base, c_int))
      end if
    end if
    call conclude(status, stat, errmsg)
  end subroutine

  logical function is_input(description)
    !! Whether a description came from [[input]].
    type(layer), intent(in) :: description
    is_input = description%kind == kind_input
  end function

  integer(int64) function units_of(description)
    !! Features of an input, outputs of a linear layer.
    type(layer), intent(in) :: description
    units_of = description%units
  end function

end module espalier_layers
