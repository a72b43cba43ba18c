!> Interfaces of the functions of `espalier.h` that make the pattern of a stencil, under the same names; a part of [[espalier_c]].
module espalier_c_stencils
  use, intrinsic :: iso_c_binding, only: c_int, c_int32_t, c_int64_t, c_ptr
  implicit none
  public

  interface

    integer(c_int) function espalier_layer_set_pattern_grid(network, layer, dimensions, lengths, kernel, periodic) bind(c)
      !! Connect the units of a linear layer to the inputs around them on a grid; the slowest dimension first. Copied. Before build.
      import :: c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer, dimensions
      integer(c_int64_t), intent(in) :: lengths(*), kernel(*)
      integer(c_int), intent(in), optional :: periodic(*)
    end function

    integer(c_int) function espalier_layer_set_pattern_mesh_i32(network, layer, cells, row_start, columns, hops, base) bind(c)
      !! The same on a mesh: the neighbours of each cell in compressed rows, counted from `base` (0 or 1).
      import :: c_int, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer, cells, hops
      integer(c_int32_t), intent(in) :: row_start(*), columns(*)
      integer(c_int), value :: base
    end function

    integer(c_int) function espalier_layer_set_pattern_mesh_i64(network, layer, cells, row_start, columns, hops, base) bind(c)
      !! The same with 64-bit integers.
      import :: c_int, c_int64_t, c_ptr
      type(c_ptr), value :: network
      integer(c_int64_t), value :: layer, cells, hops
      integer(c_int64_t), intent(in) :: row_start(*), columns(*)
      integer(c_int), value :: base
    end function

  end interface

end module espalier_c_stencils
