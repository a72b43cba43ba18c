!> Descriptions of layers: what [[input]], [[linear]], [[dropout]], [[sum_of]] and [[concatenation_of]] return and the constructor of a
!> network takes.
module espalier_layers
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use :: espalier_c, only: espalier_layer_concatenation, espalier_layer_dropout, espalier_layer_input, &
    espalier_layer_linear, espalier_layer_sum
  use :: espalier_description, only: described, give, give_pattern, joining, layer, shaped
  implicit none
  private
  public :: concatenation_of, dropout, input, linear, sum_of

  !> The first entry of every network: what a sample looks like. It is not counted as a layer. Further down in the list it is an
  !> input beside the first, and counted: layers take from it by its number, and its data is given by `bind_input`.
  interface input
    module procedure input_vector
    module procedure input_field
  end interface

  !> A linear layer, a = f(W x + b), with a share `density` of its connections. The forms with `values` give the initial
  !> weights of a pattern.
  interface linear
    module procedure linear_drawn
    module procedure linear_f32
    module procedure linear_f64
  end interface

contains

  type(layer) function input_vector(units) result(description)
    !! A sample is a vector.
    integer, intent(in) :: units
      !! Its features.
    description = input_field([units])
  end function

  type(layer) function input_field(shape) result(description)
    !! A sample is a field with channels: x(width, height, depth, channels, batch), or with one or two dimensions less.
    integer, intent(in) :: shape(:)
      !! Lengths of the dimensions of a sample, as the array has them: channels last.
    description = shaped(espalier_layer_input, shape)
  end function

  type(layer) function sum_of(from) result(description)
    !! The sum of the outputs of two or more layers with equal shapes: a residual connection, when one of them is what another
    !! was made of.
    integer, intent(in) :: from(:)
      !! Their numbers, counted from 1 in the order of the list after input; 0 is the network's input.
    description = joining(espalier_layer_sum, from)
  end function

  type(layer) function concatenation_of(from) result(description)
    !! The outputs of two or more layers one after the other.
    integer, intent(in) :: from(:)
      !! Their numbers, counted from 1 in the order of the list; 0 is the network's input.
    description = joining(espalier_layer_concatenation, from)
  end function

  type(layer) function dropout(probability, from) result(description)
    !! In training each value is zeroed with this probability in [0, 1) and the others are divided by 1 - probability.
    class(*), intent(in) :: probability
      !! A real of either kind.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_dropout, from)
    call give(description, "probability", probability)
  end function

  type(layer) function linear_drawn(units, density, activation, bias, initializer, negative_slope, alpha, fixed_density, &
                                    rows, columns, row_start, base, from) result(description)
    integer, intent(in) :: units
      !! Outputs of the layer.
    class(*), intent(in), optional :: density
      !! In (0, 1], a real of either kind; without it the layer is dense. A single-precision number stands for the shortest
      !! decimal that rounds to it, so a quotient such as one third is exact in double precision only.
    character(*), intent(in), optional :: activation
      !! identity (default), relu, leaky_relu, gelu, silu, sigmoid, tanh, softmax, softplus, softsign, elu, celu, hard_sigmoid,
      !! hard_tanh, relu6, mish, step.
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
      !! he_uniform (default), he_normal, glorot_uniform, glorot_normal, orthogonal (dense layers), zeros.
    class(*), intent(in), optional :: negative_slope
      !! Of leaky_relu (0.01).
    class(*), intent(in), optional :: alpha
      !! Of elu and celu (1).
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
    description = described(espalier_layer_linear, from)
    call give(description, "units", units)
    call give(description, "density", density)
    call give(description, "activation", activation)
    call give(description, "initializer", initializer)
    call give(description, "bias", bias)
    call give(description, "fixed_density", fixed_density)
    call give(description, "negative_slope", negative_slope)
    call give(description, "alpha", alpha)
    call give_pattern(description, rows, columns, row_start, base=base)
  end function

  type(layer) function linear_f32(units, activation, bias, initializer, negative_slope, alpha, rows, columns, row_start, &
                                  values, base, from) result(description)
    integer, intent(in) :: units
    character(*), intent(in), optional :: activation
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
    class(*), intent(in), optional :: negative_slope, alpha
    integer(int32), pointer, intent(in), contiguous, optional :: rows(:), columns(:)
    integer(int64), pointer, intent(in), contiguous, optional :: row_start(:)
    real(real32), pointer, intent(in), contiguous :: values(:)
      !! Initial weights in the order of `columns`.
    integer, intent(in), optional :: base, from
    description = linear_drawn(units, activation=activation, bias=bias, initializer=initializer, &
                               negative_slope=negative_slope, alpha=alpha, rows=rows, columns=columns, &
                               row_start=row_start, base=base, from=from)
    call give_pattern(description, values_f32=values)
  end function

  type(layer) function linear_f64(units, activation, bias, initializer, negative_slope, alpha, rows, columns, row_start, &
                                  values, base, from) result(description)
    integer, intent(in) :: units
    character(*), intent(in), optional :: activation
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
    class(*), intent(in), optional :: negative_slope, alpha
    integer(int32), pointer, intent(in), contiguous, optional :: rows(:), columns(:)
    integer(int64), pointer, intent(in), contiguous, optional :: row_start(:)
    real(real64), pointer, intent(in), contiguous :: values(:)
    integer, intent(in), optional :: base, from
    description = linear_drawn(units, activation=activation, bias=bias, initializer=initializer, &
                               negative_slope=negative_slope, alpha=alpha, rows=rows, columns=columns, &
                               row_start=row_start, base=base, from=from)
    call give_pattern(description, values_f64=values)
  end function

end module espalier_layers
