! A small program as it is written for any kinds of default integers and reals: constructs, trains, predicts, reads patterns.
! Compiled once for each set of flags that changes the language, with the modules' sources or against modules built before.
program dialects
  use, intrinsic :: iso_fortran_env, only: int8, int16, int32, int64, real32, real64
  use espalier
  use testing, only: check, check_close, check_failure, done, points
  implicit none
  type(network) :: net
  type(optimizer) :: opt
  real(real32) :: x(3, 20), y(2, 20)
  real(real32), allocatable :: weights(:)
  real(real64) :: loss, first
  integer(int32) :: labels(20)
  integer(int32), allocatable :: rows(:), columns(:)
  integer(int64), allocatable :: row_start(:)
  integer :: stat, i, unit
  character(200) :: errmsg, line

  call points(x)
  labels = merge(1, 0, x(1, :) > x(2, :))
  opt = adam(learning_rate=0.05, epsilon=1e-8_real64)
  call check_close(opt%option("learning_rate"), 0.05_real64, 0.0_real64, "a real literal")
  call opt%set_option("beta1", 0.25_real32)
  call check_close(opt%option("beta1"), 0.25_real64, 0.0_real64, "a single-precision number")

  net = network([input(3), linear(16, density=0.5, activation="tanh"), linear(2)], loss="softmax_cross_entropy", seed=1, &
                max_batch=20)
  call net%set_optimizer(opt)
  call net%set_topology(rigl(every=5, until=30, drop_fraction=0.3))
  call net%set_option("accumulate", 1_int8)
  call net%set_option("accumulate", 1_int16)
  call net%set_option("accumulate", 1_int32)
  call net%set_option("accumulate", 1_int64)
  call net%set_option("accumulate", 1)
  call net%train_step(x, labels, first)
  call net%train(x, labels, batch_size=10, epochs=20, loss=loss)
  call check(loss < first, "it learns")
  call net%predict(x, y)
  call check(count((y(2, :) > y(1, :)) .eqv. labels == 1) > 15, "it has learned")

  call net%layer_pattern(1, rows, columns, row_start, weights)
  call check(size(rows) == 24 .and. size(columns) == 24 .and. size(row_start) == 17 .and. size(weights) == 24, "a pattern")
  call check(all(rows >= 1 .and. rows <= 16 .and. columns >= 1 .and. columns <= 3), "its indices")
  call net%layer_pattern(2, values=weights)
  call check(size(weights) == 32, "values alone")

  call net%set_option("clip_norm", -1, stat, errmsg)
  call check_failure(stat, errmsg, espalier_error_invalid_argument, "clip_norm")
  call net%set_loss("hubert", stat, errmsg)
  call check_failure(stat, errmsg, espalier_error_unknown_name, "huber")
  call net%predict(x, y(:, :19), stat, errmsg)
  call check_failure(stat, errmsg, espalier_error_invalid_argument, "y must have as many samples as x, 20, got 19")
  call opt%minimize(x, y, stat, errmsg)
  call check_failure(stat, errmsg, espalier_error_invalid_argument, "(2, 20) for (3, 20)")
  call check(len(library_version()) >= 5, "a version")

  open (newunit=unit, status="scratch", action="readwrite")
  call net%print_info(unit)
  rewind (unit)
  do i = 1, 1000
    read (unit, "(A)", iostat=stat) line
    if (stat /= 0) exit
  end do
  close (unit)
  call check(i > 3, "a table of the layers")
  call net%destroy()
  call done("dialects")
end program dialects
