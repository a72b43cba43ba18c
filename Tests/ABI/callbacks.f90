! Functions of the program's: scores to drop and to grow by, sums over ranks, densities; in both precisions.
module callback_functions
  use, intrinsic :: iso_c_binding, only: c_associated, c_double, c_f_pointer, c_float, c_int, c_int32_t, c_int64_t, c_ptr
  use espalier, only: espalier_layer_view
  implicit none

  !> What the functions count, and when they stop; reached through `user`.
  type, bind(c) :: tally
    integer(c_int) :: calls = 0
    integer(c_int) :: stop_at = 0
    integer(c_int64_t) :: values = 0
  end type

contains

  integer(c_int) function counted(user)
    !! One more call; 1 when it is the one to stop at.
    type(c_ptr), intent(in) :: user
    type(tally), pointer :: notes
    counted = 0
    if (.not. c_associated(user)) return
    call c_f_pointer(user, notes)
    notes%calls = notes%calls + 1
    if (notes%calls == notes%stop_at) counted = 1
  end function

  integer(c_int) function saliency_f32(user, view, scores) bind(c)
    !! |w dL/dw|
    type(c_ptr), value :: user
    type(espalier_layer_view), intent(in) :: view
    real(c_float), intent(inout) :: scores(*)
    real(c_float), pointer :: w(:), g(:)
    call c_f_pointer(view%weights, w, [view%connections])
    call c_f_pointer(view%gradients, g, [view%connections])
    scores(:view%connections) = abs(w * g)
    saliency_f32 = counted(user)
  end function

  integer(c_int) function saliency_f64(user, view, scores) bind(c)
    type(c_ptr), value :: user
    type(espalier_layer_view), intent(in) :: view
    real(c_double), intent(inout) :: scores(*)
    real(c_double), pointer :: w(:), g(:)
    call c_f_pointer(view%weights, w, [view%connections])
    call c_f_pointer(view%gradients, g, [view%connections])
    scores(:view%connections) = abs(w * g)
    saliency_f64 = counted(user)
  end function

  integer(c_int) function as_it_is_f32(user, view, scores) bind(c)
    !! The gradient; where there is a connection it is that of the view. Without this agreement it stops.
    type(c_ptr), value :: user
    type(espalier_layer_view), intent(in) :: view
    real(c_float), intent(inout) :: scores(*)
    integer(c_int64_t), pointer :: start(:)
    integer(c_int32_t), pointer :: columns(:)
    real(c_float), pointer :: g(:)
    integer(c_int64_t) :: i, place, row
    call c_f_pointer(view%row_start, start, [view%units + 1])
    call c_f_pointer(view%columns, columns, [view%connections])
    call c_f_pointer(view%gradients, g, [view%connections])
    as_it_is_f32 = counted(user)
    do row = view%first_row, view%first_row + view%rows - 1
      do i = start(row + 1) + 1, start(row + 2)
        place = (row - view%first_row) * view%inputs + columns(i) + 1
        if (abs(scores(place) - g(i)) > 1e-5) as_it_is_f32 = 2
      end do
    end do
  end function

  integer(c_int) function twice_f64(user, view, scores) bind(c)
    !! Twice the gradient grows what the gradient does; with SGD's momentum in sight.
    type(c_ptr), value :: user
    type(espalier_layer_view), intent(in) :: view
    real(c_double), intent(inout) :: scores(*)
    scores(:view%rows * view%inputs) = 2 * scores(:view%rows * view%inputs)
    twice_f64 = counted(user)
    if (.not. c_associated(view%moments(1)) .or. c_associated(view%moments(2))) twice_f64 = 2
  end function

  integer(c_int) function two_ranks_f32(user, layer, values, count) bind(c)
    !! As if another rank had the same gradients.
    type(c_ptr), value :: user
    integer(c_int64_t), value :: layer, count
    real(c_float), intent(inout) :: values(count)
    type(tally), pointer :: notes
    values = 2 * values
    two_ranks_f32 = counted(user)
    call c_f_pointer(user, notes)
    notes%values = notes%values + count
    if (layer < 1 .or. layer > 2) two_ranks_f32 = 2
  end function

  integer(c_int) function two_ranks_f64(user, layer, values, count) bind(c)
    type(c_ptr), value :: user
    integer(c_int64_t), value :: layer, count
    real(c_double), intent(inout) :: values(count)
    type(tally), pointer :: notes
    values = 2 * values
    two_ranks_f64 = counted(user)
    call c_f_pointer(user, notes)
    notes%values = notes%values + count
    if (layer < 1 .or. layer > 2) two_ranks_f64 = 2
  end function

  integer(c_int) function falling(user, count, layers, units, inputs, densities) bind(c)
    !! 1 / 2 for the first layer, 1 / 4 for the next, ...; a layer of one unit is left as it is.
    type(c_ptr), value :: user
    integer(c_int64_t), value :: count
    integer(c_int64_t), intent(in) :: layers(count), units(count), inputs(count)
    real(c_double), intent(inout) :: densities(count)
    where (units > 1) densities = 1 / 2d0**layers
    falling = counted(user)
    if (any(inputs < 1)) falling = 2
  end function

