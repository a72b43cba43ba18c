!> A model on a coarse grid learns, while it runs, what it cannot resolve.
!>
!> A tracer with a mean gradient is stirred by eddies that travel, and diffuses, on a square that is periodic both ways:
!>
!>     dc/dt + u dc/dx + v dc/dy = -v + kappa (d2c/dx2 + d2c/dy2)
!>
!> Eight members of an ensemble have eddies of their own. The fine grid has four times as many cells each way as the coarse one; the
!> upwind scheme on both has a diffusion of its own, which goes by the size of a cell. The coarse model takes each step beside the
!> fine one, from the same tracer; the difference is the tendency that it lacks. A sparse, periodic convolutional network learns it,
!> one step of training in each step of the model. Then the models run freely, with eddies and from tracers that the training has
!> not seen, the coarse one without the network and with it. The argument, if any, is the number of steps of training.
program subgrid
  use, intrinsic :: iso_fortran_env, only: real64
  use :: espalier, only: adam, convolution, input, network, rigl
  implicit none
  integer, parameter :: coarse = 32, ratio = 4, fine = coarse * ratio, members = 8, modes = 6, test_steps = 400
  real, parameter :: pi = acos(-1.0), kappa = 0.01, dt = 0.025
  type(network) :: net
  real, dimension(modes, members) :: kx, ky, frequency, phase
  real, dimension(fine, fine, members) :: c_fine, psi
  real, dimension(coarse, coarse, members) :: c, bare, truth
  real :: seen(coarse, coarse, 3, members), lacking(coarse, coarse, members)
  real(real64) :: loss, error_bare = 0, error_learned = 0
  character(20) :: argument
  integer :: step, steps = 1500

  call get_command_argument(1, argument)
  if (argument /= "") read (argument, *) steps
  net = network([input([coarse, coarse, 3]), &
                 convolution(32, [3, 3], padding=[1, 1], padding_mode=["periodic"], density=0.5, activation="silu"), &
                 convolution(32, [3, 3], padding=[1, 1], padding_mode=["periodic"], density=0.2, activation="silu"), &
                 convolution(1, [3, 3], padding=[1, 1], padding_mode=["periodic"])], seed=1, max_batch=members)
  call net%set_optimizer(adam(learning_rate=0.005, schedule="cosine", period=steps))
  call net%set_topology(rigl(every=50, until=3 * steps / 4))

  call random_init(repeatable=.true., image_distinct=.false.)
  call begin
  do step = 1, steps
    c = coarsened(c_fine)
    call look(c, step)
    call advance(c, psi(::ratio, ::ratio, :), 1)
    call advance(c_fine, psi, ratio)
    lacking = (coarsened(c_fine) - c) / dt
    call net%train_step(seen, lacking, loss)
    if (mod(step, 100) == 0) print "(A, I5, A, ES9.2)", "step", step, ", mean squared error of the tendency", loss
  end do

  call begin
  c = coarsened(c_fine)
  bare = c
  do step = 1, test_steps
    call look(c, step)
    call net%predict(seen, lacking)
    call advance(c, psi(::ratio, ::ratio, :), 1)
    c = c + dt * lacking
    call advance(bare, psi(::ratio, ::ratio, :), 1)
    call advance(c_fine, psi, ratio)
    truth = coarsened(c_fine)
    error_bare = error_bare + sum((bare - truth)**2) / (size(truth) * test_steps)
    error_learned = error_learned + sum((c - truth)**2) / (size(truth) * test_steps)
  end do
  call net%print_info()
  print "(2(A, F7.4), A, F6.2)", "root mean square error of the coarse model: alone", sqrt(error_bare), ", with the network", &
    sqrt(error_learned), ", smaller by a factor of", sqrt(error_bare / error_learned)
  call net%destroy()

contains

  subroutine begin
    !! Draw eddies, and let the tracer be what they were long before.
    real :: draws(modes, members, 4)
    call random_number(draws)
    kx = nint(6 * draws(:, :, 1)) - 3
    ky = nint(2 * draws(:, :, 2)) + 1
    frequency = 2 * draws(:, :, 3) - 1
    phase = 2 * pi * draws(:, :, 4)
    call stir(-100.0)
    c_fine = psi
  end subroutine

  subroutine stir(time)
    !! The stream function of all eddies at the corners of the fine cells.
    real, intent(in) :: time
    real :: a(fine, modes), b(modes, fine), height(modes)
    integer :: i, m
    do m = 1, members
      height = 0.6 / hypot(kx(:, m), ky(:, m))
      do i = 1, fine
        a(i, :) = kx(:, m) * 2 * pi * i / fine + frequency(:, m) * time + phase(:, m)
        b(:, i) = ky(:, m) * 2 * pi * i / fine
      end do
      psi(:, :, m) = matmul(cos(a), spread(height, 2, fine) * cos(b)) - matmul(sin(a), spread(height, 2, fine) * sin(b))
    end do
  end subroutine

  subroutine look(c, step)
    !! What the network sees: a coarse tracer, and the velocities through the sides of its cells.
    real, intent(in) :: c(:, :, :)
    integer, intent(in) :: step
    integer :: m
    call stir(step * dt)
    seen(:, :, 1, :) = c
    do m = 1, members
      call velocities(psi(::ratio, ::ratio, m), seen(:, :, 2, m), seen(:, :, 3, m))
    end do
  end subroutine

  subroutine velocities(psi, u, v)
    real, intent(in) :: psi(:, :)
    real, intent(out) :: u(:, :), v(:, :)
    integer :: i, after(size(psi, 1))
    after = [(i, i=2, size(psi, 1)), 1]
    u = (psi(:, after) - psi) * size(psi, 1) / (2 * pi)
    v = (psi - psi(after, :)) * size(psi, 1) / (2 * pi)
  end subroutine

  subroutine advance(c, psi, parts)
    !! The tracer after a step in so many parts.
    real, intent(inout) :: c(:, :, :)
    real, intent(in) :: psi(:, :, :)
    integer, intent(in) :: parts
    real, dimension(size(c, 1), size(c, 2)) :: u, v, west, south, into_x, into_y
    real :: dx
    integer :: i, m, before(size(c, 1)), after(size(c, 1))
    before = [size(c, 1), (i, i=1, size(c, 1) - 1)]
    after = [(i, i=2, size(c, 1)), 1]
    dx = 2 * pi / size(c, 1)
    do m = 1, members
      call velocities(psi(:, :, m), u, v)
      do i = 1, parts
        west = c(before, :, m)
        south = c(:, before, m)
        into_x = u * (west + c(:, :, m)) / 2 - (abs(u) / 2 + kappa / dx) * (c(:, :, m) - west)
        into_y = v * (south + c(:, :, m)) / 2 - (abs(v) / 2 + kappa / dx) * (c(:, :, m) - south)
        c(:, :, m) = c(:, :, m) - dt / parts * ((into_x(after, :) - into_x + into_y(:, after) - into_y) / dx + &
                                                (v + v(:, after)) / 2)
      end do
    end do
  end subroutine

  function coarsened(c) result(means)
    !! Means over the fine cells of each coarse one.
    real, intent(in) :: c(:, :, :)
    real :: means(coarse, coarse, members)
    means = sum(sum(reshape(c, [ratio, coarse, ratio, coarse, members]), 3), 1) / ratio**2
  end function

end program subgrid
