! Every topology method as a function: a small network trains with it and has as many connections as promised; options by name.
program presets
  use, intrinsic :: iso_fortran_env, only: int32, real32, real64
  use espalier
  use testing, only: check, check_close, check_failure, check_ok, done, points
  implicit none
  integer, parameter :: inputs = 24, units = 20, samples = 12
  !> Connections of the two sparse layers at the start: units x inputs less floor(0.7 of it).
  integer, parameter :: first = 144, second = 120

  call keeps(static(), "static")
  call keeps(set(every=3), "set")
  call keeps(set(every=3, published=.true.), "set, published")
  call keeps(rigl(every=3, until=20, decay="linear", minimum_drop_fraction=0.1, gradient_batches=2), "rigl")
  call keeps(itop(every=3, until=20, drop_fraction=0.4), "itop")
  call keeps(mest(every=3, until=20, gradient_weight=0.5), "mest")
  call keeps(top_kast(every=3, forward_share=0.5, exploration_decay=1e-3), "top_kast")
  call keeps(deepr(every=2, noise=1e-4, shrink=1e-5_real64), "deepr")
  call keeps(sampled(every=3, candidates=2, sampling="activity"), "sampled")
  call ends_with(snfs(every=3, until=20, gradient_batches=4, gradient_decay=0.8, room=3), first + second, "snfs")
  call ends_with(dsr(every=3, threshold=1d-2, tolerance=0.2, room=1.5), first + second, "dsr")
  call ends_with(snfs(every=3, until=20, gradient_batches=4, published=.true.), first + second, "snfs, published", within=4)
  call fans_in(srigl(every=3, ablation=0.1))
  ! 880 positions, less floor(0.9 of them), and the same of each layer.
  call ends_with(granet(0.1, 18, every=3, drop_fraction=0.2, decay="constant"), 88, "granet")
  call ends_with(acdc(0.1, 18, phase=3, every=3), 88, "acdc")
  call ends_with(gradual(0.1, density_end=18, density_begin=3, every=3, density_power=2), 88, "gradual")
  call keeps(str(every=3, threshold_start=-3), "str, which never ends")
  call ends_truly_sparse
  call by_name
  call wrong_options
  call epochs
  call done("presets")

