! Pruning after training: optimal brain surgeon, SparseGPT, n of m; in both precisions, with and without targets.
program reconstruct
  use, intrinsic :: iso_fortran_env, only: int32, real32, real64
  use espalier
  use testing, only: check, check_failure, done, points
  implicit none
  integer :: stat
  character(300) :: errmsg
  call single
  call double
  call groups
  call failures
  call done("reconstruct")

contains

  subroutine new_network(net, precision)
    type(network), intent(out) :: net
    integer, intent(in) :: precision
    net = network([input(16), linear(12, activation="tanh"), linear(4)], seed=9, precision=precision)
  end subroutine

  subroutine single
    type(network) :: net
    real(real32) :: x(16, 50), z(5, 50), mixing(16, 5), y(4, 50), now(4, 50)
    real(real64) :: changes(3)
    integer :: i
    call points(z)
    call points(mixing)
    call points(x)
    x = matmul(mixing, z) + 0.2 * x
    do i = 1, 3
      call new_network(net, real32)
      call net%predict(x, y)
      select case (i)
      case (1); call net%prune(prune_magnitude(density=0.25), x)
      case (2); call net%prune(sparse_gpt(density=0.25, block=5, damping=0.02_real64), x)
      case (3); call net%prune(obs(density=0.25, damping=0.01), x)
      end select
      call check(all([net%connections(1), net%connections(2)] == [48, 12]), "a quarter of each layer")
      call net%predict(x, now)
      changes(i) = sum(real(now - y, real64)**2)
    end do
    call check(changes(2) < changes(1) .and. changes(3) < changes(1), "the outputs stay nearer")
    call new_network(net, real32)
    call net%prune(obs(density=0.25, scope="global"), x, y)
    call check(net%connections() == 60, "of both layers together, targets passed over")
  end subroutine

  subroutine double
    type(network) :: net
    real(real64) :: x(16, 50)
    integer(int32) :: labels(50)
    call points(x)
    labels = 0
    call new_network(net, real64)
    call net%prune(sparse_gpt(density=0.5_real64), x, labels)
    call check(net%connections() == 120, "class numbers are passed over")
    call net%prune(obs(density=0.25, scope="distribution", distribution="uniform"), x)
    call check(net%connections() == 60, "once more, sparser")
  end subroutine

  subroutine groups
    type(network) :: net
    real(real32) :: x(16, 50)
    integer(int32), allocatable :: rows(:), columns(:)
    integer :: i, row, group
    call points(x)
    do i = 1, 3
      call new_network(net, real32)
      select case (i)
      case (1); call net%prune(prune_magnitude(n=2, m=4))
      case (2); call net%prune(sparse_gpt(n=2, m=4), x)
      case (3); call net%prune(obs(n=2, m=4), x)
      end select
      call net%layer_pattern(1, rows, columns)
      do row = 1, 12
        do group = 0, 3
          call check(count(rows == row .and. (columns - 1) / 4 == group) == 2, "two of four")
        end do
      end do
    end do
  end subroutine

  subroutine failures
    type(network) :: net
    real(real32) :: x(16, 50), same(16, 2)
    call points(x)
    call net%prune(obs(), x, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "prune")
    call new_network(net, real32)
    call net%prune(obs(), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_null_argument, "x")
    call net%prune(sparse_gpt(), x(:15, :), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "x must be (16, samples), got (15, 50)")
    call net%prune(sparse_gpt(scope="global"), x, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "scope")
    call net%prune(obs(n=2, m=3), x, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "m must divide its 16 inputs, got 3")
    same(:, 1) = 1
    same(:, 2) = 0
    call net%prune(obs(damping=0.0), same, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_numerical, "linear layer 1")
    call check(net%connections() == 240, "nothing has changed")
    call net%prune(snip(), x, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_null_argument, "target")
  end subroutine

end program reconstruct
