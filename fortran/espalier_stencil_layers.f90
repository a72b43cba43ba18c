!> Descriptions of linear layers whose units are connected to the inputs around them, on a grid or a mesh. Inputs and outputs are
!> channels of the cells, x(cells, channels, batch) or x(width, height, channels, batch); how many channels come in follows from the
!> layer before. The output is a vector, of which [[reshape_to]] makes a field at no cost.
module espalier_stencil_layers
  use, intrinsic :: iso_fortran_env, only: int32, int64, real64
  use :: espalier_c, only: espalier_layer_linear
  use :: espalier_description, only: described, give, give_stencil, layer
  use :: espalier_stencils, only: grid_stencil, stencil
  implicit none
  private
  public :: grid_linear, mesh_linear

  !> A linear layer on the cells of a mesh, of which the caller has lists of neighbours, as 32-bit or 64-bit integers.
  interface mesh_linear
    module procedure mesh_linear_i32
    module procedure mesh_linear_i64
  end interface

contains

  type(layer) function grid_linear(channels, grid, kernel, periodic, activation, bias, initializer, negative_slope, alpha, from) &
    result(description)
    !! A linear layer on a grid: each unit is connected to all channels at the places around its own. Its pattern is one like the
    !! caller's; a topology method may connect places further apart, in a [[locally_connected]] layer it does not.
    integer, intent(in) :: channels
      !! That come out.
    integer, intent(in) :: grid(:)
      !! Its lengths: [width], [width, height] or [width, height, depth].
    integer, intent(in) :: kernel(:)
      !! Places of the stencil in each dimension, or one number for all, the middle among them: 2 r + 1 for a radius r. Of an even
      !! number one more place lies after the middle than before it.
    logical, intent(in), optional :: periodic(:)
      !! Whether the first and the last place are neighbours, of each dimension or one for all; they are not by default.
    character(*), intent(in), optional :: activation
      !! As of a linear layer.
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
      !! he_uniform (default), he_normal, glorot_uniform, glorot_normal, zeros.
    class(*), intent(in), optional :: negative_slope
      !! Of leaky_relu (0.01).
    class(*), intent(in), optional :: alpha
      !! Of elu and celu (1).
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    description = plain(channels * product(real(grid, real64)), activation, bias, initializer, negative_slope, alpha, from)
    call give_stencil(description, grid_stencil(grid, kernel, periodic))
  end function

  type(layer) function mesh_linear_i32(channels, row_start, columns, hops, base, activation, bias, initializer, negative_slope, &
                                       alpha, from) result(description)
    !! Each unit is connected to all channels at its own cell and the cells around it.
    integer, intent(in) :: channels
      !! That come out.
    integer(int32), pointer, intent(in), contiguous :: row_start(:)
      !! cells+1 offsets into `columns`, counted from `base`. Arrays with the target attribute, which need to live until the network
      !! is made.
    integer(int32), pointer, intent(in), contiguous :: columns(:)
      !! The neighbours of each cell, in any order.
    integer, intent(in), optional :: hops
      !! How many times one goes on from a cell to its neighbours (1); 0 connects a cell to itself alone.
    integer, intent(in), optional :: base
      !! 1 (default) or 0: what offsets and cells count from.
    character(*), intent(in), optional :: activation
      !! As of a linear layer.
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
      !! he_uniform (default), he_normal, glorot_uniform, glorot_normal, zeros.
    class(*), intent(in), optional :: negative_slope
      !! Of leaky_relu (0.01).
    class(*), intent(in), optional :: alpha
      !! Of elu and celu (1).
    integer, intent(in), optional :: from
      !! The layer that it takes from, by number, instead of the one before it; 0 is the network's input.
    type(stencil) :: around
    around%row_start_i32 => row_start
    around%columns_i32 => columns
    if (present(hops)) around%hops = hops
    if (present(base)) around%base = base
    description = plain(channels * real(size(row_start, kind=int64) - 1, real64), activation, bias, initializer, &
                        negative_slope, alpha, from)
    call give_stencil(description, around)
  end function

  type(layer) function mesh_linear_i64(channels, row_start, columns, hops, base, activation, bias, initializer, negative_slope, &
                                       alpha, from) result(description)
    integer, intent(in) :: channels
    integer(int64), pointer, intent(in), contiguous :: row_start(:)
    integer(int64), pointer, intent(in), contiguous :: columns(:)
    integer, intent(in), optional :: hops, base
    character(*), intent(in), optional :: activation
    logical, intent(in), optional :: bias
    character(*), intent(in), optional :: initializer
    class(*), intent(in), optional :: negative_slope, alpha
    integer, intent(in), optional :: from
    type(stencil) :: around
    around%row_start_i64 => row_start
    around%columns_i64 => columns
    if (present(hops)) around%hops = hops
    if (present(base)) around%base = base
    description = plain(channels * real(size(row_start, kind=int64) - 1, real64), activation, bias, initializer, &
                        negative_slope, alpha, from)
    call give_stencil(description, around)
  end function

  type(layer) function plain(units, activation, bias, initializer, negative_slope, alpha, from) result(description)
    !! What they have in common.
    real(real64), intent(in) :: units
    character(*), intent(in), optional :: activation, initializer
    logical, intent(in), optional :: bias
    class(*), intent(in), optional :: negative_slope, alpha
    integer, intent(in), optional :: from
    description = described(espalier_layer_linear, from)
    call give(description, "units", units)
    call give(description, "activation", activation)
    call give(description, "initializer", initializer)
    call give(description, "bias", bias)
    call give(description, "negative_slope", negative_slope)
    call give(description, "alpha", alpha)
  end function

end module espalier_stencil_layers
