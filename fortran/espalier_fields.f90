!> Descriptions of layers on fields, of layers that change the shape or the order of values, and of activations by themselves.
!> Arguments that are arrays follow the dimensions of the field as Fortran has them: width, height, depth.
module espalier_fields
  use :: espalier_c, only: espalier_layer_activation, espalier_layer_average_pooling, &
    espalier_layer_global_average_pooling, espalier_layer_max_pooling, espalier_layer_permute, espalier_layer_product, &
    espalier_layer_reshape, espalier_layer_slice, espalier_layer_upsampling
  use :: espalier_description, only: described, give, give_sides, give_to_dimensions, joining, layer, shaped
  implicit none
  private
  public :: activation_layer, average_pooling, flatten, global_average_pooling, max_pooling, permute, product_of, &
    reshape_to, slice, upsampling

contains

  type(layer) function max_pooling(kernel, stride, padding, dilation, from) result(description)
    !! The largest value of each window of a field, channel by channel.
    integer, intent(in) :: kernel(:)
      !! Places of a window in each dimension.
    integer, intent(in), optional :: stride(:)
      !! From one window to the next, of each dimension or one for all; without it that of `kernel`.
    integer, intent(in), optional :: padding(:)
      !! Places around the field, none of which is ever the largest: one number for all sides, one a dimension, or two a
      !! dimension, before and after.
    integer, intent(in), optional :: dilation(:)
      !! From one place of a window to the next, of each dimension or one for all.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_max_pooling, from)
    call give_window(description, kernel, stride, padding)
    call give_to_dimensions(description, "dilation", size(kernel), dilation)
  end function

  type(layer) function average_pooling(kernel, stride, padding, count_include_pad, from) result(description)
    !! The mean of each window of a field, channel by channel.
    integer, intent(in) :: kernel(:)
      !! Places of a window in each dimension.
    integer, intent(in), optional :: stride(:)
      !! From one window to the next, of each dimension or one for all; without it that of `kernel`.
    integer, intent(in), optional :: padding(:)
      !! Places of zeros around the field: one number for all sides, one a dimension, or two a dimension, before and after.
    logical, intent(in), optional :: count_include_pad
      !! Whether the mean counts places of the padding; it does unless this is false.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_average_pooling, from)
    call give_window(description, kernel, stride, padding)
    call give(description, "count_include_pad", count_include_pad)
  end function

  type(layer) function global_average_pooling(from) result(description)
    !! The mean of each channel of a field over all its places: a vector.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_global_average_pooling, from)
  end function

  type(layer) function upsampling(scale, mode, align_corners, from) result(description)
    !! A field with more places.
    integer, intent(in) :: scale(:)
      !! How many times as many, in each dimension.
    character(*), intent(in), optional :: mode
      !! nearest (default): the value of the nearest place; linear: between those around.
    logical, intent(in), optional :: align_corners
      !! Whether the outermost places of both fields lie on each other; they do not by default.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_upsampling, from)
    call give_to_dimensions(description, "scale", size(scale), scale)
    call give(description, "mode", mode)
    call give(description, "align_corners", align_corners)
  end function

  type(layer) function reshape_to(shape, from) result(description)
    !! The same values in the same order as a field of another shape. It costs nothing.
    integer, intent(in) :: shape(:)
      !! Lengths of the dimensions as an array has them, channels last; channels of 0 are as many as the values fill.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = shaped(espalier_layer_reshape, shape, from)
  end function

  type(layer) function flatten(from) result(description)
    !! The values of a field as a vector. It costs nothing.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_reshape, from)
  end function

  type(layer) function permute(channels, width, height, depth, from) result(description)
    !! The dimensions in another order.
    character(*), intent(in), optional :: channels
      !! Which dimension of the input becomes the channels: channels, width, height, depth.
    character(*), intent(in), optional :: width, height, depth
      !! Which becomes the width, and so on; each by default the one of its own name.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_permute, from)
    call give(description, "dimension_channels", channels)
    call give(description, "dimension_width", width)
    call give(description, "dimension_height", height)
    call give(description, "dimension_depth", depth)
  end function

  type(layer) function slice(first, last, dimension, from) result(description)
    !! Some places of one dimension.
    integer, intent(in), optional :: first
      !! The first (1).
    integer, intent(in), optional :: last
      !! The last (0); 0 is the dimension's end.
    character(*), intent(in), optional :: dimension
      !! channels (default), width, height, depth.
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_slice, from)
    call give(description, "dimension", dimension)
    call give(description, "first", first)
    call give(description, "last", last)
  end function

  type(layer) function product_of(from) result(description)
    !! The outputs of two or more layers of the same shape, multiplied with each other elementwise.
    integer, intent(in) :: from(:)
      !! Their numbers, counted from 1 in the order of the list; 0 is the network's input.
    description = joining(espalier_layer_product, from)
  end function

  type(layer) function activation_layer(activation, negative_slope, alpha, from) result(description)
    !! An activation by itself.
    character(*), intent(in) :: activation
      !! As of a linear layer; softmax is over the channels at each place.
    class(*), intent(in), optional :: negative_slope
      !! Of leaky_relu (0.01).
    class(*), intent(in), optional :: alpha
      !! Of elu and celu (1).
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = described(espalier_layer_activation, from)
    call give(description, "activation", activation)
    call give(description, "negative_slope", negative_slope)
    call give(description, "alpha", alpha)
  end function

  subroutine give_window(description, kernel, stride, padding)
    !! What both kinds of pooling have.
    type(layer), intent(inout) :: description
    integer, intent(in) :: kernel(:)
    integer, intent(in), optional :: stride(:), padding(:)
    call give_to_dimensions(description, "kernel", size(kernel), kernel)
    call give_to_dimensions(description, "stride", size(kernel), stride)
    call give_sides(description, "padding", size(kernel), padding)
  end subroutine

end module espalier_fields
