! Networks in parallel regions of the host: threads that share one, take copies and give them up. Compiled with OpenMP.
program parallel
  use, intrinsic :: iso_c_binding, only: c_ptr
  use, intrinsic :: iso_fortran_env, only: real32, real64
  use espalier
  use :: espalier_c, only: espalier_network_get
  use testing, only: check, done, points
  implicit none
  integer, parameter :: threads = 4, turns = 100000

  call copies_counted
  call private_copies
  call one_each
  call done("parallel")

contains

  logical function lives(handle)
    type(c_ptr), intent(in) :: handle
    real(real64) :: value
    lives = espalier_network_get(handle, "inputs" // achar(0), value) == espalier_ok
  end function

  subroutine take_and_drop(net)
    type(network), intent(in) :: net
    type(network) :: mine, another
    mine = net
    another = mine
    call mine%destroy()
  end subroutine

  subroutine copies_counted
    type(network) :: net
    type(c_ptr) :: handle
    integer :: i
    net = network([input(2), linear(3), linear(1)], seed=1)
    handle = net%handle
    !$omp parallel do num_threads(threads)
    do i = 1, turns
      call take_and_drop(net)
    end do
    !$omp end parallel do
    call check(lives(handle), "an owner is left")
    call net%destroy()
    call check(.not. lives(handle), "it was the only one")
  end subroutine

  subroutine private_copies
    type(network) :: net, mine
    type(c_ptr) :: handle
    integer :: i, bad
    net = network([input(2), linear(3), linear(1)], seed=1)
    handle = net%handle
    mine = net
    bad = 0
    !$omp parallel do num_threads(threads) firstprivate(mine) reduction(+:bad)
    do i = 1, turns
      if (mine%input_count() /= 2) bad = bad + 1
    end do
    !$omp end parallel do
    call check(bad == 0, "firstprivate copies are usable")
    call mine%destroy()
    call check(lives(handle), "firstprivate copies take nothing")
    !$omp parallel do num_threads(threads) private(mine)
    do i = 1, turns
      mine = net
      call mine%destroy()
    end do
    !$omp end parallel do
    call check(lives(handle), "private copies are counted")
    call net%destroy()
    call check(.not. lives(handle), "and all were given up")
  end subroutine

  subroutine one_each
    ! Each thread makes, trains and destroys networks of its own.
    real(real32) :: x(2, 8), y(1, 8)
    real(real64) :: losses(40)
    integer :: i
    call points(x)
    y = 0.5
    !$omp parallel do num_threads(threads)
    do i = 1, size(losses)
      call train(x, y, losses(i))
    end do
    !$omp end parallel do
    call check(all(abs(losses - losses(1)) <= 0), "one each gives the same to all")
  end subroutine

  subroutine train(x, y, loss)
    real(real32), intent(in) :: x(:, :), y(:, :)
    real(real64), intent(out) :: loss
    type(network) :: net
    net = network([input(2), linear(8, density=0.5, activation="tanh"), linear(1)], seed=3, threads=1)
    call net%set_optimizer(adam(learning_rate=0.01))
    call net%train(x, y, batch_size=4, epochs=5, loss=loss)
    call net%destroy()
  end subroutine

end program parallel