contains

  subroutine plant(net, method)
    type(network), intent(inout) :: net
    type(topology), intent(in) :: method
    net = network([input(inputs), linear(units, density=0.3, activation="tanh"), &
                   linear(units, density=0.3, activation="tanh"), linear(4, fixed_density=.true.)], seed=3, max_batch=samples)
    call net%set_optimizer(sgd(learning_rate=0.05, momentum=0.9))
    call net%set_topology(method)
  end subroutine

  subroutine train(net, steps)
    type(network), intent(inout) :: net
    integer, intent(in) :: steps
    real(real32) :: x(inputs, samples)
    real(real64) :: loss
    integer :: step
    call points(x)
    do step = 1, steps
      call net%train_step(x, x(1:4, :)**2, loss)
      call check(loss < 1e3, "the loss is a number")
    end do
  end subroutine

  subroutine keeps(method, name)
    !! Each layer keeps its number of connections.
    type(topology), intent(in) :: method
    character(*), intent(in) :: name
    type(network) :: net
    call plant(net, method)
    call train(net, 24)
    call check(connections(net, 1) == first, name // ": connections of layer 1")
    call check(connections(net, 2) == second, name // ": connections of layer 2")
    call check(nint(net%layer_option(1, "topology_updates")) >= merge(0, 5, name == "static"), name // ": updates")
  end subroutine

  subroutine ends_truly_sparse
    !! STR starts dense and stores that; after its last update only what exceeds the threshold is left, and y is as before.
    type(network) :: net
    real(real32) :: x(inputs, samples), y(4, samples), now(4, samples)
    real(real64) :: before
    call plant(net, str(until=20, every=3, drop_fraction=0., threshold_start=-2.5, threshold_decay=1d-3, threshold_rate=10))
    call train(net, 17)
    call check(connections(net, 1) == first, "str: all of layer 1 is stored")
    call check(connections(net, 2) == second, "str: all of layer 2 is stored")
    call check(net%layer_option(1, "threshold") > 0.05d0, "str: a threshold")
    before = net%layer_option(1, "flops")
    call check(before < 2 * first, "str: forward skips what is below it")
    call points(x)
    call net%forward(x, y)
    call net%backward(0 * y)
    call net%update()
    call net%predict(x, y)
    call net%evolve()
    call net%predict(x, now)
    call check(connections(net, 1) < first, "str: what was below it went from layer 1")
    call check(connections(net, 2) < second, "str: what was below it went from layer 2")
    call check(maxval(abs(y - now)) < 1e-6, "str: what is left does as before")
    call check(net%layer_option(1, "threshold") <= 0, "str: it has ended")
    call train(net, 3)
  end subroutine

  subroutine ends_with(method, count, name, within)
    !! The two layers together come to this number, or near it, and the parameters stay where they are.
    type(topology), intent(in) :: method
    integer, intent(in) :: count
    character(*), intent(in) :: name
    integer, intent(in), optional :: within
    type(network) :: net
    integer(int32), allocatable :: rows(:), columns(:)
    real(real64) :: parameters
    integer :: layer, counts(2), near
    near = 0
    if (present(within)) near = within
    call plant(net, method)
    parameters = net%option("parameters")
    call train(net, 24)
    counts(1) = connections(net, 1)
    counts(2) = connections(net, 2)
    call check(abs(sum(counts) - count) <= near, name // ": connections of all")
    call check_close(net%option("parameters"), parameters, 0.0_real64, name // ": parameters")
    do layer = 1, 2
      call net%layer_pattern(layer, rows=rows, columns=columns)
      call check(size(rows) == counts(layer) .and. minval(rows) >= 1 .and. maxval(rows) <= units, name // ": rows")
    end do
  end subroutine

  subroutine fans_in(method)
    !! Every unit of a layer that has connections has the same number, as many as the layer's number allows.
    type(topology), intent(in) :: method
    type(network) :: net
    integer(int32), allocatable :: rows(:)
    integer :: fan(units), i, layer
    integer, parameter :: budgets(2) = [first, second]
    call plant(net, method)
    call train(net, 24)
    do layer = 1, 2
      call net%layer_pattern(layer, rows=rows)
      fan = [(count(rows == i), i=1, units)]
      call check(all(fan == 0 .or. fan == maxval(fan)), "srigl: the same number in every unit")
      call check(size(rows) <= budgets(layer), "srigl: no more connections than before")
      call check(size(rows) + count(fan > 0) > budgets(layer), "srigl: one more in each unit would be too many")
    end do
  end subroutine

  integer function connections(net, layer)
    type(network), intent(in) :: net
    integer, intent(in) :: layer
    connections = nint(net%layer_option(layer, "connections"))
  end function

  subroutine by_name
    !! A method by its name and options by theirs, with numbers, logicals and names.
    type(topology) :: method
    type(network) :: net
    method = topology_method("set", every=3, drop_fraction=0.2)
    call method%set("drop", "magnitude_increase")
    call method%set("grow", "unfired")
    call method%set("rounding", "up")
    call method%set("just_dropped", "exclude")
    call method%set("grown_weight", "layer_normal")
    call method%set("grown_scale", 0.1)
    call method%set("replaces_step", .true.)
    call plant(net, method)
    call train(net, 20)
    call check(connections(net, 1) == first, "by name: connections")
    ! 0.2 of 144, up; what was just dropped cannot come back.
    call check(nint(net%layer_option(1, "dropped")) == 29, "by name: dropped")
    call check(nint(net%layer_option(1, "topology_updates")) == 5, "by name: every fourth step is an update instead")
  end subroutine

  subroutine wrong_options
    type(network) :: net
    type(topology) :: method
    integer :: stat
    character(400) :: errmsg
    call plant(net, static())
    method = topology_method("rigel")
    call net%set_topology(method, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, '"rigel" is not one of static, set, rigl')
    method = set()
    call method%set("grow", "gradients")
    call net%set_topology(method, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, '"gradients" is not one of random, gradient')
    method = set()
    call method%set("every", "often")
    call net%set_topology(method, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, 'every has no named choices, got "often"')
    method = set()
    call method%set("evry", 3)
    call net%set_topology(method, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, "evry")
    method = set()
    call method%set("every", (1.0, 0.0))
    call net%set_topology(method, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "every must be a real or an integer")
    call net%set_topology(rigl(drop_fraction=1.5), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "drop_fraction must be in [0.0, 1.0], got 1.5")
    call net%set_topology(granet(0.1, density_begin=20, density_end=10), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "density_end")
    call net%set_topology(acdc(0.1, 10, phase=0), stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "phase")
    method = rigl()
    call method%set("until_share", 0.75)
    call net%set_topology(method, stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "training_length")
    call method%set("training_length", 1000)
    call net%set_topology(method, stat=stat, errmsg=errmsg)
    call check_ok(stat, errmsg, "a share of the training")
    call train(net, 3)
  end subroutine

  subroutine epochs
    !! A clock of epochs, by train and by hand.
    type(network) :: net
    type(topology) :: method
    real(real32) :: x(inputs, samples)
    integer :: stat
    character(400) :: errmsg
    call points(x)
    method = rigl(every=2)
    call method%set("clock", "epochs")
    call plant(net, method)
    call net%train(x, x(1:4, :), batch_size=5, epochs=4)
    call check(nint(net%layer_option(2, "topology_updates")) == 2, "updates by epochs")
    call train(net, 1)
    call net%end_epoch()
    call net%end_epoch()
    call check(nint(net%layer_option(2, "topology_updates")) == 3, "and by hand")
    call net%destroy()
    call net%end_epoch(stat=stat, errmsg=errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_handle, "end_epoch")
  end subroutine

end program presets
