!> Descriptions of layers that slide a kernel over a field. Lengths are in the order of the array's dimensions: width, height,
!> depth. Their number says how many dimensions the field has.
module espalier_convolution_layers
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use :: espalier_c, only: espalier_layer_convolution, espalier_layer_locally_connected, &
    espalier_layer_transposed_convolution
  use :: espalier_description, only: described, give, give_pattern, give_sides, give_to_dimensions, layer
  implicit none
  private
  public :: convolution, locally_connected, transposed_convolution

contains

  type(layer) function convolution(filters, kernel, stride, padding, padding_mode, dilation, groups, density, activation, &
                                   bias, initializer, negative_slope, alpha, fixed_density, rows, columns, row_start, &
                                   values_f32, values_f64, base, from) result(description)
    !! A convolution of a field with one, two or three dimensions, a = f(W * x + b), with a share `density` of its connections.
    integer, intent(in) :: filters
      !! Channels that come out.
    integer, intent(in) :: kernel(:)
      !! Lengths of the kernel: [width], [width, height] or [width, height, depth].
    integer, intent(in), optional :: stride(:)
      !! Of each dimension, or one for all.
    integer, intent(in), optional :: padding(:)
      !! Places of padding: one number for all sides, one a dimension, or two a dimension, before and after.
    character(*), intent(in), optional :: padding_mode(:)
      !! What the places of `padding` hold, of each dimension or one for all: zeros, periodic, reflect, replicate; the default is
      !! "zeros". Without padding there is nothing to fill. Names of several lengths: [character(8) :: "periodic", "zeros"].
    integer, intent(in), optional :: dilation(:)
      !! Of each dimension, or one for all.
    integer, intent(in), optional :: groups
      !! Parts that channels and filters are divided into; filters see the channels of their part.
    class(*), intent(in), optional :: density
      !! In (0, 1], a real of either kind; without it the layer is dense.
    character(*), intent(in), optional :: activation
      !! As of a linear layer, but for softmax; identity is the default.
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
      !! The filter of each connection, beside `columns`; arrays with the target attribute, as in a linear layer.
    integer(int32), pointer, intent(in), contiguous, optional :: columns(:)
      !! Channel and kernel position of each connection: ((channel * depth + z) * height + y) * width + x, all counted from 0,
      !! plus `base`.
    integer(int64), pointer, intent(in), contiguous, optional :: row_start(:)
      !! filters+1 offsets into `columns`, counted from `base`.
    real(real32), pointer, intent(in), contiguous, optional :: values_f32(:)
      !! Initial weights in the order of `columns`, for a network of that precision.
    real(real64), pointer, intent(in), contiguous, optional :: values_f64(:)
    integer, intent(in), optional :: base
      !! 1 (default) or 0: what the indices count from.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = sliding(described(espalier_layer_convolution, from), filters, kernel, stride, padding, dilation, groups, &
                          density, activation, bias, initializer, negative_slope, alpha, fixed_density)
    call give_to_dimensions(description, "padding_mode", size(kernel), names=padding_mode)
    call give_pattern(description, rows, columns, row_start, values_f32, values_f64, base)
  end function

  type(layer) function locally_connected(filters, kernel, stride, padding, padding_mode, dilation, groups, density, &
                                         activation, bias, initializer, negative_slope, alpha, fixed_density, rows, &
                                         columns, row_start, values_f32, values_f64, base, from) result(description)
    !! A convolution whose filters have weights of their own at each place of the output, and a bias at each: a linear layer whose
    !! units see the places around their own alone. A share `density` of the positions within reach of the kernel is connected,
    !! and topology methods grow nowhere else.
    integer, intent(in) :: filters
      !! Channels that come out.
    integer, intent(in) :: kernel(:)
      !! Lengths of the kernel, as in a convolution.
    integer, intent(in), optional :: stride(:)
      !! Of each dimension, or one for all.
    integer, intent(in), optional :: padding(:)
      !! Places of padding: one number for all sides, one a dimension, or two a dimension, before and after.
    character(*), intent(in), optional :: padding_mode(:)
      !! What the places of `padding` hold, as in a convolution.
    integer, intent(in), optional :: dilation(:)
      !! Of each dimension, or one for all.
    integer, intent(in), optional :: groups
      !! Parts that channels and filters are divided into; filters see the channels of their part.
    class(*), intent(in), optional :: density
      !! In (0, 1], a real of either kind; without it the layer is dense.
    character(*), intent(in), optional :: activation
      !! As of a linear layer, but for softmax; identity is the default.
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
      !! he_uniform (default), he_normal, glorot_uniform, glorot_normal, zeros.
    class(*), intent(in), optional :: negative_slope
      !! Of leaky_relu (0.01).
    class(*), intent(in), optional :: alpha
      !! Of elu and celu (1).
    logical, intent(in), optional :: fixed_density
      !! Keep this density when the network spreads an overall one over its layers.
    integer(int32), pointer, intent(in), contiguous, optional :: rows(:)
      !! The output of each connection, beside `columns`: filter * places + place, counted from 0, plus `base`.
    integer(int32), pointer, intent(in), contiguous, optional :: columns(:)
      !! Channel and kernel position of each connection, as in a convolution.
    integer(int64), pointer, intent(in), contiguous, optional :: row_start(:)
      !! Offsets into `columns`, counted from `base`, one more than there are outputs.
    real(real32), pointer, intent(in), contiguous, optional :: values_f32(:)
      !! Initial weights in the order of `columns`, for a network of that precision.
    real(real64), pointer, intent(in), contiguous, optional :: values_f64(:)
    integer, intent(in), optional :: base
      !! 1 (default) or 0: what the indices count from.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = sliding(described(espalier_layer_locally_connected, from), filters, kernel, stride, padding, dilation, groups, &
                          density, activation, bias, initializer, negative_slope, alpha, fixed_density)
    call give_to_dimensions(description, "padding_mode", size(kernel), names=padding_mode)
    call give_pattern(description, rows, columns, row_start, values_f32, values_f64, base)
  end function

  type(layer) function transposed_convolution(filters, kernel, stride, padding, output_padding, dilation, groups, density, &
                                              activation, bias, initializer, negative_slope, alpha, fixed_density, rows, &
                                              columns, row_start, values_f32, values_f64, base, from) result(description)
    !! A convolution backwards: the field that comes out is what a convolution with these options would make the given one of.
    integer, intent(in) :: filters
      !! Channels that come out.
    integer, intent(in) :: kernel(:)
      !! Lengths of the kernel, as in a convolution.
    integer, intent(in), optional :: stride(:)
      !! Of each dimension, or one for all.
    integer, intent(in), optional :: padding(:)
      !! Places that are taken away: one number for all sides, one a dimension, or two a dimension, before and after.
    integer, intent(in), optional :: output_padding(:)
      !! Places more at the end: of each dimension, or one for all.
    integer, intent(in), optional :: dilation(:)
      !! Of each dimension, or one for all.
    integer, intent(in), optional :: groups
      !! Parts that the channels that are given and those that come out are divided into.
    class(*), intent(in), optional :: density
      !! In (0, 1], a real of either kind; without it the layer is dense.
    character(*), intent(in), optional :: activation
      !! As of a linear layer, but for softmax; identity is the default.
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
      !! The channel of the input of each connection, beside `columns`.
    integer(int32), pointer, intent(in), contiguous, optional :: columns(:)
      !! Channel of the output within its group, and kernel position, of each connection, as in a convolution.
    integer(int64), pointer, intent(in), contiguous, optional :: row_start(:)
      !! Offsets into `columns`, counted from `base`, one more than the input has channels.
    real(real32), pointer, intent(in), contiguous, optional :: values_f32(:)
      !! Initial weights in the order of `columns`, for a network of that precision.
    real(real64), pointer, intent(in), contiguous, optional :: values_f64(:)
    integer, intent(in), optional :: base
      !! 1 (default) or 0: what the indices count from.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = sliding(described(espalier_layer_transposed_convolution, from), filters, kernel, stride, padding, dilation, &
                          groups, density, activation, bias, initializer, negative_slope, alpha, fixed_density)
    call give_to_dimensions(description, "output_padding", size(kernel), output_padding)
    call give_pattern(description, rows, columns, row_start, values_f32, values_f64, base)
  end function

  type(layer) function sliding(empty, filters, kernel, stride, padding, dilation, groups, density, activation, bias, &
                               initializer, negative_slope, alpha, fixed_density) result(description)
    !! What the two have in common.
    type(layer), intent(in) :: empty
    integer, intent(in) :: filters, kernel(:)
    integer, intent(in), optional :: stride(:), padding(:), dilation(:), groups
    class(*), intent(in), optional :: density, negative_slope, alpha
    character(*), intent(in), optional :: activation, initializer
    logical, intent(in), optional :: bias, fixed_density
    description = empty
    call give(description, "filters", filters)
    call give_to_dimensions(description, "kernel", size(kernel), kernel)
    call give_to_dimensions(description, "stride", size(kernel), stride)
    call give_to_dimensions(description, "dilation", size(kernel), dilation)
    call give_sides(description, "padding", size(kernel), padding)
    call give(description, "groups", groups)
    call give(description, "density", density)
    call give(description, "activation", activation)
    call give(description, "initializer", initializer)
    call give(description, "bias", bias)
    call give(description, "fixed_density", fixed_density)
    call give(description, "negative_slope", negative_slope)
    call give(description, "alpha", alpha)
  end function

end module espalier_convolution_layers
