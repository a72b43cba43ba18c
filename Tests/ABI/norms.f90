! Norms described in Fortran, their statistics, and a network that takes and gives numbers in physical units.
program norms
  use, intrinsic :: iso_fortran_env, only: real32, real64
  use espalier
  use testing, only: check, check_close, check_failure, done
  implicit none
  integer :: stat
  character(300) :: errmsg
  call constructors
  call running_statistics
  call physical_units
  call refusals
  call done("norms")

contains

  subroutine constructors
    type(network) :: net
    net = network([input([5, 4]), batch_norm(momentum=0.25, epsilon=0.5_real64), layer_norm(per_place=.true., epsilon=0.25), &
                   group_norm(2, affine=.false.), layer_norm(affine=.false., from=1), sum_of([3, 4]), &
                   normalization(inverse=.true., per_place=.true.), linear(2)], precision=real64)
    call check_close(net%layer_option(1, "momentum"), 0.25_real64, 0.0_real64, "momentum")
    call check_close(net%layer_option(1, "epsilon"), 0.5_real64, 0.0_real64, "epsilon of a batch norm")
    call check_close(net%layer_option(1, "affine"), 1.0_real64, 0.0_real64, "affine by default")
    call check_close(net%layer_option(2, "per_place"), 1.0_real64, 0.0_real64, "per_place")
    call check_close(net%layer_option(2, "epsilon"), 0.25_real64, 0.0_real64, "epsilon of a layer norm")
    call check_close(net%layer_option(3, "groups"), 2.0_real64, 0.0_real64, "groups")
    call check_close(net%layer_option(6, "inverse"), 1.0_real64, 0.0_real64, "inverse")
    call check(net%parameter_count() == 8 + 8 + 42, "parameters of norms")
  end subroutine

  subroutine running_statistics
    type(network) :: net
    real(real64) :: x(3, 8), y(2, 8)
    real(real64), pointer, contiguous :: mean(:), variance(:), weights(:), bias(:)
    integer :: i
    x = reshape([(sin(real(i, real64)), i = 1, 24)], [3, 8])
    net = network([input(3), batch_norm(), linear(2)], precision=real64, seed=3)
    call net%layer_state(1, "running_mean", mean)
    call net%layer_state(1, "running_variance", variance)
    call check(all(abs(mean) <= 0) .and. all(abs(variance - 1) <= 0), "running statistics at first")
    call net%layer_parameters(1, weights, bias)
    call check(all(abs(weights - 1) <= 0) .and. all(abs(bias) <= 0) .and. size(bias) == 3, "weights and biases at first")
    call net%forward(x, y)
    do i = 1, 3
      call check_close(mean(i), 0.1_real64 * sum(x(i, :)) / 8, 1e-15_real64, "running mean")
      call check_close(variance(i), 0.9_real64 + 0.1_real64 * sum((x(i, :) - sum(x(i, :)) / 8)**2) / 7, 1e-15_real64, &
                       "running variance")
    end do
  end subroutine

  subroutine physical_units
    ! Pressures and temperatures come in, winds go out; the mean wind is what an untrained network without weights says.
    type(network) :: net
    real(real32) :: x(2, 40), wind(1, 40), y(1, 40)
    real(real32), pointer, contiguous :: weights(:), mean(:), deviation(:)
    real(real64) :: loss
    integer :: i
    do i = 1, 40
      x(:, i) = [101325 + 30 * sin(real(i)), 280 + 5 * cos(real(i))]
      wind(1, i) = 8 + 0.05 * (x(1, i) - 101325) - 0.3 * (x(2, i) - 280)
    end do
    net = network([input(2), normalization(), linear(1), normalization(inverse=.true.)], seed=1)
    call net%fit(1, x)
    call net%fit(3, wind)
    call net%layer_state(1, "mean", mean)
    call net%layer_state(1, "deviation", deviation)
    call check(abs(mean(1) - 101325) < 2 .and. abs(mean(2) - 280) < 1, "means")
    call check(deviation(1) > 20 .and. deviation(1) < 22 .and. deviation(2) > 3 .and. deviation(2) < 4, "deviations")
    call net%layer_parameters(2, weights)
    weights = 0
    call net%predict(x, y)
    call check(all(abs(y - sum(wind) / 40) < 1e-5), "the mean comes out")
    call net%set_optimizer(sgd(learning_rate=0.1))
    do i = 1, 60
      call net%train_step(x, wind, loss)
    end do
    call check(loss < 1e-4, "a linear law is learned in physical units")
  end subroutine

  subroutine refusals
    type(network) :: net
    real(real64) :: x(3, 1), y(2, 1)
    real(real64), pointer, contiguous :: state(:)
    x = 1
    net = network([input(3), group_norm(2), linear(2)], precision=real64, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "groups must divide")
    net = network([input(3), batch_norm(momentum=2), linear(2)], precision=real64, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "momentum")
    net = network([input(3), batch_norm(), linear(2)], precision=real64)
    call net%forward(x, y, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "more than one value a channel")
    call net%layer_state(1, "mean", state, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, "running_mean")
    call check(.not. associated(state), "no pointer after a failure")
    call net%fit(1, x, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "normalization")
    call net%fit(1, x(:2, :), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "fit: x must be (3, samples), got (2, 1)")
    call net%fit(9, x, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "layer")
  end subroutine

end program norms
