!> One training run of a network on MNIST, for the tables of methods and densities in docs/Sparsity.md:
!!
!!     sparsity_table directory='build/mnist' method='rigl' density=0.02 seed=1
!!
!! The arguments are those of the namelist `run` below. `architecture` is "lenet_300_100", which is 784-300-100-10, or "lenet_5" as
!! Caffe has it: two convolutions of 20 and 50 filters of 5 x 5, each with max pooling, then 500 and 10 units. Prints method,
!! density, seed, test error after the last epoch in percent, connections, and, of lenet_300_100, bytes of the network without its
!! dead units and inputs (Evci et al. 2020, appendix B): four a weight and a bias, one bit a position of what is left of each layer.
!! `redraw` trains what snip, grasp and synflow leave from weights of its own instead of those that were judged, `describe` says
!! before the training what they leave; `input_dropout` is the share of the pixels that a training step does not see. `warmup` is a
!! number of steps. `validate` trains on the first 50,000 training images and prints the error on the other 10,000: recipes are
!! chosen by it, and the test images are left to those that were chosen.
program sparsity_table
  use, intrinsic :: iso_fortran_env, only: error_unit, int64, real32, real64
  use :: digit_images, only: digit_set, hold_out, read_mnist
  use :: espalier, only: convolution, dropout, grasp, input, layer, linear, max_pooling, network, prune_magnitude, sgd, snip, &
    synflow, topology, topology_method
  implicit none

  character(256) :: directory = "build/mnist"
  character(16) :: method = "rigl", architecture = "lenet_300_100"
  real(real64) :: density = 0.02_real64, learning_rate = 0.2_real64, weight_decay = 5e-4_real64, drop_fraction = 0.5_real64, &
    input_dropout = 0, warmup = 0
  integer :: seed = 1, epochs = 60, batch = 100, every = 100, shift = 0, rounds = 5, round_epochs = 15
  logical :: redraw = .false., describe = .false., validate = .false.
  namelist /run/ architecture, directory, method, density, seed, epochs, batch, every, learning_rate, weight_decay, drop_fraction, &
    warmup, shift, rounds, round_epochs, input_dropout, redraw, describe, validate

  type :: connection_list
    integer, allocatable :: rows(:), columns(:)
  end type
  type(digit_set) :: train, test
  type(network) :: net
  integer, allocatable :: order(:)
  integer(int64) :: state
  integer :: steps
  character(:), allocatable :: message

  call read_arguments
  call read_mnist(trim(directory), train, test, message)
  if (allocated(message)) call give_up(message)
  if (validate) call hold_out(train, test)
  if ((redraw .or. describe) .and. .not. any(method == [character(16) :: "snip", "grasp", "synflow"])) then
    call give_up("redraw and describe are for snip, grasp and synflow, not for " // trim(method))
  end if
  if (all(architecture /= [character(16) :: "lenet_300_100", "lenet_5"])) then
    call give_up("architecture is lenet_300_100 or lenet_5, not " // trim(architecture))
  else if ((redraw .or. describe) .and. architecture == "lenet_5") then
    call give_up("redraw and describe are for lenet_300_100")
  end if
  steps = epochs * (size(train%labels) / batch)
  state = 1 + modulo(int(seed, int64) * 7919, 2147483646_int64)
  select case (method)
  case ("snip", "grasp", "synflow")
    call plant(1.0_real64)
    call prune
    if (redraw) call plant_anew
    if (describe) call describe_start
    call grow(epochs)
  case ("lottery")
    call plant(1.0_real64)
    call draw_lots
    call grow(epochs)
  case ("gradual", "acdc")
    call plant(1.0_real64)
    call change(thinning(method))
    call grow(epochs)
  case ("granet")
    call plant(max(0.2_real64, density))
    call change(thinning(method))
    call grow(epochs)
  case ("top_kast")
    ! What takes part in forward is the density of the table; what is stored and trained is two thirds more.
    call plant(density / 0.6_real64)
    call change(topology_method(method, every=every, until=3 * steps / 4))
    call grow(epochs)
  case ("static")
    call plant(density)
    call grow(epochs)
  case default
    call plant(density)
    call change(topology_method(method, every=every, until=3 * steps / 4, drop_fraction=drop_fraction, decay="cosine"))
    call grow(epochs)
  end select
  write (*, "(A, 2X, F0.4, 2X, I0, 2X, F0.2, 2X, I0)", advance="no") trim(method), density, seed, &
    100 * (1 - net%accuracy(test%x, test%labels)), int(net%option("connections"))
  if (architecture == "lenet_300_100") write (*, "(2X, I0)", advance="no") compressed_bytes()
  print "()"
  call net%destroy()

contains

  subroutine read_arguments
    character(2048) :: text
    character(256) :: argument, reason
    integer :: i, stat
    text = "&run"
    do i = 1, command_argument_count()
      call get_command_argument(i, argument)
      text = trim(text) // " " // trim(argument)
    end do
    text = trim(text) // " /"
    read (text, nml=run, iostat=stat, iomsg=reason)
    if (stat /= 0) call give_up(trim(reason))
  end subroutine

  subroutine plant(share)
    !! A network with this share of its connections, spread as Erdos-Renyi does.
    real(real64), intent(in) :: share
    net = network([entrance(), hidden(), linear(10)], &
                  loss="softmax_cross_entropy", distribution="erdos_renyi_kernel", density=share, seed=seed, &
                  max_batch=batch, threads=1)
    call anneal(steps)
  end subroutine

  subroutine plant_anew
    !! A network with the connections of the one that there is, and weights drawn for them: within limits that go by the number
    !! of connections that a unit has left.
    type(connection_list), target :: kept(0:3)
    kept = connections()
    net = network([entrance(), linear(300, activation="relu", rows=kept(1)%rows, columns=kept(1)%columns), &
                   linear(100, activation="relu", rows=kept(2)%rows, columns=kept(2)%columns), &
                   linear(10, rows=kept(3)%rows, columns=kept(3)%columns)], &
                  loss="softmax_cross_entropy", seed=seed, max_batch=batch, threads=1)
    call anneal(steps)
  end subroutine

  function entrance() result(layers)
    !! What stands before the first linear layer.
    type(layer), allocatable :: layers(:)
    layers = [input(size(train%x, 1))]
    if (architecture == "lenet_5") layers = [input([train%width, train%width, 1])]
    if (abs(input_dropout) > 0) layers = [layers, dropout(input_dropout)]
  end function

  function hidden() result(layers)
    !! What stands between that and the last linear layer.
    type(layer), allocatable :: layers(:)
    if (architecture == "lenet_5") then
      layers = [convolution(20, [5, 5], activation="relu"), max_pooling([2, 2]), &
                convolution(50, [5, 5], activation="relu"), max_pooling([2, 2]), linear(500, activation="relu")]
    else
      layers = [linear(300, activation="relu"), linear(100, activation="relu")]
    end if
  end function

  function connections() result(layers)
    !! Of the linear layers; nothing leads to the inputs.
    type(connection_list) :: layers(0:3)
    integer :: l
    allocate (layers(0)%rows(0), layers(0)%columns(0))
    do l = 1, 3
      call net%layer_pattern(size(entrance()) - 1 + l, rows=layers(l)%rows, columns=layers(l)%columns, base=1)
    end do
  end function

  subroutine anneal(period)
    !! Stochastic gradient descent whose rate falls to 0 in so many steps.
    integer, intent(in) :: period
    call net%set_optimizer(sgd(learning_rate=learning_rate, momentum=0.9, nesterov=.true., weight_decay=weight_decay, &
                               schedule="cosine", period=period, warmup=warmup))
  end subroutine

  subroutine change(how)
    type(topology), intent(in) :: how
    call net%set_topology(how)
  end subroutine

  type(topology) function thinning(name) result(how)
    !! From what the network has to `density`, over all layers together, in the first three fifths of the training.
    character(*), intent(in) :: name
    how = topology_method(name, every=every, until=3 * steps / 4)
    call how%set("scope", "global")
    call how%set("final_density", density)
    call how%set("density_begin", steps / 50)
    call how%set("density_end", 3 * steps / 5)
    if (name == "granet") call how%set("drop_fraction", drop_fraction)
    if (name == "acdc") call how%set("phase", steps / 12)
  end function

  subroutine prune
    !! At the start, by the first samples of the training set.
    integer, parameter :: samples = 100
    associate (x => train%x(:, :samples), labels => train%labels(:samples))
      select case (method)
      case ("snip")
        call net%prune(snip(density=density), x, labels)
      case ("grasp")
        call net%prune(grasp(density=density), x, labels)
      case ("synflow")
        call net%prune(synflow(density=density))
      end select
    end associate
  end subroutine

  subroutine describe_start
    !! Signs of the weights, and the loss before the training.
    real(real32), allocatable :: weights(:)
    real(real64) :: loss
    integer :: l
    do l = size(entrance()), size(entrance()) + 2
      call net%layer_pattern(l, values=weights)
      print "(A, I0, A, I0, A, F0.2, A)", "linear layer ", l - size(entrance()) + 1, ": ", size(weights), " connections, ", &
        100 * real(count(weights > 0)) / size(weights), " % above 0"
    end do
    call net%evaluate(train%x, train%labels, loss)
    print "(A, F0.2)", "mean loss on the training set: ", loss
  end subroutine

  subroutine draw_lots
    !! Train, prune, rewind to the weights after one epoch; the density falls by the same factor each time (Frankle et al. 2020).
    integer :: round
    call grow(1)
    call net%remember()
    do round = 1, rounds
      call anneal(round_epochs * (size(train%labels) / batch))
      call grow(round_epochs)
      call net%prune(prune_magnitude(density=density**(real(round, real64) / rounds), scope="global"))
      call net%rewind()
    end do
    call anneal(steps)
  end subroutine

  subroutine grow(count)
    integer, intent(in) :: count
    real(real32) :: x(size(train%x, 1), batch)
    real(real64) :: loss
    integer :: epoch, first, i, labels(batch)
    if (.not. allocated(order)) order = [(i, i=1, size(train%labels))]
    do epoch = 1, count
      do i = size(order), 2, -1
        call exchange(order(i), order(1 + drawn(i)))
      end do
      do first = 1, size(order) - batch + 1, batch
        do i = 1, batch
          x(:, i) = moved(train%x(:, order(first + i - 1)))
          labels(i) = train%labels(order(first + i - 1))
        end do
        call net%train_step(x, labels, loss)
      end do
    end do
  end subroutine

  function moved(picture) result(shifted)
    !! The picture, or, with `shift` above 0, moved by up to so many pixels each way at random.
    real(real32), intent(in) :: picture(:)
    real(real32) :: shifted(size(picture))
    integer :: width, right, down
    shifted = picture
    if (shift == 0) return
    width = train%width
    right = drawn(2 * shift + 1) - shift
    down = drawn(2 * shift + 1) - shift
    shifted = reshape(eoshift(eoshift(reshape(picture, [width, width]), -right, dim=1), -down, dim=2), [width * width])
  end function

  integer function drawn(bound)
    !! Of 0 .. bound - 1, by a generator that gives the same numbers in every compiler (Park and Miller 1988).
    integer, intent(in) :: bound
    state = mod(16807 * state, 2147483647_int64)
    drawn = int(mod(state, int(bound, int64)))
  end function

  pure subroutine exchange(a, b)
    integer, intent(inout) :: a, b
    integer :: kept
    kept = a
    a = b
    b = kept
  end subroutine

  integer function compressed_bytes() result(bytes)
    !! Of what is left when units that nothing reaches or that reach nothing are taken away, again and again.
    type(connection_list) :: layers(0:3)
    logical, allocatable :: alive(:, :), enters(:), leaves(:)
    logical :: has_changed
    integer, parameter :: widths(0:3) = [784, 300, 100, 10]
    integer :: i, l, weights, before
    allocate (alive(784, 0:3), source=.true.)
    layers = connections()
    has_changed = .true.
    do while (has_changed)
      has_changed = .false.
      do l = 0, 2
        before = count(alive(:widths(l), l))
        allocate (enters(widths(l)), source=l == 0)
        allocate (leaves(widths(l)), source=.false.)
        do i = 1, size(layers(l)%rows)
          if (alive(layers(l)%columns(i), max(l - 1, 0))) enters(layers(l)%rows(i)) = .true.
        end do
        do i = 1, size(layers(l + 1)%rows)
          if (alive(layers(l + 1)%rows(i), l + 1)) leaves(layers(l + 1)%columns(i)) = .true.
        end do
        alive(:widths(l), l) = alive(:widths(l), l) .and. enters .and. leaves
        has_changed = has_changed .or. count(alive(:widths(l), l)) /= before
        deallocate (enters, leaves)
      end do
    end do
    bytes = 0
    do l = 1, 3
      weights = 0
      do i = 1, size(layers(l)%rows)
        if (alive(layers(l)%columns(i), l - 1) .and. alive(layers(l)%rows(i), l)) weights = weights + 1
      end do
      associate (units => count(alive(:widths(l), l)), inputs => count(alive(:widths(l - 1), l - 1)))
        bytes = bytes + 4 * (weights + units) + (units * inputs + 7) / 8
      end associate
    end do
  end function

  subroutine give_up(reason)
    character(*), intent(in) :: reason
    write (error_unit, "(2A)") "sparsity_table: ", reason
    error stop 1
  end subroutine

end program sparsity_table
