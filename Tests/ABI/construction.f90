! Constructors: counts, literals of both kinds, options, patterns given by the caller and read back.
program construction
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use espalier
  use testing, only: check, check_failure, check_close, check_ok, done, same_bits
  implicit none
  integer :: stat
  character(300) :: errmsg
  call counts
  call literals
  call coordinates
  call rows_f64
  call layer_variables
  call graphs
  call sequences
  call options
  call optimizer_values
  call done("construction")

contains

  subroutine counts
    type(network) :: net
    integer(int32), allocatable :: rows(:), columns(:)
    integer(int64), allocatable :: row_start(:)
    integer :: i
    ! Counts of the published rule, n - floor((1 - density) n), Erdos-Renyi-Kernel over 784-300-100-10 at density 0.1.
    net = network([input(784), linear(300), linear(100), linear(10)], distribution="erdos_renyi_kernel", density=0.1, seed=7)
    call check(net%connections(1) == 18715, "ERK, first layer")
    call check(net%connections(2) == 6906, "ERK, second layer")
    call check(net%connections(3) == 1000, "ERK, third layer dense")
    call check(net%connections() == 26621, "ERK, all layers")
    call check(net%parameter_count() == 26621 + 410, "parameters: connections and biases")
    call net%layer_pattern(1, rows, columns, row_start)
    call check(size(rows) == 18715 .and. size(columns) == 18715 .and. size(row_start) == 301, "sizes of a pattern")
    call check(row_start(1) == 1 .and. row_start(301) == 18716, "ends of row_start")
    call check(minval(columns) >= 1 .and. maxval(columns) <= 784, "columns count from 1")
    do i = 1, 300
      call check(all(rows(row_start(i):row_start(i + 1) - 1) == i), "rows agree with row_start")
    end do
    call net%layer_pattern(1, columns=columns, row_start=row_start, base=0)
    call check(minval(columns) >= 0 .and. maxval(columns) <= 783 .and. row_start(1) == 0, "base 0")
    net = network([input(6), linear(4, density=0.5, bias=.false.), dropout(0.25), linear(2, fixed_density=.true.)], &
                  density=0.25, distribution="uniform")
    call check(all([net%connections(1), net%connections(3)] == [6, 8]), "a fixed density stays")
    call check(net%parameter_count() == 6 + 8 + 2, "no bias")
    call check_close(net%layer_option(2, "probability"), 0.25_real64, 0.0_real64, "dropout probability")
  end subroutine

  subroutine graphs
    ! Layers that take from others than the one before them.
    type(network) :: net, chain, twin
    real(real64) :: x(4, 3), y(3, 3), w(3, 3)
    integer :: i
    x = reshape([(0.25_real64 * i - 1, i = 1, 12)], [4, 3])
    ! x and a layer of it, concatenated with the layer once more: only the last layer sees the order.
    net = network([input(4), linear(4, activation="tanh"), sum_of([0, 1]), concatenation_of([2, 1, 0]), linear(3)], &
                  precision=real64, seed=5)
    call check(net%output_count() == 3, "outputs of a graph")
    call check_close(net%layer_option(2, "units"), 4.0_real64, 0.0_real64, "units of a sum")
    call check_close(net%layer_option(3, "units"), 12.0_real64, 0.0_real64, "units of a concatenation")
    call net%predict(x, y)
    ! `from` the layer before is what is there without it.
    net = network([input([3, 2, 2]), linear(4)], stat=stat, errmsg=errmsg)
    call check(stat == 0, "a field as input")
    call net%destroy()
    net = network([input([3, 2, 2, 2, 2]), linear(4)], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "1 to 4 dimensions, got 5")
    net = network([input([3, -2]), linear(4)], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "got -2")
    net = network([input([2**30, 2**30]), linear(4)], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "got 2147483648")
    net = network([input(4), linear(4, density="0.5")], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "layer 1: density must be a number")
    chain = network([input(4), linear(5), dropout(0.5, from=1), linear(3, from=2)], precision=real64, seed=5)
    twin = network([input(4), linear(5), dropout(0.5), linear(3)], precision=real64, seed=5)
    call chain%predict(x, y)
    call twin%predict(x, w)
    call check(all(abs(y - w) <= 0), "from is the layer before")
    net = network([input(4), linear(5), sum_of([0, 1])], stat=stat, errmsg=errmsg)
    call check(stat == espalier_error_invalid_argument .and. index(errmsg, "sum layer 2") > 0, "shapes that do not meet")
    net = network([input(4), linear(4), linear(4, from=0), linear(4, from=1)], stat=stat, errmsg=errmsg)
    call check(stat == espalier_error_invalid_state .and. index(errmsg, "linear layer 2") > 0, "a layer that nobody takes from")
    net = network([input(4), linear(4, from=3), linear(4)], stat=stat, errmsg=errmsg)
    call check(stat == espalier_error_invalid_argument .and. index(errmsg, "got 3") > 0, "a layer that comes later")
    net = network([input(4), sum_of([(0, i = 1, 17)])], stat=stat, errmsg=errmsg)
    call check(stat == espalier_error_invalid_argument .and. index(errmsg, "17") > 0, "too many layers")
    net = network([input(4), linear(4), sum_of([integer ::])], stat=stat, errmsg=errmsg)
    call check(stat == espalier_error_invalid_argument .and. index(errmsg, "two or more") > 0, "no layers")
  end subroutine

  subroutine sequences
    ! Layers on fields of one dimension.
    type(network) :: net
    real(real32) :: out(2, 1)
    net = network([input([5, 6]), attention(0, 0, 0, heads=2, causal=.true.), attention(1, 0, 1, heads=3), linear(3)])
    call check(net%output_count() == 3, "outputs of attention")
    call check_close(net%layer_option(1, "heads"), 2.0_real64, 0.0_real64, "heads")
    call check_close(net%layer_option(1, "causal"), 1.0_real64, 0.0_real64, "causal")
    call check_close(net%layer_option(2, "causal"), 0.0_real64, 0.0_real64, "not causal")
    call check_close(net%layer_option(2, "units"), 30.0_real64, 0.0_real64, "units of attention")
    net = network([input(5), embedding(30, 6, padding_index=3), position(), attention(2, 2, 2, heads=3), linear(2)])
    call check(net%parameter_count() == 30 * 6 + 5 * 6 + 2 * 31, "parameters of an embedding and of positions")
    call check_close(net%layer_option(1, "index_base"), 1.0_real64, 0.0_real64, "classes count from 1")
    call check_close(net%layer_option(1, "padding_index"), 3.0_real64, 0.0_real64, "padding_index")
    net = network([input(5), embedding(30, 6, base=0), position(learned=.false.), linear(2)])
    call check(net%parameter_count() == 30 * 6 + 2 * 31, "sines are no parameters")
    call check_close(net%layer_option(1, "index_base"), 0.0_real64, 0.0_real64, "classes count from 0")
    net = network([input(5), embedding(30, 6), linear(2)], max_batch=1)
    call net%predict(reshape(real([1, 30, 2, 31, 4]), [5, 1]), out, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "whole number in 1 .. 30 for embedding layer 1, got 31")
    net = network([input([5, 6]), attention(0, 0, 0, heads=4)], stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "4 heads and 6 channels")
  end subroutine

  subroutine literals
    ! 0.9 and 0.1 in default real are not one tenth in binary; as decimals they are, and counts agree with real64.
    type(network) :: narrow, wide, whole
    integer(int32), allocatable :: a(:), b(:)
    narrow = network([input(100), linear(1000, density=0.1)], seed=3)
    wide = network([input(100), linear(1000, density=0.1_real64)], seed=3)
    call check(narrow%connections() == wide%connections(), "density 0.1 of either kind")
    call narrow%layer_pattern(1, columns=a)
    call wide%layer_pattern(1, columns=b)
    call check(all(a == b), "the same pattern")
    call check_close(narrow%layer_option(1, "density"), wide%layer_option(1, "density"), 0.0_real64, "the same density")
    whole = network([input(3), linear(2, density=1)])
    call check(whole%connections() == 6, "density as an integer")
  end subroutine

  subroutine coordinates
    type(network) :: net
    integer(int32), target :: rows(5) = [2, 1, 3, 1, 3], columns(5) = [4, 2, 1, 1, 4]
    integer(int32), allocatable, target :: rows_0(:), columns_0(:)
    real(real32), target :: values(5) = [0.25, 0.5, -1.0, 2.0, 3.0]
    integer(int32), allocatable :: r(:), c(:)
    real(real32), allocatable :: v(:)
    net = network([input(4), linear(3, rows=rows, columns=columns, values=values)])
    call net%layer_pattern(1, r, c, values=v)
    call check(all(r == [1, 1, 2, 3, 3]) .and. all(c == [1, 2, 4, 1, 4]), "coordinates sorted by unit, then input")
    call check(same_bits(v, [2.0, 0.5, 0.25, -1.0, 3.0]), "values follow their connection")
    rows_0 = rows - 1
    columns_0 = columns - 1
    net = network([input(4), linear(3, rows=rows_0, columns=columns_0, base=0)])
    call net%layer_pattern(1, r, c, base=1)
    call check(all(r == [1, 1, 2, 3, 3]) .and. all(c == [1, 2, 4, 1, 4]), "base 0 in, base 1 out")
  end subroutine

  subroutine rows_f64
    type(network) :: net, copy
    integer(int64), allocatable, target :: row_start(:)
    integer(int32), allocatable, target :: columns(:)
    real(real64), allocatable, target :: values(:)
    integer(int64), allocatable :: row_start_2(:)
    integer(int32), allocatable :: columns_2(:)
    real(real64), allocatable :: values_2(:)
    net = network([input(20), linear(10, density=0.3)], precision=real64, seed=5)
    call net%layer_pattern(1, columns=columns, row_start=row_start, values=values)
    copy = network([input(20), linear(10, row_start=row_start, columns=columns, values=values)], precision=real64)
    call copy%layer_pattern(1, columns=columns_2, row_start=row_start_2, values=values_2)
    call check(all(row_start == row_start_2) .and. all(columns == columns_2), "a pattern round the world")
    call check(same_bits(values, values_2), "and its values")
  end subroutine

  subroutine layer_variables
    ! Descriptions are values: they may be kept, copied and used twice.
    type(layer), allocatable :: layers(:)
    type(layer) :: one
    type(network) :: a, b
    one = linear(3, activation="leaky_relu", negative_slope=0.2, initializer="glorot_normal")
    layers = [input(2), one, one]
    a = network(layers)
    b = network([layers, linear(1)])
    call check(all([a%connections(), b%connections()] == [15, 18]), "layers kept in variables")
    call check_close(b%layer_option(2, "negative_slope"), 0.2_real64, 0.0_real64, "negative_slope as a decimal")
  end subroutine

  subroutine options
    type(network) :: net
    net = network([input(3), linear(4, density=0.5), linear(2)], loss="huber", max_batch=7, threads=1, seed=11, stat=stat, &
                  errmsg=errmsg)
    call check_ok(stat, errmsg, "constructor with stat")
    call check(all(nint([net%option("max_batch"), net%option("seed")]) == [7, 11]), "max_batch, seed")
    call check(all(nint([net%option("inputs"), net%option("outputs")]) == [3, 2]), "inputs, outputs")
    call check(nint(net%option("precision")) == 32, "default precision")
    call net%set_option("huber_delta", 0.3)
    call check_close(net%option("huber_delta"), 0.3_real64, 0.0_real64, "huber_delta as a decimal")
    call net%add_loss("huber", first=1, count=1, weight=0.5)
    call net%add_loss("huber", first=2, count=9, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "outputs 1 .. 9")
    call net%add_loss("huber", first=1, count=1, weight="x", stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "weight must be a number")
    call net%set_loss("mean_squared_error")
    call net%set_threads(2)
    call check(nint(net%option("threads")) == 2, "threads")
    call net%set_layer_option(1, "negative_slope", 0.05_real64)
    call check_close(net%layer_option(1, "negative_slope"), 0.05_real64, 0.0_real64, "layer option")
    call net%set_optimizer(adam(learning_rate=0.01))
    call net%set_optimizer(sgd(learning_rate=0.5_real64, momentum=0.9), layer=2)
    call check_close(net%optimizer_option(1, "learning_rate"), 0.01_real64, 0.0_real64, "optimizer of layer 1")
    call check_close(net%optimizer_option(2, "momentum"), 0.9_real64, 0.0_real64, "optimizer of layer 2")
    call net%set_optimizer_option("learning_rate", 0.003)
    call check_close(net%optimizer_option(2, "learning_rate"), 0.003_real64, 0.0_real64, "learning rate of all layers")
    call net%set_optimizer_option("learning_rate", 1, layer=1)
    call check_close(net%optimizer_option(1, "learning_rate"), 1.0_real64, 0.0_real64, "learning rate of one layer")
    call net%set_topology(set(every=10, begin=5, until=100, drop_fraction=0.2, decay="cosine", published=.true.))
    call net%set_topology(rigl(every=10, drop_fraction=0.2_real64, until=50, minimum_drop_fraction=0.01), layer=1)
    call net%set_topology(static())
    call check(len(library_version()) >= 5, "library_version")
  end subroutine

  subroutine optimizer_values
    type(optimizer) :: opt, other
    opt = adamw(learning_rate=0.002, beta1=0.8, beta2=0.99_real64, epsilon=1e-7, amsgrad=.true., weight_decay=0.1, &
                schedule="cosine", period=10, minimum_rate=0.001, warmup=2, warmup_start=0.5)
    call check_close(opt%option("beta1"), 0.8_real64, 0.0_real64, "beta1")
    call check_close(opt%option("epsilon"), 1e-7_real64, 0.0_real64, "epsilon as a decimal")
    call check_close(opt%option("rate"), 0.001_real64, 1e-18_real64, "rate at the beginning of the warm-up")
    call opt%set_option("learning_rate", 0.004)
    other = opt
    call check_close(other%option("learning_rate"), 0.004_real64, 0.0_real64, "a copy has changed hyperparameters too")
    other = rmsprop(learning_rate=0.1, alpha=0.9, epsilon=1e-6, momentum=0.5, centered=.true.)
    call check_close(other%option("centered"), 1.0_real64, 0.0_real64, "centered")
    other = adagrad(lr_decay=0.1, initial_accumulator=0.5, epsilon=1e-9)
    call check_close(other%option("initial_accumulator"), 0.5_real64, 0.0_real64, "initial_accumulator")
    call check_close(other%option("learning_rate"), 0.01_real64, 0.0_real64, "default learning rate of adagrad")
    other = sgd(dampening=0.1, schedule="exponential", gamma=0.5)
    call check_close(other%option("learning_rate"), 0.001_real64, 0.0_real64, "default learning rate of sgd")
    other = sgd(momentum=0.9, nesterov=.true., schedule="step", step_size=3, gamma=0.1)
    call check_close(other%option("step_size"), 3.0_real64, 0.0_real64, "step_size")
    other = adam()
    call check_close(other%option("beta2"), 0.999_real64, 0.0_real64, "default beta2")
  end subroutine

end program construction
