! Prunings: how many connections stay, in either kind and with any data; what becomes of bound arrays; failures.
program thinned
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use espalier
  use testing, only: check, check_failure, check_ok, done, points, same_bits
  implicit none
  integer :: stat
  character(300) :: errmsg
  real(real32) :: x(30, 40), target(5, 40)
  real(real64) :: x64(30, 40), target64(5, 40)
  integer(int32) :: labels(40)
  integer :: i
  call points(x)
  call points(target)
  call points(x64)
  call points(target64)
  labels = [(mod(i * i + 2 * i, 5), i = 1, 40)]
  call by_weights
  call by_samples
  call in_double
  call bound
  call failures
  call done("pruning")

contains

  subroutine new_network(net, precision)
    type(network), intent(out) :: net
    integer, intent(in), optional :: precision
    net = network([input(30), linear(20, activation="tanh"), linear(5)], loss="softmax_cross_entropy", seed=9, &
                  precision=precision)
    call net%set_optimizer(adam(learning_rate=0.01))
  end subroutine

  subroutine by_weights
    type(network) :: net
    real(real32), allocatable :: before(:), after(:)
    integer(int32), allocatable :: rows(:), columns(:)
    integer :: positions
    call new_network(net)
    call net%layer_pattern(1, values=before)
    call net%prune(prune_magnitude(density=0.1))
    call check(all([net%connections(1), net%connections(2)] == [60, 10]), "a tenth of each layer")
    call net%layer_pattern(1, rows, columns, values=after)
    call check(same_bits(after, before((rows - 1) * 30 + columns)), "weights are kept")
    positions = count(abs(before) > minval(abs(after)))
    call check(positions < 60, "the largest stay")
    call new_network(net)
    call net%prune(prune_random(density=0.25_real64, scope="global"))
    call check(net%connections() == 175, "a quarter of both layers at random")
    call new_network(net)
    call net%prune(prune_magnitude(scope="distribution", distribution="first_dense", density=0.5))
    call check(all([net%connections(1), net%connections(2)] == [600, 50]), "first layer dense")
  end subroutine

  subroutine by_samples
    type(network) :: net
    real(real64) :: loss
    call new_network(net)
    call net%prune(snip(density=0.1), x, labels)
    call check(net%connections() == 70, "SNIP by class numbers")
    call net%train_step(x, labels, loss)
    call net%train(x, labels, batch_size=8, epochs=3)
    call check(net%connections() == 70, "and training goes on")
    call new_network(net)
    call net%prune(snip(density=0.1, scope="layer", rounds=3, temperature=2), x(:, 1:8), labels(1:8))
    call check(all([net%connections(1), net%connections(2)] == [60, 10]), "each layer, in three rounds")
    call new_network(net)
    call net%prune(grasp(density=0.2, temperature=100.0_real64, rounds=1), x, labels)
    call check(net%connections() == 140, "GraSP")
    call net%prune(fisher(density=0.1, rounds=2, temperature=1.5), x, labels)
    call check(net%connections() == 70, "Fisher")
    call net%prune(synflow(density=0.05, rounds=10), x, labels)
    call check(net%connections() == 35, "SynFlow, which passes over the samples")
    call new_network(net)
    call net%set_loss("mean_squared_error")
    call net%prune(snip(), x, target)
    call check(net%connections() == 70, "by targets")
  end subroutine

  subroutine in_double
    type(network) :: net
    call new_network(net, real64)
    call net%prune(prune_magnitude(density=0.5))
    call check(net%connections() == 350, "magnitude in double precision")
    call net%prune(synflow(density=0.4))
    call check(net%connections() == 280, "SynFlow in double precision")
    call net%prune(snip(density=0.2, scope="layer"), x64, labels)
    call check(all([net%connections(1), net%connections(2)] == [120, 20]), "once more, sparser")
    call net%set_loss("huber")
    call net%prune(snip(density=0.15), x64, target64)
    call net%prune(fisher(density=0.12), x64, target64)
    call net%prune(grasp(density=0.1), x64, target64)
    call check(net%connections() == 70, "by targets in double precision")
  end subroutine

  subroutine bound
    type(network) :: net
    real(real32), allocatable, target :: w(:), dw(:)
    real(real32), pointer, contiguous :: weights(:), bias(:)
    call new_network(net)
    allocate (w(net%parameter_count()), dw(net%parameter_count()))
    call net%bind(w, dw)
    call net%train(x, labels, batch_size=8, epochs=1)
    call net%prune(snip(density=0.1, scope="layer"), x, labels)
    call check(net%parameter_count() == 60 + 20 + 10 + 5, "fewer parameters")
    call check(all(abs(w(96:)) <= 0) .and. all(abs(dw(96:)) <= 0), "the end is zero")
    call net%layer_parameters(2, weights, bias=bias)
    call check(same_bits(weights, w(81:90)) .and. same_bits(bias, w(91:95)), "the front holds what is left")
    call net%train(x, labels, batch_size=8, epochs=1)
    call check(all(abs(w(96:)) <= 0), "and stays so")
    call net%destroy()
  end subroutine

  subroutine failures
    type(network) :: net
    call net%prune(prune_random(), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "prune")
    call new_network(net)
    call net%prune(snip(), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_null_argument, "x")
    call net%prune(snip(density=1.5), x, labels, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "density must be in (0.0, 1.0], got 1.5")
    call net%prune(snip(scope="all"), x, labels, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, '"all" is not one of layer, global, distribution')
    call net%prune(snip(), x(:29, :), labels, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "x must be (30, samples), got (29, 40)")
    call net%prune(snip(), x, labels(:39), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "as many samples as x, 40, got 39")
    call net%prune(snip(), x, target(:4, :), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "target must be (5, samples), got (4, 40)")
    call net%prune(snip(), x64, labels, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_precision, "float32")
    call net%prune(snip(), x, labels + 1, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "labels[")
    call check(net%connections() == 700, "nothing has changed")
    call net%prune(prune_magnitude(), stat=stat, errmsg=errmsg)
    call check_ok(stat, errmsg, "prune with stat")
  end subroutine

end program thinned
