! Every procedure of the module in every rounding mode, with traps on all exceptions, with flags down and with flags up:
! nothing is raised, nothing that was raised is lost, and the results are the same bits.

!> The host: its floating-point environment, the results that it keeps, and its functions, which are without arithmetic, as its
!> exceptions would be the test's own.
module environment_host
  use, intrinsic :: iso_c_binding, only: c_associated, c_double, c_f_pointer, c_float, c_int, c_int64_t, c_ptr
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use espalier, only: espalier_layer_view
  use testing, only: check
  implicit none
  public

  integer(c_int) :: expected
    !! The flags that are up.
  integer :: count
  integer(int64) :: now(20000)
    !! The bits of the results, so many as `count` says.
  character(32) :: setting

  interface keep_values
    procedure keep_f32, keep_f64
  end interface

  interface
    subroutine host_round(mode) bind(c)
      import :: c_int
      integer(c_int), value :: mode
    end subroutine
    subroutine host_set_flags(raised) bind(c)
      import :: c_int
      integer(c_int), value :: raised
    end subroutine
    integer(c_int) function host_flags() bind(c)
      import :: c_int
    end function
    subroutine host_trap(on) bind(c)
      import :: c_int
      integer(c_int), value :: on
    end subroutine
  end interface

contains

  integer(c_int) function by_weight_f32(user, view, scores) bind(c)
    !! A score.
    type(c_ptr), value :: user
    type(espalier_layer_view), intent(in) :: view
    real(c_float), intent(inout) :: scores(*)
    real(c_float), pointer :: w(:)
    if (c_associated(user)) scores(1) = 0
    call c_f_pointer(view%weights, w, [view%connections])
    scores(:view%connections) = w
    by_weight_f32 = 0
  end function

  integer(c_int) function as_they_are_f32(user, view, scores) bind(c)
    !! The gradients as scores to grow by.
    type(c_ptr), value :: user
    type(espalier_layer_view), intent(in) :: view
    real(c_float), intent(inout) :: scores(*)
    as_they_are_f32 = 0
    if (c_associated(user)) scores(1:view%inputs) = 0
  end function

  integer(c_int) function alone_f32(user, layer, values, count) bind(c)
    !! The sum over the ranks, of which there is one.
    type(c_ptr), value :: user
    integer(c_int64_t), value :: layer, count
    real(c_float), intent(inout) :: values(count)
    alone_f32 = 0
    if (layer < 1 .or. c_associated(user)) values(1:count) = 0
  end function

  integer(c_int) function by_weight_f64(user, view, scores) bind(c)
    !! A score.
    type(c_ptr), value :: user
    type(espalier_layer_view), intent(in) :: view
    real(c_double), intent(inout) :: scores(*)
    real(c_double), pointer :: w(:)
    if (c_associated(user)) scores(1) = 0
    call c_f_pointer(view%weights, w, [view%connections])
    scores(:view%connections) = w
    by_weight_f64 = 0
  end function

  integer(c_int) function as_they_are_f64(user, view, scores) bind(c)
    !! The gradients as scores to grow by.
    type(c_ptr), value :: user
    type(espalier_layer_view), intent(in) :: view
    real(c_double), intent(inout) :: scores(*)
    as_they_are_f64 = 0
    if (c_associated(user)) scores(1:view%inputs) = 0
  end function

  integer(c_int) function alone_f64(user, layer, values, count) bind(c)
    !! The sum over the ranks, of which there is one.
    type(c_ptr), value :: user
    integer(c_int64_t), value :: layer, count
    real(c_double), intent(inout) :: values(count)
    alone_f64 = 0
    if (layer < 1 .or. c_associated(user)) values(1:count) = 0
  end function

  subroutine after(what)
    !! No flag has changed.
    character(*), intent(in) :: what
    if (host_flags() == expected) return
    call host_trap(0)
    call host_round(0)
    call check(.false., what // " changes flags: " // setting)
  end subroutine

  subroutine keep(value)
    real(real64), intent(in) :: value
    count = count + 1
    now(count) = transfer(value, now(1))
  end subroutine

  subroutine keep_f32(values)
    real(real32), intent(in) :: values(:)
    now(count + 1:count + size(values)) = transfer(values, [0_int32])
    count = count + size(values)
  end subroutine

  subroutine keep_f64(values)
    real(real64), intent(in) :: values(:)
    now(count + 1:count + size(values)) = transfer(values, [0_int64])
    count = count + size(values)
  end subroutine

  subroutine told(epoch, loss, validation_loss, validation_accuracy, stop)
    integer, intent(in) :: epoch
    real(real64), intent(in) :: loss, validation_loss, validation_accuracy
    logical, intent(inout) :: stop
    call after("train, in its callback")
    call keep(validation_loss)
    if (epoch < 2) call keep(loss)
    call keep(validation_accuracy)
    stop = .false.
  end subroutine

end module environment_host

program environment
  use, intrinsic :: iso_c_binding, only: c_int
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use environment_host
  use espalier
  use testing, only: check, done, points
  implicit none

  integer, parameter :: inputs = 6, outputs = 3, samples = 8
  character(*), parameter :: modes(0:3) = [character(8) :: "nearest", "up", "down", "zero"]
  real(real32) :: x4(inputs, samples), signalling, subnormal
  real(real64) :: x8(inputs, samples)
  integer(int32) :: labels(samples)
  integer(c_int) :: mode, raised, trap
  integer :: i, unit
  integer(int64) :: first(size(now))
  character(300) :: errmsg

  call points(x4)
  call points(x8)
  labels = [(mod(i, outputs), i=1, samples)]
  signalling = transfer(int(z'7F800001', int32), signalling)
  subnormal = transfer(1_int32, subnormal)
  open (newunit=unit, status="scratch", action="readwrite")

  first = 0
  do mode = 0, 3
    do raised = 0, 1
      do trap = 0, 1 - raised
        setting = trim(modes(mode)) // merge(", raised", "        ", raised == 1) // merge(", traps", "       ", trap == 1)
        now = 0
        count = 0
        call host_round(mode)
        call host_set_flags(raised)
        expected = host_flags()
        call host_trap(trap)
        call descriptions
        call alone
        call session_f32
        call session_f64
        call host_trap(0)
        call host_round(0)
        call host_set_flags(0)
        if (all(first == 0)) first = now
        call check(count > 500 .and. all(now == first), "the same results: " // setting)
      end do
    end do
  end do
  call done("environment")

contains

  subroutine set_reduction(net)
    type(network), intent(in) :: net
    if (nint(net%option("precision")) == 32) then
      call net%set_reduction_f32(alone_f32)
    else
      call net%set_reduction_f64(alone_f64)
    end if
  end subroutine

  subroutine descriptions
    !! Functions whose results are plain values, with numbers of every kind.
    type(optimizer) :: opt
    type(topology) :: method
    type(pruning) :: criterion
    type(layer) :: one
    character(:), allocatable :: version
    one = input(3)
    one = linear(4, density=0.3, activation="leaky_relu", negative_slope=1e-38)
    one = dropout(0.1)
    call after("layers")
    opt = sgd(learning_rate=0.1, momentum=0.9, weight_decay=tiny(1.0), schedule="cosine", period=10, minimum_rate=1e-30)
    opt = rmsprop(learning_rate=0.1, alpha=0.99, epsilon=1e-30, centered=.true.)
    opt = adagrad(learning_rate=0.1, lr_decay=0.3, initial_accumulator=0.7, epsilon=subnormal)
    opt = adam(learning_rate=huge(1.0), epsilon=tiny(1.0))
    opt = adamw(learning_rate=signalling, beta1=0.3, warmup=huge(1_int64), warmup_start=0.1_real64)
    call after("optimizers")
    method = set(every=3, drop_fraction=0.3, published=.true.)
    method = rigl(every=3, drop_fraction=0.1, until=10, decay="linear", minimum_drop_fraction=1e-40)
    method = snfs(gradient_decay=0.9, room=1.3)
    method = itop(drop_fraction=0.3)
    method = granet(0.1, 18, drop_fraction=0.3)
    method = mest(gradient_weight=0.3)
    method = top_kast(forward_share=0.3, exploration_decay=1e-39)
    method = gradual(0.1, density_end=18, density_power=3)
    method = acdc(0.1, 18, phase=3)
    method = deepr(noise=1e-40, shrink=1e-30)
    method = dsr(threshold=1e-3, tolerance=0.1, room=1.5)
    method = sampled(candidates=2)
    method = srigl(ablation=0.3)
    method = str(threshold_start=-5.3, threshold_decay=0.01, threshold_rate=0.3)
    method = static()
    method = topology_method("rigl", every=3, drop_fraction=0.3)
    call method%set("density_begin", huge(1_int64))
    call method%set("drop_fraction", signalling)
    call after("topologies")
    criterion = prune_random(density=0.3)
    criterion = prune_magnitude(density=0.3)
    criterion = snip(density=0.3, temperature=1e-38)
    criterion = grasp(density=0.3, temperature=200)
    criterion = synflow(density=0.3, rounds=3)
    criterion = fisher(density=0.3)
    criterion = obs(density=0.3, damping=0.01)
    criterion = sparse_gpt(density=0.3, damping=0.01)
    call after("prunings")
    allocate (version, source=library_version())
    call after("library_version")
  end subroutine

  subroutine alone
    !! An optimizer on arrays of the caller's.
    type(optimizer) :: opt, copy
    real(real32) :: weights(4, 3)
    real(real64) :: weights8(12)
    real(real32) :: cube(2, 1, 1, 1, 1, 1, 1)
    integer :: stat
    cube(:, 1, 1, 1, 1, 1, 1) = x4(:2, 1)
    opt = adam(learning_rate=0.1, epsilon=tiny(1.0))
    call opt%set_option("beta1", 0.3)
    weights = x4(:4, :3)
    call opt%minimize(weights, x4(:4, 4:6))
    call opt%minimize(weights, x4(:4, 4:6))
    call opt%reset()
    call opt%minimize(weights(1, 1), x4(1, 1))
    call opt%reset()
    call opt%minimize(cube, cube)
    call after("minimize")
    call keep_values(cube(:, 1, 1, 1, 1, 1, 1))
    call keep_values(weights(:, 1))
    call keep(opt%option("beta1"))
    call keep(opt%option("rate"))
    copy = opt
    call opt%minimize(weights, x4(:3, 4:6), stat, errmsg)
    call opt%set_option("beta1", 1e-39)
    call opt%set_option("beta1", 1.7, stat, errmsg)
    call opt%set_option("learning_rate", signalling, stat, errmsg)
    call opt%set_option("learning_rate", 2_int64**62 + 12345, stat, errmsg)
    call keep(opt%option("learning_rate"))
    call opt%reset()
    weights8 = [x8(:, 1), x8(:, 2)]
    call copy%minimize(weights8, weights8)
    call keep_values(weights8)
    call opt%destroy()
    call after("optimizer")
  end subroutine

  subroutine session_f32
    integer, parameter :: bits = real32
    real(bits) :: x(inputs, samples), t(outputs, samples), y(outputs, samples), dx(inputs, samples)
    real(bits), target, save :: bound_w(200), bound_dw(200)
    real(bits), pointer, contiguous :: w(:), dw(:), b(:), db(:)
    real(bits), allocatable :: values(:)
    type(network) :: net, other, another
    type(topology) :: method
    integer(int32), allocatable :: rows(:), columns(:)
    integer(int32), target :: units(3), ends(3)
    integer(int64), allocatable :: row_start(:)
    integer(int64), target :: starts(3)
    real(bits), target :: given(3)
    real(real64) :: loss
    integer :: stat
    x = x4
    t = x4(:outputs, :)
    method = rigl(every=3, drop_fraction=0.3)
    call method%set_drop_f32(by_weight_f32)
    call method%set_grow_f32(as_they_are_f32)
    call method%set("grow", "callback")
    call method%set("drop", "callback")
    include "environment_session.inc"
  end subroutine

  subroutine session_f64
    integer, parameter :: bits = real64
    real(bits) :: x(inputs, samples), t(outputs, samples), y(outputs, samples), dx(inputs, samples)
    real(bits), target, save :: bound_w(200), bound_dw(200)
    real(bits), pointer, contiguous :: w(:), dw(:), b(:), db(:)
    real(bits), allocatable :: values(:)
    type(network) :: net, other, another
    type(topology) :: method
    integer(int32), allocatable :: rows(:), columns(:)
    integer(int32), target :: units(3), ends(3)
    integer(int64), allocatable :: row_start(:)
    integer(int64), target :: starts(3)
    real(bits), target :: given(3)
    real(real64) :: loss
    integer :: stat
    x = x8
    t = x8(:outputs, :)
    method = rigl(every=3, drop_fraction=0.3)
    call method%set_drop_f64(by_weight_f64)
    call method%set_grow_f64(as_they_are_f64)
    call method%set("grow", "callback")
    call method%set("drop", "callback")
    include "environment_session.inc"
  end subroutine

end program environment
