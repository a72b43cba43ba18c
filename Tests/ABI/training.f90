! Training step by step: whole steps and phases, targets and labels, bound arrays, topology changes; in both precisions.
program training
  use, intrinsic :: iso_c_binding, only: c_associated, c_loc, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, real32, real64
  use espalier
  use testing, only: check, check_close, done, points, same_bits
  implicit none
  call phases_f32
  call labels_f32
  call bound_f32
  call evolving_f32
  call phases_f64
  call labels_f64
  call bound_f64
  call evolving_f64
  call done("training")

contains

  subroutine plant_f32(net)
    !! 8-12-3, sparse, with Adam below and SGD above, RigL every 3 steps.
    type(network), intent(inout) :: net
    net = network([input(8), linear(12, density=0.4, activation="tanh"), linear(3)], loss="softmax_cross_entropy", seed=9, &
                  precision=real32, max_batch=16)
    call net%set_optimizer(adam(learning_rate=0.01))
    call net%set_optimizer(sgd(learning_rate=0.1, momentum=0.9), layer=2)
    call net%set_topology(rigl(every=3, drop_fraction=0.3))
  end subroutine

  subroutine phases_f32
    !! A step in one call and a step in phases are the same bits. The mean over 8 samples of the mean over 4 outputs has the
    !! derivative (y - target) / 16, exact in any order of operations.
    type(network) :: whole, parts
    real(real32) :: x(8, 8), target(4, 8), y(4, 8), dx(8, 8)
    real(real32), pointer, contiguous :: w_whole(:), w_parts(:)
    real(real64) :: loss
    integer :: step
    call points(x)
    target = x(1:4, :)**2
    whole = network([input(8), linear(12, density=0.4, activation="silu"), linear(4)], seed=9, precision=real32)
    call whole%set_optimizer(adam(learning_rate=0.01))
    call whole%set_topology(rigl(every=3, drop_fraction=0.3))
    parts = network([input(8), linear(12, density=0.4, activation="silu"), linear(4)], seed=9, precision=real32)
    call parts%set_optimizer(adam(learning_rate=0.01))
    call parts%set_topology(rigl(every=3, drop_fraction=0.3))
    do step = 1, 20
      call whole%train_step(x, target, loss)
      call parts%forward(x, y)
      call check_close(sum(real(y - target, real64)**2) / 32, loss, 1e-6_real64, "loss by hand")
      if (mod(step, 2) == 0) then
        call parts%backward((y - target) / 16)
      else
        call parts%backward((y - target) / 16, dx)
      end if
      call parts%update()
      call parts%evolve()
      call whole%parameters(w_whole)
      call parts%parameters(w_parts)
      call check(same_bits(w_whole, w_parts), "whole steps and phases")
    end do
    ! Every fourth step: three of the optimizer, then one in which the topology update takes its place.
    call check(nint(whole%layer_option(1, "topology_updates")) == 5, "with topology updates among them")
  end subroutine

  subroutine labels_f32
    !! Class numbers and probabilities that are 0 and 1 mean the same.
    type(network) :: a, b
    real(real32) :: x(8, 10), target(3, 10)
    real(real32), pointer, contiguous :: w_a(:), w_b(:)
    real(real64) :: loss_a, loss_b, before, after
    integer :: labels(10), i, step
    call points(x)
    labels = [(mod(i, 3), i=1, 10)]
    target = 0
    do i = 1, 10
      target(labels(i) + 1, i) = 1
    end do
    call plant_f32(a)
    call plant_f32(b)
    call a%evaluate(x, labels, before)
    do step = 1, 10
      call a%train_step(x, labels, loss_a)
      call b%train_step(x, target, loss_b)
      call check_close(loss_b, loss_a, 1e-5_real64, "loss of a step with targets and with labels")
    end do
    call a%parameters(w_a)
    call b%parameters(w_b)
    call check(size(w_a) == a%parameter_count(), "parameters have their count")
    call check(maxval(abs(w_b - w_a)) < 1e-4, "weights after steps with targets and with labels")
    call a%evaluate(x, labels, after)
    call check(after < before, "the loss falls")
    call check(nint(a%option("steps")) == 10, "steps")
    call a%set_option("label_base", 1)
    call a%evaluate(x, labels + 1, loss_a)
    call check_close(loss_a, after, 0.0_real64, "classes counted from 1")
  end subroutine

  subroutine bound_f32
    !! The caller's arrays: same results as the library's own, same addresses after topology changes, in place.
    type(network) :: a, b
    real(real32), allocatable, target :: w(:), dw(:)
    real(real32), pointer, contiguous :: w_now(:), dw_now(:), w_a(:)
    real(real32), allocatable :: before(:)
    real(real32) :: x(8, 16)
    type(c_ptr) :: address
    real(real64) :: loss_a, loss_b
    integer :: labels(16), i, step
    call points(x)
    labels = [(mod(i, 3), i=1, 16)]
    call plant_f32(a)
    call plant_f32(b)
    allocate (w(b%parameter_count()), dw(b%parameter_count()))
    dw = 7
    call a%parameters(w_a)
    call b%bind(w, dw)
    call check(same_bits(w, w_a) .and. maxval(abs(dw)) <= 0, "bind copies the parameters and zeroes the gradients")
    call b%parameters(w_now, dw_now)
    call check(c_associated(c_loc(w_now), c_loc(w)) .and. c_associated(c_loc(dw_now), c_loc(dw)), "bound addresses")
    address = c_loc(w)
    before = w
    do step = 1, 12
      call a%train_step(x, labels, loss_a)
      call b%train_step(x, labels, loss_b)
      call check_close(loss_b, loss_a, 0.0_real64, "bound or not, the same loss")
    end do
    call b%evolve(drop_fraction=0.5)
    call a%evolve(layer=1, drop_fraction=0.5)
    call check(nint(b%layer_option(1, "topology_updates")) == 4, "the pattern has changed")
    call b%parameters(w_now, dw_now)
    call check(c_associated(c_loc(w_now), address), "the same address after topology changes")
    call a%parameters(w_a)
    call check(same_bits(w, w_a) .and. .not. same_bits(w, before), "trained in place")
    ! What the caller writes is what the network computes with.
    w = 0
    call b%evaluate(x, labels, loss_b)
    call check_close(loss_b, log(3.0_real64), 1e-6_real64, "zeros of the caller's")
    call b%unbind()
    w = 5
    call b%evaluate(x, labels, loss_b)
    call check_close(loss_b, log(3.0_real64), 1e-6_real64, "unbound: the caller's array is forgotten")
  end subroutine

  subroutine evolving_f32
    !! SET and RigL keep the number of connections and move some.
    type(network) :: net
    real(real32) :: x(8, 16)
    integer(int32), allocatable :: before(:), after(:)
    integer :: labels(16), i
    real(real64) :: loss
    call points(x)
    labels = [(mod(i, 3), i=1, 16)]
    call plant_f32(net)
    call net%set_topology(set(every=1, drop_fraction=0.4))
    call net%layer_pattern(1, columns=before)
    call net%train_step(x, labels, loss)
    call net%train_step(x, labels, loss)
    call net%layer_pattern(1, columns=after)
    call check(size(after) == size(before), "as many connections as before")
    call check(any(after /= before), "some have moved")
    call check(nint(net%layer_option(1, "dropped")) == nint(net%layer_option(1, "grown")), "dropped and grown")
  end subroutine

  subroutine plant_f64(net)
    !! 8-12-3, sparse, with Adam below and SGD above, RigL every 3 steps.
    type(network), intent(inout) :: net
    net = network([input(8), linear(12, density=0.4, activation="tanh"), linear(3)], loss="softmax_cross_entropy", seed=9, &
                  precision=real64, max_batch=16)
    call net%set_optimizer(adam(learning_rate=0.01))
    call net%set_optimizer(sgd(learning_rate=0.1, momentum=0.9), layer=2)
    call net%set_topology(rigl(every=3, drop_fraction=0.3))
  end subroutine

  subroutine phases_f64
    !! A step in one call and a step in phases are the same bits. The mean over 8 samples of the mean over 4 outputs has the
    !! derivative (y - target) / 16, exact in any order of operations.
    type(network) :: whole, parts
    real(real64) :: x(8, 8), target(4, 8), y(4, 8), dx(8, 8)
    real(real64), pointer, contiguous :: w_whole(:), w_parts(:)
    real(real64) :: loss
    integer :: step
    call points(x)
    target = x(1:4, :)**2
    whole = network([input(8), linear(12, density=0.4, activation="silu"), linear(4)], seed=9, precision=real64)
    call whole%set_optimizer(adam(learning_rate=0.01))
    call whole%set_topology(rigl(every=3, drop_fraction=0.3))
    parts = network([input(8), linear(12, density=0.4, activation="silu"), linear(4)], seed=9, precision=real64)
    call parts%set_optimizer(adam(learning_rate=0.01))
    call parts%set_topology(rigl(every=3, drop_fraction=0.3))
    do step = 1, 20
      call whole%train_step(x, target, loss)
      call parts%forward(x, y)
      call check_close(sum(real(y - target, real64)**2) / 32, loss, 1e-6_real64, "loss by hand")
      if (mod(step, 2) == 0) then
        call parts%backward((y - target) / 16)
      else
        call parts%backward((y - target) / 16, dx)
      end if
      call parts%update()
      call parts%evolve()
      call whole%parameters(w_whole)
      call parts%parameters(w_parts)
      call check(same_bits(w_whole, w_parts), "whole steps and phases")
    end do
    ! Every fourth step: three of the optimizer, then one in which the topology update takes its place.
    call check(nint(whole%layer_option(1, "topology_updates")) == 5, "with topology updates among them")
  end subroutine

  subroutine labels_f64
    !! Class numbers and probabilities that are 0 and 1 mean the same.
    type(network) :: a, b
    real(real64) :: x(8, 10), target(3, 10)
    real(real64), pointer, contiguous :: w_a(:), w_b(:)
    real(real64) :: loss_a, loss_b, before, after
    integer :: labels(10), i, step
    call points(x)
    labels = [(mod(i, 3), i=1, 10)]
    target = 0
    do i = 1, 10
      target(labels(i) + 1, i) = 1
    end do
    call plant_f64(a)
    call plant_f64(b)
    call a%evaluate(x, labels, before)
    do step = 1, 10
      call a%train_step(x, labels, loss_a)
      call b%train_step(x, target, loss_b)
      call check_close(loss_b, loss_a, 1e-5_real64, "loss of a step with targets and with labels")
    end do
    call a%parameters(w_a)
    call b%parameters(w_b)
    call check(size(w_a) == a%parameter_count(), "parameters have their count")
    call check(maxval(abs(w_b - w_a)) < 1e-4, "weights after steps with targets and with labels")
    call a%evaluate(x, labels, after)
    call check(after < before, "the loss falls")
    call check(nint(a%option("steps")) == 10, "steps")
    call a%set_option("label_base", 1)
    call a%evaluate(x, labels + 1, loss_a)
    call check_close(loss_a, after, 0.0_real64, "classes counted from 1")
  end subroutine

  subroutine bound_f64
    !! The caller's arrays: same results as the library's own, same addresses after topology changes, in place.
    type(network) :: a, b
    real(real64), allocatable, target :: w(:), dw(:)
    real(real64), pointer, contiguous :: w_now(:), dw_now(:), w_a(:)
    real(real64), allocatable :: before(:)
    real(real64) :: x(8, 16)
    type(c_ptr) :: address
    real(real64) :: loss_a, loss_b
    integer :: labels(16), i, step
    call points(x)
    labels = [(mod(i, 3), i=1, 16)]
    call plant_f64(a)
    call plant_f64(b)
    allocate (w(b%parameter_count()), dw(b%parameter_count()))
    dw = 7
    call a%parameters(w_a)
    call b%bind(w, dw)
    call check(same_bits(w, w_a) .and. maxval(abs(dw)) <= 0, "bind copies the parameters and zeroes the gradients")
    call b%parameters(w_now, dw_now)
    call check(c_associated(c_loc(w_now), c_loc(w)) .and. c_associated(c_loc(dw_now), c_loc(dw)), "bound addresses")
    address = c_loc(w)
    before = w
    do step = 1, 12
      call a%train_step(x, labels, loss_a)
      call b%train_step(x, labels, loss_b)
      call check_close(loss_b, loss_a, 0.0_real64, "bound or not, the same loss")
    end do
    call b%evolve(drop_fraction=0.5)
    call a%evolve(layer=1, drop_fraction=0.5)
    call check(nint(b%layer_option(1, "topology_updates")) == 4, "the pattern has changed")
    call b%parameters(w_now, dw_now)
    call check(c_associated(c_loc(w_now), address), "the same address after topology changes")
    call a%parameters(w_a)
    call check(same_bits(w, w_a) .and. .not. same_bits(w, before), "trained in place")
    ! What the caller writes is what the network computes with.
    w = 0
    call b%evaluate(x, labels, loss_b)
    call check_close(loss_b, log(3.0_real64), 1e-6_real64, "zeros of the caller's")
    call b%unbind()
    w = 5
    call b%evaluate(x, labels, loss_b)
    call check_close(loss_b, log(3.0_real64), 1e-6_real64, "unbound: the caller's array is forgotten")
  end subroutine

  subroutine evolving_f64
    !! SET and RigL keep the number of connections and move some.
    type(network) :: net
    real(real64) :: x(8, 16)
    integer(int32), allocatable :: before(:), after(:)
    integer :: labels(16), i
    real(real64) :: loss
    call points(x)
    labels = [(mod(i, 3), i=1, 16)]
    call plant_f64(net)
    call net%set_topology(set(every=1, drop_fraction=0.4))
    call net%layer_pattern(1, columns=before)
    call net%train_step(x, labels, loss)
    call net%train_step(x, labels, loss)
    call net%layer_pattern(1, columns=after)
    call check(size(after) == size(before), "as many connections as before")
    call check(any(after /= before), "some have moved")
    call check(nint(net%layer_option(1, "dropped")) == nint(net%layer_option(1, "grown")), "dropped and grown")
  end subroutine

end program training
