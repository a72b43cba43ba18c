!> A sparse network learns to read handwritten digits, in arrays that this program owns.
!>
!> `mnist help` lists what can be chosen on the command line.
program mnist
  use, intrinsic :: iso_fortran_env, only: error_unit, int64, output_unit, real32, real64
  use :: choices, only: choice_set, help, read_choices
  use :: digit_images, only: digit_set, hold_out, read_digits, read_mnist
  use :: espalier, only: espalier_ok, input, linear, network, optimizer, rigl, set, sgd, static, topology
  use :: pictures, only: draw_accuracy, draw_connections
  use :: progress_line, only: progress, seconds_now
  implicit none

  type(choice_set) :: chosen
  type(digit_set) :: train, test
  type(network) :: net
  real(real32), allocatable, target :: w(:), dw(:)
  real(real32), allocatable :: x(:, :)
  integer, allocatable :: labels(:), order(:), before(:, :), after(:, :)
  real(real64), allocatable :: accuracy(:)
  real(real64) :: seconds, sparsity
  character(12) :: duration
  character(:), allocatable :: message

  call read_choices(chosen, message)
  if (allocated(message)) call give_up(message)
  if (chosen%help) then
    call help
    stop
  end if
  if (chosen%data == "mnist") then
    call read_mnist(trim(chosen%directory), train, test, message)
  else
    call read_digits(trim(chosen%directory) // "/digits.csv", train, test, message)
  end if
  if (allocated(message)) call give_up(message)
  if (chosen%validate) call hold_out(train, test)

  call plant
  before = connections_by_pixel()
  call grow
  after = connections_by_pixel()
  sparsity = 1 - net%option("density")
  call draw
  write (duration, "(F12.1)") seconds
  write (output_unit, "(2A, F6.4, A, F6.4, 2A)") trim(merge("validation", "test      ", chosen%validate)), &
    " accuracy ", accuracy(chosen%epochs), " sparsity ", sparsity, " seconds ", trim(adjustl(duration))
  call net%destroy()
  if (allocated(message)) call give_up(message)

contains

  subroutine plant
    !! Build the network and let it work in this program's arrays.
    type(topology) :: method
    integer :: stat, steps
    character(256) :: reason
    net = network([input(size(train%x, 1)), linear(300, activation="relu"), linear(100, activation="relu"), linear(10)], &
                  loss="softmax_cross_entropy", distribution="erdos_renyi_kernel", density=chosen%density, &
                  seed=chosen%seed, max_batch=chosen%batch, threads=chosen%threads, stat=stat, errmsg=reason)
    if (stat /= espalier_ok) call give_up(trim(reason))
    steps = chosen%epochs * ((size(train%labels) - 1) / chosen%batch + 1)
    call net%set_optimizer(sgd(learning_rate=chosen%learning_rate, momentum=0.9, nesterov=.true., &
                               weight_decay=chosen%weight_decay, schedule="cosine", period=steps))
    ! Patterns change during the first three quarters of the training (Evci et al. 2020).
    select case (chosen%method)
    case ("rigl")
      method = rigl(every=chosen%every, drop_fraction=chosen%drop_fraction, until=3 * steps / 4)
    case ("set")
      method = set(every=chosen%every, drop_fraction=chosen%drop_fraction, until=3 * steps / 4, decay="cosine")
    case default
      method = static()
    end select
    call net%set_topology(method)
    allocate (w(net%parameter_count()), dw(net%parameter_count()))
    call net%bind(w, dw)
    call net%print_info()
  end subroutine

  subroutine grow
    !! The training loop, in this program's hands.
    type(progress) :: line
    real(real64) :: loss, mean, start
    integer :: count, epoch, first, i, samples
    integer(int64) :: state
    samples = size(train%labels)
    order = [(i, i=1, samples)]
    allocate (x(size(train%x, 1), chosen%batch), labels(chosen%batch), accuracy(0:chosen%epochs))
    state = 1 + modulo(int(chosen%seed, int64), 2147483646_int64)
    start = seconds_now()
    call line%begin(chosen%epochs, samples)
    accuracy(0) = net%accuracy(test%x, test%labels)
    do epoch = 1, chosen%epochs
      call shuffle(order, state)
      mean = 0
      do first = 1, samples, chosen%batch
        count = min(chosen%batch, samples - first + 1)
        do i = 1, count
          x(:, i) = train%x(:, order(first + i - 1))
          labels(i) = train%labels(order(first + i - 1))
        end do
        call net%train_step(x(:, :count), labels(:count), loss)
        mean = mean + (loss - mean) * count / (first + count - 1)
        if (first + count <= samples) then
          call line%show(epoch, first + count - 1, mean, accuracy(epoch - 1), net%connections())
        end if
      end do
      accuracy(epoch) = net%accuracy(test%x, test%labels)
      call line%show(epoch, samples, mean, accuracy(epoch), net%connections())
    end do
    seconds = seconds_now() - start
  end subroutine

  subroutine shuffle(order, state)
    !! Fisher and Yates, with a generator that gives the same numbers in every compiler (Park and Miller 1988).
    integer, intent(inout) :: order(:)
    integer(int64), intent(inout) :: state
    integer :: i, j, swapped
    do i = size(order), 2, -1
      state = mod(16807 * state, 2147483647_int64)
      j = 1 + int(mod(state, int(i, int64)))
      swapped = order(i)
      order(i) = order(j)
      order(j) = swapped
    end do
  end subroutine

  function connections_by_pixel() result(counts)
    !! How many connections of the first layer start at each pixel (column, row).
    integer, allocatable :: counts(:, :)
    integer, allocatable :: columns(:)
    integer :: i, pixel
    allocate (counts(train%width, train%width), source=0)
    call net%layer_pattern(1, columns=columns, base=0)
    do i = 1, size(columns)
      pixel = columns(i)
      associate (column => 1 + mod(pixel, train%width), row => 1 + pixel / train%width)
        counts(column, row) = counts(column, row) + 1
      end associate
    end do
  end function

  subroutine draw
    !! A failure is kept for the end: the training is worth more than its pictures.
    character(64) :: shape_and_sparsity
    if (chosen%pictures == "" .or. chosen%validate) return
    write (shape_and_sparsity, "(I0, A, F4.2)") size(train%x, 1), "-300-100-10 at sparsity ", sparsity
    call draw_accuracy(trim(chosen%plot), trim(chosen%pictures), accuracy(1:), trim(shape_and_sparsity), message)
    if (allocated(message)) return
    call draw_connections(trim(chosen%plot), trim(chosen%pictures), before, after, &
                          "Connections of each input pixel, " // trim(shape_and_sparsity), message)
  end subroutine

  subroutine give_up(reason)
    character(*), intent(in) :: reason
    write (error_unit, "(A)") "mnist: " // reason
    flush (output_unit)
    stop 1, quiet=.true.
  end subroutine

end program mnist