end module callback_functions

program callbacks
  use, intrinsic :: iso_c_binding, only: c_loc
  use, intrinsic :: iso_fortran_env, only: real32, real64
  use callback_functions
  use espalier
  use testing, only: check, check_failure, done, points, same_bits
  implicit none
  call scores_f32
  call scores_f64
  call stopping
  call reductions
  call densities
  call done("callbacks")

contains

  subroutine plant(net, precision, method)
    type(network), intent(inout) :: net
    integer, intent(in) :: precision
    type(topology), intent(in) :: method
    net = network([input(12), linear(14, density=0.4, activation="tanh"), linear(6, density=0.5)], seed=4, max_batch=16, &
                  precision=precision)
    call net%set_optimizer(sgd(learning_rate=0.05, momentum=0.9))
    call net%set_topology(method)
  end subroutine

  subroutine train_f32(net, steps)
    type(network), intent(inout) :: net
    integer, intent(in) :: steps
    real(real32) :: x(12, 16)
    real(real64) :: loss
    integer :: step
    call points(x)
    do step = 1, steps
      call net%train_step(x, x(1:6, :)**2, loss)
    end do
  end subroutine

  subroutine train_f64(net, steps)
    type(network), intent(inout) :: net
    integer, intent(in) :: steps
    real(real64) :: x(12, 16), loss
    integer :: step
    call points(x)
    do step = 1, steps
      call net%train_step(x, x(1:6, :)**2, loss)
    end do
  end subroutine

  subroutine scores_f32
    !! By functions and by names: the same bits.
    type(network) :: named, mine
    type(topology) :: method
    type(tally), target :: notes
    real(real32), pointer, contiguous :: w_named(:), w_mine(:)
    method = rigl(every=3)
    call method%set("drop", "weight_gradient")
    call plant(named, real32, method)
    method = rigl(every=3)
    call method%set_drop_f32(saliency_f32, c_loc(notes))
    call method%set_grow_f32(as_it_is_f32, c_loc(notes))
    call plant(mine, real32, method)
    call train_f32(named, 20)
    call train_f32(mine, 20)
    call named%parameters(w_named)
    call mine%parameters(w_mine)
    call check(same_bits(w_named, w_mine), "scores of functions and by name")
    call check(nint(mine%layer_option(1, "topology_updates")) == 5, "five updates")
    call check(notes%calls == 5 * 4, "two calls for each of two layers")
  end subroutine

  subroutine scores_f64
    type(network) :: named, mine
    type(topology) :: method
    type(tally), target :: notes
    real(real64), pointer, contiguous :: w_named(:), w_mine(:)
    method = rigl(every=3)
    call method%set("drop", "weight_gradient")
    call plant(named, real64, method)
    method = rigl(every=3)
    call method%set_drop_f64(saliency_f64)
    call method%set_grow_f64(twice_f64, c_loc(notes))
    call plant(mine, real64, method)
    call train_f64(named, 20)
    call train_f64(mine, 20)
    call named%parameters(w_named)
    call mine%parameters(w_mine)
    call check(same_bits(w_named, w_mine), "scores of functions and by name, double precision")
    call check(notes%calls == 5 * 2, "one call for each of two layers")
  end subroutine

  subroutine stopping
    type(network) :: net
    type(topology) :: method
    type(tally), target :: notes
    real(real32) :: x(12, 16)
    real(real64) :: loss
    integer :: stat
    character(300) :: errmsg
    call points(x)
    method = set(every=2)
    call method%set_drop_f32(saliency_f32, c_loc(notes))
    call plant(net, real32, method)
    notes%stop_at = 2
    call train_f32(net, 1)
    call net%train_step(x, x(1:6, :), loss, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_stopped, "linear layer 2")
    call check(nint(net%layer_option(1, "topology_updates")) == 0, "no pattern has changed")
    call net%evolve()
    call check(nint(net%layer_option(1, "topology_updates")) == 1, "the update was still due")
    call net%destroy()
    net = network([input(12), linear(14, density=0.4)], precision=real64)
    call net%set_topology(method, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_precision, "drop")
  end subroutine

  subroutine reductions
    type(network) :: alone, summed
    type(tally), target :: notes
    real(real32), pointer, contiguous :: w_alone(:), w_summed(:)
    real(real64), pointer, contiguous :: v_alone(:), v_summed(:)
    real(real64) :: x(12, 16), loss
    integer :: stat
    character(300) :: errmsg
    call plant(alone, real32, rigl(every=3))
    call plant(summed, real32, rigl(every=3))
    call summed%set_reduction_f32(two_ranks_f32, c_loc(notes))
    call train_f32(alone, 8)
    call train_f32(summed, 8)
    call alone%parameters(w_alone)
    call summed%parameters(w_summed)
    call check(same_bits(w_alone, w_summed), "two ranks with the same gradients grow what one does")
    call check(notes%values == 2 * (12 * 14 + 14 * 6), "every position once an update")
    call alone%set_reduction_f64(two_ranks_f64, c_loc(notes), stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_precision, "float32")

    notes = tally()
    call plant(alone, real64, rigl(every=3))
    call plant(summed, real64, rigl(every=3))
    call summed%set_reduction_f64(two_ranks_f64, c_loc(notes))
    call train_f64(alone, 8)
    call train_f64(summed, 8)
    call alone%parameters(v_alone)
    call summed%parameters(v_summed)
    call check(same_bits(v_alone, v_summed), "the same in double precision")
    notes = tally(stop_at=1)
    call points(x)
    call summed%train_step(x, x(1:6, :), loss)
    call summed%train_step(x, x(1:6, :), loss)
    call summed%train_step(x, x(1:6, :), loss)
    call summed%train_step(x, x(1:6, :), loss, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_stopped, "reduction")
  end subroutine

  subroutine densities
    type(network) :: net
    type(tally), target :: notes
    integer :: stat
    character(300) :: errmsg
    net = network([input(16), linear(8, activation="relu"), linear(4, density=0.5, fixed_density=.true.), linear(8), &
                   linear(1)], densities=falling, user=c_loc(notes))
    call check(notes%calls == 1, "asked once")
    call check(nint(net%layer_option(1, "connections")) == 64, "a half")
    call check(nint(net%layer_option(2, "connections")) == 16, "not asked about")
    call check(nint(net%layer_option(3, "connections")) == 4, "an eighth")
    call check(nint(net%layer_option(4, "connections")) == 8, "left as it is")
    notes = tally(stop_at=1)
    net = network([input(16), linear(8)], densities=falling, user=c_loc(notes), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_stopped, "densities")
    net = network([input(16), linear(8)], density=0.5, densities=falling, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "exclude each other")
    ! SET's epsilon: 2 (16 + 8) and 2 (8 + 4) connections.
    net = network([input(16), linear(8), linear(4)], epsilon=2)
    call check(nint(net%layer_option(1, "connections")) == 48, "epsilon, first layer")
    call check(nint(net%layer_option(2, "connections")) == 24, "epsilon, second layer")
    net = network([input(16), linear(8), linear(4)], epsilon=3.5, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "linear layer 2")
    net = network([input(16), linear(8), linear(4)], epsilon="2", stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "epsilon must be a real")
    ! raw (24 / 128)^2 and (12 / 32)^2: 9 / 256 and 36 / 256; 40 of 160 connections: eps = 40 / (128 9 / 256 + 32 36 / 256).
    net = network([input(16), linear(8), linear(4)], distribution="erdos_renyi", density=0.25, power=2)
    call check(nint(net%layer_option(1, "connections")) == 20, "power, first layer")
    call check(nint(net%layer_option(2, "connections")) == 20, "power, second layer")
  end subroutine

end program callbacks
