!> Descriptions of layers: what [[input]], [[linear]] and [[dropout]] return and the constructor of a network takes.
module espalier_layers
  use, intrinsic :: iso_c_binding, only: c_int, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use :: espalier_c, only: espalier_error_invalid_argument, espalier_error_precision, espalier_layer_set, &
    espalier_layer_set_pattern_coo_f32, espalier_layer_set_pattern_coo_f64, espalier_layer_set_pattern_csr_f32, &
    espalier_layer_set_pattern_csr_f64, espalier_network_add_dropout, espalier_network_add_linear, espalier_ok
  use :: espalier_support, only: check_extent, conclude, named, refuse, terminated, text_of, to_real64
  implicit none
  private
  public :: add_layer, dropout, input, is_input, layer, linear, units_of

  integer, parameter :: kind_input = 0, kind_linear = 1, kind_dropout = 2
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

  type(layer) function dropout(probability) result(description)
    !! In training each value is zeroed with this probability in [0, 1) and the others are divided by 1 - probability.
    class(*), intent(in) :: probability
      !! A real of either kind.
    description%kind = kind_dropout
    call to_real64(probability, description%amount, description%is_number)
  end function

  type(layer) function linear_drawn(units, density, activation, bias, initializer, negative_slope, fixed_density, &
                                    rows, columns, row_start, base) result(description)
    integer, intent(in) :: units
      !! Outputs of the layer.
    class(*), intent(in), optional :: density
      !! In (0, 1], a real of either kind; without it the layer is dense.
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
    logical :: is_number
    description%kind = kind_linear
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
                                  base) result(description)
    integer, intent(in) :: units
    character(*), intent(in), optional :: activation
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
    class(*), intent(in), optional :: negative_slope
    integer(int32), pointer, intent(in), contiguous, optional :: rows(:), columns(:)
    integer(int64), pointer, intent(in), contiguous, optional :: row_start(:)
    real(real32), pointer, intent(in), contiguous :: values(:)
      !! Initial weights in the order of `columns`.
    integer, intent(in), optional :: base
    description = linear_drawn(units, activation=activation, bias=bias, initializer=initializer, &
                               negative_slope=negative_slope, rows=rows, columns=columns, row_start=row_start, base=base)
    description%values_f32 => values
  end function

  type(layer) function linear_f64(units, activation, bias, initializer, negative_slope, rows, columns, row_start, values, &
                                  base) result(description)
    integer, intent(in) :: units
    character(*), intent(in), optional :: activation
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
    class(*), intent(in), optional :: negative_slope
    integer(int32), pointer, intent(in), contiguous, optional :: rows(:), columns(:)
    integer(int64), pointer, intent(in), contiguous, optional :: row_start(:)
    real(real64), pointer, intent(in), contiguous :: values(:)
    integer, intent(in), optional :: base
    description = linear_drawn(units, activation=activation, bias=bias, initializer=initializer, &
                               negative_slope=negative_slope, rows=rows, columns=columns, row_start=row_start, base=base)
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
    else if (description%kind == kind_dropout) then
      call conclude(espalier_network_add_dropout(network, description%amount), stat, errmsg)
    else
      call named(description%activation, activations, where // ": activation", activation, stat, errmsg)
      if (stat == espalier_ok) then
        call named(description%initializer, initializers, where // ": initializer", initializer, stat, errmsg)
      end if
      if (stat == espalier_ok) then
        call conclude(espalier_network_add_linear(network, description%units, description%amount, activation), stat, errmsg)
      end if
      if (stat == espalier_ok) call set_options
      if (stat == espalier_ok) call set_pattern(network, precision, position, description, where, stat, errmsg)
    end if

  contains

    subroutine set_options
      call set("initializer", real(initializer, real64))
      if (.not. description%bias) call set("bias", 0.0_real64)
      if (description%fixed_density) call set("fixed_density", 1.0_real64)
      call set("negative_slope", description%negative_slope)
    end subroutine

    subroutine set(name, value)
      character(*), intent(in) :: name
      real(real64), intent(in) :: value
      if (stat /= espalier_ok) return
      call conclude(espalier_layer_set(network, position, terminated(name), value), stat, errmsg)
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
