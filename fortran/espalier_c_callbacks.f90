!> Functions of the caller's: their interfaces, what they see, and the C functions that take them, a part of [[espalier_c]].
!> They are `bind(c)` functions that return 0, or anything else to stop with [[espalier_error_stopped]].
module espalier_c_callbacks
  use, intrinsic :: iso_c_binding, only: c_double, c_float, c_funptr, c_int, c_int64_t, c_null_ptr, c_ptr
  implicit none
  public

  !> What a score function sees of a layer: the network's own arrays, to be read only, and only during the call; `c_f_pointer`
  !> makes arrays of them. Numbers of units, inputs and connections count from 0, as in C. The arrays of reals are of the
  !> network's precision.
  type, bind(c) :: espalier_layer_view
    integer(c_int64_t) :: layer = 0
      !! Its number.
    integer(c_int64_t) :: units = 0, inputs = 0
    integer(c_int64_t) :: connections = 0
      !! Now, before the update.
    type(c_ptr) :: row_start = c_null_ptr
      !! `integer(c_int64_t)`, units+1 offsets of each unit's connections, from 0.
    type(c_ptr) :: columns = c_null_ptr
      !! `integer(c_int32_t)`, the input of each connection, from 0, ascending within a unit.
    type(c_ptr) :: weights = c_null_ptr
      !! One for each connection.
    type(c_ptr) :: gradients = c_null_ptr
      !! dL/dw of the last backward pass, one for each connection.
    type(c_ptr) :: moments(3) = c_null_ptr
      !! The optimizer's, one for each connection; `c_null_ptr` where it has none. SGD: the momentum buffer. RMSProp: mean of
      !! squares, mean, momentum buffer. Adagrad: sum of squares. Adam and AdamW: first and second moment, largest second one.
    integer(c_int64_t) :: first_row = 0
      !! Growing: number of the first unit, from 0, whose positions are asked for; dropping: 0.
    integer(c_int64_t) :: rows = 0
      !! Growing: how many units; dropping: `units`.
  end type

  abstract interface

    integer(c_int) function espalier_score_f32(user, view, scores) bind(c)
      !! A score. To drop by: fill one for each connection; the smallest go. To grow by: (inputs, rows) come in as dL/dW at each
      !! of these positions; leave scores there. The largest absolute values among positions without a connection grow.
      import :: c_float, c_int, c_ptr, espalier_layer_view
      type(c_ptr), value :: user
      type(espalier_layer_view), intent(in) :: view
      real(c_float), intent(inout) :: scores(*)
    end function

    integer(c_int) function espalier_score_f64(user, view, scores) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_ptr, espalier_layer_view
      type(c_ptr), value :: user
      type(espalier_layer_view), intent(in) :: view
      real(c_double), intent(inout) :: scores(*)
    end function

    integer(c_int) function espalier_reduction_f32(user, layer, values, count) bind(c)
      !! Sum `values` over the ranks of a data-parallel run in place, as MPI_Allreduce does.
      import :: c_float, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: user
      integer(c_int64_t), value :: layer, count
      real(c_float), intent(inout) :: values(count)
    end function

    integer(c_int) function espalier_reduction_f64(user, layer, values, count) bind(c)
      !! The same in double precision.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: user
      integer(c_int64_t), value :: layer, count
      real(c_double), intent(inout) :: values(count)
    end function

    integer(c_int) function espalier_densities(user, count, layers, units, inputs, densities) bind(c)
      !! Fill in the densities of some layers, in (0, 1]; they come in as the layers were given them.
      import :: c_double, c_int, c_int64_t, c_ptr
      type(c_ptr), value :: user
      integer(c_int64_t), value :: count
      integer(c_int64_t), intent(in) :: layers(count), units(count), inputs(count)
      real(c_double), intent(inout) :: densities(count)
    end function

  end interface

  interface

    integer(c_int) function espalier_network_set_densities(network, densities, user) bind(c)
      !! Let a function [[espalier_densities]] say the densities at build; `c_null_funptr`: no more. Before build.
      import :: c_funptr, c_int, c_ptr
      type(c_ptr), value :: network
      type(c_funptr), value :: densities
      type(c_ptr), value :: user
    end function

    integer(c_int) function espalier_network_set_reduction_f32(network, reduction, user) bind(c)
      !! Have gradients that connections grow by summed over ranks by an [[espalier_reduction_f32]]; `c_null_funptr`: no more.
      import :: c_funptr, c_int, c_ptr
      type(c_ptr), value :: network
      type(c_funptr), value :: reduction
      type(c_ptr), value :: user
    end function

    integer(c_int) function espalier_network_set_reduction_f64(network, reduction, user) bind(c)
      !! The same in double precision.
      import :: c_funptr, c_int, c_ptr
      type(c_ptr), value :: network
      type(c_funptr), value :: reduction
      type(c_ptr), value :: user
    end function

    integer(c_int) function espalier_topology_set_drop_f32(topology, score, user) bind(c)
      !! Drop by an [[espalier_score_f32]]; `c_null_funptr`: by the method's own score again.
      import :: c_funptr, c_int, c_ptr
      type(c_ptr), value :: topology
      type(c_funptr), value :: score
      type(c_ptr), value :: user
    end function

    integer(c_int) function espalier_topology_set_drop_f64(topology, score, user) bind(c)
      !! The same in double precision.
      import :: c_funptr, c_int, c_ptr
      type(c_ptr), value :: topology
      type(c_funptr), value :: score
      type(c_ptr), value :: user
    end function

    integer(c_int) function espalier_topology_set_grow_f32(topology, score, user) bind(c)
      !! Grow by an [[espalier_score_f32]]; `c_null_funptr`: by the method's own score again.
      import :: c_funptr, c_int, c_ptr
      type(c_ptr), value :: topology
      type(c_funptr), value :: score
      type(c_ptr), value :: user
    end function

    integer(c_int) function espalier_topology_set_grow_f64(topology, score, user) bind(c)
      !! The same in double precision.
      import :: c_funptr, c_int, c_ptr
      type(c_ptr), value :: topology
      type(c_funptr), value :: score
      type(c_ptr), value :: user
    end function

  end interface
end module espalier_c_callbacks
